use std::{fmt, time::Duration};

use auth_proto::Challenge;
use thiserror::Error as ThisError;

/// The reason why a caller gets no token, or a client no driver. No variant shows a URL, a header
/// or a body.
#[derive(Debug, ThisError)]
#[expect(clippy::exhaustive_enums, reason = "an HTTP client's error type has every variant")]
pub enum Error {
    /// An error of the core: bad input, a refusal, a login without a response, a target that the
    /// token must not be sent to.
    #[error(transparent)]
    Auth(#[from] auth_proto::Error),
    /// The caller's patience ended before there was a token.
    #[error("{}", NoTokenInTime(last.as_ref()))]
    Deadline {
        /// The error of the last login, if one failed and none has succeeded since.
        #[source]
        last: Option<auth_proto::Error>,
    },
    /// The identity time-out is not below
    /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout): the session would
    /// count a request as lost that is still under way.
    #[error(
        "identity_timeout: {identity:?} is not between 0 and the response time-out {response:?}; \
         set a time-out between them"
    )]
    IdentityTimeout {
        /// [`Options::identity_timeout`](crate::Options::identity_timeout).
        identity: Duration,
        /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout).
        response: Duration,
    },
    /// The login needs a factor from the user: hand it to [`Session::submit_factor`].
    ///
    /// [`Session::submit_factor`]: auth_proto::Session::submit_factor
    #[error("the login needs a further factor; ask the user and pass it to Session::submit_factor")]
    NeedFactor(Challenge),
}

/// The text of a missed deadline, for an HTTP client's own error type: the error of the last login,
/// if there is one, and what to do.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper for one value")]
pub struct NoTokenInTime<'a>(pub Option<&'a auth_proto::Error>);

impl fmt::Display for NoTokenInTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(last) => {
                write!(f, "no token within the caller's time; the last login failed: {last}")
            }
            None => f.write_str(
                "no token within the caller's time; try again, the login may still succeed",
            ),
        }
    }
}
