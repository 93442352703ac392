//! The loops for a blocking HTTP client. The caller's thread waits, and sends a login if it has the
//! time; a login that may take longer gets a thread of its own. With a store, one more thread keeps
//! the lease while a login is sent or a question is asked.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use auth_proto::{Body, Failure, Question, Reply, Scope, Taken, Want};
use http::{Request, Response};

use crate::{
    call::Call,
    driver::{Driver, Grant, Mode, Step, Wanted},
    error::NoToken,
    in_flight::InFlightGuard,
};

/// An HTTP client that sends login requests. See the [rules](crate#five-rules-of-a-driver).
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and reads the whole response. If the status and the headers arrive and the
    /// body does not, the failure has them: [`Failure::with_head`].
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure>;

    /// The longest time that [`send`](Self::send) takes.
    fn timeout(&self) -> Duration;

    /// Answers the questions of a login, such as for the secret in a file. Without it, callers get
    /// them as [`NoToken::Ask`].
    fn asked(&self) -> Option<&Asked> {
        None
    }

    /// Asks the store: [`Store::take`](auth_proto::Store::take). Without one, this is silent. Notes go
    /// to [`Driver::with_store`].
    fn take(&self, want: &Want) -> Taken {
        let _ = want;
        Taken::Silent
    }

    /// The monotonic clock that measures a caller's time.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Answers a question. `None`: this function cannot answer it, and the caller gets
/// [`NoToken::Ask`]. A failure, of the kind [`FailureKind::Source`](auth_proto::FailureKind), counts
/// as a failed login.
pub type Asked = dyn Fn(&Question) -> Result<Option<Reply>, Failure> + Send + Sync;

