//! The cloud, credential and scope of the login core for a configured cloud.

use auth_proto::{ApiVersion, Cloud, Credential, DomainRef, Factor, Scope, Secret, UserRef};
use secrecy::SecretString;

use crate::{
    cloud::{CloudConfig, overrides},
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    rules::{
        scope::{SCOPES, is_agency, is_standalone},
        vendor,
    },
    value::{Node, keys},
};

impl CloudConfig {
    /// The identity service, with the rules of its vendor, or the services that need none
    /// (`admin_token`, `http_basic` and `none`, with an `endpoint` or with URLs of their own).
    ///
    /// The vendor is that of the built-in profile, else the one that documents this URL, else none
    /// (stock Keystone). Includes the configured API version (`identity_api_version`) and URLs of
    /// services (`compute_endpoint_override`).
    ///
    /// # Errors
    ///
    /// [`Error::AuthType`] for an unsupported kind of login; [`Error::Missing`] without an `auth_url`
    /// or `endpoint`; [`Error::InvalidValue`] for an API version other than 2 and 3;
    /// [`Error::Proto`] for an invalid URL or one without https (the key `allow_plain_http` allows
    /// plain http); [`Error::Override`] for an invalid URL of a service.
    pub fn cloud(&self) -> Result<Cloud, Error> {
        self.auth_type()?;
        if is_standalone(&self.map, self.auth()) {
            return self.standalone_cloud();
        }
        let url = self.required("auth_url", "set it, or name a profile that does")?;
        let cloud =
            vendor::cloud_at(self.profile.as_deref(), self.region(), url.trim(), self.plain_http)
                .map_err(|error| Error::Proto { cloud: self.name.clone(), error })?;
        let cloud = match self.identity_version(&cloud)? {
            Some(version) => cloud.with_api_version(version),
            None => cloud,
        };
        overrides::apply(cloud, &self.map)
    }

    /// Services without an identity service: at `endpoint`, or only at their own URLs.
    fn standalone_cloud(&self) -> Result<Cloud, Error> {
        let cloud = match self.text("endpoint") {
            Some(url) => Cloud::standalone(url.trim())
                .map_err(|error| Error::Proto { cloud: self.name.clone(), error })?,
            None if overrides::is_any(&self.map) => Cloud::standalone_overrides(),
            None => return Err(self.missing("endpoint", "set it to the URL of the services")),
        };
        let cloud = if self.plain_http { cloud.allow_plain_http() } else { cloud };
        overrides::apply(cloud, &self.map)
    }

    /// The user's credential.
    ///
    /// # Errors
    ///
    /// [`Error::AuthType`] for an unsupported kind of login; [`Error::Missing`] if the credential
    /// needs a value that is not configured.
    pub fn credential(&self) -> Result<Credential, Error> {
        let credential = self.own_credential()?;
        Ok(match self.agency()? {
            Some(agency) => credential.assume(agency),
            None => credential,
        })
    }

    /// The credential without an agency.
    fn own_credential(&self) -> Result<Credential, Error> {
        match self.auth_type()? {
            AuthType::AccessToken => self.access_token(),
            AuthType::ApplicationCredential => self.application_credential(),
            AuthType::ClientCredentials => self.client_credentials(),
            AuthType::ExistingToken => {
                Ok(Credential::existing_token(self.given_secret("token", "set OS_TOKEN")?))
            }
            AuthType::HttpBasic => {
                let user = self.required("username", "set it")?;
                Ok(Credential::http_basic(user, self.given_secret("password", PASSWORD)?))
            }
            AuthType::IdToken => self.id_token(),
            AuthType::MultiFactor => self.multi_factor(),
            AuthType::NoAuth => Ok(Credential::no_auth()),
            AuthType::OAuth2 => {
                let id = self.required("oauth2_client_id", "set it")?;
                let key = "oauth2_client_secret";
                let secret = self.given_secret(key, "set it in secure.yaml")?;
                Ok(Credential::application_credential(id, secret))
            }
            AuthType::Password => Ok(Credential::password(self.user()?, self.password()?)),
            AuthType::ProviderPassword => self.provider_password(),
            AuthType::Token => Ok(Credential::token(self.given_secret("token", "set OS_TOKEN")?)),
            AuthType::Totp => Ok(Credential::totp(self.user()?, self.passcode()?)),
        }
    }

