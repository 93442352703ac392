//! The end of a request.

use std::time::Duration;

use time::UtcDateTime;

use super::{
    Cause, Content, Held, Note, Phase, Reference, Span, reach, refusals::Statement,
    roots::is_doubtful, seconds,
};

/// A token or receipt that ends sooner is of no use.
const USABLE: Duration = seconds(3);

impl Reference {
    /// The request of this scope that is under way: when it was sent, and the end of the receipt
    /// that it carries.
    pub(crate) fn in_flight(&self, index: usize) -> Option<(Duration, Option<Duration>)> {
        match self.scopes[index].phase {
            Phase::InFlight(handed, receipt, _) => Some((handed.sent_at, receipt)),
            _ => None,
        }
    }

    /// Whether the identity service is asked about the scope's token.
    pub(crate) fn is_checking(&self, index: usize) -> bool {
        matches!(self.scopes[index].phase, Phase::Checking(_))
    }

    /// The root token that the scope's request exchanges.
    pub(crate) fn exchanged(&self, index: usize) -> Option<usize> {
        match self.scopes[index].phase {
            Phase::InFlight(_, _, root) => root,
            _ => None,
        }
    }

    /// The number of the scope's request.
    fn number(&self, index: usize) -> u64 {
        self.scopes[index].phase.handed().map_or(0, |handed| handed.number)
    }

    /// The answer to a question.
    pub(crate) fn has_statement(&mut self, index: usize, status: u16, asked: Option<Duration>) {
        let number = self.number(index);
        self.scopes[index].phase = Phase::Idle;
        let statement = Statement::of(status);
        match asked.filter(|_| status >= 400 && status != 401) {
            None => self.learns(index, statement, number),
            Some(asked) => {
                reach("4: Retry-After of a question");
                self.question_asks_for_a_pause(asked.min(seconds(86_400)));
                self.learns(index, Statement::None, number);
            }
        }
    }

    /// A question without an answer.
    pub(crate) fn has_no_statement(&mut self, index: usize) {
        let number = self.number(index);
        self.scopes[index].phase = Phase::Idle;
        self.learns(index, Statement::None, number);
    }

    /// The login of this scope gets a token that lives this long from its request on.
    pub(crate) fn gets_token(
        &mut self,
        index: usize,
        id: usize,
        life: Duration,
        (issued_at, expires_at): (Option<UtcDateTime>, UtcDateTime),
    ) {
        let Some((sent_at, receipt)) = self.in_flight(index) else { return };
        let exchanged = self.exchanged(index);
        if life.is_zero() {
            return self.is_answered(index, Cause::Unreadable, None);
        }
        let ends_at = sent_at + life - seconds(2).min(life / 10);
        if ends_at < self.now + USABLE {
            self.ends_root(exchanged, expires_at);
            return self.fails(index, Cause::Unreadable, None);
        }
        let mandatory_at = (sent_at + life - seconds(60).min(life / 10)).min(ends_at);
        let (low, high) = if life < seconds(600) { (50, 70) } else { (75, 90) };
        let mut token = Held {
            id,
            user: Some(1),
            issued_at,
            expires_at,
            full_life: life,
            not_before: Duration::ZERO,
            root: None,
            renew_at: Span(sent_at + life * low / 100, sent_at + life * high / 100),
            mandatory_at,
            ends_at,
            accepted: [false; 3],
            refused: [false; 3],
        };
        let root = self.root.and_then(|root| self.scopes[root].token.as_ref());
        let root = root.filter(|root| exchanged == Some(root.id) && self.ends_with(ends_at, root));
        let is_last = match (exchanged, root) {
            (None, _) => self.one_time || receipt.is_some(),
            (Some(_), Some(root)) => !root.is_renewable(),
            (Some(_), None) => false,
        };
        if is_last {
            // Another token costs a person a code, or cannot be had.
            token.is_not_renewed();
        } else if let Some(root) = root {
            self.is_due_with(&mut token, root);
        }
        self.is_trusted = true;
        if self.root == Some(index) {
            self.valid_at = None;
            (self.has_shared_root, self.needs_person) = (false, !token.is_renewable());
        } else {
            self.root.into_iter().for_each(|root| self.is_proven(root));
            self.loses_no_more(index);
        }
        if self.root_of(index).is_none() {
            self.prove();
            (self.lockout, self.verified) = (None, true);
            self.refused_secrets.clear();
        }
        let (now, scope) = (self.now, &mut self.scopes[index]);
        let is_used = match &mut scope.token {
            Some(old) if old.ends_at >= ends_at && scope.due.is_none() => {
                reach("7: an old token that lives longer");
                old.not_before = now + seconds(60).max((old.ends_at - now) / 4);
                old.renew_at = Span::exact(old.not_before);
                false
            }
            _ => {
                Self::is_replaced(scope);
                scope.token = Some(token);
                true
            }
        };
        (scope.phase, scope.streak, scope.granted) = (Phase::Idle, None, true);
        scope.is_served_again();
        self.notes.push(Note::TokenRenewed(index));
        self.tell_token(index, id, ends_at, is_used);
    }

