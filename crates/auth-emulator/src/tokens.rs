use std::collections::{HashMap, VecDeque};

use time::{Duration, UtcDateTime};

use crate::{documents::HUAWEI_TOKEN_PREFIX, system::System};

/// The tokens that one system has issued.
///
/// A token is no secret here. Its text is computed from a counter, so that a run can be repeated to
/// the byte, and it spells the key of its grant, so that nothing as long as a token is kept.
pub(crate) struct Tokens {
    pub(crate) length: usize,
    pub(crate) lifetime: Duration,
    system: System,
    issued: u64,
    grants: HashMap<u64, Grant>,
    /// The keys of the grants, oldest first, revoked ones among them.
    order: VecDeque<u64>,
}

/// What a token stands for.
#[derive(Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) issued_at: UtcDateTime,
    pub(crate) expires_at: UtcDateTime,
    pub(crate) scope: Scope,
    /// Whether an agency gave it, so that it is good for what another account delegates.
    pub(crate) by_agency: bool,
    length: usize,
}

/// What a login has earned.
#[derive(Clone, Copy)]
pub(crate) struct Admission {
    pub(crate) scope: Scope,
    pub(crate) by_agency: bool,
    /// When the token ends at the latest.
    pub(crate) ends_by: UtcDateTime,
}

impl From<Scope> for Admission {
    fn from(scope: Scope) -> Self {
        Self { scope, by_agency: false, ends_by: UtcDateTime::MAX }
    }
}

/// What a token is good for. Each system knows one project and one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Domain,
    Project,
}

impl Tokens {
    pub(crate) fn new(system: System) -> Self {
        Self {
            length: Spelling::of(system).length,
            lifetime: documented_lifetime(system),
            system,
            issued: 0,
            grants: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// A fresh token, and what it stands for.
    pub(crate) fn issue(
        &mut self,
        admission: impl Into<Admission>,
        now: UtcDateTime,
    ) -> (String, Grant) {
        let Admission { scope, by_agency, ends_by } = admission.into();
        let spelling = Spelling::of(self.system);
        let (issued_precision, expires_precision) = precision(self.system);
        let issued_at = truncated(now, issued_precision);
        let end_of_time =
            if self.lifetime.is_negative() { UtcDateTime::MIN } else { UtcDateTime::MAX };
        let end = issued_at.checked_add(self.lifetime).unwrap_or(end_of_time);
        let length = self.length.clamp(SHORTEST, LONGEST);
        let expires_at = truncated(end, expires_precision).min(ends_by);
        let grant = Grant { issued_at, expires_at, scope, by_agency, length };

        self.issued = self.issued.wrapping_add(1);
        let key = mixed(self.issued ^ ((self.system as u64) << 56));
        self.grants.insert(key, grant);
        self.order.push_back(key);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.grants.remove(&oldest);
        }
        (spelling.write(key, length), grant)
    }

    /// What `token` stands for, if it was issued here and still lives.
    pub(crate) fn find(&self, token: &str, now: UtcDateTime) -> Option<Grant> {
        let grant = *self.grants.get(&self.key(token)?)?;
        (now < grant.expires_at).then_some(grant)
    }

    /// Ends `token`, if it is there.
    pub(crate) fn revoke(&mut self, token: &str) {
        if let Some(key) = self.key(token) {
            self.grants.remove(&key);
        }
    }

    /// Ends every token.
    pub(crate) fn clear(&mut self) {
        self.grants.clear();
        self.order.clear();
    }

    /// How many tokens are kept, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.grants.len()
    }

    /// The key of the grant behind `token`, which must be the very text that was issued.
    fn key(&self, token: &str) -> Option<u64> {
        let spelling = Spelling::of(self.system);
        let key = spelling.read(token)?;
        let length = self.grants.get(&key)?.length;
        (spelling.write(key, length) == token).then_some(key)
    }
}

/// How a system's tokens look.
struct Spelling {
    prefix: &'static str,
    /// Sixteen or sixty-four characters.
    alphabet: &'static [u8],
    length: usize,
}

impl Spelling {
    const fn of(system: System) -> Self {
        match system {
            // Documents 000 and 001, Response: `access.token.id` is a UUID without hyphens.
            System::NhnIaas | System::NhnCompute => {
                Self { prefix: "", alphabet: HEXADECIMAL, length: 32 }
            }
            // Not documented; Huawei's dialect, smaller. The prefix is the DER of 3,000 bytes.
            System::Otc => {
                Self { prefix: "MIILtAYJKoZIhvcNAQcCoIILpT", alphabet: SIGNED, length: 4_000 }
            }
            // Not documented; a fernet token, as stock Keystone issues them.
            System::Kakao => Self { prefix: "gAAAAAB", alphabet: FERNET, length: 183 },
            // Document 004, Example Response: the prefix announces a DER of 6,840 bytes.
            System::Huawei => Self { prefix: HUAWEI_TOKEN_PREFIX, alphabet: SIGNED, length: 9_120 },
        }
    }

