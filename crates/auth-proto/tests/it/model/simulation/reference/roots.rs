//! Rule 8: one login for many scopes, and questions that one caller takes.

use std::time::Duration;

use time::UtcDateTime;

use super::{
    Caller, Cause, Content, Destination, Held, Phase, Reference, Remedy, Scope, Span, drawn::Late,
    polls::Verdict, reach, refusals::Statement, seconds,
};

/// The place of the unscoped scope.
pub(crate) const UNSCOPED: usize = 3;
/// The place of a token that was given.
pub(crate) const GIVEN: usize = 4;
/// The number of that token.
pub(crate) const GIVEN_ID: usize = usize::MAX;

const QUESTION: Duration = seconds(600);

impl Reference {
    /// The root of a derived scope.
    pub(super) fn root_of(&self, index: usize) -> Option<usize> {
        self.root.filter(|root| *root != index)
    }

    pub(crate) fn has_root_token(&self) -> bool {
        self.root.is_some_and(|root| {
            self.scopes[root].token.is_some() && self.scopes[root].due != Some(Remedy::LogIn)
        })
    }

    /// An exchange, or what gets a root token first.
    pub(super) fn derive(
        &mut self,
        index: usize,
        root: usize,
        caller: Caller,
        late: Late,
    ) -> Verdict {
        if let Phase::Challenged(..) = self.scopes[index].phase {
            return self.start(index, caller, late);
        }
        let is_doubted = matches!(self.scopes[index].phase, Phase::Doubted(..));
        let is_due = self.scopes[root].due.is_some();
        if is_doubted && !is_due {
            reach("8: a doubt without an answer");
            self.scopes[index].phase = Phase::Idle;
        }
        let is_unclear = is_due && (is_doubted || !self.is_trusted);
        let in_flight = self.scopes.iter().filter_map(|scope| match scope.phase {
            Phase::InFlight(handed, ..) => Some((handed.number, handed.lost_at())),
            _ => None,
        });
        if !self.is_trusted
            && !is_unclear
            && let Some((_, until)) = in_flight.min()
        {
            reach("8: one exchange of an untrusted root");
            return Verdict::Wait(until);
        }
        let own = self.scopes[index].token.clone();
        let own = own.filter(|_| caller.has_token && self.scopes[index].due.is_none());
        let verdict = match is_unclear {
            true => self.obtain(root, caller, false, late.of_root()),
            false => {
                let life = self.life_of_root(index, root, caller);
                let caller = Caller { destination: Destination::Later, life, ..caller };
                self.serve(root, caller, late.of_root())
            }
        };
        if verdict != Verdict::Use {
            return verdict;
        }
        let Some(token) = self.scopes[root].token.clone() else { return Verdict::Use };
        if own.is_some_and(|own| token.expires_at <= own.expires_at) {
            reach("8: the root is no longer than the token");
            return Verdict::Use;
        }
        if token.ends_at < self.now + seconds(5) {
            reach("8: the root ends at once");
            return Verdict::Wait(token.ends_at);
        }
        if let Some(verdict) = self.look(index, late) {
            return verdict;
        }
        reach("8: an exchange");
        self.send(index, None, Some(token.id))
    }

    fn life_of_root(&self, index: usize, root: usize, caller: Caller) -> Duration {
        match (&self.scopes[index].token, &self.scopes[root].token) {
            (Some(own), Some(root))
                if !caller.life.is_zero() && self.ends_with(own.ends_at, root) =>
            {
                caller.life + root.ends_at.saturating_sub(own.ends_at)
            }
            _ => caller.life,
        }
    }

    /// The credential is the root token.
    pub(super) fn is_given(&mut self) {
        let ends_at = self.now + seconds(30 * 86_400);
        let scope = &mut self.scopes[GIVEN];
        (scope.due, scope.holds_all) = (None, false);
        scope.token = Some(Held {
            id: GIVEN_ID,
            user: None,
            issued_at: None,
            expires_at: UtcDateTime::MAX,
            full_life: seconds(30 * 86_400),
            not_before: ends_at,
            root: None,
            renew_at: Span::exact(ends_at),
            mandatory_at: ends_at,
            ends_at,
            accepted: [false; 3],
            refused: [false; 3],
        });
        self.valid_at = None;
    }

    /// An exchange was refused.
    pub(super) fn doubt(&mut self, index: usize) {
        let Phase::Doubted(id, number, ..) = self.scopes[index].phase else { return };
        let Some(root) = self.root else { return };
        if !self.scopes[root].holds(id) {
            reach("8: another root may do");
            self.loses_exchange(index);
        } else if self.valid_at.is_some_and(|valid_at| number < valid_at) {
            self.loses_no_more(index);
            self.lacks_role(index);
        } else {
            let root = &mut self.scopes[root];
            root.due = root.due.max(Some(Remedy::Ask));
            root.holds_all &= root.due == Some(Remedy::Ask);
        }
    }

