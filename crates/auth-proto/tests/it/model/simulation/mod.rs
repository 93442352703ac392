//! A session beside its reference model, with the clock, the requests and the tokens of both.
#![allow(clippy::unwrap_used, reason = "a panic is a finding")]

mod answers;
mod compare;
pub(crate) mod coverage;
mod ops;
mod reference;
mod servers;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use auth_proto::{
    Action, Cloud, Credential, ErrorKind, Factor, Failure, FailureKind, PendingRequest, Question,
    Scope, Session, Settings, Token, UserRef,
};
use coverage::reach;
use http::Uri;
use ops::KINDS;
pub(crate) use ops::{Call, Op, Reply, STAMPS, Stamps, Which};
pub(crate) use reference::Destination;
use reference::{Caller, Note, Reference};
use time::{UtcDateTime, macros::utc_datetime};

/// Takes these steps, compares session and model after each, and closes the session. The seed is
/// that of the pauses. Every eighth cloud speaks v2.0.
pub(crate) fn run(seed: u64, ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(seed, false, seed % 8 == 7), ops);
}

/// The same with a password and one-time codes.
pub(crate) fn run_with_codes(ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(0, true, false), ops);
}

fn walk(mut simulation: Simulation, ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        simulation.take(&op);
        if simulation.model.is_unsure {
            reach("0: a walk that ends early");
            break;
        }
    }
    simulation.close();
}

const PROJECTS: [&str; 3] = ["p", "q", "r"];
const ORIGINS: [&str; 3] = ["https://a.example/x", "https://b.example:8443", "/without/origin"];
const DESTINATIONS: [Destination; 5] = [
    Destination::At(0),
    Destination::At(1),
    Destination::At(2),
    Destination::Later,
    Destination::Unknown,
];
const START: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

/// The session, its model, and their surroundings.
struct Simulation {
    session: Session,
    model: Reference,
    now: UtcDateTime,
    /// The last time that the session was told.
    told: UtcDateTime,
    /// The last time that the session has named.
    named: Option<UtcDateTime>,
    pending: [Option<PendingRequest>; 3],
    /// Requests that no longer count.
    late: Vec<PendingRequest>,
    tokens: Vec<Given>,
    /// The events since the last comparison.
    heard: Vec<Note>,
    /// The scopes that the session knows.
    known: [bool; 3],
    codes: u32,
    sent_codes: BTreeSet<String>,
}

/// A token that the identity service has given.
#[derive(Default)]
struct Given {
    /// `None` if the session did not keep it.
    token: Option<Arc<Token>>,
    /// When it ends, if the server's `Date` and the caller's clock agree on that.
    end: Option<Duration>,
}

fn scope(index: usize) -> Scope {
    Scope::project_id(PROJECTS[index])
}

fn uri(origin: usize) -> Uri {
    Uri::from_static(ORIGINS[origin])
}

fn credential(is_v2: bool) -> Credential {
    match is_v2 {
        true => Credential::password("user", "secretsecret"),
        false => Credential::password(UserRef::id("u1"), "secretsecret"),
    }
}

impl Simulation {
    fn new(seed: u64, one_time: bool, is_v2: bool) -> Self {
        let version = if is_v2 { "v2.0" } else { "v3" };
        let cloud = Cloud::keystone(&format!("https://keystone.example/{version}")).unwrap();
        let settings = Settings::default().with_seed(seed);
        let mut session = Session::new(cloud, credential(is_v2), settings).unwrap();
        // The session's clock starts.
        assert!(session.cached_token(&scope(0), START).is_none());
        let mut simulation = Self {
            session,
            model: Reference::new(one_time, is_v2),
            now: START,
            told: START,
            named: None,
            pending: [None, None, None],
            late: Vec::new(),
            tokens: Vec::new(),
            heard: Vec::new(),
            known: [false; 3],
            codes: 100_000,
            sent_codes: BTreeSet::new(),
        };
        simulation.replace();
        simulation
    }

    fn take(&mut self, op: &Op) {
        match *op {
            Op::Clock(millis) => self.move_clock(self.now, millis),
            Op::Until(millis) => self.move_clock(self.named.unwrap_or(self.now), millis),
            Op::LogIn(index, tens, stamps) => {
                self.take(&Op::Poll(index, Destination::Unknown));
                self.take(&Op::Respond(index, Reply::Token(tens, stamps)));
            }
            Op::Outage(index, kind, times) => self.outage(index, kind, times),
            Op::Renewal(index, millis) => {
                let at = self.session.renew_at(&scope(index)).unwrap_or(self.now);
                self.move_clock(at, millis);
            }
            Op::Storm(index, origin, accept, times, ref reply) => {
                for _ in 0..times {
                    self.storm(index, origin, accept, reply);
                }
            }
            ref op => {
                reach("0: all steps");
                self.call(op);
                self.check();
            }
        }
    }

