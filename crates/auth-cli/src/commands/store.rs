use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::{
    cloud::{Clouds, Inventory, Item},
    output::{Failure, Format, OUTPUT, print},
};

#[derive(Args, Debug)]
pub(crate) struct StoreArgs {
    /// How to print the entries
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

/// An entry without its secret. Null is unknown: the entry does not open.
#[derive(Serialize)]
struct EntryJson<'a> {
    id: &'a str,
    kind: &'static str,
    cloud: Option<&'a str>,
    identity_service: Option<&'a str>,
    user: Option<&'a str>,
    scope: Option<&'a str>,
    remaining_s: Option<u64>,
    generation: Option<u64>,
    age_s: u64,
    size: u64,
}

impl StoreArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        clouds.expect_store()?;
        let inventory = Inventory::read(clouds)?;
        if inventory.has_redis() {
            print::warning(
                &"a Redis store has no list of its entries: these are the ones in files only",
            );
        }
        let entries: Vec<_> =
            inventory.items.iter().map(|item| EntryJson::new(&inventory, item)).collect();
        match self.format {
            Format::Json => print::json(&entries)?,
            Format::Table => print::table(&HEADER, entries.iter().map(EntryJson::cells))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

const HEADER: [&str; 8] =
    ["cloud", "user", "scope", "kind", "remaining", "age", "bytes", "generation"];

impl<'a> EntryJson<'a> {
    fn new(inventory: &'a Inventory, item: &'a Item) -> Self {
        let entry = &item.entry;
        let label = entry.label();
        Self {
            id: entry.id(),
            kind: match label {
                Some(_) if entry.is_pause() => "pause",
                Some(_) => "token",
                None => "unreadable",
            },
            cloud: label.and_then(|label| inventory.name(label)),
            identity_service: label.map(|label| label.identity_service()),
            user: label.map(|label| label.user()),
            scope: label.map(|label| label.scope()),
            remaining_s: entry.rest().map(|rest| rest.as_secs()),
            generation: entry.generation(),
            age_s: entry.age().as_secs(),
            size: entry.size(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let url = text(self.identity_service);
        vec![
            self.cloud.map_or_else(|| url.clone(), |name| format!("{name} ({url})")),
            text(self.user),
            text(self.scope),
            self.kind.to_owned(),
            self.remaining_s.map(shown).unwrap_or_default(),
            shown(self.age_s),
            self.size.to_string(),
            self.generation.map(|number| number.to_string()).unwrap_or_default(),
        ]
    }
}

/// A time in hours, minutes and seconds.
fn shown(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