/// A token within this time.
///
/// # Errors
///
/// The reason why there is no token.
pub fn grant<T: Transport>(
    driver: &Arc<Driver>,
    transport: &Arc<T>,
    wanted: Wanted<'_>,
    mode: Mode<'_>,
    patience: Duration,
) -> Result<Grant, NoToken> {
    let started = transport.now();
    let mut left = patience;
    loop {
        match driver.next(wanted, mode, left) {
            Step::Ask(guard, question) => {
                let scope = wanted.scope;
                if let Err(reason) = ask(driver, transport, scope, guard, question, left) {
                    return driver.without_reply(wanted, mode, reason);
                }
            }
            Step::Done(result) => return result,
            Step::Send(guard, request) => send(driver, transport, guard, request, left),
            Step::Take(guard, want) => guard.taken(transport.take(&want)),
            Step::Wait(epoch, longest) => driver.wait(epoch, longest),
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Sends a login. If that may take longer than the caller has time, a thread of its own does it, so
/// that the login goes on without the caller, and the caller waits for the end of the epoch.
fn send<T: Transport>(
    driver: &Arc<Driver>,
    transport: &Arc<T>,
    guard: InFlightGuard<'_>,
    request: Request<Body>,
    left: Duration,
) {
    let back = match left < transport.timeout() {
        true => hand_over(driver, transport, guard, request, send_here),
        false => Some((guard, request)),
    };
    if let Some((guard, request)) = back {
        send_here(&**transport, guard, request);
    }
}

fn send_here<T: Transport>(transport: &T, guard: InFlightGuard<'_>, request: Request<Body>) {
    let response = keeping_lease(&guard, || transport.send(request));
    guard.complete(response);
}

/// Works, while another thread polls the session, which extends its lease in the store.
/// The caller's thread cannot do both, and it may be the only one. Without a store, or if the system
/// gives no thread, the session is not polled: then a lease may end before its login.
fn keeping_lease<R>(guard: &InFlightGuard<'_>, work: impl FnOnce() -> R) -> R {
    let driver = guard.driver();
    let (Some(look_every), Some(scope)) = (driver.look_every(), guard.scope()) else {
        return work();
    };
    thread::scope(|threads| {
        let (working, end) = mpsc::channel::<()>();
        let looking = move || {
            while end.recv_timeout(look_every) == Err(RecvTimeoutError::Timeout) {
                driver.look(scope);
            }
        };
        let thread = thread::Builder::new().name("auth-lease".to_owned());
        let looking = thread.spawn_scoped(threads, looking);
        let result = work();
        drop(working);
        // A panic of the listener there does not concern this work.
        looking.into_iter().for_each(|looking| drop(looking.join()));
        result
    })
}

/// Gives a request or a question to a thread of its own. Without a thread, both come back.
fn hand_over<'d, T: Transport, L: Send + 'static>(
    driver: &Arc<Driver>,
    transport: &Arc<T>,
    guard: InFlightGuard<'d>,
    load: L,
    job: impl FnOnce(&T, InFlightGuard<'_>, L) + Send + 'static,
) -> Option<(InFlightGuard<'d>, L)> {
    // Both stay here until there is a thread.
    let (sender, receiver) = mpsc::channel();
    let (own_driver, own_transport) = (Arc::clone(driver), Arc::clone(transport));
    let thread = spawn(move || {
        if let Ok((flight, load)) = receiver.recv() {
            job(&own_transport, InFlightGuard::sent(&own_driver, flight), load);
        }
    });
    if thread.is_err() {
        return Some((guard, load));
    }
    if let Some(flight) = guard.into_flight() {
        // The thread waits for it.
        let _ = sender.send((flight, load));
    }
    None
}

/// Asks a question on another thread, because the answer may take longer than the caller has time.
fn ask<T: Transport>(
    driver: &Arc<Driver>,
    transport: &Arc<T>,
    scope: &Scope,
    guard: InFlightGuard<'_>,
    question: Question,
    left: Duration,
) -> Result<(), NoToken> {
    if transport.asked().is_none() {
        guard.answer(Ok(None))?;
        return Err(NoToken::Ask(question));
    }
    let (done, result) = mpsc::channel();
    let (asked, end) = (question.clone(), WakeAtEnd(Arc::clone(driver)));
    let back =
        hand_over(driver, transport, guard, question, move |transport: &T, guard, question| {
            // Dropped after `done`, also in a panic: then the caller has its result, or gets none.
            let _end = end;
            let done = done;
            // The caller may have gone.
            let _ = done.send(reply(transport, guard, question));
        });
    if let Some((guard, question)) = back {
        return reply(&**transport, guard, question);
    }
    // A function that panics would do so again: it has no answer.
    await_reply(driver, transport, scope, &result, left).unwrap_or(Err(NoToken::Ask(asked)))
}

/// Waits for the result of a question, for this long at most, and until the session is closed. `None`:
/// the function that answers has panicked.
fn await_reply<T: Transport>(
    driver: &Driver,
    transport: &Arc<T>,
    scope: &Scope,
    result: &Receiver<Result<(), NoToken>>,
    patience: Duration,
) -> Option<Result<(), NoToken>> {
    let started = transport.now();
    let mut left = patience;
    loop {
        // Read before the result and the session, so that the wait misses no change of either.
        let epoch = driver.epoch();
        match result.try_recv() {
            Ok(result) => return Some(result),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        if left.is_zero() || driver.refresh_pause(scope).is_none() {
            return Some(Ok(()));
        }
        driver.wait(epoch, left);
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Wakes all waiting callers when it is dropped.
struct WakeAtEnd(Arc<Driver>);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.wake();
    }
}

fn reply<T: Transport>(
    transport: &T,
    guard: InFlightGuard<'_>,
    question: Question,
) -> Result<(), NoToken> {
    let ask = || transport.asked().map_or(Ok(None), |asked| asked(&question));
    let outcome = keeping_lease(&guard, ask);
    let is_answered = !matches!(outcome, Ok(None));
    guard.answer(outcome)?;
    if is_answered { Ok(()) } else { Err(NoToken::Ask(question)) }
}

fn spawn(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    let Some(job) = crate::tests::threads::spawn(Box::new(job))? else { return Ok(()) };
    thread::Builder::new().name("auth-login".to_owned()).spawn(job).map(drop)
}

/// Gets a token for a call and adds it: see [`Call::authorize`].
///
/// # Errors
///
/// As [`grant`] and [`Call::authorize`].
pub fn authorize<'c, T: Transport>(
    call: &'c mut Call<'_>,
    transport: &Arc<T>,
    patience: Duration,
    mut spell: impl FnMut(&mut Request<()>),
) -> Result<&'c mut Request<()>, NoToken> {
    let started = transport.now();
    let mut left = patience;
    loop {
        let mode = Mode::Caller(call.destination());
        let grant = grant(call.driver(), transport, call.wanted(), mode, left)?;
        if call.authorize(grant, &mut spell)? {
            call.driver().check_proxies(call.head().uri())?;
            return Ok(call.head());
        }
        left = patience.saturating_sub(transport.now().saturating_duration_since(started));
    }
}

/// Keeps this scope's token valid until the session is closed.
pub fn refresh_loop<T: Transport>(driver: &Arc<Driver>, transport: &Arc<T>, scope: &Scope) {
    let wanted = Wanted::new(scope);
    loop {
        let epoch = driver.epoch();
        // Callers get the error from their own calls, and the listener from the event.
        let _ = grant(driver, transport, wanted, Mode::Background, Duration::MAX);
        let Some(pause) = driver.refresh_pause(scope) else { return };
        driver.wait(epoch, pause);
    }
}
