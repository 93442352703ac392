//! Tokens kept alive: one cloud, one credential, a token for each scope.
//!
//! Whoever needs a token polls. Among all who poll for one scope, one is told to send the login;
//! the others use the old token while it lives, or wait. What comes back, good or bad, is the
//! answer to all of them.

pub(crate) mod action;
pub(crate) mod backoff;
pub(crate) mod clock;
pub(crate) mod event;
mod failure_streak;
mod finish;
mod live_token;
mod lockout;
mod poll;
mod scope_state;
pub(crate) mod service_call;
pub(crate) mod settings;

use std::{sync::Arc, time::Duration};

use http::Response;
use time::UtcDateTime;

use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Failure, Misuse},
    model::{
        credential::{Credential, Factor},
        endpoint_query::EndpointQuery,
        scope::Scope,
        token::Token,
    },
    session::{
        action::{Action, PendingRequest},
        backoff::Jitter,
        clock::Clock,
        event::{Event, Events},
        failure_streak::FailureStreak,
        lockout::Lockout,
        scope_state::{Input, Phase, ScopeState},
        settings::Settings,
    },
};

/// One credential at one cloud, with a token for each scope that is asked for.
///
/// It never sleeps, sends or reads a clock. A driver polls it under a lock, carries requests and
/// answers without the lock, and wakes everybody who waits after each `handle_*`; the crates
/// `auth-ureq` and `auth-reqwest` are two such drivers. What it does in an outage, after a change
/// of password and at a lock-out is told in the [manual](crate::manual).
///
/// Each scope is in one of three phases:
///
/// ```text
///                     poll: Send
///  ┌──────┐ ──────────────────────────────▶ ┌────────┐
///  │ Idle │                                 │ InFlight │
///  └──────┘ ◀────────────────────────────── └────────┘
///     ▲      handle_response: a token, or no    │   ▲
///     │      handle_failure, handle_abandoned   │   │ answer, if one is
///     │                                         │   │ asked for; poll: Send
///     │      handle_response: a further factor, ▼   │
///     │      or a further request           ┌────────┐
///     └──────────────────────────────────── │ Pending  │
///       the receipt, or what it has, is over└────────┘
/// ```
///
/// What [`poll`](Self::poll) says depends on the phase, on the token and on the failures so far:
///
/// | | no token | a token that lives | near its end |
/// | --- | --- | --- | --- |
/// | `Idle` | `Send`; after a failure `Wait` or `Fail`; with a code that is code_used `NeedFactor` | `Use`; once renewal is due `Send` | `Send`; after a failure `Use` |
/// | `InFlight` | `Wait` | `Use` | `Wait` |
/// | `Pending` | `NeedFactor`, or `Send` | `Use` | `Use`, or `Send` |
///
/// Until the credential has given a token, only one request is in the air for the whole account, and
/// the other scopes `Wait`.
///
/// A walk through all of it, with a user who needs two factors:
///
/// ```
/// use auth_proto::{
///     Session, Action, FailureClass, Cloud, Credential, Event, Factor, Failure, FailureKind, Scope,
///     Settings, UserRef,
/// };
/// use http::Response;
/// use std::time::Duration;
/// use time::macros::utc_datetime;
///
/// let cloud = Cloud::keystone("https://keystone.example/v3")?;
/// let credential = Credential::password(UserRef::id("u1"), "secretsecret");
/// let mut account = Session::new(cloud, credential, Settings::default())?;
/// let scope = Scope::project_id("p1");
/// let now = utc_datetime!(2026-01-01 00:00);
///
/// // Idle: the first who polls sends the login. InFlight: all others wait for it.
/// let Action::Send(flight, request) = account.poll(&scope, now) else { panic!() };
/// assert_eq!(request.uri(), "https://keystone.example/v3/auth/tokens");
/// assert!(matches!(account.poll(&scope, now), Action::Wait(_)));
///
/// // Whoever carries it may break off: somebody else takes over.
/// account.handle_abandoned(flight);
/// let Action::Send(flight, _) = account.poll(&scope, now) else { panic!() };
///
/// // No answer. Idle again, but not before a pause; then the login is sent once more.
/// account.handle_failure(flight, Failure::new(FailureKind::Connect, "refused"), now);
/// let Action::Wait(now) = account.poll(&scope, now) else { panic!() };
/// let Action::Send(flight, _) = account.poll(&scope, now) else { panic!() };
///
/// // The password is right, and a second factor probe_requested. Pending: whoever polls gets the question.
/// let wants_more = Response::builder()
///     .status(401)
///     .header("Openstack-Auth-Receipt", "a-receipt")
///     .body(r#"{
///         "receipt": {"methods": ["password"], "expires_at": "2026-01-01T00:05:00Z"},
///         "required_auth_methods": [["password", "totp"]]
///     }"#)?;
/// account.handle_response(flight, wants_more, now);
/// let Action::NeedFactor(challenge) = account.poll(&scope, now) else { panic!() };
/// assert_eq!(challenge.missing().next(), Some(vec!["totp"]));
///
/// // The answer goes with the receipt, and without the password.
/// account.submit_factor(&scope, Factor::totp("123456"))?;
/// let Action::Send(flight, request) = account.poll(&scope, now) else { panic!() };
/// assert!(request.headers().contains_key("Openstack-Auth-Receipt"));
///
/// // A token. Idle, and nobody has to ask the service again for as long as it lives.
/// let token = Response::builder()
///     .status(201)
///     .header("X-Subject-Token", "a-token")
///     .body(r#"{"token": {
///         "issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T01:00:00Z",
///         "project": {"id": "p1", "name": "production"}
///     }}"#)?;
/// account.handle_response(flight, token, now);
/// let Action::Use(token) = account.poll(&scope, now) else { panic!() };
/// assert_eq!(token.expose(), "a-token");
///
/// // A service refuses it: it is dropped, and the next who polls logs in again.
/// account.handle_unauthorized(&token, now);
/// assert!(matches!(account.poll(&scope, now), Action::Send(..)));
///
/// // What an operator was told meanwhile.
/// let events: Vec<Event> = std::iter::from_fn(|| account.poll_event()).collect();
/// assert!(matches!(events[..], [
///     Event::LoginStarted { .. },
///     Event::LoginStarted { .. },
///     Event::LoginFailed { class: FailureClass::Transient, .. },
///     Event::LoginStarted { .. },
///     Event::LoginStarted { .. },
///     Event::TokenRenewed { .. },
///     Event::TokenRejected { .. },
///     Event::LoginStarted { .. },
/// ]));
///
/// // Closed: an end for everybody.
/// account.close();
/// assert!(matches!(account.poll(&scope, now + Duration::from_secs(1)), Action::Fail(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    cloud: Cloud,
    credential: Credential,
    settings: Settings,
    clock: Clock,
    jitter: Jitter,
    scopes: Vec<ScopeState>,
    /// The credential was refused.
    lockout: Option<Lockout>,
    /// The service asked to be left alone, by all scopes.
    retry_after: Option<FailureStreak>,
    /// Whether this credential has given a token, and nothing was refused since.
    credential_verified: bool,
    /// Whether its one-time code has been sent.
    code_used: bool,
    attempts: u64,
    closed: bool,
    events: Events,
}

