//! Panics of a caller's own code that runs inside of a client: what is said of them, and of what comes
//! after them.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use auth_proto::{Cloud, Credential, Factor, Projects, Scope, UserRef};
use time::UtcDateTime;

use crate::{
    canaries::{PASSCODE, PASSWORD, TOKEN, in_logs, listen, seen_in, shown},
    server,
};

thread_local! {
    /// What this thread's panics said, if anybody wants to know.
    static SAID: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// What the panics in here say, and what comes of it.
fn said<T>(act: impl FnOnce() -> T) -> (Vec<String>, Option<T>) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_heard = SAID.with_borrow_mut(|said| {
                said.as_mut().map(|said| said.push(info.to_string())).is_some()
            });
            if !is_heard {
                usual(info);
            }
        }));
    });
    SAID.set(Some(Vec::new()));
    let done = catch_unwind(AssertUnwindSafe(act));
    (SAID.take().unwrap_or_default(), done.ok())
}

#[test]
fn a_panic_in_a_clock_says_no_secret() {
    listen();
    let url = server::start(|request| match request.contains("POST /v3/auth/tokens") {
        true => server::token(TOKEN),
        false => server::answer("401 No", "", request),
    });
    let cloud = Cloud::keystone(&format!("{url}/v3")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let soon = Duration::from_millis(200);
    let mut panics = 0;
    for reading in 0..12 {
        let credential =
            || Credential::password(UserRef::id("u"), PASSWORD).and(Factor::totp(PASSCODE));
        let builder = auth_ureq::Client::builder(cloud.clone(), credential(), Scope::default());
        let ureq = builder.clock(clock(reading)).build().unwrap();
        let builder = auth_reqwest::Client::builder(cloud.clone(), credential(), Scope::default());
        let reqwest = builder.clock(clock(reading)).build().unwrap();
        let mut told = Vec::new();
        for _ in 0..4 {
            let (said, result) = said(|| ureq.token_within(soon).map(|_| ()));
            told.extend(result.and_then(Result::err).map(|error| shown(&error)));
            told.extend(said);
            let (said, result) = self::said(|| ureq.run(&Projects::new(&cloud)).map(|_| ()));
            told.extend(result.and_then(Result::err).map(|error| shown(&error)));
            told.extend(said);
            let (said, result) =
                self::said(|| runtime.block_on(reqwest.token_within(soon)).map(|_| ()));
            told.extend(result.and_then(Result::err).map(|error| shown(&error)));
            told.extend(said);
            told.push(format!("{ureq:?} {reqwest:?}"));
        }
        panics += told.iter().filter(|text| text.contains("planned")).count();
        for text in told {
            assert_eq!(seen_in(&text), None, "{text}");
        }
    }
    assert!(panics > 8, "{panics}");
    assert_eq!(in_logs(), [""; 0]);
}

/// A clock that fails when it is read for the so-many-th time.
fn clock(reading: usize) -> impl Fn() -> UtcDateTime + Send + Sync + 'static {
    let readings = Arc::new(AtomicUsize::new(0));
    move || {
        assert_ne!(readings.fetch_add(1, Relaxed), reading, "planned");
        UtcDateTime::now()
    }
}
