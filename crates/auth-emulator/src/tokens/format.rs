//! The text of tokens: a prefix, the key of the grant, and filler.

use crate::{documents::HUAWEI_TOKEN_PREFIX, system::System};

/// The format of a system's tokens.
pub(crate) struct TokenFormat {
    prefix: &'static str,
    /// Sixteen or sixty-four characters.
    alphabet: &'static [u8],
    pub(crate) length: usize,
}

impl TokenFormat {
    pub(crate) const fn of(system: System) -> Self {
        match system {
            // Documents 000 and 001, Response: `access.token.id` is a UUID without hyphens.
            System::NhnIaas | System::NhnCompute => {
                Self { prefix: "", alphabet: HEXADECIMAL, length: 32 }
            }
            // Not documented; shorter than Huawei's. The prefix is the DER of 3,000 bytes.
            System::Otc => {
                Self { prefix: "MIILtAYJKoZIhvcNAQcCoIILpT", alphabet: SIGNED, length: 4_000 }
            }
            // Not documented; a fernet token, as in stock Keystone.
            System::Kakao | System::Keystone => {
                Self { prefix: "gAAAAAB", alphabet: FERNET, length: 183 }
            }
            // Document 004, Example Response: the prefix is the DER of 6,840 bytes.
            System::Huawei => Self { prefix: HUAWEI_TOKEN_PREFIX, alphabet: SIGNED, length: 9_120 },
        }
    }

    /// The prefix, the key, and filler derived from the key.
    pub(crate) fn encode(&self, key: u64, length: usize) -> String {
        let mut token = String::with_capacity(length);
        token.push_str(self.prefix_for(length));
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
    pub(crate) fn decode(&self, token: &str) -> Option<u64> {
        let head = self.prefix_for(token.len()).len();
        let digits = token.as_bytes().get(head..head + self.digits())?;
        let mut key = 0;
        for (place, digit) in digits.iter().enumerate() {
            let value = self.alphabet.iter().position(|character| character == digit)? as u64;
            key |= value << (place as u32 * self.bits());
        }
        Some(key)
    }

    /// The part of the prefix that leaves room for the key.
    fn prefix_for(&self, length: usize) -> &'static str {
        &self.prefix[..self.prefix.len().min(length.saturating_sub(self.digits()))]
    }

    fn character(&self, number: u64) -> char {
        self.alphabet[(number % self.alphabet.len() as u64) as usize].into()
    }

    /// The number of bits in a character.
    const fn bits(&self) -> u32 {
        self.alphabet.len().ilog2()
    }

    /// The number of characters of a key.
    const fn digits(&self) -> usize {
        u64::BITS.div_ceil(self.bits()) as usize
    }
}

/// The audit id of the token with this key, as in Keystone: 16 bytes in base64.
pub(crate) fn audit_id(key: u64) -> String {
    TokenFormat { prefix: "", alphabet: FERNET, length: 22 }.encode(mixed(key), 22)
}

/// The finaliser of splitmix64, a bijection whose results look random.
pub(crate) const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const HEXADECIMAL: &[u8] = b"0123456789abcdef";
const FERNET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Base64 with `-` for `/`, as Keystone writes signed tokens.
const SIGNED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