    /// The scope of the token. An application credential has a fixed scope, so none is requested.
    /// An existing token (`admin_token`) has one already, which must match the configured scope.
    /// Services without an identity service have none.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeConflict`] if two are set; [`Error::InvalidValue`] for a `system_scope` other
    /// than `all`; [`Error::Missing`] if an agency has neither a target project nor a target
    /// domain.
    pub fn scope(&self) -> Result<Scope, Error> {
        match self.auth_type()? {
            _ if is_agency(&self.map, self.auth()) => return self.agency_scope(),
            AuthType::ApplicationCredential | AuthType::OAuth2 => return Ok(Scope::default()),
            _ if is_standalone(&self.map, self.auth()) => return Ok(Scope::default()),
            _ => {}
        }
        let mut set = SCOPES.iter().filter_map(|&key| Some((key, self.auth().get(key)?)));
        let Some((key, node)) = set.next() else { return Ok(Scope::default()) };
        // An id and a name of the same kind are one scope.
        if let Some((second, other)) = set.find(|(other, _)| kind(other) != kind(key)) {
            let scopes = [(key, node), (second, other)];
            let scopes = scopes.map(|(key, node)| (key, node.origin.clone())).to_vec();
            return Err(Error::ScopeConflict { cloud: self.name.clone(), scopes });
        }
        let text = node.as_text().unwrap_or_default();
        Ok(match key {
            "domain_id" => Scope::domain_id(text),
            "domain_name" => Scope::domain_name(text),
            "project_id" => Scope::project_id(text),
            "trust_id" => Scope::trust(text),
            "system_scope" if text == "all" => Scope::system(),
            "system_scope" => {
                let (key, origin) = ("auth.system_scope".to_owned(), node.origin.clone());
                return Err(Error::InvalidValue { key, problem: "must be all", origin });
            }
            _ => match self.domain("project") {
                Some(domain) => Scope::project_name_in(text, domain),
                None => Scope::project_name(text),
            },
        })
    }

    /// The API version that the configuration asks for, at this cloud: the kind of login says it
    /// (`v3password`), else the URL or the vendor's rules, else `identity_api_version`. `None` if a
    /// login has to discover it.
    fn identity_version(&self, cloud: &Cloud) -> Result<Option<ApiVersion>, Error> {
        match self.get("auth_type") {
            Some(kind) if kind.starts_with("v2") => return Ok(Some(ApiVersion::V2)),
            Some(kind) if kind.starts_with("v3") => return Ok(Some(ApiVersion::V3)),
            _ => {}
        }
        let key = "identity_api_version";
        let configured = self.map.get(key).filter(|node| node.as_text().is_some());
        let (None, Some(node)) = (cloud.api_version(), configured) else {
            return Ok(cloud.api_version());
        };
        let text = node.as_text().unwrap_or_default();
        match text.trim().trim_start_matches(['v', 'V']).split('.').next() {
            Some("2") => Ok(Some(ApiVersion::V2)),
            Some("3") => Ok(Some(ApiVersion::V3)),
            _ => {
                let (key, origin) = (key.to_owned(), node.origin.clone());
                Err(Error::InvalidValue { key, problem: "must be 2 or 3", origin })
            }
        }
    }

    fn auth_type(&self) -> Result<AuthType, Error> {
        let node = self.map.get("auth_type");
        let text = node.and_then(Node::as_text).unwrap_or_default();
        Ok(match text {
            "admin_token" => AuthType::ExistingToken,
            "agency" | "password" | "v2password" | "v3password" => AuthType::Password,
            "http_basic" => AuthType::HttpBasic,
            "none" => AuthType::NoAuth,
            "token" | "v2token" | "v3token" => AuthType::Token,
            "v3applicationcredential" => AuthType::ApplicationCredential,
            "v3idtoken" => AuthType::IdToken,
            "v3multifactor" => AuthType::MultiFactor,
            "v3oauth2clientcredential" => AuthType::OAuth2,
            "v3oidcaccesstoken" => AuthType::AccessToken,
            "v3oidcclientcredentials" => AuthType::ClientCredentials,
            "v3oidcpassword" => AuthType::ProviderPassword,
            "v3totp" => AuthType::Totp,
            _ => return Err(self.unsupported(text, node)),
        })
    }

    fn unsupported(&self, auth_type: &str, node: Option<&Node>) -> Error {
        let origin = node.map_or(ValueOrigin::Default, |node| node.origin.clone());
        let interactive = INTERACTIVE.iter().find(|(known, _)| *known == auth_type);
        let auth_type = auth_type.to_owned();
        match interactive {
            Some((_, instead)) => Error::AuthTypeInteractive { auth_type, origin, instead },
            None => Error::AuthType { auth_type, origin, supported: SUPPORTED },
        }
    }

    fn application_credential(&self) -> Result<Credential, Error> {
        let secret =
            self.required_secret("application_credential_secret", "set it in secure.yaml")?;
        if let Some(id) = self.text("application_credential_id") {
            return Ok(Credential::application_credential(id, secret));
        }
        let Some(name) = self.text("application_credential_name") else {
            let remedy = "set it, or application_credential_name and the user";
            return Err(self.missing("application_credential_id", remedy));
        };
        Ok(Credential::application_credential_of(self.user()?, name, secret))
    }

