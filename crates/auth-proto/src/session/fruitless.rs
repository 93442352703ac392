//! Root tokens that are of no use: a login gives one, its exchange is refused, and the identity
//! service calls it invalid.
//!
//! A revocation does that to any root token, so one login follows at once. If the next root token is
//! of no use to the same scopes either, another login is not likely to help: a gateway may answer
//! in the place of the identity service, or the service does not know its own tokens. Then all
//! derived scopes pause together, because each of them would cause the next login.

use std::time::Duration;

use http::StatusCode;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Refusal},
    session::{
        event::{Event, FailureClass},
        pauses::backoff::Pace,
        pauses::failure_streak::FailureStreak,
        root::RootKind,
        state::input::Input,
    },
};

/// The reason and the remedy, for this answer to the question.
macro_rules! no_use {
    ($status:literal) => {
        concat!(
            "this was the answer to the exchange of one new root token after the other, and each \
             time the answer to GET /v3/auth/tokens about it was ",
            $status,
            "; check that every node of the identity service and every gateway before it accepts \
             the tokens that a login gives"
        )
    };
}

impl Session {
    /// The identity service calls a root token invalid, after the exchange for these scopes was
    /// refused with this error.
    pub(super) fn lose_root(
        &mut self,
        doubted: &[usize],
        (error, status): (Option<&Error>, StatusCode),
        at: Duration,
    ) {
        // That of another process says nothing about the logins of this one.
        let is_shared = self.root.as_ref().is_some_and(|root| root.is_shared);
        let is_again = !is_shared && doubted.iter().all(|index| self.scopes[*index].lost_root);
        doubted.iter().for_each(|index| self.lose_exchange(*index, at));
        let (Some(root), Some(error)) = (self.root.as_mut().filter(|_| is_again), error) else {
            return;
        };
        if root.kind == RootKind::Given {
            return;
        }
        let error = explain(error, status, root.needs_person);
        let pace = (Pace::Fast, &mut self.jitter);
        let before = root.fruitless.take();
        let streak = FailureStreak::failed(before, error.clone(), at, &self.clock, pace);
        let event = Event::LoginFailed {
            scope: root.kind.scope(),
            class: FailureClass::of(&error),
            error: error.with_retry_at(None),
            retry_at: self.clock.at(streak.until),
        };
        root.fruitless = Some(streak);
        self.emit(Some(event));
    }

    /// The exchange for this scope was refused, and another root token may do.
    pub(super) fn lose_exchange(&mut self, index: usize, at: Duration) {
        self.step(index, Input::Abandoned, at);
        let is_shared = self.root.as_ref().is_some_and(|root| root.is_shared);
        self.scopes.change(index, |state| state.lost_root |= !is_shared);
    }

    /// This scope has its token, or the root token is valid. That of a scope that lost no root token
    /// says nothing about those that did.
    pub(super) fn end_losses(&mut self, index: usize) {
        if let Some(root) = self.root.as_mut().filter(|_| self.scopes[index].lost_root) {
            root.fruitless = None;
            self.scopes.change(index, |state| state.lost_root = false);
        }
    }

    /// The failure of the last root tokens, if they were of no use to derived scopes like this one.
    pub(super) fn fruitless(&self, index: usize) -> Option<&FailureStreak> {
        self.root.as_ref().filter(|root| root.place != index)?.fruitless.as_ref()
    }
}

/// The refusal of the exchange, as one that may pass. A person is not asked again and again.
fn explain(error: &Error, status: StatusCode, needs_person: bool) -> Error {
    let Some(refusal) = error.refusal() else { return error.clone() };
    let remedy = match status {
        StatusCode::UNAUTHORIZED => no_use!("401"),
        _ => no_use!("404"),
    };
    let refusal = Refusal { remedy, ..refusal.clone() };
    let kind = match needs_person {
        true => ErrorKind::Rejected(refusal),
        false => ErrorKind::Unavailable(refusal),
    };
    Error::from(kind).with_retry_at(error.retry_at())
}
