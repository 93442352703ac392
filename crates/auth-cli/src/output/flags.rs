//! Configuration errors of `auth-proto`, with flags in place of its functions and fields.

use auth_proto::{ConfigError, ConfigField, MethodKind, ScopeKind, UrlProblem};

/// The problem and the remedy, in terms of flags. An error that no flag concerns keeps its own
/// text.
pub(crate) fn in_flags(why: &ConfigError) -> String {
    match why {
        ConfigError::Agency { cloud } => {
            format!("--agency: not supported by {cloud}; leave out the flag")
        }
        ConfigError::CloudUnknown { id, nearest } => {
            let meant = nearest.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
            format!(
                "cloud {id}: neither configured nor built in; `cloud-auth config --names` lists all \
                 clouds{meant}"
            )
        }
        ConfigError::Method { cloud, method, takes } => method_in_flags(cloud, *method, takes),
        ConfigError::RegionNeeded { cloud, regions } => format!(
            "{cloud}: has one identity service per region; choose a region with --region: {regions}"
        ),
        ConfigError::Scope { cloud, scope, takes } => scope_in_flags(cloud, *scope, takes),
        ConfigError::ServiceDomain { service } => format!(
            "service {service}: needs a token for a domain; add --user-domain, --user-domain-id, \
             --domain or --domain-id"
        ),
        ConfigError::Url { field, problem: UrlProblem::PlainHttp } => format!(
            "{field}: plain http, which exposes secrets to the network (allowed on loopback only); use \
             https, or {ALLOW} (never for link-local and metadata addresses, other names of this \
             machine, and addresses in another notation)"
        ),
        ConfigError::Characters { field }
        | ConfigError::DomainUnknown { field }
        | ConfigError::Empty { field }
        | ConfigError::Id { field }
        | ConfigError::TooLong { field, .. }
        | ConfigError::Url { field, .. } => match flags_of_field(*field) {
            [] => why.to_string(),
            [flag] => format!("{why} (flag: {flag})"),
            flags => format!("{why} (flags: {})", flags.join(", ")),
        },
        why => remedy(why).map_or_else(|| why.to_string(), str::to_owned),
    }
}

/// An error of a federated login in the words of clouds.yaml, in place of the core's fields and
/// functions. No flag sets them.
pub(super) fn in_keys(text: &str) -> String {
    const KEYS: &[(&str, &str)] = &[
        ("allow it by OidcClient::with_allowed_origin", "set access_token_endpoint to its URL"),
        ("Federation::with_code_field", "idp_otp_key"),
        ("OidcClient::with_id_token", "access_token_type: id_token"),
        ("OidcClient::with_scope", "openid_scope"),
        ("OidcClient::with_token_endpoint", "access_token_endpoint"),
        ("credential.access_token:", "auth.access_token:"),
        ("credential.client.discovery_endpoint:", "auth.discovery_endpoint:"),
        ("credential.client.id:", "auth.client_id:"),
        ("credential.client.scope:", "auth.openid_scope:"),
        ("credential.client.secret:", "auth.client_secret:"),
        ("credential.client.token_endpoint:", "auth.access_token_endpoint:"),
        ("credential.code_field:", "auth.idp_otp_key:"),
        ("credential.identity_provider:", "auth.identity_provider:"),
        ("credential.protocol:", "auth.protocol:"),
    ];
    KEYS.iter().fold(text.to_owned(), |text, (name, key)| text.replace(name, key))
}

/// How to allow plain http.
pub(super) const ALLOW: &str =
    "allow it with --allow-plain-http, or with allow_plain_http: true in clouds.yaml";

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

fn method_in_flags(cloud: &str, method: MethodKind, takes: &[MethodKind]) -> String {
    let given = match method {
        MethodKind::ApplicationCredential => "application credential",
        MethodKind::Totp => return format!("--totp: not supported by {cloud}; leave out the flag"),
        _ => &method.to_string(),
    };
    let ways = takes.iter().filter_map(|method| match method {
        MethodKind::ApplicationCredential => {
            Some("--application-credential-id or --application-credential-name")
        }
        MethodKind::Password => Some("--user or --user-id with a password"),
        // No flag selects another method alone.
        _ => None,
    });
    format!("{given}: not supported by {cloud}; use {}", ways.collect::<Vec<_>>().join(", or "))
}

fn scope_in_flags(cloud: &str, scope: ScopeKind, takes: &[ScopeKind]) -> String {
    let given = listed(flags_of_scope(scope));
    let flags: Vec<_> = takes.iter().flat_map(|kind| flags_of_scope(*kind)).copied().collect();
    let flags = listed(&flags);
    let takes_default = takes.contains(&ScopeKind::Default);
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

/// The flags for a scope. The default scope needs none.
fn flags_of_scope(scope: ScopeKind) -> &'static [&'static str] {
    match scope {
        ScopeKind::Domain => &["--domain", "--domain-id"],
        ScopeKind::ProjectId => &["--project-id"],
        ScopeKind::ProjectName => &["--project"],
        ScopeKind::System => &["--system"],
        ScopeKind::Trust => &["--trust"],
        ScopeKind::Unscoped => &["--unscoped"],
        _ => &[],
    }
}

