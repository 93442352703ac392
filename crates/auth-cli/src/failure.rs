//! Why the program ends without what was asked for.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use auth_proto::{EndpointError, ErrorKind, FailureKind, UrlProblem};

use crate::{flags::in_flags, print};

/// What to say, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

/// The exit codes that scripts go by; `cloud-auth --help` tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Anything else, and every answer that is a no.
    Failed = 1,
    /// The program was called, or is configured, in a way that cannot work.
    Usage = 2,
    /// The cloud does not take the login, or the token.
    Refused = 3,
    /// The cloud has no such service, endpoint or region.
    NotFound = 4,
    /// No answer, or not now: the same may work later.
    Unavailable = 5,
}

impl Failure {
    /// Something did not work, or the answer is a no.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, text: text.into() }
    }

    /// The program was called, or is configured, in a way that cannot work.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// The cloud has nothing of the kind.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self { exit: Exit::NotFound, text: text.into() }
    }

    /// No answer, or a part of one.
    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { exit: Exit::Unavailable, text: format!("{}; {AGAIN}", text.into()) }
    }

    /// Whether the cloud does not take the login or the token.
    pub(crate) fn is_refusal(&self) -> bool {
        self.exit == Exit::Refused
    }

    /// Writes it to standard error.
    pub(crate) fn report(self) -> ExitCode {
        // If nobody listens, the exit code still tells.
        let _ = writeln!(io::stderr().lock(), "error: {}", print::clean(&self.text));
        ExitCode::from(self.exit as u8)
    }
}

impl From<auth_config::Error> for Failure {
    fn from(why: auth_config::Error) -> Self {
        use auth_config::Error;
        match why {
            Error::CloudMissing { .. } => {
                Self::usage(format!("{why}; name a built-in cloud with --cloud, or write a file"))
            }
            Error::CloudAmbiguous { .. } => Self::usage(format!("{why} (--cloud chooses)")),
            Error::Missing { key: "auth_url", .. } => {
                Self::usage(format!("{why} (--identity-url)"))
            }
            Error::Missing { key: "username", .. } => {
                Self::usage(format!("{why} (--user, --user-id)"))
            }
            // As it is for a cloud that nobody has configured.
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
                (Exit::NotFound, format!("{why}; `cloud-auth curl` takes a whole URL as well"))
            }
            ErrorKind::Endpoint(EndpointError::NotFound { .. }) => {
                (Exit::NotFound, format!("{why}; `cloud-auth catalog` shows all"))
            }
            ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => (
                Exit::Failed,
                format!(
                    "the token must not be sent to {origin}: {why}; `cloud-auth catalog` shows what there \
                     is"
                ),
            ),
            ErrorKind::Endpoint(EndpointError::Url { problem: UrlProblem::Path, .. }) => {
                (Exit::Usage, why.to_string())
            }
            ErrorKind::Rejected(_) => (Exit::Refused, why.kind().to_string()),
            ErrorKind::Transport(failure) if failure.kind == FailureKind::Tls => {
                (Exit::Failed, format!("{} (cacert in clouds.yaml, or OS_CACERT)", why.kind()))
            }
            // Until when a service wants to be left alone holds for the next run as well.
            ErrorKind::Unavailable(_) => (Exit::Unavailable, why.to_string()),
            // Until when this process would pause does not.
            ErrorKind::Transport(_) => (Exit::Unavailable, format!("{}; {AGAIN}", why.kind())),
            kind if why.is_retryable() => (Exit::Unavailable, format!("{kind}; {AGAIN}")),
            kind => (Exit::Failed, kind.to_string()),
        };
        Self { exit, text }
    }
}

impl From<auth_ureq::Error> for Failure {
    fn from(why: auth_ureq::Error) -> Self {
        match why {
            auth_ureq::Error::Auth(why) => why.into(),
            // It says itself what is behind it.
            auth_ureq::Error::Deadline { .. } => {
                Self { exit: Exit::Unavailable, text: format!("{why}; {AGAIN}") }
            }
            auth_ureq::Error::Transport(
                ref why @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_)),
            ) => Self::failed(format!(
                "TLS failed: {why}; if the service has a private CA, give its certificate \
                     (cacert in clouds.yaml, or OS_CACERT)"
            )),
            auth_ureq::Error::Transport(_) => {
                Self { exit: Exit::Unavailable, text: format!("{}; {AGAIN}", chain(&why)) }
            }
            why => Self::failed(chain(&why)),
        }
    }
}

const AGAIN: &str = "check the URL and the network, or try again later";

/// An error, and the errors behind it.
pub(crate) fn chain(why: &dyn Error) -> String {
    let mut text = why.to_string();
    let mut source = why.source();
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    text
}
