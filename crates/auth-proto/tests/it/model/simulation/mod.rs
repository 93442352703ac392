//! A session beside its reference model, with the clock, the requests and the tokens of both.
#![allow(clippy::unwrap_used, reason = "a panic is a finding")]

mod reference;

use std::{collections::BTreeSet, time::Duration};

use auth_proto::{
    Action, Cloud, Credential, ErrorKind, Event, Factor, Failure, FailureKind, Login,
    PendingRequest, Scope, Session, Settings, Step, UserRef, timestamp,
};
use http::Response;
use reference::Reference;
use serde_json::json;
use time::{UtcDateTime, macros::utc_datetime};

/// Takes these steps, compares session and model after each, and closes the session.
pub(crate) fn run(seed: u64, ops: impl IntoIterator<Item = Op>) {
    let mut simulation = Simulation::new(seed);
    for op in ops {
        simulation.take(&op);
        simulation.sweep();
        simulation.check();
    }
    simulation.close();
}

/// The same with a password and one-time codes: each code is sent once.
pub(crate) fn run_with_codes(ops: impl IntoIterator<Item = Op>) {
    let mut simulation = Simulation { one_time: true, ..Simulation::new(0) };
    let (mut codes, mut sent) = (100_000.., BTreeSet::new());
    let mut fresh = || Factor::totp(codes.next().unwrap_or_default().to_string());
    simulation.session.replace_credential(credential().and(fresh())).unwrap();
    for op in ops {
        match op {
            Op::Factor(_) => {}
            Op::Poll(index) | Op::Renew(index) => {
                match simulation.session.poll(&scope(index), simulation.now) {
                    Action::NeedFactor(_) => {
                        simulation.session.submit_factor(&scope(index), fresh()).unwrap();
                    }
                    Action::Send(pending, request) => {
                        let body: serde_json::Value =
                            serde_json::from_slice(request.body().as_bytes()).unwrap();
                        let code = &body["auth"]["identity"]["totp"]["user"]["passcode"];
                        assert!(sent.insert(code.as_str().unwrap().to_owned()), "{code} again");
                        simulation.model.scopes[index].sent_at = Some(simulation.model.now);
                        simulation.pending[index] = Some(pending);
                    }
                    Action::Fail(_) | Action::Use(_) | Action::Wait(_) => {}
                }
            }
            Op::Replace => {
                simulation.session.replace_credential(credential().and(fresh())).unwrap();
                simulation.model.replaced();
            }
            op => simulation.take(&op),
        }
        simulation.sweep();
    }
    simulation.close();
}

const PROJECTS: [&str; 3] = ["p", "q", "r"];
const START: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

