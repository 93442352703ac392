//! The loops for an async HTTP client, on any runtime. They spawn no task, and every future may be
//! dropped at any point: the next caller takes over.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use auth_proto::{Body, Failure, Scope};
use http::{Request, Response};

use crate::{
    driver::{Driver, Grant, InFlightGuard, Mode, Step, Wanted},
    error::Error,
};

/// An async HTTP client that sends login requests, and the timer of its runtime. See the
/// [rules](crate#rules-of-a-driver).
pub trait Transport: Sync {
    /// Sends the request and reads the whole response.
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;

    /// Waits. [`Duration::MAX`] must be accepted.
    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;

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
pub async fn grant<T: Transport>(
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
            // Boxed, so that a call that sends no login has a small future.
            Step::Send(guard, request) => {
                Box::pin(send(driver, transport, guard, request, left)).await;
            }
            Step::Wait(epoch, longest) => {
                first(driver.changed(epoch), transport.sleep(longest)).await;
            }
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Sends a request until its response, the end of the caller's time, or the end of the session. In
/// the last two cases the guard hands the request on.
async fn send<T: Transport>(
    driver: &Driver,
    transport: &T,
    guard: InFlightGuard<'_>,
    request: Request<Body>,
    left: Duration,
) {
    let sent = first(transport.send(request), transport.sleep(left));
    if let Either::Right(Either::Left(outcome)) = first(driver.closed(), sent).await {
        driver.complete(guard, outcome);
    }
}

/// Keeps this scope's token valid until the session is closed. It may be dropped at any point.
pub async fn refresh_loop<T: Transport>(driver: &Driver, transport: &T, scope: &Scope) {
    let wanted = Wanted { scope, service: None };
    loop {
        let epoch = driver.epoch();
        // Callers get the error from their own calls, and the listener from the event.
        let _ = grant(driver, transport, wanted, Duration::MAX, Mode::Background).await;
        let Some(pause) = driver.refresh_pause(scope) else { return };
        first(driver.changed(epoch), transport.sleep(pause)).await;
    }
}

enum Either<L, R> {
    Left(L),
    Right(R),
}

/// The result of the future that ends first; the left one, if both do.
async fn first<L, R>(
    left: impl Future<Output = L>,
    right: impl Future<Output = R>,
) -> Either<L, R> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| match left.as_mut().poll(context) {
        Poll::Ready(left) => Poll::Ready(Either::Left(left)),
        Poll::Pending => right.as_mut().poll(context).map(Either::Right),
    })
    .await
}
