//! The schedule of a background renewal.

use std::time::Duration;

use time::UtcDateTime;

use super::Session;
use crate::{
    model::scope::Scope,
    session::{state::live_token::LiveToken, state::scope_state::ScopeState},
};

/// The shortest pause, so that a background task never spins.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, so that the task notices a changed clock or a machine that slept.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Session {
    /// The time when [`renew`](Self::renew) has work for this scope's valid token: when the token
    /// is due for renewal, or when the pause after a failed renewal ends. A later call is fine and
    /// an earlier one harmless. The time may have passed already. `None` without a valid token.
    pub fn renew_at(&self, scope: &Scope) -> Option<UtcDateTime> {
        let due = self.renewal_due(self.scopes.place(scope)?)?;
        Some(self.clock.at(due))
    }

    /// The pause of a background task before its next [`renew`](Self::renew) of this scope: between
    /// 1 and 60 seconds. The task also ends its pause when waiting callers are woken. `None` after
    /// [`close`](Self::close): the task ends.
    pub fn refresh_pause(&self, scope: &Scope, now: UtcDateTime) -> Option<Duration> {
        if self.closed {
            return None;
        }
        let due = self.scopes.place(scope).and_then(|index| self.next_refresh(index));
        let pause = due.map_or(LONGEST_PAUSE, |due| {
            (self.clock.at(due) - now).try_into().unwrap_or(Duration::ZERO)
        });
        Some(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
    }

    /// The time of the next step for this scope. `None` if only a user can make a difference.
    fn next_refresh(&self, index: usize) -> Option<Duration> {
        let state = &self.scopes[index];
        if state.live.is_some() {
            return self.renewal_due(index);
        }
        if let Some(request) = state.phase.handed() {
            let keep_at = self.keep_at(index, self.clock.elapsed());
            return Some(keep_at.unwrap_or(request.lost_at).min(request.lost_at));
        }
        if self.pending_question(index).is_some() {
            return None;
        }
        let at = self.clock.elapsed();
        let own = self.block(index, at).map_or(at, |block| block.until);
        match self.root_of(index).filter(|root| self.scopes[*root].live.is_none()) {
            Some(root) => Some(self.next_refresh(root)?.max(own)),
            None => Some(own),
        }
    }

    fn renewal_due(&self, index: usize) -> Option<Duration> {
        let state = &self.scopes[index];
        let live = state.live.as_ref()?;
        let at = self.clock.elapsed();
        let pause = self.block(index, at).map(|block| block.until);
        let in_flight = state.phase.handed().map(|request| request.lost_at);
        let question = self.pending_question(index).map(|_| live.ends_at);
        let root = self.root_of(index).map(|root| self.root_due(root, state, live));
        let obstacles = [pause, in_flight, question, root].into_iter().flatten();
        // A refused token is replaced as soon as possible.
        let due = if state.evidence.due().is_some() { at } else { live.renew_at };
        Some(obstacles.fold(due, Duration::max).min(live.ends_at))
    }

    /// When the root has a token from which a derived scope gets a better one.
    fn root_due(&self, root: usize, state: &ScopeState, own: &LiveToken) -> Duration {
        let is_better = |root: &LiveToken| {
            let is_any = state.evidence.due().is_some() || !self.ends_with_root();
            is_any || root.token.expires_at() > own.token.expires_at()
        };
        match self.scopes[root].live.as_ref().is_some_and(is_better) {
            true => Duration::ZERO,
            false => self.next_refresh(root).unwrap_or(own.ends_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{Response, Uri};
    use time::macros::utc_datetime;

    use super::*;
    use crate::{
        cloud::Cloud,
        error::{Failure, FailureKind},
        model::credential::{Credential, UserRef},
        session::{
            action::{Action, Destination, PendingRequest},
            service_call::ServiceCall,
            settings::Settings,
        },
    };

    const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00);

    fn session() -> (Session, Scope) {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let credential = Credential::password(UserRef::id("u1"), "secretsecret");
        let session = Session::new(cloud, credential, Settings::default()).unwrap();
        (session, Scope::project_id("p1"))
    }

    fn send(session: &mut Session, scope: &Scope, at: UtcDateTime) -> PendingRequest {
        let Action::Send(pending, _) = session.renew(scope, at) else { panic!("no request") };
        pending
    }

    fn log_in(session: &mut Session, scope: &Scope, at: UtcDateTime) {
        let pending = send(session, scope, at);
        let body = r#"{"token": {"issued_at": "2026-11-22T08:00:00Z",
            "expires_at": "2026-11-22T09:00:00Z", "project": {"id": "p1", "name": "p"}}}"#;
        let response = Response::builder().status(201).header("X-Subject-Token", "t").body(body);
        session.handle_response(pending, response.unwrap(), at).unwrap();
    }

    #[test]
    fn a_background_pause_has_limits() {
        let (mut session, scope) = session();
        assert_eq!(session.refresh_pause(&scope, NOW), Some(LONGEST_PAUSE));
        let pending = send(&mut session, &scope, NOW);
        assert_eq!(session.refresh_pause(&scope, NOW), Some(LONGEST_PAUSE));
        session
            .handle_failure(pending, Failure::new(FailureKind::Connect, "refused"), NOW)
            .unwrap();
        // The pause of the callers is shorter.
        let Action::Wait(until) = session.renew(&scope, NOW) else { panic!("no pause") };
        assert!(until - NOW < SHORTEST_PAUSE);
        assert_eq!(session.refresh_pause(&scope, NOW), Some(SHORTEST_PAUSE));
        session.close();
        assert_eq!(session.refresh_pause(&scope, NOW), None);
    }

    #[test]
    fn a_background_pause_ends_at_the_renewal() {
        let (mut session, scope) = session();
        log_in(&mut session, &scope, NOW);
        let renew_at = session.renew_at(&scope).unwrap();
        let before = renew_at - Duration::from_secs(7);
        assert_eq!(session.refresh_pause(&scope, before), Some(Duration::from_secs(7)));
        assert_eq!(session.refresh_pause(&scope, NOW), Some(LONGEST_PAUSE));
    }

    #[test]
    fn waiting_callers_are_woken_once_for_a_burst_of_401s() {
        let (mut session, scope) = session();
        let pending = send(&mut session, &scope, NOW);
        assert!(!session.take_wake());
        session.handle_abandoned(pending).unwrap();
        assert!(session.take_wake() && !session.take_wake());
        // A request that may have been sent has a pause after it.
        log_in(&mut session, &scope, NOW + Duration::from_secs(1));
        assert!(session.take_wake());
        let token = session.at_deadline(&scope, Destination::Unknown, NOW).unwrap();
        let mut woken = 0;
        let url = Uri::from_static("https://service.example/");
        for _ in 0..1000 {
            let _ = ServiceCall::new().decide(&mut session, &token, &url, true, NOW);
            woken += usize::from(session.take_wake());
        }
        assert_eq!(woken, 1);
        session.close();
        assert!(session.take_wake());
    }

    #[test]
    fn a_missed_deadline_explains_itself() {
        let (mut session, scope) = session();
        assert!(matches!(session.at_deadline(&scope, Destination::Unknown, NOW), Err(None)));
        let pending = send(&mut session, &scope, NOW);
        session
            .handle_failure(pending, Failure::new(FailureKind::Connect, "refused"), NOW)
            .unwrap();
        assert_eq!(
            session.at_deadline(&scope, Destination::Unknown, NOW).err(),
            Some(session.last_error(&scope))
        );
        assert!(session.last_error(&scope).is_some());
        let later = NOW + Duration::from_secs(10);
        log_in(&mut session, &scope, later);
        assert!(session.at_deadline(&scope, Destination::Unknown, later).is_ok());
    }
}
