//! What an entry is for, in words.

use std::fmt::{self, Write};

use crate::{
    model::{
        credential::{Agency, Credential, Key, Method, UserRef},
        federation::{Federation, Grant},
        scope::{DomainRef, Scope, Target},
    },
    text,
};

/// What an [`Entry`](crate::Entry) is for: the identity service, the user and the scope, for a program
/// that lists the entries of a store.
///
/// The texts are fit for display: each is one line of at most
/// [`limits::ERROR_TEXT`](crate::limits::ERROR_TEXT) characters, with escapes for what would control
/// a terminal. They contain no secret. Entries with the same label may be different: of another
/// password or with another catalog, for example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub(crate) identity_service: String,
    pub(crate) user: String,
    pub(crate) scope: String,
}

impl Label {
    /// The label of this scope's entries. With an agency, the entry's token is that of the agency.
    pub(crate) fn new(
        identity_url: &str,
        credential: &Credential,
        agency: Option<&Agency>,
        scope: &Scope,
    ) -> Self {
        let mut user = user_of(credential);
        if let Some(Agency { name, domain }) = agency {
            let _ = write!(user, " as agency {name} in {}", Domain(domain));
        }
        Self {
            identity_service: text::shown(identity_url),
            user: text::shown(&user),
            scope: text::shown(&scope_text(scope)),
        }
    }

    /// The URL of the identity service, without the version of its API.
    pub fn identity_service(&self) -> &str {
        &self.identity_service
    }

    /// The user by name or id, such as `alice in domain Default`; `application credential` and its id
    /// or name; or the client or user of an identity provider, such as `robot by corp`. Empty for a
    /// token, whose user is not known.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The scope, such as `project demo in domain Default`, or `default`.
    pub fn scope(&self) -> &str {
        &self.scope
    }
}

fn user_of(credential: &Credential) -> String {
    let user = credential.user.as_ref().map(|user| match user {
        UserRef::Id(id) => id.clone(),
        UserRef::Name { name, domain } => in_domain(name, domain.as_ref()),
    });
    match (credential.methods.first(), user) {
        (Some(Method::ApplicationCredential { key, .. }), user) => {
            let (Key::Id(key) | Key::Name(key)) = key;
            let of = user.map(|user| format!(" of {user}")).unwrap_or_default();
            format!("application credential {key}{of}")
        }
        (Some(Method::Federated(federation)), _) => federated(federation),
        (_, user) => user.unwrap_or_default(),
    }
}

fn federated(federation: &Federation) -> String {
    let name = match &federation.grant {
        Grant::Bearer(_) => "",
        Grant::ClientCredentials(client) => &client.id,
        Grant::Password { username, .. } => username,
    };
    format!("{name} by {}", federation.identity_provider)
}

/// Unlike in an error, two projects of one name differ by their domains.
fn scope_text(scope: &Scope) -> String {
    match &scope.0 {
        Target::Default => "default".to_owned(),
        Target::System => "system".to_owned(),
        Target::Unscoped => "unscoped".to_owned(),
        Target::Domain(domain) => Domain(domain).to_string(),
        Target::ProjectName { name, domain } => {
            format!("project {}", in_domain(name, domain.as_ref()))
        }
        Target::Trust { id, project_id: Some(project) } => {
            format!("trust {id} in project {project}")
        }
        Target::ProjectId(id) => format!("project {id}"),
        Target::Trust { id, project_id: None } => format!("trust {id}"),
    }
}

fn in_domain(name: &str, domain: Option<&DomainRef>) -> String {
    match domain {
        Some(domain) => format!("{name} in {}", Domain(domain)),
        None => name.to_owned(),
    }
}

struct Domain<'a>(&'a DomainRef);

impl fmt::Display for Domain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (DomainRef::Id(domain) | DomainRef::Name(domain)) = self.0;
        write!(f, "domain {domain}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits,
        model::{credential::Factor, federation::OidcClient, secret::SecretSource},
    };

    const SECRET: &str = "c4nary";

    fn label(credential: &Credential, scope: &Scope) -> Label {
        let agency = credential.agency.as_ref();
        Label::new("https://keystone.example", credential, agency, scope)
    }

    fn user(name: &str) -> UserRef {
        UserRef::name_in(name, DomainRef::name("Default"))
    }

    #[test]
    fn a_label_names_the_user_of_each_credential() {
        let client = || OidcClient::new("robot", "https://login.example/t").with_secret(SECRET);
        let federated = Credential::federated;
        let source = SecretSource::new("/run/secrets/password");
        for (credential, shown) in [
            (Credential::password("u@example.com", SECRET), "u@example.com"),
            (Credential::password(user("u"), SECRET), "u in domain Default"),
            (Credential::password(UserRef::id("5f0"), source), "5f0"),
            (Credential::password("u", SECRET).and(Factor::totp(SECRET)), "u"),
            (Credential::totp("u", SECRET), "u"),
            (Credential::application_credential("a1", SECRET), "application credential a1"),
            (
                Credential::application_credential_of(user("u"), "ci", SECRET),
                "application credential ci of u in domain Default",
            ),
            (Credential::token(SECRET), ""),
            (Credential::existing_token(SECRET), ""),
            (Credential::http_basic("u", SECRET), "u"),
            (Credential::no_auth(), ""),
            (federated(Federation::client_credentials("corp", "p", client())), "robot by corp"),
            (federated(Federation::password("corp", "p", client(), "u", SECRET)), "u by corp"),
            (federated(Federation::access_token("corp", "p", SECRET)), "by corp"),
            (federated(Federation::id_token("corp", SECRET)), "by corp"),
            (
                Credential::password(user("u"), SECRET)
                    .assume(Agency::new("ops", DomainRef::id("d1"))),
                "u in domain Default as agency ops in domain d1",
            ),
        ] {
            let label = label(&credential, &Scope::default());
            assert_eq!(label.user(), shown, "{credential:?}");
            assert_eq!(label.identity_service(), "https://keystone.example");
            assert!(!format!("{label:?}").contains(SECRET), "{label:?}");
        }
    }

    #[test]
    fn a_label_names_each_scope() {
        let domain = || DomainRef::name("Default");
        for (scope, shown) in [
            (Scope::default(), "default"),
            (Scope::unscoped(), "unscoped"),
            (Scope::system(), "system"),
            (Scope::domain_id("d1"), "domain d1"),
            (Scope::domain_name("corp"), "domain corp"),
            (Scope::project_id("p1"), "project p1"),
            (Scope::project_name("demo"), "project demo"),
            (Scope::project_name_in("demo", domain()), "project demo in domain Default"),
            (Scope::trust("t1"), "trust t1"),
            (Scope::trust_in("t1", "p1"), "trust t1 in project p1"),
        ] {
            let credential = Credential::password("u", SECRET);
            assert_eq!(label(&credential, &scope).scope(), shown);
        }
    }

    #[test]
    fn a_label_is_short_and_clean() {
        let odd = "\u{1b}[31m\n\u{202e}".repeat(limits::ERROR_TEXT);
        let credential = Credential::password(odd.as_str(), SECRET);
        let label = Label::new(&odd, &credential, None, &Scope::project_name(odd.as_str()));
        for text in [label.identity_service(), label.user(), label.scope()] {
            assert!(!text.chars().any(text::is_unprintable), "{text}");
            assert!(text.len() <= limits::SHOWN_BYTES, "{text}");
        }
    }
}
