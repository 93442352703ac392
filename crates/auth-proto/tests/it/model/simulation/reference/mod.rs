//! The rules of a session in their simplest form, in seconds on one axis that never goes back.
//!
//! The session draws its pauses at random. The reference knows their bounds, and the drawn time once
//! the session has announced it.

mod drawn;
mod fruitless;
mod life;
mod lockout;
mod notes;
mod pauses;
mod polls;
mod refusals;
mod results;
mod roots;
mod store;

use std::time::Duration;

use auth_proto::{RefusalReason, SuspensionReason};
pub(crate) use drawn::{Late, Span, is_within};
use fruitless::Fruitless;
pub(crate) use life::Witnesses;
use lockout::{Lockout, Unanswered};
pub(crate) use notes::{Content, Told};
pub(crate) use pauses::Cause;
use pauses::Streak;
pub(crate) use polls::{Caller, Destination, Verdict};
use refusals::{Doubt, Remedy};
pub(crate) use roots::{GIVEN, UNSCOPED};
use store::Share;
pub(crate) use store::{Entry, LEASE};
use time::UtcDateTime;

use super::{coverage::reach, kind::Kind};

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A request without a response is lost after this time.
const LOST: Duration = seconds(60);
/// The same for a question to the store.
const LOST_WANT: Duration = seconds(1);

/// One session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    pub(crate) now: Duration,
    /// The caller's clock, which may go back.
    wall: time::Duration,
    /// The three projects, the unscoped scope, and the root that no scope leads to.
    pub(crate) scopes: [Scope; 5],
    /// The credential has given a token, and nothing has cast a doubt on it since.
    verified: bool,
    /// The service has accepted the password or code.
    proven: bool,
    /// The credential has a one-time code, and it has been sent.
    pub(crate) one_time: bool,
    code_used: bool,
    /// The credential reads its secret from a source.
    pub(crate) has_source: bool,
    /// Tokens and pauses are shared with other processes.
    pub(crate) has_store: bool,
    /// Until then, the session acts as if it had no store.
    silent_until: Duration,
    /// The number of the credential.
    credential: u32,
    /// The scope for which the last poll waits for another process.
    followed: Option<usize>,
    /// Questions to the store that brought nothing.
    pub(crate) misses: u64,
    /// What the session owes the store.
    pub(crate) told: Vec<Told>,
    /// The place of the root.
    pub(crate) root: Option<usize>,
    /// Nothing speaks against the root token.
    is_trusted: bool,
    /// The last question that was answered: the root token is valid.
    valid_at: Option<u64>,
    replaced_at: Option<Duration>,
    /// The root token is another process'.
    has_shared_root: bool,
    /// Only a person can give another root token.
    needs_person: bool,
    /// The last root tokens were of no use.
    fruitless: Option<Fruitless>,
    /// The requests and questions so far.
    handed_out: u64,
    /// The scope of the last one.
    pub(crate) sender: usize,
    /// The secrets that were refused since the last token.
    refused_secrets: Vec<u32>,
    /// Since when they may be read again.
    read_at: Duration,
    /// When a source was last read in vain.
    unread_at: Option<Duration>,
    /// The API has no question about a token, and no second factor.
    pub(crate) is_v2: bool,
    lockout: Option<Lockout>,
    retry_after: Option<Streak>,
    unanswered: Option<Unanswered>,
    /// The events that the session owes.
    pub(crate) notes: Vec<Note>,
    /// The times of next attempts that the session has announced, for each scope.
    pub(crate) announced: [Option<Duration>; 5],
    /// A drawn time is not known well enough to go on.
    pub(crate) is_unsure: bool,
    /// One of several guesses what the drawn times are.
    pub(super) is_guess: bool,
    /// What the session has said contradicts the guess.
    pub(super) is_wrong_guess: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) token: Option<Held>,
    pub(crate) phase: Phase,
    streak: Option<Streak>,
    granted: bool,
    background: bool,
    /// Since when callers without a usable token could start a login.
    free_since: Option<Duration>,
    due: Option<Remedy>,
    holds_all: bool,
    /// Until then, a broken request is no reason to ask.
    answered_until: Duration,
    /// The last exchange was refused, and cost the root token.
    lost_root: bool,
    doubts: [Doubt; 3],
    /// When the forced logins so far are paid for.
    paid_at: Duration,
    /// The secret that was sent last.
    secret: u32,
    /// Whether a caller has asked for it.
    is_known: bool,
    pub(crate) share: Share,
}

