//! A session beside its reference model, with the clock, the requests and the tokens of both.
#![allow(clippy::unwrap_used, reason = "a panic is a finding")]

mod answers;
mod compare;
pub(crate) mod coverage;
mod kind;
mod ops;
mod reference;
mod routines;
mod servers;
mod stores;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use auth_proto::{
    Action, ErrorKind, Factor, Failure, FailureKind, PendingRequest, Scope, Session, Token, Want,
};
use coverage::reach;
use http::Uri;
use kind::{Kind, secret};
use ops::KINDS;
pub(crate) use ops::{Call, Op, Reply, SHARED, STAMPS, Said, Stamps, Which};
pub(crate) use reference::Destination;
use reference::{Caller, Note, Reference, UNSCOPED};
use stores::StoreSide;
use time::{UtcDateTime, macros::utc_datetime};

/// Takes these steps, compares session and model after each, and closes the session. The seed is
/// that of the pauses, and its last digits decide what there is: see [`Kind`].
pub(crate) fn run(seed: u64, ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(seed, Kind::of(seed)), ops);
}

/// The same with a password and one-time codes.
pub(crate) fn run_with_codes(seed: u64, ops: impl IntoIterator<Item = Op>) {
    walk(Simulation::new(seed, Kind::with_codes(seed)), ops);
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
    pending: [Option<Out>; 5],
    /// Requests that no longer count.
    late: Vec<Out>,
    tokens: Vec<Given>,
    /// The events since the last comparison.
    heard: Vec<Note>,
    /// The logins, refusals, pauses and imports among all events.
    counted: [u64; 4],
    /// The scopes that the session knows.
    known: [bool; SCOPES],
    kind: Kind,
    /// The number of the credential.
    credential: u32,
    codes: u32,
    sent_codes: BTreeSet<String>,
    store: StoreSide,
}

/// What a caller has taken from the session: a request, a question, or a question to the store.
struct Out {
    request: PendingRequest,
    want: Option<Want>,
}

