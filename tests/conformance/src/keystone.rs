//! Who and what is in a server, as its seed has written it down.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use auth_proto::{Cloud, Credential, DomainRef, Factor, Scope, UserRef};
use serde::Deserialize;
use time::UtcDateTime;
use totp_lite::Sha1;

/// A server and what is in it. What it is asked without the clients is in [`crate::oracle`].
#[derive(Deserialize)]
pub(crate) struct Keystone {
    version: String,
    pub(crate) url: String,
    /// The same server, whose tokens live for 8 s and receipts for 5 s.
    pub(crate) brief_url: String,
    /// Its process, which goes away for 6 s when it gets the signal USR1.
    pub(crate) brief_pid: u32,
    /// The same server, which locks a user out for 5 s after 3 failures. Not in v2.0.
    #[serde(default)]
    pub(crate) strict_url: String,
    /// Paths that the server is at as well: under a prefix, behind a proxy that does not pass the
    /// Host on, behind one that spoils receipts.
    pub(crate) prefix: String,
    pub(crate) proxied: String,
    pub(crate) spoiling: String,
    /// And behind one that hides v3, at a server of the v2.0 protocol.
    pub(crate) old: String,
    /// The same server, which tells why it refuses.
    pub(crate) telling_url: String,
    #[serde(default)]
    pub(crate) tls_port: u16,
    /// For clients with a certificate alone.
    #[serde(default)]
    pub(crate) mutual_tls_port: u16,
    /// The same in TLS 1.2.
    #[serde(default)]
    pub(crate) older_mutual_tls_port: u16,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) projects: BTreeMap<String, Project>,
    /// Ids by keys.
    pub(crate) domains: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) application_credentials: BTreeMap<String, ApplicationCredential>,
    #[serde(skip)]
    folder: PathBuf,
    #[serde(skip)]
    pub(crate) admin: OnceLock<String>,
    #[serde(skip)]
    pub(crate) expired: OnceLock<String>,
}

#[derive(Deserialize)]
pub(crate) struct User {
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
pub(crate) struct ApplicationCredential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
}

impl Keystone {
    /// Reads `world.json` in this folder.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(folder.join("world.json"))?;
        let world: Self = serde_json::from_str(&text)?;
        Ok(Self { folder: folder.to_owned(), ..world })
    }

    /// A file that the server has left: a certificate.
    pub(crate) fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(name))
    }

    /// Whether it is a server that speaks v2.0 as well.
    pub(crate) fn is_v2(&self) -> bool {
        self.version == "v2.0"
    }

    pub(crate) fn v3(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/v3", self.url))
    }

    pub(crate) fn v2(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/v2.0", self.url))
    }

    /// The server that tells, by the newest protocol that it is tried with.
    pub(crate) fn telling(&self) -> Result<Cloud, String> {
        cloud(&format!("{}/{}", self.telling_url, self.version))
    }

    pub(crate) fn user(&self, key: &str) -> UserRef {
        UserRef::id(&self.users[key].id)
    }

    /// By name alone, as v2.0 has it.
    pub(crate) fn name(&self, key: &str) -> UserRef {
        UserRef::name(&self.users[key].name)
    }

    /// By name and the domain's id.
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

    /// The code that the user's authenticator shows.
    pub(crate) fn code(&self, key: &str) -> String {
        let now = UtcDateTime::now().unix_timestamp().unsigned_abs();
        totp_lite::totp_custom::<Sha1>(30, 6, self.users[key].totp_secret.as_bytes(), now)
    }
}

/// What a case makes of a world.
pub(crate) type Of<T> = fn(&Keystone) -> T;

pub(crate) fn cloud(url: &str) -> Result<Cloud, String> {
    Cloud::keystone(url).map_err(|error| error.to_string())
}
