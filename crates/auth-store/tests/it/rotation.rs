//! Two keys, and the list of entries.

use std::time::Duration;

use auth_proto::{Label, Note, Store, Taken};
use auth_store::Key;

use crate::{
    entries::{entry, found, give_back, key, lead, put, want},
    support::{Place, files},
};

fn new_key() -> Key {
    Key::new([2; 32]).with_old_key(key())
}

#[test]
fn both_keys_open_and_the_new_one_seals() {
    let place = Place::new();
    let (old, both) = (place.store(), place.store_with(new_key()));
    let first = put(&old, "old");
    assert_eq!(found(&both), (entry("old"), first));
    // The next login is sealed with the new key.
    let lease = lead(&both, first);
    let second = lease.generation();
    both.tell(&Note::Put { lease, entry: Some(entry("new")) });
    assert_eq!(found(&both), (entry("new"), second));
    assert_eq!(found(&place.store_with(Key::new([2; 32]))), (entry("new"), second));
    assert_eq!(found(&old), (entry("old"), first));
    // A newer entry of a process with the old key counts, too.
    let lease = lead(&old, second);
    let third = lease.generation();
    old.tell(&Note::Put { lease, entry: Some(entry("older")) });
    assert_eq!(found(&both), (entry("older"), third));
    // A refused token is forgotten under both.
    both.tell(&Note::Forget { name: want(0).name().clone(), generation: third });
    assert_eq!(found(&both), (entry("new"), second));
    assert!(matches!(old.take(&want(0)), Taken::Led(_)));
}

#[test]
fn another_key_finds_nothing() {
    let place = Place::new();
    let (own, other) = (place.store(), place.store_with(Key::new([3; 32])));
    put(&own, "t");
    give_back(&other, lead(&other, 0));
    let entries = other.entries().unwrap();
    assert_eq!((entries.len(), entries[0].generation(), entries[0].rest()), (1, None, None));
    assert_eq!((entries[0].label(), entries[0].is_pause()), (None, false));
    found(&own);
}

#[test]
fn entries_are_listed_and_removed() {
    let place = Place::new();
    let store = place.store();
    assert_eq!(store.entries().unwrap(), []);
    let generation = put(&store, "t");
    let [entry] = &store.entries().unwrap()[..] else { panic!("one entry") };
    assert_eq!(entry.generation(), Some(generation));
    assert_eq!((entry.label().map(Label::scope), entry.is_pause()), (Some(""), false));
    let minute = Duration::from_secs(60);
    assert!(entry.rest().is_some_and(|rest| Duration::ZERO < rest && rest <= minute));
    assert!(entry.age() < minute);
    let file = place.file("entry");
    assert_eq!(file.file_name().unwrap().to_str().unwrap(), format!("{}.entry", entry.id()));
    assert_eq!(entry.size(), file.metadata().unwrap().len());
    for id in ["", "x", "../key", &entry.id().to_uppercase(), &"0".repeat(32)] {
        assert!(!store.remove(id).unwrap() || id.contains('.'), "{id}");
    }
    found(&store);
    assert!(store.remove(entry.id()).unwrap());
    assert!(!store.remove(entry.id()).unwrap());
    give_back(&store, lead(&store, 0));
}

#[test]
fn an_entry_is_read_and_removed_by_generation() {
    let place = Place::new();
    let (store, foreign) = (place.store(), place.store_with(Key::new([3; 32])));
    let first = put(&store, "t");
    let [listed] = &store.entries().unwrap()[..] else { panic!("one entry") };
    let id = listed.id();
    assert_eq!(store.entry(id).unwrap(), Some(entry("t")));
    for (store, id) in [(&foreign, id), (&store, &"0".repeat(32)), (&store, "../key")] {
        assert_eq!(store.entry(id).unwrap(), None);
        assert!(!store.remove_generation(id, first).unwrap());
    }
    // A newer entry of another process stays.
    let lease = lead(&store, first);
    let second = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry("newer")) });
    assert!(!store.remove_generation(id, first).unwrap());
    assert_eq!(found(&store), (entry("newer"), second));
    assert!(store.remove_generation(id, second).unwrap());
    assert_eq!(store.entries().unwrap(), []);
}

#[test]
fn clear_leaves_the_key_and_the_locks() {
    let place = Place::new();
    let key = Key::from_file(place.path().join("key")).unwrap();
    let store = place.store_with(key.clone());
    put(&store, "t");
    put(&place.store_with(Key::new([3; 32])), "foreign");
    store.clear().unwrap();
    let names = files(&place.path());
    let is_left = |name: &str| name == "key" || name.ends_with(".lock");
    assert!(
        names.iter().all(|path| is_left(path.file_name().unwrap().to_str().unwrap())),
        "{names:?}"
    );
    // A lease that was given before does not matter any more.
    put(&place.store_with(key), "t");
}
