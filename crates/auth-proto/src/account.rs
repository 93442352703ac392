//! Tokens kept alive: one cloud, one credential, a token for each scope.
//!
//! Whoever needs a token polls. Among all who poll for one scope, one is told to send the login;
//! the others use the old token while it lives, or wait. What comes back, good or bad, is the
//! answer to all of them.

use std::{sync::Arc, time::Duration};

use http::Response;
use time::UtcDateTime;

use crate::{
    action::{Action, Flight},
    backoff::Spread,
    challenge::Challenge,
    clock::Clock,
    cloud::Cloud,
    credential::{Credential, Factor, MethodKind},
    error::{Error, ErrorKind, Failure, FailureKind, Misuse, ProtocolError},
    limits,
    login::{Login, Step},
    scope::Scope,
    session::{Held, InFlight, Latch, Session},
    settings::Settings,
    token::Token,
};

/// One credential at one cloud, with a token for each scope that is asked for.
///
/// It never sleeps, sends or reads a clock. A driver polls it under a lock, carries requests and
/// answers without the lock, and wakes everybody who waits after each `handle_*`; the crates
/// `auth-ureq` and `auth-reqwest` are two such drivers.
#[derive(Debug)]
pub struct Account {
    cloud: Cloud,
    credential: Credential,
    settings: Settings,
    clock: Clock,
    spread: Spread,
    sessions: Vec<Session>,
    /// The credential was refused for every scope.
    latch: Option<Latch>,
    /// Whether a second scope was refused that had been granted before, so that it holds for those
    /// scopes too.
    firm: bool,
    /// Whether this credential has given a token, and nothing was refused since.
    proven: bool,
    /// Whether its one-time code has been sent.
    spent: bool,
    attempts: u64,
    closed: bool,
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
            firm: false,
            proven: false,
            spent: false,
            attempts: 0,
            closed: false,
        })
    }

    /// The cloud, with its dialect once that is known.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// What a caller who needs a token for this scope does now.
    pub fn poll(&mut self, scope: &Scope, now: UtcDateTime) -> Action {
        let at = self.clock.advance(now);
        if self.closed {
            return Action::Fail(ErrorKind::Closed.into());
        }
        self.tidy(at);
        let index = match self.session(scope, at) {
            Ok(index) => index,
            Err(error) => return Action::Fail(error),
        };
        let session = &self.sessions[index];
        let Some(held) = session.live(at) else {
            return self.poll_without_token(index, at);
        };
        let token = Arc::clone(&held.token);
        match session.flight {
            _ if at < held.renew_at => Action::Use(token),
            // The end is near: better to wait for the new one.
            Some(flight) if at >= held.mandatory_at => {
                Action::Wait(self.clock.at(flight.lost_at.min(held.ends_at)))
            }
            Some(_) => Action::Use(token),
            // A renewal that cannot be had now costs nobody the token that still lives.
            None => match self.poll_without_token(index, at) {
                Action::Send(flight, request) => Action::Send(flight, request),
                _ => Action::Use(token),
            },
        }
    }

    /// The token of this scope, if it lives: for a caller whose deadline has passed, whom
    /// [`poll`](Self::poll) might hand a request that they can only abandon.
    pub fn live(&mut self, scope: &Scope, now: UtcDateTime) -> Option<Arc<Token>> {
        let at = self.clock.advance(now);
        let session = self.sessions.iter().find(|session| session.scope == *scope)?;
        session.live(at).map(|held| Arc::clone(&held.token))
    }

    /// When this scope's token wants to be renewed, if there is one. Polling then is early enough.
    pub fn renew_at(&self, scope: &Scope) -> Option<UtcDateTime> {
        let session = self.sessions.iter().find(|session| session.scope == *scope)?;
        session.held.as_ref().map(|held| self.clock.at(held.renew_at))
    }

    /// The answer to a flight's request.
    pub fn handle_response(
        &mut self,
        flight: Flight,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) {
        let at = self.clock.advance(now);
        let Some((index, landed)) = self.land(&flight) else { return };
        let session = &mut self.sessions[index];
        session.abandoned = false;
        let Some(mut login) = session.login.take() else { return };
        let was_under_way = login.is_under_way();
        login.handle_response(response, now);
        match login.poll() {
            Ok(Step::Done(token)) => {
                let life = login.life().try_into().unwrap_or(Duration::ZERO);
                let held = Held::new(token, life, landed.sent_at, &mut self.spread);
                if held.ends_at < at + USABLE {
                    return self.fail(index, ProtocolError::Expired.into(), at);
                }
                session.adopt(held, at);
                self.latch = None;
                self.proven = true;
            }
            Ok(Step::NeedFactor(challenge)) => {
                let life = challenge.life.try_into().unwrap_or(Duration::ZERO).min(LONGEST_RECEIPT);
                let until = landed.sent_at.saturating_add(life);
                if until < at + USABLE {
                    return self.fail(index, ProtocolError::Expired.into(), at);
                }
                session.receipt_until = Some(until);
                session.login = Some(login);
            }
            // The version is known now. The login is made anew, of what is known then.
            Ok(Step::Send(_)) => self.cloud = login.cloud().clone(),
            Err(error) => {
                // After a refused factor another one may be given.
                session.login = Some(login).filter(|_| was_under_way);
                let refused = error.is_credential_refused() && landed.with_credential;
                // Where a person takes part, they may have mistyped, and nothing is sent again
                // without them.
                match refused && !was_under_way && !self.credential.is_one_time() {
                    true => self.refuse(index, error, landed.sent_at, at),
                    false => self.fail(index, error, at),
                }
            }
        }
    }

    /// No answer came to a flight's request.
    pub fn handle_failure(&mut self, flight: Flight, failure: Failure, now: UtcDateTime) {
        let at = self.clock.advance(now);
        let Some((index, _)) = self.land(&flight) else {
            return;
        };
        let session = &mut self.sessions[index];
        session.abandoned = false;
        session.login = None;
        self.fail(index, failure.into(), at);
    }

    /// The one who carried a flight's request is gone: cancelled, or in a panic. Somebody else
    /// takes over, at once the first time; if that happens twice in a row, it counts as a failure.
    pub fn handle_abandoned(&mut self, flight: Flight) {
        let Some((index, _)) = self.land(&flight) else {
            return;
        };
        let session = &mut self.sessions[index];
        session.login = None;
        if std::mem::replace(&mut session.abandoned, true) {
            let failure = Failure::new(FailureKind::Timeout, "given up by the caller");
            let at = self.clock.elapsed();
            self.fail(index, failure.into(), at);
        }
    }

    /// A service answered 401 to a request with this token. It is dropped, unless it has been
    /// replaced already, or a login was forced in the last minute: then it is the service that is
    /// at odds with the identity service.
    pub fn handle_unauthorized(&mut self, token: &Token, now: UtcDateTime) {
        let at = self.clock.advance(now);
        for session in &mut self.sessions {
            if session.holds(token) && session.drop_refused(at) {
                // A changed password ends tokens: it may be that, for every scope at once.
                self.proven = false;
            }
        }
    }

    /// Answers an [`Action::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Login::answer`].
    pub fn answer(&mut self, scope: &Scope, factor: Factor) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let index = self.sessions.iter().position(|session| session.scope == *scope);
        let session = index.map(|index| &mut self.sessions[index]);
        let under_way = session.and_then(|session| {
            let login = session.login.as_mut().filter(|login| login.is_under_way())?;
            Some((login, &mut session.pause))
        });
        if let Some((login, pause)) = under_way {
            login.answer(factor)?;
            // A refusal was of the factor before; what broke the connection still holds.
            pause.take_if(|pause| !pause.error.is_retryable());
            return Ok(());
        }
        if !self.spent {
            return Err(Misuse::NoQuestion.into());
        }
        if !matches!(factor, Factor::Totp(_)) {
            return Err(Misuse::WrongFactor.into());
        }
        let credential = self.credential.clone().with_fresh(&factor);
        self.cloud.check(&credential, scope)?;
        self.credential = credential;
        self.spent = false;
        if let Some(index) = index {
            self.sessions[index].pause.take_if(|pause| !pause.error.is_retryable());
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
        self.tidy(self.clock.elapsed());
        self.cloud.check_credential(&credential)?;
        for session in self.sessions.iter().filter(|session| session.is_in_use()) {
            self.cloud.check(&credential, &session.scope)?;
        }
        self.credential = credential;
        self.latch = None;
        self.proven = false;
        self.spent = false;
        self.sessions.iter_mut().for_each(Session::forget);
        Ok(())
    }

    /// Ends it: tokens are forgotten, and every poll from now on fails. What the tokens opened
    /// stays open at the server until they end there.
    pub fn close(&mut self) {
        self.closed = true;
        self.credential = Credential::none();
        self.latch = None;
        self.sessions.clear();
    }

    /// Whether the account stands to give another token than this one, without help: whether a
    /// request that was refused with it is worth a second try.
    pub(crate) fn may_replace(&self, token: &Token) -> bool {
        let kept = self.sessions.iter().any(|session| session.holds(token));
        !self.closed && !kept && !self.credential.is_one_time()
    }

    fn poll_without_token(&mut self, index: usize, at: Duration) -> Action {
        if let Some(error) = self.latched(index, at) {
            return Action::Fail(error);
        }
        let session = &mut self.sessions[index];
        if let Some(flight) = session.flight {
            return Action::Wait(self.clock.at(flight.lost_at));
        }
        let over = session.receipt_until.is_some_and(|until| at >= until);
        session.login.take_if(|login| over && login.is_under_way());
        if let Some(pause) = session.pausing(at).filter(|pause| !pause.waits) {
            let until = self.clock.at(pause.until);
            return Action::Fail(pause.error.clone().with_retry_at(Some(until)));
        }
        if let Some(challenge) = self.question(index) {
            return Action::NeedFactor(challenge);
        }
        if let Some(pause) = self.sessions[index].pausing(at) {
            return Action::Wait(self.clock.at(pause.until));
        }
        // Until the credential has proven good, its scopes do not try it side by side.
        let others = self.sessions.iter().filter_map(|session| session.flight);
        if let Some(first) = others.min_by_key(|flight| flight.lost_at)
            && !self.proven
        {
            return Action::Wait(self.clock.at(first.lost_at));
        }
        self.launch(index, at)
    }

    /// Why nothing is sent for this scope, if the credential was refused. A scope that was granted
    /// before is held by the refusal of others only once a second such scope was refused.
    fn latched(&mut self, index: usize, at: Duration) -> Option<Error> {
        let session = &mut self.sessions[index];
        let shared = self.latch.as_mut().filter(|_| self.firm || !session.proven);
        let latches = [session.latch.as_mut(), shared].into_iter().flatten();
        let held = latches.map(|latch| (latch.holds_until(&session.scope), latch.error()));
        let (until, error) = held.max_by_key(|(until, _)| *until)?;
        let retry_at = (until < Duration::MAX).then(|| self.clock.at(until));
        (at < until).then(|| error.clone().with_retry_at(retry_at))
    }

    /// What the user is asked before the next login can be sent.
    fn question(&self, index: usize) -> Option<Challenge> {
        match self.sessions[index].login.as_ref().map(|login| (login.poll(), login.challenge())) {
            Some((Ok(Step::NeedFactor(challenge)), _)) => Some(challenge),
            // The pause after a refused factor is over.
            Some((Err(_), Some(challenge))) => Some(challenge.clone()),
            Some(_) => None,
            None => self.spent.then(|| Challenge::fresh_code(MethodKind::Totp.as_str())),
        }
    }

    fn launch(&mut self, index: usize, at: Duration) -> Action {
        let session = &mut self.sessions[index];
        let login = match session.login.take() {
            Some(login) => login,
            None => {
                let (credential, scope) = (self.credential.clone(), session.scope.clone());
                match Login::new(&self.cloud, credential, scope) {
                    Ok(login) if self.settings.catalog() => login,
                    Ok(login) => login.without_catalog(),
                    Err(error) => return Action::Fail(error),
                }
            }
        };
        let request = match login.poll() {
            Ok(Step::Send(request)) => request,
            Ok(Step::Done(_) | Step::NeedFactor(_)) => {
                unreachable!("a login that is kept between polls waits to be sent")
            }
            Err(error) => return Action::Fail(error),
        };
        // A question for the version has no body; a further factor goes without the first.
        let with_credential = !request.body().is_empty();
        self.spent |= with_credential && !login.is_under_way() && self.credential.is_one_time();
        session.login = Some(login);
        self.attempts += 1;
        let lost_at = at.saturating_add(self.settings.flight_timeout());
        let attempt = self.attempts;
        session.flight = Some(InFlight { attempt, sent_at: at, with_credential, lost_at });
        Action::Send(Flight { attempt }, request)
    }

    /// The credential was refused. It may be the scope that is wrong, as long as the credential is
    /// good for another one: Keystone answers 401 to both. Where it is not known to be good, all
    /// scopes wait, so that a wrong password is not tried for each of them.
    fn refuse(&mut self, index: usize, error: Error, sent_at: Duration, at: Duration) {
        let probes = self.settings.probes();
        let session = &mut self.sessions[index];
        let was_proven = std::mem::take(&mut session.proven);
        let refusal = (error, session.scope.clone());
        let own = Latch::after(session.latch.take(), refusal.clone(), sent_at, at, probes);
        session.latch = Some(own);
        if was_proven || !self.proven {
            self.firm = self.latch.is_some() && (self.firm || was_proven);
            self.latch = Some(Latch::after(self.latch.take(), refusal, sent_at, at, probes));
        }
        self.proven = false;
    }

    fn fail(&mut self, index: usize, error: Error, at: Duration) {
        self.sessions[index].fail(error, at, &self.clock, &mut self.spread);
    }

    /// Takes a flight out of the air. `None` if it no longer counts.
    fn land(&mut self, flight: &Flight) -> Option<(usize, InFlight)> {
        let is_it = |session: &Session| {
            session.flight.is_some_and(|in_flight| in_flight.attempt == flight.attempt)
        };
        let index = self.sessions.iter().position(is_it)?;
        Some((index, self.sessions[index].flight.take()?))
    }

    /// Forgets what is over: tokens at their end, and flights without an answer.
    fn tidy(&mut self, at: Duration) {
        for index in 0..self.sessions.len() {
            let session = &mut self.sessions[index];
            session.tidy(at);
            if session.flight.take_if(|flight| at >= flight.lost_at).is_some() {
                session.login = None;
                let failure = Failure::new(FailureKind::Timeout, "presumed lost");
                self.fail(index, failure.into(), at);
            }
        }
    }

    /// The session of a scope, made if need be; the one unused for longest makes room.
    fn session(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.sessions.iter().position(|session| session.scope == *scope) {
            Some(index) => index,
            None => {
                // What cannot work takes nobody's place.
                self.cloud.check(&self.credential, scope)?;
                if self.sessions.len() >= limits::SESSIONS {
                    let all = self.sessions.iter().enumerate();
                    let idle = all.filter(|(_, session)| session.flight.is_none());
                    let oldest =
                        idle.min_by_key(|(_, session)| (!session.is_idle(), session.used_at));
                    let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
                    self.sessions.swap_remove(oldest);
                }
                self.sessions.push(Session::new(scope.clone()));
                self.sessions.len() - 1
            }
        };
        self.sessions[index].used_at = at;
        Ok(index)
    }
}
