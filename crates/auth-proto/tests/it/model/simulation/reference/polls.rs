//! Who gets which token, and who sends: rule 2, rule 3, and renewals.

use std::time::Duration;

use super::{
    Handed, Held, LOST, Note, Phase, Reference, Remedy, Span, drawn::Late, reach,
    refusals::Statement, roots::GIVEN,
};

/// Where a caller sends the token: one of three origins, or as the session calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    At(usize),
    Later,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) destination: Destination,
    pub(crate) is_background: bool,
    /// How long the token has to live.
    pub(crate) life: Duration,
    /// The caller has a token of a derived scope.
    pub(crate) has_token: bool,
}

/// What a poll gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ask,
    Fail(Option<Duration>),
    /// For this scope.
    SendLogin(usize),
    SendQuestion,
    /// For this scope.
    Take(usize),
    Use,
    Wait(Duration),
}

/// Callers leave a login to a background task for this long.
const GRACE: Duration = Duration::from_millis(250);

impl Reference {
    /// What a poll may give, and what follows. One result, unless a drawn time makes a difference.
    pub(crate) fn poll(&self, index: usize, caller: Caller) -> Vec<(Verdict, Late, Self)> {
        let possibilities = self.possibilities(index);
        let is_guess = possibilities.len() > 1;
        let results = possibilities.into_iter().map(|late| {
            let mut after = Self { is_guess, ..self.clone() };
            let verdict = after.decide(index, caller, late);
            (verdict, late, Self { is_guess: false, ..after })
        });
        results.filter(|(.., after)| !after.is_wrong_guess).collect()
    }

    fn decide(&mut self, index: usize, caller: Caller, late: Late) -> Verdict {
        self.followed = None;
        self.keep_leases();
        self.scopes[index].background |= caller.is_background;
        self.scopes[index].is_known = true;
        self.serve(index, caller, late)
    }

    pub(super) fn serve(&mut self, index: usize, caller: Caller, late: Late) -> Verdict {
        self.ask_or_give_up(index, late);
        let (now, scope) = (self.now, &self.scopes[index]);
        let Some(token) = scope.usable(caller.destination).cloned() else {
            if scope.token.is_some() {
                reach(match scope.holds_all {
                    true => "2: a broken request holds all",
                    false => "2: the refusing origin waits",
                });
            }
            return self.obtain(index, caller, false, late);
        };
        let is_suspect = scope.due.is_some();
        // A caller that may be one of the refusing origin prefers another token, and a background
        // task exists to get one.
        let prefers_other =
            is_suspect && (caller.is_background || caller.destination == Destination::Unknown);
        let has_task = scope.background && !caller.is_background;
        let (renew_at, mandatory_at) = token.renewal(late, caller.life);
        if !caller.life.is_zero() && mandatory_at < token.mandatory_at {
            reach("7: a caller needs a longer life");
        }
        let renew_at = if has_task { renew_at.max(mandatory_at) } else { renew_at };
        if !prefers_other && now < renew_at {
            if is_suspect {
                reach("2: another origin uses a suspected token");
            }
            return Verdict::Use;
        }
        let waits = prefers_other || now >= mandatory_at;
        let with_token = Caller { has_token: true, ..caller };
        let verdict = self.obtain(index, with_token, !waits, late);
        match verdict {
            Verdict::Ask | Verdict::SendLogin(_) | Verdict::SendQuestion | Verdict::Take(_) => {
                if !is_suspect && now < token.mandatory_at {
                    reach("7: an early renewal");
                }
                verdict
            }
            Verdict::Wait(until) if waits && self.is_on_its_way(index, late) => {
                if prefers_other {
                    reach("2: an unknown destination waits");
                }
                Verdict::Wait(until.min(token.ends_at))
            }
            _ => {
                if prefers_other {
                    reach("2: an unknown destination gets the token");
                }
                Verdict::Use
            }
        }
    }

