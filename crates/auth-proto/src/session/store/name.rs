//! The name of a scope's entry in a store.
//!
//! A name is a list of texts, each after its length. Labels of this file say what follows them, so
//! that no two lists of values have the same bytes. A name contains everything that decides which
//! token a login gives: another value in any place is another entry.

use zeroize::Zeroizing;

use super::Name;
use crate::{
    cloud::Cloud,
    model::{
        credential::{Credential, Key, Method, UserRef},
        federation::{Federation, Grant},
        scope::{DomainRef, Scope, Target},
        secret::Secret,
    },
};

/// What the tokens of an entry are for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// For callers, with a catalog.
    Catalog,
    /// Of the user of an agency, for the session alone.
    Hidden,
    /// For callers that want no catalog.
    NoCatalog,
}

/// The name of the tokens of this scope. `None` if the credential's tokens are not shared: it is a
/// token itself that is used as it is, or there is no login.
pub(crate) fn of(
    cloud: &Cloud,
    credential: &Credential,
    scope: &Scope,
    kind: Kind,
) -> Option<Name> {
    let identity = cloud.identity_path("");
    let mut parts = vec![
        "auth-proto",
        identity.as_str(),
        cloud.version_path().unwrap_or("any version"),
        match kind {
            Kind::Catalog => "catalog",
            Kind::Hidden => "of an agency's user",
            Kind::NoCatalog => "no catalog",
        },
    ];
    add_user(&mut parts, credential.user.as_ref());
    let is_federated = credential.federation().is_some();
    for method in credential.methods.iter() {
        match method {
            // Each login of this credential asks for a code, with or without a first one.
            Method::Totp(_) if is_federated => {}
            method => add_method(&mut parts, method)?,
        }
    }
    match &credential.agency {
        Some(agency) => {
            parts.extend(["agency", &agency.name]);
            add_domain(&mut parts, Some(&agency.domain));
        }
        None => parts.push("no agency"),
    }
    add_scope(&mut parts, scope);
    Some(Name::new(encoded(&parts)))
}

fn add_user<'a>(parts: &mut Vec<&'a str>, user: Option<&'a UserRef>) {
    match user {
        Some(UserRef::Id(id)) => parts.extend(["user id", id]),
        Some(UserRef::Name { name, domain }) => {
            parts.extend(["user name", name]);
            add_domain(parts, domain.as_ref());
        }
        None => parts.push("no user"),
    }
}

/// A one-time code serves once, so it is no part of the name. A secret that is read from a source has
/// the name of the source.
fn add_method<'a>(parts: &mut Vec<&'a str>, method: &'a Method) -> Option<()> {
    match method {
        Method::ApplicationCredential { key, secret } => {
            let (label, key) = match key {
                Key::Id(id) => ("application credential id", id),
                Key::Name(name) => ("application credential name", name),
            };
            parts.extend([label, key]);
            add_secret(parts, secret);
        }
        Method::Federated(federation) => add_federation(parts, federation)?,
        Method::Password(password) => {
            parts.push("password");
            add_secret(parts, password);
        }
        Method::Token(_) => parts.extend(["token", method.secret()]),
        Method::Totp(_) => parts.push("totp"),
        Method::ExistingToken(_) | Method::HttpBasic(_) | Method::NoAuth => return None,
    }
    Some(())
}

/// `None` for a bearer that is read from a source: only the provider knows whose it is, and two
/// processes may have the same source and different users.
fn add_federation<'a>(parts: &mut Vec<&'a str>, federation: &'a Federation) -> Option<()> {
    parts.extend(["identity provider", &federation.identity_provider]);
    match &federation.protocol {
        Some(protocol) => parts.extend(["protocol", protocol]),
        None => parts.push("id token"),
    }
    match &federation.grant {
        Grant::Bearer(Secret::Given(_)) => {}
        Grant::Bearer(Secret::Asked(_)) => return None,
        Grant::ClientCredentials(_) => parts.push("client credentials"),
        Grant::Password { username, code_field, .. } => {
            parts.extend(["name", username]);
            parts.push(if code_field.is_some() { "with a code" } else { "without a code" });
        }
    }
    if let Some(client) = federation.client() {
        parts.extend(["client", &client.id, &client.scope]);
        let urls = [&client.token_endpoint, &client.discovery_endpoint];
        parts.extend(urls.map(|url| url.as_deref().unwrap_or_default()));
        parts.push(if client.wants_id_token { "by id token" } else { "by access token" });
        parts.push(if client.secret.is_some() { "with a secret" } else { "without a secret" });
    }
    for secret in federation.secrets() {
        add_secret(parts, secret);
    }
    Some(())
}

fn add_secret<'a>(parts: &mut Vec<&'a str>, secret: &'a Secret) {
    match secret.source() {
        Some(source) => parts.extend(["read from", source.name()]),
        None => parts.extend(["secret", secret.expose()]),
    }
}

fn add_scope<'a>(parts: &mut Vec<&'a str>, scope: &'a Scope) {
    match &scope.0 {
        Target::Default => parts.push("default scope"),
        Target::Domain(domain) => add_domain(parts, Some(domain)),
        Target::ProjectId(id) => parts.extend(["project id", id]),
        Target::ProjectName { name, domain } => {
            parts.extend(["project name", name]);
            add_domain(parts, domain.as_ref());
        }
        Target::System => parts.push("system"),
        Target::Trust { id, project_id } => {
            parts.extend(["trust", id]);
            parts.extend(project_id.iter().flat_map(|id| ["in project", id]));
        }
        Target::Unscoped => parts.push("no scope"),
    }
}

