//! The key is the boundary. Someone who puts another key in its place has the key of what is written from
//! then on, and not of what was written before.

use auth_store::{FileStore, Key};

use crate::{
    scene::{Scene, write},
    verdict,
    victim::{Kind, Victim, Whose},
};

/// The key of the attacker, as its file has it.
const OTHER: &str = "0505050505050505050505050505050505050505050505050505050505050505";

#[test]
fn another_key_opens_what_is_written_from_then_on() {
    for kind in Kind::ALL {
        let scene = Scene::new();
        let file = scene.beside("key");
        write(&file, OTHER.as_bytes());
        let other = FileStore::open(scene.directory(), Key::new([5; 32])).unwrap();
        let opened = || {
            let entries = other.entries().unwrap();
            entries.iter().filter(|entry| entry.generation().is_some()).count()
        };
        assert_eq!(opened(), 0, "{kind}");
        let start = || {
            let store = FileStore::open(scene.directory(), Key::from_file(&file).unwrap());
            Victim::start(kind, &scene.cloud, Whose::Ours, store.unwrap())
        };
        // On a busy machine a process may go without the store. Then another one has its turn.
        while opened() == 0 {
            let victim = start();
            scene.cloud.forget();
            assert_eq!(verdict(&victim.call(), &scene.cloud.seen()), "miss", "{kind}");
            victim.close();
            drop(victim);
        }
        assert_eq!(opened(), 1, "{kind}: the attacker reads the token");
        // The processes that have read the old key go on with its entries.
        scene.cloud.forget();
        let before = Victim::start(kind, &scene.cloud, Whose::Ours, scene.store());
        assert_eq!(verdict(&before.call(), &scene.cloud.seen()), "found", "{kind}");
        // A file that is no key is an error before any login.
        write(&file, b"no key");
        Key::from_file(&file).unwrap_err();
    }
}