    /// The next step towards another token. A caller who waits comes again before the scope's lease
    /// ends.
    pub(super) fn obtain(
        &mut self,
        index: usize,
        caller: Caller,
        early: bool,
        late: Late,
    ) -> Verdict {
        match self.next_step(index, caller, early, late) {
            Verdict::Wait(until) => {
                Verdict::Wait(self.keeps_at(index).map_or(until, |at| at.min(until)))
            }
            verdict => verdict,
        }
    }

    fn next_step(&mut self, index: usize, caller: Caller, early: bool, late: Late) -> Verdict {
        let (now, root) = (self.now, self.root_of(index));
        if let Some(root) = root {
            self.ask_or_give_up(root, late.of_root());
        }
        if let Some(handed) = self.scopes[index].phase.handed() {
            let token = self.scopes[index].token.as_ref();
            let asked = token.filter(|_| matches!(self.scopes[index].phase, Phase::Checking(_)));
            let lost_at = handed.lost_at();
            return Verdict::Wait(asked.map_or(lost_at, |token| token.ends_at.min(lost_at)));
        }
        if self.scopes[index].due == Some(Remedy::Ask) {
            if let Some(until) = self.leave_to_task(index, caller) {
                return Verdict::Wait(until);
            }
            reach("1: a question is sent");
            self.scopes[index].phase = Phase::Checking(self.hand_out(index, LOST));
            return Verdict::SendQuestion;
        }
        if root.is_none() {
            self.want_the_next_attempt(index);
        }
        let block = self.block(index, late);
        self.reach_block(index, late);
        if let Some(block) = block.filter(|block| !block.waits) {
            if block.is_refused && self.may_read_again(index, caller) {
                reach("8: a refused secret is read again");
                return self.ask(index, false, caller, late);
            }
            reach("4: callers fail");
            self.is_blocked(index, block.until);
            let has_challenge = matches!(self.scopes[index].phase, Phase::Challenged(..));
            return Verdict::Fail(Some(block.until).filter(|_| !has_challenge));
        }
        if self.wants_factor(index) {
            return self.ask(index, true, caller, late);
        }
        let paid_at = self.next_forced_login(index);
        if now < paid_at {
            reach("1: the budget is used up");
        }
        if let Some(until) = block.map(|block| block.until).max(Some(paid_at))
            && now < until
        {
            reach("4: callers wait");
            self.is_blocked(index, until);
            return Verdict::Wait(until);
        }
        let cold = root.filter(|root| self.scopes[*root].token.is_none());
        if cold.is_none()
            && let Some(until) = self.leave_to_task(index, caller)
        {
            return Verdict::Wait(until);
        }
        if let Some(root) = root {
            return self.derive(index, root, caller, late);
        }
        if (early || !self.verified) && self.root != Some(index) {
            let logins = self.scopes.iter().filter_map(|scope| match scope.phase {
                Phase::InFlight(handed, ..) => Some((handed.number, handed.lost_at())),
                _ => None,
            });
            if let Some((_, until)) = logins.min() {
                reach("3: one login of an unverified credential");
                return Verdict::Wait(until);
            }
        }
        self.start(index, caller, late)
    }

    pub(super) fn start(&mut self, index: usize, caller: Caller, late: Late) -> Verdict {
        if index == GIVEN {
            self.is_given();
            return Verdict::Use;
        }
        if let Some(verdict) = self.look(index, late) {
            return verdict;
        }
        let phase = self.scopes[index].phase;
        if self.has_source && matches!(phase, Phase::Idle) {
            return self.ask(index, false, caller, late);
        }
        let receipt = match phase {
            Phase::Challenged(until, _) => Some(until),
            _ => None,
        };
        if let Phase::Ready(_, secret) = phase {
            self.scopes[index].secret = secret;
        }
        self.code_used |= self.one_time && receipt.is_none();
        self.send(index, receipt, None)
    }

    pub(super) fn send(
        &mut self,
        index: usize,
        receipt: Option<Duration>,
        root: Option<usize>,
    ) -> Verdict {
        self.pay_for_login(index);
        let handed = self.hand_out(index, LOST);
        self.scopes[index].phase = Phase::InFlight(handed, receipt, root);
        self.notes.push(Note::LoginStarted(index));
        Verdict::SendLogin(index)
    }

