//! Counters of the requests that a server receives.

use std::sync::{Arc, Mutex, MutexGuard};

use memchr::memmem::Finder;

use crate::{machine::resource::RequestKind, server::lock::lock};

/// The traffic of a [`Server`](crate::Server) since its start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Accepted connections.
    pub connections: u64,
    /// Complete requests, except those whose client disconnected before they were read.
    pub requests: u64,
    /// Login requests: each `POST` to a system's token path.
    pub logins: u64,
    /// The logins among them that exchange a token: see
    /// [`RequestKind::Exchange`](crate::RequestKind::Exchange).
    pub exchanges: u64,
    /// Logins by a token of the identity provider, at any system.
    pub federated_logins: u64,
    /// Requests to the identity provider's token endpoint.
    pub provider_logins: u64,
    /// Questions about a token: each `GET` or `HEAD` of a system's token path.
    pub questions: u64,
    /// Logins in flight: complete requests whose response is not yet written. A login ends when its
    /// client disconnects.
    pub logins_in_flight: u64,
    /// The maximum of `logins_in_flight`.
    pub most_logins_in_flight: u64,
    /// Responses with 401 from services other than identity.
    pub unauthorized: u64,
    /// The occurrences of watched texts in the received bytes, heads and bodies, times their
    /// length.
    pub canary_bytes: u64,
}

/// The counters of a server, shared by its connections.
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
        let logins_in_flight = traffic.logins_in_flight;
        *traffic = Traffic {
            logins_in_flight,
            most_logins_in_flight: logins_in_flight,
            ..Traffic::default()
        };
    }

    /// Watches a text. An empty text is ignored, because it occurs everywhere.
    pub(crate) fn watch(&self, canary: &[u8]) {
        if !canary.is_empty() {
            lock(&self.canaries).push(Finder::new(canary).into_owned());
        }
    }

    pub(crate) fn connected(&self) {
        self.lock().connections += 1;
    }

    /// Counts a request and returns its number. Logins are counted apart.
    pub(crate) fn arrived(&self, kind: RequestKind) -> u64 {
        let mut traffic = self.lock();
        match kind {
            RequestKind::Exchange(_) => traffic.exchanges += 1,
            RequestKind::FederatedLogin(_) => traffic.federated_logins += 1,
            RequestKind::ProviderLogin => traffic.provider_logins += 1,
            RequestKind::Question(_) => traffic.questions += 1,
            RequestKind::Login(_)
            | RequestKind::Identity
            | RequestKind::Provider
            | RequestKind::Service => {}
        }
        traffic.requests += 1;
        traffic.requests - 1
    }

    /// Counts a login, which is in flight until the value is dropped.
    pub(crate) fn login(self: &Arc<Self>) -> LoginInFlight {
        let mut traffic = self.lock();
        traffic.logins += 1;
        traffic.logins_in_flight += 1;
        traffic.most_logins_in_flight = traffic.most_logins_in_flight.max(traffic.logins_in_flight);
        LoginInFlight(Arc::clone(self))
    }

    pub(crate) fn unauthorized(&self) {
        self.lock().unauthorized += 1;
    }

    /// Counts the canaries in received bytes. `tail` is the end of the bytes before, where a canary
    /// may have begun.
    pub(crate) fn received(&self, tail: &mut Vec<u8>, bytes: &[u8]) {
        let canaries = lock(&self.canaries);
        let Some(longest) = canaries.iter().map(|canary| canary.needle().len()).max() else {
            return;
        };
        let before = tail.len();
        tail.extend_from_slice(bytes);
        let found: usize = canaries
            .iter()
            .map(|canary| {
                let length = canary.needle().len();
                // Occurrences from here on end in the new bytes.
                let start = (before + 1).saturating_sub(length);
                occurrences(canary, &tail[start..]) * length
            })
            .sum();
        tail.drain(..(tail.len() + 1).saturating_sub(longest));
        if found > 0 {
            self.lock().canary_bytes += found as u64;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }
}

/// A login whose response is not yet written.
pub(crate) struct LoginInFlight(Arc<Counters>);

impl Drop for LoginInFlight {
    fn drop(&mut self) {
        self.0.lock().logins_in_flight -= 1;
    }
}

/// Counts overlapping occurrences too, so that the result does not depend on how reads split the
/// bytes.
fn occurrences(canary: &Finder<'_>, mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(at) = canary.find(bytes) {
        count += 1;
        bytes = &bytes[at + 1..];
    }
    count
}
