//! Why the program ends without what was asked for.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use auth_proto::{ConfigError, EndpointError, ErrorKind, FailureKind, UrlProblem};

use crate::print;

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
            ErrorKind::Endpoint(EndpointError::NotFound { .. }) => {
                (Exit::NotFound, format!("{why}; `cloud-auth catalog` shows all"))
            }
            ErrorKind::Endpoint(EndpointError::Refused { origin, why }) => (
                Exit::Failed,
                format!(
                    "a token must not go to {origin}: {why}; `cloud-auth catalog` shows what there \
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

/// The core names its own functions and inputs where the user knows flags.
fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::AgencyUser => {
            "an agency is assumed with a token for the user's own domain: name the user with --user \
             and --user-domain or --user-domain-id"
        }
        ConfigError::ApplicationCredentialScope => {
            "an application credential fixes its own scope: leave out the flags of the scope"
        }
        ConfigError::CloudUnknown { id, nearest } => {
            let meant = nearest.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
            return format!(
                "cloud {id}: is neither configured nor built in; `cloud-auth config --names` lists \
                 those that are{meant}"
            );
        }
        ConfigError::Method { cloud, method, takes } => {
            return method_in_flags(cloud, method, takes);
        }
        ConfigError::NotInV2 => {
            "the cloud speaks v2.0, which has no such request; name a v3 service with \
             --identity-url, if there is one"
        }
        ConfigError::ProjectDomain => {
            "a project's name is unique within a domain only: add --project-domain or \
             --project-domain-id, or name the project with --project-id"
        }
        ConfigError::RegionNeeded { cloud, regions } => {
            return format!(
                "{cloud} has an identity service for each region; name one with --region: {regions}"
            );
        }
        ConfigError::Scope { cloud, scope, takes } => return scope_in_flags(cloud, scope, takes),
        ConfigError::ServiceDomain { service } => {
            return format!(
                "service {service} wants a token for a domain: add --user-domain or \
                 --user-domain-id, or --domain or --domain-id"
            );
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

fn method_in_flags(cloud: &str, method: &str, takes: &str) -> String {
    let given = match method {
        "application_credential" => "application credential",
        "agency" => return format!("{cloud} takes no agency; leave out --agency"),
        "second factor" => return format!("{cloud} takes no second factor; leave out --totp"),
        other => other,
    };
    let ways: Vec<_> = takes
        .split(", ")
        .filter_map(|method| match method {
            "application_credential" => {
                Some("--application-credential-id or --application-credential-name")
            }
            "password" => Some("--user or --user-id with a password"),
            // There are no flags for them on their own.
            _ => None,
        })
        .collect();
    format!("{cloud} takes no {given}; use {}", ways.join(", or "))
}

fn scope_in_flags(cloud: &str, scope: &str, takes: &str) -> String {
    let given = listed(&flags_of_scope(scope));
    let takes: Vec<_> = takes.split(", ").map(flags_of_scope).collect();
    let flags = listed(&takes.concat());
    // One scope is asked for by none of the flags.
    let takes_none = takes.iter().any(Vec::is_empty);
    match (given.as_str(), flags.as_str()) {
        ("", flags) => format!("{cloud} wants a scope; add {flags}"),
        (given, "") => format!("{cloud} takes no {given}; leave it out"),
        (given, flags) if takes_none => {
            format!("{cloud} takes no {given}; leave it out, or use {flags}")
        }
        (given, flags) => format!("{cloud} takes no {given}; use {flags}"),
    }
}

/// `a, b or c`.
fn listed(flags: &[&str]) -> String {
    match flags {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        flags => flags.concat(),
    }
}

/// The flags for a scope as the core names it.
fn flags_of_scope(scope: &str) -> Vec<&str> {
    match scope {
        "default scope" => vec![],
        "domain scope" => vec!["--domain", "--domain-id"],
        "explicit absence of a scope" => vec!["--unscoped"],
        "project scope by id" => vec!["--project-id"],
        "project scope by name" => vec!["--project"],
        "system scope" => vec!["--system"],
        "trust scope" => vec!["--trust"],
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use auth_proto::{Agency, Cloud, Credential, DomainRef, Login, Scope, UserRef};

    use super::*;

    #[test]
    fn what_a_cloud_takes_is_said_in_flags() {
        let password = || Credential::password(UserRef::id("u"), "p");
        let key = || Credential::application_credential("k", "s");
        let scopes = [
            Scope::default(),
            Scope::domain_id("d"),
            Scope::project_id("p"),
            Scope::project_name("p"),
            Scope::system(),
            Scope::trust("t"),
            Scope::unscoped(),
        ];
        let otc = Cloud::otc("eu-de").unwrap();
        let v2 = Cloud::keystone("https://k.example/v2.0").unwrap();
        let mut refused = 0;
        for cloud in [Cloud::nhn(), otc, Cloud::kakao(), Cloud::huawei(), v2] {
            let totp = password().and(auth_proto::Factor::totp("1"));
            let agency = Agency::new("a", DomainRef::name("d"));
            let passed_on = Credential::passed_on("t");
            for credential in [password(), key(), totp, passed_on, password().assume(agency)] {
                for scope in &scopes {
                    let Err(why) = Login::new(&cloud, credential.clone(), scope.clone()) else {
                        continue;
                    };
                    refused += 1;
                    let text = Failure::from(why).text;
                    let core = ["::", "scope by", "domain scope", "application_credential", "  "];
                    assert!(!core.iter().any(|words| text.contains(words)), "{text}");
                    let says = ["--", "leave out the flags of the scope"];
                    assert!(says.iter().any(|words| text.contains(words)), "{text}");
                    assert!(!text.ends_with([' ', ':']), "{text}");
                }
            }
        }
        assert!(refused > 50, "{refused}");
    }
}
