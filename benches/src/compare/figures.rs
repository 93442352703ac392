//! The recorded figures, and the comparison with the current ones: costs must not grow by a little
//! in each change while all goals still hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    process::Command,
};

use serde::{Deserialize, Serialize};

use crate::{counts::Counts, row::CostRow};

/// The figures in `figures.json`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Figures {
    #[serde(flatten)]
    tools: Tools,
    allocations: BTreeMap<String, u64>,
    crates: BTreeMap<String, u64>,
    instructions: BTreeMap<String, u64>,
}

/// The tools that instruction counts depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tools {
    rustc: String,
    /// The compiler's host.
    host: String,
    /// The C library, which copies, compares and allocates memory.
    libc: String,
}

impl Figures {
    /// The current figures.
    pub(crate) fn of(counts: &Counts) -> Result<Self, String> {
        let blocks = counts.memory.iter().map(|(name, count)| (name, count.blocks as u64));
        let crates = LIBRARIES.map(|name| Ok((name.to_owned(), crates_of(name)?)));
        Ok(Self {
            tools: Tools::current()?,
            allocations: blocks.map(|(name, blocks)| ((*name).to_owned(), blocks)).collect(),
            crates: crates.into_iter().collect::<Result<_, String>>()?,
            instructions: counts.instructions.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
        })
    }

    /// The recorded figures.
    pub(crate) fn read() -> Result<Self, String> {
        let text = fs::read(PATH).map_err(|error| format!("{PATH}: {error}"))?;
        serde_json::from_slice(&text).map_err(|error| format!("{PATH}: {error}"))
    }

    /// Records these figures.
    pub(crate) fn write(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).expect("numbers by their names are JSON");
        fs::write(PATH, text + "\n").map_err(|error| format!("{PATH}: {error}"))
    }

    /// A row for each kind of figure, and one for each figure that changed.
    ///
    /// A lower figure has to be recorded too, or else it could grow again unseen.
    pub(crate) fn against(&self, committed: &Self) -> Vec<CostRow> {
        let mut rows = Vec::new();
        for (what, now, then) in [
            ("allocations", &self.allocations, &committed.allocations),
            ("crates", &self.crates, &committed.crates),
        ] {
            let off: Vec<_> = pairs(now, then).filter(|(_, now, then)| now != then).collect();
            rows.push(CostRow::at_most(
                0.0,
                format!("figures, {what} that differ"),
                off.len() as f64,
            ));
            rows.extend(off.into_iter().map(|(name, now, then)| {
                let name = format!("figures, {what} of {name}, exactly");
                CostRow { ok: Some(false), ..CostRow::at_most(shown(then), name, shown(now)) }
            }));
        }
        let same_tools = self.tools == committed.tools;
        if !same_tools {
            eprintln!(
                "INSTRUCTIONS ARE NOT COMPARED: the figures were recorded with {}, these are from {}",
                committed.tools, self.tools,
            );
        }
        let changes = pairs(&self.instructions, &committed.instructions)
            .map(|(name, now, then)| (name, change(shown(now), shown(then))));
        let (mut most, mut off) = (0.0, Vec::new());
        for (name, change) in changes {
            most = change.max(most);
            if change > TOLERANCE {
                let name = format!("figures, instructions of {name}, changed by");
                off.push(CostRow::at_most(TOLERANCE, name, change).unless(!same_tools));
            }
        }
        let name = "figures, instructions, the most that any changed by";
        rows.push(CostRow::at_most(TOLERANCE, name, most).unless(!same_tools));
        rows.extend(off);
        rows
    }
}

impl Tools {
    fn current() -> Result<Self, String> {
        let compiler = output_of("rustc", &["-vV"])?;
        let host = compiler.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(Self {
            rustc: compiler.lines().next().unwrap_or_default().to_owned(),
            host: host.ok_or("rustc does not name its host")?.to_owned(),
            libc: output_of("getconf", &["GNU_LIBC_VERSION"])?.trim().to_owned(),
        })
    }
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.rustc, self.host, self.libc)
    }
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/figures.json");

/// Differences between processors, and in the order of memory blocks.
const TOLERANCE: f64 = 0.02;

/// The libraries whose crates are counted, each with its default features.
const LIBRARIES: [&str; 3] = ["auth-proto", "auth-reqwest", "auth-ureq"];

/// All names of figures, each with its current and its recorded value.
fn pairs<'a>(
    now: &'a BTreeMap<String, u64>,
    then: &'a BTreeMap<String, u64>,
) -> impl Iterator<Item = (&'a str, Option<u64>, Option<u64>)> {
    let names: BTreeSet<_> = now.keys().chain(then.keys()).collect();
    let of = |figures: &BTreeMap<String, u64>, name| figures.get(name).copied();
    names.into_iter().map(move |name| (name.as_str(), of(now, name), of(then, name)))
}

