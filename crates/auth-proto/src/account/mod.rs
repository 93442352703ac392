//! Tokens kept alive: one cloud, one credential, a token for each scope.
//!
//! Whoever needs a token polls. Among all who poll for one scope, one is told to send the login;
//! the others use the old token while it lives, or wait. What comes back, good or bad, is the
//! answer to all of them.

mod poll;

use std::{sync::Arc, time::Duration};

use http::Response;
use time::UtcDateTime;

use crate::{
    action::{Action, Flight},
    backoff::Spread,
    clock::Clock,
    cloud::Cloud,
    credential::{Credential, Factor},
    error::{Error, ErrorKind, Failure, Misuse, ProtocolError},
    event::{Event, Events},
    held::Held,
    latch::Latch,
    login::Step,
    row::Row,
    scope::Scope,
    session::{InFlight, Input, Phase, Question, Session},
    settings::Settings,
    token::Token,
};

/// One credential at one cloud, with a token for each scope that is asked for.
///
/// It never sleeps, sends or reads a clock. A driver polls it under a lock, carries requests and
/// answers without the lock, and wakes everybody who waits after each `handle_*`; the crates
/// `auth-ureq` and `auth-reqwest` are two such drivers. What it does in an outage, after a change
/// of password and at a lock-out is told in the [manual](crate::manual).
///

#[derive(Debug)]
pub struct Account {
    cloud: Cloud,
    credential: Credential,
    settings: Settings,
    clock: Clock,
    spread: Spread,
    sessions: Vec<Session>,
    /// The credential was refused.
    latch: Option<Latch>,
    /// The service asked to be left alone, by all scopes.
    quiet: Option<Row>,
    /// Whether this credential has given a token, and nothing was refused since.
    proven: bool,
    /// Whether its one-time code has been sent.
    spent: bool,
    attempts: u64,
    closed: bool,
    events: Events,
}

/// Less than this is over before it can be used.
const USABLE: Duration = Duration::from_secs(3);
/// A receipt is not believed to live longer.
const LONGEST_RECEIPT: Duration = Duration::from_secs(3600);

impl Account {
    /// An account of this credential. Nothing is sent before somebody polls.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the credential cannot work at this cloud. What a scope gets wrong
    /// is told by the first poll for it.
    pub fn new(cloud: Cloud, credential: Credential, settings: Settings) -> Result<Self, Error> {
        cloud.check_credential(&credential)?;
        Ok(Self {
            cloud,
            credential,
            spread: Spread::new(settings.seed()),
            settings,
            clock: Clock::default(),
            sessions: Vec::new(),
            latch: None,
            quiet: None,
            proven: false,
            spent: false,
            attempts: 0,
            closed: false,
            events: Events::default(),
        })
    }

    /// The cloud, with its dialect once that is known.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// What a caller who needs a token for this scope does now.
    pub fn poll(&mut self, scope: &Scope, now: UtcDateTime) -> Action {
        self.next(scope, now, false)
    }

    /// The same for somebody in the background who sees to it that no caller ever pays for a
    /// renewal. From the first call on, [`poll`](Self::poll) leaves this scope's early renewals to
    /// them; should they stop, callers renew again shortly before the token ends.
    pub fn renew(&mut self, scope: &Scope, now: UtcDateTime) -> Action {
        self.next(scope, now, true)
    }

    /// When [`renew`](Self::renew) has something to do for this scope's token, if there is one: when
    /// it wants to be renewed, or when the pause after a failed renewal is over. Later than that is
    /// fine, and earlier harmless.
    pub fn renew_at(&self, scope: &Scope) -> Option<UtcDateTime> {
        let at = self.clock.elapsed();
        let session = self.sessions.iter().find(|session| session.scope == *scope)?;
        let held = session.live(at)?;
        let pauses = self.holds(session, at).map(|hold| hold.until);
        let flights = session.flight().map(|flight| flight.lost_at);
        let asks = self.question(session).map(|_| held.ends_at);
        let due = pauses.chain(flights).chain(asks).fold(held.renew_at, Duration::max);
        Some(self.clock.at(due.min(held.ends_at)))
    }

    /// The token of this scope, if it lives: for a caller whose deadline has passed, whom
    /// [`poll`](Self::poll) might hand a request that they can only abandon.
    pub fn live(&mut self, scope: &Scope, now: UtcDateTime) -> Option<Arc<Token>> {
        let at = self.advance(now);
        let session = self.sessions.iter().find(|session| session.scope == *scope)?;
        session.live(at).map(|held| Arc::clone(&held.token))
    }

