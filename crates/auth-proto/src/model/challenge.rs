//! A login that is not over yet.

use std::fmt;

use http::HeaderValue;
use time::{Duration, UtcDateTime};

/// What a login still wants: a further factor, or a fresh one-time code.
///
/// The answer to a first factor where a user needs two is status 401 with a receipt, good for some
/// minutes (OpenStack Identity API v3, multi-factor authentication). It goes back with the missing
/// factor alone; [`Login::submit_factor`](crate::Login::submit_factor) sees to that.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(crate) receipt: Option<HeaderValue>,
    pub(crate) given: Vec<String>,
    pub(crate) required: Vec<Vec<String>>,
    pub(crate) expires_at: Option<UtcDateTime>,
    /// How long the receipt lives, by the server's own two clocks.
    pub(crate) life: Duration,
}

impl Challenge {
    /// A spent one-time code must be replaced before the next login.
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

    /// The combinations of factors that would do, any one of them.
    pub fn required(&self) -> &[Vec<String>] {
        &self.required
    }

    /// The factors that are still missing, for each combination that would do.
    pub fn missing(&self) -> impl Iterator<Item = Vec<&str>> {
        self.required.iter().map(|rule| {
            let missing = rule.iter().filter(|method| !self.given.contains(method));
            missing.map(String::as_str).collect()
        })
    }

    /// When the receipt ends, by the server's clock; `None` for a fresh one-time code.
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