    /// The service wants another factor, and gives a receipt that lives this long.
    pub(crate) fn gets_receipt(&mut self, index: usize, life: Duration) {
        let Some((sent_at, _)) = self.in_flight(index) else { return };
        let until = sent_at + life.min(seconds(3600));
        match until < self.now + USABLE {
            true => self.fails(index, Cause::Unreadable, None),
            false => self.scopes[index].phase = Phase::Challenged(until, false),
        }
    }

    /// A login's answer without a token. After the first factor, the receipt is good for another
    /// try.
    pub(crate) fn is_answered(&mut self, index: usize, cause: Cause, asked: Option<Duration>) {
        // A day is the longest pause.
        let asked = asked.map(|asked| asked.min(seconds(86_400)));
        let Some((sent_at, receipt)) = self.in_flight(index) else { return };
        if let Some(root) = self.exchanged(index).filter(|_| is_doubtful(cause, asked)) {
            let (number, asked) = (self.number(index), self.doubted(asked));
            self.scopes[index].phase = Phase::Doubted(root, number, cause, asked);
            return self.doubt(index);
        }
        let with_person = receipt.is_some() || self.one_time;
        if cause == Cause::Refused && !(with_person && self.may_be_a_slip(index)) {
            if self.has_source {
                self.refuses_secret(self.scopes[index].secret);
            }
            self.scopes[index].phase = Phase::Idle;
            if receipt.is_some() {
                // A factor that a person has mistyped is right in another process.
                self.tell(index, Content::Nothing);
            }
            self.is_refused(index, sent_at, asked);
            self.compare_announced(index);
            self.notes.push(Note::CredentialRejected(index));
            return self.tell_pause(index);
        }
        // The login goes on with another factor, and keeps its lease.
        match receipt {
            Some(until) => {
                self.fails_so_far(index, cause, asked);
                self.scopes[index].phase = Phase::Challenged(until, false);
            }
            None => self.fails(index, cause, asked),
        }
    }

    /// A login that comes to nothing.
    pub(crate) fn fails(&mut self, index: usize, cause: Cause, asked: Option<Duration>) {
        self.fails_so_far(index, cause, asked);
        self.tell_pause(index);
    }

    fn fails_so_far(&mut self, index: usize, cause: Cause, asked: Option<Duration>) {
        self.scopes[index].phase = Phase::Idle;
        self.pause(index, cause, asked);
        self.compare_announced(index);
        self.notes.push(Note::LoginFailed(index, cause.is_retryable(asked)));
    }

    /// The request may have been counted as a wrong password.
    pub(crate) fn gets_no_status(&mut self, index: usize) {
        if let Some((sent_at, _)) = self.in_flight(index)
            && self.exchanged(index).is_none()
        {
            self.count_unanswered(sent_at);
        }
    }

    /// The request got a head that is no refusal. That of a token says that the password or code is
    /// right.
    pub(crate) fn gets_good_head(&mut self, index: usize, is_token: bool) {
        if is_token && self.exchanged(index).is_none() {
            self.prove();
        }
        self.fails(index, Cause::Transport, None);
    }

    pub(crate) fn is_abandoned(&mut self, index: usize) {
        if self.hands_back(index) {
            return;
        }
        if self.is_taking(index) {
            return self.is_missed(index);
        }
        reach("3: an abandoned request");
        match self.is_checking(index) {
            true => self.has_no_statement(index),
            false => {
                self.gets_no_status(index);
                self.scopes[index].phase = Phase::Idle;
            }
        }
    }

    pub(crate) fn is_dropped(&mut self, index: usize) {
        if let Phase::Asking(handed, ..)
        | Phase::Checking(handed)
        | Phase::InFlight(handed, ..)
        | Phase::Taking(handed) = &mut self.scopes[index].phase
        {
            handed.is_dropped = true;
        }
    }
}