    pub(super) fn hand_out(&mut self, index: usize, life: Duration) -> Handed {
        self.handed_out += 1;
        self.sender = index;
        let (sent_at, number) = (self.now, self.handed_out);
        Handed { sent_at, lost_at: sent_at + life, number, is_dropped: false }
    }

    /// Whether a request is under way, or a background task is about to send it.
    fn is_on_its_way(&mut self, index: usize, late: Late) -> bool {
        let is_sent = |index: usize| {
            let phase = &self.scopes[index].phase;
            phase.handed().is_some() && !matches!(phase, Phase::Asking(_, _, true))
        };
        if is_sent(index) || self.root_of(index).is_some_and(is_sent) {
            return true;
        }
        let root = self.root_of(index);
        if self.is_followed(index, late)
            || root.is_some_and(|root| self.is_followed(root, late.of_root()))
        {
            return true;
        }
        let root = self.root_of(index).filter(|root| self.scopes[*root].token.is_none());
        if self.wants_factor(root.unwrap_or(index)) {
            return false;
        }
        let is_paused =
            self.block(index, late).is_some() || self.now < self.next_forced_login(index);
        let caller = Caller::to(Destination::Unknown);
        !is_paused && self.leave_to_task(index, caller).is_some()
    }

    /// Until when a caller leaves the request to the background task.
    fn leave_to_task(&mut self, index: usize, caller: Caller) -> Option<Duration> {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        if caller.is_background || !scope.background || !scope.lacks_token() {
            return None;
        }
        // A pause may have ended early, with a new credential for example.
        let free_since = scope.free_since.map_or(now, |since| since.min(now));
        scope.free_since = Some(free_since);
        let until = free_since + GRACE;
        scope.background = now < until;
        reach(match scope.background {
            true => "3: left to the background task",
            false => "3: the background task has stopped",
        });
        scope.background.then_some(until)
    }

    /// Since when callers leave the login of each scope to its background task.
    pub(crate) fn left_since(&self) -> Vec<Option<Duration>> {
        self.scopes.iter().map(|scope| scope.free_since.filter(|_| scope.background)).collect()
    }

    /// Callers cannot start a login before this time.
    fn is_blocked(&mut self, index: usize, until: Duration) {
        let scope = &mut self.scopes[index];
        if scope.lacks_token() {
            scope.free_since = Some(until);
        }
    }

    /// The session has named the end of a pause.
    pub(crate) fn hear_end(&mut self, index: usize, expected: Verdict, named: Verdict) {
        if let (
            Verdict::Fail(Some(expected)) | Verdict::Wait(expected),
            Verdict::Fail(Some(named)) | Verdict::Wait(named),
        ) = (expected, named)
        {
            let since = self.scopes[index].free_since.as_mut();
            since.filter(|since| **since == expected).into_iter().for_each(|since| *since = named);
        }
        if let Verdict::Wait(named) = named {
            self.hear_look(named);
        }
    }

    /// A question that cannot be asked now counts as one without a statement.
    fn ask_or_give_up(&mut self, index: usize, late: Late) {
        let scope = &self.scopes[index];
        let is_due = scope.token.is_some() && scope.due == Some(Remedy::Ask);
        let can_ask = match scope.phase {
            Phase::Checking(_) | Phase::InFlight(..) | Phase::Taking(_) => true,
            Phase::Doubted(..) | Phase::Idle => !self.is_v2 && !self.is_paused(index, late),
            Phase::Asking(..) | Phase::Challenged(..) | Phase::Ready(..) => false,
        };
        if is_due && !can_ask {
            reach("1: no question can be asked");
            self.learns(index, Statement::None, self.handed_out);
        }
    }

    fn reach_block(&self, index: usize, late: Late) {
        let is_own = self.scopes[index].streak.is_some();
        if self.retry_after.is_some() && !is_own {
            reach("4: Retry-After of another scope");
        }
        if self.unanswered.is_some() && !is_own && self.block(index, late).is_some() {
            reach("5: another scope waits for the schedule");
        }
    }

