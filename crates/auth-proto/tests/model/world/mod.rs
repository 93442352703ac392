//! An account, its reference model, and the world around both.
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

/// Takes these steps, checks what must hold after each, and closes the account.
pub(crate) fn walk(seed: u64, ops: impl IntoIterator<Item = Op>) {
    let mut world = World::new(seed);
    for op in ops {
        world.take(&op);
        world.sweep();
        world.check();
    }
    world.close();
}

/// The same with a one-time code beside the password: each goes over the wire once.
pub(crate) fn walk_with_codes(ops: impl IntoIterator<Item = Op>) {
    let mut world = World { one_time: true, ..World::new(0) };
    let (mut codes, mut sent) = (100_000.., BTreeSet::new());
    let mut fresh = || Factor::totp(codes.next().unwrap_or_default().to_string());
    world.account.replace_credential(credential().and(fresh())).unwrap();
    for op in ops {
        match op {
            Op::Factor(_) => {}
            Op::Poll(index) | Op::Renew(index) => {
                match world.account.poll(&scope(index), world.now) {
                    Action::NeedFactor(_) => {
                        world.account.submit_factor(&scope(index), fresh()).unwrap();
                    }
                    Action::Send(flight, request) => {
                        let body: serde_json::Value =
                            serde_json::from_slice(request.body().as_bytes()).unwrap();
                        let code = &body["auth"]["identity"]["totp"]["user"]["passcode"];
                        assert!(sent.insert(code.as_str().unwrap().to_owned()), "{code} again");
                        world.model.scopes[index].air = Some(world.model.now);
                        world.flights[index] = Some(flight);
                    }
                    Action::Fail(_) | Action::Use(_) | Action::Wait(_) => {}
                }
            }
            Op::Replace => {
                world.account.replace_credential(credential().and(fresh())).unwrap();
                world.model.replaced();
            }
            op => world.take(&op),
        }
        world.sweep();
    }
    world.close();
}

const PROJECTS: [&str; 3] = ["p", "q", "r"];
const START: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

/// What is no token and no refusal, whatever its header says.
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

/// What happens to an account, mostly to one of three scopes.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Abandon(usize),
    Answer(usize, Answer),
    /// Time passes, or the clock is moved: quarters of a second.
    Clock(i64),
    Factor(usize),
    Fail(usize),
    /// An answer to a request that no longer counts.
    Late(usize),
    Poll(usize),
    Renew(usize),
    Replace,
    /// A service refuses one of the tokens so far, the newest first.
    Unauthorized(usize),
}

/// What an identity service answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Odd(usize),
    /// A further factor is wanted, within so many seconds.
    Receipt(u32),
    Refused(u16),
    /// A token for so many tens of seconds.
    Token(u32),
    /// With `Retry-After`, unless that is 0.
    Unavailable(u32),
}

/// The account, its model, and the world around both.
struct World {
    account: Session,
    model: Reference,
    now: UtcDateTime,
    flights: [Option<PendingRequest>; 3],
    /// Whose requests no longer count.
    late: Vec<PendingRequest>,
    tokens: Vec<String>,
    /// Whether the credential holds a code that is good for one login.
    one_time: bool,
}

fn scope(index: usize) -> Scope {
    Scope::project_id(PROJECTS[index])
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), "secretsecret")
}

impl World {
    fn new(seed: u64) -> Self {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let settings = Settings::default().with_seed(seed);
        Self {
            account: Session::new(cloud, credential(), settings).unwrap(),
            model: Reference::default(),
            now: START,
            flights: [None, None, None],
            late: Vec::new(),
            tokens: Vec::new(),
            one_time: false,
        }
    }

    fn take(&mut self, op: &Op) {
        match *op {
            Op::Abandon(index) => {
                if let Some(flight) = self.flights[index].take() {
                    self.account.handle_abandoned(flight);
                    self.model.failed(index, 0.0, 0.0);
                }
            }
            Op::Answer(index, ref answer) => {
                if let Some(flight) = self.flights[index].take() {
                    self.answer(index, flight, answer);
                }
            }
            Op::Clock(quarters) => {
                let step = time::Duration::milliseconds(250 * quarters);
                let Some(now) = self.now.checked_add(step) else { return };
                self.now = now;
                self.model.tick(quarters as f64 / 4.0);
            }
            Op::Factor(index) => {
                let answered = self.account.submit_factor(&scope(index), Factor::totp("123456"));
                let asked = &mut self.model.scopes[index];
                let open = asked.air.is_none().then_some(asked.asks.as_mut()).flatten();
                // Nobody is asked twice, and a pause that the wrong one made is over.
                let open = open.filter(|(_, given)| !*given);
                assert_eq!(answered.is_ok(), open.is_some());
                if let Some((_, given)) = open {
                    *given = true;
                    asked.own.0 = 0.0;
                }
            }
            Op::Fail(index) => {
                if let Some(flight) = self.flights[index].take() {
                    let failure = Failure::new(FailureKind::Io, "reset");
                    self.account.handle_failure(flight, failure, self.now);
                    self.model.failed(index, 2.5, 0.0);
                }
            }
            Op::Late(which) => {
                if which < self.late.len() {
                    let answer = self.token("late", 0, 36_000);
                    self.account.handle_response(self.late.remove(which), answer, self.now);
                }
            }
            Op::Poll(index) => self.poll(index, Session::poll),
            Op::Renew(index) => self.poll(index, Session::renew),
            Op::Replace => {
                self.account.replace_credential(credential()).unwrap();
                self.model.replaced();
            }
            Op::Unauthorized(back) => self.unauthorized(back),
        }
    }

