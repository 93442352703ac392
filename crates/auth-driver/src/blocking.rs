//! The loops for a blocking HTTP client. The caller's thread sends and waits.

use std::time::{Duration, Instant};

use auth_proto::{Body, Failure, Scope};
use http::{Request, Response};

use crate::{
    driver::{Driver, Grant, Mode, Step, Wanted},
    error::Error,
};

/// An HTTP client that sends login requests. See the [rules](crate#rules-of-a-driver).
pub trait Transport {
    /// Sends the request and reads the whole response. `None` if `left`, the caller's time, ended
    /// first: that is no failure of the service.
    fn send(
        &self,
        request: Request<Body>,
        left: Duration,
    ) -> Option<Result<Response<Body>, Failure>>;

    /// The monotonic clock that measures a caller's time.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A token within this time.
///
/// # Errors
///
/// The reason why there is no token, or [`Error::Deadline`].
pub fn grant<T: Transport>(
    driver: &Driver,
    transport: &T,
    wanted: Wanted<'_>,
    patience: Duration,
    mode: Mode,
) -> Result<Grant, Error> {
    let started = transport.now();
    let mut left = patience;
    loop {
        match driver.next(wanted, left, mode) {
            Step::Done(result) => return result,
            Step::Send(guard, request) => match transport.send(request, left) {
                Some(outcome) => driver.complete(guard, outcome),
                // One caller's deadline is no failure for the others: the guard hands the request
                // on.
                None => drop(guard),
            },
            Step::Wait(epoch, longest) => driver.wait(epoch, longest),
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Keeps this scope's token valid until the session is closed.
pub fn refresh_loop<T: Transport>(driver: &Driver, transport: &T, scope: &Scope) {
    let wanted = Wanted { scope, service: None };
    loop {
        let epoch = driver.epoch();
        // Callers get the error from their own calls, and the listener from the event.
        let _ = grant(driver, transport, wanted, Duration::MAX, Mode::Background);
        let Some(pause) = driver.refresh_pause(scope) else { return };
        driver.wait(epoch, pause);
    }
}
