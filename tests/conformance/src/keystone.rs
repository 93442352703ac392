//! The contents of a server, as its seed script recorded them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::Duration,
};

use auth_proto::{Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use serde::Deserialize;
use time::UtcDateTime;
use totp_lite::Sha1;

use crate::{provider::Provider, wish::Wish};

/// A server and its contents. [`crate::oracle`] sends plain requests to it, without the clients.
#[derive(Deserialize)]
pub(crate) struct Keystone {
    version: String,
    pub(crate) url: String,
    /// The same server, whose tokens live for 8 s and receipts for 5 s.
    pub(crate) brief_url: String,
    /// Its process, which stops for 6 s on the signal USR1.
    pub(crate) brief_pid: u32,
    /// The same server, which locks a user out for 5 s after 3 failures. Not in v2.0.
    #[serde(default)]
    pub(crate) strict_url: String,
    /// Other URLs of the server: under a prefix, behind a proxy that does not pass the Host header,
    /// behind a proxy that damages receipts.
    pub(crate) prefix: String,
    pub(crate) proxied: String,
    pub(crate) spoiling: String,
    /// Behind a proxy that hides v3, at a v2.0 server.
    pub(crate) old: String,
    /// The same server, configured to explain refusals.
    pub(crate) telling_url: String,
    #[serde(default)]
    pub(crate) tls_port: u16,
    /// The URL that requires a client certificate.
    #[serde(default)]
    pub(crate) mutual_tls_port: u16,
    /// The same with TLS 1.2.
    #[serde(default)]
    pub(crate) older_mutual_tls_port: u16,
    pub(crate) users: BTreeMap<String, StoredUser>,
    pub(crate) projects: BTreeMap<String, Project>,
    /// Ids by keys.
    pub(crate) domains: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) application_credentials: BTreeMap<String, StoredKey>,
    /// The OpenID provider of federated logins, if it could be started.
    #[serde(default)]
    pub(crate) federation: Option<Provider>,
    #[serde(skip)]
    folder: PathBuf,
    #[serde(skip)]
    pub(crate) admin: OnceLock<String>,
    #[serde(skip)]
    pub(crate) expired: OnceLock<String>,
    #[serde(skip)]
    ended_bearer: OnceLock<String>,
    #[serde(skip)]
    apache: Option<String>,
}

/// The same server behind Apache.
#[derive(Deserialize)]
struct Apache {
    url: String,
}

#[derive(Deserialize)]
pub(crate) struct StoredUser {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) domain_id: String,
    pub(crate) password: String,
    #[serde(default)]
    totp_secret: String,
}

#[derive(Deserialize)]
pub(crate) struct Project {
    pub(crate) id: String,
}

#[derive(Deserialize)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
}

impl Keystone {
    /// Reads `world.json` in this folder.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(folder.join("world.json"))?;
        let world: Self = serde_json::from_str(&text)?;
        let apache = match fs::read_to_string(folder.join("../apache/listening.json")) {
            Ok(text) if !world.is_v2() => Some(serde_json::from_str::<Apache>(&text)?.url),
            _ => None,
        };
        Ok(Self { folder: folder.to_owned(), apache, ..world })
    }

    /// A file that the server wrote: a certificate.
    pub(crate) fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(name))
    }

    /// Whether the server also has v2.0.
    pub(crate) fn is_v2(&self) -> bool {
        self.version == "v2.0"
    }

    pub(crate) fn v3(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/v3", self.url))
    }

    pub(crate) fn v2(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/v2.0", self.url))
    }

    /// A login at this server, with the newest API version under test.
    pub(crate) fn wish(&self, credential: Credential, scope: Scope) -> Result<Wish, String> {
        Ok(Wish::new(cloud(&format!("{}/{}", self.url, self.version))?, credential, scope))
    }

    /// The server that explains refusals, with the newest API version under test.
    pub(crate) fn explaining(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/{}", self.telling_url, self.version))
    }

    pub(crate) fn user(&self, key: &str) -> UserRef {
        UserRef::id(&self.users[key].id)
    }

    /// A user by name only, as in v2.0.
    pub(crate) fn name(&self, key: &str) -> UserRef {
        UserRef::name(&self.users[key].name)
    }

    /// A user by name and the domain's id.
    pub(crate) fn named(&self, key: &str) -> UserRef {
        let user = &self.users[key];
        UserRef::name_in(&user.name, DomainRef::id(&user.domain_id))
    }

    pub(crate) fn password(&self, key: &str) -> Credential {
        Credential::password(self.user(key), self.users[key].password.as_str())
    }

    pub(crate) fn password_factor(&self, key: &str) -> Factor {
        Factor::password(self.users[key].password.as_str())
    }

    pub(crate) fn project(&self, key: &str) -> Scope {
        Scope::project_id(&self.projects[key].id)
    }

    pub(crate) fn domain(&self, key: &str) -> Scope {
        Scope::domain_id(&self.domains[key])
    }

    pub(crate) fn key(&self, key: &str) -> Credential {
        let own = &self.application_credentials[key];
        Credential::application_credential(&own.id, own.secret.as_str())
    }

    pub(crate) fn provider(&self) -> Result<&Provider, String> {
        self.federation.as_ref().ok_or_else(|| "no OpenID provider".to_owned())
    }

    /// The URL of the same server behind Apache, if it could be started.
    pub(crate) fn apache(&self) -> Option<&str> {
        self.apache.as_deref()
    }

    /// An access token of the provider that has ended. The first caller waits until it has.
    pub(crate) fn ended_bearer(&self) -> Result<String, String> {
        if let Some(token) = self.ended_bearer.get() {
            return Ok(token.clone());
        }
        let token = self.provider()?.bearer("brief", "access_token")?;
        // It lives for 2 s.
        thread::sleep(Duration::from_secs(4));
        Ok(self.ended_bearer.get_or_init(|| token).clone())
    }

    /// The user's current one-time code.
    pub(crate) fn code(&self, key: &str) -> String {
        let now = UtcDateTime::now().unix_timestamp().unsigned_abs();
        totp_lite::totp_custom::<Sha1>(30, 6, self.users[key].totp_secret.as_bytes(), now)
    }
}

/// A value that a case derives from the server.
pub(crate) type Of<T> = fn(&Keystone) -> T;

pub(crate) fn cloud(url: &str) -> Result<Cloud, String> {
    Cloud::keystone(url).map_err(|error| error.to_string())
}
