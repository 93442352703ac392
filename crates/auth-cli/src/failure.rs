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
            // It says itself what is behind it.
            auth_ureq::Error::Deadline { .. } => Self::failed(why.to_string()),
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

/// The core names its own functions and inputs where the user knows flags.
fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::ApplicationCredentialScope => {
            "an application credential fixes its own scope: leave out the flags of the scope"
        }
        ConfigError::Method { cloud, method, takes } => {
            return method_in_flags(cloud, method, takes);
        }
        ConfigError::ProjectDomain => {
            "a project's name is unique within a domain only: add --project-domain or \
             --project-domain-id, or name the project with --project-id"
        }
        ConfigError::Scope { cloud, scope, takes } => return scope_in_flags(cloud, scope, takes),
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
    use auth_proto::{Cloud, Credential, Login, Scope, UserRef};

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
            for credential in [password(), key(), password().and(auth_proto::Factor::totp("1"))] {
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
