//! The phases of a scope.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use crate::{login::Login, model::token::Token};

/// The progress towards the next token.
#[derive(Debug, Default)]
pub(crate) enum Phase {
    /// A question to the identity service about the scope's token is under way.
    Asking(Asking),
    /// A login is half done: it waits for a factor, or for a caller that sends its next request.
    Pending(Pending),
    /// A request of a login is under way.
    InFlight(InFlight),
    /// No request is under way.
    #[default]
    Idle,
}

/// A login that is half done.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) login: Login,
    /// When its receipt, or its token for the next request, ends.
    pub(crate) until: Duration,
    /// Send time of the previous request, if the next one follows at once: the token's lifetime
    /// counts from there.
    pub(crate) since: Option<Duration>,
}

/// A request of a login that is under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) request: Handed,
    pub(crate) login: Login,
    /// Send time, of the first request if several follow each other at once.
    pub(crate) sent_at: Duration,
    /// Whether it carries the credential. A request for the API version does not.
    pub(crate) with_credential: bool,
    /// Whether it carries a password or a code.
    pub(crate) is_guess: bool,
    /// When the receipt that it carries ends.
    pub(crate) receipt_until: Duration,
}

/// A question about a token that is under way.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) request: Handed,
    pub(crate) token: Arc<Token>,
}

/// A request that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    pub(crate) attempt: u64,
    /// When it counts as lost.
    pub(crate) lost_at: Duration,
    /// Whether a caller still has it.
    pub(crate) held: Weak<()>,
}

impl Handed {
    /// Whether its caller has dropped it, which says that it was not sent.
    pub(crate) fn is_dropped(&self) -> bool {
        self.held.strong_count() == 0
    }
}

impl Phase {
    /// The request that is under way.
    pub(crate) fn handed(&self) -> Option<&Handed> {
        match self {
            Self::Asking(asking) => Some(&asking.request),
            Self::InFlight(in_flight) => Some(&in_flight.request),
            Self::Pending(_) | Self::Idle => None,
        }
    }
}
