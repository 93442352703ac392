//! What there is in a walk: the cloud, the credential and the settings.

use auth_proto::{Cloud, Credential, Scope, Secret, SecretSource, Settings, UserRef};

use super::reference::{GIVEN, UNSCOPED};

/// The cloud, the credential and the settings of a walk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    pub(super) is_v2: bool,
    pub(super) one_time: bool,
    /// The password is read from a source.
    pub(super) has_source: bool,
    pub(super) has_store: bool,
    pub(super) root: Option<usize>,
}

/// Whether a walk with this seed has a store.
fn has_store(seed: u64) -> bool {
    seed / 16 % 2 == 1
}

impl Kind {
    /// That of a walk with this seed.
    pub(super) fn of(seed: u64) -> Self {
        let root = Some(UNSCOPED);
        let kind = Self { has_store: has_store(seed), ..Self::default() };
        match seed % 16 {
            3 | 8 => Self { has_source: true, ..kind },
            4 | 9 => Self { has_source: true, root, ..kind },
            5 | 10 => Self { root: Some(GIVEN), ..kind },
            6 | 11..=14 => Self { root, ..kind },
            7 => Self { is_v2: true, ..kind },
            15 => Self { is_v2: true, root, ..kind },
            _ => kind,
        }
    }

    /// A password and one-time codes.
    pub(super) fn with_codes(seed: u64) -> Self {
        let (one_time, root) = (true, Some(UNSCOPED));
        Self { one_time, root, has_store: has_store(seed), ..Self::default() }
    }

    pub(super) fn cloud(self) -> Cloud {
        let version = if self.is_v2 { "v2.0" } else { "v3" };
        Cloud::keystone(&format!("https://keystone.example/{version}")).unwrap()
    }

    /// The credential with this number. Those with different numbers have different secrets.
    pub(super) fn credential(self, number: u32) -> Credential {
        let password = match self.has_source {
            true => Secret::from(SecretSource::new(format!("file {number}"))),
            false => Secret::from(format!("password-{number}")),
        };
        match self.root {
            Some(GIVEN) => Credential::token(format!("given-{number}")),
            _ if self.is_v2 => Credential::password("user", password),
            _ => Credential::password(UserRef::id("u1"), password),
        }
    }

    pub(super) fn settings(self, seed: u64) -> Settings {
        let settings = Settings::default().with_seed(seed);
        let settings = if self.has_store { settings.with_store() } else { settings };
        match self.root {
            Some(UNSCOPED) => settings.with_root(Scope::unscoped()),
            _ => settings,
        }
    }
}

/// One of the secrets that the source has.
pub(super) fn secret(number: u32) -> String {
    format!("secretsecret-{number}")
}
