//! The committed figures: what was counted when somebody last looked. They are held against what is
//! counted now, so that nothing grows by a little each time while all goals hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use serde::{Deserialize, Serialize};

use crate::{counts::Counts, row::Row};

/// What is written down.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// The compiler: each writes instructions of its own.
    rustc: String,
    allocations: BTreeMap<String, u64>,
    crates: BTreeMap<String, u64>,
    instructions: BTreeMap<String, u64>,
}

impl Figures {
    /// What is counted now.
    pub(crate) fn of(counts: &Counts) -> Result<Self, String> {
        let blocks = counts.memory.iter().map(|(name, count)| (name, count.blocks as u64));
        let crates = LIBRARIES.map(|name| Ok((name.to_owned(), crates_of(name)?)));
        Ok(Self {
            rustc: said_by("rustc", &["--version"])?.trim().to_owned(),
            allocations: blocks.map(|(name, blocks)| ((*name).to_owned(), blocks)).collect(),
            crates: crates.into_iter().collect::<Result<_, String>>()?,
            instructions: counts.instructions.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
        })
    }

    /// What is committed.
    pub(crate) fn read() -> Result<Self, String> {
        let text = fs::read(PATH).map_err(|error| format!("{PATH}: {error}"))?;
        serde_json::from_slice(&text).map_err(|error| format!("{PATH}: {error}"))
    }

    /// To be committed.
    pub(crate) fn write(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).expect("numbers by their names are JSON");
        fs::write(PATH, text + "\n").map_err(|error| format!("{PATH}: {error}"))
    }

    /// A row for each kind of figure, and one for each figure that is not what it was.
    ///
    /// What became less is to be recorded as well: or else it could grow again unseen.
    pub(crate) fn against(&self, committed: &Self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (what, now, then) in [
            ("allocations", &self.allocations, &committed.allocations),
            ("crates", &self.crates, &committed.crates),
        ] {
            let off: Vec<_> = pairs(now, then).filter(|(_, now, then)| now != then).collect();
            rows.push(Row::at_most(0.0, format!("figures, {what} that differ"), off.len() as f64));
            rows.extend(off.into_iter().map(|(name, now, then)| {
                let name = format!("figures, {what} of {name}, exactly");
                Row { ok: Some(false), ..Row::at_most(then as f64, name, now as f64) }
            }));
        }
        let same_compiler = self.rustc == committed.rustc;
        let changes = pairs(&self.instructions, &committed.instructions)
            .map(|(name, now, then)| (name, (now as f64 / then as f64 - 1.0).abs()));
        let (mut most, mut off) = (0.0, Vec::new());
        for (name, change) in changes {
            most = change.max(most);
            if change > TOLERANCE {
                let name = format!("figures, instructions of {name}, changed by");
                off.push(Row::at_most(TOLERANCE, name, change).unless(!same_compiler));
            }
        }
        let by = if same_compiler { "" } else { " (recorded with another compiler)" };
        let name = format!("figures, instructions, the most that any changed by{by}");
        rows.push(Row::at_most(TOLERANCE, name, most).unless(!same_compiler));
        rows.extend(off);
        rows
    }
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/figures.json");

/// Other processors have other ways to copy and compare memory.
const TOLERANCE: f64 = 0.02;

/// What programs depend on, each with its own features and no others.
const LIBRARIES: [&str; 3] = ["auth-proto", "auth-reqwest", "auth-ureq"];

/// Every figure that is in one of them, with what it is in each: none is as good as 0.
fn pairs<'a>(
    now: &'a BTreeMap<String, u64>,
    then: &'a BTreeMap<String, u64>,
) -> impl Iterator<Item = (&'a str, u64, u64)> {
    let names: BTreeSet<_> = now.keys().chain(then.keys()).collect();
    let of = |figures: &BTreeMap<String, u64>, name| figures.get(name).copied().unwrap_or(0);
    names.into_iter().map(move |name| (name.as_str(), of(now, name), of(then, name)))
}

/// How many crates a library is made of, itself among them.
fn crates_of(library: &str) -> Result<u64, String> {
    let tree = ["tree", "--locked", "-p", library, "-e", "normal", "--prefix", "none"];
    let tree = said_by("cargo", &tree)?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(crates.len() as u64)
}

fn said_by(program: &str, arguments: &[&str]) -> Result<String, String> {
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
