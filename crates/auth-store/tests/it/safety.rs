//! Files and directories that are not as they should be.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

use auth_proto::{Note, Store, Taken, limits};
use auth_store::{FileStore, Key, Problem};
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::geteuid,
};

use crate::{
    entries::{Events, entry, found, give_back, key, lead, put, want},
    support::{Place, files},
};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn everything_is_closed_to_others() {
    let place = Place::new();
    Key::from_file(place.path().join("key")).unwrap();
    let store = place.store();
    put(&store, "t");
    give_back(&store, lead(&store, u64::MAX / 2));
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o7777;
    assert_eq!(mode(&place.path()), 0o700);
    let files = files(&place.path());
    assert!(files.iter().all(|path| mode(path) == 0o600), "{files:?}");
    // The key and its lock, a lock, a lease, an entry.
    assert_eq!(files.len(), 5);
}

#[test]
fn any_changed_byte_is_a_miss() {
    let place = Place::new();
    let events = Events::default();
    let store = events.of(place.store());
    put(&store, "t");
    let file = place.file("entry");
    let whole = fs::read(&file).unwrap();
    events.take();
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let changed = (0..whole.len()).map(|place| {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        changed
    });
    for damaged in cut.chain(changed).chain([[&whole[..], b"\0"].concat()]) {
        fs::write(&file, &damaged).unwrap();
        give_back(&store, lead(&store, 0));
        assert_eq!(events.take(), ["passed over: Damaged", "given"], "{damaged:?}");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(found(&store).0, entry("t"));
}

#[test]
fn a_damaged_lease_is_none() {
    let place = Place::new();
    let store = place.store();
    let lease = lead(&store, 0);
    fs::write(place.file("lease"), "?").unwrap();
    let next = lead(&place.store(), 0);
    assert!(next.generation() >= lease.generation());
}

/// Puts something else in the place of an entry. Each is a miss, and the next login heals it, unless a
/// file cannot take its place.
#[test]
fn an_unsafe_entry_is_a_miss() {
    type Change = fn(&Path);
    let rows: [(&str, Change, bool); 9] = [
        ("OpenToOthers", |path| set_mode(path, 0o640), true),
        ("OpenToOthers", |path| set_mode(path, 0o604), true),
        ("OpenToOthers", |path| set_mode(path, 0o602), true),
        (
            "Link",
            |path| {
                let other = path.with_extension("other");
                fs::rename(path, &other).unwrap();
                symlink(other, path).unwrap();
            },
            true,
        ),
        (
            "Link",
            |path| {
                fs::remove_file(path).unwrap();
                symlink("/dev/zero", path).unwrap();
            },
            true,
        ),
        (
            "NotAFile",
            |path| {
                fs::remove_file(path).unwrap();
                mknodat(CWD, path, FileType::Fifo, Mode::from(0o600), 0).unwrap();
            },
            true,
        ),
        (
            "NotAFile",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            false,
        ),
        (
            "TooLarge",
            |path| {
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_len(2 * limits::ENTRY as u64).unwrap();
            },
            true,
        ),
        ("Damaged", |path| fs::write(path, "").unwrap(), true),
    ];
    for (problem, change, heals) in rows {
        let (place, events) = (Place::new(), Events::default());
        let store = events.of(place.store());
        put(&store, "t");
        let file = place.file("entry");
        change(&file);
        events.take();
        let lease = lead(&store, 0);
        assert_eq!(events.take(), [format!("passed over: {problem}"), "given".to_owned()]);
        store.tell(&Note::Put { lease, entry: Some(entry("next")) });
        if heals {
            assert_eq!(found(&store).0, entry("next"), "{problem}");
            assert_eq!(events.take(), <[String; 0]>::default(), "{problem}");
        } else {
            assert_eq!(events.take(), ["not told: IsADirectory"]);
        }
    }
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let place = Place::new();
    let store = place.store();
    put(&store, "t");
    let (file, target) = (place.file("entry"), place.path().with_extension("target"));
    fs::write(&target, "the user's").unwrap();
    for name in [file.clone(), file.with_extension("tmp"), file.with_extension("lease")] {
        let _ = fs::remove_file(&name);
        symlink(&target, &name).unwrap();
    }
    put(&store, "next");
    assert_eq!(found(&store).0, entry("next"));
    assert_eq!(fs::read_to_string(&target).unwrap(), "the user's");
    // A lock that is a link keeps the store silent: nobody knows what would be locked.
    let lock = place.file("lock");
    fs::remove_file(&lock).unwrap();
    symlink(&target, &lock).unwrap();
    assert_eq!(store.take(&want(u64::MAX / 2)), Taken::Silent);
}

#[test]
fn an_unsafe_directory_is_refused() {
    let place = Place::new();
    let store = place.store();
    put(&store, "t");
    for mode in [0o701, 0o710, 0o755, 0o1777] {
        set_mode(&place.path(), mode);
        let events = Events::default();
        let error = FileStore::open(place.path(), key()).unwrap_err();
        assert!(matches!(error.problem(), Problem::OpenToOthers { mode: shown } if *shown == mode));
        assert_eq!(events.of(store.clone()).take(&want(0)), Taken::Silent);
        assert_eq!(events.take(), ["silent: OpenToOthers"]);
        // Nobody has changed it.
        assert_eq!(place.path().metadata().unwrap().mode() & 0o7777, mode);
    }
    set_mode(&place.path(), 0o700);
    found(&store);
    let link = place.path().with_extension("link");
    symlink(place.path(), &link).unwrap();
    for path in [link.clone(), link.join(""), place.file("entry")] {
        let error = FileStore::open(path, key()).unwrap_err();
        assert!(matches!(error.problem(), Problem::NotADirectory), "{error}");
    }
}

#[test]
fn another_users_directory_is_refused() {
    let place = Place::new();
    let store = place.store();
    // Root gives its directory away; another user takes root's.
    let directory = match geteuid().is_root() {
        true => {
            chown(place.path(), Some(65_534), Some(65_534)).unwrap();
            assert_eq!(store.take(&want(0)), Taken::Silent);
            place.path()
        }
        false => "/".into(),
    };
    let error = FileStore::open(directory, key()).unwrap_err();
    assert!(matches!(error.problem(), Problem::OtherOwner { .. }), "{error}");
}

#[test]
fn an_unsafe_key_file_is_refused() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let path = place.path().join("key");
    Key::from_file(&path).unwrap();
    for mode in [0o640, 0o604, 0o622] {
        set_mode(&path, mode);
        let error = Key::from_file(&path).unwrap_err();
        assert!(matches!(error.problem(), Problem::OpenToOthers { .. }), "{error}");
    }
    let link = path.with_extension("link");
    symlink(&path, &link).unwrap();
    assert!(matches!(Key::from_file(&link).unwrap_err().problem(), Problem::Link));
    if geteuid().is_root() {
        set_mode(&path, 0o600);
        chown(&path, Some(65_534), None).unwrap();
        let error = Key::from_file(&path).unwrap_err();
        assert!(matches!(error.problem(), Problem::OtherOwner { owner: 65_534 }), "{error}");
    }
}

