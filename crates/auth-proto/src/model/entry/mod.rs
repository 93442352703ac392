//! What the processes of a fleet share: the answer to a login, or the pause after a refusal.

mod bytes;
mod label;

use std::{fmt, time::Duration};

use http::{HeaderValue, StatusCode};

pub use self::label::Label;
use crate::{error::fault::Fault, model::body::Body, url::ApiVersion};

/// What a [store](crate::Store) keeps under a name: a token, or a pause in which no process logs in.
///
/// A store sees only [bytes](Self::to_bytes) and a [life](Self::life). The bytes of a token are a
/// secret, and `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub(crate) label: Label,
    pub(crate) shared: Shared,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Shared {
    Answer(SharedAnswer),
    Pause(SharedPause),
}

/// The identity service's own answer to a login. Each process reads it as if the answer were its
/// own, so that no token enters a session without the checks of a login.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SharedAnswer {
    pub(crate) api_version: ApiVersion,
    /// The token of v3, which is in the answer's header. In v2.0 it is in the body.
    pub(crate) header: Option<HeaderValue>,
    pub(crate) body: Body,
    /// The rest of the token's life.
    pub(crate) life: Duration,
}

/// The refusal of a login, and how long it holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SharedPause {
    pub(crate) status: StatusCode,
    /// Fit for display, and without secrets.
    pub(crate) fault: Fault,
    /// Whether the service has refused the credential.
    pub(crate) is_refusal: bool,
    pub(crate) rest: Duration,
}

/// A refusal is known for this long after its pause, so that a process that starts later knows that
/// its login is a probe.
const KNOWN_AFTER: Duration = Duration::from_secs(4 * 3600);

impl Entry {
    /// How long a store keeps the entry, from the moment it is told. Afterwards it is of no use to
    /// any process.
    pub fn life(&self) -> Duration {
        match &self.shared {
            Shared::Answer(answer) => answer.life,
            Shared::Pause(pause) if pause.is_refusal => pause.rest.saturating_add(KNOWN_AFTER),
            Shared::Pause(pause) => pause.rest,
        }
    }

    /// How long no process logs in, from the moment the store is told. `None` for a token.
    pub fn pause(&self) -> Option<Duration> {
        match &self.shared {
            Shared::Answer(_) => None,
            Shared::Pause(pause) => Some(pause.rest),
        }
    }

    /// The version of the API that gave the token. `None` for a pause.
    pub fn api_version(&self) -> Option<ApiVersion> {
        match &self.shared {
            Shared::Answer(answer) => Some(answer.api_version),
            Shared::Pause(_) => None,
        }
    }

    /// What the entry is for, without secrets.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Whether it is the pause after a failed login, and has no token.
    pub fn is_pause(&self) -> bool {
        matches!(self.shared, Shared::Pause(_))
    }

    /// Whether it is the pause after a refused credential.
    pub fn is_refusal(&self) -> bool {
        matches!(&self.shared, Shared::Pause(pause) if pause.is_refusal)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared {
            Shared::Answer(answer) => f
                .debug_struct("Answer")
                .field("label", &self.label)
                .field("api_version", &answer.api_version)
                .field("life", &answer.life)
                .finish_non_exhaustive(),
            Shared::Pause(pause) => f
                .debug_struct("Pause")
                .field("label", &self.label)
                .field("status", &pause.status)
                .field("fault", &pause.fault)
                .field("is_refusal", &pause.is_refusal)
                .field("rest", &pause.rest)
                .finish(),
        }
    }
}
