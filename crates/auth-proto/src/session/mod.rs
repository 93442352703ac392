//! Tokens kept alive: one cloud, one credential, a token for each scope.
//!
//! Every caller that needs a token polls. Of all callers that poll for one scope, one gets the
//! login request to send; the others use the old token while it lives, or wait. All of them share
//! the result, a failure too.

pub(crate) mod action;
mod ask;
pub(crate) mod clock;
pub(crate) mod event;
mod finish;
mod fruitless;
mod inputs;
mod pauses;
mod poll;
mod refresh;
mod root;
pub(crate) mod service_call;
pub(crate) mod settings;
mod share;
mod start;
mod state;
pub(crate) mod store;
mod tell;

use std::{sync::Arc, time::Duration};

use time::UtcDateTime;

use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind},
    login,
    model::{credential::Credential, endpoint_query::EndpointQuery, scope::Scope, token::Token},
    session::{
        action::{Action, Destination, SessionId},
        ask::RefusedSecrets,
        clock::Clock,
        event::{Counts, Event, Events},
        pauses::backoff::Jitter,
        pauses::failure_streak::FailureStreak,
        pauses::lockout::Lockout,
        pauses::unanswered::Unanswered,
        poll::Want,
        root::Root,
        settings::Settings,
        share::Outbox,
        state::scope_state::ScopeState,
        state::scopes::Scopes,
    },
};

/// One credential at one cloud, with a token for each scope that callers ask for.
///
/// A session never sleeps, sends or reads a clock. A driver does that: it polls the session under a
/// lock, sends requests without the lock, hands in the responses, and wakes all waiting callers
/// when [`take_wake`](Self::take_wake) asks for it. The crate `auth-driver` is such a driver, for
/// any HTTP client; `auth-ureq` and `auth-reqwest` use it. The [manual](crate::manual) describes
/// how a session behaves in an outage, after a change of password and at a lockout.
///
/// Each scope is in one of four phases. (Two more, beside `InFlight`, concern a token that was refused:
/// a question to the identity service about a token that a [service](crate::manual::rejected_tokens)
/// has refused, and an [exchange](crate::manual::root_tokens) that waits for the answer.)
///
/// ```text
///                      poll: Send
///  ┌──────┐ ───────────────────────────────▶ ┌──────────┐
///  │ Idle │                                  │ InFlight │
///  └──────┘ ◀─────────────────────────────── └──────────┘
///     ▲      handle_response: a token, or no     │    ▲
///     │      further step; handle_failure,       │    │ poll: Send
///     │      handle_abandoned                    │    │
///     │                                          │    │
///     │      handle_response: a further factor,  ▼    │   poll: Ask
///     │      or a further request            ┌─────────┐ ──────────▶ ┌────────┐
///     └───────────────────────────────────── │ Pending │             │ Asking │
///       the receipt or the first token ends  └─────────┘ ◀────────── └────────┘
///                                               handle_reply; dropped
/// ```
///
/// `Idle` goes to `Asking`, too, for a secret that each login reads, and for a new one-time code.
///
/// The action that [`poll`](Self::poll) returns depends on the phase, the token, and the failures
/// so far:
///
/// | | no token, or one that the [`Destination`] has refused | a valid token | a token near its end |
/// | --- | --- | --- | --- |
/// | `Idle` | `Send`; after a failure `Wait` or `Fail`; for a secret or after a used one-time code `Ask` | `Use`; once renewal is due `Send`, or `Ask` for a secret | `Send`, or `Ask` for a secret; after a failure `Use` |
/// | `InFlight` | `Wait` | `Use` | `Wait` |
/// | `Pending` | `Ask`, or `Send` | `Use` | `Use`, or `Send` |
/// | `Asking` | `Wait` | `Use` | `Use`, or `Wait` for a secret |
///
/// With a [root token](crate::manual::root_tokens), `Idle` of any other scope needs one: without it, a
/// poll returns the action of the root's scope.
///
/// Until the credential has given a token, the session sends only one request at a time, and the
/// other scopes `Wait`.
///
/// A session [with a store](Settings::with_store) asks the [store](crate::Store) before it sends a
/// login: where the table says `Send` in `Idle`, it says [`Take`](Action::Take) first. The scope then
/// uses what another process has found out, a token or a pause; or it has the lease and sends; or it
/// waits for the process that has the lease. A store that does not answer is not asked for half a
/// minute, and the session goes on without it.
#[doc = include_str!("walk.md")]
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    cloud: Cloud,
    credential: Credential,
    /// The token of a credential that needs no login. Then there are no scopes and no requests.
    fixed: Option<Arc<Token>>,
    settings: Settings,
    clock: Clock,
    jitter: Jitter,
    scopes: Scopes,
    /// The number of requests that were dropped until the last call.
    dropped: u64,
    /// Set while a refused credential blocks scopes.
    lockout: Option<Lockout>,
    /// The failure whose `Retry-After` blocks all scopes.
    retry_after: Option<FailureStreak>,
    /// Whether this credential has given a token, and no refusal came since.
    credential_verified: bool,
    /// Whether the service has accepted this credential's password or code, and not refused it
    /// since. Unlike `credential_verified`, a service's 401 does not end this.
    credential_proven: bool,
    /// The requests with an unproven password that got no status.
    unanswered: Option<Unanswered>,
    /// Set while secrets are refused that are read from their sources.
    refused_secrets: Option<RefusedSecrets>,
    /// When a question for a secret last came back without a reply.
    unread_at: Option<Duration>,
    /// Set if the tokens of scopes are derived from a root token.
    root: Option<Root>,
    /// The place of the roots that no scope leads to.
    hidden_root: Option<usize>,
    /// Set if the session shares tokens with other processes.
    store: Option<Outbox>,
    /// Whether the credential's one-time code has been sent.
    code_used: bool,
    attempts: u64,
    closed: bool,
    /// Whether waiting callers have a reason to poll again.
    wake: bool,
    events: Events,
}

