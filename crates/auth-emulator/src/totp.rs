//! One-time codes (RFC 6238) of the stock Keystone's users.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use time::UtcDateTime;

/// The one-time code that belongs to
/// [`account::KEYSTONE_TOTP_SECRET`](crate::account::KEYSTONE_TOTP_SECRET) at this time: six
/// digits, which change every 30 seconds.
///
/// As in Keystone, the code before the current one also logs in, and a code may be used twice.
pub fn totp_code(now: UtcDateTime) -> String {
    let seconds = now.unix_timestamp().max(0).unsigned_abs();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(SECRET) else { return String::new() };
    mac.update(&(seconds / PERIOD).to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let start = usize::from(hash[19] & 0xf);
    let bits = hash[start..start + 4].iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    format!("{:06}", (bits & 0x7fff_ffff) % 1_000_000)
}

/// The lifetime of a code, in seconds.
pub(crate) const PERIOD: u64 = 30;
/// [`account::KEYSTONE_TOTP_SECRET`](crate::account::KEYSTONE_TOTP_SECRET) without its base32.
const SECRET: &[u8] = b"emulated-totp-secret";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::KEYSTONE_TOTP_SECRET;

    #[test]
    fn the_secret_is_the_one_for_authenticators() {
        let bits = KEYSTONE_TOTP_SECRET.bytes().fold(String::new(), |bits, letter| {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|it| *it == letter);
            format!("{bits}{:05b}", value.unwrap())
        });
        let bytes: Vec<u8> = (0..bits.len() / 8)
            .map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap())
            .collect();
        assert_eq!(bytes, SECRET);
    }

    /// The codes are those of Python's `hmac`.
    #[test]
    fn codes_change_every_thirty_seconds() {
        let code = |seconds| totp_code(UtcDateTime::from_unix_timestamp(seconds).unwrap());
        assert_eq!(code(0), "417135");
        assert_eq!(code(1_772_366_400), "701875");
        assert_eq!(code(1_772_366_429), "701875");
        assert_eq!(code(1_772_366_430), "479615");
        assert_eq!(code(-1), code(0));
    }
}
