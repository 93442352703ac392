//! The next action of a caller that needs a token: all decisions, and no transition.

use std::{sync::Arc, time::Duration};

use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Misuse},
    model::{question::Question, scope::Scope, token::Token},
    session::{
        action::{Action, Destination},
        clock::Clock,
        state::evidence::Remedy,
        state::phase::Phase,
    },
};

/// Callers leave a request to a background task that has the same reason to send it, for this long.
const GRACE: Duration = Duration::from_millis(250);

impl Session {
    pub(super) fn next(&mut self, scope: &Scope, want: Want<'_>, now: UtcDateTime) -> Action {
        let at = self.advance(now);
        self.keep_leases(at);
        if self.closed {
            return Action::Fail(ErrorKind::Closed.into());
        }
        if let Some(token) = &self.fixed {
            return match self.cloud.check(&self.credential, scope) {
                Ok(()) => Action::Use(Arc::clone(token)),
                Err(error) => Action::Fail(error.into()),
            };
        }
        let index = match self.index_of(scope, at) {
            Ok(index) => index,
            Err(error) => return Action::Fail(error),
        };
        if want.background {
            self.scopes.change(index, |state| state.background = true);
        }
        self.decide(index, want, at)
    }

    /// The next action for the scope at this place.
    pub(super) fn decide(&mut self, index: usize, want: Want<'_>, at: Duration) -> Action {
        if let Some(token) = self.settled(index, &want, at) {
            return Action::Use(token);
        }
        self.give_up_check(index, at);
        let Want { destination, life, background, has_token } = want;
        let state = &self.scopes[index];
        let is_suspect = state.evidence.due().is_some();
        let Some(live) = state.usable(destination) else {
            return self.obtain(index, at, Caller { early: false, life, background, has_token });
        };
        let token = Arc::clone(&live.token);
        // Callers of other services have no reason to wait for the next token.
        let wants_other = is_suspect && (background || matches!(destination, Destination::Unknown));
        let left_to_background = state.background && !background;
        let (renew_at, mandatory_at) = live.renewal_for(life);
        let first = if left_to_background { mandatory_at } else { Duration::ZERO };
        if !wants_other && at < renew_at.max(first) {
            return Action::Use(token);
        }
        let (ends_at, is_near) = (live.ends_at, wants_other || at >= mandatory_at);
        let caller = Caller { early: !is_near, life, background, has_token: true };
        match self.obtain(index, at, caller) {
            Action::Send(pending, request) => Action::Send(pending, request),
            Action::Take(pending, want) => Action::Take(pending, want),
            // For a secret that a machine reads.
            Action::Ask(pending, question) => Action::Ask(pending, question),
            // Near its end the caller waits for the new token.
            Action::Wait(until) if is_near && self.is_expected(index, at) => {
                Action::Wait(until.min(self.clock.at(ends_at)))
            }
            // A renewal that is not possible now costs no caller the valid token.
            _ => Action::Use(token),
        }
    }

    /// The token, if nothing speaks against it and no renewal is due: the case of nearly every poll.
    #[inline]
    fn settled(&self, index: usize, want: &Want<'_>, at: Duration) -> Option<Arc<Token>> {
        let state = &self.scopes[index];
        let live = state.usable(want.destination)?;
        let is_settled =
            at < live.renew_at && want.life.is_zero() && state.evidence.due().is_none();
        is_settled.then(|| Arc::clone(&live.token))
    }

    /// The action when the token is missing, refused, or due for renewal. A caller who waits comes
    /// again in time to keep the scope's lease.
    pub(super) fn obtain(&mut self, index: usize, at: Duration, caller: Caller) -> Action {
        match self.next_step(index, at, caller) {
            Action::Wait(until) => {
                let keep_at = self.keep_at(index, at).map(|keep_at| self.clock.at(keep_at));
                Action::Wait(keep_at.map_or(until, |keep_at| until.min(keep_at)))
            }
            action => action,
        }
    }

