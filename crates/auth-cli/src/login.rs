//! Who logs in and what for: what the flags say, over what is configured.

use auth_config::CloudConfig;
use auth_proto::{Agency, ApiVersion, Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use clap::{ArgGroup, Args};
use secrecy::SecretString;

use crate::failure::Failure;

#[derive(Args, Debug)]
// Where one flag requires another, clap drops the requirement if that one is excluded already: what
// cannot stand with a domain has to be said the other way round, too.
#[command(
    group(ArgGroup::new("who")),
    group(ArgGroup::new("key").conflicts_with_all(["scope", "of_project", "totp"])),
    group(ArgGroup::new("of_user").conflicts_with_all(["user_id", "application_credential_id"])),
    group(ArgGroup::new("of_project").conflicts_with_all([
        "project_id", "domain", "domain_id", "system", "trust", "unscoped",
    ])),
)]
pub(crate) struct LoginArgs {
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
    #[arg(long, value_name = "NAME", group = "key", requires = "who", help_heading = WHO)]
    application_credential_name: Option<String>,

    /// Send a one-time code along with the password; it is asked for on the terminal
    #[arg(long, help_heading = WHO)]
    totp: bool,

    /// Act for another account, by the name of the agency that it has delegated (huawei, otc); the
    /// scope is one of that account
    #[arg(long, value_name = "NAME", requires = "of_agency", help_heading = WHO)]
    agency: Option<String>,

    /// The domain of the account that has delegated
    #[arg(long, value_name = "NAME", group = "of_agency", requires = "agency", help_heading = WHO)]
    agency_domain: Option<String>,

    /// The same by its id
    #[arg(long, value_name = "ID", group = "of_agency", requires = "agency", help_heading = WHO)]
    agency_domain_id: Option<String>,

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

const WHO: &str = "User (by default the configured one)";
const SCOPE: &str = "Scope (by default the configured one, or what the cloud gives)";

/// A login as it was said, once it is known which cloud it is for.
pub(crate) struct Said<'a> {
    pub(crate) flags: &'a LoginArgs,
    pub(crate) cloud: &'a Cloud,
    pub(crate) configured: Option<&'a CloudConfig>,
    /// Whether a token is given, to be used as it is.
    pub(crate) is_token: bool,
}

impl Said<'_> {
    /// Who logs in, with the secrets that this gives by their names in clouds.yaml.
    ///
    /// # Errors
    ///
    /// If nobody is named, or the configuration cannot be understood.
    pub(crate) fn credential(&self, secrets: &mut Secrets<'_>) -> Result<Credential, Failure> {
        if self.is_token {
            return Ok(Credential::existing_token(secrets("token", None)?));
        }
        let credential = match (self.flags.names_somebody(), self.configured) {
            (true, _) => self.of_flags(secrets)?,
            (false, Some(configured)) => of_configuration(configured.clone(), secrets)?,
            (false, None) => return Err(Failure::usage(NOBODY)),
        };
        let credential = match self.flags.totp {
            true => credential.and(Factor::totp(secrets("passcode", None)?)),
            false => credential,
        };
        Ok(match self.agency()? {
            Some(agency) => credential.assume(agency),
            None => credential,
        })
    }

    /// What the token shall be good for.
    pub(crate) fn scope(&self) -> Result<Scope, Failure> {
        // The configured domain is the user's, and an agency's projects are in another.
        let domain = if self.agency()?.is_some() { None } else { self.domain("project") };
        match (self.flags.scope(domain), self.configured) {
            (Some(scope), _) => Ok(scope),
            (None, Some(configured)) if !self.has_own_scope() => Ok(configured.scope()?),
            (None, _) => Ok(Scope::default()),
        }
    }

    /// The agency that the flags name, or else the configured one, whoever logs in: without it, the
    /// configured scope would be one of the user's own account, where projects have the same names. A
    /// key and a token cannot assume any.
    fn agency(&self) -> Result<Option<Agency>, Failure> {
        if let Some(agency) = self.flags.agency() {
            return Ok(Some(agency));
        }
        let fits = !self.is_token && !self.flags.names_a_key();
        let configured = self.configured.filter(|_| fits);
        Ok(configured.map(CloudConfig::agency).transpose()?.flatten())
    }

    /// Whether the configured scope is that of another: a key and a token have their own, and an
    /// agency of the flags is of another account.
    fn has_own_scope(&self) -> bool {
        self.is_token || self.flags.names_a_key() || self.flags.agency.is_some()
    }

    fn of_flags(&self, secrets: &mut Secrets<'_>) -> Result<Credential, Failure> {
        let flags = self.flags;
        if let Some(id) = &flags.application_credential_id {
            let known = self.secret_of(&[("application_credential_id", id)], KEY);
            return Ok(Credential::application_credential(id, secrets(KEY, known)?));
        }
        let (user, said) = match (&flags.user_id, &flags.user) {
            (Some(id), _) => (UserRef::id(id), ("user_id", id)),
            (None, Some(name)) => {
                let own = domain(&flags.user_domain, &flags.user_domain_id);
                let user = match own.or_else(|| self.domain("user")) {
                    Some(domain) => UserRef::name_in(name, domain),
                    None => UserRef::name(name),
                };
                (user, ("username", name))
            }
            (None, None) => return Err(Failure::usage(NOBODY)),
        };
        let mut said = vec![said];
        said.extend(flags.user_domain.iter().map(|name| ("user_domain_name", name)));
        said.extend(flags.user_domain_id.iter().map(|id| ("user_domain_id", id)));
        if let Some(name) = &flags.application_credential_name {
            said.push(("application_credential_name", name));
            let known = self.secret_of(&said, KEY);
            return Ok(Credential::application_credential_of(user, name, secrets(KEY, known)?));
        }
        Ok(Credential::password(user, secrets("password", self.secret_of(&said, "password"))?))
    }

    /// The configured secret, if it is that of the user whom the flags name: nobody else is sent it.
    fn secret_of(&self, said: &[(&str, &String)], key: &str) -> Option<SecretString> {
        let configured = self.configured?;
        let same = |(key, value): &(&str, &String)| {
            configured.get(&format!("auth.{key}")) == Some(value.as_str())
        };
        said.iter().all(same).then(|| configured.secret(key).cloned()).flatten()
    }

    /// The configured domain of a user or a project. v2.0 knows none.
    fn domain(&self, of: &str) -> Option<DomainRef> {
        let configured =
            self.configured.filter(|_| self.cloud.api_version() != Some(ApiVersion::V2))?;
        let text = |key: &str| configured.get(&format!("auth.{key}"));
        let id = |of: &str| text(&format!("{of}_domain_id")).map(DomainRef::id);
        let name = |of: &str| text(&format!("{of}_domain_name")).map(DomainRef::name);
        [of, "default"].into_iter().find_map(|of| id(of).or_else(|| name(of)))
    }
}

