//! Flags that name a cloud, a user and a scope, and what they mean to the core.

use auth_proto::{Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use clap::{ArgGroup, Args, ValueEnum};
use secrecy::SecretString;

use crate::failure::Failure;

#[derive(Args, Debug)]
// Where one flag requires another, clap drops the requirement if that one is excluded already: what
// cannot stand with a domain has to be said the other way round, too.
#[command(
    group(ArgGroup::new("who").required(true)),
    group(ArgGroup::new("key").conflicts_with_all(["scope", "of_project", "totp"])),
    group(ArgGroup::new("of_user").conflicts_with_all(["user_id", "application_credential_id"])),
    group(ArgGroup::new("of_project").conflicts_with_all([
        "project_id", "domain", "domain_id", "system", "trust", "unscoped",
    ])),
)]
pub(crate) struct LoginArgs {
    /// The cloud to log in to
    #[arg(long, value_enum, help_heading = CLOUD)]
    cloud: CloudName,

    /// Where its identity service is, if not at the documented place
    #[arg(
        long,
        value_name = "URL",
        required_if_eq("cloud", "keystone"),
        conflicts_with = "identity_region",
        help_heading = CLOUD
    )]
    identity_url: Option<String>,

    /// Log in at the identity service of this region (otc: eu-de by default; huawei: the global
    /// one by default)
    #[arg(long, value_name = "REGION", help_heading = CLOUD)]
    identity_region: Option<String>,

    /// The user's name (NHN Cloud: the e-mail address or the IAM id)
    #[arg(long, value_name = "NAME", group = "who", help_heading = WHO)]
    user: Option<String>,

    /// The user's id
    #[arg(long, value_name = "ID", group = "who", help_heading = WHO)]
    user_id: Option<String>,

    /// The domain that the user belongs to (otc, huawei: the account's name)
    #[arg(long, value_name = "NAME", group = "of_user", requires = "user", help_heading = WHO)]
    user_domain: Option<String>,

    /// The same by its id
    #[arg(long, value_name = "ID", group = "of_user", requires = "user", help_heading = WHO)]
    user_domain_id: Option<String>,

    /// An application credential (KakaoCloud: an access key) by its id, instead of a user
    #[arg(long, value_name = "ID", groups = ["who", "key"], help_heading = WHO)]
    application_credential_id: Option<String>,

    /// An application credential of the user by its name
    #[arg(long, value_name = "NAME", group = "key", help_heading = WHO)]
    application_credential_name: Option<String>,

    /// Send a one-time code along with the password; it is asked for on the terminal
    #[arg(long, help_heading = WHO)]
    totp: bool,

    /// A project by its id (NHN Cloud: the tenant's id)
    #[arg(
        long,
        value_name = "ID",
        visible_alias = "tenant-id",
        group = "scope",
        help_heading = SCOPE
    )]
    project_id: Option<String>,

    /// A project by its name (otc, huawei: a region such as eu-de is one)
    #[arg(long, value_name = "NAME", group = "scope", help_heading = SCOPE)]
    project: Option<String>,

    /// The domain that the project belongs to
    #[arg(
        long,
        value_name = "NAME",
        group = "of_project",
        requires = "project",
        help_heading = SCOPE
    )]
    project_domain: Option<String>,

    /// The same by its id
    #[arg(
        long,
        value_name = "ID",
        group = "of_project",
        requires = "project",
        help_heading = SCOPE
    )]
    project_domain_id: Option<String>,

    /// A domain by its name (otc, huawei: what global services want)
    #[arg(long, value_name = "NAME", group = "scope", help_heading = SCOPE)]
    domain: Option<String>,

    /// A domain by its id
    #[arg(long, value_name = "ID", group = "scope", help_heading = SCOPE)]
    domain_id: Option<String>,

    /// The whole deployment
    #[arg(long, group = "scope", help_heading = SCOPE)]
    system: bool,

    /// What the trust with this id delegates
    #[arg(long, value_name = "ID", group = "scope", help_heading = SCOPE)]
    trust: Option<String>,

    /// Nothing, even if the user has a default project
    #[arg(long, group = "scope", help_heading = SCOPE)]
    unscoped: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CloudName {
    /// Huawei Cloud
    Huawei,
    /// KakaoCloud
    Kakao,
    /// Any other, at --identity-url
    Keystone,
    /// NHN Cloud
    Nhn,
    /// Open Telekom Cloud
    Otc,
}

const CLOUD: &str = "Cloud";
const WHO: &str = "User";
const SCOPE: &str = "Scope (by default what the cloud gives)";

impl LoginArgs {
    pub(crate) fn cloud(&self) -> Result<Cloud, Failure> {
        let region = self.identity_region.as_deref();
        let cloud = match (self.cloud, region) {
            (CloudName::Huawei, None) => Cloud::huawei(),
            (CloudName::Huawei, Some(region)) => Cloud::huawei_in(region)?,
            (CloudName::Otc, region) => Cloud::otc(region.unwrap_or("eu-de"))?,
            (_, Some(_)) => {
                return Err(Failure::usage(
                    "--identity-region: this cloud has one identity service for all regions",
                ));
            }
            (CloudName::Kakao, None) => Cloud::kakao(),
            (CloudName::Keystone, None) => {
                let url = self.identity_url.as_deref().unwrap_or_default();
                return Ok(Cloud::keystone(url)?);
            }
            (CloudName::Nhn, None) => Cloud::nhn(),
        };
        match &self.identity_url {
            Some(url) => Ok(cloud.at(url)?),
            None => Ok(cloud),
        }
    }

    /// What the secret is, for the user who is asked for it.
    pub(crate) fn secret_name(&self) -> &'static str {
        match (&self.application_credential_id, &self.application_credential_name) {
            (None, None) => "Password",
            _ => "Secret of the application credential",
        }
    }

    pub(crate) fn wants_code(&self) -> bool {
        self.totp
    }

    pub(crate) fn credential(
        &self,
        secret: SecretString,
        code: Option<SecretString>,
    ) -> Credential {
        if let Some(id) = &self.application_credential_id {
            return Credential::application_credential(id, secret);
        }
        let user = match (&self.user_id, &self.user) {
            (Some(id), _) => UserRef::id(id),
            (None, name) => {
                let name = name.as_deref().unwrap_or_default();
                match domain(&self.user_domain, &self.user_domain_id) {
                    Some(domain) => UserRef::name_in(name, domain),
                    None => UserRef::name(name),
                }
            }
        };
        if let Some(name) = &self.application_credential_name {
            return Credential::application_credential_of(user, name, secret);
        }
        let credential = Credential::password(user, secret);
        match code {
            Some(code) => credential.and(Factor::totp(code)),
            None => credential,
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        if let Some(id) = &self.project_id {
            return Scope::project_id(id);
        }
        if let Some(name) = &self.project {
            return match domain(&self.project_domain, &self.project_domain_id) {
                Some(domain) => Scope::project_name_in(name, domain),
                None => Scope::project_name(name),
            };
        }
        match (&self.domain, &self.domain_id, &self.trust) {
            (Some(name), _, _) => Scope::domain_name(name),
            (_, Some(id), _) => Scope::domain_id(id),
            (_, _, Some(id)) => Scope::trust(id),
            _ if self.system => Scope::system(),
            _ if self.unscoped => Scope::unscoped(),
            _ => Scope::default(),
        }
    }
}

fn domain(name: &Option<String>, id: &Option<String>) -> Option<DomainRef> {
    name.as_ref().map(DomainRef::name).or_else(|| id.as_ref().map(DomainRef::id))
}
