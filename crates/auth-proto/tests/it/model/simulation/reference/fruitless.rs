//! Rule 8, continued: root tokens that are of no use one after the other.

use std::time::Duration;

use super::{GIVEN, Note, Phase, Reference, pauses::Block, reach, seconds};

/// The pause of derived scopes, and the root tokens in a row that have caused it.
#[derive(Clone, Debug)]
pub(super) struct Fruitless {
    roots: u32,
    since: Duration,
    pub(super) until: Duration,
    needs_person: bool,
}

impl Reference {
    /// The exchange of a root token was refused to these scopes, and the identity service calls the
    /// token invalid.
    pub(super) fn loses_root(&mut self, root: usize, doubted: &[usize], asked: Option<Duration>) {
        let is_again = doubted.iter().all(|index| self.scopes[*index].lost_root);
        // That of another process says nothing about the logins of this one.
        let is_again = is_again && !self.has_shared_root;
        doubted.iter().for_each(|index| self.loses_exchange(*index));
        if !is_again || doubted.is_empty() || root == GIVEN || self.is_unsure {
            return;
        }
        let (now, needs_person) = (self.now, self.needs_person);
        let before = self.fruitless.take().filter(|before| now <= before.until + seconds(300));
        let roots = before.as_ref().map_or(1, |before| before.roots + 1);
        let longest = Duration::from_millis(250) * 2_u32.pow((roots - 1).min(10));
        let longest = longest.min(seconds(20));
        let (low, high) = match needs_person {
            true => (seconds(300), seconds(300)),
            false => (longest / 2, longest),
        };
        reach(match needs_person {
            true => "8: a person's root tokens of no use",
            false => "8: root tokens of no use",
        });
        let asked = asked.unwrap_or_default();
        let until = self.announced[root].take().expect("the event has the time");
        assert!(now + low.max(asked) <= until && until <= now + high.max(asked), "{until:?}");
        let since = before.map_or(now, |before| before.since);
        self.fruitless = Some(Fruitless { roots, since, until, needs_person });
        self.notes.push(Note::LoginFailed(root, !needs_person));
    }

    /// Another root token may do for this scope.
    pub(super) fn loses_exchange(&mut self, index: usize) {
        let scope = &mut self.scopes[index];
        (scope.phase, scope.lost_root) = (Phase::Idle, scope.lost_root || !self.has_shared_root);
    }

    /// The scope has a token, or its root token is valid.
    pub(super) fn loses_no_more(&mut self, index: usize) {
        if std::mem::take(&mut self.scopes[index].lost_root) {
            self.fruitless = None;
        }
    }

    /// The pause of a derived scope.
    pub(super) fn fruitless_block(&self, index: usize) -> Option<Block> {
        self.root_of(index)?;
        let Fruitless { since, until, needs_person, .. } = *self.fruitless.as_ref()?;
        let waits = !needs_person && until <= since + seconds(30);
        Some(Block { waits, until, is_refused: false }).filter(|block| self.now < block.until)
    }
}
