//! The loop that turns an account into a token: it carries, waits and wakes, and decides nothing.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use auth_proto::{Account, Action, Body, Flight, Scope, Token};
use http::Request;
use time::UtcDateTime;
use tokio::{
    sync::{Notify, futures::Notified},
    time::timeout,
};

use crate::{
    error::{Error, failure},
    send::Http,
};

/// What all clients of one account share.
pub(crate) struct Shared {
    /// Never held across an await.
    pub(crate) account: Mutex<Account>,
    pub(crate) clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    /// Told when the account is closed, for the one who carries a request.
    pub(crate) closed: Notify,
    pub(crate) http: Http,
    /// Told whenever the account has changed, for those who wait.
    pub(crate) landed: Notify,
}

impl Shared {
    /// A token for this scope within this time.
    pub(crate) async fn token(
        &self,
        scope: &Scope,
        patience: Duration,
    ) -> Result<Arc<Token>, Error> {
        let started = Instant::now();
        loop {
            // Both listen from before the poll on, so that nothing falls between it and the wait.
            let mut landed = pin!(self.landed.notified());
            let mut closed = pin!(self.closed.notified());
            landed.as_mut().enable();
            closed.as_mut().enable();

            let left = patience.saturating_sub(started.elapsed());
            let (action, now) = {
                let mut account = self.lock();
                // Read under the lock: two readings in the wrong order would look like a clock that
                // jumps.
                let now = (self.clock)();
                if left.is_zero() {
                    return account.live(scope, now).ok_or(Error::Deadline);
                }
                (account.poll(scope, now), now)
            };
            match action {
                Action::Fail(error) => return Err(error.into()),
                Action::NeedFactor(challenge) => return Err(Error::NeedFactor(challenge)),
                Action::Send(flight, request) => {
                    // Made before there is a future that could be dropped unpolled.
                    let landing = Landing { shared: self, flight: Some(flight) };
                    self.fly(landing, request, left, closed).await;
                }
                Action::Use(token) => return Ok(token),
                Action::Wait(until) => {
                    let pause = left.min((until - now).try_into().unwrap_or(Duration::ZERO));
                    // Woken or not, the account is asked again.
                    let _ = timeout(pause, landed).await;
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
    async fn fly(
        &self,
        mut landing: Landing<'_>,
        request: Request<Body>,
        left: Duration,
        closed: Pin<&mut Notified<'_>>,
    ) {
        let sending = unless(closed, self.http.ask(request));
        let Ok(Some(sent)) = timeout(left, sending).await else {
            // Closed, or out of the caller's patience. One caller's hurry is no failure for the
            // others: the landing hands the flight back.
            return;
        };
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
        self.shared.landed.notify_waiters();
    }
}

/// What `work` gives, or nothing once `stopped` is told.
async fn unless<T>(
    mut stopped: Pin<&mut Notified<'_>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match stopped.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}