    /// Whoever carries a request that was given up hands in an answer that comes too late.
    fn sweep(&mut self) {
        self.model.tick(0.0);
        for (flight, scope) in self.flights.iter_mut().zip(&self.model.scopes) {
            self.late.extend(flight.take_if(|_| scope.air.is_none()));
        }
    }

    /// What must hold after every step.
    fn check(&mut self) {
        for index in 0..3 {
            let live = self.account.cached_token(&scope(index), self.now);
            let live = live.as_ref().map(|token| token.expose());
            let known = self.model.scopes[index].token.as_ref().map(|(text, ..)| text.as_str());
            assert_eq!(live, known, "the token of scope {index}");
            if let Some(at) = self.account.renew_at(&scope(index)) {
                assert!(at >= self.now || live.is_some());
            }
        }
        while self.account.poll_event().is_some() {}
    }

    /// An end for everybody: nothing that comes later changes that.
    fn close(mut self) {
        self.account.close();
        let flights = self.flights.iter_mut().filter_map(Option::take);
        for flight in flights.chain(std::mem::take(&mut self.late)) {
            let failure = Failure::new(FailureKind::Io, "reset");
            self.account.handle_failure(flight, failure, self.now);
        }
        assert!(self.account.replace_credential(credential()).is_err());
        for scope in (0..3).map(scope) {
            assert!(self.account.submit_factor(&scope, Factor::totp("123456")).is_err());
            let Action::Fail(error) = self.account.poll(&scope, self.now) else { panic!() };
            assert_eq!(error.kind(), &ErrorKind::Closed);
            assert!(self.account.cached_token(&scope, self.now).is_none());
            assert!(self.account.renew_at(&scope).is_none());
        }
    }

    fn poll(&mut self, index: usize, poll: fn(&mut Session, &Scope, UtcDateTime) -> Action) {
        let (may, must) = self.model.login(index);
        let action = poll(&mut self.account, &scope(index), self.now);
        let known = &mut self.model.scopes[index];
        let token = known.token.as_ref();
        match &action {
            Action::Fail(error) => {
                assert!(token.is_none() && !must, "{action:?}");
                assert!(error.retry_at().is_none_or(|at| at > self.now), "{action:?}");
            }
            Action::NeedFactor(_) => {
                assert!(
                    token.is_none() && known.asks.is_some_and(|(_, given)| !given),
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
                let near = |end: f64| known.air.is_some() && self.model.now >= end - 60.0;
                assert!(token.is_none_or(|(.., end)| near(*end)), "{action:?}");
            }
        }
        if let Action::Send(flight, _) = action {
            known.air = Some(self.model.now);
            self.flights[index] = Some(flight);
            return;
        }
        // The same again, until something changes.
        match (&action, &poll(&mut self.account, &scope(index), self.now)) {
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
        // Whoever was refused holds the token itself, even if the account does not.
        let mut login = Login::new(self.account.cloud(), credential(), scope(0)).unwrap();
        login.handle_response(self.token(&text, 0, 36_000), START);
        let Ok(Step::Done(token)) = login.poll() else { panic!("no token") };
        self.account.handle_unauthorized(&token, self.now);
        self.model.unauthorized(&text);
    }

    /// A token's answer, by a service whose clock is an hour ahead.
    fn token(&self, text: &str, index: usize, life: u32) -> Response<Vec<u8>> {
        let issued = START + Duration::from_secs(3600);
        let body = json!({"token": {
            "expires_at": timestamp::format(issued + Duration::from_secs(life.into())),
            "issued_at": timestamp::format(issued),
            "project": {"id": PROJECTS[index]},
        }});
        let response = Response::builder().status(201).header("X-Subject-Token", text);
        response.body(body.to_string().into_bytes()).unwrap()
    }

    fn answer(&mut self, index: usize, flight: PendingRequest, answer: &Answer) {
        let (model, now) = (&mut self.model, self.now);
        let sent = model.scopes[index].air.unwrap();
        let receipt = model.scopes[index].asks;
        // After a refused factor another one may be given.
        let mistaken = |model: &mut Reference, asked| {
            model.failed(index, 2.5, asked);
            model.scopes[index].asks = receipt.map(|(until, _)| (until, false));
        };
        let plain = |status: u16, body: &str| {
            Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
        };
        let response = match *answer {
            Answer::Odd(which) => {
                mistaken(model, 0.0);
                let (status, body) = ODD[which % ODD.len()];
                let mut response = plain(status, body);
                response.headers_mut().insert("x-subject-token", "odd".parse().unwrap());
                response
            }
            Answer::Receipt(life) => {
                // A longer life than an hour is not believed.
                let until = sent + f64::from(life.min(3600));
                model.failed(index, 2.5, 0.0);
                if until >= model.now + 3.0 {
                    model.scopes[index].own.0 = 0.0;
                    model.scopes[index].asks = Some((until, false));
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
            Answer::Refused(status) => plain(status, ""),
            Answer::Token(tens) => {
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
            Answer::Unavailable(asked) => {
                mistaken(model, f64::from(asked.min(86_400)));
                let mut response = plain(503, "");
                if asked > 0 {
                    let value = asked.to_string().parse().unwrap();
                    response.headers_mut().insert("retry-after", value);
                }
                response
            }
        };
        self.account.handle_response(flight, response, now);
        if let Answer::Refused(_) = answer {
            // A person may be mistaken twice.
            let events: Vec<Event> = std::iter::from_fn(|| self.account.poll_event()).collect();
            let is_final = matches!(events.last(), Some(Event::CredentialRejected { .. }));
            assert!(is_final || receipt.is_some() || self.one_time);
            match is_final {
                true => self.model.refused(index),
                false => mistaken(&mut self.model, 0.0),
            }
        }
    }
}
