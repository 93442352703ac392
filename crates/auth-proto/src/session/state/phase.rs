//! The phases of a scope.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use crate::{
    error::Error,
    login::{Login, LoginState},
    model::{question::Question, token::Token},
    session::store::Want,
};

/// The progress towards the next token.
#[derive(Debug, Default)]
pub(crate) enum Phase {
    /// A caller asks a person or a file for what the login needs.
    Asking(Asking),
    /// A question to the identity service about the scope's token is under way.
    Checking(Checking),
    /// The exchange of the root token was refused. The identity service's answer about the root
    /// token decides what that means.
    Doubted(Doubted),
    /// A login is half done: it waits for a factor, or for a caller that sends its next request.
    Pending(Pending),
    /// A request of a login is under way.
    InFlight(InFlight),
    /// A caller asks the store for a token.
    Taking(Taking),
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

impl Pending {
    /// The question that must be answered before the next request.
    pub(crate) fn question(&self) -> Option<Question> {
        match self.login.state() {
            LoginState::AskSecret(source) => Some(Question::Secret(source.clone())),
            LoginState::NeedFactor(challenge) => Some(Question::Factor(challenge.clone())),
            // The pause after a refused factor is over.
            LoginState::Failed(_) => self.login.challenge().cloned().map(Question::Factor),
            LoginState::Done(_) | LoginState::ToSend => None,
        }
    }
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
    /// The root token that it exchanges.
    pub(crate) root: Option<Arc<Token>>,
}

/// A question that a caller takes to a person or a file.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) request: Handed,
    /// Whether only a person can answer.
    pub(crate) is_personal: bool,
    /// The login that waits for the reply. `None`: a new one-time code is needed before it starts.
    pub(crate) pending: Option<Pending>,
}

/// A question about a token that is under way.
#[derive(Debug)]
pub(crate) struct Checking {
    pub(crate) request: Handed,
    pub(crate) token: Arc<Token>,
}

/// A question to the store that is under way.
#[derive(Debug)]
pub(crate) struct Taking {
    pub(crate) request: Handed,
    pub(crate) want: Want,
    /// When it was handed out.
    pub(crate) asked_at: Duration,
}

/// A refused exchange.
#[derive(Debug)]
pub(crate) struct Doubted {
    pub(crate) error: Error,
    /// The number of its request.
    pub(crate) attempt: u64,
    /// The root token that was exchanged.
    pub(crate) root: Arc<Token>,
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
            Self::Checking(checking) => Some(&checking.request),
            Self::InFlight(in_flight) => Some(&in_flight.request),
            Self::Taking(taking) => Some(&taking.request),
            Self::Doubted(_) | Self::Idle | Self::Pending(_) => None,
        }
    }

    /// The login that waits for a reply or for a caller that sends its next request.
    pub(crate) fn pending(&self) -> Option<&Pending> {
        match self {
            Self::Asking(asking) => asking.pending.as_ref(),
            Self::Pending(pending) => Some(pending),
            Self::Checking(_)
            | Self::Doubted(_)
            | Self::Idle
            | Self::InFlight(_)
            | Self::Taking(_) => None,
        }
    }

    /// The phase after a request or a question has ended without a result.
    pub(crate) fn without_result(self) -> Self {
        match self {
            Self::Asking(Asking { pending: Some(pending), .. }) | Self::Pending(pending) => {
                Self::Pending(pending)
            }
            _ => Self::Idle,
        }
    }
}
