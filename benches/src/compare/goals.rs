//! The goals: ratios and counts.

use crate::{
    counts::Counts,
    row::CostRow,
    work::{body, wrong_look_ups},
};

/// The rows of all counts, with their goals.
pub(crate) fn rows(counts: &Counts) -> Vec<CostRow> {
    let rows = [reads, memory, look_up, authorize, login, polls, imports];
    rows.into_iter().flat_map(|rows| rows(counts)).collect()
}

/// The bodies: name in a row, name in a workload, and the bound of a read beside its floor.
const BODIES: [(&str, &str, f64); 6] = [
    ("L", "l", 1.45),
    ("L pretty", "pretty", 1.35),
    ("M", "m", 1.45),
    ("L escaped", "escaped", 1.55),
    ("L v2.0", "v2", 1.55),
    ("S", "s", 1.9),
];

fn reads(counts: &Counts) -> Vec<CostRow> {
    let floors = BODIES.map(|(title, body, goal)| {
        let ratio = counts.of(&format!("read-{body}")) / counts.of(&format!("floor-{body}"));
        CostRow::at_most(goal, format!("read / floor, {title}"), ratio)
    });
    let naive = [("L", "l", 0.5), ("M", "m", 0.55)].map(|(title, body, goal)| {
        let ratio = counts.of(&format!("read-{body}")) / counts.of(&format!("naive-{body}"));
        CostRow::at_most(goal, format!("read and drop / naive, {title}"), ratio)
    });
    let alone = [("L", "l"), ("M", "m")].map(|(title, body)| {
        let naive = counts.of(&format!("naive read alone, {body}"));
        let ratio = counts.of(&format!("read alone, {body}")) / naive;
        CostRow::reported(format!("read, not dropped / naive, {title}"), ratio)
    });
    floors.into_iter().chain(naive).chain(alone).collect()
}

fn memory(counts: &Counts) -> Vec<CostRow> {
    let blocks = |body: &str| counts.blocks(&format!("read-{body}"));
    let mut rows: Vec<_> = BODIES
        .iter()
        .map(|(title, body, _)| {
            CostRow::at_most(16.0, format!("read, allocations, {title}"), blocks(body))
        })
        .collect();
    for (title, sizes) in [("plain", ["10", "250", "2500"]), ("escaped", ["10e", "250e", "2500e"])]
    {
        let [least, .., most] = sorted(sizes.map(blocks));
        let name = format!("read, allocations, most of 10, 250 and 2,500 services, {title}");
        rows.push(CostRow::at_most(16.0, name, most));
        let name = format!("read, allocations, 10, 250 and 2,500 services differ by, {title}");
        rows.push(CostRow::at_most(0.0, name, most - least));
    }
    let name = "read, allocations, escaped, with a URL of 1 KB";
    rows.push(CostRow::reported(name, blocks("longurl")));
    for (title, name, _) in BODIES {
        let (seen, body) = (counts.memory[&*format!("read-{name}")], body(name));
        let length = body.expect("it is listed").len() as f64;
        let (kept, peak) = (seen.kept as f64 / length, seen.peak as f64 / length);
        let goal = [("l", 0.65), ("pretty", 0.6), ("v2", 1.0)];
        let goal = goal.into_iter().find(|(at, _)| *at == name).map(|(_, goal)| goal);
        rows.push(CostRow::at_most(goal, format!("kept / body, {title}"), kept));
        let goal = (name == "l").then_some(0.8);
        rows.push(CostRow::at_most(goal, format!("peak / body, {title}"), peak));
    }
    rows
}