/// A token that the identity service has given.
#[derive(Default)]
struct Given {
    /// The place of its scope.
    index: usize,
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
        let mut session =
            Session::new(kind.cloud(), kind.credential(0), kind.settings(seed)).unwrap();
        // The session's clock starts.
        assert!(session.cached_token(&scope(0), START).is_none());
        let mut simulation = Self {
            session,
            model: Reference::new(kind),
            kind,
            now: START,
            told: START,
            named: None,
            pending: [const { None }; 5],
            late: Vec::new(),
            tokens: Vec::new(),
            heard: Vec::new(),
            counted: [0; 4],
            known: [false, false, false, kind.root == Some(UNSCOPED)],
            credential: 0,
            codes: 100_000,
            sent_codes: BTreeSet::new(),
            store: StoreSide::default(),
        };
        simulation.replace();
        simulation
    }

    fn take(&mut self, op: &Op) {
        if self.model.is_unsure {
            return;
        }
        match *op {
            Op::Clock(millis) => self.move_clock(self.now, millis),
            Op::Until(millis) => self.move_clock(self.named.unwrap_or(self.now), millis),
            ref op => {
                if !self.take_several(op) {
                    reach("0: all steps");
                    self.call(op);
                    self.check();
                }
            }
        }
    }

    /// One call of the session, and of the model.
    fn call(&mut self, op: &Op) {
        match *op {
            Op::Abandon(index) => {
                let index = self.any_holder(index, |_| true);
                if let Some(out) = self.pending[index].take() {
                    self.session.handle_abandoned(out.request).unwrap();
                    self.take_events(self.told);
                    self.model.is_abandoned(index);
                }
            }
            Op::Accept(which, origin, status) => self.accept(which, origin, status),
            Op::Drop(index) => self.drop_request(self.any_holder(index, |_| true)),
            Op::Factor(index) => {
                let factor = self.fresh_code();
                let submitted = self.session.answer(&scope(index), factor, self.now);
                self.listen();
                assert_eq!(submitted.is_ok(), self.model.factor(index));
            }
            Op::Fail(index, kind) => {
                self.fail(self.any_holder(index, |_| true), KINDS[kind % KINDS.len()]);
            }
            Op::Head(index, which, asked) => {
                self.head(self.any_holder(index, |_| true), which, asked);
            }
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
            Op::Respond(index, ref reply) => {
                let index = self.any_holder(index, |out| out.want.is_none());
                if self.pending[index].as_ref().is_some_and(|out| out.want.is_none()) {
                    self.respond(index, reply);
                }
            }
            Op::Taken(index, ref said) => {
                let index = self.any_holder(index, |out| out.want.is_some());
                let out = self.pending[index].take_if(|out| out.want.is_some());
                if let Some(Out { request, want: Some(want) }) = out {
                    self.answer_want(index, request, &want, said);
                }
            }
            _ => {}
        }
    }

    fn move_clock(&mut self, from: UtcDateTime, millis: i64) {
        let moved = from.checked_add(time::Duration::milliseconds(millis));
        if let Some(now) = moved.filter(|now| (1500..3000).contains(&now.year())) {
            self.now = now;
        }
    }

    /// This scope if it has such a request under way, else the next one that has.
    fn any_holder(&self, index: usize, is_one: impl Fn(&Out) -> bool) -> usize {
        let all = (0..5).map(|step| (index + step) % 5);
        let mut all = all.filter(|index| self.pending[*index].as_ref().is_some_and(&is_one));
        all.next().unwrap_or(index)
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
        if which >= self.late.len() {
            return;
        }
        let Out { request, want } = self.late.remove(which);
        if let Some(want) = want {
            self.answer_late_want(request, &want);
            return self.listen();
        }
        let witnesses = answers::witnesses(3600, Stamps::AllRight, self.now);
        let reply = Reply::Token(3600, Stamps::AllRight);
        let response = answers::answer(&reply, 0, "late", &witnesses, self.model.is_v2);
        self.session.handle_response(request, response, self.now).unwrap();
        self.listen();
    }

    fn fresh_code(&mut self) -> Factor {
        self.codes += 1;
        Factor::totp(self.codes.to_string())
    }

    fn replace(&mut self) {
        self.credential = (self.credential + 1) % 2;
        let credential = self.kind.credential(self.credential);
        let credential = match self.model.one_time {
            true => credential.and(self.fresh_code()),
            false => credential,
        };
        self.session.replace_credential(credential).unwrap();
        self.model.replaced(self.credential);
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
        let Some(action) = self.poll_once(index, caller) else { return };
        let sender = self.model.sender;
        match action {
            Action::Ask(request, _) => {
                let out = Out { request, want: None };
                self.late.extend(self.pending[sender].replace(out));
                return;
            }
            Action::Send(pending, request) => {
                if let Some(code) = sent_code(&request) {
                    assert!(self.sent_codes.insert(code.clone()), "{code} again");
                }
                self.compare_request(sender, &request);
                let out = Out { request: pending, want: None };
                self.late.extend(self.pending[sender].replace(out));
                return;
            }
            Action::Take(request, want) => {
                self.compare_want(sender, &want);
                let out = Out { request, want: Some(want) };
                self.late.extend(self.pending[sender].replace(out));
                return;
            }
            _ => {}
        }
        // A second poll gives the same action.
        let Some(again) = self.poll_once(index, caller) else { return };
        match (&action, &again) {
            (Action::Fail(before), Action::Fail(again)) => assert_eq!(before, again),
            (Action::Use(before), Action::Use(again)) => assert!(Arc::ptr_eq(before, again)),
            (Action::Wait(before), Action::Wait(again)) => assert_eq!(before, again),
            (before, again) => panic!("{before:?} and then {again:?}"),
        }
    }

    /// Closes the session: no later call changes anything.
    fn close(mut self) {
        self.session.close();
        let pending: Vec<_> = self.pending.iter_mut().filter_map(Option::take).collect();
        for Out { request, want } in pending.into_iter().chain(std::mem::take(&mut self.late)) {
            match want {
                Some(want) => self.answer_late_want(request, &want),
                None => {
                    let failure = Failure::new(FailureKind::Io, "reset");
                    self.session.handle_failure(request, failure, self.now).unwrap();
                }
            }
        }
        self.compare_leases();
        assert!(self.session.replace_credential(self.kind.credential(0)).is_err());
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
