//! Sharing tokens with other processes: what a session asks of a store, and what it tells it.
//!
//! A scope asks the store before it logs in. It gets a token or a pause of another process, or the
//! lease, under which it logs in for all; or it waits for the process that has the lease.
//!
//! | the store says | then |
//! | --- | --- |
//! | found: a token that fits | the scope uses it |
//! | found: a pause | the scope pauses until the same time |
//! | found: of no use | the scope asks for something newer |
//! | led | the scope logs in, and tells the store what came of it |
//! | busy | the scope asks again soon; past two leases of one process or four of any it goes on alone |
//! | silent | for 30 seconds the session acts as if it had no store |

use std::{collections::VecDeque, time::Duration};

use http::Response;
use time::UtcDateTime;

use super::Session;
use crate::{
    error::Error,
    limits, login,
    model::{
        entry::{Entry, Label, Shared, SharedAnswer, SharedPause},
        scope::Scope,
        token::Token,
    },
    session::{
        action::{Action, PendingRequest},
        finish::USABLE,
        pauses::failure_streak::FailureStreak,
        state::input::Input,
        state::live_token::LiveToken,
        state::phase::{Phase, Taking},
        state::scope_state::ScopeState,
        state::share::LEASE,
        store::{
            Note, Taken, Want,
            name::{self, Kind},
        },
    },
};

/// What a session with a store keeps beside its scopes.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    notes: VecDeque<Note>,
    /// Until then the session acts as if it had no store.
    silent_until: Duration,
}

/// A store that has not answered is not asked for this long.
const SILENCE: Duration = Duration::from_secs(30);
/// An answer that takes longer is no answer. Drivers wait for 250 ms.
const ANSWER: Duration = Duration::from_secs(1);
/// While another process logs in, a scope asks again after a time between these two.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

impl Session {
    /// Asks the store, before a login or an exchange of this scope begins. `None` if it may begin.
    pub(super) fn look(&mut self, index: usize, at: Duration) -> Option<Action> {
        let store = self.store.as_ref()?;
        let state = &self.scopes[index];
        let begins = matches!(state.phase, Phase::Idle) && self.cloud.api_version().is_some();
        if !begins || at < store.silent_until || state.share.leads(at) {
            return None;
        }
        if self.block(index, at).is_some() {
            return None;
        }
        if let Some(look_at) = state.share.look_at(at) {
            return Some(Action::Wait(self.clock.at(look_at)));
        }
        let kind = match self.is_hidden(index) {
            true => Kind::Hidden,
            false if self.settings.catalog() => Kind::Catalog,
            false => Kind::NoCatalog,
        };
        let name = name::of(&self.cloud, &self.credential, &state.scope, kind)?;
        let want = Want::new(name, state.share.known(), LEASE);
        let (pending, request) = self.hand_out(at, ANSWER);
        let taking = Taking { request, want: want.clone(), asked_at: at };
        self.step(index, Input::Takes(taking), at);
        Some(Action::Take(pending, want))
    }

    /// Hands in a store's answer to an [`Action::Take`](crate::Action::Take). An answer that comes
    /// late no longer counts.
    ///
    /// # Errors
    ///
    /// [`Misuse::OtherSession`](crate::Misuse::OtherSession) if another session gave the action out.
    pub fn handle_taken(
        &mut self,
        pending: PendingRequest,
        taken: Taken,
        now: UtcDateTime,
    ) -> Result<(), Error> {
        let at = self.check_owner(&pending).map(|()| self.advance(now))?;
        match (self.take(pending), taken) {
            (Some((index, Phase::Taking(taking))), taken) => {
                self.handle_answer(index, &taking, taken, at);
            }
            // Nobody waits for the lease any more.
            (_, Taken::Led(lease)) => self.note(Note::Put { lease, entry: None }),
            _ => {}
        }
        Ok(())
    }

