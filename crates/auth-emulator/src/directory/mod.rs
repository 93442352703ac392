//! The contents of the stock Keystone: domains, projects, users, their roles, and application
//! credentials.

mod federated;
mod numbered;
mod people;
pub(crate) mod session;

use crate::account;

pub(crate) use federated::{GROUP, Mapping, SUBJECTS, Subject};
pub(crate) use numbered::{numbered, numbered_by_id};
pub(crate) use people::{KEYS, USERS};

/// A domain.
#[derive(PartialEq, Eq)]
pub(crate) struct Domain {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) enabled: bool,
}

/// A project of a domain.
#[derive(PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) domain: &'static Domain,
    pub(crate) enabled: bool,
    /// The project whose roles also count here.
    pub(crate) roles_of: Option<&'static Self>,
}

/// A user. The password is required unless a one-time code may replace it.
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) domain: &'static Domain,
    pub(crate) password: &'static str,
    pub(crate) enabled: bool,
    pub(crate) codes: Codes,
    /// The scope of a login without a scope.
    pub(crate) default_project: Option<&'static Project>,
    /// The roles by scope, with the roles that they imply.
    pub(crate) roles: &'static [(Target, &'static [&'static str])],
}

/// The part of one-time codes in a user's login.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codes {
    None,
    /// In place of the password, or beside it.
    Allowed,
    /// Beside the password: the user's `multi_factor_auth_rules`.
    Required,
}

/// An application credential, for one project.
pub(crate) struct ApplicationCredential {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) user: &'static User,
    pub(crate) project: &'static Project,
    pub(crate) roles: &'static [&'static str],
    pub(crate) unrestricted: bool,
}

/// A scope in which a user can have roles, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Nothing,
    Project(&'static Project),
    Domain(&'static Domain),
    System,
}

impl Project {
    /// Whether a token can be for this project.
    pub(crate) const fn is_open(&self) -> bool {
        self.enabled && self.domain.enabled
    }
}

impl User {
    /// Whether the user can log in.
    pub(crate) const fn is_open(&self) -> bool {
        self.enabled && self.domain.enabled
    }

    /// The user's roles in this scope.
    pub(crate) fn roles_on(&self, target: Target) -> &'static [&'static str] {
        let target = match target {
            Target::Project(Project { roles_of: Some(other), .. }) => Target::Project(other),
            own => own,
        };
        self.roles.iter().find(|(own, _)| *own == target).map_or(&[], |(_, roles)| roles)
    }

    /// The scopes in which the user has roles.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.roles.iter().map(|(target, _)| *target)
    }
}

pub(crate) static DEFAULT: Domain = Domain {
    id: account::KEYSTONE_DOMAIN_ID,
    name: account::KEYSTONE_DOMAIN,
    description: "The default domain",
    enabled: true,
};
pub(crate) static CORP: Domain = Domain {
    id: account::KEYSTONE_OTHER_DOMAIN_ID,
    name: account::KEYSTONE_OTHER_DOMAIN,
    description: "",
    enabled: true,
};
pub(crate) static DEAD: Domain = Domain {
    id: "e3b0c44298fc4c149afbf4c8996fb924",
    name: "Dead",
    description: "",
    enabled: false,
};

pub(crate) static ALPHA: Project =
    project(account::KEYSTONE_PROJECT_ID, account::KEYSTONE_PROJECT, &DEFAULT);
pub(crate) static BETA: Project = project(account::KEYSTONE_BETA_ID, "beta", &DEFAULT);
pub(crate) static CORP_ALPHA: Project =
    project(account::KEYSTONE_OTHER_PROJECT_ID, account::KEYSTONE_PROJECT, &CORP);
pub(crate) static IN_DEAD: Project = project("b7d1a2c3e4f50617283940516273a4b5", "dead", &DEAD);
pub(crate) static DISABLED: Project =
    Project { enabled: false, ..project("26d0b1a2c3d4e5f60718293a4b5c6d7e", "disabled", &DEFAULT) };

pub(crate) static DOMAINS: [&Domain; 3] = [&CORP, &DEFAULT, &DEAD];
pub(crate) static PROJECTS: [&Project; 5] = [&ALPHA, &BETA, &CORP_ALPHA, &IN_DEAD, &DISABLED];

const fn project(id: &'static str, name: &'static str, domain: &'static Domain) -> Project {
    Project { id, name, domain, enabled: true, roles_of: None }
}