    /// What this scope's last login failed with, if nothing better has come since: to tell a caller
    /// whose deadline has passed.
    pub fn trouble(&self, scope: &Scope) -> Option<&Error> {
        let session = self.sessions.iter().find(|session| session.scope == *scope)?;
        let shared = self.latch.iter().map(|latch| &latch.row).chain(&self.quiet);
        session.row.iter().chain(shared).map(|row| &row.error).next()
    }

    /// The answer to a flight's request.
    pub fn handle_response(
        &mut self,
        flight: Flight,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) {
        let at = self.advance(now);
        let Some((index, mut landed)) = self.land(&flight) else { return };
        let was_under_way = landed.login.is_under_way();
        landed.login.handle_response(response, now);
        let sent_at = landed.sent_at;
        let input = match landed.login.poll() {
            Ok(Step::Done(token)) => self.token(token, &landed, at),
            Ok(Step::NeedFactor(challenge)) => {
                let life = challenge.life.try_into().unwrap_or(Duration::ZERO);
                let until = sent_at.saturating_add(life.min(LONGEST_RECEIPT));
                match until < at + USABLE {
                    true => Input::Failed(ProtocolError::Expired.into()),
                    false => Input::Asked(Question { login: landed.login, until }),
                }
            }
            Ok(Step::Send(_)) => {
                self.cloud = landed.login.cloud().clone();
                Input::Known
            }
            // Where a person takes part, they may have mistyped, and nothing is sent again without
            // them.
            Err(error) if was_under_way => {
                let until = landed.receipt_until;
                Input::Mistaken(Question { login: landed.login, until }, error)
            }
            Err(error)
                if error.is_credential_refused()
                    && landed.with_credential
                    && !self.credential.is_one_time() =>
            {
                Input::Refused(error, self.settings.probes())
            }
            Err(error) => Input::Failed(error),
        };
        self.settle(index, input, sent_at, at);
    }

    /// No answer came to a flight's request.
    pub fn handle_failure(&mut self, flight: Flight, failure: Failure, now: UtcDateTime) {
        let at = self.advance(now);
        if let Some((index, landed)) = self.land(&flight) {
            self.settle(index, Input::Failed(failure.into()), landed.sent_at, at);
        }
    }

    /// The one who carried a flight's request is gone: cancelled, or in a panic. Somebody else
    /// takes over, at once the first time; if that happens twice in a row, it counts as a failure.
    pub fn handle_abandoned(&mut self, flight: Flight) {
        let at = self.clock.elapsed();
        if let Some((index, landed)) = self.land(&flight) {
            self.settle(index, Input::Abandoned, landed.sent_at, at);
        }
    }

    /// A service answered 401 to a request with this token. It is dropped, unless it has been
    /// replaced already, or a login was forced in the last minute: then it is the service that is
    /// at odds with the identity service.
    pub fn handle_unauthorized(&mut self, token: &Token, now: UtcDateTime) {
        let at = self.advance(now);
        for index in 0..self.sessions.len() {
            if self.sessions[index].holds(token) {
                self.step(index, Input::Unauthorized, at);
                // A changed password ends tokens: it may be that, for every scope at once.
                self.proven &= self.sessions[index].held.is_some();
            }
        }
    }

