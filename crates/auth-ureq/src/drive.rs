//! The loop that turns an account into a token: it carries, waits and wakes, and decides nothing.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use auth_proto::{Account, Action, Body, Flight, Scope, Token};
use http::Request;
use time::UtcDateTime;

use crate::{
    error::{Error, failure, is_out_of_patience},
    send::Http,
};

/// What all clients of one account share.
pub(crate) struct Shared {
    pub(crate) account: Mutex<Account>,
    pub(crate) clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    pub(crate) http: Http,
    /// Told whenever the account has changed.
    pub(crate) landed: Condvar,
}

impl Shared {
    /// A token for this scope within this time.
    pub(crate) fn token(&self, scope: &Scope, patience: Duration) -> Result<Arc<Token>, Error> {
        let started = Instant::now();
        let mut account = self.lock();
        loop {
            // Read under the lock: two readings in the wrong order would look like a clock that
            // jumps.
            let now = (self.clock)();
            let left = patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                return account.live(scope, now).ok_or(Error::Deadline);
            }
            match account.poll(scope, now) {
                Action::Fail(error) => return Err(error.into()),
                Action::NeedFactor(challenge) => return Err(Error::NeedFactor(challenge)),
                Action::Send(flight, request) => {
                    drop(account);
                    self.fly(Landing { shared: self, flight: Some(flight) }, request, left);
                    account = self.lock();
                }
                Action::Use(token) => return Ok(token),
                Action::Wait(until) => {
                    let pause = left.min((until - now).try_into().unwrap_or(Duration::ZERO));
                    account = self
                        .landed
                        .wait_timeout(account, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
            }
        }
    }

    /// The account, even if somebody panicked while they held it: it has no state that is half
    /// written.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries one request, with no lock held.
    fn fly(&self, mut landing: Landing<'_>, request: Request<Body>, left: Duration) {
        let sent = self.http.ask(request, left);
        if let Err(error) = &sent
            && is_out_of_patience(error, left, self.http.identity_timeout)
        {
            // One caller's hurry is no failure for the others: the landing hands the flight back.
            return;
        }
        let mut account = self.lock();
        let now = (self.clock)();
        let Some(flight) = landing.flight.take() else { return };
        match sent {
            Ok(response) => account.handle_response(flight, response, now),
            Err(error) => account.handle_failure(flight, failure(error), now),
        }
    }
}

/// A flight that is handed back whatever happens to the one who carries it.
struct Landing<'a> {
    shared: &'a Shared,
    /// Taken once it is handed back in the ordinary way.
    flight: Option<Flight>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.shared.lock().handle_abandoned(flight);
        }
        self.shared.landed.notify_all();
    }
}
