//! Sharing tokens with other processes: the notes of a session to its store.

use std::time::Duration;

use http::Response;

use super::Session;
use crate::{
    limits, login,
    model::{
        entry::{Entry, Label, Shared, SharedAnswer, SharedPause},
        scope::Scope,
        token::Token,
    },
    session::{
        event::{Event, SuspensionReason},
        pauses::failure_streak::FailureStreak,
        root::Root,
        state::{input::Input, phase::Phase},
        store::{Lease, Note},
    },
};

impl Session {
    /// Keeps the answer of a login for the store, if the scope has the lease.
    pub(super) fn copy_answer(
        &self,
        index: usize,
        response: &Response<impl AsRef<[u8]>>,
    ) -> Option<SharedAnswer> {
        let is_wanted = self.scopes[index].share.has_lease() && response.status().is_success();
        is_wanted.then(|| login::answer_of(&self.cloud, response)).flatten()
    }

    /// The answer gave this token.
    pub(super) fn keep_answer(
        &mut self,
        index: usize,
        answer: SharedAnswer,
        input: &Input,
        at: Duration,
    ) {
        if let Input::Token(live) = input {
            let life = in_milliseconds(live.ends_at.saturating_sub(at));
            let entry = self.entry(index, Shared::Answer(SharedAnswer { life, ..answer }));
            self.scopes.change(index, |state| state.share.keep(entry));
        }
    }

    /// Reports the end of a lease to the store, with the token or the pause of its login.
    pub(super) fn tell(&mut self, index: usize, at: Duration) {
        if self.store.is_none() {
            return;
        }
        if let Some((lease, answer)) = self.take_over(index, at) {
            let entry = answer.or_else(|| self.pause_to_share(index, at));
            self.note(Note::Put { lease, entry });
        }
    }

    /// A lease whose login is over, and the answer that gave a token.
    fn take_over(&mut self, index: usize, at: Duration) -> Option<(Lease, Option<Entry>)> {
        let over = self.scopes.change(index, |state| state.share.take_over(at));
        let (lease, answer, is_late) = over?;
        if is_late {
            let scope = self.scopes[index].scope.clone();
            self.emit(Some(Event::LeaseLost { scope }));
        }
        Some((lease, answer))
    }

    /// The pause of a scope whose login has just failed, if it concerns other processes: the identity
    /// service has answered, and not about a secret that other processes may not have. (A failed
    /// connection may be the fault of this machine.) While the scope has a token, the store keeps the
    /// token's entry. Only the pause of a refused credential replaces it: otherwise each process that
    /// renews the token would send the credential once more.
    fn pause_to_share(&self, index: usize, at: Duration) -> Option<Entry> {
        let state = &self.scopes[index];
        let is_shared = |streak: &&FailureStreak| {
            streak.holds(at) && (state.lacks_token() || streak.is_refusal())
        };
        let streak = state.streak.as_ref().filter(is_shared)?;
        let refusal = streak.error.refusal()?;
        let is_own = self.root_of(index).is_none() && !self.name_has_secrets();
        if is_own && streak.error.is_credential_refused() {
            return None;
        }
        let rest = streak.until.saturating_sub(at).min(limits::RETRY_AFTER);
        let pause = SharedPause {
            status: refusal.status,
            fault: refusal.fault.clone(),
            is_refusal: streak.is_refusal(),
            rest: in_milliseconds(rest),
        };
        (!rest.is_zero()).then(|| self.entry(index, Shared::Pause(pause)))
    }

    /// The label of the store's entries for this scope, to find them in a list.
    pub fn label(&self, scope: &Scope) -> Label {
        let agency = self.credential.agency.as_ref();
        Label::new(&self.cloud.identity_path(""), &self.credential, agency, scope)
    }

    fn entry(&self, index: usize, shared: Shared) -> Entry {
        let agency = self.credential.agency.as_ref().filter(|_| !self.is_hidden(index));
        let identity_url = self.cloud.identity_path("");
        let scope = &self.scopes[index].scope;
        Entry { label: Label::new(&identity_url, &self.credential, agency, scope), shared }
    }