/// Gives the secret that goes by this name in clouds.yaml; or the one that is configured.
pub(crate) type Secrets<'a> =
    dyn FnMut(&'static str, Option<SecretString>) -> Result<SecretString, Failure> + 'a;

/// The configured user. What is missing of the secrets is asked for, and a flag goes first.
fn of_configuration(
    mut configured: CloudConfig,
    secrets: &mut Secrets<'_>,
) -> Result<Credential, Failure> {
    let main = main_secret(&configured);
    let known = configured.secret(main).cloned();
    if known.is_some() {
        let secret = secrets(main, known)?;
        configured = configured.with_secret(main, secret);
    }
    for _ in 0..SECRETS {
        match configured.credential() {
            Err(auth_config::Error::Missing { key, .. }) if ASKED.contains(&key) => {
                configured = configured.with_secret(key, secrets(key, None)?);
            }
            done => return Ok(done?),
        }
    }
    Ok(configured.credential()?)
}

fn main_secret(configured: &CloudConfig) -> &'static str {
    match configured.get("auth_type") {
        Some("v3applicationcredential") => KEY,
        _ => "password",
    }
}

impl LoginArgs {
    pub(crate) fn names_scope(&self) -> bool {
        self.scope(None).is_some()
    }

    fn names_somebody(&self) -> bool {
        self.user.is_some() || self.user_id.is_some() || self.names_a_key()
    }

    fn names_a_key(&self) -> bool {
        self.application_credential_id.is_some() || self.application_credential_name.is_some()
    }

    fn agency(&self) -> Option<Agency> {
        let domain = domain(&self.agency_domain, &self.agency_domain_id)?;
        Some(Agency::new(self.agency.as_ref()?, domain))
    }

    /// The scope that is asked for, if one is.
    fn scope(&self, configured: Option<DomainRef>) -> Option<Scope> {
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

fn domain(name: &Option<String>, id: &Option<String>) -> Option<DomainRef> {
    name.as_ref().map(DomainRef::name).or_else(|| id.as_ref().map(DomainRef::id))
}

const KEY: &str = "application_credential_secret";
/// What a person can be asked for.
const ASKED: [&str; 3] = [KEY, "passcode", "password"];
/// How many of them a login can want.
const SECRETS: usize = 2;

const NOBODY: &str = "nobody is named to log in: add --user, --user-id or \
                      --application-credential-id, or configure the cloud in clouds.yaml";
