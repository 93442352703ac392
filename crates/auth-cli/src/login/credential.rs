//! The credential and the scope of a login: flags first, then the configuration.

use auth_config::CloudConfig;
use auth_proto::{Agency, ApiVersion, Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use secrecy::SecretString;

use super::user::{ScopeArgs, UserArgs, domain};
use crate::output::Failure;

/// The sources of a login: the flags, the chosen cloud, and its configuration.
pub(super) struct Sources<'a> {
    pub(super) flags: &'a UserArgs,
    pub(super) cloud: &'a Cloud,
    pub(super) configured: Option<&'a CloudConfig>,
    /// Whether the flags name an existing token, to be used in place of a login.
    pub(super) is_token: bool,
}

/// Returns the secret for a key of clouds.yaml. The second argument is the configured secret, if
/// any.
pub(super) type Secrets<'a> =
    dyn FnMut(&'static str, Option<SecretString>) -> Result<SecretString, Failure> + 'a;

impl Sources<'_> {
    /// The credential. `secrets` supplies each secret by its key in clouds.yaml.
    ///
    /// # Errors
    ///
    /// If no user is named, or the configuration is invalid.
    pub(super) fn credential(&self, secrets: &mut Secrets<'_>) -> Result<Credential, Failure> {
        if self.is_token {
            return Ok(Credential::existing_token(secrets("token", None)?));
        }
        let credential = match (self.flags.names_user(), self.configured) {
            (true, _) => self.of_flags(secrets)?,
            (false, Some(configured)) => of_configuration(configured.clone(), secrets)?,
            (false, None) => return Err(Failure::usage(NO_USER)),
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

    /// The scope to request.
    pub(super) fn scope(&self, flags: &ScopeArgs) -> Result<Scope, Failure> {
        // The configured domain is the user's; the projects of an agency are in another one.
        let domain = if self.agency()?.is_some() { None } else { self.domain("project") };
        match (flags.scope(domain), self.configured) {
            (Some(scope), _) => Ok(scope),
            (None, Some(configured)) if !self.has_own_scope() => Ok(configured.scope()?),
            (None, _) => Ok(Scope::default()),
        }
    }

    /// The agency of the flags, or else the configured one, even if a flag names another user:
    /// projects of both accounts may have the same name, and the configured scope is the agency's.
    /// An application credential and a token cannot assume an agency.
    fn agency(&self) -> Result<Option<Agency>, Failure> {
        if let Some(agency) = self.flags.agency() {
            return Ok(Some(agency));
        }
        let fits = !self.is_token && !self.flags.names_application_credential();
        let configured = self.configured.filter(|_| fits);
        Ok(configured.map(CloudConfig::agency).transpose()?.flatten())
    }

    /// Whether the configured scope does not apply: an application credential and a token fix their
    /// own, and an agency named by a flag is of another account.
    fn has_own_scope(&self) -> bool {
        self.is_token || self.flags.names_application_credential() || self.flags.agency.is_some()
    }

    fn of_flags(&self, secrets: &mut Secrets<'_>) -> Result<Credential, Failure> {
        let flags = self.flags;
        if let Some(id) = &flags.application_credential_id {
            let configured = self.secret_if_same(&[("application_credential_id", id)], KEY);
            return Ok(Credential::application_credential(id, secrets(KEY, configured)?));
        }
        let (user, named) = match (&flags.user_id, &flags.user) {
            (Some(id), _) => (UserRef::id(id), ("user_id", id)),
            (None, Some(name)) => {
                let own = domain(&flags.user_domain, &flags.user_domain_id);
                let user = match own.or_else(|| self.domain("user")) {
                    Some(domain) => UserRef::name_in(name, domain),
                    None => UserRef::name(name),
                };
                (user, ("username", name))
            }
            (None, None) => return Err(Failure::usage(NO_USER)),
        };
        // The user as clouds.yaml would describe it: the configured secret is sent only for the
        // same user.
        let mut named = vec![named];
        named.extend(flags.user_domain.iter().map(|name| ("user_domain_name", name)));
        named.extend(flags.user_domain_id.iter().map(|id| ("user_domain_id", id)));
        if let Some(name) = &flags.application_credential_name {
            named.push(("application_credential_name", name));
            let configured = self.secret_if_same(&named, KEY);
            let secret = secrets(KEY, configured)?;
            return Ok(Credential::application_credential_of(user, name, secret));
        }
        let configured = self.secret_if_same(&named, "password");
        Ok(Credential::password(user, secrets("password", configured)?))
    }

    /// The configured secret, if every key that the flags name has the same value in clouds.yaml. A
    /// secret is never sent for another user.
    fn secret_if_same(&self, named: &[(&str, &String)], key: &str) -> Option<SecretString> {
        let configured = self.configured?;
        for (key, value) in named {
            if configured.get(&format!("auth.{key}")) != Some(value.as_str()) {
                return None;
            }
        }
        configured.secret(key).cloned()
    }

    /// The configured domain of a user or a project. v2.0 has no domains.
    fn domain(&self, of: &str) -> Option<DomainRef> {
        let configured =
            self.configured.filter(|_| self.cloud.api_version() != Some(ApiVersion::V2))?;
        let text = |key: &str| configured.get(&format!("auth.{key}"));
        let id = |of: &str| text(&format!("{of}_domain_id")).map(DomainRef::id);
        let name = |of: &str| text(&format!("{of}_domain_name")).map(DomainRef::name);
        [of, "default"].into_iter().find_map(|of| id(of).or_else(|| name(of)))
    }
}

/// The configured credential. A secret of the flags replaces the configured one; a missing secret
/// is asked for.
fn of_configuration(
    mut configured: CloudConfig,
    secrets: &mut Secrets<'_>,
) -> Result<Credential, Failure> {
    let main = match configured.get("auth_type") {
        Some("v3applicationcredential") => KEY,
        _ => "password",
    };
    if let Some(known) = configured.secret(main).cloned() {
        configured = configured.with_secret(main, secrets(main, Some(known))?);
    }
    // Each round supplies one missing secret. A login takes two at most: a password and a code.
    for _ in 0..2 {
        match configured.credential() {
            Err(auth_config::Error::Missing { key, .. }) if ASKED.contains(&key) => {
                configured = configured.with_secret(key, secrets(key, None)?);
            }
            result => return Ok(result?),
        }
    }
    Ok(configured.credential()?)
}

const KEY: &str = "application_credential_secret";
/// The keys of clouds.yaml that the user can be asked for.
const ASKED: [&str; 3] = [KEY, "passcode", "password"];

const NO_USER: &str = "no user is named; add --user, --user-id or --application-credential-id, or \
                       configure the cloud in clouds.yaml";
