//! The loop that turns an account into a token: it carries, waits and wakes, and decides nothing.

#[cfg(test)]
mod crew;
#[cfg(test)]
mod script;
#[cfg(test)]
mod stress;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use auth_proto::{Action, Body, Failure, PendingRequest, Scope, Session, Token};
use http::{Request, Response};
use time::UtcDateTime;
use tokio::{
    sync::{Notify, futures::Notified},
    time::{Instant, timeout},
};

use crate::{error::Error, events::Events};

/// What all clients of one account share.
pub(crate) struct Shared<C> {
    /// Never held across an await, or while anything is told.
    account: Mutex<Session>,
    clock: Box<Clock>,
    /// Told when the account is closed, for the one who carries a request.
    closed: Notify,
    pub(crate) http: C,
    /// Told whenever the account has changed, for those who wait.
    landed: Notify,
}

pub(crate) type Clock = dyn Fn() -> UtcDateTime + Send + Sync;

/// What carries a login's requests to the identity service.
pub(crate) trait Carry {
    /// The answer, or why there is none.
    fn carry(&self, request: Request<Body>) -> impl Future<Output = Answered> + Send;
}

pub(crate) type Answered = Result<Response<Body>, Failure>;

/// How to ask the account: [`Session::poll`], or [`Session::renew`].
pub(crate) type Ask = fn(&mut Session, &Scope, UtcDateTime) -> Action;

impl<C> Shared<C> {
    pub(crate) fn new(account: Session, clock: Box<Clock>, http: C) -> Self {
        let (closed, landed) = (Notify::new(), Notify::new());
        Self { account: Mutex::new(account), clock, closed, http, landed }
    }

    /// The account, even if somebody panicked while they held it: it has no state that is half
    /// written.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Read under the lock: two readings in the wrong order would look like a clock that jumps.
    pub(crate) fn now(&self) -> UtcDateTime {
        (self.clock)()
    }

    /// Changes the account and wakes whoever waits for that.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Session) -> R) -> R {
        let (result, events) = {
            let mut account = self.lock();
            (change(&mut account), Events::of(&mut account))
        };
        self.landed.notify_waiters();
        events.tell();
        result
    }

    /// Tells the account of an answer to a token of this scope. Whoever waits is woken if that cost
    /// it its token: not by each of a thousand who were refused the same one.
    pub(crate) fn judge<R>(&self, scope: &Scope, judge: impl FnOnce(&mut Session) -> R) -> R {
        let (result, is_dropped, events) = {
            let mut account = self.lock();
            let lives = |account: &mut Session| account.cached_token(scope, self.now()).is_some();
            let lived = lives(&mut account);
            let result = judge(&mut account);
            (result, lived && !lives(&mut account), Events::of(&mut account))
        };
        if is_dropped {
            self.landed.notify_waiters();
        }
        events.tell();
        result
    }

    /// Ends it. There is nothing to tell, and this is called where nothing may panic.
    pub(crate) fn close(&self) {
        self.lock().close();
        self.landed.notify_waiters();
        self.closed.notify_waiters();
    }

    /// For those who mean to wait: made before they look at the account, it misses no change, even
    /// if it is polled later.
    pub(crate) fn landed(&self) -> Notified<'_> {
        self.landed.notified()
    }
}

impl<C: Carry> Shared<C> {
    /// A token for this scope within this time.
    pub(crate) async fn token(
        &self,
        scope: &Scope,
        patience: Duration,
        ask: Ask,
    ) -> Result<Arc<Token>, Error> {
        let (started, mut left) = (Instant::now(), patience);
        loop {
            // Before the account is asked, so that nothing falls between that and the wait.
            let (landed, closed) = (self.landed(), self.closed.notified());
            match self.turn(scope, left, ask) {
                Turn::Done(result) => return result,
                Turn::Fly(landing, request) => {
                    // In a box, so that calls that send no login are not as large as one that does.
                    Box::pin(self.fly(landing, request, left, closed)).await;
                }
                Turn::Wait(pause) => {
                    // Woken or not, the account is asked again.
                    let _ = timeout(pause, landed).await;
                }
            }
            left = patience.saturating_sub(started.elapsed());
        }
    }

    /// What to do now.
    fn turn(&self, scope: &Scope, left: Duration, ask: Ask) -> Turn<'_, C> {
        let (action, now, events) = {
            let mut account = self.lock();
            let now = self.now();
            let action = match left.is_zero() {
                false => Ok(ask(&mut account, scope, now)),
                // A login that landed at the last moment is as good as one in time.
                true => account
                    .cached_token(scope, now)
                    .map(Action::Use)
                    .ok_or_else(|| Error::Deadline { last: account.last_error(scope) }),
            };
            (action, now, Events::of(&mut account))
        };
        let turn = match action {
            Err(error) => Turn::Done(Err(error)),
            Ok(Action::Fail(error)) => Turn::Done(Err(error.into())),
            Ok(Action::NeedFactor(challenge)) => Turn::Done(Err(Error::NeedFactor(challenge))),
            Ok(Action::Send(flight, request)) => {
                Turn::Fly(Landing { shared: self, flight: Some(flight) }, request)
            }
            Ok(Action::Use(token)) => Turn::Done(Ok(token)),
            Ok(Action::Wait(until)) => {
                Turn::Wait(left.min((until - now).try_into().unwrap_or(Duration::ZERO)))
            }
        };
        // Whoever listens may panic: a flight has its landing by now.
        events.tell();
        turn
    }

    /// Carries one request, with no lock held.
    async fn fly(
        &self,
        mut landing: Landing<'_, C>,
        request: Request<Body>,
        left: Duration,
        closed: Notified<'_>,
    ) {
        let carried = unless(closed, self.http.carry(request));
        let Ok(Some(answered)) = timeout(left, carried).await else {
            // Closed, or out of the caller's patience. One caller's hurry is no failure for the
            // others: the landing hands the flight back.
            return;
        };
        let events = {
            let mut account = self.lock();
            let now = self.now();
            let Some(flight) = landing.flight.take() else { return };
            match answered {
                Ok(response) => account.handle_response(flight, response, now),
                Err(failure) => account.handle_failure(flight, failure, now),
            }
            Events::of(&mut account)
        };
        // Whoever waits is woken first: listeners may be slow.
        drop(landing);
        events.tell();
    }
}

/// What a caller does next.
enum Turn<'a, C> {
    Done(Result<Arc<Token>, Error>),
    Fly(Landing<'a, C>, Request<Body>),
    Wait(Duration),
}

/// A flight that is handed back whatever happens to the one who carries it. What there is to tell of
/// that is told by whoever comes next: this may be dropped in a panic.
struct Landing<'a, C> {
    shared: &'a Shared<C>,
    /// Taken once it is handed back in the ordinary way.
    flight: Option<PendingRequest>,
}

impl<C> Drop for Landing<'_, C> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.shared.lock().handle_abandoned(flight);
        }
        self.shared.landed.notify_waiters();
    }
}

/// What `work` gives, or nothing once `stopped` is told.
async fn unless<T>(stopped: Notified<'_>, work: impl Future<Output = T>) -> Option<T> {
    let (mut stopped, mut work) = (pin!(stopped), pin!(work));
    poll_fn(|context| match stopped.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}
