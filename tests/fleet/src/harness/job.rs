//! What a process of a fleet is told, and what it says: one line of JSON each.

use std::hash::{DefaultHasher, Hash, Hasher};

use auth_emulator::account;
use auth_proto::{Cloud, Credential, DomainRef, Federation, OidcClient, Scope, Token, UserRef};
use serde::{Deserialize, Serialize};

/// What a process is: the first line of its standard input.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    /// The number of the process in its fleet. Its requests have the user agent `fleet-NUMBER`.
    pub(crate) process: usize,
    /// Whether the client is that of `auth-reqwest`.
    pub(crate) is_async: bool,
    pub(crate) sharing: Sharing,
    /// Whether the process stops itself when it is about to tell the store its first entry.
    pub(crate) stops_at_put: bool,
    /// The identity service.
    pub(crate) url: String,
    pub(crate) login: Login,
    /// Ids of projects. Commands name them by their index.
    pub(crate) scopes: Vec<String>,
}

/// The store of a process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Sharing {
    Files { directory: String, key: String },
    Nothing,
    Redis { url: String, key: String },
}

/// How a process logs in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Login {
    Password(String),
    /// By way of the identity provider at this URL.
    Provider(String),
}

/// A further line of a process's standard input. At the end of the input, the process ends.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum Command {
    /// Calls a service, which is [`Event::Called`].
    Call,
    /// Does nothing for this many milliseconds.
    Pause(u64),
    /// Reports a 401 of the service for the first token of this process, this many times.
    Refused(usize),
    /// Takes a token of this scope.
    Token(usize),
}

/// A line of the pipe that is the standard output of all processes.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Line {
    pub(crate) process: usize,
    pub(crate) event: Event,
}

/// What a process says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Event {
    /// A call took this long, and ended with this status.
    Called { ms: u64, result: Result<u16, String> },
    /// The process has its client, and waits for commands.
    Ready,
    /// The 401s are reported. So many of them ask for another try.
    Reported { retries: usize },
    /// An event of the store: its kind and its whole text.
    Store { kind: String, text: String },
    /// A token took this long. It is shown by its [`print()`].
    Token { ms: u64, scope: usize, result: Result<String, String> },
    /// A warning of the session, such as `store not used`.
    Warning(String),
}

impl Job {
    pub(crate) fn cloud(&self) -> Result<Cloud, auth_proto::Error> {
        Cloud::keystone(&self.url)
    }

    pub(crate) fn credential(&self) -> Credential {
        let user =
            UserRef::name_in(account::KEYSTONE_USER, DomainRef::name(account::KEYSTONE_DOMAIN));
        match &self.login {
            Login::Password(password) => Credential::password(user, password.clone()),
            Login::Provider(url) => {
                let client = OidcClient::new(account::OIDC_CLIENT, format!("{url}/token"))
                    .with_secret(account::OIDC_CLIENT_SECRET);
                let (provider, protocol) =
                    (account::FEDERATION_PROVIDER, account::FEDERATION_PROTOCOL);
                Credential::federated(Federation::client_credentials(provider, protocol, client))
            }
        }
    }

    pub(crate) fn scope(&self, index: usize) -> Scope {
        self.scopes.get(index).map_or_else(Scope::default, Scope::project_id)
    }

    /// A service of the cloud, at the identity service's origin.
    pub(crate) fn service_url(&self) -> String {
        let origin = self.url.split("/keystone").next().unwrap_or_default();
        format!("{origin}/service/keystone/nova.public.regionone.keystone.example/v2.1")
    }
}

/// A number that tells tokens apart.
pub(crate) fn print(token: &Token) -> String {
    let mut hasher = DefaultHasher::new();
    token.expose().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
