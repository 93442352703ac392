//! Errors: the text for the user, and the exit code.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use auth_proto::{EndpointError, ErrorKind, FailureKind, UrlProblem};

use super::{
    flags::{ALLOW, in_flags, in_keys},
    print,
};

/// An error text and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

/// The exit codes that `cloud-auth --help` documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// A negative answer, or an error that has no other code.
    Failed = 1,
    /// Wrong arguments or a wrong configuration.
    Usage = 2,
    /// The cloud refused the login or the token.
    Refused = 3,
    /// The cloud has no such service, endpoint or region.
    NotFound = 4,
    /// No answer, or a temporary failure: the same command may work later.
    Unavailable = 5,
}

impl Failure {
    /// A negative answer, or an error that has no other code.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, text: text.into() }
    }

    /// Wrong arguments or a wrong configuration.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// The cloud has no such service, endpoint or region.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self { exit: Exit::NotFound, text: text.into() }
    }

    /// No answer, or an incomplete one.
    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unavailable, text: format!("{}; {AGAIN}", text.into()) }
    }

    /// The same failure with a further fact.
    pub(crate) fn with(self, fact: &str) -> Self {
        Self { text: format!("{}; {fact}", self.text), ..self }
    }

    /// Whether the cloud refused the login or the token.
    pub(crate) fn is_refusal(&self) -> bool {
        self.exit == Exit::Refused
    }

    /// Whether there was no answer, or a temporary failure.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.exit == Exit::Unavailable
    }

    /// Writes the text to standard error.
    pub(crate) fn report(self) -> ExitCode {
        // If standard error is closed, the exit code remains.
        let _ = writeln!(io::stderr().lock(), "error: {}", print::clean(&self.text));
        ExitCode::from(self.exit as u8)
    }
}

impl From<auth_config::Error> for Failure {
    fn from(why: auth_config::Error) -> Self {
        use auth_config::Error;
        match why {
            Error::CloudMissing { .. } => Self::usage(format!(
                "{why}; name a built-in cloud with --cloud, or write clouds.yaml"
            )),
            Error::CloudAmbiguous { .. } => Self::usage(format!("{why} (flag: --cloud)")),
            Error::Missing { key: "auth_url", .. } => {
                Self::usage(format!("{why} (flag: --identity-url)"))
            }
            Error::Missing { key: "username", .. } => {
                Self::usage(format!("{why} (flags: --user, --user-id)"))
            }
            // The same exit code as for an unknown region of a built-in cloud.
            Error::RegionUnknown { .. } => Self::not_found(why.to_string()),
            Error::Proto { cloud, error } => {
                let Self { exit, text } = error.into();
                Self { exit, text: format!("cloud {cloud}: {text}") }
            }
            why => Self::usage(why.to_string()),
        }
    }
}

impl From<auth_proto::Error> for Failure {
    fn from(why: auth_proto::Error) -> Self {
        let (exit, text) = match why.kind() {
            ErrorKind::Config(config) => (Exit::Usage, in_flags(config)),
            ErrorKind::Endpoint(EndpointError::NotFound { available, .. })
                if available.contains("without a catalog") =>
            {
                (Exit::NotFound, format!("{why}; `cloud-auth curl` also takes a full URL"))
            }
            ErrorKind::Endpoint(EndpointError::NotFound { .. }) => {
                (Exit::NotFound, format!("{why}; `cloud-auth catalog` lists all endpoints"))
            }
            ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => (
                Exit::Failed,
                format!(
                    "the token must not be sent to {origin}: {why}; `cloud-auth catalog` lists all \
                     endpoints{}",
                    remedy(why)
                ),
            ),
            ErrorKind::Endpoint(EndpointError::Url { problem: UrlProblem::Path, .. }) => {
                (Exit::Usage, why.to_string())
            }
            ErrorKind::Rejected(_) => (Exit::Refused, why.kind().to_string()),
            ErrorKind::Transport(failure) if failure.kind == FailureKind::Tls => {
                (Exit::Failed, format!("{} (cacert in clouds.yaml, or OS_CACERT)", why.kind()))
            }
            // `Retry-After` of the service applies to the next run, too: the text keeps it.
            ErrorKind::Unavailable(_) => (Exit::Unavailable, why.to_string()),
            // Nothing was sent, and the text has the remedy.
            ErrorKind::Transport(failure) if failure.kind == FailureKind::Source => {
                (Exit::Unavailable, why.kind().to_string())
            }
            // The pause of this process ends with it: the text leaves it out.
            ErrorKind::Transport(_) => (Exit::Unavailable, format!("{}; {AGAIN}", why.kind())),
            kind if why.is_retryable() => (Exit::Unavailable, format!("{kind}; {AGAIN}")),
            kind => (Exit::Failed, kind.to_string()),
        };
        Self { exit, text: in_keys(&text) }
    }
}

impl Failure {
    /// The failure of a request to this URL. The errors of the core name the origin themselves.
    pub(crate) fn of_request(why: auth_ureq::Error, url: &str) -> Self {
        use auth_ureq::Error;
        let is_nameless = matches!(why, Error::Transport(_) | Error::Deadline { last: None });
        let Self { exit, text } = why.into();
        match is_nameless {
            true => Self { exit, text: format!("{}: {text}", print::origin(url)) },
            false => Self { exit, text },
        }
    }
}

impl From<auth_ureq::Error> for Failure {
    fn from(why: auth_ureq::Error) -> Self {
        match why {
            auth_ureq::Error::Auth(why) => why.into(),
            auth_ureq::Error::Deadline { last: None } => Self::unavailable("no token in time"),
            auth_ureq::Error::Deadline { last: Some(last) } => {
                let text =
                    format!("no token in time; the last login failed: {}", Self::from(last).text);
                Self { exit: Exit::Unavailable, text }
            }
            auth_ureq::Error::Proxy(why) => Self::usage(why.for_users()),
            auth_ureq::Error::Transport(
                ref why @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_)),
            ) => Self::failed(format!(
                "TLS failed: {why}; if the service has a private CA, set cacert in \
                 clouds.yaml or OS_CACERT to its certificate"
            )),
            auth_ureq::Error::Transport(_) => {
                Self { exit: Exit::Unavailable, text: format!("{}; {AGAIN}", chain(&why)) }
            }
            why => Self::failed(chain(&why)),
        }
    }
}

/// The end of the error for an endpoint that a token must not be sent to.
pub(crate) fn remedy(why: &str) -> String {
    let is_plain_http = why.contains("plain http");
    if is_plain_http { format!("; {ALLOW}") } else { String::new() }
}

const AGAIN: &str = "check the URL and the network, or try again later";

/// An error and its causes, separated by colons.
pub(crate) fn chain(why: &dyn Error) -> String {
    let mut text = why.to_string();
    let mut source = why.source();
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_deadline_is_no_callers() {
        let refused = auth_proto::Failure::new(FailureKind::Connect, "http://h:1: refused");
        for (last, want) in [
            (None, "no token in time; check the URL"),
            (
                Some(refused.into()),
                "the last login failed: cannot connect: http://h:1: refused; check",
            ),
        ] {
            let failure = Failure::from(auth_ureq::Error::Deadline { last });
            assert_eq!(failure.exit, Exit::Unavailable);
            assert!(failure.text.contains(want), "{failure:?}");
            assert!(!failure.text.contains("caller"), "{failure:?}");
        }
    }
}
