//! Sealing: without the key, the bytes of a store cannot be read, changed or used for another name.
//!
//! ```text
//! 01 | generation, u64 | nonce, 24 random bytes | sealed text | tag, 16
//! ```
//!
//! The cipher is XChaCha20-Poly1305. Its nonces are long enough to be random. The associated data is
//! the kind, the format, the hash of the name, and the generation: a box opens only for the name and generation that it was sealed for.

use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::{
    error::Problem,
    key::{NameHash, Subkeys},
    system,
};

/// What a box contains. A box of one kind never opens as another one.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Entry = 1,
    Lease = 2,
    /// An entry beside which the store keeps the time.
    #[cfg(feature = "redis")]
    Timed = 3,
}

/// The bytes of a box beyond those of its text.
pub(crate) const OVERHEAD: usize = HEAD + TAG;

const FORMAT: u8 = 1;
const GENERATION: usize = 8;
const NONCE: usize = 24;
const HEAD: usize = 1 + GENERATION + NONCE;
const TAG: usize = 16;

/// Seals a text. It comes in parts, so that callers need not copy secrets into one buffer.
pub(crate) fn seal(
    keys: &Subkeys,
    kind: Kind,
    name: &NameHash,
    generation: u64,
    parts: [&[u8]; 2],
) -> Result<Vec<u8>, Problem> {
    let [first, second] = parts;
    // Allocated once, and wiped if it cannot be sealed.
    let length = OVERHEAD + first.len() + second.len();
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.push(FORMAT);
    out.extend(generation.to_be_bytes());
    let mut nonce = [0; NONCE];
    system::fill_random(&mut nonce)?;
    out.extend(nonce);
    out.extend(first);
    out.extend(second);
    let data = associated_data(kind, name, generation);
    let text = &mut out[HEAD..];
    let cipher = XChaCha20Poly1305::new(&(*keys.entries).into());
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &data, text.into());
    // The cipher takes texts of up to 256 GiB.
    out.extend(tag.map_err(|_| Problem::TooLarge { limit: usize::MAX })?);
    Ok(std::mem::take(&mut out))
}

/// The generation and the text of a box. `None` if it was not sealed for this place with these keys.
pub(crate) fn open(
    keys: &Subkeys,
    kind: Kind,
    name: &NameHash,
    sealed: Vec<u8>,
) -> Option<(u64, Zeroizing<Vec<u8>>)> {
    let mut sealed = Zeroizing::new(sealed);
    let (head, rest) = sealed.split_at_mut_checked(HEAD)?;
    let (text, tag) = rest.split_at_mut_checked(rest.len().checked_sub(TAG)?)?;
    let (&format, head) = head.split_first()?;
    let (&generation, nonce) = head.split_first_chunk()?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let tag: [u8; TAG] = (&*tag).try_into().ok()?;
    if format != FORMAT {
        return None;
    }
    let generation = u64::from_be_bytes(generation);
    let data = associated_data(kind, name, generation);
    let cipher = XChaCha20Poly1305::new(&(*keys.entries).into());
    cipher.decrypt_inout_detached(&nonce.into(), &data, text.into(), &tag.into()).ok()?;
    let end = sealed.len() - TAG;
    sealed.truncate(end);
    sealed.drain(..HEAD);
    Some((generation, sealed))
}

fn associated_data(kind: Kind, name: &NameHash, generation: u64) -> Vec<u8> {
    let format: &[u8] = &[FORMAT, kind as u8];
    [b"auth-store", format, name, &generation.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    const NAME: NameHash = [7; 16];

    fn sealed(key: &Key) -> Vec<u8> {
        seal(key.current(), Kind::Entry, &NAME, 9, [b"to", b"ken"]).unwrap()
    }

    fn opened(key: &Key, kind: Kind, name: &NameHash, sealed: Vec<u8>) -> Option<(u64, Vec<u8>)> {
        let (generation, text) = open(key.current(), kind, name, sealed)?;
        Some((generation, text.to_vec()))
    }

    #[test]
    fn a_box_opens_where_it_was_put() {
        let key = Key::new([1; 32]);
        let text = Some((9, b"token".to_vec()));
        assert_eq!(opened(&key, Kind::Entry, &NAME, sealed(&key)), text);
        assert_eq!(opened(&key, Kind::Lease, &NAME, sealed(&key)), None);
        assert_eq!(opened(&key, Kind::Entry, &[8; 16], sealed(&key)), None);
        assert_eq!(opened(&Key::new([2; 32]), Kind::Entry, &NAME, sealed(&key)), None);
    }

    /// An older or newer version of this crate reads and writes the same.
    #[test]
    fn the_format_stays() {
        let key = Key::new([1; 32]);
        let hash = key.current().hash(b"name");
        assert_eq!(crate::key::hex(&hash).as_str(), "5c0869b8160952214c02b60947d1c404");
        let sealed: Vec<u8> = (0..SEALED.len() / 2)
            .map(|at| u8::from_str_radix(&SEALED[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        assert_eq!(opened(&key, Kind::Entry, &NAME, sealed), Some((9, b"token".to_vec())));
    }

    const SEALED: &str = "010000000000000009a3eeddf3917a85a6046b5c099f5fdd9284e3f6d36ea6c72d7901282008ecdafe15938a443c5e5a4d77c891c6bf";

    #[test]
    fn a_box_is_closed_and_never_the_same() {
        let key = Key::new([1; 32]);
        let (one, other) = (sealed(&key), sealed(&key));
        assert_eq!(one.len(), OVERHEAD + 5);
        assert_eq!(one[..9], [1, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert!(one[9..33] != other[9..33] && one[33..] != other[33..]);
        assert!(!one.windows(5).any(|part| part == b"token"));
    }

    #[test]
    fn a_box_with_another_bit_does_not_open() {
        let key = Key::new([1; 32]);
        let whole = sealed(&key);
        for bit in 0..8 * whole.len() {
            let mut other = whole.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opened(&key, Kind::Entry, &NAME, other), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(opened(&key, Kind::Entry, &NAME, whole[..length].to_vec()), None);
        }
        assert_eq!(opened(&key, Kind::Entry, &NAME, [whole, vec![0]].concat()), None);
    }
}
