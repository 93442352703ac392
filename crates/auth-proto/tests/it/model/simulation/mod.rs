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
    Action, Cloud, Credential, ErrorKind, Factor, Failure, FailureKind, PendingRequest, Scope,
    Secret, SecretSource, Session, Settings, Token, UserRef,
};
use coverage::reach;
use http::Uri;
use ops::KINDS;
pub(crate) use ops::{Call, Op, Reply, STAMPS, Stamps, Which};
pub(crate) use reference::Destination;
use reference::{Caller, GIVEN, Note, Reference, UNSCOPED};
use time::{UtcDateTime, macros::utc_datetime};

/// Takes these steps, compares session and model after each, and closes the session. The seed is
/// that of the pauses, and its last digit decides what there is: see [`Kind`].
pub(crate) fn run(seed: u64, ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(seed, Kind::of(seed)), ops);
}

/// The same with a password and one-time codes.
pub(crate) fn run_with_codes(ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(0, Kind { one_time: true, root: Some(UNSCOPED), ..Kind::default() }), ops);
}

/// The cloud, the credential and the settings of a walk.
#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    is_v2: bool,
    one_time: bool,
    /// The password is read from a source.
    has_source: bool,
    root: Option<usize>,
}

impl Kind {
    fn of(seed: u64) -> Self {
        let root = Some(UNSCOPED);
        match seed % 16 {
            3 | 8 => Self { has_source: true, ..Self::default() },
            4 | 9 => Self { has_source: true, root, ..Self::default() },
            5 | 10 => Self { root: Some(GIVEN), ..Self::default() },
            6 | 11..=14 => Self { root, ..Self::default() },
            7 => Self { is_v2: true, ..Self::default() },
            15 => Self { is_v2: true, root, ..Self::default() },
            _ => Self::default(),
        }
    }

    fn credential(self) -> Credential {
        let password = match self.has_source {
            true => Secret::from(SecretSource::new("a file")),
            false => Secret::from(secret(0)),
        };
        match self.root {
            Some(GIVEN) => Credential::token("given"),
            _ if self.is_v2 => Credential::password("user", password),
            _ => Credential::password(UserRef::id("u1"), password),
        }
    }

    fn settings(self, seed: u64) -> Settings {
        let settings = Settings::default().with_seed(seed);
        match self.root {
            Some(UNSCOPED) => settings.with_root(Scope::unscoped()),
            _ => settings,
        }
    }
}

/// One of the secrets that the source has.
fn secret(number: u32) -> String {
    format!("secretsecret-{number}")
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
/// The scopes that callers ask for: the projects, and the unscoped one.
const SCOPES: usize = 4;
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
    pending: [Option<PendingRequest>; 5],
    /// Requests that no longer count.
    late: Vec<PendingRequest>,
    tokens: Vec<Given>,
    /// The events since the last comparison.
    heard: Vec<Note>,
    /// The scopes that the session knows.
    known: [bool; SCOPES],
    kind: Kind,
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
    PROJECTS.get(index).map_or_else(Scope::unscoped, |id| Scope::project_id(*id))
}

fn uri(origin: usize) -> Uri {
    Uri::from_static(ORIGINS[origin])
}