/// The flags that set a field. Some fields have no flag, for example the overrides of clouds.yaml.
fn flags_of_field(field: ConfigField) -> &'static [&'static str] {
    match field {
        ConfigField::AgencyDomain => &["--agency-domain", "--agency-domain-id"],
        ConfigField::AgencyName => &["--agency"],
        ConfigField::ApplicationCredentialId => &["--application-credential-id"],
        ConfigField::ApplicationCredentialName => &["--application-credential-name"],
        ConfigField::ApplicationCredentialSecret | ConfigField::Password => {
            &["--password-stdin", "--password-env"]
        }
        ConfigField::Domain => flags_of_scope(ScopeKind::Domain),
        ConfigField::IdentityUrl => &["--identity-url"],
        ConfigField::ProjectDomain => &["--project-domain", "--project-domain-id"],
        ConfigField::ProjectId => flags_of_scope(ScopeKind::ProjectId),
        ConfigField::ProjectName => flags_of_scope(ScopeKind::ProjectName),
        ConfigField::SubjectToken | ConfigField::Token => &["--token-stdin", "--token-env"],
        ConfigField::Totp => &["--totp"],
        ConfigField::Trust => flags_of_scope(ScopeKind::Trust),
        ConfigField::UserDomain => &["--user-domain", "--user-domain-id"],
        ConfigField::UserId => &["--user-id"],
        ConfigField::UserName => &["--user"],
        _ => &[],
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
                    if Login::new(&cloud, credential.clone(), scope.clone()).is_ok() {
                        continue;
                    }
                    refused += 1;
                    let text = text(&cloud, credential.clone(), scope.clone());
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

    /// The text of the error that this input causes.
    fn text(cloud: &Cloud, credential: Credential, scope: Scope) -> String {
        match Login::new(cloud, credential, scope).unwrap_err().kind() {
            ErrorKind::Config(why) => in_flags(why),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_invalid_value_names_its_flag() {
        let cloud = Cloud::keystone("https://k.example/v3").unwrap();
        let otc = Cloud::otc("eu-de").unwrap();
        let user = |name, domain| Credential::password(UserRef::name_in(name, domain), "p");
        let alice = || user("alice", DomainRef::id("d"));
        let agency = |name, domain| alice().assume(Agency::new(name, DomainRef::id(domain)));
        let (none, eu_de) = (Scope::default, || Scope::project_name("eu-de"));
        let project = |name, domain| Scope::project_name_in(name, DomainRef::id(domain));
        let key = Credential::application_credential;
        let named_key = Credential::application_credential_of(UserRef::id("u"), "", "s");
        let code = alice().and(auth_proto::Factor::totp("1 2"));
        for (cloud, credential, scope, flags) in [
            (&cloud, user("", DomainRef::id("d")), none(), "(flag: --user)"),
            (
                &cloud,
                user("a", DomainRef::id("")),
                none(),
                "(flags: --user-domain, --user-domain-id)",
            ),
            (&cloud, Credential::password(UserRef::id(""), "p"), none(), "(flag: --user-id)"),
            (
                &cloud,
                Credential::password(UserRef::id("u"), ""),
                none(),
                "(flags: --password-stdin, --password-env)",
            ),
            (
                &cloud,
                Credential::existing_token("a b"),
                none(),
                "(flags: --token-stdin, --token-env)",
            ),
            (&cloud, key("", "s"), none(), "(flag: --application-credential-id)"),
            (&cloud, key("k", ""), none(), "(flags: --password-stdin, --password-env)"),
            (&cloud, named_key, none(), "(flag: --application-credential-name)"),
            (&cloud, code, none(), "(flag: --totp)"),
            (&otc, agency("", "d"), eu_de(), "(flag: --agency)"),
            (&otc, agency("a", ""), eu_de(), "(flags: --agency-domain, --agency-domain-id)"),
            (&cloud, alice(), Scope::domain_id(""), "(flags: --domain, --domain-id)"),
            (&cloud, alice(), Scope::project_id(""), "(flag: --project-id)"),
            (&cloud, alice(), project("", "d"), "(flag: --project)"),
            (&cloud, alice(), project("p", ""), "(flags: --project-domain, --project-domain-id)"),
            (&cloud, alice(), Scope::trust(""), "(flag: --trust)"),
        ] {
            let text = text(cloud, credential, scope);
            assert!(text.ends_with(flags), "{text}");
        }
        let ErrorKind::Config(why) = Cloud::keystone("k").unwrap_err().kind().clone() else {
            panic!("a URL without a scheme");
        };
        assert!(in_flags(&why).ends_with("(flag: --identity-url)"), "{why}");
    }
}
