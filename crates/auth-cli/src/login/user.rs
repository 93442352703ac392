//! The flags for the user and the scope.

use auth_proto::{Agency, DomainRef, Scope};
use clap::{ArgGroup, Args};

/// The flags for the user and for the agency.
#[derive(Args, Debug)]
// If flag A requires flag B, clap drops the requirement when another flag excludes B. The conflicts
// of the domain flags are therefore declared from both sides.
#[command(
    group(ArgGroup::new("who")),
    group(ArgGroup::new("key").conflicts_with("totp")),
    group(ArgGroup::new("of_user").conflicts_with_all(["user_id", "application_credential_id"])),
)]
pub(crate) struct UserArgs {
    /// The user's name (nhn: the e-mail address or the IAM id)
    #[arg(long, value_name = "NAME", group = "who", help_heading = WHO)]
    pub(super) user: Option<String>,

    /// The user's id
    #[arg(long, value_name = "ID", group = "who", help_heading = WHO)]
    pub(super) user_id: Option<String>,

    /// The name of the user's domain (otc, huawei: the account's name)
    #[arg(long, value_name = "NAME", group = "of_user", requires = "user", help_heading = WHO)]
    pub(super) user_domain: Option<String>,

    /// The id of the user's domain
    #[arg(long, value_name = "ID", group = "of_user", requires = "user", help_heading = WHO)]
    pub(super) user_domain_id: Option<String>,

    /// The id of an application credential (kakao: of an access key), instead of a user
    #[arg(long, value_name = "ID", groups = ["who", "key"], help_heading = WHO)]
    pub(super) application_credential_id: Option<String>,

    /// The name of an application credential of the user
    #[arg(long, value_name = "NAME", group = "key", requires = "who", help_heading = WHO)]
    pub(super) application_credential_name: Option<String>,

    /// Send a one-time code with the password; the program asks for the code on the terminal
    #[arg(long, help_heading = WHO)]
    pub(super) totp: bool,

    /// Act for another account (huawei, otc), by the name of the agency there; the scope is one of
    /// that account
    #[arg(long, value_name = "NAME", requires = "of_agency", help_heading = WHO)]
    pub(super) agency: Option<String>,

    /// The name of that account's domain
    #[arg(long, value_name = "NAME", group = "of_agency", requires = "agency", help_heading = WHO)]
    pub(super) agency_domain: Option<String>,

    /// The id of that account's domain
    #[arg(long, value_name = "ID", group = "of_agency", requires = "agency", help_heading = WHO)]
    pub(super) agency_domain_id: Option<String>,
}

/// The flags for the scope.
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("scope").conflicts_with("key")),
    group(ArgGroup::new("of_project").conflicts_with_all([
        "project_id", "domain", "domain_id", "system", "trust", "unscoped", "key",
    ])),
)]
pub(crate) struct ScopeArgs {
    /// The id of a project (nhn: of a tenant)
    #[arg(
        long,
        value_name = "ID",
        visible_alias = "tenant-id",
        group = "scope",
        help_heading = SCOPE
    )]
    pub(super) project_id: Option<String>,

    /// The name of a project (otc, huawei: each region has a project of its name, such as eu-de)
    #[arg(long, value_name = "NAME", group = "scope", help_heading = SCOPE)]
    pub(super) project: Option<String>,

    /// The name of the project's domain
    #[arg(
        long,
        value_name = "NAME",
        group = "of_project",
        requires = "project",
        help_heading = SCOPE
    )]
    pub(super) project_domain: Option<String>,

    /// The id of the project's domain
    #[arg(
        long,
        value_name = "ID",
        group = "of_project",
        requires = "project",
        help_heading = SCOPE
    )]
    pub(super) project_domain_id: Option<String>,

    /// The name of a domain (otc, huawei: for global services)
    #[arg(long, value_name = "NAME", group = "scope", help_heading = SCOPE)]
    pub(super) domain: Option<String>,

    /// The id of a domain
    #[arg(long, value_name = "ID", group = "scope", help_heading = SCOPE)]
    pub(super) domain_id: Option<String>,

    /// The whole system, for operators
    #[arg(long, group = "scope", help_heading = SCOPE)]
    pub(super) system: bool,

    /// The id of a trust
    #[arg(long, value_name = "ID", group = "scope", help_heading = SCOPE)]
    pub(super) trust: Option<String>,

    /// No scope, even if the user has a default project
    #[arg(long, group = "scope", help_heading = SCOPE)]
    pub(super) unscoped: bool,
}

const WHO: &str = "User [default: the configured one]";
const SCOPE: &str = "Scope [default: the configured one, else the cloud's default]";

impl UserArgs {
    pub(super) fn names_user(&self) -> bool {
        self.user.is_some() || self.user_id.is_some() || self.names_application_credential()
    }

    pub(super) fn names_application_credential(&self) -> bool {
        self.application_credential_id.is_some() || self.application_credential_name.is_some()
    }

    pub(super) fn agency(&self) -> Option<Agency> {
        let domain = domain(&self.agency_domain, &self.agency_domain_id)?;
        Some(Agency::new(self.agency.as_ref()?, domain))
    }
}

impl ScopeArgs {
    pub(super) fn names_scope(&self) -> bool {
        self.scope(None).is_some()
    }

    /// The scope of the flags, if they name one. A project's name without a domain gets the
    /// configured domain.
    pub(super) fn scope(&self, configured: Option<DomainRef>) -> Option<Scope> {
        if let Some(id) = &self.project_id {
            return Some(Scope::project_id(id));
        }
        if let Some(name) = &self.project {
            let own = domain(&self.project_domain, &self.project_domain_id);
            return Some(match own.or(configured) {
                Some(domain) => Scope::project_name_in(name, domain),
                None => Scope::project_name(name),
            });
        }
        match (&self.domain, &self.domain_id, &self.trust) {
            (Some(name), _, _) => Some(Scope::domain_name(name)),
            (_, Some(id), _) => Some(Scope::domain_id(id)),
            (_, _, Some(id)) => Some(Scope::trust(id)),
            _ if self.system => Some(Scope::system()),
            _ if self.unscoped => Some(Scope::unscoped()),
            _ => None,
        }
    }
}

pub(super) fn domain(name: &Option<String>, id: &Option<String>) -> Option<DomainRef> {
    name.as_ref().map(DomainRef::name).or_else(|| id.as_ref().map(DomainRef::id))
}