impl Session {
    /// A session for this credential. It sends nothing before the first poll.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the credential cannot work at this cloud. The first poll for a
    /// scope reports a scope that cannot work.
    pub fn new(cloud: Cloud, credential: Credential, settings: Settings) -> Result<Self, Error> {
        let cloud = cloud.for_login(&credential);
        cloud.check_credential(&credential)?;
        let mut session = Self {
            id: SessionId::default(),
            fixed: login::fixed_token(&cloud, &credential)?.map(Arc::new),
            cloud,
            credential,
            jitter: Jitter::new(settings.seed()),
            store: settings.has_store().then(Outbox::default),
            settings,
            clock: Clock::default(),
            scopes: Scopes::default(),
            dropped: 0,
            lockout: None,
            retry_after: None,
            credential_verified: false,
            credential_proven: false,
            unanswered: None,
            refused_secrets: None,
            unread_at: None,
            root: None,
            hidden_root: None,
            code_used: false,
            attempts: 0,
            closed: false,
            wake: false,
            events: Events::default(),
        };
        session.check_root(&session.credential)?;
        session.set_root();
        Ok(session)
    }

    /// The cloud, with its API version once a response has shown it.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The scope of the tokens for a service, for a caller whose own scope is `own`.
    ///
    /// This is `own`, except for a global service ([`Cloud::scope_hint`]) when `own` is a project
    /// or the default: then it is a domain. The domain is the one of the credential's user (with an
    /// agency, the domain that delegates), else the one of the project. Without either, Open
    /// Telekom Cloud uses the default scope, whose token is valid for global services there. A
    /// caller with any other scope, an application credential and an existing token keep `own`. The
    /// result does not depend on any token, so it stays the same.
    ///
    /// ```
    /// use auth_proto::{
    ///     Cloud, Credential, DomainRef, EndpointQuery, Scope, Session, Settings, UserRef,
    /// };
    ///
    /// let user = UserRef::name_in("me", DomainRef::name("corp"));
    /// let credential = Credential::password(user, "secretsecret");
    /// let session = Session::new(Cloud::otc("eu-de")?, credential, Settings::default())?;
    /// let own = Scope::project_name("eu-de");
    /// assert_eq!(session.scope_for(&EndpointQuery::new("compute"), &own)?, own);
    /// let global = session.scope_for(&EndpointQuery::new("identity"), &own)?;
    /// assert_eq!(global, Scope::domain_name("corp"));
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::ServiceDomain`](crate::ConfigError::ServiceDomain) if no domain is known,
    /// [`ErrorKind::Closed`] after [`close`](Self::close).
    pub fn scope_for(&self, want: &EndpointQuery, own: &Scope) -> Result<Scope, Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        Ok(self.cloud.scope_for(want, &self.credential, own)?)
    }

    /// The next action of a caller that needs a token for this scope:
    /// [`poll_to`](Self::poll_to) with an unknown destination.
    pub fn poll(&mut self, scope: &Scope, now: UtcDateTime) -> Action {
        self.poll_to(scope, Destination::Unknown, now)
    }

    /// The next action of a caller that needs a token for this scope, to send it to this
    /// destination. It gets no token that the destination has refused.
    pub fn poll_to(
        &mut self,
        scope: &Scope,
        destination: Destination<'_>,
        now: UtcDateTime,
    ) -> Action {
        self.next(scope, Want::to(destination), now)
    }

    /// The same for a caller that needs a token which lives at least this long, for a long task that
    /// cannot get another one. A token that ends sooner is renewed first, and the caller waits.
    ///
    /// A longer life than nine tenths of a new token's counts as nine tenths. If no renewal is
    /// possible now, the caller gets the token that there is: during an outage, and from a
    /// credential whose tokens are [not renewed early](crate::manual::renewal).
    pub fn poll_for(
        &mut self,
        scope: &Scope,
        destination: Destination<'_>,
        life: Duration,
        now: UtcDateTime,
    ) -> Action {
        self.next(scope, Want { life, ..Want::to(destination) }, now)
    }

    /// The next action of a background task that renews this scope's token, so that no caller waits
    /// for a renewal. From the first call on, [`poll`](Self::poll) leaves early renewals of this
    /// scope to that task. If the task stops, callers renew again shortly before the token ends.
    pub fn renew(&mut self, scope: &Scope, now: UtcDateTime) -> Action {
        self.next(scope, Want { background: true, ..Want::to(Destination::Unknown) }, now)
    }

    /// The valid token of this scope, if there is one.
    pub fn cached_token(&mut self, scope: &Scope, now: UtcDateTime) -> Option<Arc<Token>> {
        let at = self.advance(now);
        self.keep_leases(at);
        let live = self.state(scope).and_then(|state| state.live.as_ref());
        let token = live.map(|live| &live.token).or(self.fixed.as_ref())?;
        Some(Arc::clone(token))
    }

    /// The result for a caller whose deadline has passed: the token that it can use, which may have
    /// arrived at the last moment, else the [last error](Self::last_error). Such a caller must not
    /// [`poll`](Self::poll): it could get a request that it has no time to send.
    ///
    /// # Errors
    ///
    /// As [`last_error`](Self::last_error).
    pub fn at_deadline(
        &mut self,
        scope: &Scope,
        destination: Destination<'_>,
        now: UtcDateTime,
    ) -> Result<Arc<Token>, Option<Error>> {
        self.advance(now);
        let live = self.state(scope).and_then(|state| state.usable(destination));
        let token = live.map(|live| &live.token).or(self.fixed.as_ref());
        token.cloned().ok_or_else(|| self.last_error(scope))
    }

    /// The error of this scope's last login, if no login has succeeded since, with the time of the
    /// next attempt.
    pub fn last_error(&self, scope: &Scope) -> Option<Error> {
        let index = self.scopes.place(scope)?;
        // Without a root token, its error is the reason.
        let root = self.root_of(index).filter(|root| self.scopes[*root].live.is_none());
        self.error_of(index).or_else(|| self.error_of(root?))
    }

    fn error_of(&self, index: usize) -> Option<Error> {
        let block = self.block(index, self.clock.elapsed());
        let blocked = block.map(|block| block.error(&self.clock));
        // A streak whose pause is over still explains why there is no token yet.
        blocked.or_else(|| {
            let lacks_token = self.scopes[index].live.is_none();
            let of_root = self.fruitless(index).filter(|_| lacks_token);
            let streak = self.scopes[index].streak.as_ref().or(of_root)?;
            Some(streak.error.clone().with_retry_at(None))
        })
    }

    /// Whether waiting callers must be woken, because a call since the last `take_wake` gave them a
    /// reason to poll again. Resets the flag.
    ///
    /// A driver asks after each call, under the same lock, and wakes the callers without the lock.
    pub fn take_wake(&mut self) -> bool {
        std::mem::take(&mut self.wake)
    }

    /// The oldest event that has not been taken yet. The session keeps the last
    /// [`limits::EVENTS`](crate::limits::EVENTS).
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// How often something has happened since the session began. A new credential and the end of the
    /// session change no number.
    pub fn counts(&self) -> Counts {
        self.events.counts()
    }

    fn state(&self, scope: &Scope) -> Option<&ScopeState> {
        self.scopes.get(scope)
    }
}
