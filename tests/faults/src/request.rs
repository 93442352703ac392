//! The requests of callers, and their results.

use std::{
    error::Error,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use http::{Request, StatusCode, Uri};

use crate::{capture, lost::Failed, testbed::TestScope};

/// A caller's request.
#[derive(Clone)]
pub(crate) struct CallerRequest {
    pub(crate) operation: Operation,
    /// The delay after the common start.
    pub(crate) after: Duration,
    /// The caller's patience. A [call](Operation::Call) has the client's own.
    pub(crate) timeout: Duration,
    /// The request is repeated until this is set.
    pub(crate) until: Option<Arc<AtomicBool>>,
    /// The pause between two repetitions.
    pub(crate) pause: Duration,
}

#[derive(Clone)]
pub(crate) enum Operation {
    Call(Box<Request<Vec<u8>>>),
    /// A call that the caller gives up at its timeout.
    CallWithin(Box<Request<Vec<u8>>>),
    Token(TestScope),
    Upload(Arc<Upload>),
}

/// A file to send.
pub(crate) struct Upload {
    pub(crate) uri: Uri,
    pub(crate) file: PathBuf,
    pub(crate) length: u64,
}

/// The result of a request, with its times.
pub(crate) struct Outcome {
    /// By the scenario's clock, as `ended` and `deadline`.
    pub(crate) started: Duration,
    pub(crate) ended: Duration,
    pub(crate) deadline: Duration,
    /// In real time.
    pub(crate) took: Duration,
    pub(crate) result: CallResult,
    pub(crate) error: Option<BoxError>,
}

/// The error that a caller got. It is searched for secrets after the last caller has finished.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) type RequestResult = (CallResult, Option<BoxError>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallResult {
    /// A service's response.
    Response(StatusCode),
    Closed,
    /// The caller's timeout ended.
    Deadline {
        has_retry_time: bool,
    },
    /// No token. The error may have the time of the next attempt.
    Failed {
        has_retry_time: bool,
    },
    /// A call got no response.
    NoResponse,
    Panicked,
    Token,
}

impl CallerRequest {
    pub(crate) fn token() -> Self {
        Self::of(Operation::Token(TestScope::Project))
    }

    pub(crate) fn token_for(scope: TestScope) -> Self {
        Self::of(Operation::Token(scope))
    }

    pub(crate) fn call(request: Request<Vec<u8>>) -> Self {
        Self::of(Operation::Call(Box::new(request)))
    }

    pub(crate) fn call_within(request: Request<Vec<u8>>, timeout: Duration) -> Self {
        Self::of(Operation::CallWithin(Box::new(request))).within(timeout)
    }

    pub(crate) fn upload(upload: Upload) -> Self {
        Self::of(Operation::Upload(Arc::new(upload)))
    }

    pub(crate) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// Repeats the request until `over`, with this pause.
    pub(crate) fn repeated(self, over: &Arc<AtomicBool>, pause: Duration) -> Self {
        Self { until: Some(Arc::clone(over)), pause, ..self }
    }

    fn of(operation: Operation) -> Self {
        Self {
            operation,
            after: Duration::ZERO,
            timeout: Duration::from_secs(30),
            until: None,
            pause: Duration::ZERO,
        }
    }
}

impl Outcome {
    /// The caller's failure, if it got an authentication error.
    pub(crate) fn failed(&self) -> Option<Failed> {
        let failed = Failed { at: self.ended, deadline: self.deadline };
        self.result.is_auth_error().then_some(failed)
    }

    pub(crate) fn search(&self) {
        if let Some(error) = &self.error {
            capture::search_error(&**error);
        }
    }
}

impl CallResult {
    pub(crate) const UNAUTHORIZED: Self = Self::Response(StatusCode::UNAUTHORIZED);

    pub(crate) fn is_good(self) -> bool {
        match self {
            Self::Response(status) => status.is_success(),
            _ => self == Self::Token,
        }
    }

    pub(crate) fn is_auth_error(self) -> bool {
        matches!(self, Self::UNAUTHORIZED | Self::Deadline { .. } | Self::Failed { .. })
    }

    /// Whether the error has the time of the next attempt.
    pub(crate) fn has_retry_time(self) -> bool {
        matches!(
            self,
            Self::Deadline { has_retry_time: true } | Self::Failed { has_retry_time: true }
        )
    }
}
