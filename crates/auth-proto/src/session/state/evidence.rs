//! Refused tokens: what the services have made of a scope's tokens, and what follows from it.
//!
//! A 401 alone does not say whether the token or the service is wrong. Two facts do: whether the
//! service has accepted the same token before, and what the identity service says about it.
//!
//! | the origin refuses a token | remedy |
//! | --- | --- |
//! | that it has accepted before | a login |
//! | that it has not accepted, for the first time | a login |
//! | the same with the next token | a question to the identity service |
//!
//! | the identity service says | then |
//! | --- | --- |
//! | the token is valid | the origin is at odds: its refusals force nothing for a minute |
//! | the token is invalid | a login; after the third refused token the origin is at odds |
//! | nothing | a login; after the third refused token the origin is at odds |

use std::time::Duration;

use http::StatusCode;

use crate::{limits, model::token::Token, url::Origin};

/// The refusals of one scope's tokens.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The remedy that is due for the scope's token.
    due: Option<Remedy>,
    /// Whether all callers wait for the remedy, because a request with the token broke off.
    holds_all: bool,
    doubts: Vec<Doubt>,
    /// The end of the budget that the forced logins so far have used.
    budget: Duration,
    /// Until then, a broken request is no reason to ask again.
    answered_until: Duration,
}

/// What a refused token needs. The greater one includes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// Ask the identity service about the token.
    Check,
    /// Get another token.
    LogIn,
}

/// An origin that has refused tokens which it had not accepted before.
#[derive(Debug)]
struct Doubt {
    origin: Option<Origin<'static>>,
    /// The number of these tokens.
    tokens: u32,
    /// While this lasts, the origin's refusals force nothing.
    at_odds_until: Duration,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It forces nothing: the origin disagrees with the identity service.
    AtOdds,
    /// A remedy is due.
    First,
    /// Another caller has reported it before.
    Known,
}

/// The identity service's answer about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With this status.
    Invalid(StatusCode),
    /// The service did not say.
    Unknown,
    Valid,
}

/// An origin at odds forces nothing for this time.
pub(crate) const AT_ODDS: Duration = Duration::from_secs(60);
/// After this many refused tokens the origin is at odds, with any answer.
const TOKENS: u32 = 3;
/// An answer counts for this time.
const ANSWERED: Duration = Duration::from_secs(10);
/// Refusals force this many logins at once, and then one in each period.
const BURST: u32 = 40;
const PERIOD: Duration = Duration::from_secs(1);

impl Evidence {
    /// Takes the refusal of the scope's token by this origin.
    pub(crate) fn refuse(
        &mut self,
        token: &Token,
        origin: &Option<Origin<'_>>,
        at: Duration,
    ) -> Refused {
        if token.marks.is_refused(origin) {
            return Refused::Known;
        }
        let known = self.doubts.iter().position(|doubt| doubt.origin == *origin);
        if token.marks.is_accepted(origin) {
            token.marks.refuse(origin, true);
            known.map(|index| self.doubts.swap_remove(index));
            self.require(Remedy::LogIn);
            return Refused::First;
        }
        if known.is_some_and(|index| at < self.doubts[index].at_odds_until) {
            return Refused::AtOdds;
        }
        token.marks.refuse(origin, true);
        let index = known.unwrap_or_else(|| self.add(origin));
        let doubt = &mut self.doubts[index];
        doubt.tokens = doubt.tokens.saturating_add(1);
        let is_first = doubt.tokens == 1;
        self.require(if is_first { Remedy::LogIn } else { Remedy::Check });
        Refused::First
    }

    /// The token needs an answer before any caller uses it again, unless it is being replaced, or
    /// the identity service was asked a moment ago: a service that breaks every request must not
    /// hold up the callers of others.
    pub(crate) fn interrupt(&mut self, at: Duration) {
        if at < self.answered_until {
            return;
        }
        self.holds_all = self.due != Some(Remedy::LogIn);
        self.require(Remedy::Check);
    }

    /// The token is a root token, and an exchange of it was refused. Callers go on with it: another
    /// exchange may work.
    pub(crate) fn doubt(&mut self) {
        self.require(Remedy::Check);
    }

