//! From a configured cloud to what the login core takes: a cloud, a credential, a scope.

use auth_proto::{ApiVersion, Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use secrecy::SecretString;

use crate::{
    agency,
    cloud::CloudConfig,
    error::Error,
    origin::Origin,
    overrides,
    value::{Map, Node},
    vendor,
    warning::Warning,
};

impl CloudConfig {
    /// Where to log in, and by which vendor's rules: those of a built-in profile, those of a vendor
    /// whose documented URL is configured, or stock Keystone's. Services whose URLs are configured
    /// (`compute_endpoint_override`) are there.
    ///
    /// # Errors
    ///
    /// [`Error::AuthType`] for a kind of login that is not known here, such as none at all;
    /// [`Error::Missing`] without an `auth_url`; [`Error::Proto`] for one that is no https URL. Who
    /// must use plain http says so in code, with [`Cloud::keystone_over_plain_http`].
    /// [`Error::Override`] for a service's URL that is none.
    pub fn cloud(&self) -> Result<Cloud, Error> {
        self.auth_type()?;
        let url = self.identity_url()?;
        let cloud = vendor::by(self.profile.as_deref(), self.region(), &url)
            .map_err(|error| Error::Proto { cloud: self.name.clone(), error })?;
        overrides::laid(cloud, &self.map)
    }

    /// Who logs in, and how they prove it.
    ///
    /// # Errors
    ///
    /// [`Error::AuthType`] for a kind of login that is not known here; [`Error::Missing`] if a part
    /// of it is nowhere.
    pub fn credential(&self) -> Result<Credential, Error> {
        let credential = self.own_credential()?;
        Ok(match self.agency()? {
            Some(agency) => credential.assume(agency),
            None => credential,
        })
    }

    /// The user's, whatever they are then to assume.
    fn own_credential(&self) -> Result<Credential, Error> {
        match self.auth_type()? {
            AuthType::ApplicationCredential => self.application_credential(),
            AuthType::MultiFactor => self.multi_factor(),
            AuthType::PassedOn => self.existing_token(),
            AuthType::Password => Ok(Credential::password(self.user()?, self.password()?)),
            AuthType::Token => {
                Ok(Credential::token(self.required_secret("token", "set OS_TOKEN")?))
            }
            AuthType::Totp => Ok(Credential::totp(self.user()?, self.passcode()?)),
        }
    }

    /// What the token shall be good for. An application credential fixes its own scope; a token that
    /// is used as it is has one, and is held to what is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::ScopeTwice`] if two are asked for.
    pub fn scope(&self) -> Result<Scope, Error> {
        match self.auth_type()? {
            _ if agency::is_asked_for(&self.map, self.auth()) => return self.agency_scope(),
            AuthType::ApplicationCredential => return Ok(Scope::default()),
            _ => {}
        }
        let mut asked = SCOPES.iter().filter_map(|&key| Some((key, self.auth().get(key)?)));
        let Some((key, node)) = asked.next() else { return Ok(Scope::default()) };
        // A name beside an id says the same once more.
        if let Some((second, other)) = asked.find(|(other, _)| group(other) != group(key)) {
            let asked = [(key, node), (second, other)];
            let asked = asked.map(|(key, node)| (key, node.origin.clone())).to_vec();
            return Err(Error::ScopeTwice { cloud: self.name.clone(), asked });
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
                return Err(Error::Misplaced { key, problem: "has to be all", origin });
            }
            _ => match self.domain("project") {
                Some(domain) => Scope::project_name_in(text, domain),
                None => Scope::project_name(text),
            },
        })
    }

    /// The URL, with the version that the kind of login demands.
    fn identity_url(&self) -> Result<String, Error> {
        let url = self.required("auth_url", "set it, or name a profile that does")?;
        let url = url.trim().trim_end_matches('/');
        let version = match self.get("auth_type") {
            Some(kind) if kind.starts_with("v2") => "/v2.0",
            Some(kind) if kind.starts_with("v3") => "/v3",
            _ => return Ok(url.to_owned()),
        };
        let bare = ["/v2.0", "/v3"].iter().find_map(|end| url.strip_suffix(end));
        Ok(format!("{}{version}", bare.unwrap_or(url)))
    }

    fn auth_type(&self) -> Result<AuthType, Error> {
        let node = self.map.get("auth_type");
        let text = node.and_then(Node::as_text).unwrap_or("none");
        Ok(match text {
            "admin_token" | "token_endpoint" => AuthType::PassedOn,
            "agency" | "password" | "v2password" | "v3password" => AuthType::Password,
            "token" | "v2token" | "v3token" => AuthType::Token,
            "v3applicationcredential" => AuthType::ApplicationCredential,
            "v3multifactor" => AuthType::MultiFactor,
            "v3totp" => AuthType::Totp,
            _ => return Err(self.unsupported(text, node)),
        })
    }

    fn unsupported(&self, auth_type: &str, node: Option<&Node>) -> Error {
        Error::AuthType {
            auth_type: auth_type.to_owned(),
            origin: node.map_or(Origin::Default, |node| node.origin.clone()),
            supported: "password, v2password, v3password, token, v2token, v3token, \
                        v3applicationcredential, v3totp, v3multifactor (of v3password and v3totp), \
                        agency, admin_token",
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

    fn existing_token(&self) -> Result<Credential, Error> {
        // Beside `auth` it stands there where variables are a cloud.
        let endpoint = self.auth().get("endpoint").or_else(|| self.map.get("endpoint"));
        if let Some(node) = endpoint.filter(|node| node.as_text().is_some()) {
            let problem = "one URL for all services is not supported; set auth_url, or \
                           compute_endpoint_override and the like";
            let (key, origin) = ("endpoint".to_owned(), node.origin.clone());
            return Err(Error::Misplaced { key, problem, origin });
        }
        Ok(Credential::existing_token(self.required_secret("token", "set OS_TOKEN")?))
    }

    fn multi_factor(&self) -> Result<Credential, Error> {
        let methods = self.auth().get("auth_methods");
        let mut credential: Option<Credential> = None;
        for (method, _) in methods.map(Node::as_list).unwrap_or_default() {
            let factor = match method {
                "password" | "v3password" => Factor::password(self.password()?),
                "totp" | "v3totp" => Factor::totp(self.passcode()?),
                _ => return Err(self.unsupported(&format!("v3multifactor of {method}"), methods)),
            };
            credential = Some(match (credential, factor) {
                (Some(credential), factor) => credential.and(factor),
                (None, Factor::Password(secret)) => Credential::password(self.user()?, secret),
                (None, Factor::Totp(code)) => Credential::totp(self.user()?, code),
                (None, _) => return Err(self.unsupported("v3multifactor", methods)),
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

    /// The domain of the user or the project. v2.0 knows none, so that it is left out there.
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

    fn password(&self) -> Result<SecretString, Error> {
        self.required_secret("password", "set it in secure.yaml, or OS_PASSWORD")
    }

    fn passcode(&self) -> Result<SecretString, Error> {
        self.required_secret("passcode", "a one-time code is best asked for; or set OS_PASSCODE")
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.auth().get(key).and_then(Node::as_text)
    }

    pub(crate) fn required(&self, key: &'static str, remedy: &'static str) -> Result<&str, Error> {
        self.text(key).ok_or_else(|| self.missing(key, remedy))
    }

    fn required_secret(
        &self,
        key: &'static str,
        remedy: &'static str,
    ) -> Result<SecretString, Error> {
        self.secret(key).cloned().ok_or_else(|| self.missing(key, remedy))
    }

    fn missing(&self, key: &'static str, remedy: &'static str) -> Error {
        let explains = |warning: &&Warning| match warning {
            Warning::KeyUnknown { nearest, .. } => *nearest == Some(key),
            Warning::ProfileUnknown { .. } => key == "auth_url",
            _ => false,
        };
        let clue = self.warnings().iter().find(explains).cloned().map(Box::new);
        Error::Missing { cloud: self.name.clone(), clue, key, remedy }
    }
}

/// The kinds of login that there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AuthType {
    ApplicationCredential,
    MultiFactor,
    PassedOn,
    Password,
    Token,
    Totp,
}

/// Keys that ask for a scope; an id goes before a name.
const SCOPES: &[&str] =
    &["domain_id", "domain_name", "project_id", "project_name", "system_scope", "trust_id"];

fn group(key: &str) -> &str {
    key.split('_').next().unwrap_or(key)
}

/// Scopes that the kind of login makes pointless.
pub(crate) fn ignored_scopes(map: &Map, auth: &Map) -> Vec<Warning> {
    let why = match map.get("auth_type").and_then(Node::as_text) {
        _ if agency::is_asked_for(map, auth) => {
            "an agency's token is for target_project_name, or for target_domain_name"
        }
        Some("v3applicationcredential") => "an application credential fixes its own",
        _ => return Vec::new(),
    };
    let ignored = |&key: &&'static str| {
        let origin = auth.get(key)?.origin.clone();
        Some(Warning::ScopeIgnored { key, why, origin })
    };
    SCOPES.iter().filter_map(ignored).collect()
}
