use std::sync::{Arc, Mutex, MutexGuard};

use memchr::memmem::Finder;

use crate::lock::lock;

/// What a [`Server`](crate::Server) has seen since it started, or since its traffic was reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Connections taken.
    pub connections: u64,
    /// Requests that arrived whole, but for those whose client hung up before they were read.
    pub requests: u64,
    /// The logins among them: each `POST` to a system's token path.
    pub logins: u64,
    /// Logins that have arrived whole, and whose answer is not yet written out. One whose client
    /// hangs up is no longer among them.
    pub logins_in_air: u64,
    /// The most logins that were in the air at any one moment.
    pub most_logins_in_air: u64,
    /// Answers with 401 to requests that are not for an identity service.
    pub unauthorized: u64,
    /// How often a watched text arrived, times its length: in the bytes as they came in on any
    /// connection, heads and bodies alike.
    pub canary_bytes: u64,
}

/// The traffic of one server, counted by all its connections.
#[derive(Default)]
pub(crate) struct Counters {
    traffic: Mutex<Traffic>,
    canaries: Mutex<Vec<Finder<'static>>>,
}

impl Counters {
    pub(crate) fn traffic(&self) -> Traffic {
        *self.lock()
    }

    pub(crate) fn reset(&self) {
        let mut traffic = self.lock();
        let logins_in_air = traffic.logins_in_air;
        *traffic =
            Traffic { logins_in_air, most_logins_in_air: logins_in_air, ..Traffic::default() };
    }

    /// An empty text would be everywhere, and is not watched for.
    pub(crate) fn watch(&self, canary: &[u8]) {
        if !canary.is_empty() {
            lock(&self.canaries).push(Finder::new(canary).into_owned());
        }
    }

    pub(crate) fn connected(&self) {
        self.lock().connections += 1;
    }

    /// A request arrived: its number.
    pub(crate) fn arrived(&self) -> u64 {
        let mut traffic = self.lock();
        traffic.requests += 1;
        traffic.requests - 1
    }

    /// A login arrived, and is in the air until the value is dropped.
    pub(crate) fn login(self: &Arc<Self>) -> LoginInAir {
        let mut traffic = self.lock();
        traffic.logins += 1;
        traffic.logins_in_air += 1;
        traffic.most_logins_in_air = traffic.most_logins_in_air.max(traffic.logins_in_air);
        LoginInAir(Arc::clone(self))
    }

    pub(crate) fn unauthorized(&self) {
        self.lock().unauthorized += 1;
    }

    /// Counts the canaries in what came in on a connection. `tail` is the end of what came before,
    /// where a canary may have begun.
    pub(crate) fn received(&self, tail: &mut Vec<u8>, bytes: &[u8]) {
        let canaries = lock(&self.canaries);
        let Some(longest) = canaries.iter().map(|canary| canary.needle().len()).max() else {
            return;
        };
        let before = tail.len();
        tail.extend_from_slice(bytes);
        let heard: usize = canaries
            .iter()
            .map(|canary| {
                let length = canary.needle().len();
                // Whatever is found from here on ends in the new bytes.
                let start = (before + 1).saturating_sub(length);
                occurrences(canary, &tail[start..]) * length
            })
            .sum();
        tail.drain(..(tail.len() + 1).saturating_sub(longest));
        if heard > 0 {
            self.lock().canary_bytes += heard as u64;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }
}

/// A login whose answer is not yet written out.
pub(crate) struct LoginInAir(Arc<Counters>);

impl Drop for LoginInAir {
    fn drop(&mut self) {
        self.0.lock().logins_in_air -= 1;
    }
}

/// The overlapping ones too, so that it does not matter how the bytes were cut.
fn occurrences(canary: &Finder<'_>, mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(at) = canary.find(bytes) {
        count += 1;
        bytes = &bytes[at + 1..];
    }
    count
}
