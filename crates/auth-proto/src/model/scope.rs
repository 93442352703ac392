//! The scope of a token.

use std::fmt;

pub(crate) use crate::error::ScopeKind;

/// A domain, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DomainRef {
    /// By id. Keystone's first domain has the id `default`.
    Id(String),
    /// By name. At Huawei Cloud and Open Telekom Cloud this is the name of the account.
    Name(String),
}

impl DomainRef {
    /// The domain with this id.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// The domain with this name.
    pub fn name(name: impl Into<String>) -> Self {
        Self::Name(name.into())
    }
}

/// The scope of a token: a project, a domain, the system or a trust. Each scope needs a separate
/// token.
///
/// ```
/// use auth_proto::{DomainRef, Scope};
///
/// let tenant = Scope::project_id("f5073eaa26b64cffbee89411df94ce01");
/// let stock = Scope::project_name_in("demo", DomainRef::name("Default"));
/// let huawei = Scope::project_name("cn-north-1"); // a region is a project there
/// let global = Scope::domain_name("IAMDomain");
/// ```
///
/// `Scope::default()` lets the server choose: the project of an application credential, the user's
/// default project, or an unscoped token.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub(crate) Target);

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    #[default]
    Default,
    Domain(DomainRef),
    ProjectId(String),
    ProjectName {
        name: String,
        domain: Option<DomainRef>,
    },
    System,
    Trust {
        id: String,
        project_id: Option<String>,
    },
    Unscoped,
}

impl Scope {
    /// The domain with this id. Global services of Huawei Cloud and Open Telekom Cloud need domain
    /// scope.
    pub fn domain_id(id: impl Into<String>) -> Self {
        Self(Target::Domain(DomainRef::id(id)))
    }

    /// The domain with this name.
    pub fn domain_name(name: impl Into<String>) -> Self {
        Self(Target::Domain(DomainRef::name(name)))
    }

    /// The project (in v2.0, the tenant) with this id.
    pub fn project_id(id: impl Into<String>) -> Self {
        Self(Target::ProjectId(id.into()))
    }

    /// The project (in v2.0, the tenant) with this name, where the name needs no domain: in v2.0,
    /// and at Huawei Cloud and Open Telekom Cloud, where each region is a project of the same name.
    pub fn project_name(name: impl Into<String>) -> Self {
        Self(Target::ProjectName { name: name.into(), domain: None })
    }

    /// The project with this name in this domain.
    pub fn project_name_in(name: impl Into<String>, domain: DomainRef) -> Self {
        Self(Target::ProjectName { name: name.into(), domain: Some(domain) })
    }

    /// The whole deployment, for administrators.
    pub fn system() -> Self {
        Self(Target::System)
    }

    /// The trust with this id, by which another user has delegated roles. v2.0 needs the trust's
    /// project as well: [`trust_in`](Self::trust_in).
    pub fn trust(id: impl Into<String>) -> Self {
        Self(Target::Trust { id: id.into(), project_id: None })
    }

    /// The trust with this id, for the project (in v2.0, the tenant) with this id.
    pub fn trust_in(id: impl Into<String>, project_id: impl Into<String>) -> Self {
        Self(Target::Trust { id: id.into(), project_id: Some(project_id.into()) })
    }

    /// No scope, even if the user has a default project: for a token that lists projects or is
    /// exchanged for a scoped one.
    pub fn unscoped() -> Self {
        Self(Target::Unscoped)
    }

    pub(crate) fn kind(&self) -> ScopeKind {
        match &self.0 {
            Target::Default => ScopeKind::Default,
            Target::Domain(_) => ScopeKind::Domain,
            Target::ProjectId(_) => ScopeKind::ProjectId,
            Target::ProjectName { .. } => ScopeKind::ProjectName,
            Target::System => ScopeKind::System,
            Target::Trust { .. } => ScopeKind::Trust,
            Target::Unscoped => ScopeKind::Unscoped,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = crate::text::shown;
        match &self.0 {
            Target::Default | Target::System | Target::Unscoped => {
                write!(f, "{}", self.kind())
            }
            Target::Domain(DomainRef::Id(id) | DomainRef::Name(id)) => {
                write!(f, "domain {}", shown(id))
            }
            Target::ProjectId(id) => write!(f, "project {}", shown(id)),
            Target::ProjectName { name, .. } => write!(f, "project {}", shown(name)),
            Target::Trust { id, .. } => write!(f, "trust {}", shown(id)),
        }
    }
}