fn look_up(counts: &Counts) -> Vec<CostRow> {
    let (ours, naive, whole) =
        (counts.of("look-up"), counts.of("naive look-up"), counts.of("endpoint"));
    let (blocks, wrong) = (counts.blocks("endpoint"), wrong_look_ups(1_000) as f64);
    vec![
        CostRow::at_most(0.6, "look-up in the catalog alone / naive, L", ours / naive),
        CostRow::at_most(0.0, "look-up, allocations of 3,000 by Cloud::endpoint, L", blocks),
        CostRow::at_most(0.0, "look-up, wrong among 8 services in each of 1,000 regions", wrong),
        CostRow::at_most(0.01, "index / read, L", counts.of("index") / counts.of("read-l")),
        CostRow::reported("look-up in the catalog alone, instructions, L", ours),
        CostRow::reported("naive look-up, instructions, L", naive),
        CostRow::reported("Cloud::endpoint, which checks the URL too, instructions, L", whole),
        CostRow::reported("Cloud::endpoint, which checks the URL too / naive, L", whole / naive),
    ]
}

fn authorize(counts: &Counts) -> Vec<CostRow> {
    let cases = ["s32", "s3072", "l32", "l3072"];
    let [least, .., most] = sorted(cases.map(|of| counts.of(&format!("authorize-{of}"))));
    let [insert, _] = sorted(["insert-32", "insert-3072"].map(|name| counts.of(name)));
    let blocks = cases.map(|of| counts.blocks(&format!("authorize-{of}"))).iter().sum();
    let mut rows = vec![
        CostRow::at_most(
            1.25,
            "authorize / insert, the most of S and L, 32 B and 3 KB",
            most / insert,
        ),
        CostRow::at_most(
            0.0,
            "authorize, instructions, S and L, 32 B and 3 KB differ by",
            most - least,
        ),
        CostRow::at_most(0.0, "authorize, allocations, S and L, 32 B and 3 KB", blocks),
        CostRow::reported("authorize, instructions", most),
        CostRow::reported("insert, instructions", insert),
    ];
    for (of, title) in [
        ("port", "a host with a port"),
        ("upper", "a host in upper case"),
        ("loopback", "plain http on loopback, where the identity service is"),
    ] {
        let name = format!("authorize-{of}");
        let ratio = counts.of(&name) / insert;
        rows.push(CostRow::reported(format!("authorize / insert, {title}"), ratio));
        rows.push(CostRow::reported(
            format!("authorize, allocations, {title}"),
            counts.blocks(&name),
        ));
    }
    rows
}

fn login(counts: &Counts) -> Vec<CostRow> {
    let ratio = counts.of("login") / counts.of("naivelogin");
    vec![
        CostRow::at_most(0.3, "login request / naive", ratio),
        CostRow::at_most(4.0, "login request, allocations", counts.blocks("login")),
        CostRow::reported("naive login request, allocations", counts.blocks("naivelogin")),
    ]
}

fn polls(counts: &Counts) -> Vec<CostRow> {
    let ratio = counts.of("poll-10000") / counts.of("poll-1");
    vec![
        CostRow::at_most(2.0, "poll for a valid token, 10,000 scopes / one", ratio),
        CostRow::at_most(0.0, "poll, allocations, 10,000 scopes", counts.blocks("poll-10000")),
        CostRow::reported("poll, instructions, one scope", counts.of("poll-1")),
    ]
}

fn imports(counts: &Counts) -> Vec<CostRow> {
    let rows = [("M", "m"), ("L", "l")].map(|(title, body)| {
        let name = format!("import-{body}");
        let ratio = counts.of(&name) / counts.of(&format!("read-{body}"));
        [
            CostRow::at_most(
                100.0,
                format!("import from a file, allocations, {title}"),
                counts.blocks(&name),
            ),
            CostRow::reported(
                format!("import from a file, instructions, {title}"),
                counts.of(&name),
            ),
            CostRow::reported(format!("import from a file / read, {title}"), ratio),
        ]
    });
    rows.into_iter().flatten().collect()
}

fn sorted<const N: usize>(mut counts: [f64; N]) -> [f64; N] {
    counts.sort_by(f64::total_cmp);
    counts
}
