//! One process: its session, its callers and background renewals, and what is under way.

use std::{sync::Arc, time::Duration};

use auth_proto::{
    Action, Cloud, Credential, Destination, Error, Failure, FailureKind, Federation, OidcClient,
    PendingRequest, Reply, RetryDecision, Scope, ServiceCall, Session, Settings, Taken, Token,
    UserRef,
};
use http::{Response, StatusCode, Uri};
use time::UtcDateTime;

use super::{
    clock,
    service::{CLIENT_SECRET, Service, TOKEN_ENDPOINT},
    store::{Connection, Store},
};

/// What a process is started with.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) credential: Credential,
    pub(crate) settings: Settings,
    /// Whether its tokens are derived from a root token.
    pub(crate) has_root: bool,
    /// How far its clock is off.
    pub(crate) skew: time::Duration,
    /// The projects whose tokens it renews in the background.
    pub(crate) renews: Vec<&'static str>,
}

pub(crate) struct Process {
    pub(crate) session: Session,
    /// Its own to the store.
    pub(crate) connection: Connection,
    pub(crate) plan: Plan,
    pub(crate) callers: Vec<Caller>,
    pub(crate) flights: Vec<Flight>,
    renewals: Vec<Renewal>,
    /// When a caller whose request or question is under way looks at the session again, as drivers do.
    looks_at: Duration,
    /// Until then the process is stopped, and does nothing.
    pub(crate) stopped_until: Duration,
}

/// A caller that waits for a token, or has a result.
pub(crate) struct Caller {
    pub(crate) scope: Scope,
    pub(crate) since: Duration,
    /// When it polls again, unless it is woken before.
    looks_at: Duration,
    pub(crate) result: Option<Result<Arc<Token>, Error>>,
    pub(crate) waited: Duration,
    url: Uri,
    /// The call that it needs the token for.
    call: Option<ServiceCall>,
    /// Whether the service has refused its last token.
    pub(crate) is_refused: bool,
}

/// A background loop of a project.
struct Renewal {
    scope: Scope,
    looks_at: Duration,
}

/// A request or a question that is under way.
pub(crate) struct Flight {
    due: Duration,
    pub(crate) pending: PendingRequest,
    pub(crate) back: Back,
}

pub(crate) enum Back {
    Lost,
    /// A person's reply.
    Reply,
    Response(Response<Vec<u8>>),
    Taken(Taken),
}

/// What a process can reach.
pub(crate) struct Outside<'a> {
    pub(crate) service: &'a mut Service,
    pub(crate) store: &'a mut Store,
    /// The time that the store takes for an answer.
    pub(crate) store_takes: Duration,
    pub(crate) now: Duration,
}

pub(crate) const TICK: Duration = Duration::from_millis(1);
/// As long as a request or a question is under way, a driver looks at the session so often.
const LOOK: Duration = Duration::from_millis(2500);
const URL: &str = "https://service.example/";

pub(crate) fn project(name: &str) -> Scope {
    Scope::project_id(name)
}

pub(crate) fn settings() -> Settings {
    Settings::default().with_store()
}

pub(crate) fn password(password: &'static str) -> Credential {
    Credential::password(UserRef::id("alice"), password)
}

/// The federated login of a machine.
pub(crate) fn machine() -> Credential {
    let client = OidcClient::new("robot", TOKEN_ENDPOINT).with_secret(CLIENT_SECRET);
    Credential::federated(Federation::client_credentials("corp", "openid", client))
}

impl Plan {
    pub(crate) fn of(credential: Credential) -> Self {
        let (skew, renews) = (time::Duration::ZERO, Vec::new());
        Self { credential, settings: settings(), has_root: false, skew, renews }
    }
}

impl Caller {
    pub(crate) fn new(project_id: &str, now: Duration) -> Self {
        Self {
            scope: project(project_id),
            since: now,
            looks_at: now,
            result: None,
            waited: Duration::ZERO,
            url: Uri::from_static(URL),
            call: None,
            is_refused: false,
        }
    }

