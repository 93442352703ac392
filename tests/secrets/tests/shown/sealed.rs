//! The stores, and what they report.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use auth_proto::{Lease, Name, Note, Store, Taken, Want};
use auth_store::{AsyncRedisStore, Blocking, FileStore, Key, RedisStore, StoreEvent};

use crate::{
    canaries::{NAME, PASSWORD, TOKEN},
    store,
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    // The first bytes of a canary, as a key.
    let (bytes, _) = TOKEN.as_bytes().split_first_chunk().unwrap();
    let key = Key::new(*bytes);
    let bad = Key::from_hex(TOKEN).unwrap_err();
    see!(walk, key, key.clone().with_old_key(Key::new([2; 32])), bad, bad.problem());
    files(walk, &key);
    servers(walk, &key);
}

/// The events of a store are seen by its own thread.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Walk>>);

impl Events {
    fn listener(&self) -> impl Fn(&StoreEvent) + Send + Sync + 'static {
        let seen = Arc::clone(&self.0);
        move |event| see!(seen.lock().unwrap(), event)
    }

    fn add_to(&self, walk: &mut Walk) {
        let seen = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(!seen.types.is_empty(), "no event");
        walk.types.extend(seen.types);
        walk.text += &seen.text;
    }
}

fn want() -> Want {
    let name = Name::new(PASSWORD.as_bytes().to_vec().into());
    Want::new(name, 0, Duration::from_secs(10))
}

fn told() -> Note {
    Note::Put { lease: Lease::new(want().name().clone(), 1), entry: Some(store::entry()) }
}

fn files(walk: &mut Walk, key: &Key) {
    let place = tempfile::tempdir().unwrap();
    let (directory, events) = (place.path().join("store"), Events::default());
    let store = FileStore::open(&directory, key.clone()).unwrap().on_event(events.listener());
    let Taken::Led(lease) = store.take(&want()) else { panic!("no lease") };
    store.tell(&Note::Put { lease, entry: Some(store::entry()) });
    let entries = store.entries().unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    see!(walk, entry);
    // Damaged: the next look passes it over.
    fs::write(directory.join(format!("{}.entry", entry.id())), TOKEN).unwrap();
    drop(store.take(&want()));
    // A file in the place of the directory: nothing can be asked or told.
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, TOKEN).unwrap();
    drop(store.take(&want()));
    store.tell(&told());
    see!(walk, store, Blocking::new(store.clone()).unwrap());
    events.add_to(walk);
}

/// A server whose refusals repeat what it has heard.
fn servers(walk: &mut Walk, key: &Key) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 65_536]);
            let _ = write!(stream, "-WRONGPASS {PASSWORD} {TOKEN}\r\n");
        }
    });
    let url = format!("redis://{NAME}:{NAME}@{address}");
    let events = Events::default();
    let store = RedisStore::open(&url, key.clone()).unwrap().on_event(events.listener());
    assert!(matches!(store.take(&want()), Taken::Silent));
    store.tell(&told());
    let bad = RedisStore::open(&format!("redis://{NAME}@host/{NAME}"), key.clone()).unwrap_err();
    see!(walk, store, AsyncRedisStore::open(&url, key.clone()).unwrap(), bad, bad.problem());
    // Nobody listens at this port.
    let closed = url.replace(&address.to_string(), "127.0.0.1:1");
    let closed = RedisStore::open(&closed, key.clone()).unwrap().on_event(events.listener());
    drop(closed.take(&want()));
    // Their threads end, so every event has come.
    drop((store, closed));
    events.add_to(walk);
}
