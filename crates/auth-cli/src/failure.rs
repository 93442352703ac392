//! Why the program ends without what was asked for.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use auth_proto::{ConfigError, EndpointError, ErrorKind, UrlProblem};

use crate::print;

/// What to say, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// Something was refused, or did not work.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    /// The program was called in a way that cannot work. Nothing was sent.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into() }
    }

    /// Writes it to standard error.
    pub(crate) fn report(self) -> ExitCode {
        // If nobody listens, the exit code still tells.
        let _ = writeln!(io::stderr().lock(), "error: {}", print::clean(&self.text));
        ExitCode::from(self.code)
    }
}

impl From<auth_proto::Error> for Failure {
    fn from(why: auth_proto::Error) -> Self {
        match why.kind() {
            ErrorKind::Config(config) => Self::usage(in_flags(config)),
            ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => Self::failed(format!(
                "a token must not go to {origin}: {why}; `cloud-auth catalog` shows what there is"
            )),
            // Until when a service wants to be left alone holds for the next run as well.
            ErrorKind::Unavailable(_) => Self::failed(why.to_string()),
            // Until when this process would pause does not.
            kind => Self::failed(kind.to_string()),
        }
    }
}

impl From<auth_ureq::Error> for Failure {
    fn from(why: auth_ureq::Error) -> Self {
        match why {
            auth_ureq::Error::Auth(why) => why.into(),
            why => Self::failed(chain(&why)),
        }
    }
}

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

/// The core names its own functions where the user knows flags.
fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::ProjectDomain => {
            "a project's name is unique within a domain only: add --project-domain or \
             --project-domain-id, or name the project with --project-id"
        }
        ConfigError::UserDomain => {
            "a user's name is unique within a domain only: add --user-domain or \
             --user-domain-id, or name the user with --user-id"
        }
        ConfigError::Url { field, problem: UrlProblem::PlainHttp } => {
            return format!(
                "{field}: is plain http on another host than loopback, which would show every \
                 secret to the network; use https"
            );
        }
        why => return why.to_string(),
    }
    .to_owned()
}
