//! A store that calls its client, hangs or panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use auth_proto::Scope;
use http::{StatusCode, Uri};
use time::UtcDateTime;

use super::script::{FORMS, Form, Script, driver, key, session};
use crate::driver::Driver;

#[test]
fn a_store_may_call_its_client() {
    for form in FORMS {
        let script = Script::new();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let driver = driver(session(key()), move |driver, _| {
            let now = UtcDateTime::now();
            let token = driver.change(|session| session.cached_token(&Scope::default(), now));
            counted.fetch_add(usize::from(token.is_some()), SeqCst);
            driver.close();
        });
        script.token(&driver, form).unwrap_err();
        assert_eq!(calls.load(SeqCst), 1, "{form:?}");
        assert!(driver.read(|session| session.last_error(&Scope::default())).is_none());
    }
}

/// Blocks the first thread that comes, until it is told to go on.
struct Gate {
    begun: Sender<()>,
    go_on: Mutex<Receiver<()>>,
    is_open: AtomicBool,
}

impl Gate {
    /// A gate, who has come to it, and what opens it.
    fn new(is_open: bool) -> (Arc<Self>, Receiver<()>, Sender<()>) {
        let (begun, has_begun) = mpsc::channel();
        let (go, go_on) = mpsc::channel();
        let gate = Self { begun, go_on: Mutex::new(go_on), is_open: AtomicBool::new(is_open) };
        (Arc::new(gate), has_begun, go)
    }

    fn pass(&self) {
        if !self.is_open.swap(true, SeqCst) {
            self.begun.send(()).unwrap();
            let _ = self.go_on.lock().unwrap().recv();
        }
    }
}

/// A cloud and a driver whose store hangs in one answer or in one note.
fn hanging(
    in_take: bool,
    is_open: bool,
) -> (Script, Arc<Driver>, Arc<Gate>, Receiver<()>, Sender<()>) {
    let (gate, has_begun, go) = Gate::new(is_open);
    let script = Script::new();
    let (of_take, of_tell, http) = (Arc::clone(&gate), Arc::clone(&gate), script.http.clone());
    let script = script.taking(move |want| {
        if in_take {
            of_take.pass();
        }
        http.taken(want)
    });
    let driver = driver(session(key()), move |_, _| {
        if !in_take {
            of_tell.pass();
        }
    });
    (script, driver, gate, has_begun, go)
}

#[test]
fn a_store_that_hangs_keeps_one_thread() {
    // The thread hangs in its question, or in its note after the login. Others log in themselves
    // after a second, or have the token.
    for in_take in [true, false] {
        let (script, driver, _, has_begun, go) = hanging(in_take, false);
        thread::scope(|threads| {
            threads.spawn(|| script.token(&driver, Form::Blocking));
            has_begun.recv().unwrap();
            FORMS.into_iter().for_each(|form| drop(script.token(&driver, form).unwrap()));
            // Only now does the store go on.
            go.send(()).unwrap();
        });
        assert_eq!(script.http.logins(), 1);
    }
}

#[test]
fn a_store_that_hangs_keeps_no_token() {
    let (script, driver, gate, has_begun, go) = hanging(true, true);
    let token = script.token(&driver, Form::Blocking).unwrap();
    // One service refuses the token. Callers of others go on with it.
    let held = driver.peek().cached_token(&Scope::default(), UtcDateTime::now()).unwrap();
    let [refused, other] = ["https://network.example/", "https://image.example/"];
    let _ = driver.report(&held, &Uri::from_static(refused), StatusCode::UNAUTHORIZED);
    gate.is_open.store(false, SeqCst);
    thread::scope(|threads| {
        threads.spawn(|| script.token_at(&driver, Form::Blocking, refused));
        has_begun.recv().unwrap();
        for form in FORMS {
            assert_eq!(script.token_at(&driver, form, other).unwrap(), token);
        }
        go.send(()).unwrap();
    });
}

#[test]
fn a_panic_of_the_store_reaches_one_caller() {
    for (form, in_take) in FORMS.into_iter().flat_map(|form| [(form, true), (form, false)]) {
        let is_first = Arc::new(AtomicBool::new(true));
        let panic = move |is_here: bool| {
            if is_here && is_first.swap(false, SeqCst) {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
        };
        let script = Script::new();
        let (of_take, http) = (panic.clone(), script.http.clone());
        let script = script.taking(move |want| {
            of_take(in_take);
            http.taken(want)
        });
        let driver = driver(session(key()), move |_, _| panic(!in_take));
        let caught = catch_unwind(AssertUnwindSafe(|| script.token(&driver, form)));
        assert!(caught.is_err(), "{form:?}");
        script.token(&driver, form).unwrap();
        assert_eq!(script.http.logins(), 1, "{form:?}");
    }
}
