//! Rule 1: a 401 is judged by evidence.

use std::time::Duration;

use super::{Note, Phase, Reference, Scope, reach, seconds};

/// What a refused token needs. A login includes what a question would find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    Ask,
    LogIn,
}

/// What an origin has refused without having accepted it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doubt {
    tokens: u32,
    at_odds_until: Duration,
}

/// What the identity service says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Invalid,
    None,
    Valid,
}

const AT_ODDS: Duration = seconds(60);
/// So many logins at once are forced, and then one a second.
const BURST: u64 = 40;

impl Statement {
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Valid,
            401 | 404 => Self::Invalid,
            _ => Self::None,
        }
    }
}

impl Scope {
    /// Whether callers have no token, or one that is suspected.
    pub(super) fn lacks_token(&self) -> bool {
        self.token.is_none() || self.due.is_some()
    }

    /// Callers that have a token again wait for no login.
    pub(super) fn is_served_again(&mut self) {
        if !self.lacks_token() {
            self.free_since = None;
        }
    }
}

impl Reference {
    /// An origin answers a request with this token, and it is no refusal.
    pub(crate) fn accepted(&mut self, id: usize, origin: usize) {
        for token in self.scopes.iter_mut().filter_map(|scope| scope.token.as_mut()) {
            token.accepted[origin] |= token.id == id;
        }
    }

    /// An origin refuses this token. Returns whether it is at odds.
    pub(crate) fn refused(&mut self, id: usize, origin: usize) -> bool {
        let (now, held) = (self.now, self.scopes.iter().position(|scope| scope.holds(id)));
        let Some(index) = held else {
            reach("1: a refusal of an old token");
            return false;
        };
        let scope = &mut self.scopes[index];
        let (Some(token), doubt) = (&mut scope.token, &mut scope.doubts[origin]) else {
            return false;
        };
        if token.refused[origin] {
            reach("1: a refusal that is known");
            return false;
        }
        if now < doubt.at_odds_until && !token.accepted[origin] {
            reach("1: a refusal by an origin at odds");
            return true;
        }
        token.refused[origin] = true;
        let remedy = if token.accepted[origin] {
            reach("1: a refusal after an acceptance");
            *doubt = Doubt::default();
            Remedy::LogIn
        } else if doubt.tokens == 0 {
            reach("1: the first unaccepted token");
            doubt.tokens = 1;
            Remedy::LogIn
        } else {
            reach("1: the next unaccepted token");
            doubt.tokens += 1;
            Remedy::Ask
        };
        scope.due = scope.due.max(Some(remedy));
        scope.holds_all &= scope.due == Some(Remedy::Ask);
        scope.forget_transient_failures();
        if let Phase::Checking(_) = scope.phase
            && scope.due == Some(Remedy::LogIn)
        {
            reach("1: a login makes a question pointless");
            scope.phase = Phase::Idle;
        }
        if scope.due == Some(Remedy::LogIn) {
            self.forget(index, id);
            match self.root.filter(|root| *root != index) {
                Some(_) => self.is_trusted = false,
                None => self.verified = false,
            }
        }
        self.notes.push(Note::TokenRejected(index, origin));
        false
    }

    /// A request with this token broke off while its body was being sent.
    pub(crate) fn interrupted(&mut self, id: usize) {
        let now = self.now;
        let is_new = |scope: &&mut Scope| scope.holds(id) && now >= scope.answered_until;
        for scope in self.scopes.iter_mut().filter(is_new) {
            scope.due = scope.due.max(Some(Remedy::Ask));
            scope.holds_all = scope.due == Some(Remedy::Ask);
        }
    }

    /// The identity service's statement about a scope's token.
    pub(crate) fn learns(&mut self, index: usize, statement: Statement, number: u64) {
        let now = self.now;
        let scope = &mut self.scopes[index];
        let Some(token) = &mut scope.token else { return };
        let id = token.id;
        (scope.due, scope.holds_all) = (None, false);
        scope.answered_until = now + seconds(10);
        for origin in 0..3 {
            if !token.refused[origin] {
                continue;
            }
            let doubt = &mut scope.doubts[origin];
            let is_at_odds = match statement {
                Statement::Invalid | Statement::None => doubt.tokens >= 3,
                Statement::Valid => true,
            };
            if is_at_odds {
                doubt.at_odds_until = now + AT_ODDS;
                token.refused[origin] = false;
                self.notes.push(Note::AtOdds(index, origin, doubt.at_odds_until));
            } else {
                scope.due = Some(Remedy::LogIn);
            }
        }
        match statement {
            Statement::Invalid => {
                reach("1: invalid");
                scope.due = Some(Remedy::LogIn);
                scope.forget_transient_failures();
                self.verified = false;
                self.forget(index, id);
                self.scopes[index].token = None;
            }
            Statement::None if scope.due.is_none() => reach("1: no statement, and at odds"),
            Statement::None => reach("1: no statement, and a login"),
            Statement::Valid => {
                reach("1: valid");
                self.is_proven(index);
            }
        }
        self.scopes[index].is_served_again();
        if self.root == Some(index) {
            self.settle(id, statement, number);
        }
    }

    /// The scope's token has a successor.
    pub(super) fn is_replaced(scope: &mut Scope) {
        (scope.due, scope.holds_all) = (None, false);
        let Some(old) = &scope.token else { return };
        for (doubt, accepted) in scope.doubts.iter_mut().zip(old.accepted) {
            if accepted {
                if doubt.tokens > 0 {
                    reach("1: an acceptance ends a doubt");
                }
                *doubt = Doubt::default();
            }
        }
    }

    /// When the next login is permitted that a refusal forces.
    pub(super) fn next_forced_login(&self, index: usize) -> Duration {
        let scope = &self.scopes[index];
        match scope.due {
            Some(Remedy::LogIn) => scope.paid_at.saturating_sub(seconds(BURST - 1)),
            _ => Duration::ZERO,
        }
    }

    pub(super) fn pay_for_login(&mut self, index: usize) {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        if scope.due == Some(Remedy::LogIn) {
            scope.paid_at = scope.paid_at.max(now) + seconds(1);
        }
    }
}

impl Scope {
    pub(super) fn holds(&self, id: usize) -> bool {
        self.token.as_ref().is_some_and(|token| token.id == id)
    }
}
