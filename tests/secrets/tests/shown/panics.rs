//! A panic in a caller's clock, which the adapters call: neither its message nor anything that the
//! client prints afterwards contains a secret.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use auth_proto::{Credential, Factor, Projects, Scope, UserRef};
use testing::{Adapter, Loopback};
use time::UtcDateTime;

use crate::{
    canaries::{PASSCODE, PASSWORD, TOKEN, in_logs, listen, seen_in},
    clients::{response, token_response},
};

thread_local! {
    /// The messages of this thread's panics, while they are recorded.
    static MESSAGES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// The messages of the panics in `work`, and its result if it did not panic.
fn recorded<T>(work: impl FnOnce() -> T) -> (Vec<String>, Option<T>) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_recorded = MESSAGES.with_borrow_mut(|messages| {
                messages.as_mut().map(|messages| messages.push(info.to_string())).is_some()
            });
            if !is_recorded {
                usual(info);
            }
        }));
    });
    MESSAGES.set(Some(Vec::new()));
    let done = catch_unwind(AssertUnwindSafe(work));
    (MESSAGES.take().unwrap_or_default(), done.ok())
}

#[test]
fn a_panic_in_a_clock_shows_no_secret() {
    const TIMEOUT: Duration = Duration::from_millis(200);
    listen();
    let server =
        Loopback::start(|request| match request.text.starts_with("POST /v3/auth/tokens") {
            true => token_response(TOKEN),
            false => response("401 No", "", &request.text),
        });
    let projects = Projects::new(&server.cloud());
    let mut panics = 0;
    for (adapter, reading) in Adapter::BOTH.into_iter().flat_map(|a| (0..12).map(move |r| (a, r))) {
        let credential =
            Credential::password(UserRef::id("u"), PASSWORD).and(Factor::totp(PASSCODE));
        let builder = adapter.client(server.cloud(), credential, Scope::default());
        // On its own runtime all of the client runs on this thread, whose panics are recorded.
        let client = builder.clock(clock(reading)).own_runtime().build().unwrap();
        let mut texts = Vec::new();
        for _ in 0..4 {
            let (messages, token) = recorded(|| client.token_within(TIMEOUT).map(drop));
            texts.extend(messages);
            let (messages, list) = recorded(|| client.run(&projects).map(drop));
            texts.extend(messages);
            let errors = [token, list].into_iter().flatten().filter_map(Result::err);
            texts.extend(errors.map(|error| error.shown()));
            texts.push(format!("{client:?}"));
        }
        panics += texts.iter().filter(|text| text.contains("planned")).count();
        for text in texts {
            assert_eq!(seen_in(&text), None, "{adapter}: {text}");
        }
    }
    assert!(panics > 8, "{panics}");
    assert_eq!(in_logs(), [""; 0]);
}

/// A clock that panics at the reading with this number.
fn clock(reading: usize) -> impl Fn() -> UtcDateTime + Send + Sync + 'static {
    let readings = Arc::new(AtomicUsize::new(0));
    move || {
        assert_ne!(readings.fetch_add(1, Relaxed), reading, "planned");
        UtcDateTime::now()
    }
}
