//! The tokens of a system: issue, lookup and revocation.

pub(crate) mod format;
pub(crate) mod timestamp;

use std::collections::{HashMap, VecDeque};

use time::{Duration, UtcDateTime};

use crate::{
    directory::{Target, User, session::Session},
    system::System,
    tokens::format::{TokenFormat, mixed},
};

/// The tokens that one system has issued.
///
/// A token's text is computed from a counter, so that runs are reproducible to the byte. It encodes
/// the key of its grant, so that the text need not be stored.
pub(crate) struct Tokens {
    pub(crate) length: usize,
    pub(crate) lifetime: Duration,
    system: System,
    /// The number of the texts, so that no two stores have the same keys.
    series: u64,
    issued: u64,
    grants: HashMap<u64, Grant>,
    /// The keys of the grants, oldest first, including revoked ones.
    order: VecDeque<u64>,
}

/// The properties of an issued token.
///
/// `scope` and `holder` concern the documented systems, which have one user each; `session` the
/// stock Keystone.
#[derive(Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) issued_at: UtcDateTime,
    pub(crate) expires_at: UtcDateTime,
    pub(crate) scope: TokenScope,
    pub(crate) holder: Holder,
    pub(crate) session: Option<Session>,
    pub(crate) key: u64,
    length: usize,
}

/// The properties of a token to issue.
#[derive(Clone, Copy)]
pub(crate) struct TokenTerms {
    pub(crate) scope: TokenScope,
    pub(crate) holder: Holder,
    pub(crate) session: Option<Session>,
    /// The latest expiry.
    pub(crate) expires_by: UtcDateTime,
}

impl From<TokenScope> for TokenTerms {
    fn from(scope: TokenScope) -> Self {
        Self { scope, holder: Holder::User, session: None, expires_by: UtcDateTime::MAX }
    }
}

impl From<Session> for TokenTerms {
    fn from(session: Session) -> Self {
        Self { session: Some(session), ..TokenScope::Project.into() }
    }
}

/// The kind of a token's scope. Each documented system has one project and one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenScope {
    Domain,
    Project,
    /// Only a login by an identity provider's token can have it.
    Nothing,
}

/// The user of a token of a documented system.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// The user of the document.
    User,
    /// The agency, and therefore the delegating account.
    Agency,
    /// A user whom the identity provider vouched for.
    Federated(&'static User),
}

impl Grant {
    /// Whether the token is for nothing but an exchange.
    fn is_unscoped(&self) -> bool {
        match self.session {
            Some(session) => session.target == Target::Nothing,
            None => self.scope == TokenScope::Nothing,
        }
    }
}