impl Session {
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
            jitter: Jitter::new(settings.seed()),
            settings,
            clock: Clock::default(),
            scopes: Vec::new(),
            lockout: None,
            retry_after: None,
            credential_verified: false,
            code_used: false,
            attempts: 0,
            closed: false,
            events: Events::default(),
        })
    }

    /// The cloud, with its API version once that is known.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Which scope a token for a service has, for a caller whose own scope is this.
    ///
    /// It is the own one, but for a global service ([`Cloud::scope_hint`]), which wants a domain's
    /// where the own one is a project's or the default. That is the domain that the credential
    /// names its user in (with an agency, the one of the account that delegates), else the one that
    /// the project is named in; without either, at Open Telekom Cloud, the default scope, which gives
    /// a token for global services there. Whoever has any other scope of their own keeps it, and so
    /// does an application credential, or a token that is passed on. No token has a say in this, so
    /// that the answer stays the same.
    ///
    /// ```
    /// use auth_proto::{Session, Cloud, Credential, DomainRef, Scope, EndpointQuery, Settings, UserRef};
    ///
    /// let user = UserRef::name_in("me", DomainRef::name("corp"));
    /// let credential = Credential::password(user, "secretsecret");
    /// let account = Session::new(Cloud::otc("eu-de")?, credential, Settings::default())?;
    /// let own = Scope::project_name("eu-de");
    /// assert_eq!(account.scope_for(&EndpointQuery::new("compute"), &own)?, own);
    /// let global = account.scope_for(&EndpointQuery::new("identity"), &own)?;
    /// assert_eq!(global, Scope::domain_name("corp"));
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::ServiceDomain`](crate::ConfigError::ServiceDomain) if nothing names the
    /// domain, [`ErrorKind::Closed`] after [`close`](Self::close).
    pub fn scope_for(&self, want: &EndpointQuery, own: &Scope) -> Result<Scope, Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        Ok(self.cloud.scope_for(want, &self.credential, own)?)
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
    /// fine, and earlier harmless; it may have passed already.
    pub fn renew_at(&self, scope: &Scope) -> Option<UtcDateTime> {
        let at = self.clock.elapsed();
        let state = self.scopes.iter().find(|state| state.scope == *scope)?;
        let live = state.live.as_ref()?;
        let pauses = self.block(state, at).map(|block| block.until);
        let flights = state.flight().map(|flight| flight.lost_at);
        let asks = self.pending_challenge(state).map(|_| live.ends_at);
        let due = [pauses, flights, asks].into_iter().flatten().fold(live.renew_at, Duration::max);
        Some(self.clock.at(due.min(live.ends_at)))
    }

    /// The token of this scope, if it lives: for a caller whose deadline has passed, whom
    /// [`poll`](Self::poll) might hand a request that they can only abandon.
    pub fn cached_token(&mut self, scope: &Scope, now: UtcDateTime) -> Option<Arc<Token>> {
        self.advance(now);
        let state = self.scopes.iter().find(|state| state.scope == *scope)?;
        state.live.as_ref().map(|live| Arc::clone(&live.token))
    }

    /// What this scope's last login failed with, if nothing better has come since, and when the next
    /// one may be sent: to tell a caller whose deadline has passed.
    pub fn last_error(&self, scope: &Scope) -> Option<Error> {
        let state = self.scopes.iter().find(|state| state.scope == *scope)?;
        let block = self.block(state, self.clock.elapsed());
        let live = block.map(|block| block.error(&self.clock));
        // One whose pause is over, while the next attempt is in the air.
        live.or_else(|| Some(state.streak.as_ref()?.error.clone().with_retry_at(None)))
    }

    /// The answer to a flight's request.
    pub fn handle_response(
        &mut self,
        flight: PendingRequest,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) {
        let at = self.advance(now);
        let Some((index, landed)) = self.take_in_flight(&flight) else { return };
        let sent_at = landed.sent_at;
        let input = self.read(index, landed, response, now, at);
        self.finish(index, input, sent_at, at);
    }

    /// No answer came to a flight's request.
    pub fn handle_failure(&mut self, flight: PendingRequest, failure: Failure, now: UtcDateTime) {
        let at = self.advance(now);
        if let Some((index, landed)) = self.take_in_flight(&flight) {
            // An HTTP client's own words may quote what a server sent.
            let error = Error::from(failure).without_secrets(&landed.login.secrets());
            self.finish(index, Input::Failed(error), landed.sent_at, at);
        }
    }

    /// The one who carried a flight's request is gone: cancelled, or in a panic. Somebody else
    /// takes over, at once the first time; if that happens twice in a row, it counts as a failure.
    pub fn handle_abandoned(&mut self, flight: PendingRequest) {
        let at = self.clock.elapsed();
        if let Some((index, landed)) = self.take_in_flight(&flight) {
            self.finish(index, Input::Abandoned, landed.sent_at, at);
        }
    }

    /// A service answered 401 to a request with this token. It is dropped, unless it has been
    /// replaced already, or a login was forced in the last minute: then it is the service that is
    /// at odds with the identity service.
    pub fn handle_unauthorized(&mut self, token: &Token, now: UtcDateTime) {
        let at = self.advance(now);
        for index in 0..self.scopes.len() {
            if self.scopes[index].holds(token) {
                self.step(index, Input::Unauthorized, at);
                // A changed password ends tokens: it may be that, for every scope at once.
                self.credential_verified &= self.scopes[index].live.is_some();
            }
        }
    }

    /// Answers an [`Action::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Login::submit_factor`](crate::Login::submit_factor).
    pub fn submit_factor(&mut self, scope: &Scope, factor: Factor) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let mut state = self.scopes.iter_mut().find(|state| state.scope == *scope);
        if let Some(ScopeState { phase: Phase::Pending(pending), .. }) = &mut state {
            pending.login.submit_factor(factor)?;
        } else if !self.code_used {
            return Err(Misuse::NoChallenge.into());
        } else if !matches!(factor, Factor::Totp(_)) {
            return Err(Misuse::WrongFactor.into());
        } else {
            let credential = self.credential.clone().with_fresh(&factor);
            self.cloud.check(&credential, scope)?;
            self.credential = credential;
            self.code_used = false;
        }
        if let Some(state) = state {
            // A refusal was of the factor before; what broke the connection still holds.
            state.streak.iter_mut().for_each(FailureStreak::clear);
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
        self.cloud.check_credential(&credential)?;
        for state in self.scopes.iter().filter(|state| state.is_in_use()) {
            self.cloud.check(&credential, &state.scope)?;
        }
        for state in &mut self.scopes {
            state.is_checked = state.is_in_use();
        }
        self.credential = credential;
        self.lockout = None;
        self.credential_verified = false;
        self.code_used = false;
        for index in 0..self.scopes.len() {
            self.step(index, Input::Replaced, at);
        }
        Ok(())
    }

    /// Ends it: tokens are forgotten, and every poll from now on fails. What the tokens opened
    /// stays open at the server until they end there.
    pub fn close(&mut self) {
        self.closed = true;
        self.credential = Credential::none();
        self.lockout = None;
        self.retry_after = None;
        self.scopes.clear();
    }

    /// What has happened, the oldest first, each told once. The last [`limits::EVENTS`](crate::limits::EVENTS) are kept for
    /// whoever asks.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Whether the account stands to give another token than this one, without help: whether a
    /// request that was refused with it is worth a second try.
    pub(crate) fn may_replace(&self, token: &Token) -> bool {
        let kept = self.scopes.iter().any(|state| state.holds(token));
        let can_log_in = !self.credential.is_one_time() && !self.credential.is_existing_token();
        can_log_in && !self.closed && !kept
    }
}
