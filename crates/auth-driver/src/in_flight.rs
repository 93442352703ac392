//! A request or a question that was handed out, until its result is handed in.

use std::fmt;

use auth_proto::{Body, Error, Failure, PendingRequest, Reply, Scope, Taken};
use http::Response;

use crate::driver::Driver;

/// A request or a question that was handed out, and the scope of its token.
pub(crate) struct Flight {
    pub(crate) pending: PendingRequest,
    pub(crate) scope: Scope,
}

/// The right to send one request or to ask one question, and the duty to hand its result in. Dropped without
/// [`complete`](Self::complete), for example in a panic, it tells the session that the request may
/// have been sent and that its result is unknown. Then the next caller takes over. The next call on
/// the driver reports the event, because a listener must not run in a panic.
#[must_use = "a dropped guard gives the login up"]
pub struct InFlightGuard<'a> {
    driver: &'a Driver,
    /// Taken when the request is completed.
    flight: Option<Box<Flight>>,
    /// Whether a caller has had the request in its hands.
    may_be_sent: bool,
}

impl<'a> InFlightGuard<'a> {
    /// A request that no caller has seen yet.
    pub(crate) fn unsent(driver: &'a Driver, flight: Box<Flight>) -> Self {
        Self { driver, flight: Some(flight), may_be_sent: false }
    }

    /// A request that is being sent.
    pub(crate) fn sent(driver: &'a Driver, flight: Box<Flight>) -> Self {
        Self { driver, flight: Some(flight), may_be_sent: true }
    }

    /// Called before a caller gets the request.
    pub(crate) fn hand_out(&mut self) {
        self.may_be_sent = true;
    }

    /// Hands in the result, and wakes all waiting callers. The caller's thread runs the listener.
    pub fn complete(mut self, outcome: Result<Response<Body>, Failure>) {
        let ((), events) = self.driver.with(|session| {
            // A panic of the clock leaves the request in the guard.
            let now = self.driver.now();
            let Some(flight) = self.flight.take() else { return };
            let pending = flight.pending;
            // Only a pending request of another session is an error.
            let _ = match outcome {
                Ok(response) => session.handle_response(pending, response, now),
                Err(failure) => session.handle_failure(pending, failure, now),
            };
        });
        events.report();
    }

    /// Hands in what came of a [`Step::Ask`](crate::Step::Ask): the reply, or the reason why there
    /// is none, which the session takes for a failed login. Without both, the question goes to the
    /// next caller that polls.
    ///
    /// # Errors
    ///
    /// As [`Session::handle_reply`](auth_proto::Session::handle_reply).
    pub fn answer(mut self, outcome: Result<Option<Reply>, Failure>) -> Result<(), Error> {
        let (result, events) = self.driver.with(|session| {
            let now = self.driver.now();
            let Some(flight) = self.flight.take() else { return Ok(()) };
            let pending = flight.pending;
            match outcome {
                Ok(Some(reply)) => session.handle_reply(pending, reply, now),
                // Dropped, it goes to the next caller.
                Ok(None) => Ok(()),
                Err(failure) => session.handle_failure(pending, failure, now),
            }
        });
        self.driver.wake();
        events.report();
        result
    }

    /// Hands in a store's answer to a [`Step::Take`](crate::Step::Take).
    pub fn taken(mut self, taken: Taken) {
        let ((), events) = self.driver.with(|session| {
            let now = self.driver.now();
            let Some(flight) = self.flight.take() else { return };
            // Only a pending request of another session is an error.
            let _ = session.handle_taken(flight.pending, taken, now);
        });
        events.report();
    }

    /// The driver that handed it out.
    pub(crate) fn driver(&self) -> &'a Driver {
        self.driver
    }

    /// The scope of its token.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.flight.as_ref().map(|flight| &flight.scope)
    }

    /// The request, which nothing guards from here on.
    pub(crate) fn into_flight(mut self) -> Option<Box<Flight>> {
        self.flight.take()
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            let pending = flight.pending;
            match self.may_be_sent {
                true => self.driver.abandon(pending),
                // The session sees the drop itself.
                false => {
                    drop(pending);
                    self.driver.wake();
                }
            }
        }
    }
}

impl fmt::Debug for InFlightGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightGuard").finish_non_exhaustive()
    }
}
