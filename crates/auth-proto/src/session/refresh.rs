//! The schedule of a background renewal.

use std::time::Duration;

use time::UtcDateTime;

use super::Session;
use crate::{model::scope::Scope, session::scope_state::ScopeState};

/// The shortest pause, so that a background task never spins.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, so that the task notices a changed clock or a machine that slept.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Session {
    /// The time when [`renew`](Self::renew) has work for this scope's valid token: when the token
    /// is due for renewal, or when the pause after a failed renewal ends. A later call is fine and
    /// an earlier one harmless. The time may have passed already. `None` without a valid token.
    pub fn renew_at(&self, scope: &Scope) -> Option<UtcDateTime> {
        let state = self.state(scope)?;
        let due = self.renewal_due(state)?;
        Some(self.clock.at(due))
    }

    /// The pause of a background task before its next [`renew`](Self::renew) of this scope: between
    /// 1 and 60 seconds. The task also ends its pause when waiting callers are woken. `None` after
    /// [`close`](Self::close): the task ends.
    pub fn refresh_pause(&self, scope: &Scope, now: UtcDateTime) -> Option<Duration> {
        if self.closed {
            return None;
        }
        let due = self.state(scope).and_then(|state| self.next_refresh(state));
        let pause = due.map_or(LONGEST_PAUSE, |due| {
            (self.clock.at(due) - now).try_into().unwrap_or(Duration::ZERO)
        });
        Some(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
    }

    /// The time of the next step for this scope. `None` if only a user can make a difference.
    fn next_refresh(&self, state: &ScopeState) -> Option<Duration> {
        if state.live.is_some() {
            return self.renewal_due(state);
        }
        if let Some(in_flight) = state.in_flight() {
            return Some(in_flight.lost_at);
        }
        if self.pending_challenge(state).is_some() {
            return None;
        }
        let at = self.clock.elapsed();
        Some(self.block(state, at).map_or(at, |block| block.until))
    }

    fn renewal_due(&self, state: &ScopeState) -> Option<Duration> {
        let live = state.live.as_ref()?;
        let at = self.clock.elapsed();
        let pause = self.block(state, at).map(|block| block.until);
        let in_flight = state.in_flight().map(|in_flight| in_flight.lost_at);
        let challenge = self.pending_challenge(state).map(|_| live.ends_at);
        let obstacles = [pause, in_flight, challenge].into_iter().flatten();
        Some(obstacles.fold(live.renew_at, Duration::max).min(live.ends_at))
    }
}
