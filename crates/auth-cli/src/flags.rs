//! What the core says of its own functions and inputs, in the flags that the user knows.

use auth_proto::{ConfigError, UrlProblem};

/// What cannot work, and what to do about it.
pub(crate) fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::CloudUnknown { id, nearest } => {
            let meant = nearest.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
            format!(
                "cloud {id}: is neither configured nor built in; `cloud-auth config --names` lists \
                 those that are{meant}"
            )
        }
        ConfigError::Method { cloud, method, takes } => method_in_flags(cloud, method, takes),
        ConfigError::RegionNeeded { cloud, regions } => format!(
            "{cloud} has an identity service for each region; name one with --region: {regions}"
        ),
        ConfigError::Scope { cloud, scope, takes } => scope_in_flags(cloud, scope, takes),
        ConfigError::ServiceDomain { service } => format!(
            "service {service} wants a token for a domain: add --user-domain or --user-domain-id, \
             or --domain or --domain-id"
        ),
        ConfigError::Url { field, problem: UrlProblem::PlainHttp } => format!(
            "{field}: is plain http on another host than loopback, which would show every secret \
             to the network; use https"
        ),
        why => remedy(why).map_or_else(|| why.to_string(), str::to_owned),
    }
}

/// The same where nothing of the input matters.
fn remedy(why: &ConfigError) -> Option<&'static str> {
    Some(match why {
        ConfigError::AgencyUser => {
            "an agency is assumed with a token for the user's own domain: name the user with --user \
             and --user-domain or --user-domain-id"
        }
        ConfigError::ApplicationCredentialScope => {
            "an application credential fixes its own scope: leave out the flags of the scope"
        }
        ConfigError::NotInV2 => {
            "the cloud speaks v2.0, which has no such request; name a v3 service with \
             --identity-url, if there is one"
        }
        ConfigError::ProjectDomain => {
            "a project's name is unique within a domain only: add --project-domain or \
             --project-domain-id, or name the project with --project-id"
        }
        // There is no flag for a project beside a trust.
        ConfigError::TrustProject => {
            "a trust is of use with v3 only here: leave out --trust, or name a v3 service with \
             --identity-url, if there is one"
        }
        ConfigError::UserDomain => {
            "a user's name is unique within a domain only: add --user-domain or \
             --user-domain-id, or name the user with --user-id"
        }
        ConfigError::UserMissing { .. } => {
            "a one-time code goes with a user's password: leave out --totp, or name the user with \
             --user or --user-id"
        }
        _ => return None,
    })
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
    use auth_proto::{Agency, Cloud, Credential, DomainRef, ErrorKind, Login, Scope, UserRef};

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
