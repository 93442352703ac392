//! A login that needs more input from the user.

use std::fmt;

use http::HeaderValue;
use time::{Duration, UtcDateTime};

/// A login's request for a further factor or a new one-time code.
///
/// For a user with two factors, the server responds to the first one with status 401 and a receipt
/// (OpenStack Identity API v3, multi-factor authentication). The receipt is valid for some minutes;
/// [`Login::answer`](crate::Login::answer) sends it back with the missing factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(crate) receipt: Option<HeaderValue>,
    pub(crate) given: Vec<String>,
    pub(crate) required: Vec<Vec<String>>,
    pub(crate) expires_at: Option<UtcDateTime>,
    /// The lifetime of the receipt, from its own two timestamps.
    pub(crate) life: Duration,
}

impl Challenge {
    /// A request for a new one-time code, after the previous one was used.
    pub(crate) fn fresh_code(method: &str) -> Self {
        Self {
            receipt: None,
            given: Vec::new(),
            required: vec![vec![method.to_owned()]],
            expires_at: None,
            life: Duration::MAX,
        }
    }

    /// The factors that the server has accepted so far.
    pub fn given(&self) -> &[String] {
        &self.given
    }

    /// The accepted combinations of factors. One of them is enough.
    pub fn required(&self) -> &[Vec<String>] {
        &self.required
    }

    /// The missing factors of each accepted combination.
    pub fn missing(&self) -> impl Iterator<Item = Vec<&str>> {
        self.required.iter().map(|rule| {
            let missing = rule.iter().filter(|method| !self.given.contains(method));
            missing.map(String::as_str).collect()
        })
    }

    /// When the receipt expires, by the server's clock; `None` if a new one-time code is needed.
    pub fn expires_at(&self) -> Option<UtcDateTime> {
        self.expires_at
    }

    pub(crate) fn wants(&self, method: &str) -> bool {
        self.missing().any(|rule| rule.contains(&method))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("given", &self.given)
            .field("required", &self.required)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