/// Responses that are neither a token nor a refusal.
const ODD: [(u16, &str); 8] = [
    (200, "<html>"),
    (200, ""),
    (201, r#"{"token": {"expires_at": "2026-11-30T08:00:00Z", "project": {"id": "other"}}}"#),
    (201, r#"{"token": {"expires_at": "soon"}}"#),
    (302, ""),
    (400, r#"{"error": {"code": 400, "message": "no"}}"#),
    (404, ""),
    (413, ""),
];

/// A call of the session, usually for one of three scopes.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Abandon(usize),
    Respond(usize, Reply),
    /// The clock moves, by quarters of a second.
    Clock(i64),
    Factor(usize),
    Fail(usize),
    /// A response to a request that no longer counts.
    Late(usize),
    Poll(usize),
    Renew(usize),
    Replace,
    /// A service refuses one of the tokens, counted from the newest.
    Unauthorized(usize),
}

/// The response of an identity service.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Odd(usize),
    /// A receipt that lives this many seconds.
    Receipt(u32),
    Refused(u16),
    /// A token that lives this many tens of seconds.
    Token(u32),
    /// A 503 with this `Retry-After`, or without one if it is 0.
    Unavailable(u32),
}

/// The session, its model, and their surroundings.
struct Simulation {
    session: Session,
    model: Reference,
    now: UtcDateTime,
    pending: [Option<PendingRequest>; 3],
    /// Requests that no longer count.
    late: Vec<PendingRequest>,
    tokens: Vec<String>,
    /// Whether the credential holds a one-time code.
    one_time: bool,
}

fn scope(index: usize) -> Scope {
    Scope::project_id(PROJECTS[index])
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), "secretsecret")
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let settings = Settings::default().with_seed(seed);
        Self {
            session: Session::new(cloud, credential(), settings).unwrap(),
            model: Reference::default(),
            now: START,
            pending: [None, None, None],
            late: Vec::new(),
            tokens: Vec::new(),
            one_time: false,
        }
    }

    fn take(&mut self, op: &Op) {
        match *op {
            Op::Abandon(index) => {
                if let Some(request) = self.pending[index].take() {
                    self.session.handle_abandoned(request);
                    self.model.failed(index, 0.0, 0.0);
                }
            }
            Op::Respond(index, ref reply) => {
                if let Some(request) = self.pending[index].take() {
                    self.respond(index, request, reply);
                }
            }
            Op::Clock(quarters) => {
                let step = time::Duration::milliseconds(250 * quarters);
                let Some(now) = self.now.checked_add(step) else { return };
                self.now = now;
                self.model.tick(quarters as f64 / 4.0);
            }
            Op::Factor(index) => {
                let submitted = self.session.submit_factor(&scope(index), Factor::totp("123456"));
                let asked = &mut self.model.scopes[index];
                let open = asked.sent_at.is_none().then_some(asked.challenge.as_mut()).flatten();
                // A challenge takes one factor, and ends the pause after a wrong one.
                let open = open.filter(|(_, given)| !*given);
                assert_eq!(submitted.is_ok(), open.is_some());
                if let Some((_, given)) = open {
                    *given = true;
                    asked.own.0 = 0.0;
                }
            }
            Op::Fail(index) => {
                if let Some(request) = self.pending[index].take() {
                    let failure = Failure::new(FailureKind::Io, "reset");
                    self.session.handle_failure(request, failure, self.now);
                    self.model.failed(index, 2.5, 0.0);
                }
            }
            Op::Late(which) => {
                if which < self.late.len() {
                    let response = self.token("late", 0, 36_000);
                    self.session.handle_response(self.late.remove(which), response, self.now);
                }
            }
            Op::Poll(index) => self.poll(index, Session::poll),
            Op::Renew(index) => self.poll(index, Session::renew),
            Op::Replace => {
                self.session.replace_credential(credential()).unwrap();
                self.model.replaced();
            }
            Op::Unauthorized(back) => self.unauthorized(back),
        }
    }

    /// Collects the requests that no longer count; a late response may follow.
    fn sweep(&mut self) {
        self.model.tick(0.0);
        for (request, scope) in self.pending.iter_mut().zip(&self.model.scopes) {
            self.late.extend(request.take_if(|_| scope.sent_at.is_none()));
        }
    }

    /// Compares session and model.
    fn check(&mut self) {
        for index in 0..3 {
            let live = self.session.cached_token(&scope(index), self.now);
            let live = live.as_ref().map(|token| token.expose());
            let known = self.model.scopes[index].token.as_ref().map(|(text, ..)| text.as_str());
            assert_eq!(live, known, "the token of scope {index}");
            if let Some(at) = self.session.renew_at(&scope(index)) {
                assert!(at >= self.now || live.is_some());
            }
        }
        while self.session.poll_event().is_some() {}
    }

    /// Closes the session: no later call changes anything.
    fn close(mut self) {
        self.session.close();
        let pending = self.pending.iter_mut().filter_map(Option::take);
        for request in pending.chain(std::mem::take(&mut self.late)) {
            let failure = Failure::new(FailureKind::Io, "reset");
            self.session.handle_failure(request, failure, self.now);
        }
        assert!(self.session.replace_credential(credential()).is_err());
        for scope in (0..3).map(scope) {
            assert!(self.session.submit_factor(&scope, Factor::totp("123456")).is_err());
            let Action::Fail(error) = self.session.poll(&scope, self.now) else { panic!() };
            assert_eq!(error.kind(), &ErrorKind::Closed);
            assert!(self.session.cached_token(&scope, self.now).is_none());
            assert!(self.session.renew_at(&scope).is_none());
        }
    }

    fn poll(&mut self, index: usize, poll: fn(&mut Session, &Scope, UtcDateTime) -> Action) {
        let (may, must) = self.model.login(index);
        let action = poll(&mut self.session, &scope(index), self.now);
        let known = &mut self.model.scopes[index];
        let token = known.token.as_ref();
        match &action {
            Action::Fail(error) => {
                assert!(token.is_none() && !must, "{action:?}");
                assert!(error.retry_at().is_none_or(|at| at > self.now), "{action:?}");
            }
            Action::NeedFactor(_) => {
                assert!(
                    token.is_none() && known.challenge.is_some_and(|(_, given)| !given),
                    "{action:?}"
                );
            }
            Action::Send(..) => {
                assert!(may, "{action:?}");
                assert!(
                    token.is_none_or(|(_, renewal, _)| self.model.now >= *renewal),
                    "{action:?}"
                );
            }
            Action::Use(used) => {
                assert_eq!(Some(used.expose()), token.map(|(text, ..)| text.as_str()));
            }
            Action::Wait(until) => {
                let pause = *until - self.now;
                assert!(pause.is_positive() && pause.whole_seconds() <= 60, "{action:?}");
                assert!(!must, "{action:?}");
                let near = |end: f64| known.sent_at.is_some() && self.model.now >= end - 60.0;
                assert!(token.is_none_or(|(.., end)| near(*end)), "{action:?}");
            }
        }
        if let Action::Send(request, _) = action {
            known.sent_at = Some(self.model.now);
            self.pending[index] = Some(request);
            return;
        }
        // A second poll gives the same action.
        match (&action, &poll(&mut self.session, &scope(index), self.now)) {
            (Action::Fail(before), Action::Fail(again)) => assert_eq!(before, again),
            (Action::NeedFactor(before), Action::NeedFactor(again)) => assert_eq!(before, again),
            (Action::Use(before), Action::Use(again)) => {
                assert_eq!(before.header(), again.header());
            }
            (Action::Wait(before), Action::Wait(again)) => assert_eq!(before, again),
            (before, again) => panic!("{before:?} and then {again:?}"),
        }
    }

    fn unauthorized(&mut self, back: usize) {
        let Some(at) = self.tokens.len().checked_sub(back + 1) else { return };
        let text = self.tokens[at].clone();
        // The caller holds the token even if the session has dropped it.
        let mut login = Login::new(self.session.cloud(), credential(), scope(0)).unwrap();
        login.handle_response(self.token(&text, 0, 36_000), START);
        let Ok(Step::Done(token)) = login.poll() else { panic!("no token") };
        self.session.handle_unauthorized(&token, self.now);
        self.model.unauthorized(&text);
    }

    /// A response with a token, from a service whose clock is an hour ahead.
    fn token(&self, text: &str, index: usize, life: u32) -> Response<Vec<u8>> {
        let issued = self.now + Duration::from_secs(3600);
        let body = json!({"token": {
            "expires_at": timestamp::format(issued + Duration::from_secs(life.into())),
            "issued_at": timestamp::format(issued),
            "project": {"id": PROJECTS[index]},
        }});
        let response = Response::builder().status(201).header("X-Subject-Token", text);
        response.body(body.to_string().into_bytes()).unwrap()
    }

    fn respond(&mut self, index: usize, request: PendingRequest, reply: &Reply) {
        let (model, now) = (&mut self.model, self.now);
        let sent = model.scopes[index].sent_at.unwrap();
        let receipt = model.scopes[index].challenge;
        // After a refused factor another one may be submitted.
        let mistaken = |model: &mut Reference, asked| {
            model.failed(index, 2.5, asked);
            model.scopes[index].challenge = receipt.map(|(until, _)| (until, false));
        };
        let plain = |status: u16, body: &str| {
            Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
        };
        let response = match *reply {
            Reply::Odd(which) => {
                mistaken(model, 0.0);
                let (status, body) = ODD[which % ODD.len()];
                let mut response = plain(status, body);
                response.headers_mut().insert("x-subject-token", "odd".parse().unwrap());
                response
            }
            Reply::Receipt(life) => {
                // A receipt counts for an hour at most.
                let until = sent + f64::from(life.min(3600));
                model.failed(index, 2.5, 0.0);
                if until >= model.now + 3.0 {
                    model.scopes[index].own.0 = 0.0;
                    model.scopes[index].challenge = Some((until, false));
                }
                let expires_at = START + Duration::from_secs(life.into());
                let body = json!({
                    "receipt": {
                        "methods": ["password"],
                        "issued_at": timestamp::format(START),
                        "expires_at": timestamp::format(expires_at),
                    },
                    "required_auth_methods": [["password", "totp"]],
                });
                let mut response = plain(401, &body.to_string());
                response.headers_mut().insert("openstack-auth-receipt", "r".parse().unwrap());
                response
            }
            Reply::Refused(status) => plain(status, ""),
            Reply::Token(tens) => {
                let text = format!("token-{}", self.tokens.len());
                let life = f64::from(tens) * 10.0;
                let end = sent + life - f64::min(2.0, life / 10.0);
                let first = if life < 600.0 { 0.5 } else { 0.75 };
                let renewal = if receipt.is_some() { end } else { sent + life * first };
                if life == 0.0 {
                    mistaken(model, 0.0);
                } else if end < model.now + 3.0 {
                    model.failed(index, 2.5, 0.0);
                } else {
                    model.got(index, &text, renewal, end);
                    self.tokens.push(text.clone());
                }
                self.token(&text, index, tens * 10)
            }
            Reply::Unavailable(asked) => {
                mistaken(model, f64::from(asked.min(86_400)));
                let mut response = plain(503, "");
                if asked > 0 {
                    let value = asked.to_string().parse().unwrap();
                    response.headers_mut().insert("retry-after", value);
                }
                response
            }
        };
        self.session.handle_response(request, response, now);
        if let Reply::Refused(_) = reply {
            // A wrong code is permitted twice.
            let events: Vec<Event> = std::iter::from_fn(|| self.session.poll_event()).collect();
            let is_final = matches!(events.last(), Some(Event::CredentialRejected { .. }));
            assert!(is_final || receipt.is_some() || self.one_time);
            match is_final {
                true => self.model.refused(index),
                false => mistaken(&mut self.model, 0.0),
            }
        }
    }
}