    fn handle_answer(&mut self, index: usize, taking: &Taking, taken: Taken, at: Duration) {
        // A secret or a code that is asked for. The other process asks for it, too.
        let asks = !self.name_has_secrets() && self.root_of(index).is_none();
        match taken {
            Taken::Busy { generation }
                if self.scopes[index].share.is_stuck(generation, at, asks) =>
            {
                self.go_alone(index, at);
            }
            // The store gives the same again.
            Taken::Found { generation, .. } if generation <= taking.want.newer_than() => {
                self.go_alone(index, at);
            }
            Taken::Busy { generation } => {
                let look_at = at + self.jitter.between(LOOK_AGAIN.0, LOOK_AGAIN.1);
                self.step(index, Input::Busy(generation, look_at), at);
            }
            Taken::Found { entry, generation, age } => {
                self.step(index, Input::Seen(generation), at);
                match entry.shared {
                    Shared::Answer(answer) => {
                        let life = answer.life.saturating_sub(age);
                        if let Some(live) =
                            self.read_shared(index, &answer, life, taking.asked_at, at)
                        {
                            let name = taking.want.name().clone();
                            self.finish(index, Input::Taken(live, name, generation), at, at);
                        }
                    }
                    Shared::Pause(pause) => {
                        let until = taking.asked_at.saturating_add(pause.rest).saturating_sub(age);
                        self.pause_with(index, pause, until, at);
                    }
                }
                if self.scopes[index].share.has_seen_enough() {
                    self.go_alone(index, at);
                }
            }
            // The store mixes names up, or gives a generation twice.
            Taken::Led(lease)
                if lease.name() != taking.want.name()
                    || lease.generation() <= taking.want.newer_than() =>
            {
                self.note(Note::Put { lease, entry: None });
                self.go_alone(index, at);
            }
            Taken::Led(lease) => {
                let until = taking.asked_at.saturating_add(LEASE);
                self.step(index, Input::Led(lease, until), at);
            }
            Taken::Silent => self.go_alone(index, at),
        }
    }

    /// The store is of no use for some time.
    pub(super) fn go_alone(&mut self, index: usize, at: Duration) {
        if let Some(store) = &mut self.store {
            store.silent_until = at.saturating_add(SILENCE);
        }
        self.scopes.change(index, |state| state.share.heed());
        self.step(index, Input::Abandoned, at);
    }

    /// The token of another process, if it is of use to this scope.
    fn read_shared(
        &mut self,
        index: usize,
        answer: &SharedAnswer,
        life: Duration,
        asked_at: Duration,
        at: Duration,
    ) -> Option<LiveToken> {
        let state = &self.scopes[index];
        let token = login::read_shared(&self.cloud, &self.credential, &state.scope, answer).ok()?;
        let root = self.root_of(index).and_then(|root| self.scopes[root].live.as_ref());
        let is_same_user = |root: &LiveToken| {
            let users = root.token.user().id.as_ref().zip(token.user().id.as_ref());
            users.is_none_or(|(root, own)| root == own)
        };
        let is_useless = state.holds(&token) || state.share.has_refused(&token);
        if is_useless || !root.is_none_or(is_same_user) {
            return None;
        }
        let window = self.settings.renewal();
        let whole = whole_life(&token).max(life);
        let live = LiveToken::new(token.into(), whole, asked_at, window, &mut self.jitter);
        let live = live.aged(whole - life);
        let state = &self.scopes[index];
        let is_longer = |own: &LiveToken| own.ends_at < live.ends_at;
        let is_better = state.evidence.due().is_some() || state.live.as_ref().is_none_or(is_longer);
        if live.ends_at < at + USABLE || !is_better {
            return None;
        }
        let root = self.root_of(index).and_then(|root| self.scopes[root].live.as_ref());
        Some(match root {
            Some(root) if self.ends_with(&live, root) => live.derived_from(root),
            Some(_) => live,
            None if self.credential.renews_early() => live,
            None => live.without_renewal(),
        })
    }

