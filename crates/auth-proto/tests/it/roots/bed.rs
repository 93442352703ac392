//! An identity service and a service that give the same answers for ten minutes, and the busy callers
//! of one session.

use std::time::Duration;

use auth_proto::{
    Action, Agency, Body, Cloud, Credential, Destination, DomainRef, Error, Factor, Failure,
    FailureKind, PendingRequest, RetryDecision, Scope, ServiceCall, Session, Settings, UserRef,
    timestamp,
};
use http::{Method, Request, Response, StatusCode};
use serde_json::json;
use time::UtcDateTime;

use super::service::projects;
use crate::support::{
    NOW, json as read, keystone, password, response,
    session::{compute, seconds},
};

/// The login of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user who assumes an agency.
    Agency,
    /// A one-time code, and so many scopes.
    Code(usize),
    /// A password without a root token.
    Plain,
    /// A password with a root token, and so many scopes.
    Root(usize),
}

/// What follows each login, which always gives a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answers {
    /// To the question about a token. `None`: no response.
    pub(super) question: Option<u16>,
    pub(super) exchange: u16,
    /// How many scopes get 201 to their exchange instead.
    pub(super) with_role: usize,
    /// Of the service that gets the scope's token.
    pub(super) service: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) logins: usize,
    pub(super) exchanges: usize,
    pub(super) questions: usize,
    /// The codes that a person was asked for.
    pub(super) codes: usize,
}

pub(super) struct Bed {
    pub(super) session: Session,
    pub(super) now: UtcDateTime,
    pub(super) answers: Answers,
    pub(super) counts: Counts,
    pub(super) scopes: Vec<Scope>,
    /// The last error that a caller got.
    pub(super) error: Option<Error>,
    /// Whether a caller of each scope waits.
    waiting: Vec<bool>,
    /// Until then, calls of each scope have the same result.
    settled: Vec<UtcDateTime>,
    flights: Vec<Flight>,
    tokens: usize,
    is_agency: bool,
}

struct Flight {
    due: UtcDateTime,
    pending: PendingRequest,
    back: Back,
}

enum Back {
    Code,
    Lost,
    Response(Response<Vec<u8>>),
}

const ROUND_TRIP: Duration = Duration::from_millis(20);
/// The time that a person takes to read a code, and an HTTP client to give up.
const SLOW: Duration = seconds(5);
/// A caller who was served has no work for so long, and one who was refused calls again.
const SERVED: Duration = seconds(3600);
const REFUSED: Duration = Duration::from_millis(100);
/// Between two calls of callers.
const BETWEEN: Duration = Duration::from_millis(10);

impl Kind {
    fn session(self, seed: u64) -> Session {
        let (settings, user) = (Settings::default().with_seed(seed), crate::support::alice());
        let (cloud, credential, settings) = match self {
            Self::Agency => {
                let user = UserRef::name_in("me", DomainRef::name("corp"));
                let agency = Agency::new("agency", DomainRef::name("other"));
                let credential = Credential::password(user, "alice-pw").assume(agency);
                (Cloud::otc("eu-de").unwrap(), credential, settings)
            }
            Self::Code(_) => (keystone(), Credential::totp(user, "100000"), settings),
            Self::Plain => (keystone(), password(), settings),
            Self::Root(_) => (keystone(), password(), settings.with_root(Scope::unscoped())),
        };
        Session::new(cloud, credential, settings).unwrap()
    }

    fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Agency => vec![Scope::project_name("eu-de")],
            Self::Code(count) | Self::Root(count) => projects(count),
            Self::Plain => projects(1),
        }
    }
}

impl Bed {
    pub(super) fn new(kind: Kind, answers: Answers) -> Self {
        let scopes = kind.scopes();
        Self {
            session: kind.session(7),
            now: NOW,
            answers,
            counts: Counts::default(),
            waiting: vec![false; scopes.len()],
            settled: vec![NOW; scopes.len()],
            scopes,
            error: None,
            flights: Vec::new(),
            tokens: 0,
            is_agency: kind == Kind::Agency,
        }
    }

