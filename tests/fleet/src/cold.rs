//! Processes that start without a token (S1).

use std::{error::Error, time::Duration};

use crate::{
    harness::{Command, Fleet, Service, StoreKind, TestStore},
    scenario::{Case, Extent, Tally, count_fleet},
};

const PROCESSES: usize = 200;

pub(crate) fn cases(_extent: Extent) -> Vec<Case> {
    Case::each(
        "S1",
        format!("{PROCESSES} processes take their first token at once; a login takes 1 s"),
        "1 login, 1 token for all, and none for a process that starts later",
        &StoreKind::ALL,
        cold,
    )
}

fn cold(kind: StoreKind, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.slow_logins(Duration::from_secs(1));
    let job = service.job(store.sharing(), kind.is_async());
    fleet.start_all(PROCESSES, &job)?;
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(PROCESSES, Duration::from_secs(60));
    let later = fleet.start(&[], &job)?;
    fleet.send(later, Command::Token(0));
    fleet.wait_for_tokens(PROCESSES + 1, Duration::from_secs(60));
    let tokens = count_fleet(tally, &fleet, PROCESSES + 1);
    tally.exactly("different tokens", tokens.len(), 1);
    tally.logins = service.logins().len();
    tally.exactly("logins", tally.logins, 1);
    Ok(())
}