    /// The prefix, the key, and filler that follows from the key.
    fn write(&self, key: u64, length: usize) -> String {
        let mut token = String::with_capacity(length);
        token.push_str(self.head(length));
        let mut rest = key;
        for _ in 0..self.digits() {
            token.push(self.character(rest));
            rest >>= self.bits();
        }
        let mut state = key;
        while token.len() < length {
            state = state.wrapping_add(GOLDEN);
            let mut block = mixed(state);
            for _ in 0..(64 / self.bits()).min((length - token.len()) as u32) {
                token.push(self.character(block));
                block >>= self.bits();
            }
        }
        token
    }

    /// The key that a token of this spelling would have.
    fn read(&self, token: &str) -> Option<u64> {
        let head = self.head(token.len()).len();
        let digits = token.as_bytes().get(head..head + self.digits())?;
        let mut key = 0;
        for (place, digit) in digits.iter().enumerate() {
            let value = self.alphabet.iter().position(|character| character == digit)? as u64;
            key |= value << (place as u32 * self.bits());
        }
        Some(key)
    }

    /// As much of the prefix as leaves room for the key.
    fn head(&self, length: usize) -> &'static str {
        &self.prefix[..self.prefix.len().min(length.saturating_sub(self.digits()))]
    }

    fn character(&self, number: u64) -> char {
        self.alphabet[(number % self.alphabet.len() as u64) as usize].into()
    }

    /// How many bits a character carries.
    const fn bits(&self) -> u32 {
        self.alphabet.len().ilog2()
    }

    /// How many characters a key takes.
    const fn digits(&self) -> usize {
        u64::BITS.div_ceil(self.bits()) as usize
    }
}

/// How long the document says, or its sample shows, that a token lives.
fn documented_lifetime(system: System) -> Duration {
    match system {
        // From 03:32:28.000405 to 15:31:21 in the sample.
        System::NhnIaas | System::NhnCompute => Duration::new(43_132, 999_595_000),
        System::Kakao => Duration::hours(12),
        System::Otc | System::Huawei => Duration::hours(24),
    }
}

/// To how many nanoseconds a system writes `issued_at` and `expires_at`.
fn precision(system: System) -> (u32, u32) {
    match system {
        System::NhnIaas | System::NhnCompute => (MICROSECOND, SECOND),
        // Stock Keystone writes a fraction of six zeros.
        System::Kakao => (SECOND, SECOND),
        System::Otc | System::Huawei => (MICROSECOND, MICROSECOND),
    }
}

fn truncated(at: UtcDateTime, precision: u32) -> UtcDateTime {
    at.replace_nanosecond(at.nanosecond() / precision * precision).unwrap_or(at)
}

/// The finaliser of splitmix64: every number has exactly one image, and neighbours look unrelated.
pub(crate) const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// How many tokens a system remembers.
const KEPT: usize = 10_000;
/// The shortest token with room for a key in any spelling.
const SHORTEST: usize = 16;
/// Far beyond what any client lets through, and nothing to exhaust memory with.
const LONGEST: usize = 1 << 20;

const SECOND: u32 = 1_000_000_000;
const MICROSECOND: u32 = 1_000;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const HEXADECIMAL: &[u8] = b"0123456789abcdef";
const FERNET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Base64 with `-` for `/`, as Keystone writes signed tokens.
const SIGNED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

    #[test]
    fn a_token_is_found_by_its_very_text_and_no_other() {
        for system in System::ALL {
            let mut tokens = Tokens::new(system);
            for length in [0, 16, 17, 57, 200, 32_768] {
                tokens.length = length;
                let (token, grant) = tokens.issue(Scope::Project, NOW);
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
    fn only_the_last_ten_thousand_are_kept() {
        let mut tokens = Tokens::new(System::Kakao);
        let (first, _) = tokens.issue(Scope::Project, NOW);
        let (second, _) = tokens.issue(Scope::Project, NOW);
        for _ in 0..KEPT - 1 {
            tokens.issue(Scope::Project, NOW);
        }
        assert_eq!(tokens.len(), KEPT);
        assert!(tokens.find(&first, NOW).is_none());
        assert!(tokens.find(&second, NOW).is_some());
    }

    #[test]
    fn times_saturate() {
        let mut tokens = Tokens::new(System::Huawei);
        tokens.lifetime = Duration::MAX;
        let (_, grant) = tokens.issue(Scope::Project, UtcDateTime::MAX);
        assert!(grant.expires_at >= grant.issued_at);
        tokens.lifetime = Duration::MIN;
        let (token, _) = tokens.issue(Scope::Project, UtcDateTime::MIN);
        assert!(tokens.find(&token, UtcDateTime::MIN).is_none());
    }
}
