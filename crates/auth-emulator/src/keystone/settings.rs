//! The settings of the emulator that do not concern tokens.

use std::collections::HashSet;

use crate::directory::{Project, Target, User, numbered};

/// See the methods of [`Emulator`](crate::Emulator).
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) access_key_deleted: bool,
    pub(crate) enabled_as_string: bool,
    pub(crate) gate: Gate,
    pub(crate) page_size: Option<usize>,
    /// The number of numbered projects.
    pub(crate) projects: usize,
    pub(crate) tenant_disabled: bool,
    /// The ids of the projects on which no user has a role.
    pub(crate) without_role: HashSet<String>,
}

/// What the gate in front of the stock Keystone takes, as its operator has configured it.
///
/// The gate is the module of the web server that asks the identity provider about a bearer. See
/// [`Emulator::gate`](crate::Emulator::gate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// An access token as the bearer. A request without a bearer is sent to the provider's login
    /// page.
    #[default]
    AccessToken,
    /// An ID token as the bearer, and no access token.
    IdToken,
    /// A browser only: every request is sent to the provider's login page, with and without a
    /// bearer.
    Browser,
}

impl Settings {
    /// The numbered projects.
    pub(crate) fn numbered(&self) -> &'static [Project] {
        numbered(self.projects)
    }

    /// Whether the user has a role in this scope that was not removed.
    pub(crate) fn has_role(&self, user: &User, target: Target) -> bool {
        let is_removed = match target {
            Target::Project(project) => self.without_role.contains(project.id),
            Target::Nothing | Target::Domain(_) | Target::System => false,
        };
        !is_removed && !user.roles_on(target).is_empty()
    }
}