    /// It sends the token to the service at this URL.
    pub(crate) fn calling(self, url: &'static str) -> Self {
        Self { url: Uri::from_static(url), call: Some(ServiceCall::new()), ..self }
    }
}

impl Process {
    pub(crate) fn new(plan: Plan, connection: Connection, seed: u64, now: Duration) -> Self {
        let settings = plan.settings.clone().with_seed(seed);
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let session = Session::new(cloud, plan.credential.clone(), settings).unwrap();
        let renewals = plan.renews.iter();
        let renewals = renewals.map(|name| Renewal { scope: project(name), looks_at: now });
        let renewals = renewals.collect();
        let (callers, flights, stopped_until) = (Vec::new(), Vec::new(), Duration::ZERO);
        Self { session, connection, plan, callers, flights, renewals, looks_at: now, stopped_until }
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.flights.iter().any(|flight| !matches!(flight.back, Back::Taken(_)))
    }

    /// Whether a caller waits or a request is under way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.flights.is_empty() || self.callers.iter().any(|caller| caller.result.is_none())
    }

    /// The next time at which something happens.
    pub(crate) fn next(&self) -> Option<Duration> {
        let waiting = self.callers.iter().filter(|caller| caller.result.is_none());
        let waiting = waiting.map(|caller| caller.looks_at);
        let renewals = self.renewals.iter().map(|renewal| renewal.looks_at);
        let flights = self.flights.iter().map(|flight| flight.due);
        let looks = self.is_sending().then_some(self.looks_at);
        let next = waiting.chain(renewals).chain(flights).chain(looks).min()?;
        Some(next.max(self.stopped_until))
    }

    /// Does one thing that can be done now.
    pub(crate) fn act(&mut self, outside: &mut Outside<'_>) -> bool {
        outside.now >= self.stopped_until
            && (self.land(outside)
                || self.poll(outside)
                || self.renew(outside)
                || self.look(outside))
    }

    /// Lets the caller whose request or question is under way look at the session.
    fn look(&mut self, outside: &mut Outside<'_>) -> bool {
        let looks = self.is_sending() && self.looks_at <= outside.now;
        if looks {
            let now = self.time(outside.now);
            let _ = self.session.cached_token(&project("p"), now);
            self.looks_at = outside.now + LOOK;
            self.drain(outside);
        }
        looks
    }

    /// Hands in one result that is due.
    fn land(&mut self, outside: &mut Outside<'_>) -> bool {
        let now = self.time(outside.now);
        let due = self.flights.iter().position(|flight| flight.due <= outside.now);
        let Some(Flight { pending, back, .. }) = due.map(|due| self.flights.remove(due)) else {
            return false;
        };
        match back {
            Back::Response(response) => self.session.handle_response(pending, response, now),
            Back::Taken(taken) => self.session.handle_taken(pending, taken, now),
            Back::Reply => self.session.handle_reply(pending, Reply::Secret("good".into()), now),
            Back::Lost => {
                let failure = Failure::new(FailureKind::Io, "reset");
                self.session.handle_failure(pending, failure, now)
            }
        }
        .unwrap();
        self.drain(outside);
        true
    }

    /// Lets one caller poll.
    fn poll(&mut self, outside: &mut Outside<'_>) -> bool {
        let now = self.time(outside.now);
        let waits = |caller: &Caller| caller.result.is_none() && caller.looks_at <= outside.now;
        let Some(number) = self.callers.iter().position(waits) else { return false };
        let caller = &mut self.callers[number];
        let action = self.session.poll_to(&caller.scope, Destination::At(&caller.url), now);
        caller.waited = outside.now - caller.since;
        // As long as its request is under way, a caller does not poll.
        caller.looks_at = Duration::MAX;
        match action {
            Action::Fail(error) => caller.result = Some(Err(error)),
            Action::Use(token) => self.use_token(number, token, outside),
            Action::Wait(until) => {
                let pause = Duration::try_from(until - now).unwrap_or(Duration::ZERO);
                caller.looks_at = outside.now.saturating_add(pause.max(TICK));
            }
            action => self.carry(action, outside),
        }
        self.drain(outside);
        true
    }

    /// The caller sends its token to the service, and once more after a refusal.
    fn use_token(&mut self, number: usize, token: Arc<Token>, outside: &Outside<'_>) {
        let now = self.time(outside.now);
        let caller = &mut self.callers[number];
        if let Some(call) = &mut caller.call {
            let is_accepted = outside.service.accepts_at(&token, &caller.url, outside.now);
            let status = if is_accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            caller.is_refused = ServiceCall::is_refusal(&token, &caller.url, status);
            if caller.is_refused
                && let RetryDecision::Retry =
                    call.decide(&mut self.session, &token, &caller.url, true, now)
            {
                caller.looks_at = outside.now;
                return;
            }
        }
        caller.result = Some(Ok(token));
    }

    /// Lets one background loop go on.
    fn renew(&mut self, outside: &mut Outside<'_>) -> bool {
        let now = self.time(outside.now);
        let due = self.renewals.iter_mut().find(|renewal| renewal.looks_at <= outside.now);
        let Some(renewal) = due else { return false };
        let action = self.session.renew(&renewal.scope, now);
        let pause = match action {
            Action::Wait(until) => Duration::try_from(until - now).unwrap_or(Duration::ZERO),
            _ => self.session.refresh_pause(&renewal.scope, now).unwrap_or(Duration::MAX),
        };
        renewal.looks_at = outside.now.saturating_add(pause.max(TICK));
        if let action @ (Action::Send(..) | Action::Take(..) | Action::Ask(..)) = action {
            self.carry(action, outside);
        }
        self.drain(outside);
        true
    }

    fn carry(&mut self, action: Action, outside: &mut Outside<'_>) {
        let (pending, due, back) = match action {
            Action::Send(pending, request) => {
                let response = outside.service.handle(&request, outside.now);
                (pending, outside.now + outside.service.pace, Back::Response(response))
            }
            Action::Take(pending, want) => {
                let taken = outside.store.take(self.connection, &want, outside.now);
                (pending, outside.now + outside.store_takes, Back::Taken(taken))
            }
            Action::Ask(pending, _) => {
                outside.service.asked += 1;
                (pending, outside.now + outside.service.reply_takes, Back::Reply)
            }
            other => panic!("{other:?}"),
        };
        self.flights.push(Flight { due, pending, back });
    }

    /// A caller goes away in the middle of what it does. The next one takes over.
    pub(crate) fn give_up(&mut self, number: usize, may_be_sent: bool, outside: &mut Outside<'_>) {
        let Flight { pending, .. } = self.flights.remove(number);
        match may_be_sent {
            true => self.session.handle_abandoned(pending).unwrap(),
            false => drop(pending),
        }
        self.wake(outside.now);
        self.drain(outside);
    }

    /// Wakes the callers, and tells the store.
    pub(crate) fn drain(&mut self, outside: &mut Outside<'_>) {
        if self.session.take_wake() {
            self.wake(outside.now);
        }
        while let Some(note) = self.session.poll_note() {
            outside.store.tell(self.connection, &note, outside.now);
        }
    }

    fn wake(&mut self, now: Duration) {
        let renewals = self.renewals.iter_mut().map(|renewal| &mut renewal.looks_at);
        let callers = self.callers.iter_mut().map(|caller| &mut caller.looks_at);
        callers.chain(renewals).for_each(|looks_at| *looks_at = (*looks_at).min(now));
    }

    pub(crate) fn time(&self, now: Duration) -> UtcDateTime {
        clock(now) + self.plan.skew
    }
}