/// A token. The marks are those of three origins.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: usize,
    /// The number of its user, if the token says it.
    user: Option<u32>,
    /// Its times by the server's clock.
    issued_at: Option<UtcDateTime>,
    expires_at: UtcDateTime,
    /// The life of a new one.
    full_life: Duration,
    not_before: Duration,
    /// The root token that it is renewed with.
    root: Option<usize>,
    renew_at: Span,
    mandatory_at: Duration,
    ends_at: Duration,
    accepted: [bool; 3],
    refused: [bool; 3],
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Phase {
    #[default]
    Idle,
    /// A caller has a question for a person, about a receipt that ends then, or for a file.
    Asking(Handed, Option<Duration>, bool),
    /// A question about the token.
    Checking(Handed),
    /// A login, or the exchange of this root token. The end of its receipt, if it sends a further
    /// factor.
    InFlight(Handed, Option<Duration>, Option<usize>),
    /// The service wants a further factor until this time. Whether it was submitted.
    Challenged(Duration, bool),
    /// The exchange of this root token was refused, with its number and `Retry-After`.
    Doubted(usize, u64, Cause, Option<time::Duration>),
    /// A question to the store.
    Taking(Handed),
    /// The secret was read, and serves until then.
    Ready(Duration, u32),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed {
    sent_at: Duration,
    lost_at: Duration,
    number: u64,
    is_dropped: bool,
}

impl Handed {
    fn lost_at(&self) -> Duration {
        self.lost_at
    }
}

impl Phase {
    pub(crate) fn handed(&self) -> Option<&Handed> {
        match self {
            Self::Asking(handed, ..)
            | Self::Checking(handed)
            | Self::InFlight(handed, ..)
            | Self::Taking(handed) => Some(handed),
            _ => None,
        }
    }

    /// Whether a source is being read.
    fn is_unread(self) -> bool {
        matches!(self, Self::Asking(_, _, false))
    }

    /// A question comes back, or a request is dropped.
    fn without_result(self) -> Self {
        match self {
            Self::Asking(_, Some(until), _) => Self::Challenged(until, false),
            _ => Self::Idle,
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    AtOdds(usize, usize, Duration),
    ClockJump,
    CredentialRejected(usize),
    Delivered(usize, RefusalReason),
    /// Whether it is transient.
    LoginFailed(usize, bool),
    LoginStarted(usize),
    LeaseLost(usize),
    PauseImported(usize),
    StoreSuspended(SuspensionReason),
    TokenImported(usize),
    TokenRejected(usize, usize),
    TokenRenewed(usize),
}

impl Reference {
    pub(crate) fn new(kind: Kind) -> Self {
        let Kind { is_v2, one_time, has_source, has_store, root } = kind;
        Self { one_time, is_v2, has_source, has_store, root, ..Self::default() }
    }

    /// The session learns the time. `step` has passed since it last did, by the caller's clock.
    pub(crate) fn tick(&mut self, step: time::Duration) {
        if step < -time::Duration::SECOND || step > time::Duration::DAY {
            self.notes.push(Note::ClockJump);
        }
        self.now += Duration::try_from(step).unwrap_or_default();
        self.wall += step;
        let now = self.now;
        let mut has_ended = false;
        for index in 0..self.scopes.len() {
            let scope = &mut self.scopes[index];
            if scope.token.take_if(|token| now >= token.ends_at).is_some() {
                has_ended = true;
                scope.forget_transient_failures();
                (scope.due, scope.holds_all) = (None, false);
                if let Phase::Checking(_) = scope.phase {
                    scope.phase = Phase::Idle;
                }
            }
        }
        for index in 0..self.scopes.len() {
            let scope = &mut self.scopes[index];
            if scope.phase.handed().is_some_and(|handed| handed.is_dropped) {
                reach("3: a dropped request");
                self.unread_at = scope.phase.is_unread().then_some(now).or(self.unread_at);
                scope.phase = scope.phase.without_result();
            }
            match scope.phase {
                Phase::Asking(_, Some(until), _) | Phase::Challenged(until, _) if now >= until => {
                    scope.phase = Phase::Idle;
                    scope.factor_is_gone();
                }
                Phase::Ready(until, _) if now >= until => scope.phase = Phase::Idle,
                Phase::Asking(handed, ..) if now >= handed.lost_at() => {
                    reach("8: a lost question");
                    self.unread_at = scope.phase.is_unread().then_some(now).or(self.unread_at);
                    scope.phase = scope.phase.without_result();
                }
                Phase::Checking(handed) if now >= handed.lost_at() => {
                    reach("3: a lost request");
                    self.has_no_statement(index);
                }
                Phase::InFlight(handed, ..) if now >= handed.lost_at() => {
                    reach("3: a lost request");
                    self.gets_no_status(index);
                    self.fails(index, Cause::Transport, None);
                }
                Phase::Taking(handed) if now >= handed.lost_at() => {
                    reach("9: a question to the store is lost");
                    self.has_no_answer(index);
                }
                _ => {}
            }
        }
        self.retry_after.take_if(|streak| streak.is_certainly_over(now));
        self.verified &= !has_ended || self.scopes.iter().any(|scope| scope.token.is_some());
    }

    /// The user replaces the credential.
    pub(crate) fn replaced(&mut self, credential: u32) {
        (0..self.scopes.len()).for_each(|index| self.renames(index));
        self.credential = credential;
        (self.lockout, self.unanswered) = (None, None);
        (self.verified, self.proven, self.code_used) = (false, false, false);
        for scope in &mut self.scopes {
            (scope.phase, scope.streak, scope.granted) = (Phase::Idle, None, false);
            scope.lost_root = false;
        }
        (self.has_shared_root, self.needs_person, self.fruitless) = (false, false, None);
        (self.refused_secrets, self.unread_at) = (Vec::new(), None);
        (self.is_trusted, self.valid_at, self.replaced_at) = (false, None, None);
        if let Some(root) = self.root {
            self.scopes[root] = Scope::default();
        }
    }

    /// The user submits a factor. Returns whether anybody asked for one.
    pub(crate) fn factor(&mut self, index: usize) -> bool {
        let index = self.asked(index);
        match self.scopes[index].phase {
            // A token that was given has no user whose code it could be.
            Phase::Challenged(..) | Phase::Asking(_, Some(_), _) if self.root == Some(GIVEN) => {
                return false;
            }
            Phase::Challenged(until, false) | Phase::Asking(_, Some(until), _) => {
                self.scopes[index].phase = Phase::Challenged(until, true);
            }
            Phase::Challenged(..) | Phase::Ready(..) | Phase::Asking(_, None, false) => {
                return false;
            }
            _ if self.code_used => {
                self.code_used = false;
                for scope in &mut self.scopes {
                    if let Phase::Asking(_, None, true) = scope.phase {
                        scope.phase = Phase::Idle;
                    }
                }
            }
            _ => return false,
        }
        self.scopes[index].factor_is_gone();
        true
    }

    /// Where a reply to this scope's callers goes.
    fn asked(&self, index: usize) -> usize {
        match self.scopes[index].phase {
            Phase::Asking(..) | Phase::Challenged(..) | Phase::Ready(..) => index,
            _ => self.root.unwrap_or(index),
        }
    }

    /// Whether the user has to supply a factor before the next login.
    fn wants_factor(&self, index: usize) -> bool {
        match self.scopes[index].phase {
            Phase::Challenged(_, given) => !given,
            Phase::Idle => self.code_used && self.root_of(index).is_none(),
            _ => false,
        }
    }
}

impl Scope {
    /// The pause after a refused factor ends with it.
    fn factor_is_gone(&mut self) {
        for streak in self.streak.iter_mut().filter(|streak| !streak.is_retryable) {
            streak.is_cleared = true;
        }
    }

    /// Callers need a token more than before: pauses that suited the old need end.
    fn forget_transient_failures(&mut self) {
        self.streak.take_if(|streak| streak.is_transient);
    }

    /// The token for a caller with this destination.
    pub(crate) fn usable(&self, destination: Destination) -> Option<&Held> {
        let token = self.token.as_ref().filter(|_| !self.holds_all)?;
        match destination {
            Destination::At(origin) if token.refused[origin] => None,
            _ => Some(token),
        }
    }
}
