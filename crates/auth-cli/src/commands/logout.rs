//! Logging out: the tokens that the store has are revoked and forgotten. No login takes part in it.

use std::{collections::BTreeMap, process::ExitCode};

use auth_proto::{ApiVersion, Entry};
use clap::Args;

use crate::{
    cloud::{ChosenCloud, CloudArgs, Clouds, Inventory, Item},
    login::{StoredLogin, UserArgs, revoke},
    output::{Failure, print},
};

#[derive(Args, Debug)]
pub(crate) struct LogoutArgs {
    /// Log out everywhere: all users of all clouds that the store has entries of
    #[arg(long, conflicts_with_all = ["CloudArgs", "NameArgs", "UserArgs"])]
    all: bool,

    #[command(flatten)]
    cloud: CloudArgs,
    #[command(flatten)]
    user: UserArgs,
}

impl LogoutArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        clouds.expect_store()?;
        let mut tally = Tally::default();
        match self.all {
            true => end_all(&Inventory::read(clouds)?, &mut tally)?,
            false => self.end_own(clouds, &mut tally)?,
        }
        tally.report()
    }

    /// Ends what the chosen user has in the store of the chosen cloud.
    fn end_own(&self, clouds: &Clouds, tally: &mut Tally) -> Result<(), Failure> {
        let chosen = clouds.find(&self.cloud)?;
        let login = StoredLogin::new(&self.user, &chosen)?;
        if chosen.place.is_redis() {
            let store = chosen.place.open().map_err(unusable)?;
            let Some(store) = store else { return Ok(()) };
            for found in login.entries(&*store)? {
                tally.revoke(&found.entry, Ok(&chosen));
                found.remove(&*store);
            }
            return Ok(());
        }
        let inventory = Inventory::read(clouds)?;
        let is_own = |item: &&Item| item.entry.label().is_some_and(|label| login.is_of(label));
        inventory.items.iter().filter(is_own).try_for_each(|item| end(item, Ok(&chosen), tally))
    }
}

fn end_all(inventory: &Inventory, tally: &mut Tally) -> Result<(), Failure> {
    if inventory.has_redis() {
        return Err(Failure::usage(ALL_OF_REDIS));
    }
    for item in &inventory.items {
        match item.entry.label().map(|label| inventory.cloud(label)) {
            Some(Ok(cloud)) => end(item, Ok(&cloud), tally)?,
            Some(Err(why)) => end(item, Err(why), tally)?,
            None => {
                item.remove().map_err(unusable)?;
                tally.forgotten += 1;
            }
        }
    }
    Ok(())
}

/// Revokes the token of an entry at its cloud, and then forgets it in any case: a logout that is
/// stopped can be repeated.
fn end(
    item: &Item,
    cloud: Result<&ChosenCloud, Failure>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    if let Some(entry) = item.read().map_err(unusable)? {
        match item.entry.rest().is_some_and(|rest| rest.is_zero()) {
            true => tally.forgotten += 1,
            false => tally.revoke(&entry, cloud),
        }
    }
    item.remove().map_err(unusable)
}

fn unusable(why: auth_store::StoreError) -> Failure {
    Failure::failed(format!("the store: {why}"))
}

/// What became of the entries.
#[derive(Default)]
struct Tally {
    revoked: usize,
    /// Tokens that have ended, tokens of v2.0, pauses, and entries that do not open.
    forgotten: usize,
    /// For each identity service, the first reason, and the number of tokens that were not revoked.
    failed: BTreeMap<String, (Failure, usize)>,
}

impl Tally {
    /// Revokes the token of an entry. A service that does not answer is asked once.
    fn revoke(&mut self, entry: &Entry, cloud: Result<&ChosenCloud, Failure>) {
        let (Some(ApiVersion::V3), Some(token)) = (entry.api_version(), entry.expose_token())
        else {
            self.forgotten += 1;
            return;
        };
        let service = entry.label().identity_service();
        if let Some((why, count)) = self.failed.get_mut(service)
            && why.is_unavailable()
        {
            *count += 1;
            return;
        }
        match cloud.and_then(|cloud| revoke(cloud, &token)) {
            Ok(()) => self.revoked += 1,
            Err(why) => self.failed.entry(service.to_owned()).or_insert((why, 0)).1 += 1,
        }
    }

    fn report(mut self) -> Result<ExitCode, Failure> {
        let Self { revoked, forgotten, .. } = self;
        print::text(&format!("{} revoked, {forgotten} forgotten\n", tokens(revoked)))?;
        let last = self.failed.pop_last();
        let failure = |(why, count): (Failure, usize)| {
            why.with(&format!("not revoked, only forgotten here: {}", tokens(count)))
        };
        for (_, failed) in self.failed {
            failure(failed).report();
        }
        last.map_or(Ok(ExitCode::SUCCESS), |(_, failed)| Err(failure(failed)))
    }
}

fn tokens(count: usize) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

const ALL_OF_REDIS: &str = "--all: a configured cloud has a Redis store, which has no list of its \
                            entries; log out of each cloud with --cloud";