impl Simulation {
    fn new(seed: u64, kind: Kind) -> Self {
        let Kind { is_v2, one_time, has_source, root } = kind;
        let version = if is_v2 { "v2.0" } else { "v3" };
        let cloud = Cloud::keystone(&format!("https://keystone.example/{version}")).unwrap();
        let mut session = Session::new(cloud, kind.credential(), kind.settings(seed)).unwrap();
        // The session's clock starts.
        assert!(session.cached_token(&scope(0), START).is_none());
        let mut simulation = Self {
            session,
            model: Reference::new(one_time, is_v2, has_source, root),
            kind,
            now: START,
            told: START,
            named: None,
            pending: [const { None }; 5],
            late: Vec::new(),
            tokens: Vec::new(),
            heard: Vec::new(),
            known: [false, false, false, root == Some(UNSCOPED)],
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
            Op::Doubt(index, is_replaced, ref reply) => {
                // The next root tokens may be of no use, too.
                for _ in 0..if is_replaced { 1 } else { 3 } {
                    self.doubt(index, is_replaced, reply);
                }
            }
            Op::Factors(index) => {
                let scopes = [index, (index + 1) % SCOPES];
                for index in scopes.into_iter().chain(scopes) {
                    self.take(&Op::Poll(index, Destination::Unknown));
                    if self.model.in_flight(index).is_some() {
                        self.take(&Op::Respond(index, Reply::Receipt(3000)));
                    }
                }
            }
            Op::LogIn(index, tens, stamps) => {
                // A login, and an exchange.
                for _ in 0..2 {
                    self.take(&Op::Poll(index, Destination::Unknown));
                    if let Some(holder) = self.holder(index) {
                        self.take(&Op::Respond(holder, Reply::Token(tens, stamps)));
                    }
                }
            }
            Op::Outage(index, kind, times) => self.outage(index, kind, times),
            Op::Renewal(index, millis) => {
                let at = self.session.renew_at(&scope(index)).unwrap_or(self.now);
                self.move_clock(at, millis);
            }
            Op::Reread(index, number, is_same) => {
                self.take(&Op::Poll(index, Destination::Unknown));
                self.take(&Op::Secret(index, number));
                self.take(&Op::Poll(index, Destination::Unknown));
                if let Some(holder) = self.holder(index) {
                    self.take(&Op::Respond(holder, Reply::Refused(401, 0)));
                }
                self.take(&Op::Poll(index, Destination::Unknown));
                self.take(&Op::Secret(index, if is_same { number } else { number + 1 }));
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
                let index = self.any_holder(index);
                if let Some(request) = self.pending[index].take() {
                    self.session.handle_abandoned(request).unwrap();
                    self.take_events(self.told);
                    self.model.is_abandoned(index);
                }
            }
            Op::Accept(which, origin, status) => self.accept(which, origin, status),
            Op::Drop(index) => self.drop_request(self.any_holder(index)),
            Op::Factor(index) => {
                let factor = self.fresh_code();
                let submitted = self.session.answer(&scope(index), factor, self.now);
                self.listen();
                assert_eq!(submitted.is_ok(), self.model.factor(index));
            }
            Op::Fail(index, kind) => {
                self.fail(self.any_holder(index), KINDS[kind % KINDS.len()]);
            }
            Op::Head(index, which, asked) => self.head(self.any_holder(index), which, asked),
            Op::Interrupt(which) => {
                if let Some(id) = self.id_of(which) {
                    let token = self.tokens[id].token.clone().unwrap();
                    self.session.handle_interrupted(&token, self.now);
                    self.listen();
                    self.model.interrupted(id);
                }
            }
            Op::Late(which) => self.answer_late(which),
            Op::Poll(index, destination) => self.poll(index, Caller::to(destination)),
            Op::PollFor(index, destination, tens) => {
                let life = Duration::from_secs(10 * u64::from(tens));
                self.poll(index, Caller { life, ..Caller::to(destination) });
            }
            Op::Refuse(which, origin, call) => self.refuse(which, origin, call),
            Op::Renew(index) => {
                let caller = Caller::to(Destination::Unknown);
                self.poll(index, Caller { is_background: true, ..caller });
            }
            Op::Secret(index, number) => {
                let reply = auth_proto::Reply::Secret(secret(number).into());
                let answered = self.session.answer(&scope(index), reply, self.now);
                self.listen();
                assert_eq!(answered.is_ok(), self.model.secret(index, number));
            }
            Op::Replace => self.replace(),
            Op::Respond(index, ref reply) => self.respond(self.any_holder(index), reply),
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
            match self.holder(index) {
                Some(holder) => self.take(&Op::Fail(holder, kind)),
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
            let Some(holder) = self.holder(index) else { continue };
            match self.model.is_checking(holder) {
                true => self.take(&Op::Respond(holder, reply.clone())),
                false => self.take(&Op::Respond(holder, Reply::Token(360, Stamps::AllRight))),
            }
        }
    }

    fn doubt(&mut self, index: usize, is_replaced: bool, reply: &Reply) {
        let Some(root) = self.model.root.filter(|root| *root != index) else { return };
        let token = || Reply::Token(3000, Stamps::AllRight);
        for _ in 0..4 {
            self.take(&Op::Poll(index, Destination::Unknown));
            if self.model.in_flight(root).is_some() {
                self.take(&Op::Respond(root, token()));
            } else if self.model.one_time {
                self.take(&Op::Factor(index));
            }
        }
        if self.model.exchanged(index).is_none() {
            return;
        }
        if is_replaced && root == UNSCOPED {
            self.take(&Op::Accept(Which::Current(root), 0, 0));
            self.take(&Op::Refuse(Which::Current(root), 0, Call::Replayable));
            self.take(&Op::Poll(root, Destination::At(0)));
            self.take(&Op::Respond(root, token()));
        }
        self.take(&Op::Respond(index, Reply::Refused(401, 0)));
        self.take(&Op::Poll(index, Destination::Unknown));
        if self.model.is_checking(root) {
            self.take(&Op::Respond(root, reply.clone()));
        }
    }

    /// This scope if it has a request under way, else the next one that has.
    fn any_holder(&self, index: usize) -> usize {
        let all = (0..5).map(|step| (index + step) % 5);
        all.into_iter().find(|index| self.pending[*index].is_some()).unwrap_or(index)
    }

    /// The scope whose request is under way for this one: its own, or that of its root.
    fn holder(&self, index: usize) -> Option<usize> {
        [Some(index), self.model.root].into_iter().flatten().find(|at| self.pending[*at].is_some())
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
            true => self.kind.credential().and(self.fresh_code()),
            false => self.kind.credential(),
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

    fn poll(&mut self, index: usize, caller: Caller) {
        let action = self.poll_once(index, caller);
        let sender = self.model.sender;
        match action {
            Action::Ask(taken, _) => {
                self.late.extend(self.pending[sender].replace(taken));
                return;
            }
            Action::Send(pending, request) => {
                if let Some(code) = sent_code(&request) {
                    assert!(self.sent_codes.insert(code.clone()), "{code} again");
                }
                self.compare_request(sender, &request);
                self.late.extend(self.pending[sender].replace(pending));
                return;
            }
            _ => {}
        }
        // A second poll gives the same action.
        match (&action, &self.poll_once(index, caller)) {
            (Action::Fail(before), Action::Fail(again)) => assert_eq!(before, again),
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
        assert!(self.session.replace_credential(self.kind.credential()).is_err());
        for scope in (0..SCOPES).map(scope) {
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