    /// Answers an [`Action::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Login::answer`](crate::Login::answer).
    pub fn answer(&mut self, scope: &Scope, factor: Factor) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let mut session = self.sessions.iter_mut().find(|session| session.scope == *scope);
        if let Some(Session { phase: Phase::Asking(question), .. }) = &mut session {
            question.login.answer(factor)?;
        } else if !self.spent {
            return Err(Misuse::NoQuestion.into());
        } else if !matches!(factor, Factor::Totp(_)) {
            return Err(Misuse::WrongFactor.into());
        } else {
            let credential = self.credential.clone().with_fresh(&factor);
            self.cloud.check(&credential, scope)?;
            self.credential = credential;
            self.spent = false;
        }
        if let Some(session) = session {
            // A refusal was of the factor before; what broke the connection still holds.
            session.row.take_if(|row| !row.error.is_retryable());
        }
        Ok(())
    }

    /// Goes on with another credential: after a change of password, or a refusal. Tokens that live
    /// are kept until they end or are refused; a login in the air no longer counts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it cannot work for a scope that is in use, [`ErrorKind::Closed`] after
    /// [`close`](Self::close); nothing changes then.
    pub fn replace_credential(&mut self, credential: Credential) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let at = self.clock.elapsed();
        self.tidy(at);
        self.cloud.check_credential(&credential)?;
        for session in self.sessions.iter().filter(|session| session.is_in_use()) {
            self.cloud.check(&credential, &session.scope)?;
        }
        self.credential = credential;
        self.latch = None;
        self.proven = false;
        self.spent = false;
        for index in 0..self.sessions.len() {
            self.step(index, Input::Replaced, at);
        }
        Ok(())
    }

    /// Ends it: tokens are forgotten, and every poll from now on fails. What the tokens opened
    /// stays open at the server until they end there.
    pub fn close(&mut self) {
        self.closed = true;
        self.credential = Credential::none();
        self.latch = None;
        self.quiet = None;
        self.sessions.clear();
    }

    /// What has happened, the oldest first, each told once. The last [`limits::EVENTS`](crate::limits::EVENTS) are kept for
    /// whoever asks.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Whether the account stands to give another token than this one, without help: whether a
    /// request that was refused with it is worth a second try.
    pub(crate) fn may_replace(&self, token: &Token) -> bool {
        let kept = self.sessions.iter().any(|session| session.holds(token));
        !self.closed && !kept && !self.credential.is_one_time()
    }

    /// A token that has come, if there is time left to use it.
    fn token(&mut self, token: Arc<Token>, landed: &InFlight, at: Duration) -> Input {
        let life = landed.login.life().try_into().unwrap_or(Duration::ZERO);
        let window = self.settings.renewal();
        let held = Held::new(token, life, landed.sent_at, window, &mut self.spread);
        if held.ends_at < at + USABLE {
            return Input::Failed(ProtocolError::Expired.into());
        }
        match landed.login.is_under_way() || self.credential.is_one_time() {
            true => Input::Token(held.without_renewal()),
            false => Input::Token(held),
        }
    }

    /// What became of a flight, for its session and for the account.
    fn settle(&mut self, index: usize, input: Input, sent_at: Duration, at: Duration) {
        match &input {
            Input::Token(_) => {
                self.latch = None;
                self.quiet = None;
                self.proven = true;
            }
            // It may be the scope that is wrong, as long as the credential is good for another one.
            // Where it is not known to be good, all scopes wait, so that a wrong password is not
            // tried for each of them.
            Input::Refused(error, probes) => {
                let session = &self.sessions[index];
                if session.granted || !self.proven {
                    let refusal = (error.clone(), session.scope.clone(), session.granted);
                    let latch = Latch::after(self.latch.take(), refusal, sent_at, at, *probes);
                    self.latch = Some(latch);
                }
                self.proven = false;
            }
            _ => {}
        }
        self.step(index, input, at);
        let row = self.sessions[index].row.as_ref();
        if let Some(row) = row.filter(|row| row.error.retry_at().is_some() && row.holds(at)) {
            self.quiet = Some(row.clone());
        }
    }

    fn step(&mut self, index: usize, input: Input, at: Duration) {
        let event = self.sessions[index].step(input, at, &self.clock, &mut self.spread);
        self.tell(event);
    }

    /// Moves the clock on.
    fn advance(&mut self, now: UtcDateTime) -> Duration {
        let jump = self.clock.jump(now).map(|by| Event::ClockJump { by });
        self.tell(jump);
        self.clock.advance(now)
    }

    fn tell(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.events.push(event);
        }
    }

    /// Takes a flight out of the air. `None` if it no longer counts.
    fn land(&mut self, flight: &Flight) -> Option<(usize, InFlight)> {
        let mut sessions = self.sessions.iter_mut().enumerate();
        sessions.find_map(|(index, session)| Some((index, session.land(flight.attempt)?)))
    }

    /// Forgets what is over: tokens at their end, and flights without an answer.
    fn tidy(&mut self, at: Duration) {
        for index in 0..self.sessions.len() {
            let event = self.sessions[index].tidy(at, &self.clock, &mut self.spread);
            self.tell(event);
        }
        self.quiet.take_if(|row| !row.holds(at));
    }
}
