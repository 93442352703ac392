//! A refused credential, and whom that keeps from sending it again.

use std::time::Duration;

use crate::{error::Error, row::Row, scope::Scope};

/// What the refusal of one scope means for the others.
///
/// Keystone answers 401 to a wrong password and to a scope that the user has no role in. So a scope
/// that was granted before is held by the refusal of others only once a second such scope was
/// refused; one that never was, at once.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    pub(crate) row: Row,
    /// The scope that was refused last.
    refused: Scope,
    /// Whether it holds granted scopes, too.
    firm: bool,
    /// Whether another scope has wanted a token meanwhile.
    wanted: bool,
}

/// How long other scopes have the first turn at a probe.
const OTHERS_TURN: Duration = Duration::from_secs(3600);

impl Latch {
    /// The latch after a refusal of this scope, whose request was sent at `sent_at`. A request that
    /// was in the air when the latch fell is no probe, and makes its pause no longer.
    pub(crate) fn after(
        before: Option<Self>,
        (error, refused, was_granted): (Error, Scope, bool),
        sent_at: Duration,
        at: Duration,
        probes: bool,
    ) -> Self {
        let firm = before.as_ref().is_some_and(|latch| latch.firm || was_granted);
        match before {
            Some(before) if sent_at < before.row.until => Self { firm, ..before },
            before => {
                let row = Row::refused(before.map(|latch| latch.row), error, at, probes);
                Self { row, refused, firm, wanted: false }
            }
        }
    }

    /// Whether it is about a scope at all.
    pub(crate) fn concerns(&self, is_granted: bool) -> bool {
        self.firm || !is_granted
    }

    /// Until when it holds a scope. The probe is another scope's if one wants it: else a scope that
    /// never works would keep it from those that do.
    pub(crate) fn until(&self, scope: &Scope) -> Duration {
        let last = self.wanted && *scope == self.refused;
        self.row.until.saturating_add(if last { OTHERS_TURN } else { Duration::ZERO })
    }

    /// A scope wants a token, and is held.
    pub(crate) fn want(&mut self, scope: &Scope) {
        self.wanted |= *scope != self.refused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, FailureKind};

    fn refused(before: Option<Latch>, scope: &str, granted: bool, times: [u64; 2]) -> Latch {
        let error = Failure::new(FailureKind::Io, "refused").into();
        let refusal = (error, Scope::project_id(scope), granted);
        let [sent_at, at] = times.map(Duration::from_secs);
        Latch::after(before, refusal, sent_at, at, true)
    }

    #[test]
    fn what_was_in_the_air_when_it_fell_makes_it_no_longer_but_may_make_it_firm() {
        let first = refused(None, "p", true, [0, 10]);
        let second = refused(Some(first.clone()), "q", true, [5, 20]);
        assert_eq!(second.row.until, first.row.until);
        assert!(!first.concerns(true) && second.concerns(true));
        // A probe does.
        let probe = refused(Some(second), "q", false, [1810, 1820]);
        assert_eq!(probe.row.until, Duration::from_secs(1820 + 4 * 3600));
    }

    #[test]
    fn a_probe_is_the_turn_of_those_who_were_not_refused() {
        let (p, q) = (Scope::project_id("p"), Scope::project_id("q"));
        let mut latch = refused(None, "p", false, [0, 0]);
        assert_eq!((latch.until(&p), latch.until(&q)), (latch.row.until, latch.row.until));
        latch.want(&p);
        assert_eq!(latch.until(&p), latch.row.until);
        latch.want(&q);
        assert_eq!(latch.until(&p), latch.row.until + OTHERS_TURN);
        assert_eq!(latch.until(&q), latch.row.until);
    }
}
