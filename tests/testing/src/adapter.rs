use std::{fmt, sync::LazyLock};

use auth_proto::{Cloud, Credential, Scope};
use tokio::runtime::{self, Runtime};

use crate::Builder;

/// What carries a client's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adapter {
    /// No adapter: the smallest driver of [`auth_proto::Login`], over a bare ureq agent.
    Core,
    /// `auth-reqwest`.
    Reqwest,
    /// `auth-ureq`.
    Ureq,
}

impl Adapter {
    /// Both adapters, without the bare core.
    pub const BOTH: [Self; 2] = [Self::Ureq, Self::Reqwest];

    /// The name of the HTTP client.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Reqwest => "reqwest",
            Self::Ureq => "ureq",
        }
    }

    /// A client that asks no proxy and trusts no certificate authority until the test names one.
    pub fn client(self, cloud: Cloud, credential: Credential, scope: Scope) -> Builder {
        Builder::new(self, cloud, credential, scope)
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The runtime that all clients of `auth-reqwest` share: two worker threads on every machine.
pub fn runtime() -> &'static Runtime {
    static SHARED: LazyLock<Runtime> = LazyLock::new(|| {
        runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    });
    &SHARED
}