    /// The callers of all scopes call the service in turn, without a pause. The time in which all
    /// calls would have the same result is left out.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut turn = 0;
        while self.now < end {
            self.arrive();
            if self.settled[turn] <= self.now {
                self.call(turn);
            }
            turn = (turn + 1) % self.scopes.len();
            let flights = self.flights.iter().map(|flight| flight.due);
            let next = self.settled.iter().copied().chain(flights).min().unwrap_or(end);
            self.now = next.min(end).max(self.now + BETWEEN);
        }
    }

    /// All responses arrive that are due by now. They wake the callers who wait.
    fn arrive(&mut self) {
        let until = self.now;
        while let Some(next) = self.next_flight(until) {
            let flight = self.flights.swap_remove(next);
            self.now = flight.due;
            match flight.back {
                Back::Code => {
                    self.counts.codes += 1;
                    let code = Factor::totp((100_000 + self.counts.codes).to_string());
                    self.session.handle_reply(flight.pending, code, self.now).unwrap();
                }
                Back::Lost => {
                    let failure = Failure::new(FailureKind::Timeout, "no response");
                    self.session.handle_failure(flight.pending, failure, self.now).unwrap();
                }
                Back::Response(response) => {
                    self.session.handle_response(flight.pending, response, self.now).unwrap();
                }
            }
            if self.session.take_wake() {
                self.settled.fill(self.now);
                let waiting = (0..self.scopes.len()).filter(|index| self.waiting[*index]);
                waiting.collect::<Vec<_>>().into_iter().for_each(|index| self.call(index));
            }
        }
        self.now = until;
    }

    fn next_flight(&self, until: UtcDateTime) -> Option<usize> {
        let due = self.flights.iter().enumerate().filter(|(_, flight)| flight.due <= until);
        due.min_by_key(|(_, flight)| flight.due).map(|(index, _)| index)
    }

    /// A caller of this scope gets a token and calls the service with it, twice if the session says
    /// so.
    fn call(&mut self, index: usize) {
        let (url, mut call) = (compute(), ServiceCall::new());
        self.waiting[index] = false;
        loop {
            let scope = &self.scopes[index];
            match self.session.poll_to(scope, Destination::At(&url), self.now) {
                Action::Ask(pending, _) => {
                    self.flights.push(Flight { due: self.now + SLOW, pending, back: Back::Code });
                }
                Action::Send(pending, request) => {
                    let back = self.answer(index, &request);
                    let takes = if matches!(back, Back::Lost) { SLOW } else { ROUND_TRIP };
                    self.flights.push(Flight { due: self.now + takes, pending, back });
                }
                Action::Use(token) => {
                    let status = StatusCode::from_u16(self.answers.service).unwrap();
                    let is_again = ServiceCall::is_refusal(&token, &url, status)
                        && call.decide(&mut self.session, &token, &url, true, self.now)
                            == RetryDecision::Retry;
                    if is_again {
                        continue;
                    }
                    let is_served = status != StatusCode::UNAUTHORIZED;
                    self.settled[index] = self.now + if is_served { SERVED } else { REFUSED };
                    return;
                }
                Action::Fail(error) => {
                    self.settled[index] = error.retry_at().unwrap_or(self.now);
                    self.error = Some(error);
                    return;
                }
                Action::Take(..) => unreachable!("the session has no store"),
                Action::Wait(until) => self.settled[index] = until,
            }
            self.waiting[index] = true;
            return;
        }
    }

    fn answer(&mut self, index: usize, request: &Request<Body>) -> Back {
        let project = self.scopes[index].clone();
        if request.method() == Method::GET {
            self.counts.questions += 1;
            return match self.answers.question {
                None => Back::Lost,
                Some(status) => Back::Response(self.response(status, None)),
            };
        }
        let auth = &read(request.body())["auth"];
        let (scope, methods) = (&auth["scope"], &auth["identity"]["methods"]);
        let is_exchange = [json!(["token"]), json!(["assume_role"])].contains(methods);
        let status = match is_exchange {
            true if index < self.answers.with_role => 201,
            true => self.answers.exchange,
            false => 201,
        };
        match is_exchange {
            true => self.counts.exchanges += 1,
            false => self.counts.logins += 1,
        }
        let is_scoped = is_exchange || scope["project"].is_object();
        Back::Response(self.response(status, Some(project).filter(|_| is_scoped)))
    }

    fn response(&mut self, status: u16, project: Option<Scope>) -> Response<Vec<u8>> {
        self.tokens += 1;
        let mut token = json!({
            "expires_at": timestamp::format(self.now + seconds(8 * 3600)),
            "issued_at": timestamp::format(self.now),
        });
        if let Some(project) = project {
            let scopes = &self.scopes;
            let number = scopes.iter().position(|scope| *scope == project).unwrap_or_default();
            token["project"] = json!({"id": format!("p{number}"), "name": "eu-de"});
        } else if self.is_agency {
            // That of the user's domain.
            token["domain"] = json!({"id": "corp-id", "name": "corp"});
        }
        match status {
            200 | 201 => {
                let text = format!("token-{}", self.tokens);
                response(status, Some(&text), &json!({ "token": token }).to_string())
            }
            _ => response(status, None, r#"{"error": {"message": "no"}}"#),
        }
    }
}
