//! The states of all scopes, and an index for each way to look for one.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    ops::Index,
    sync::Arc,
    time::Duration,
};

use http::HeaderValue;

use crate::{
    model::{scope::Scope, token::Token},
    session::state::scope_state::ScopeState,
};

/// The states of all scopes. A state keeps its place until another scope takes it.
///
/// No call visits all states, because a session may have thousands: [`change`](Self::change) is the
/// only way to a state that can be changed, and it brings the indices up to date.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    states: Vec<ScopeState>,
    /// What each state is found by.
    keys: Vec<Keys>,
    /// Sorted by the hash of the scope, which is faster to compare than its text.
    places: Vec<(u64, usize)>,
    deadlines: BTreeSet<(Duration, usize)>,
    /// By attempt, so that the oldest request comes first.
    requests: BTreeMap<u64, usize>,
    /// By the text of the token, which several scopes may have.
    tokens: BTreeSet<(HeaderValue, usize)>,
}

/// What a state is found by, beside its scope.
#[derive(Debug, Default)]
struct Keys {
    /// When its token, its receipt or its request ends.
    deadline: Option<Duration>,
    /// Its request that is under way.
    attempt: Option<u64>,
    token: Option<Arc<Token>>,
}

impl Scopes {
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ScopeState> {
        self.states.iter()
    }

    pub(crate) fn place(&self, scope: &Scope) -> Option<usize> {
        let hash = hash(scope);
        let from = self.places.partition_point(|(other, _)| *other < hash);
        let same = self.places[from..].iter().take_while(|(other, _)| *other == hash);
        same.map(|(_, place)| *place).find(|place| self.states[*place].scope == *scope)
    }

    pub(crate) fn get(&self, scope: &Scope) -> Option<&ScopeState> {
        Some(&self.states[self.place(scope)?])
    }

    /// Whether any scope has a token.
    pub(crate) fn have_token(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// The places of the scopes with this token.
    pub(crate) fn holders(&self, token: &Token) -> Vec<usize> {
        let key = |place| (token.header().clone(), place);
        self.tokens.range(key(0)..=key(usize::MAX)).map(|(_, place)| *place).collect()
    }

    /// The place of the scope with this request.
    pub(crate) fn place_of(&self, attempt: u64) -> Option<usize> {
        self.requests.get(&attempt).copied()
    }

    /// The scopes with a request that is under way, the oldest request first.
    pub(crate) fn asking(&self) -> impl Iterator<Item = (usize, &ScopeState)> {
        self.requests.values().map(|place| (*place, &self.states[*place]))
    }

    /// The places of the scopes whose token, receipt or request ends by now, in order.
    pub(crate) fn due(&self, at: Duration) -> Vec<usize> {
        let due = self.deadlines.range(..=(at, usize::MAX));
        let mut places: Vec<_> = due.map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }

    /// Adds a scope that has no state yet. Returns its place.
    pub(crate) fn add(&mut self, scope: &Scope) -> usize {
        let place = self.add_hidden(scope);
        self.insert(scope, place);
        place
    }

    /// Adds a state that no scope leads to.
    pub(crate) fn add_hidden(&mut self, scope: &Scope) -> usize {
        self.states.push(ScopeState::new(scope.clone()));
        self.keys.push(Keys::default());
        self.states.len() - 1
    }

    /// Forgets everything about the scope at this place.
    pub(crate) fn reset(&mut self, place: usize, scope: &Scope) {
        self.change(place, |state| *state = ScopeState::new(scope.clone()));
    }

    /// Gives the place of a scope to another one.
    pub(crate) fn replace(&mut self, place: usize, scope: &Scope) {
        self.places.retain(|(_, other)| *other != place);
        self.insert(scope, place);
        self.reset(place, scope);
    }

    fn insert(&mut self, scope: &Scope, place: usize) {
        let hash = hash(scope);
        let from = self.places.partition_point(|(other, _)| *other < hash);
        self.places.insert(from, (hash, place));
    }

    /// Notes that a caller asks for the scope at this place.
    pub(crate) fn touch(&mut self, place: usize, at: Duration) {
        // No index depends on it.
        self.states[place].used_at = at;
    }

    /// Changes the state at this place.
    pub(crate) fn change<T>(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut ScopeState) -> T,
    ) -> T {
        let result = change(&mut self.states[place]);
        self.file(place);
        result
    }

    /// Changes all states.
    pub(crate) fn change_all(&mut self, mut change: impl FnMut(&mut ScopeState)) {
        for place in 0..self.states.len() {
            self.change(place, &mut change);
        }
    }

    /// Brings the indices up to date.
    fn file(&mut self, place: usize) {
        let (state, keys) = (&self.states[place], &mut self.keys[place]);
        let (deadline, attempt) = (state.deadline(), state.phase.handed().map(|one| one.attempt));
        if deadline != keys.deadline {
            keys.deadline.take().map(|old| self.deadlines.remove(&(old, place)));
            deadline.map(|new| self.deadlines.insert((new, place)));
            keys.deadline = deadline;
        }
        if attempt != keys.attempt {
            keys.attempt.take().map(|old| self.requests.remove(&old));
            attempt.map(|new| self.requests.insert(new, place));
            keys.attempt = attempt;
        }
        let token = state.live.as_ref().map(|live| &live.token);
        if token.map(Arc::as_ptr) != keys.token.as_ref().map(Arc::as_ptr) {
            keys.token.take().map(|old| self.tokens.remove(&(old.header().clone(), place)));
            token.map(|new| self.tokens.insert((new.header().clone(), place)));
            keys.token = token.cloned();
        }
    }
}

/// The same in each run, unlike that of a `HashMap`.
fn hash(scope: &Scope) -> u64 {
    let mut hasher = DefaultHasher::new();
    scope.hash(&mut hasher);
    hasher.finish()
}

impl Index<usize> for Scopes {
    type Output = ScopeState;

    fn index(&self, place: usize) -> &ScopeState {
        &self.states[place]
    }
}