    fn next_step(&mut self, index: usize, at: Duration, caller: Caller) -> Action {
        let root = self.root_of(index);
        if let Some(root) = root {
            self.give_up_check(root, at);
        }
        let state = &self.scopes[index];
        if let Some(request) = state.phase.handed() {
            // A question makes no difference any more when its token ends.
            let asked = state.live.as_ref().filter(|_| matches!(state.phase, Phase::Checking(_)));
            let until = asked.map_or(request.lost_at, |live| live.ends_at.min(request.lost_at));
            return Action::Wait(self.clock.at(until));
        }
        if state.evidence.due() == Some(Remedy::Check) {
            return match self.left_to_background(index, at, caller) {
                Some(until) => Action::Wait(self.clock.at(until)),
                None => self.check(index, at),
            };
        }
        if root.is_none()
            && let Some(lockout) =
                self.lockout.as_mut().filter(|lockout| lockout.applies_to(state.granted))
        {
            lockout.request_probe(&state.scope);
        }
        let block = self.block(index, at);
        if let Some(block) = block.as_ref().filter(|block| !block.waits) {
            let error = block.error(&self.clock);
            let until = block.until;
            if let Some(source) = self.secret_to_read_again(index, &error, at, caller) {
                return self.ask(index, Question::Secret(source), at, caller);
            }
            let has_challenge = self.scopes[index].challenge().is_some();
            self.note_pause(index, until);
            // A user may submit a better factor at once.
            return Action::Fail(if has_challenge { error.with_retry_at(None) } else { error });
        }
        let until = block.map(|block| block.until);
        if let Some(question) = self.pending_question(index) {
            return self.ask(index, question, at, caller);
        }
        let state = &self.scopes[index];
        let pause = until.max(Some(state.evidence.login_at()));
        if let Some(until) = pause.filter(|until| at < *until) {
            self.note_pause(index, until);
            return Action::Wait(self.clock.at(until));
        }
        if let Some(root) = root.filter(|root| self.scopes[*root].live.is_none()) {
            return self.derive(index, root, at, caller);
        }
        if let Some(until) = self.left_to_background(index, at, caller) {
            return Action::Wait(self.clock.at(until));
        }
        if let Some(root) = root {
            return self.derive(index, root, at, caller);
        }
        // Scopes do not try an unverified credential side by side. An early renewal waits too,
        // because the password may have changed.
        if (caller.early || !self.credential_verified)
            && !self.is_root(index)
            && let Some(lost_at) = self.first_in_flight()
        {
            return Action::Wait(self.clock.at(lost_at));
        }
        self.start(index, at, caller)
    }

    /// No caller could start a login before the end of this pause.
    fn note_pause(&mut self, index: usize, until: Duration) {
        if self.scopes[index].lacks_token() {
            self.scopes.change(index, |state| state.free_since = Some(until));
        }
    }

    /// Whether a request for this scope is under way, or a background task is about to send it.
    fn is_expected(&mut self, index: usize, at: Duration) -> bool {
        // A person may not answer at all.
        let is_under_way = |index: usize| {
            let phase = &self.scopes[index].phase;
            let is_personal = matches!(phase, Phase::Asking(asking) if asking.is_personal);
            phase.handed().is_some() && !is_personal
        };
        // Another process is about to tell the store.
        let is_followed = |index: usize| self.scopes[index].share.look_at(at).is_some();
        let is_expected = |index: usize| is_under_way(index) || is_followed(index);
        if is_expected(index) || self.root_of(index).is_some_and(is_expected) {
            return true;
        }
        let root = self.root_of(index).filter(|root| self.scopes[*root].live.is_none());
        let question = self.pending_question(root.unwrap_or(index));
        if question.is_some_and(|question| matches!(question, Question::Factor(_))) {
            return false;
        }
        let is_paused =
            self.block(index, at).is_some() || at < self.scopes[index].evidence.login_at();
        let caller =
            Caller { early: false, life: Duration::ZERO, background: false, has_token: false };
        !is_paused && self.left_to_background(index, at, caller).is_some()
    }

    /// Until when a caller leaves the request to the background task of the scope, which has the
    /// same reason to send it. A task that sends nothing for so long has stopped.
    pub(super) fn left_to_background(
        &mut self,
        index: usize,
        at: Duration,
        caller: Caller,
    ) -> Option<Duration> {
        let state = &self.scopes[index];
        if caller.background || !state.background || !state.lacks_token() {
            return None;
        }
        self.scopes.change(index, |state| {
            // A pause that was noted may have ended early, with a new credential for example.
            let free_since = state.free_since.map_or(at, |since| since.min(at));
            state.free_since = Some(free_since);
            let until = free_since.saturating_add(GRACE);
            state.background = at < until;
            state.background.then_some(until)
        })
    }

    /// When the oldest login request of any scope counts as lost.
    pub(super) fn first_in_flight(&self) -> Option<Duration> {
        let mut in_flight = self.scopes.asking().filter_map(|(_, state)| state.in_flight());
        in_flight.next().map(|oldest| oldest.request.lost_at)
    }

    /// The failure that keeps a scope from sending: its own, that of root tokens, a refused
    /// credential, a service's `Retry-After`, or requests that may have been refused. Of several, the one with the highest
    /// [precedence](Block::precedence).
    ///
    /// A derived scope shows no credential.
    pub(super) fn block(&self, index: usize, at: Duration) -> Option<Block<'_>> {
        let state = &self.scopes[index];
        let is_derived = self.root_of(index).is_some();
        let streaks = state.streak.iter().chain(&self.retry_after).chain(self.fruitless(index));
        let streaks = streaks.filter(|streak| streak.holds(at)).map(|streak| Block {
            until: streak.until,
            waits: streak.waits,
            error: &streak.error,
        });
        let lockout = self.lockout.iter().filter(|lockout| lockout.applies_to(state.granted));
        let lockout = lockout.filter(|_| !is_derived).map(|lockout| Block {
            until: lockout.until(&state.scope),
            waits: lockout.streak.waits,
            error: &lockout.streak.error,
        });
        let unanswered = self.unanswered.iter().filter(|_| !is_derived).map(|unanswered| Block {
            until: unanswered.next_at(),
            waits: unanswered.waits(),
            error: &unanswered.error,
        });
        let blocks = streaks.chain(lockout).chain(unanswered);
        blocks.filter(|block| at < block.until).max_by_key(Block::precedence)
    }

    /// The index of a scope's state, which is created if missing. At the limit, the new state
    /// replaces the one that was unused for longest.
    fn index_of(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.scopes.place(scope) {
            Some(index) => index,
            None => {
                // A scope that cannot work replaces no other.
                self.cloud.check(&self.credential, scope)?;
                let limit = self.settings.max_scopes() + self.places_of_roots();
                match self.scopes.len() >= limit {
                    true => self.replace_oldest(scope, at)?,
                    false => self.scopes.add(scope),
                }
            }
        };
        self.scopes.touch(index, at);
        Ok(index)
    }

    fn replace_oldest(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let all = self.scopes.iter().enumerate();
        let is_kept = |index| self.is_root(index) || self.is_hidden(index);
        let removable = all.filter(|(index, state)| !is_kept(*index) && state.may_be_removed(at));
        let oldest = removable.min_by_key(|(_, state)| (!state.is_idle(at), state.used_at));
        let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
        self.give_up_lease(oldest);
        self.scopes.replace(oldest, scope);
        Ok(oldest)
    }
}

