//! The accounts of the identity provider, and the users that Keystone's mapping makes of them.

use crate::{
    account,
    directory::{ALPHA, BETA, Codes, Domain, Target, User},
};

/// A person or a client, as the identity provider knows it.
pub(crate) struct Subject {
    /// The user name, or the client id.
    pub(crate) name: &'static str,
    /// `None` for a client, which has a secret instead.
    pub(crate) password: Option<&'static str>,
    /// Whether a login by password also needs a one-time code.
    pub(crate) needs_code: bool,
    pub(crate) mapping: Mapping,
}

/// What Keystone makes of the claims about a subject.
#[derive(Clone, Copy)]
pub(crate) enum Mapping {
    User(&'static User),
    /// No rule of the mapping matches.
    NoRule,
    /// The claims that Keystone reads are missing.
    NoClaims,
}

impl Subject {
    /// The user in Keystone, if the mapping has one.
    pub(crate) const fn user(&self) -> Option<&'static User> {
        match self.mapping {
            Mapping::User(user) => Some(user),
            Mapping::NoRule | Mapping::NoClaims => None,
        }
    }
}

pub(crate) static SUBJECTS: [Subject; 5] = [
    Subject {
        name: account::OIDC_CLIENT,
        password: None,
        needs_code: false,
        mapping: Mapping::User(&SERVICE),
    },
    Subject { mapping: Mapping::User(&FRED), ..person(account::OIDC_USER, account::OIDC_PASSWORD) },
    Subject {
        needs_code: true,
        mapping: Mapping::User(&OTTO),
        ..person(account::OIDC_CODE_USER, account::OIDC_CODE_PASSWORD)
    },
    person(account::OIDC_UNMAPPED_USER, "stranger-pw"),
    Subject { mapping: Mapping::NoClaims, ..person(account::OIDC_BARE_USER, "bare-pw") },
];

/// The group that the mapping puts every user into.
pub(crate) const GROUP: &str = "7a6b5c4d3e2f41009182736455463728";

/// The domain of the identity provider. Keystone makes it with the id as its name.
static PROVIDER: Domain = Domain {
    id: "c4a7d2e90b5f4f6c8d1e3a2b5c7f9e80",
    name: "c4a7d2e90b5f4f6c8d1e3a2b5c7f9e80",
    description: "Auto generated federated domain",
    enabled: true,
};

static SERVICE: User =
    user("5f1e0d9c8b7a69584736251403f2e1d0c9b8a7968574635241302f1e0d9c8b7a", account::OIDC_CLIENT);
static FRED: User =
    user("0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", account::OIDC_USER);
static OTTO: User = user(
    "f9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b5a493827160f5e4d3c2b1a0",
    account::OIDC_CODE_USER,
);

const fn person(name: &'static str, password: &'static str) -> Subject {
    Subject { name, password: Some(password), needs_code: false, mapping: Mapping::NoRule }
}

const MAPPED: &[(Target, &[&str])] =
    &[(Target::Project(&ALPHA), &["member", "reader"]), (Target::Project(&BETA), &["reader"])];

/// A user without a password, whose id is a hash.
const fn user(id: &'static str, name: &'static str) -> User {
    User {
        id,
        name,
        domain: &PROVIDER,
        password: "",
        enabled: true,
        codes: Codes::None,
        default_project: None,
        roles: MAPPED,
    }
}