    /// Whether processes with the same name for their entries have the same secrets.
    pub(super) fn name_has_secrets(&self) -> bool {
        self.credential.asked().is_none() && !self.credential.is_one_time()
    }

    /// This token of the scope is of no use to any process. A store that gives one such token after the
    /// other is not asked for some time: it has lost the newer ones, or someone puts old ones back.
    pub(super) fn forget(&mut self, index: usize, token: &Token) {
        if self.store.is_none() {
            return;
        }
        let at = self.clock.elapsed();
        let entry = self.scopes.change(index, |state| state.share.forget(token, at));
        if let Some((name, generation)) = entry {
            self.note(Note::Forget { name, generation });
        }
        if self.scopes[index].share.has_seen_enough() {
            self.suspend_store(index, SuspensionReason::Useless, at);
        }
    }

    /// Extends the leases that end soon.
    pub(super) fn keep_leases(&mut self, at: Duration) {
        let Some(store) = self.store.as_mut().filter(|store| !store.leases.is_empty()) else {
            return;
        };
        store.leases.retain(|index| self.scopes[*index].share.has_lease());
        let is_due = |index: &usize| {
            self.scopes[*index].share.keep_at(at).is_some_and(|keep_at| at >= keep_at)
        };
        let due: Vec<usize> = store.leases.iter().copied().filter(is_due).collect();
        if due.is_empty() || !self.is_under_way(at) {
            return;
        }
        for index in due {
            let note = self.scopes.change(index, |state| state.share.keep_lease(at));
            note.into_iter().for_each(|note| self.note(note));
        }
    }

    /// When a caller of this scope has to poll again, to extend the scope's lease.
    pub(super) fn keep_at(&self, index: usize, at: Duration) -> Option<Duration> {
        self.scopes[index].share.keep_at(at).filter(|_| self.is_under_way(at))
    }

    /// Whether a scope with a lease may wait for something: a login of its own or of the root, a
    /// question, or the root token of another process. Otherwise no caller needs the lease, and it
    /// ends.
    fn is_under_way(&self, at: Duration) -> bool {
        let follows = |root: &Root| self.scopes[root.place].share.follows_since(at).is_some();
        self.scopes.asking().next().is_some() || self.root.as_ref().is_some_and(follows)
    }

    /// Gives up a lease, because the result of its login concerns this process alone.
    pub(super) fn give_up_lease(&mut self, index: usize) {
        if self.store.is_none() {
            return;
        }
        self.scopes.change(index, |state| state.share.end());
        if let Some((lease, _)) = self.take_over(index, self.clock.elapsed()) {
            self.note(Note::Put { lease, entry: None });
        }
    }

    /// Gives up the leases of scopes that wait for this root token, which they do not get: the other
    /// processes find out why for themselves.
    pub(super) fn give_up_leases_of(&mut self, root: usize) {
        for index in 0..self.scopes.len() {
            let waits = matches!(self.scopes[index].phase, Phase::Idle);
            if waits && self.root_of(index) == Some(root) {
                self.give_up_lease(index);
            }
        }
    }

    /// Gives up all leases, before the scopes are gone.
    pub(super) fn give_up_leases(&mut self, at: Duration) {
        for index in 0..self.scopes.len() {
            self.step(index, Input::Replaced, at);
        }
        if let Some(store) = &mut self.store {
            store.leases.clear();
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        let Some(store) = &mut self.store else { return };
        if store.notes.len() >= limits::SCOPES {
            store.notes.pop_front();
        }
        store.notes.push_back(note);
    }

    /// The oldest note for the store that has not been taken yet. A driver passes them to
    /// the store after each call, without the lock and after all wake-ups. The session keeps the last
    /// [`limits::SCOPES`].
    pub fn poll_note(&mut self) -> Option<Note> {
        self.store.as_mut()?.notes.pop_front()
    }
}

/// The part of a time that an entry has room for.
fn in_milliseconds(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis().try_into().unwrap_or(u64::MAX))
}