/// A missing figure is shown as zero.
fn shown(figure: Option<u64>) -> f64 {
    figure.unwrap_or_default() as f64
}

/// The relative change; 1 if there was no value.
fn change(now: f64, then: f64) -> f64 {
    if then == 0.0 { 1.0 } else { (now / then - 1.0).abs() }
}

/// The number of crates of a library, with itself.
fn crates_of(library: &str) -> Result<u64, String> {
    let tree = ["tree", "--locked", "-p", library, "-e", "normal", "--prefix", "none"];
    let tree = output_of("cargo", &tree)?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(crates.len() as u64)
}

fn output_of(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let tools = Tools {
            rustc: "rustc 1.95.0".to_owned(),
            host: "x86_64-unknown-linux-gnu".to_owned(),
            libc: "glibc 2.36".to_owned(),
        };
        let of = |count: u64| BTreeMap::from([("read".to_owned(), count), ("none".to_owned(), 0)]);
        let instructions = BTreeMap::from([("read".to_owned(), 1_000)]);
        Figures { tools, allocations: of(12), crates: of(24), instructions }
    }

    /// The red rows if the current figures differ in this way.
    fn red(change: impl FnOnce(&mut Figures)) -> Vec<String> {
        let mut now = figures();
        change(&mut now);
        let rows = now.against(&figures());
        rows.into_iter().filter(|row| row.ok == Some(false)).map(|row| row.name).collect()
    }

    fn with(name: &str, count: u64) -> impl FnOnce(&mut BTreeMap<String, u64>) {
        move |figures| _ = figures.insert(name.to_owned(), count)
    }

    const ALLOCATIONS: [&str; 2] =
        ["figures, allocations that differ", "figures, allocations of read, exactly"];
    const INSTRUCTIONS: [&str; 2] = [
        "figures, instructions, the most that any changed by",
        "figures, instructions of read, changed by",
    ];

    #[test]
    fn recorded_figures_are_green() {
        let rows = figures().against(&figures());
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.ok == Some(true) && row.value == 0.0), "{rows:?}");
    }

    #[test]
    fn one_more_and_one_less_are_red() {
        assert_eq!(red(|now| with("read", 13)(&mut now.allocations)), ALLOCATIONS);
        assert_eq!(red(|now| with("read", 11)(&mut now.allocations)), ALLOCATIONS);
        let crates = ["figures, crates that differ", "figures, crates of read, exactly"];
        assert_eq!(red(|now| with("read", 25)(&mut now.crates)), crates);
        assert_eq!(red(|now| with("read", 23)(&mut now.crates)), crates);
    }

    #[test]
    fn a_name_that_is_only_on_one_side_is_red() {
        // Even if its count is zero.
        for name in ["read", "none"] {
            let missing = red(|now| _ = now.allocations.remove(name));
            assert_eq!(missing[1], format!("figures, allocations of {name}, exactly"));
        }
        let fresh = red(|now| with("fresh", 0)(&mut now.allocations));
        assert_eq!(fresh[1], "figures, allocations of fresh, exactly");
        assert_eq!(red(|now| _ = now.instructions.remove("read")), INSTRUCTIONS);
        let fresh = red(|now| with("fresh", 5)(&mut now.instructions));
        assert_eq!(fresh[1], "figures, instructions of fresh, changed by");
    }

    #[test]
    fn instructions_may_change_by_two_percent() {
        for count in [990, 1_010, 981, 1_019] {
            assert!(red(|now| with("read", count)(&mut now.instructions)).is_empty(), "{count}");
        }
        for count in [970, 1_030] {
            assert_eq!(red(|now| with("read", count)(&mut now.instructions)), INSTRUCTIONS);
        }
    }

    #[test]
    fn instructions_of_other_tools_turn_no_row_red() {
        for change in [
            |tools: &mut Tools| tools.rustc.push('1'),
            |tools: &mut Tools| tools.host.push('x'),
            |tools: &mut Tools| tools.libc.push('0'),
        ] {
            let mut now = figures();
            change(&mut now.tools);
            with("read", 2_000)(&mut now.instructions);
            with("read", 13)(&mut now.allocations);
            let rows = now.against(&figures());
            let reported = rows.iter().filter(|row| row.ok.is_none()).map(|row| &*row.name);
            assert_eq!(reported.collect::<Vec<_>>(), INSTRUCTIONS);
            let red = rows.iter().filter(|row| row.ok == Some(false)).map(|row| &*row.name);
            assert_eq!(red.collect::<Vec<_>>(), ALLOCATIONS);
        }
    }
}
