//! The loops for an async HTTP client, on any runtime. They spawn no task, and every future may be
//! dropped at any point: a login that it was sending goes on with the next caller.

use std::{
    future::{Future, poll_fn, ready},
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, Instant},
};

use auth_proto::{Body, Failure, Question, Reply, Scope, Taken, Want};
use http::{Request, Response};

use crate::{
    call::Call,
    driver::{Driver, Grant, Mode, Step, Wanted},
    error::NoToken,
    in_flight::InFlightGuard,
    login::{Carried, Login, Outcome},
};

/// An async HTTP client that sends login requests, and the timer of its runtime. See the
/// [rules](crate#five-rules-of-a-driver).
pub trait Transport: Sync {
    /// Sends the request and reads the whole response. If the status and the headers arrive and the
    /// body does not, the failure has them: [`Failure::with_head`].
    ///
    /// The future belongs to no caller: the one that polls it may be dropped, and another goes on.
    /// It must not hold the [`Driver`], which would keep both in memory for ever.
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static;

    /// Answers a question of a login, such as for the secret in a file. `None`: it cannot be
    /// answered here, and the caller gets [`NoToken::Ask`]. A failure, of the kind
    /// [`FailureKind::Source`](auth_proto::FailureKind), counts as a failed login. As with
    /// [`send`](Self::send), the future belongs to no caller.
    fn ask(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<Option<Reply>, Failure>> + Send + 'static {
        let _ = question;
        ready(Ok(None))
    }

    /// Asks the store: [`AsyncStore::take`](auth_proto::AsyncStore::take). Without one, this is
    /// silent. Notes go to [`Driver::with_store`].
    fn take(&self, want: &Want) -> impl Future<Output = Taken> + Send {
        let _ = want;
        ready(Taken::Silent)
    }

    /// Waits. [`Duration::MAX`] must be accepted.
    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;

    /// The monotonic clock that measures a caller's time.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// The time that a store has for an answer.
const ANSWER: Duration = Duration::from_millis(250);

/// A token within this time.
///
/// # Errors
///
/// The reason why there is no token.
pub async fn grant<T: Transport>(
    driver: &Driver,
    transport: &T,
    wanted: Wanted<'_>,
    mode: Mode<'_>,
    patience: Duration,
) -> Result<Grant, NoToken> {
    let started = transport.now();
    let mut left = patience;
    let mut carried = None;
    loop {
        if left.is_zero() {
            // Parked before the last look at the session, which another caller may change by it.
            carried = None;
        }
        // Read before the session, so that a wait misses no change after this point.
        let epoch = driver.epoch();
        let longest = match driver.next(wanted, mode, left) {
            Step::Ask(guard, question) => {
                let reply = transport.ask(&question);
                let under_way = async { Outcome::Answered(reply.await, question) };
                carried = carry(driver, guard, under_way);
                driver.looks_after(left)
            }
            Step::Send(guard, request) => {
                let response = transport.send(request);
                carried = carry(driver, guard, async { Outcome::Sent(response.await) });
                driver.looks_after(left)
            }
            Step::Take(guard, want) => {
                // Another caller goes on with a login that is carried while this one asks.
                carried = None;
                let answer = first(transport.take(&want), transport.sleep(ANSWER)).await;
                guard.taken(match answer {
                    Either::Left(taken) => taken,
                    Either::Right(()) => Taken::Silent,
                });
                left = patience.saturating_sub(transport.now().saturating_duration_since(started));
                continue;
            }
            Step::Wait(_, longest) => {
                carried = carried.or_else(|| Carried::take_up(driver, |_| true));
                longest
            }
            Step::Done(Ok(_))
                if !left.is_zero() && keeps_carrying(driver, wanted, mode, &mut carried).await =>
            {
                driver.looks_after(left)
            }
            Step::Done(result) => return result,
        };
        let pause = first(driver.changed(epoch), transport.sleep(longest));
        match &mut carried {
            None => {
                pause.await;
            }
            Some(login) => {
                if let Either::Left((guard, outcome)) = first(login, pause).await {
                    carried = None;
                    let of = guard.scope().filter(|_| outcome.is_answer()).cloned();
                    if let Err(reason) = complete(guard, outcome)
                        // A question of another scope does not concern this caller.
                        && driver.scope_of(wanted).is_ok_and(|scope| of == Some(scope))
                    {
                        return driver.without_reply(wanted, mode, reason);
                    }
                }
            }
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Whether a caller that has a valid token goes on with a renewal: only the one that started it, and
/// the background task. Any other caller polls a parked renewal once, so that it gets on, and does
/// not wait for it.
async fn keeps_carrying<'a>(
    driver: &'a Driver,
    wanted: Wanted<'_>,
    mode: Mode<'_>,
    carried: &mut Option<Carried<'a>>,
) -> bool {
    if carried.is_none() && driver.parked.is_empty() {
        return false;
    }
    let Ok(scope) = driver.scope_of(wanted) else { return false };
    if let Some(carried) = carried {
        return carried.is_for(&scope);
    }
    let Some(mut login) = Carried::take_up(driver, |login| login.flight.scope == scope) else {
        return false;
    };
    if matches!(mode, Mode::Background) {
        *carried = Some(login);
        return true;
    }
    if let Poll::Ready((guard, outcome)) =
        poll_fn(|context| Poll::Ready(Pin::new(&mut login).poll(context))).await
    {
        // The caller has a token, and needs no answer.
        let _ = complete(guard, outcome);
    }
    false
}

/// The caller carries this. What it carried so far is another scope's, or obsolete: it is parked.
fn carry<'a>(
    driver: &'a Driver,
    guard: InFlightGuard<'a>,
    under_way: impl Future<Output = Outcome> + Send + 'static,
) -> Option<Carried<'a>> {
    let flight = guard.into_flight()?;
    Some(Carried::new(driver, Login { flight, under_way: Box::pin(under_way) }))
}

fn complete(guard: InFlightGuard<'_>, outcome: Outcome) -> Result<(), NoToken> {
    match outcome {
        Outcome::Answered(Ok(None), question) => {
            guard.answer(Ok(None))?;
            Err(NoToken::Ask(question))
        }
        Outcome::Answered(reply, _) => Ok(guard.answer(reply)?),
        Outcome::Sent(response) => {
            guard.complete(response);
            Ok(())
        }
    }
}

/// Gets a token for a call and adds it: see [`Call::authorize`].
///
/// # Errors
///
/// As [`grant`] and [`Call::authorize`].
pub async fn authorize<'c, T: Transport>(
    call: &'c mut Call<'_>,
    transport: &T,
    patience: Duration,
    mut spell: impl FnMut(&mut Request<()>),
) -> Result<&'c mut Request<()>, NoToken> {
    let started = transport.now();
    let mut left = patience;
    loop {
        let mode = Mode::Caller(call.destination());
        let grant = grant(call.driver(), transport, call.wanted(), mode, left).await?;
        if call.authorize(grant, &mut spell)? {
            call.driver().check_proxies(call.head().uri())?;
            return Ok(call.head());
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Keeps this scope's token valid until the session is closed. It may be dropped at any point.
pub async fn refresh_loop<T: Transport>(driver: &Driver, transport: &T, scope: &Scope) {
    let wanted = Wanted::new(scope);
    loop {
        let epoch = driver.epoch();
        // Callers get the error from their own calls, and the listener from the event.
        let _ = grant(driver, transport, wanted, Mode::Background, Duration::MAX).await;
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