    /// Takes the answer about the scope's token. Returns the origins that are now at odds.
    pub(crate) fn answer(
        &mut self,
        token: &Token,
        answer: Answer,
        at: Duration,
    ) -> Vec<Option<Origin<'static>>> {
        (self.due, self.holds_all) = (None, false);
        self.answered_until = at.saturating_add(ANSWERED);
        let mut at_odds = Vec::new();
        for doubt in self.doubts.iter_mut().filter(|doubt| token.marks.is_refused(&doubt.origin)) {
            let is_at_odds = match answer {
                // A service that calls each new token invalid cannot be asked.
                Answer::Invalid(_) | Answer::Unknown => doubt.tokens >= TOKENS,
                Answer::Valid => true,
            };
            if is_at_odds {
                doubt.at_odds_until = at.saturating_add(AT_ODDS);
                token.marks.refuse(&doubt.origin, false);
                at_odds.push(doubt.origin.clone());
            } else {
                self.due = Some(Remedy::LogIn);
            }
        }
        if let Answer::Invalid(_) = answer {
            self.due = Some(Remedy::LogIn);
        }
        at_odds
    }

    /// The scope has another token. An origin that accepted the old one is no longer in doubt.
    pub(crate) fn renew(&mut self, old: Option<&Token>) {
        (self.due, self.holds_all) = (None, false);
        if let Some(old) = old {
            self.doubts.retain(|doubt| !old.marks.is_accepted(&doubt.origin));
        }
    }

    pub(crate) fn due(&self) -> Option<Remedy> {
        self.due
    }

    /// Whether all callers wait for the remedy.
    pub(crate) fn holds_all(&self) -> bool {
        self.holds_all
    }

    /// When the next login may start: later than now only if refusals have forced many.
    pub(crate) fn login_at(&self) -> Duration {
        match self.due {
            Some(Remedy::LogIn) => self.budget.saturating_sub(PERIOD * (BURST - 1)),
            Some(Remedy::Check) | None => Duration::ZERO,
        }
    }

    /// A login starts.
    pub(crate) fn note_login(&mut self, at: Duration) {
        if self.due == Some(Remedy::LogIn) {
            self.budget = self.budget.max(at).saturating_add(PERIOD);
        }
    }

    fn require(&mut self, remedy: Remedy) {
        self.due = self.due.max(Some(remedy));
        // In an outage no login succeeds, and the token may still be good for others.
        self.holds_all &= self.due == Some(Remedy::Check);
    }

    /// Adds an origin, and forgets the oldest one at the limit.
    fn add(&mut self, origin: &Option<Origin<'_>>) -> usize {
        if self.doubts.len() >= limits::ORIGINS {
            self.doubts.remove(0);
        }
        let origin = origin.clone().map(Origin::into_owned);
        self.doubts.push(Doubt { origin, tokens: 0, at_odds_until: Duration::ZERO });
        self.doubts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{model::marks, session::state::live_token::tests::held};

    const AT: Duration = Duration::from_secs(100);
    const INVALID: Answer = Answer::Invalid(StatusCode::NOT_FOUND);

    fn token() -> Arc<Token> {
        held(Duration::from_secs(3600), AT, 0).token
    }

    fn origin(host: &str) -> Option<Origin<'static>> {
        let uri = format!("https://{host}.example/").parse().unwrap();
        marks::origin(&uri).map(Origin::into_owned)
    }

    /// Evidence after an origin has refused this many tokens before it accepted them.
    fn refused(tokens: u32) -> (Evidence, Arc<Token>) {
        let mut evidence = Evidence::default();
        let mut last = token();
        for n in 0..tokens {
            if n > 0 {
                evidence.renew(Some(&last));
                last = token();
            }
            assert_eq!(evidence.refuse(&last, &origin("a"), AT), Refused::First);
        }
        (evidence, last)
    }

    #[test]
    fn an_accepted_token_needs_a_login() {
        let mut evidence = Evidence::default();
        for _ in 0..5 {
            let token = token();
            token.marks.accept(&origin("a"));
            assert_eq!(evidence.refuse(&token, &origin("a"), AT), Refused::First);
            assert_eq!(evidence.due(), Some(Remedy::LogIn));
            assert_eq!(evidence.refuse(&token, &origin("a"), AT), Refused::Known);
            evidence.renew(Some(&token));
            assert_eq!(evidence.due(), None);
        }
    }

    #[test]
    fn the_second_unknown_token_needs_a_question() {
        assert_eq!(refused(1).0.due(), Some(Remedy::LogIn));
        assert_eq!(refused(2).0.due(), Some(Remedy::Check));
        assert_eq!(refused(3).0.due(), Some(Remedy::Check));
        // A login for another origin comes first.
        let (mut evidence, token) = refused(2);
        evidence.refuse(&token, &origin("b"), AT);
        assert_eq!(evidence.due(), Some(Remedy::LogIn));
    }

    #[test]
    fn the_answer_decides() {
        for (tokens, answer, due, at_odds) in [
            (2, Answer::Valid, None, true),
            (2, INVALID, Some(Remedy::LogIn), false),
            (2, Answer::Unknown, Some(Remedy::LogIn), false),
            (3, Answer::Unknown, None, true),
            (3, INVALID, Some(Remedy::LogIn), true),
        ] {
            let (mut evidence, token) = refused(tokens);
            let origins = evidence.answer(&token, answer, AT);
            assert_eq!(origins == [origin("a")], at_odds, "{tokens} {answer:?}");
            assert_eq!(evidence.due(), due, "{tokens} {answer:?}");
            assert_eq!(token.marks.is_refused(&origin("a")), !at_odds);
        }
    }

    #[test]
    fn an_origin_at_odds_forces_nothing_for_a_minute() {
        let (mut evidence, token) = refused(2);
        evidence.answer(&token, Answer::Valid, AT);
        let late = AT + AT_ODDS;
        let early = late - Duration::from_secs(1);
        assert_eq!(evidence.refuse(&token, &origin("a"), early), Refused::AtOdds);
        assert_eq!(evidence.due(), None);
        // Other origins are not concerned.
        assert_eq!(evidence.refuse(&token, &origin("b"), early), Refused::First);
        evidence.renew(None);
        // Afterwards the identity service is asked again, without a login.
        assert_eq!(evidence.refuse(&token, &origin("a"), late), Refused::First);
        assert_eq!(evidence.due(), Some(Remedy::Check));
    }

    #[test]
    fn acceptance_ends_a_doubt() {
        let (mut evidence, old) = refused(2);
        old.marks.accept(&origin("a"));
        evidence.renew(Some(&old));
        evidence.refuse(&token(), &origin("a"), AT);
        assert_eq!(evidence.due(), Some(Remedy::LogIn));
    }

    #[test]
    fn an_origin_that_recovers_is_at_odds_no_longer() {
        let (mut evidence, token) = refused(2);
        evidence.answer(&token, Answer::Valid, AT);
        token.marks.accept(&origin("a"));
        assert_eq!(evidence.refuse(&token, &origin("a"), AT), Refused::First);
        assert_eq!(evidence.due(), Some(Remedy::LogIn));
    }

    #[test]
    fn a_login_ends_the_hold_on_all_callers() {
        let token = token();
        token.marks.accept(&origin("a"));
        for refused_first in [false, true] {
            let mut evidence = Evidence::default();
            if refused_first {
                token.marks.refuse(&origin("a"), false);
                evidence.refuse(&token, &origin("a"), AT);
                evidence.interrupt(AT);
            } else {
                evidence.interrupt(AT);
                evidence.refuse(&token, &origin("a"), AT);
            }
            assert_eq!(evidence.due(), Some(Remedy::LogIn));
            assert!(!evidence.holds_all());
        }
    }

    #[test]
    fn a_broken_request_holds_all_callers() {
        for (answer, due) in
            [(Answer::Valid, None), (Answer::Unknown, None), (INVALID, Some(Remedy::LogIn))]
        {
            let mut evidence = Evidence::default();
            evidence.interrupt(AT);
            assert!(evidence.holds_all() && evidence.due() == Some(Remedy::Check));
            evidence.answer(&token(), answer, AT);
            assert!(!evidence.holds_all());
            assert_eq!(evidence.due(), due);
            // The answer counts for some seconds.
            evidence.renew(None);
            evidence.interrupt(AT + ANSWERED - PERIOD);
            assert!(!evidence.holds_all());
            evidence.interrupt(AT + ANSWERED);
            assert!(evidence.holds_all());
        }
    }

    #[test]
    fn forced_logins_have_a_budget() {
        let (mut evidence, _) = refused(1);
        for _ in 0..BURST {
            assert!(evidence.login_at() <= AT);
            evidence.note_login(AT);
        }
        assert_eq!(evidence.login_at(), AT + PERIOD);
        evidence.note_login(AT + PERIOD);
        assert_eq!(evidence.login_at(), AT + 2 * PERIOD);
        // Another login does not use the budget.
        evidence.renew(None);
        evidence.note_login(AT + PERIOD);
        assert_eq!(evidence.login_at(), Duration::ZERO);
    }
}