    /// Pauses like the process whose login has failed.
    fn pause_with(&mut self, index: usize, pause: SharedPause, until: Duration, at: Duration) {
        let SharedPause { status, fault, is_refusal, .. } = pause;
        let error = self.cloud.refusal(status, fault, false);
        let input = match is_refusal {
            true => Input::Refused(error, self.settings.probe().at(until)),
            false => Input::Paused(error, until),
        };
        if at < until {
            self.scopes.change(index, |state| state.share.heed());
            self.finish(index, input, at, at);
        } else if is_refusal && self.settings.probe().is_sent() {
            // The next login is a probe after a refusal. Nothing has happened, so there is no event.
            self.note_credential(index, &input, at, at);
            let _ = self.transit(index, input, at);
        }
    }

    /// Keeps the answer of a login for the store, if the scope has the lease.
    pub(super) fn copy_answer(
        &self,
        index: usize,
        response: &Response<impl AsRef<[u8]>>,
    ) -> Option<SharedAnswer> {
        let is_wanted = self.scopes[index].share.wants_answer() && response.status().is_success();
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

    /// Tells the store what has become of a lease whose login is over.
    pub(super) fn tell(&mut self, index: usize, at: Duration) {
        if self.store.is_none() {
            return;
        }
        let over = self.scopes.change(index, |state| state.share.take_over());
        if let Some((lease, answer)) = over {
            let entry = answer.or_else(|| self.pause_to_share(index, at));
            self.note(Note::Put { lease, entry });
        }
    }

    /// The pause of a scope whose login has just failed, if it concerns other processes: the identity
    /// service has answered, and not to a secret that the others may not have. (A failed connection
    /// may be the fault of this machine.) While there is a token, the store keeps that, unless the
    /// credential is refused: each process that renews the token would send it once more.
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

    /// What the store's entries for the tokens of this scope are for, to find them in a list.
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

    /// This token of the scope is of no use to any process.
    pub(super) fn forget(&mut self, index: usize, token: &Token) {
        if self.store.is_none() {
            return;
        }
        let entry = self.scopes.change(index, |state| state.share.forget(token));
        if let Some((name, generation)) = entry {
            self.note(Note::Forget { name, generation });
        }
    }

    /// Tells the store that logins, questions and their leases go on.
    pub(super) fn keep_leases(&mut self, at: Duration) {
        if self.store.is_none() {
            return;
        }
        let is_due = |state: &ScopeState| state.share.keep_at(at).is_some_and(|due| at >= due);
        let due = self.scopes.asking().filter(|(_, state)| is_due(state));
        for index in due.map(|(index, _)| index).collect::<Vec<_>>() {
            let note = self.scopes.change(index, |state| state.share.keep_lease(at));
            note.into_iter().for_each(|note| self.note(note));
        }
    }

    /// Gives up a lease, because what comes of it concerns this process alone.
    pub(super) fn give_up_lease(&mut self, index: usize) {
        if self.store.is_none() {
            return;
        }
        self.scopes.change(index, |state| state.share.end());
        let over = self.scopes.change(index, |state| state.share.take_over());
        if let Some((lease, _)) = over {
            self.note(Note::Put { lease, entry: None });
        }
    }

    /// Gives up all leases, before the scopes are gone.
    pub(super) fn give_up_leases(&mut self, at: Duration) {
        for index in 0..self.scopes.len() {
            self.step(index, Input::Replaced, at);
        }
    }

    fn note(&mut self, note: Note) {
        let Some(store) = &mut self.store else { return };
        if store.notes.len() >= limits::SCOPES {
            store.notes.pop_front();
        }
        store.notes.push_back(note);
    }

    /// The oldest note for the store that has not been taken yet. A driver tells them after each
    /// call, without the lock and after all wake-ups. The session keeps the last
    /// [`limits::SCOPES`].
    pub fn poll_note(&mut self) -> Option<Note> {
        self.store.as_mut()?.notes.pop_front()
    }
}

/// The life of a token from its beginning, by the server's words.
fn whole_life(token: &Token) -> Duration {
    let whole = token.issued_at().map(|issued| token.expires_at() - issued);
    let whole = whole.and_then(|whole| whole.try_into().ok()).unwrap_or(Duration::ZERO);
    whole.min(limits::TOKEN_LIFETIME)
}

/// The part of a time that an entry has room for.
fn in_milliseconds(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis().try_into().unwrap_or(u64::MAX))
}
