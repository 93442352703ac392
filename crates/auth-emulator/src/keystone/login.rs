//! The request body of `/v3/auth/tokens`.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::message::response::Refusal;

/// A token request before the vendor's checks.
pub(crate) struct LoginBody {
    pub(crate) methods: Vec<String>,
    /// The members of `identity` other than `methods`.
    factors: Map<String, Value>,
    /// `Some(Null)` if the scope is `null`.
    pub(crate) scope: Option<Value>,
}

impl LoginBody {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let TokenRequest { auth } = serde_json::from_slice(body)
            .map_err(|_| Refusal::malformed("Expecting to find auth.identity.methods."))?;
        Ok(Self {
            methods: auth.identity.methods,
            factors: auth.identity.factors,
            scope: auth.scope,
        })
    }

    /// The object of `method`.
    pub(crate) fn factor(&self, method: &str) -> Option<&Value> {
        self.factors.get(method)
    }

    /// The object of `method`, which must be the only method.
    ///
    /// Keystone ignores objects that `methods` does not name. The emulator refuses them, because
    /// they are a mistake of the client.
    pub(crate) fn only_method<T: DeserializeOwned>(&self, method: &str) -> Result<T, Refusal> {
        if self.methods.is_empty() || self.methods.iter().any(|named| named != method) {
            return Err(Refusal::unauthorized_because(
                "Attempted to authenticate with an unsupported method.",
            ));
        }
        if let Some(stray) = self.factors.keys().find(|key| *key != method) {
            return Err(Refusal::malformed(&format!("Method {stray} is not among the methods.")));
        }
        let factor = self.factors.get(method).cloned().unwrap_or_default();
        T::deserialize(factor)
            .map_err(|_| Refusal::malformed(&format!("Expecting to find {method} in identity.")))
    }
}

/// A v3 reference to a user, project or domain: an id, a name, or both.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<Box<Self>>,
}

impl Reference {
    /// Whether the reference has neither id nor name.
    pub(crate) fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }

    /// Whether the reference is not empty and agrees with this id and name.
    pub(crate) fn matches(&self, id: &str, name: &str) -> bool {
        !self.is_empty()
            && self.id.as_ref().is_none_or(|said| said == id)
            && self.name.as_ref().is_none_or(|said| said == name)
    }
}

#[derive(Deserialize)]
struct TokenRequest {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
    #[serde(default, deserialize_with = "present")]
    scope: Option<Value>,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    #[serde(flatten)]
    factors: Map<String, Value>,
}

/// Distinguishes `null` from an absent key.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The requested scope.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeRequest {
    pub(crate) project: Option<Reference>,
    pub(crate) domain: Option<Reference>,
}
