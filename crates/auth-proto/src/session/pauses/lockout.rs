//! Lockout after a refused credential: which scopes may retry it, and when.

use std::time::Duration;

use crate::{
    error::Error,
    model::scope::Scope,
    session::{
        clock::Clock,
        pauses::failure_streak::{FailureStreak, Probe},
    },
};

/// The effect of a refusal on all scopes.
///
/// Keystone answers 401 to a wrong password, and also to a scope in which the user has no role. So
/// a refusal blocks scopes that never worked at once, and scopes that worked before only after a
/// second of those is refused.
#[derive(Clone, Debug)]
pub(crate) struct Lockout {
    pub(crate) streak: FailureStreak,
    /// The scope that was refused last.
    refused: Scope,
    /// Whether it blocks granted scopes too.
    all_scopes: bool,
    /// Whether another scope has asked for a token since.
    probe_requested: bool,
}

/// The time in which only other scopes may send the probe.
const OTHERS_TURN: Duration = Duration::from_secs(3600);

impl Lockout {
    /// The lockout after the refusal of a request that was sent at `sent_at`. A request that was
    /// already under way when the lockout began is not a probe, and does not extend the pause.
    pub(crate) fn after(
        before: Option<Self>,
        (error, refused, was_granted): (Error, Scope, bool),
        sent_at: Duration,
        (at, clock): (Duration, &Clock),
        probe: Probe,
    ) -> Self {
        let Some(mut lockout) = before else {
            let streak = FailureStreak::refused(None, error, at, clock, probe);
            return Self { streak, refused, all_scopes: false, probe_requested: false };
        };
        lockout.all_scopes |= was_granted;
        let is_probe = sent_at >= lockout.streak.until;
        if is_probe {
            let before = Some(lockout.streak);
            lockout.streak = FailureStreak::refused(before, error, at, clock, probe);
            lockout.refused = refused;
            lockout.probe_requested = false;
        }
        lockout
    }

    /// Whether it applies to a scope.
    pub(crate) fn applies_to(&self, is_granted: bool) -> bool {
        self.all_scopes || !is_granted
    }

    /// The end of the pause for a scope. Another scope may send the probe first, if it asked for a
    /// token: a scope that never works must not use up the probes of scopes that do.
    pub(crate) fn until(&self, scope: &Scope) -> Duration {
        let last = self.probe_requested && *scope == self.refused;
        self.streak.until.saturating_add(if last { OTHERS_TURN } else { Duration::ZERO })
    }

    /// Notes that a blocked scope asks for a token.
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
        Lockout::after(before, refusal, sent_at, (at, &Clock::default()), Probe::Rarely)
    }

    #[test]
    fn a_request_under_way_extends_no_lockout() {
        let first = refused(None, "p", true, [0, 10]);
        let second = refused(Some(first.clone()), "q", true, [5, 20]);
        assert_eq!(second.streak.until, first.streak.until);
        assert!(!first.applies_to(true) && second.applies_to(true));
        // A probe extends it.
        let probe = refused(Some(second), "q", false, [1810, 1820]);
        assert_eq!(probe.streak.until, Duration::from_secs(1820 + 4 * 3600));
    }

    #[test]
    fn other_scopes_probe_first() {
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
