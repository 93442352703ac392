//! What a token or a receipt of the stock Keystone says: who logged in, how, and for which scope.

use crate::{
    account,
    directory::{ApplicationCredential, Target, User},
};

/// The login that a token or a receipt stands for.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) user: &'static User,
    pub(crate) methods: Methods,
    pub(crate) target: Target,
    /// The application credential that logged in.
    pub(crate) key: Option<&'static ApplicationCredential>,
    /// The first token of the chain, if this one was exchanged for another.
    pub(crate) origin: Option<u64>,
}

impl Session {
    /// Whether an identity provider vouched for the user.
    pub(crate) fn is_federated(&self) -> bool {
        self.methods.has(account::FEDERATION_PROTOCOL) || self.methods.has("mapped")
    }

    pub(crate) fn roles(&self) -> &'static [&'static str] {
        match self.key {
            Some(key) => key.roles,
            None => self.user.roles_on(self.target),
        }
    }
}

/// A set of login methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Methods(u8);

impl Methods {
    /// The methods that the server supports, in the order in which tokens list them. The first two
    /// are those of a federated login and of its token's exchange.
    pub(crate) const SUPPORTED: [&'static str; 6] =
        ["openid", "mapped", "password", "token", "totp", "application_credential"];

    /// The set of one method; empty if the server does not support it.
    pub(crate) fn only(method: &str) -> Self {
        let place = Self::SUPPORTED.iter().position(|supported| *supported == method);
        Self(place.map_or(0, |place| 1 << place))
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, method: &str) -> bool {
        self.0 & Self::only(method).0 != 0
    }

    pub(crate) fn names(self) -> Vec<&'static str> {
        Self::SUPPORTED.into_iter().filter(|method| self.has(method)).collect()
    }
}
