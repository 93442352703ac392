//! Keys from files, variables and callers.

use std::{fs, thread};

use auth_store::{FileStore, Key, Problem};

use crate::{
    entries::{found, put},
    support::Place,
};

/// Whether both keys are the same, which only a store shows.
fn is_same(one: Key, other: Key) -> bool {
    let place = Place::new();
    put(&place.store_with(one), "t");
    place.store_with(other).entries().unwrap()[0].generation().is_some()
}

#[test]
fn a_key_is_made_once() {
    let place = Place::new();
    let path = place.path().join("below").join("key");
    let keys: Vec<Key> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..16).map(|_| scope.spawn(|| Key::from_file(&path).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for key in keys {
        assert!(is_same(key, Key::from_file(&path).unwrap()));
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(is_same(Key::from_hex(&text).unwrap(), Key::from_file(&path).unwrap()));
    // Nothing but the key and its lock is left, and another path has another key.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
    let other = Key::from_file(path.with_extension("other")).unwrap();
    assert!(!is_same(other, Key::from_file(&path).unwrap()));
}

#[test]
fn only_64_digits_are_a_key() {
    let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).unwrap();
    }
    assert!(is_same(Key::new(bytes), Key::from_hex(&digits).unwrap()));
    assert!(is_same(Key::new(bytes), Key::from_hex(&format!("{digits}\r\n")).unwrap()));
    for text in [
        "",
        &digits[1..],
        &format!("{digits}0"),
        &digits.replace('a', "g"),
        &format!("+{}", &digits[1..]),
    ] {
        let error = Key::from_hex(text).unwrap_err();
        assert!(matches!(error.problem(), Problem::BadKey), "{text}: {error}");
        assert!(!error.to_string().contains("123456789"), "{error}");
    }
    assert!(matches!(
        Key::from_variable("AUTH_STORE_NO_KEY").unwrap_err().problem(),
        Problem::BadKey
    ));
}

#[test]
fn a_damaged_key_file_is_no_key() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let path = place.path().join("key");
    Key::from_file(&path).unwrap();
    for content in ["", "short", &"0".repeat(1_000)] {
        fs::write(&path, content).unwrap();
        let error = Key::from_file(&path).unwrap_err();
        assert!(matches!(error.problem(), Problem::BadKey | Problem::TooLarge { .. }), "{error}");
        // It is not replaced: other processes may have the key that was there.
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn debug_shows_no_key() {
    let key = Key::new([0xab; 32]).with_old_key(Key::new([0xcd; 32]));
    let place = Place::new();
    let store: FileStore = place.store_with(key.clone());
    assert_eq!(format!("{key:?}"), "Key { has_old_key: true, .. }");
    assert!(!format!("{store:?}").contains("ab"), "{store:?}");
    put(&store, "t");
    found(&store);
}
