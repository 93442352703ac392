//! Configuration errors of `auth-proto`, with flags in place of its functions and fields.

use auth_proto::{ConfigError, UrlProblem};

/// The problem and the remedy, in terms of flags. An error that no flag concerns keeps its own
/// text.
pub(crate) fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::CloudUnknown { id, nearest } => {
            let meant = nearest.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
            format!(
                "cloud {id}: neither configured nor built in; `cloud-auth config --names` lists all \
                 clouds{meant}"
            )
        }
        ConfigError::Method { cloud, method, takes } => method_in_flags(cloud, method, takes),
        ConfigError::RegionNeeded { cloud, regions } => format!(
            "{cloud}: has one identity service per region; choose a region with --region: {regions}"
        ),
        ConfigError::Scope { cloud, scope, takes } => scope_in_flags(cloud, scope, takes),
        ConfigError::ServiceDomain { service } => format!(
            "service {service}: needs a token for a domain; add --user-domain, --user-domain-id, \
             --domain or --domain-id"
        ),
        ConfigError::Url { field, problem: UrlProblem::PlainHttp } => format!(
            "{field}: plain http, which exposes secrets to the network (allowed on loopback only); use \
             https"
        ),
        why => remedy(why).map_or_else(|| why.to_string(), str::to_owned),
    }
}

/// The text of an error that does not depend on a value.
fn remedy(why: &ConfigError) -> Option<&'static str> {
    Some(match why {
        ConfigError::AgencyUser => {
            "--agency: needs the user's own domain; name the user with --user and --user-domain or \
             --user-domain-id"
        }
        ConfigError::ApplicationCredentialScope => {
            "scope: fixed by the application credential; leave out the flags of the scope"
        }
        ConfigError::NotInV2 => {
            "the cloud uses API v2.0, which has no such request; name a v3 identity service with \
             --identity-url, if there is one"
        }
        ConfigError::ProjectDomain => {
            "--project: a project's name is unique within its domain only; add --project-domain or \
             --project-domain-id, or use --project-id"
        }
        // No flag names a project together with a trust.
        ConfigError::TrustProject => {
            "--trust: supported with API v3 only; leave out --trust, or name a v3 identity service \
             with --identity-url, if there is one"
        }
        ConfigError::UserDomain => {
            "--user: a user's name is unique within its domain only; add --user-domain or \
             --user-domain-id, or use --user-id"
        }
        ConfigError::UserMissing { .. } => {
            "--totp: a one-time code needs a user with a password; leave out --totp, or name the \
             user with --user or --user-id"
        }
        _ => return None,
    })
}

fn method_in_flags(cloud: &str, method: &str, takes: &str) -> String {
    let given = match method {
        "application_credential" => "application credential",
        "agency" => return format!("--agency: not supported by {cloud}; leave out the flag"),
        "second factor" => return format!("--totp: not supported by {cloud}; leave out the flag"),
        other => other,
    };
    let ways: Vec<_> = takes
        .split(", ")
        .filter_map(|method| match method {
            "application_credential" => {
                Some("--application-credential-id or --application-credential-name")
            }
            "password" => Some("--user or --user-id with a password"),
            // No flag selects another method alone.
            _ => None,
        })
        .collect();
    format!("{given}: not supported by {cloud}; use {}", ways.join(", or "))
}

fn scope_in_flags(cloud: &str, scope: &str, takes: &str) -> String {
    let given = listed(&flags_of_scope(scope));
    let takes: Vec<_> = takes.split(", ").map(flags_of_scope).collect();
    let flags = listed(&takes.concat());
    // The default scope needs no flag.
    let takes_default = takes.iter().any(Vec::is_empty);
    match (given.as_str(), flags.as_str()) {
        ("", flags) => format!("scope: required by {cloud}; add {flags}"),
        (given, "") => format!("{given}: not supported by {cloud}; leave out the flag"),
        (given, flags) if takes_default => {
            format!("{given}: not supported by {cloud}; leave out the flag, or use {flags}")
        }
        (given, flags) => format!("{given}: not supported by {cloud}; use {flags}"),
    }
}

/// `a, b or c`.
fn listed(flags: &[&str]) -> String {
    match flags {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        flags => flags.concat(),
    }
}

/// The flags for a scope, by its name in `auth-proto`.
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
    use auth_proto::{Agency, Cloud, Credential, DomainRef, ErrorKind, Login, Scope, UserRef};

    use super::*;

    #[test]
    fn refused_logins_are_explained_in_flags() {
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
            let existing_token = Credential::existing_token("t");
            let key_and_totp = key().and(auth_proto::Factor::totp("1"));
            for credential in
                [password(), key(), totp, key_and_totp, existing_token, password().assume(agency)]
            {
                for scope in &scopes {
                    let Err(why) = Login::new(&cloud, credential.clone(), scope.clone()) else {
                        continue;
                    };
                    refused += 1;
                    let text = match why.kind() {
                        ErrorKind::Config(why) => in_flags(why),
                        _ => panic!("{why}"),
                    };
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
