use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_proto::{
    Action, Body, Cloud, Destination, EndpointQuery, Event, Note, PendingRequest, Question, Reply,
    RetryDecision, Scope, ServiceCall, Session, Token, Want,
};
use http::{Request, StatusCode, Uri};
use time::UtcDateTime;

use crate::{
    error::NoToken,
    events::{self, Events, Listener},
    in_flight::{Flight, InFlightGuard},
    login::Parked,
    notifier::{Changed, Epoch, Notifier},
    proxies::{IgnoredProxies, ProxyError},
};

/// A session that many threads or tasks share: the lock, the wall clock, the wake-ups and the
/// listener. It knows neither threads nor futures; the loops in [`blocking`](crate::blocking) and
/// [`nonblocking`](crate::nonblocking) do.
///
/// Each call locks the session at most once, for a moment, and never while a request is sent, a
/// caller waits, or the listener runs.
pub struct Driver {
    session: Mutex<Session>,
    /// The session's cloud at the start. Later it may know its API version; the origins that a
    /// token may be sent to stay the same.
    cloud: Cloud,
    clock: Box<Clock>,
    listener: Option<Box<Listener>>,
    /// Passes a note to the store.
    teller: Option<Box<Teller>>,
    /// See [`LOOK`].
    pub(crate) look_every: Duration,
    /// Notified when waiting callers have a reason to poll again.
    changed: Notifier,
    /// The logins of the async loop that no caller carries at the moment.
    pub(crate) parked: Parked,
    proxies: IgnoredProxies,
    #[cfg(test)]
    pub(crate) locks: std::sync::atomic::AtomicUsize,
    #[cfg(test)]
    pub(crate) target_checks: std::sync::atomic::AtomicUsize,
}

/// How often the driver polls a session with a store while a request or a question is under way. The
/// session extends its lease every three seconds.
const LOOK: Duration = Duration::from_millis(2500);

/// Takes the notes for a store.
pub(crate) type Teller = dyn Fn(&Note) + Send + Sync;

/// A wall clock.
pub(crate) type Clock = dyn Fn() -> UtcDateTime + Send + Sync;

/// The tokens that a caller wants.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "three values, all needed")]
pub struct Wanted<'a> {
    /// The caller's own scope.
    pub scope: &'a Scope,
    /// How much longer the token should live. [`Session::poll_for`] explains it.
    pub life: Duration,
    /// The service that the token is for, if it may need [another scope](Session::scope_for).
    pub service: Option<&'a EndpointQuery>,
}

/// A valid token, and the cloud to use it at.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the result of one lock")]
pub struct Grant {
    /// The token.
    pub token: Arc<Token>,
    /// The cloud, with its API version if that is known: it finds endpoints for the token.
    pub cloud: Cloud,
}

/// The role of a caller.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the two ways to poll a session")]
pub enum Mode<'a> {
    /// A background task that renews the token: [`Session::renew`].
    Background,
    /// A caller that needs the token now, for a request to this destination: [`Session::poll_for`].
    Caller(Destination<'a>),
}