    /// The identity service has said this about the root token.
    pub(super) fn settle(&mut self, id: usize, statement: Statement, number: u64) {
        let Some(root) = self.root else { return };
        let is_doubted = |scope: &Scope| matches!(scope.phase, Phase::Doubted(of, ..) if of == id);
        let all = 0..self.scopes.len();
        let doubted: Vec<usize> = all.filter(|index| is_doubted(&self.scopes[*index])).collect();
        self.is_trusted = true;
        match statement {
            Statement::Valid => {
                self.valid_at = Some(number);
                doubted.into_iter().for_each(|index| self.doubt(index));
            }
            Statement::Invalid => {
                let asked = doubted.iter().filter_map(|index| match self.scopes[*index].phase {
                    Phase::Doubted(_, _, _, asked) => self.rest(asked),
                    _ => None,
                });
                let asked = asked.max();
                doubted.iter().for_each(|_| reach("8: a dead root"));
                self.loses_root(root, &doubted, asked);
                if root == GIVEN {
                    self.is_refused(root, self.now, asked);
                    self.compare_announced(root);
                    self.notes.push(super::Note::CredentialRejected(root));
                }
            }
            Statement::None => {
                let is_again = doubted.iter().all(|index| self.scopes[*index].lost_root);
                let pause = seconds(if is_again { 300 } else { 60 });
                let token = self.scopes[root].token.as_ref();
                let is_replaced = !doubted.is_empty()
                    && token.is_some_and(Held::is_renewable)
                    && self.replaced_at.is_none_or(|before| self.now >= before + pause);
                if is_replaced {
                    reach("8: a root is replaced without an answer");
                    self.replaced_at = Some(self.now);
                    self.drops_root(root, id);
                }
                for index in doubted {
                    match is_replaced {
                        true => self.loses_exchange(index),
                        false => {
                            // Another process may have a root token that is valid.
                            self.tell(index, Content::Nothing);
                            self.lacks_role(index);
                        }
                    }
                }
            }
        }
    }

    fn drops_root(&mut self, root: usize, id: usize) {
        self.forget(root, id);
        self.scopes[root].token = None;
        self.scopes[root].forget_transient_failures();
    }

    /// The exchange of this root token gave one that has ended, at this time.
    pub(super) fn ends_root(&mut self, exchanged: Option<usize>, expires_at: UtcDateTime) {
        let Some((root, id)) = self.root.filter(|root| *root != GIVEN).zip(exchanged) else {
            return;
        };
        let token = self.scopes[root].token.as_ref().filter(|token| token.id == id);
        if token.is_some_and(|token| token.expires_at <= expires_at) {
            reach("0: a root token that has ended");
            self.drops_root(root, id);
            let root = &mut self.scopes[root];
            (root.due, root.holds_all) = (None, false);
            if let Phase::Checking(_) = root.phase {
                root.phase = Phase::Idle;
            }
        }
    }

    fn lacks_role(&mut self, index: usize) {
        if let Phase::Doubted(_, _, cause, asked) = self.scopes[index].phase {
            reach("8: a scope without a role");
            let asked = self.rest(asked);
            self.fails(index, cause, asked);
        }
    }

    /// What is left of a `Retry-After`.
    fn rest(&self, until: Option<time::Duration>) -> Option<Duration> {
        until.map(|until| Duration::try_from(until - self.wall).unwrap_or_default())
    }

    pub(super) fn doubted(&self, asked: Option<Duration>) -> Option<time::Duration> {
        asked.map(|asked| self.wall + asked)
    }

    /// Whether a token with this end ends with the root. That of a given root is not known.
    pub(super) fn ends_with(&self, ends_at: Duration, root: &Held) -> bool {
        let is_own = self.root != Some(GIVEN) && ends_at + seconds(60) < root.ends_at;
        if is_own {
            reach("8: a token that ends before its root");
        }
        !is_own
    }

    /// The token ends with the root token, and is renewed together with it.
    pub(super) fn is_due_with(&self, token: &mut Held, root: &Held) {
        if !root.is_renewable() {
            return token.is_not_renewed();
        }
        reach("8: a token is due with its root");
        (token.renew_at, token.full_life) = (root.renew_at, root.full_life);
        token.root = Some(root.id);
    }