    /// When a background task has the next reason to act, if the scope has a token.
    pub(crate) fn renewal(&self, index: usize) -> Vec<Option<Duration>> {
        let all = self.possibilities(index).into_iter();
        all.map(|late| Some(self.renewal_of(index, late)?.max(self.now))).collect()
    }

    fn renewal_of(&self, index: usize, late: Late) -> Option<Duration> {
        let scope = &self.scopes[index];
        let token = scope.token.as_ref()?;
        let due = match scope.due {
            Some(_) => self.now,
            None => token.renew_at.at(late.renewal),
        };
        let obstacles = self.obstacles(index, late).into_iter().flatten();
        Some(obstacles.fold(due, Duration::max).min(token.ends_at))
    }

    /// When the root has the next reason to act.
    fn root_renewal(&self, root: usize, late: Late) -> Option<Duration> {
        let scope = &self.scopes[root];
        if scope.token.is_some() {
            return self.renewal_of(root, late);
        }
        if let Some(handed) = scope.phase.handed() {
            let lost_at = handed.lost_at();
            return Some(self.keeps_at(root).map_or(lost_at, |at| at.min(lost_at)));
        }
        if self.wants_factor(root) {
            return None;
        }
        Some(self.block(root, late).map_or(self.now, |block| block.until))
    }

    fn obstacles(&self, index: usize, late: Late) -> [Option<Duration>; 4] {
        let scope = &self.scopes[index];
        let root = self.root_of(index).zip(scope.token.as_ref()).and_then(|(root, token)| {
            let is_better = self.scopes[root]
                .token
                .as_ref()
                .is_some_and(|root| scope.due.is_some() || root.expires_at > token.expires_at);
            let due = self.root_renewal(root, late.of_root()).unwrap_or(token.ends_at);
            Some(due).filter(|_| !is_better)
        });
        [
            self.block(index, late).map(|block| block.until),
            scope.phase.handed().map(Handed::lost_at),
            scope.token.as_ref().filter(|_| self.wants_factor(index)).map(|token| token.ends_at),
            root,
        ]
    }

    /// Learns the drawn time of a renewal, if no obstacle hides it.
    pub(crate) fn hear_renewal(&mut self, index: usize, announced: Duration) {
        let is_hidden = self.possibilities(index).into_iter().any(|late| {
            let obstacles = self.obstacles(index, late);
            obstacles.contains(&Some(announced)) || obstacles[3].is_some()
        });
        let scope = &mut self.scopes[index];
        let is_due = scope.due.is_some();
        let Some(token) = scope.token.as_mut().filter(|_| !is_due && !is_hidden) else { return };
        if token.renew_at.has(announced) {
            let (id, before) = (token.id, token.renew_at);
            token.renew_at = Span::exact(announced);
            // Tokens that are derived from it are due at the same time.
            if self.root == Some(index) {
                let tokens = self.scopes.iter_mut().filter_map(|scope| scope.token.as_mut());
                let is_derived = |token: &&mut Held| token.root == Some(id);
                for token in tokens.filter(is_derived).filter(|token| token.renew_at == before) {
                    token.renew_at = Span::exact(announced);
                }
            }
        }
    }
}

impl Caller {
    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination, is_background: false, life: Duration::ZERO, has_token: false }
    }
}

impl Held {
    /// When a caller with this need renews it, and when the caller waits for that.
    fn renewal(&self, late: Late, life: Duration) -> (Duration, Duration) {
        let renew_at = self.renew_at.at(late.renewal);
        if life.is_zero() {
            return (renew_at, self.mandatory_at);
        }
        let life = life.min(self.full_life / 10 * 9);
        let too_short = self.ends_at.saturating_sub(life).max(self.not_before);
        (renew_at.min(too_short), self.mandatory_at.min(too_short))
    }

    /// Another token costs a person a code, or cannot be had.
    pub(super) fn is_not_renewed(&mut self) {
        (self.renew_at, self.mandatory_at) = (Span::exact(self.ends_at), self.ends_at);
        self.not_before = self.ends_at;
    }

    pub(super) fn is_renewable(&self) -> bool {
        self.not_before < self.ends_at
    }
}