fn add_domain<'a>(parts: &mut Vec<&'a str>, domain: Option<&'a DomainRef>) {
    match domain {
        Some(DomainRef::Id(id)) => parts.extend(["domain id", id]),
        Some(DomainRef::Name(name)) => parts.extend(["domain name", name]),
        None => parts.push("no domain"),
    }
}

/// The parts, each after its length in four bytes.
fn encoded(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    // Allocated once: a vector that grows leaves copies of the secrets behind.
    let length = parts.iter().map(|part| 4 + part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        out.extend(length.to_be_bytes());
        out.extend(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            credential::{Agency, Factor},
            federation::OidcClient,
            secret::SecretSource,
        },
        url::ApiVersion,
    };

    fn cloud() -> Cloud {
        Cloud::keystone("https://keystone.example/v3").unwrap()
    }

    fn federated(federation: Federation) -> Credential {
        Credential::federated(federation)
    }

    fn client() -> OidcClient {
        OidcClient::new("u", "https://login.example/token")
    }

    fn password(user: UserRef, password: &str) -> Credential {
        Credential::password(user, password)
    }

    fn name(credential: &Credential) -> Option<Name> {
        of(&cloud(), credential, &Scope::default(), Kind::Catalog)
    }

    /// Values that a careless encoding would take for each other.
    fn scopes() -> Vec<Scope> {
        let (id, name) = (DomainRef::id("d"), DomainRef::name("d"));
        vec![
            Scope::default(),
            Scope::unscoped(),
            Scope::system(),
            Scope::domain_id("p"),
            Scope::domain_name("p"),
            Scope::project_id("p"),
            Scope::project_id("pd"),
            Scope::project_name("p"),
            Scope::project_name("no domain"),
            Scope::project_name_in("p", id.clone()),
            Scope::project_name_in("p", name),
            Scope::project_name_in("pd", id),
            Scope::trust("p"),
            Scope::trust("pd"),
            Scope::trust_in("p", "d"),
        ]
    }

    fn credentials() -> Vec<Credential> {
        let domain = |name| DomainRef::name(name);
        let agency =
            |name, domain| password(UserRef::name("u"), "s").assume(Agency::new(name, domain));
        vec![
            password(UserRef::id("u"), "s"),
            password(UserRef::name("u"), "s"),
            password(UserRef::name("us"), ""),
            password(UserRef::name_in("u", domain("d")), "s"),
            password(UserRef::name_in("u", DomainRef::id("d")), "s"),
            password(UserRef::name("u"), "other"),
            Credential::password("u", SecretSource::new("s")),
            password(UserRef::name("u"), "s").and(Factor::totp("123456")),
            Credential::totp("u", "123456"),
            Credential::application_credential("u", "s"),
            Credential::application_credential_of("u", "u", "s"),
            Credential::application_credential_of("u", "s", "u"),
            Credential::token("s"),
            federated(Federation::access_token("i", "p", "s")),
            federated(Federation::id_token("i", "s")),
            federated(Federation::client_credentials("i", "p", client())),
            federated(Federation::client_credentials("i", "p", client().with_secret("s"))),
            federated(Federation::client_credentials("i", "p", client().with_secret("u"))),
            federated(Federation::client_credentials("i", "p", client().with_id_token())),
            federated(Federation::client_credentials("i", "p", client().with_scope("u"))),
            federated(Federation::password("i", "p", client(), "u", "s")),
            federated(Federation::password("i", "p", client(), "s", "u")),
            federated(Federation::password("i", "p", client(), "u", "s").with_code_field("f")),
            agency("a", domain("d")),
            agency("a", DomainRef::id("d")),
            agency("d", domain("a")),
        ]
    }

    #[test]
    fn each_value_has_a_name_of_its_own() {
        let clouds = [
            cloud(),
            cloud().with_api_version(ApiVersion::V2),
            Cloud::keystone("https://keystone.example").unwrap(),
            Cloud::keystone("https://keystone.example/v3/v3").unwrap(),
            Cloud::keystone("https://keystone.example:444/v3").unwrap(),
        ];
        let (credential, scope) = (&credentials()[0], &Scope::default());
        let names = clouds.iter().map(|cloud| of(cloud, credential, scope, Kind::Catalog));
        let names = names.chain(
            scopes().into_iter().map(|scope| of(&cloud(), credential, &scope, Kind::Catalog)),
        );
        let names = names.chain(credentials().into_iter().map(|other| name(&other)));
        let others = [Kind::Hidden, Kind::NoCatalog];
        let others = others.into_iter().map(|kind| of(&cloud(), credential, scope, kind));
        let mut names: Vec<_> = names.chain(others).map(Option::unwrap).collect();
        let all = names.len();
        names.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        names.dedup();
        // The first cloud, the first scope and the first credential are the same.
        assert_eq!(names.len(), all - 2);
    }

    #[test]
    fn a_code_is_no_part_of_a_name() {
        let with = |code| name(&password(UserRef::id("u"), "s").and(Factor::totp(code))).unwrap();
        assert_eq!(with("123456"), with("654321"));
        assert!(!with("123456").as_bytes().windows(6).any(|part| part == b"123456"));
    }

    #[test]
    fn a_first_code_at_a_provider_makes_no_difference() {
        let of = |credential| name(&credential).unwrap();
        let login = || Federation::password("i", "p", client(), "u", "s").with_code_field("f");
        let with_code = federated(login()).and(Factor::totp("123456"));
        assert_eq!(of(federated(login())), of(with_code));
    }

    #[test]
    fn what_cannot_be_shared_has_no_name() {
        for credential in [
            federated(Federation::access_token("i", "p", SecretSource::new("/run/token"))),
            Credential::existing_token("t"),
            Credential::http_basic("u", "s"),
            Credential::no_auth(),
        ] {
            assert_eq!(name(&credential), None, "{credential:?}");
        }
    }
}