/// What a caller of a poll wants.
#[derive(Clone, Copy)]
pub(super) struct Want<'a> {
    pub(super) destination: Destination<'a>,
    /// How long the token has to live.
    pub(super) life: Duration,
    /// Whether the caller is a background task.
    pub(super) background: bool,
    /// Whether the caller has a token to use, of a derived scope.
    pub(super) has_token: bool,
}

impl<'a> Want<'a> {
    pub(super) fn to(destination: Destination<'a>) -> Self {
        Self { destination, life: Duration::ZERO, background: false, has_token: false }
    }
}

/// A caller who needs another token.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    /// Whether the old token is good for some time.
    early: bool,
    pub(super) life: Duration,
    /// Whether it is a background task.
    pub(super) background: bool,
    /// Whether the caller can still use a token.
    pub(super) has_token: bool,
}

impl Caller {
    /// What this caller wants of the root.
    pub(super) fn want(self, life: Duration) -> Want<'static> {
        let Self { background, has_token, .. } = self;
        Want { destination: Destination::Later, life, background, has_token }
    }
}

/// A reason why a scope sends nothing now.
pub(super) struct Block<'a> {
    pub(super) until: Duration,
    /// Whether callers wait for its end. Otherwise they get the error at once.
    waits: bool,
    error: &'a Error,
}

impl Block<'_> {
    /// A failure that callers get at once takes precedence over one that they wait out. Of two
    /// alike, the longer one counts.
    fn precedence(&self) -> (bool, Duration) {
        (!self.waits, self.until)
    }

    pub(super) fn is_credential_refused(&self) -> bool {
        self.error.is_credential_refused()
    }

    /// The error that a caller gets.
    pub(super) fn error(&self, clock: &Clock) -> Error {
        let retry_at = (self.until < Duration::MAX).then(|| clock.at(self.until));
        self.error.clone().with_retry_at(retry_at)
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::{
        cloud::Cloud,
        error::ConfigError,
        model::credential::{Credential, UserRef},
        session::settings::Settings,
    };

    const NOW: UtcDateTime = time::macros::utc_datetime!(2026-11-22 08:00:00);

    #[test]
    fn every_scope_is_checked_once_the_version_is_known() {
        let cloud = Cloud::keystone("https://keystone.example").unwrap();
        let credential = Credential::password("me", "secretsecret");
        let mut session = Session::new(cloud, credential, Settings::default()).unwrap();
        let (project, domain) = (Scope::project_id("p"), Scope::domain_id("d"));
        let Action::Send(pending, _) = session.poll(&project, NOW) else { panic!("discovery") };
        assert!(matches!(session.poll(&domain, NOW), Action::Wait(_)));
        let versions = r#"{"version": {"id": "v2.0", "status": "stable"}}"#;
        let response = Response::builder().status(200).body(versions).unwrap();
        session.handle_response(pending, response, NOW).unwrap();
        // v2.0 has no domains.
        let Action::Fail(error) = session.poll(&domain, NOW) else { panic!("domain scope") };
        assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::Scope { .. })), "{error}");
        assert!(matches!(session.poll(&project, NOW), Action::Send(..)));
    }

    #[test]
    fn every_scope_is_checked_for_a_new_credential() {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let password = Credential::password(UserRef::id("u"), "secretsecret");
        let mut session = Session::new(cloud, password, Settings::default()).unwrap();
        let scope = Scope::project_id("p");
        let Action::Send(pending, _) = session.poll(&scope, NOW) else { panic!("a login") };
        let response = Response::builder().status(401).body("{}").unwrap();
        session.handle_response(pending, response, NOW).unwrap();
        // An application credential has a fixed scope.
        let key = Credential::application_credential("id", "secretsecret");
        session.replace_credential(key).unwrap();
        let Action::Fail(error) = session.poll(&scope, NOW) else { panic!("a fixed scope") };
        let wants = ConfigError::ApplicationCredentialScope;
        assert_eq!(error.kind(), &ErrorKind::Config(wants));
    }
}
