//! Sharing tokens with other processes: the questions of a session to its store.
//!
//! A scope asks the store before it logs in. The store answers with a token or a pause of another
//! process, or with the lease to log in for all processes, or that another process has the lease.
//!
//! | the store's answer | then |
//! | --- | --- |
//! | found: a token that fits | the scope uses it |
//! | found: a pause | the scope pauses until the same time |
//! | found: of no use | the scope asks for a newer entry |
//! | led | the scope logs in, and reports the token or the pause to the store |
//! | busy | the scope asks again soon; after 25 seconds in all it logs in without the store |
//! | silent | for 30 seconds the session acts as if it had no store |

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use time::UtcDateTime;

use super::Session;
use crate::{
    error::Error,
    limits, login,
    model::{
        entry::{Shared, SharedAnswer, SharedPause},
        token::Token,
    },
    session::{
        action::{Action, PendingRequest},
        event::{Event, SuspensionReason},
        finish::USABLE,
        state::input::Input,
        state::live_token::LiveToken,
        state::phase::{Phase, Taking},
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
    pub(super) notes: VecDeque<Note>,
    /// The places of the scopes that have had the lease.
    pub(super) leases: BTreeSet<usize>,
    /// Until then the session acts as if it had no store.
    silent_until: Duration,
}

/// A store that has not answered is not asked for this long.
const SILENCE: Duration = Duration::from_secs(30);
/// A later answer does not count. Drivers wait for 250 ms.
const ANSWER: Duration = Duration::from_secs(1);
/// A scope waits this long for other processes in all. A caller of an adapter waits for 30 s, and must
/// have time for a login.
const PATIENCE: Duration = Duration::from_secs(25);
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
                let before = self.counts();
                self.handle_answer(index, &taking, taken, at);
                let after = self.counts();
                if (before.imports(), before.pauses()) == (after.imports(), after.pauses()) {
                    self.events.count_miss();
                }
            }
            // Its caller has gone, so the lease goes back.
            (_, Taken::Led(lease)) => self.note(Note::Put { lease, entry: None }),
            _ => {}
        }
        Ok(())
    }

    fn handle_answer(&mut self, index: usize, taking: &Taking, taken: Taken, at: Duration) {
        match taken {
            Taken::Busy { .. } => self.follow(index, at),
            // The store gives the same again.
            Taken::Found { generation, .. } if generation <= taking.want.newer_than() => {
                self.go_alone(index, SuspensionReason::Useless, at);
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
                    self.go_alone(index, SuspensionReason::Useless, at);
                }
            }
            // The store mixes names up, or gives a generation twice.
            Taken::Led(lease)
                if lease.name() != taking.want.name()
                    || lease.generation() <= taking.want.newer_than() =>
            {
                self.note(Note::Put { lease, entry: None });
                self.go_alone(index, SuspensionReason::Useless, at);
            }
            Taken::Led(lease) => {
                let until = taking.asked_at.saturating_add(LEASE);
                self.step(index, Input::Led(lease, until), at);
                if let Some(store) = &mut self.store {
                    store.leases.insert(index);
                }
            }
            Taken::Silent => self.go_alone(index, SuspensionReason::NoAnswer, at),
        }
    }

    /// Another process has the lease: the scope waits, or has waited for too long.
    fn follow(&mut self, index: usize, at: Duration) {
        // A login that asks for a secret or a code keeps its lease until the reply.
        let asks = !self.name_has_secrets() && self.root_of(index).is_none();
        let question = if asks { limits::QUESTION } else { Duration::ZERO };
        let since = self.follows_since(index, at);
        let longest = since + PATIENCE + question;
        if at >= longest {
            return self.go_alone(index, SuspensionReason::LeaseInTheWay, at);
        }
        let look_at = at + self.jitter.between(LOOK_AGAIN.0, LOOK_AGAIN.1);
        self.step(index, Input::Busy(since, look_at.min(longest)), at);
    }

    /// Since when the callers of this scope wait for other processes. A caller may have waited for the
    /// root token, too.
    fn follows_since(&self, index: usize, at: Duration) -> Duration {
        let own = self.scopes[index].share.follows_since(at);
        let root = self.root_of(index).map(|root| &self.scopes[root].share);
        // The question to the store has come at once after the root token.
        let root = root.and_then(|root| root.followed_since(at.saturating_sub(ANSWER)));
        own.or(root).unwrap_or(at)
    }

    /// A question to the store got no answer.
    pub(super) fn has_no_answer(&mut self, index: usize, at: Duration) {
        self.events.count_miss();
        self.go_alone(index, SuspensionReason::NoAnswer, at);
    }

    /// The store is of no use for some time. The scope logs in.
    pub(super) fn go_alone(&mut self, index: usize, reason: SuspensionReason, at: Duration) {
        if self.store.is_some() {
            self.suspend_store(index, reason, at);
            self.step(index, Input::Abandoned, at);
        }
    }

    /// The store is of no use for some time.
    pub(super) fn suspend_store(&mut self, index: usize, reason: SuspensionReason, at: Duration) {
        let Some(store) = &mut self.store else { return };
        let is_first = at >= store.silent_until;
        store.silent_until = at.saturating_add(SILENCE);
        if is_first {
            let until = self.clock.at(store.silent_until);
            self.emit(Some(Event::StoreSuspended { reason, until }));
        }
        self.scopes.change(index, |state| state.share.heed());
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
        let is_useless = state.holds(&token) || state.share.is_doubtful(&token);
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
            true => Input::RefusedElsewhere(error, self.settings.probe().at(until)),
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
}

/// The life of a token from its beginning, by the server's words.
fn whole_life(token: &Token) -> Duration {
    let whole = token.issued_at().map(|issued| token.expires_at() - issued);
    let whole = whole.and_then(|whole| whole.try_into().ok()).unwrap_or(Duration::ZERO);
    whole.min(limits::TOKEN_LIFETIME)
}