    /// One call of the session, and of the model.
    fn call(&mut self, op: &Op) {
        match *op {
            Op::Abandon(index) => {
                if let Some(request) = self.pending[index].take() {
                    self.session.handle_abandoned(request).unwrap();
                    self.take_events(self.told);
                    self.model.is_abandoned(index);
                }
            }
            Op::Accept(which, origin, status) => self.accept(which, origin, status),
            Op::Drop(index) => self.drop_request(index),
            Op::Factor(index) => {
                let factor = self.fresh_code();
                let submitted = self.session.answer(&scope(index), factor, self.now);
                assert_eq!(submitted.is_ok(), self.model.factor(index));
            }
            Op::Fail(index, kind) => self.fail(index, KINDS[kind % KINDS.len()]),
            Op::Head(index, which, asked) => self.head(index, which, asked),
            Op::Interrupt(which) => {
                if let Some(id) = self.id_of(which) {
                    let token = self.tokens[id].token.clone().unwrap();
                    self.session.handle_interrupted(&token, self.now);
                    self.listen();
                    self.model.interrupted(id);
                }
            }
            Op::Late(which) => self.answer_late(which),
            Op::Poll(index, destination) => self.poll(index, destination, false),
            Op::Refuse(which, origin, call) => self.refuse(which, origin, call),
            Op::Renew(index) => self.poll(index, Destination::Unknown, true),
            Op::Replace => self.replace(),
            Op::Respond(index, ref reply) => self.respond(index, reply),
            _ => {}
        }
    }

    fn move_clock(&mut self, from: UtcDateTime, millis: i64) {
        let moved = from.checked_add(time::Duration::milliseconds(millis));
        if let Some(now) = moved.filter(|now| (1500..3000).contains(&now.year())) {
            self.now = now;
        }
    }

    fn outage(&mut self, index: usize, kind: usize, times: u8) {
        for _ in 0..times {
            self.take(&Op::Poll(index, Destination::Unknown));
            match self.pending[index] {
                Some(_) => self.take(&Op::Fail(index, kind)),
                None => self.take(&Op::Until(0)),
            }
        }
    }

    fn storm(&mut self, index: usize, origin: usize, accept: bool, reply: &Reply) {
        if accept {
            self.take(&Op::Accept(Which::Current(index), origin, 0));
        }
        self.take(&Op::Refuse(Which::Current(index), origin, Call::Replayable));
        for _ in 0..2 {
            self.take(&Op::Poll(index, Destination::At(origin)));
            match self.model.is_asking(index) {
                true => self.take(&Op::Respond(index, reply.clone())),
                false => self.take(&Op::Respond(index, Reply::Token(360, Stamps::AllRight))),
            }
        }
    }

    fn drop_request(&mut self, index: usize) {
        if self.pending[index].take().is_some() {
            self.model.is_dropped(index);
        }
    }

    fn answer_late(&mut self, which: usize) {
        if which < self.late.len() {
            let witnesses = answers::witnesses(3600, Stamps::AllRight, self.now);
            let reply = Reply::Token(3600, Stamps::AllRight);
            let response = answers::answer(&reply, 0, "late", &witnesses, self.model.is_v2);
            let request = self.late.remove(which);
            self.session.handle_response(request, response, self.now).unwrap();
            self.listen();
        }
    }

    fn fresh_code(&mut self) -> Factor {
        self.codes += 1;
        Factor::totp(self.codes.to_string())
    }

    fn replace(&mut self) {
        let credential = match self.model.one_time {
            true => credential(false).and(self.fresh_code()),
            false => credential(self.model.is_v2),
        };
        self.session.replace_credential(credential).unwrap();
        self.model.replaced();
    }

    /// A token that the session has kept at some time.
    fn id_of(&self, which: Which) -> Option<usize> {
        let id = match which {
            Which::Back(back) => self.tokens.len().checked_sub(back + 1),
            Which::Current(index) => self.model.scopes[index].token.as_ref().map(|token| token.id),
        };
        id.filter(|id| self.tokens[*id].token.is_some())
    }

    fn poll(&mut self, index: usize, destination: Destination, is_background: bool) {
        let caller = Caller { destination, is_background };
        let action = self.poll_once(index, caller);
        if let Action::Send(pending, request) = action {
            if let Some(code) = sent_code(&request) {
                assert!(self.sent_codes.insert(code.clone()), "{code} again");
            }
            self.late.extend(self.pending[index].replace(pending));
            return;
        }
        // A second poll gives the same action.
        match (&action, &self.poll_once(index, caller)) {
            (Action::Fail(before), Action::Fail(again)) => assert_eq!(before, again),
            (Action::Ask(_, Question::Factor(before)), Action::Ask(_, Question::Factor(again))) => {
                assert_eq!(before, again)
            }
            (Action::Use(before), Action::Use(again)) => assert!(Arc::ptr_eq(before, again)),
            (Action::Wait(before), Action::Wait(again)) => assert_eq!(before, again),
            (before, again) => panic!("{before:?} and then {again:?}"),
        }
    }

    /// Closes the session: no later call changes anything.
    fn close(mut self) {
        self.session.close();
        let pending = self.pending.iter_mut().filter_map(Option::take);
        for request in pending.chain(std::mem::take(&mut self.late)) {
            let failure = Failure::new(FailureKind::Io, "reset");
            self.session.handle_failure(request, failure, self.now).unwrap();
        }
        assert!(self.session.replace_credential(credential(self.model.is_v2)).is_err());
        for scope in (0..3).map(scope) {
            assert!(self.session.answer(&scope, Factor::totp("123456"), self.now).is_err());
            let Action::Fail(error) = self.session.poll(&scope, self.now) else { panic!() };
            assert_eq!(error.kind(), &ErrorKind::Closed);
            assert!(self.session.cached_token(&scope, self.now).is_none());
            assert!(self.session.renew_at(&scope).is_none());
        }
    }
}

/// The one-time code in a request.
fn sent_code(request: &http::Request<auth_proto::Body>) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(request.body().as_bytes()).ok()?;
    let code = &body["auth"]["identity"]["totp"]["user"]["passcode"];
    Some(code.as_str()?.to_owned())
}