/// The next step of a loop that gets a token.
#[derive(Debug)]
#[must_use = "a step that is not taken delays all waiting callers"]
#[expect(clippy::exhaustive_enums, reason = "a loop has to know every step")]
pub enum Step<'a> {
    /// Ask this, then call [`InFlightGuard::answer`]. No other caller gets the question meanwhile.
    Ask(InFlightGuard<'a>, Question),
    /// Return this result.
    Done(Result<Grant, NoToken>),
    /// Send this request, then call [`InFlightGuard::complete`], even if the caller has gone.
    Send(InFlightGuard<'a>, Request<Body>),
    /// Ask the store, for 250 ms at most, then call [`InFlightGuard::taken`]. Without a store, or an
    /// answer in time, that takes [`Taken::Silent`](auth_proto::Taken::Silent).
    Take(InFlightGuard<'a>, Want),
    /// Wait until the epoch ends, for this long at most. Then ask for the next step.
    Wait(Epoch, Duration),
}

impl<'a> Wanted<'a> {
    /// The tokens of this scope, for any service and with any life.
    pub fn new(scope: &'a Scope) -> Self {
        Self { scope, life: Duration::ZERO, service: None }
    }
}

impl Grant {
    /// The URL of a service, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`Cloud::endpoint`].
    pub fn endpoint(&self, want: &EndpointQuery) -> Result<String, auth_proto::Error> {
        Ok(self.cloud.endpoint(&self.token, want)?.url().to_owned())
    }
}

impl Driver {
    /// A driver of this session. Without the feature `tracing`, it reports no events.
    ///
    /// The clock is the wall clock: [`UtcDateTime::now`], or a test's own. It is read under the
    /// lock, so it must not use the driver. A panic of the clock reaches only the caller that read
    /// it.
    pub fn new(session: Session, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        Self {
            cloud: session.cloud().clone(),
            session: Mutex::new(session),
            clock: Box::new(clock),
            listener: events::listener(),
            teller: None,
            look_every: LOOK,
            changed: Notifier::default(),
            parked: Parked::default(),
            proxies: IgnoredProxies::default(),
            #[cfg(test)]
            locks: Default::default(),
            #[cfg(test)]
            target_checks: Default::default(),
        }
    }

    /// Reports events to this function instead of `tracing`. The caller whose call caused an event
    /// runs it, without a lock and after all wake-ups.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Passes the notes of a session [with a store](auth_proto::Settings::with_store) to this function.
    /// The caller whose call caused a note runs it, without a lock and after all wake-ups.
    #[must_use]
    pub fn with_store(mut self, tell: impl Fn(&Note) + Send + Sync + 'static) -> Self {
        self.teller = Some(Box::new(tell));
        self
    }

    /// Refuses calls that the HTTP client would send past these proxies.
    pub(crate) fn with_ignored_proxies(self, proxies: IgnoredProxies) -> Self {
        Self { proxies, ..self }
    }

    /// Whether the HTTP client sends a request to this URI as the environment asks.
    pub(crate) fn check_proxies(&self, uri: &Uri) -> Result<(), ProxyError> {
        self.proxies.check(uri)
    }

    /// The next step of a caller that has `left` to wait for a token.
    pub fn next(&self, wanted: Wanted<'_>, mode: Mode<'_>, left: Duration) -> Step<'_> {
        // Read before the session, so that a wait misses no change after this point.
        let epoch = self.changed.epoch();
        let (mut step, events) = self.with(|session| self.poll(session, wanted, mode, left, epoch));
        // A listener may panic: then the guard tells the session that nothing was sent.
        events.report();
        if let Step::Ask(guard, _) | Step::Send(guard, _) | Step::Take(guard, _) = &mut step {
            guard.hand_out();
        }
        step
    }

    /// The result of a caller whose question has no reply: the token that there is, else the reason.
    pub(crate) fn without_reply(
        &self,
        wanted: Wanted<'_>,
        mode: Mode<'_>,
        reason: NoToken,
    ) -> Result<Grant, NoToken> {
        match self.next(wanted, mode, Duration::ZERO) {
            Step::Done(Ok(grant)) => Ok(grant),
            _ => Err(reason),
        }
    }

    fn poll(
        &self,
        session: &mut Session,
        wanted: Wanted<'_>,
        mode: Mode<'_>,
        left: Duration,
        epoch: Epoch,
    ) -> Step<'_> {
        let for_service = wanted.service.map(|service| session.scope_for(service, wanted.scope));
        let for_service = match for_service.transpose() {
            Ok(scope) => scope,
            Err(error) => return Step::Done(Err(error.into())),
        };
        let scope = for_service.as_ref().unwrap_or(wanted.scope);
        let now = self.now();
        let destination = match mode {
            Mode::Background => Destination::Unknown,
            Mode::Caller(destination) => destination,
        };
        let action = match mode {
            _ if left.is_zero() => {
                return Step::Done(match session.at_deadline(scope, destination, now) {
                    Ok(token) => Ok(Grant { token, cloud: session.cloud().clone() }),
                    Err(last) => Err(NoToken::Deadline { last }),
                });
            }
            Mode::Background => session.renew(scope, now),
            Mode::Caller(_) => session.poll_for(scope, destination, wanted.life, now),
        };
        match action {
            Action::Fail(error) => Step::Done(Err(error.into())),
            Action::Ask(pending, question) => {
                let flight = Flight { pending, scope: scope.clone() };
                Step::Ask(InFlightGuard::unsent(self, Box::new(flight)), question)
            }
            Action::Send(pending, request) => {
                let flight = Flight { pending, scope: scope.clone() };
                Step::Send(InFlightGuard::unsent(self, Box::new(flight)), request)
            }
            Action::Take(pending, want) => {
                let flight = Flight { pending, scope: scope.clone() };
                Step::Take(InFlightGuard::unsent(self, Box::new(flight)), want)
            }
            Action::Use(token) => Step::Done(Ok(Grant { token, cloud: session.cloud().clone() })),
            Action::Wait(until) => {
                Step::Wait(epoch, left.min((until - now).try_into().unwrap_or(Duration::ZERO)))
            }
        }
    }

    /// Reports the status of a service's response to a request with this token, for a request that
    /// was sent without a [`Call`](crate::Call). The session judges a 401 by the token's history:
    /// report the other statuses too, which takes no lock. After [`RetryDecision::Retry`], get a
    /// token for this URI again and send the request once more.
    pub fn report(&self, token: &Token, uri: &Uri, status: StatusCode) -> RetryDecision {
        if !ServiceCall::is_refusal(token, uri, status) {
            return RetryDecision::Deliver;
        }
        self.change(|session| session.handle_unauthorized(token, uri, self.now()))
    }

    /// Changes the session: a reply, another credential.
    pub fn change<R>(&self, change: impl FnOnce(&mut Session) -> R) -> R {
        let (result, events) = self.with(change);
        events.report();
        result
    }

    /// How long a caller who has `left` waits for a request or a question before it polls the session
    /// again, which extends its lease.
    pub(crate) fn looks_after(&self, left: Duration) -> Duration {
        if self.teller.is_some() { left.min(self.look_every) } else { left }
    }

    /// How often the session has to be polled, if it has a store.
    pub(crate) fn look_every(&self) -> Option<Duration> {
        self.teller.as_ref().map(|_| self.look_every)
    }

    /// Polls the session, and passes its notes to the store.
    pub(crate) fn look(&self, scope: &Scope) {
        self.change(|session| drop(session.cached_token(scope, self.now())));
    }

    /// Answers a [`NoToken::Ask`] of this scope.
    ///
    /// # Errors
    ///
    /// As [`Session::answer`].
    pub fn answer(&self, scope: &Scope, reply: impl Into<Reply>) -> Result<(), auth_proto::Error> {
        self.change(|session| session.answer(scope, reply, self.now()))
    }

    /// Reads from the session. The closure must not call this driver.
    pub fn read<R>(&self, read: impl FnOnce(&Session) -> R) -> R {
        read(&self.lock())
    }

    /// Closes the session, drops the logins of the async loop, and wakes all callers. No event is reported, so this may be called where
    /// a panic is not allowed.
    pub fn close(&self) {
        let mut session = self.lock();
        session.close();
        session.take_wake();
        let notes = notes(&mut session);
        drop(session);
        self.parked.close();
        self.changed.notify();
        self.tell(notes);
    }

    /// The pause of a background loop; the end of an epoch ends it early. `None` once the session
    /// is closed: then the loop ends.
    pub fn refresh_pause(&self, scope: &Scope) -> Option<Duration> {
        let session = self.lock();
        let now = self.now();
        session.refresh_pause(scope, now)
    }

    /// The current epoch. A loop that waits reads it before it looks at the session.
    pub fn epoch(&self) -> Epoch {
        self.changed.epoch()
    }

    /// Blocks the thread until the epoch ends, for this long at most.
    pub fn wait(&self, epoch: Epoch, longest: Duration) {
        self.changed.wait(epoch, longest);
    }

    /// Ready when the epoch has ended. Works with any executor, and may be dropped at any time.
    pub fn changed(&self, epoch: Epoch) -> Changed<'_> {
        self.changed.changed(epoch)
    }

    /// The origins that a token may be sent to.
    pub(crate) fn check_target(&self, uri: &Uri) -> Result<(), auth_proto::Error> {
        #[cfg(test)]
        self.target_checks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.cloud.check_target(uri)
    }

    /// The scope of the tokens that a caller wants.
    pub(crate) fn scope_of(&self, wanted: Wanted<'_>) -> Result<Scope, auth_proto::Error> {
        match wanted.service {
            Some(service) => self.read(|session| session.scope_for(service, wanted.scope)),
            None => Ok(wanted.scope.clone()),
        }
    }

    /// Tells the session that a request may have been sent, and that its result is unknown. Then wakes
    /// all waiting callers, and passes the notes to the store. Reports no event, because this may run in a
    /// panic.
    pub(crate) fn abandon(&self, pending: PendingRequest) {
        let mut session = self.lock();
        // Only a pending request of another session is an error.
        let _ = session.handle_abandoned(pending);
        let notes = notes(&mut session);
        drop(session);
        self.wake();
        self.tell(notes);
    }

    /// Wakes all waiting callers.
    pub(crate) fn wake(&self) {
        self.changed.notify();
    }

    /// Read under the lock: two readings in the wrong order would look like a clock that jumps.
    pub(crate) fn now(&self) -> UtcDateTime {
        (self.clock)()
    }

    /// Runs `work` under the lock, then wakes all waiting callers if the session asks for it, and
    /// passes the notes to the store. The caller reports the events last: a listener may be slow, and may panic.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Session) -> R) -> (R, Events<'_>) {
        let mut session = self.lock();
        let result = work(&mut session);
        let events = Events::take(&mut session, self.listener.as_deref());
        let wake = session.take_wake();
        let notes = notes(&mut session);
        drop(session);
        #[cfg(test)]
        crate::tests::threads::preempt();
        if wake {
            self.changed.notify();
        }
        self.tell(notes);
        (result, events)
    }

    fn tell(&self, notes: Vec<Note>) {
        if let Some(tell) = &self.teller {
            notes.iter().for_each(tell);
        }
    }

    /// The session, even after a panic of another holder: no input leaves it half changed.
    fn lock(&self) -> MutexGuard<'_, Session> {
        #[cfg(test)]
        self.before_lock();
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn before_lock(&self) {
        self.locks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        crate::tests::threads::preempt();
    }

    /// The session, without a trace in the counts.
    #[cfg(test)]
    pub(crate) fn peek(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self.session.try_lock(), Err(std::sync::TryLockError::WouldBlock))
    }
}

/// The notes for the store. Nearly every call has none.
fn notes(session: &mut Session) -> Vec<Note> {
    std::iter::from_fn(|| session.poll_note()).collect()
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}
