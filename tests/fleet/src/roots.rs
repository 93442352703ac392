//! Many scopes of many processes, with one root token (S9).

use std::{error::Error, time::Duration};

use auth_emulator::{Fault, RequestKind, account::numbered_project_id};

use crate::{
    harness::{Command, Fleet, Login, Service, StoreKind, TestStore},
    scenario::{Case, Extent, Tally, count_fleet},
};

const PROCESSES: usize = 20;
const SCOPES: usize = 50;

pub(crate) fn cases(_extent: Extent) -> Vec<Case> {
    Case::each(
        "S9",
        format!("{PROCESSES} processes take tokens of {SCOPES} scopes each, with one root token"),
        "1 login at the provider, 1 at Keystone, 50 exchanges",
        &StoreKind::BLOCKING,
        scopes,
    )
}

fn scopes(kind: StoreKind, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.script(|arrival| match arrival.kind {
        RequestKind::Exchange(_) => Some(Fault::new().delay(Duration::from_millis(50))),
        RequestKind::FederatedLogin(_) => Some(Fault::new().delay(Duration::from_millis(500))),
        _ => None,
    });
    let mut job = service.job(store.sharing(), kind.is_async());
    job.login = Login::Provider(service.server.provider_url());
    job.scopes = (0..SCOPES).map(numbered_project_id).collect();
    fleet.start_all(PROCESSES, &job)?;
    // Each process begins at another scope.
    for process in 0..PROCESSES {
        let first = process * SCOPES / PROCESSES;
        (0..SCOPES).for_each(|n| fleet.send(process, Command::Token((first + n) % SCOPES)));
    }
    fleet.wait_for_tokens(PROCESSES * SCOPES, Duration::from_secs(120));
    let tokens = count_fleet(tally, &fleet, PROCESSES * SCOPES);
    tally.exactly("different tokens", tokens.len(), SCOPES);
    let count = |is_wanted: fn(RequestKind) -> bool| service.requests(is_wanted).len();
    let at_provider = count(|kind| kind == RequestKind::ProviderLogin);
    tally.logins = count(|kind| matches!(kind, RequestKind::FederatedLogin(_)));
    let exchanges = count(|kind| matches!(kind, RequestKind::Exchange(_)));
    tally.exactly("logins at the provider", at_provider, 1);
    tally.exactly("logins", tally.logins, 1);
    tally.exactly("exchanges", exchanges, SCOPES);
    tally.figure("exchanges", exchanges as u64);
    Ok(())
}
