//! The identity service of a scenario, with its identity provider and a service behind it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Arrival, Emulator, Fault, RequestKind, Server, System, account};
use http::header::USER_AGENT;

use super::job::{Job, Login, Sharing};

/// The emulated Keystone on loopback, which notes who sends what. One thread serves all connections.
pub(crate) struct Service {
    pub(crate) server: Server,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

/// A request to the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) kind: RequestKind,
    /// The number of the process that sent it.
    pub(crate) process: Option<usize>,
}

const SYSTEM: System = System::Keystone;
/// Projects of the user of the identity provider.
pub(crate) const PROJECTS: usize = 50;

impl Service {
    pub(crate) fn start() -> io::Result<Self> {
        let mut emulator = Emulator::new();
        emulator.projects(PROJECTS);
        let service = Self { server: Server::start_with(emulator)?, arrived: Arc::default() };
        service.script(|_| None);
        Ok(service)
    }

    /// From now on, a function decides the fault of each response.
    pub(crate) fn script(
        &self,
        mut script: impl FnMut(&Arrival<'_>) -> Option<Fault> + Send + 'static,
    ) {
        let arrived = Arc::clone(&self.arrived);
        self.server.script(move |arrival| {
            let name = arrival.headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
            let process = name.and_then(|name| name.strip_prefix("fleet-")?.parse().ok());
            lock(&arrived).push(Arrived { at: Instant::now(), kind: arrival.kind, process });
            script(arrival)
        });
    }

    /// From now on, each login takes this long. Exchanges of a token are quick.
    pub(crate) fn slow_logins(&self, delay: Duration) {
        self.script(move |arrival| {
            let is_login = matches!(arrival.kind, RequestKind::Login(_));
            is_login.then(|| Fault::new().delay(delay))
        });
    }

    /// The logins by password so far.
    pub(crate) fn logins(&self) -> Vec<Arrived> {
        self.requests(|kind| matches!(kind, RequestKind::Login(_)))
    }

    /// The requests of some kinds so far.
    pub(crate) fn requests(&self, is_wanted: impl Fn(RequestKind) -> bool) -> Vec<Arrived> {
        lock(&self.arrived).iter().filter(|arrived| is_wanted(arrived.kind)).copied().collect()
    }

    /// Waits until there were this many logins. Returns the last of them.
    pub(crate) fn wait_for_login(&self, count: usize, patience: Duration) -> Option<Arrived> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(login) = self.logins().get(count - 1) {
                return Some(*login);
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }

    /// The URL of the stock Keystone.
    pub(crate) fn url(&self) -> String {
        self.server.url(SYSTEM)
    }

    /// Voids all tokens.
    pub(crate) fn revoke(&self) {
        self.server.emulator().revoke_all();
    }

    /// A process that logs in with the right password for one project.
    pub(crate) fn job(&self, sharing: Sharing, is_async: bool) -> Job {
        Job {
            process: 0,
            is_async,
            sharing,
            stops_at_put: false,
            url: self.url(),
            login: Login::Password(account::KEYSTONE_PASSWORD.to_owned()),
            scopes: vec![account::KEYSTONE_PROJECT_ID.to_owned()],
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