impl Tokens {
    pub(crate) fn new(system: System) -> Self {
        Self {
            length: TokenFormat::of(system).length,
            lifetime: documented_lifetime(system),
            system,
            series: system as u64,
            issued: 0,
            grants: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The receipts of the stock Keystone: tokens of another length and lifetime.
    pub(crate) fn receipts() -> Self {
        Self {
            length: 119,
            lifetime: Duration::minutes(5),
            series: System::ALL.len() as u64,
            ..Self::new(System::Keystone)
        }
    }

    /// A new token and its grant.
    pub(crate) fn issue(
        &mut self,
        terms: impl Into<TokenTerms>,
        now: UtcDateTime,
    ) -> (String, Grant) {
        let TokenTerms { scope, holder, session, expires_by } = terms.into();
        let format = TokenFormat::of(self.system);
        let (issued_precision, expires_precision) = precision(self.system);
        let issued_at = truncated(now, issued_precision);
        let end_of_time =
            if self.lifetime.is_negative() { UtcDateTime::MIN } else { UtcDateTime::MAX };
        let end = issued_at.checked_add(self.lifetime).unwrap_or(end_of_time);
        let length = self.length.clamp(MIN_LENGTH, MAX_LENGTH);
        let expires_at = truncated(end, expires_precision).min(expires_by);
        self.issued = self.issued.wrapping_add(1);
        let key = mixed(self.issued ^ (self.series << 56));
        let grant = Grant { issued_at, expires_at, scope, holder, session, key, length };
        self.grants.insert(key, grant);
        self.order.push_back(key);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.grants.remove(&oldest);
        }
        (format.encode(key, length), grant)
    }

    /// The grant of `token`, if it was issued here and is still valid.
    pub(crate) fn find(&self, token: &str, now: UtcDateTime) -> Option<Grant> {
        let grant = *self.grants.get(&self.key(token)?)?;
        (now < grant.expires_at).then_some(grant)
    }

    /// Whether a text has the form of the tokens issued here.
    pub(crate) fn can_be_token(&self, text: &str) -> bool {
        let format = TokenFormat::of(self.system);
        format.decode(text).is_some_and(|key| format.encode(key, text.len()) == text)
    }

    /// Revokes `token` if it exists, and the tokens that it was exchanged for at the stock Keystone,
    /// unless the login was federated.
    pub(crate) fn revoke(&mut self, token: &str) {
        if let Some(key) = self.key(token) {
            let is_exchanged =
                |grant: &Grant| grant.session.is_some_and(|session| session.origin == Some(key));
            self.grants.retain(|own, grant| *own != key && !is_exchanged(grant));
        }
    }

    /// Revokes the tokens without a scope, or those with one, and no token because of another.
    pub(crate) fn revoke_if(&mut self, is_unscoped: bool) {
        self.grants.retain(|_, grant| grant.is_unscoped() != is_unscoped);
    }

    /// Revokes all tokens.
    pub(crate) fn clear(&mut self) {
        self.grants.clear();
        self.order.clear();
    }

    /// The number of stored tokens, including expired ones.
    pub(crate) fn len(&self) -> usize {
        self.grants.len()
    }

    /// The key of the grant of `token`, which must equal the issued text.
    fn key(&self, token: &str) -> Option<u64> {
        let format = TokenFormat::of(self.system);
        let key = format.decode(token)?;
        let length = self.grants.get(&key)?.length;
        (format.encode(key, length) == token).then_some(key)
    }
}

/// The token lifetime in the document or its sample, or else the default.
fn documented_lifetime(system: System) -> Duration {
    match system {
        // From 03:32:28.000405 to 15:31:21 in the sample.
        System::NhnIaas | System::NhnCompute => Duration::new(43_132, 999_595_000),
        System::Kakao => Duration::hours(12),
        System::Otc | System::Huawei => Duration::hours(24),
        // The default of Keystone's configuration.
        System::Keystone => Duration::hours(1),
    }
}

/// The precision of `issued_at` and `expires_at`, in nanoseconds.
fn precision(system: System) -> (u32, u32) {
    match system {
        System::NhnIaas | System::NhnCompute => (MICROSECOND, SECOND),
        // Stock Keystone writes a fraction of six zeros.
        System::Kakao | System::Keystone => (SECOND, SECOND),
        System::Otc | System::Huawei => (MICROSECOND, MICROSECOND),
    }
}

fn truncated(at: UtcDateTime, precision: u32) -> UtcDateTime {
    at.replace_nanosecond(at.nanosecond() / precision * precision).unwrap_or(at)
}

/// The number of tokens that a system stores: two for each scope of the largest client, and room.
const KEPT: usize = 25_000;
/// The shortest token that can hold a key in every format.
const MIN_LENGTH: usize = 16;
/// More than any client accepts, and small enough for memory.
const MAX_LENGTH: usize = 1 << 20;

const SECOND: u32 = 1_000_000_000;
const MICROSECOND: u32 = 1_000;
#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

    #[test]
    fn a_token_is_found_only_by_its_exact_text() {
        for system in System::ALL {
            let mut tokens = Tokens::new(system);
            for length in [0, 16, 17, 57, 200, 32_768] {
                tokens.length = length;
                let (token, grant) = tokens.issue(TokenScope::Project, NOW);
                assert_eq!(token.len(), length.max(16));
                assert_eq!(tokens.find(&token, NOW).unwrap().expires_at, grant.expires_at);

                let mut cut = token.clone();
                let last = cut.pop().unwrap();
                assert!(tokens.find(&cut, NOW).is_none(), "{system}: one character short");
                assert!(tokens.find(&format!("{token}0"), NOW).is_none());
                cut.push(if last == '0' { '1' } else { '0' });
                assert!(tokens.find(&cut, NOW).is_none(), "{system}: another last character");
            }
        }
    }

    #[test]
    fn the_last_tokens_are_kept() {
        let mut tokens = Tokens::new(System::Kakao);
        let (first, _) = tokens.issue(TokenScope::Project, NOW);
        let (second, _) = tokens.issue(TokenScope::Project, NOW);
        for _ in 0..KEPT - 1 {
            tokens.issue(TokenScope::Project, NOW);
        }
        assert_eq!(tokens.len(), KEPT);
        assert!(tokens.find(&first, NOW).is_none());
        assert!(tokens.find(&second, NOW).is_some());
    }

    #[test]
    fn times_saturate() {
        let mut tokens = Tokens::new(System::Huawei);
        tokens.lifetime = Duration::MAX;
        let (_, grant) = tokens.issue(TokenScope::Project, UtcDateTime::MAX);
        assert!(grant.expires_at >= grant.issued_at);
        tokens.lifetime = Duration::MIN;
        let (token, _) = tokens.issue(TokenScope::Project, UtcDateTime::MIN);
        assert!(tokens.find(&token, UtcDateTime::MIN).is_none());
    }
}
