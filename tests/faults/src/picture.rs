//! The storm of F32 as a picture: good calls in each second.

use std::fmt::Write;

use rows::Row;

use crate::scenario::{Case, Subject};

/// An SVG with a panel for each adapter, beside the naive client over the same HTTP client.
pub(crate) fn draw(rows: &[Row<'_, Case>]) -> String {
    let storms: Vec<_> = rows.iter().filter(|row| !row.tally.series.is_empty()).collect();
    let panels: Vec<_> = storms.chunks(2).collect();
    let most = storms.iter().flat_map(|row| &row.tally.series).max().copied().unwrap_or(1).max(1);
    let height = TOP + panels.len() as u32 * PANEL;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">Good calls per second: 300 callers, 30 s of \
         faults, 15 s of calm</text>\n"
    );
    for (number, panel) in panels.iter().enumerate() {
        draw_panel(&mut svg, panel, TOP + number as u32 * PANEL, most);
    }
    svg += "</svg>\n";
    svg
}

const WIDTH: u32 = 720;
const LEFT: u32 = 56;
const TOP: u32 = 36;
const PANEL: u32 = 220;
const PLOT: u32 = 160;
const SECOND: u32 = 14;
/// The seconds of the storm.
const STORM: u32 = 30;

fn draw_panel(svg: &mut String, rows: &[&Row<'_, Case>], top: u32, most: u64) {
    let seconds = rows.first().map_or(0, |row| row.tally.series.len() as u32);
    let (right, bottom) = (LEFT + seconds * SECOND, top + PLOT);
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(svg, "{text}");
    };
    line(format_args!(
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{PLOT}\" fill=\"#f3f3f3\"/>",
        STORM * SECOND
    ));
    for (second, text) in [(STORM / 2, "both services fail"), ((STORM + seconds) / 2, "calm")] {
        let (x, y) = (LEFT + second * SECOND, top + 14);
        line(format_args!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#666666\">{text}</text>"
        ));
    }
    line(format_args!(
        "<path d=\"M{LEFT} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#444444\"/>"
    ));
    for (share, label) in [(0, 0), (1, most / 2), (2, most)] {
        let y = bottom - share * PLOT / 2;
        line(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6,
            y + 4
        ));
    }
    for second in (0..=seconds).step_by(5) {
        let (x, y) = (LEFT + second * SECOND, bottom + 16);
        line(format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{second} s</text>"));
    }
    for (number, row) in rows.iter().enumerate() {
        let colour = if row.case.subject == Subject::Naive { "#c2410c" } else { "#1d4ed8" };
        let points: Vec<_> = row
            .tally
            .series
            .iter()
            .zip(0_u32..)
            .map(|(good, second)| {
                let x = LEFT + second * SECOND + SECOND / 2;
                format!("{x},{}", f64::from(bottom) - *good as f64 / most as f64 * f64::from(PLOT))
            })
            .collect();
        let points = points.join(" ");
        line(format_args!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ));
        let name = match row.case.subject {
            Subject::Naive => "thirty lines without the library".to_owned(),
            subject => format!("auth-{}", subject.name()),
        };
        let good = row.tally.figures.first().map_or(0, |figure| figure.count);
        line(format_args!(
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}: {good} good calls</text>",
            LEFT + 8 + number as u32 * 300,
            bottom + 36
        ));
    }
}
