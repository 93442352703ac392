//! A refused credential, and whom that keeps from sending it again.

use std::time::Duration;

use crate::{error::Error, model::scope::Scope, session::failure_streak::FailureStreak};

/// What the refusal of one scope means for the others.
///
/// Keystone answers 401 to a wrong password and to a scope that the user has no role in. So a scope
/// that was granted before is held by the refusal of others only once a second such scope was
/// refused; one that never was, at once.
#[derive(Clone, Debug)]
pub(crate) struct Lockout {
    pub(crate) streak: FailureStreak,
    /// The scope that was refused last.
    refused: Scope,
    /// Whether it holds granted scopes, too.
    all_scopes: bool,
    /// Whether another scope has probe_requested a token meanwhile.
    probe_requested: bool,
}

/// How long other scopes have the first turn at a probe.
const OTHERS_TURN: Duration = Duration::from_secs(3600);

impl Lockout {
    /// The lockout after a refusal of this scope, whose request was sent at `sent_at`. A request that
    /// was in the air when the lockout fell is no probe, and makes its pause no longer.
    pub(crate) fn after(
        before: Option<Self>,
        (error, refused, was_granted): (Error, Scope, bool),
        sent_at: Duration,
        at: Duration,
        probes: bool,
    ) -> Self {
        let all_scopes = before.as_ref().is_some_and(|lockout| lockout.all_scopes || was_granted);
        match before {
            Some(before) if sent_at < before.streak.until => Self { all_scopes, ..before },
            before => {
                let streak =
                    FailureStreak::refused(before.map(|lockout| lockout.streak), error, at, probes);
                Self { streak, refused, all_scopes, probe_requested: false }
            }
        }
    }

    /// Whether it is about a scope at all.
    pub(crate) fn applies_to(&self, is_granted: bool) -> bool {
        self.all_scopes || !is_granted
    }

    /// Until when it holds a scope. The probe is another scope's if one wants it: else a scope that
    /// never works would keep it from those that do.
    pub(crate) fn until(&self, scope: &Scope) -> Duration {
        let last = self.probe_requested && *scope == self.refused;
        self.streak.until.saturating_add(if last { OTHERS_TURN } else { Duration::ZERO })
    }

    /// A scope wants a token, and is held.
    pub(crate) fn request_probe(&mut self, scope: &Scope) {
        self.probe_requested |= *scope != self.refused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, FailureKind};

    fn refused(before: Option<Lockout>, scope: &str, granted: bool, times: [u64; 2]) -> Lockout {
        let error = Failure::new(FailureKind::Io, "refused").into();
        let refusal = (error, Scope::project_id(scope), granted);
        let [sent_at, at] = times.map(Duration::from_secs);
        Lockout::after(before, refusal, sent_at, at, true)
    }

    #[test]
    fn what_was_in_the_air_when_it_fell_makes_it_no_longer_but_may_make_it_firm() {
        let first = refused(None, "p", true, [0, 10]);
        let second = refused(Some(first.clone()), "q", true, [5, 20]);
        assert_eq!(second.streak.until, first.streak.until);
        assert!(!first.applies_to(true) && second.applies_to(true));
        // A probe does.
        let probe = refused(Some(second), "q", false, [1810, 1820]);
        assert_eq!(probe.streak.until, Duration::from_secs(1820 + 4 * 3600));
    }

    #[test]
    fn a_probe_is_the_turn_of_those_who_were_not_refused() {
        let (p, q) = (Scope::project_id("p"), Scope::project_id("q"));
        let mut lockout = refused(None, "p", false, [0, 0]);
        assert_eq!(
            (lockout.until(&p), lockout.until(&q)),
            (lockout.streak.until, lockout.streak.until)
        );
        lockout.request_probe(&p);
        assert_eq!(lockout.until(&p), lockout.streak.until);
        lockout.request_probe(&q);
        assert_eq!(lockout.until(&p), lockout.streak.until + OTHERS_TURN);
        assert_eq!(lockout.until(&q), lockout.streak.until);
    }
}