#[test]
fn a_directory_that_is_gone_is_made_again() {
    let place = Place::new();
    let store = place.store();
    let generation = put(&store, "t");
    fs::remove_dir_all(place.path()).unwrap();
    assert!(put(&store, "next") >= generation);
    assert_eq!(place.path().metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn a_held_lock_keeps_the_store_silent() {
    let (place, events) = (Place::new(), Events::default());
    let store = events.of(place.store());
    put(&store, "t");
    let lock = fs::File::open(place.file("lock")).unwrap();
    lock.lock().unwrap();
    events.take();
    // An entry is found without the lock.
    let (_, generation) = found(&store);
    assert_eq!(store.take(&want(generation)), Taken::Silent);
    store.tell(&Note::Forget { name: want(0).name().clone(), generation });
    assert_eq!(events.take(), ["silent: Locked", "not told: Locked"]);
    lock.unlock().unwrap();
    give_back(&store, lead(&store, generation));
}

#[test]
fn files_of_killed_writers_are_taken_away() {
    let place = Place::new();
    let store = place.store();
    put(&store, "t");
    let left = place.file("entry").with_extension("tmp");
    fs::write(&left, "half").unwrap();
    let lease = lead(&store, u64::MAX / 2);
    assert!(!left.exists());
    fs::write(&left, "half").unwrap();
    store.tell(&Note::Put { lease, entry: Some(entry("next")) });
    assert!(!left.exists());
    assert_eq!(found(&store).0, entry("next"));
}

#[test]
fn what_is_too_old_is_swept() {
    let place = Place::new();
    put(&place.store_with(Key::new([3; 32])), "lost");
    let day = std::time::Duration::from_secs(24 * 3600);
    let age = |path: &Path, days: u32| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() - days * day).unwrap();
    };
    let [old, lease] = ["entry", "lease"].map(|end| place.file(end));
    age(&old, 32);
    age(&lease, 30);
    put(&place.store(), "t");
    assert!(!old.exists() && lease.exists());
}