    fn multi_factor(&self) -> Result<Credential, Error> {
        let methods = self.auth().get("auth_methods");
        let mut credential: Option<Credential> = None;
        for (method, _) in methods.map(Node::as_list).unwrap_or_default() {
            credential = Some(match (credential, method) {
                (None, "password" | "v3password") => {
                    Credential::password(self.user()?, self.password()?)
                }
                (None, "totp" | "v3totp") => Credential::totp(self.user()?, self.passcode()?),
                (Some(credential), "password" | "v3password") => {
                    credential.and(Factor::password(self.given_secret("password", PASSWORD)?))
                }
                (Some(credential), "totp" | "v3totp") => {
                    credential.and(Factor::totp(self.passcode()?))
                }
                _ => return Err(self.unsupported(&format!("v3multifactor of {method}"), methods)),
            });
        }
        credential.ok_or_else(|| self.missing("auth_methods", "list v3password and v3totp"))
    }

    fn user(&self) -> Result<UserRef, Error> {
        if let Some(id) = self.text("user_id") {
            return Ok(UserRef::id(id));
        }
        let name = self.required("username", "set it, or user_id")?;
        Ok(match self.domain("user") {
            Some(domain) => UserRef::name_in(name, domain),
            None => UserRef::name(name),
        })
    }

    /// The domain of the user or the project. Identity API v2.0 has no domains.
    fn domain(&self, of: &str) -> Option<DomainRef> {
        let is_v2 = self.cloud().is_ok_and(|cloud| cloud.api_version() == Some(ApiVersion::V2));
        if is_v2 {
            return None;
        }
        let id = |key: &str| self.text(key).map(DomainRef::id);
        let name = |key: &str| self.text(key).map(DomainRef::name);
        id(&format!("{of}_domain_id"))
            .or_else(|| name(&format!("{of}_domain_name")))
            .or_else(|| id("default_domain_id"))
            .or_else(|| name("default_domain_name"))
    }

    pub(super) fn password(&self) -> Result<Secret, Error> {
        self.required_secret("password", PASSWORD)
    }

    fn passcode(&self) -> Result<SecretString, Error> {
        self.given_secret("passcode", "ask the user for the one-time code, or set OS_PASSCODE")
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.auth().get(key).and_then(Node::as_text)
    }

    pub(super) fn required(&self, key: &'static str, remedy: &'static str) -> Result<&str, Error> {
        self.text(key).ok_or_else(|| self.missing(key, remedy))
    }

    pub(super) fn missing(&self, key: &'static str, remedy: &'static str) -> Error {
        let is_cause = |warning: &&Warning| match warning {
            Warning::CredentialIgnored { .. } => {
                keys::is_secret(key) || matches!(key, "application_credential_id" | "username")
            }
            Warning::KeyUnknown { nearest, .. } => *nearest == Some(key),
            Warning::ProfileUnknown { .. } => key == "auth_url",
            _ => false,
        };
        let clue = self.warnings().iter().find(is_cause).cloned().map(Box::new);
        Error::Missing { cloud: self.name.clone(), clue, key, remedy }
    }
}

/// The supported kinds of login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AuthType {
    AccessToken,
    ApplicationCredential,
    ClientCredentials,
    ExistingToken,
    HttpBasic,
    IdToken,
    MultiFactor,
    NoAuth,
    OAuth2,
    Password,
    ProviderPassword,
    Token,
    Totp,
}

const SUPPORTED: &str = "password, v2password, v3password, token, v2token, v3token, \
    v3applicationcredential, v3totp, v3multifactor (of v3password and v3totp), \
    v3oauth2clientcredential, v3oidcaccesstoken, v3oidcclientcredentials, v3oidcpassword, v3idtoken, \
    agency, admin_token, http_basic, none";

/// Kinds of login for a person, and what to use instead.
const INTERACTIVE: [(&str, &str); 4] = [
    ("v3oidcauthcode", PROVIDERS_PROGRAM),
    ("v3oidcdeviceauthz", PROVIDERS_PROGRAM),
    (
        "v3oidcrefreshtoken",
        "use v3oidcaccesstoken with an access_token_command that exchanges the refresh token, or an \
         application credential",
    ),
    (
        "v3websso",
        "use an application credential (v3applicationcredential), which the cloud's dashboard creates",
    ),
];
const PROVIDERS_PROGRAM: &str = "use v3oidcaccesstoken with an access_token_command, such as \
    [oidc-token, NAME] of oidc-agent, or an application credential";

const PASSWORD: &str = "set it in secure.yaml, or OS_PASSWORD";

/// The kind of a scope's key: `project` of `project_id`.
fn kind(key: &str) -> &str {
    key.split('_').next().unwrap_or(key)
}
