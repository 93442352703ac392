//! A login that takes longer than a lease: whoever sends it, the store hears that it goes on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_proto::{Cloud, Event, Note, Scope, Session, Settings};
use time::UtcDateTime;

use super::{
    script::{Form, Script, key, session},
    store::wanted,
};
use crate::driver::Driver;

/// What the driver has read and told.
#[derive(Default)]
struct Seen {
    clock: AtomicU64,
    kept: AtomicU64,
    lost: AtomicU64,
    put: AtomicU64,
    is_sent: AtomicBool,
    has_gone: AtomicBool,
}

/// Only a test that fails waits that long.
const MINUTE: Duration = Duration::from_secs(60);

/// So often a lease is kept in three times its length. (A login counts as lost after a minute.)
const KEPT: u64 = 6;

/// A driver whose clock goes on by 2.5 seconds each time it is read while the login is sent, until the
/// lease was kept so often.
fn driver(session: Session, has_store: bool, seen: &Arc<Seen>, script: &Script) -> Arc<Driver> {
    let (clock, events, start) = (Arc::clone(seen), Arc::clone(seen), UtcDateTime::now());
    let now = move || {
        let goes_on = clock.is_sent.load(SeqCst) && clock.kept.load(SeqCst) < KEPT;
        start + Duration::from_millis(2500 * clock.clock.fetch_add(u64::from(goes_on), SeqCst))
    };
    let mut driver = Driver::new(session, now).with_listener(move |event| {
        let is_lost = matches!(event, Event::LeaseLost { .. });
        events.lost.fetch_add(u64::from(is_lost), SeqCst);
    });
    if has_store {
        let (notes, store) = (Arc::clone(seen), Arc::clone(&script.http.store));
        driver = driver.with_store(move |note| {
            notes.kept.fetch_add(u64::from(matches!(note, Note::Keep { .. })), SeqCst);
            store.lock().unwrap().tell(note);
            let is_token = matches!(note, Note::Put { entry: Some(_), .. });
            notes.put.fetch_add(u64::from(is_token), SeqCst);
        });
    }
    driver.look_every = Duration::from_millis(5);
    Arc::new(driver)
}

/// The caller's own thread sends, another one does because the caller has no time, or that caller has
/// gone.
#[test]
fn a_login_of_many_leases_keeps_its_lease() {
    for (form, timeout, patience) in [
        (Form::Blocking, Duration::ZERO, MINUTE),
        (Form::Blocking, MINUTE, Duration::from_secs(30)),
        (Form::Blocking, MINUTE, Duration::from_secs(1)),
    ] {
        let seen = Arc::<Seen>::default();
        let (script, own) = (Script::new(), Arc::clone(&seen));
        let http = script.http.clone();
        let script = Script { timeout, ..script }.sending(move |request| {
            let started = Instant::now();
            own.is_sent.store(true, SeqCst);
            let is_impatient = patience < Duration::from_secs(30);
            let is_early = || is_impatient && !own.has_gone.load(SeqCst);
            while (own.kept.load(SeqCst) < KEPT || is_early()) && started.elapsed() < MINUTE {
                thread::sleep(Duration::from_millis(1));
            }
            http.handle(request)
        });
        let driver = driver(session(key()), true, &seen, &script);
        let scope = Scope::default();
        let (wanted, mode) = wanted(&scope);
        let result = script.grant(&driver, form, wanted, mode, patience);
        seen.has_gone.store(true, SeqCst);
        assert_eq!(result.is_ok(), patience > Duration::from_secs(1), "{result:?}");
        let started = Instant::now();
        while seen.put.load(SeqCst) == 0 && started.elapsed() < MINUTE {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(seen.put.load(SeqCst), 1);
        assert!(seen.kept.load(SeqCst) >= KEPT);
        assert_eq!((seen.lost.load(SeqCst), script.http.logins()), (0, 1));
    }
}

#[test]
fn without_a_store_nobody_looks() {
    let seen = Arc::<Seen>::default();
    let (script, own) = (Script::new(), Arc::clone(&seen));
    let http = script.http.clone();
    let script = script.sending(move |request| {
        own.is_sent.store(true, SeqCst);
        let before = own.clock.load(SeqCst);
        thread::sleep(Duration::from_millis(50));
        assert_eq!(own.clock.load(SeqCst), before);
        http.handle(request)
    });
    let session = Session::new(Cloud::kakao(), key(), Settings::default()).unwrap();
    let driver = driver(session, false, &seen, &script);
    script.token(&driver, Form::Blocking).unwrap();
}