    /// Whether this caller reads a refused secret again.
    pub(super) fn may_read_again(&mut self, index: usize, caller: Caller) -> bool {
        let now = self.now;
        let is_idle = matches!(self.scopes[index].phase, Phase::Idle);
        if !self.has_source || self.root_of(index).is_some() || !is_idle {
            return false;
        }
        let is_unread = self.unread_at.is_some_and(|at| now < at + seconds(60));
        let may_take = if caller.is_background { !is_unread } else { !caller.has_token };
        let is_due = !self.refused_secrets.is_empty() && may_take && now >= self.read_at;
        if is_due {
            self.read_at = now + seconds(10);
        }
        is_due
    }

    /// The service refuses a secret of a source.
    pub(super) fn refuses_secret(&mut self, secret: u32) {
        let pause = match self.refused_secrets.len() {
            _ if self.refused_secrets.contains(&secret) => 0,
            0 => 0,
            1 => 30,
            _ => 450,
        };
        self.read_at = self.now + seconds(pause);
        if !self.refused_secrets.contains(&secret) {
            self.refused_secrets.push(secret);
        }
    }

    /// A caller takes a question, to a person or to a file.
    pub(super) fn ask(
        &mut self,
        index: usize,
        is_personal: bool,
        caller: Caller,
        late: Late,
    ) -> Verdict {
        let is_unread = self.unread_at.is_some_and(|at| self.now < at + seconds(60));
        let goes_on = caller.is_background || caller.has_token;
        if goes_on && !is_personal && is_unread {
            reach("8: a source was read in vain");
            return Verdict::Wait(self.now + seconds(60));
        }
        if goes_on && is_personal {
            reach("8: nobody to ask");
            return Verdict::Wait(self.now + seconds(60));
        }
        let asking = self.scopes.iter().find_map(|scope| match scope.phase {
            Phase::Asking(handed, _, true) => Some(handed.lost_at()),
            _ => None,
        });
        if let Some(until) = asking.filter(|_| is_personal) {
            reach("8: a person has a question");
            return Verdict::Wait(until);
        }
        if let Some(verdict) = self.look(index, late) {
            return verdict;
        }
        reach(if is_personal { "8: a person is asked" } else { "8: a secret is read" });
        let receipt = match self.scopes[index].phase {
            Phase::Challenged(until, _) => Some(until),
            _ => None,
        };
        self.scopes[index].phase =
            Phase::Asking(self.hand_out(index, QUESTION), receipt, is_personal);
        Verdict::Ask
    }

    /// The source has this secret. Returns whether a login waits for it.
    pub(crate) fn secret(&mut self, index: usize, secret: u32) -> bool {
        let index = self.asked(index);
        match self.scopes[index].phase {
            Phase::Asking(_, None, false) => {}
            Phase::Idle | Phase::Taking(_) if self.has_source && self.is_known(index) => {
                reach("8: a reply after its question has come back");
            }
            _ => return false,
        }
        self.scopes[index].phase = Phase::Ready(self.now + QUESTION, secret);
        self.unread_at = None;
        if self.refused_secrets.is_empty() {
            return true;
        }
        let is_blocked = self
            .possibilities(index)
            .into_iter()
            .map(|late| self.block(index, late).is_some_and(|block| block.is_refused));
        let is_blocked: Vec<bool> = is_blocked.collect();
        self.is_unsure |= is_blocked.contains(&true) && is_blocked.contains(&false);
        if is_blocked.contains(&false) {
            return true;
        }
        if self.refused_secrets.contains(&secret) {
            reach("8: the same secret");
            self.scopes[index].phase = Phase::Idle;
        } else {
            reach("8: another secret");
            let ready = self.scopes[index].phase;
            (self.lockout, self.unanswered) = (None, None);
            (self.verified, self.proven) = (false, false);
            for index in 0..self.scopes.len() {
                if self.root_of(index).is_none() {
                    self.renames(index);
                    let scope = &mut self.scopes[index];
                    (scope.phase, scope.streak, scope.granted) = (Phase::Idle, None, false);
                }
            }
            self.scopes[index].phase = ready;
        }
        true
    }

    /// Whether the session has a state for this scope.
    fn is_known(&self, index: usize) -> bool {
        self.scopes[index].is_known || self.root == Some(index)
    }

    /// A question comes back without a reply.
    pub(crate) fn hands_back(&mut self, index: usize) -> bool {
        let is_asking = matches!(self.scopes[index].phase, Phase::Asking(..));
        if is_asking {
            reach("8: a question is handed back");
            let is_unread = self.scopes[index].phase.is_unread();
            self.unread_at = is_unread.then_some(self.now).or(self.unread_at);
            self.scopes[index].phase = self.scopes[index].phase.without_result();
        }
        is_asking
    }
}

/// Whether a refused exchange of this cause leaves the question which of the two is to blame.
pub(super) fn is_doubtful(cause: Cause, asked: Option<Duration>) -> bool {
    match cause {
        Cause::Refused => true,
        Cause::Missing => asked.is_none(),
        _ => false,
    }
}
