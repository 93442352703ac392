//! When drivers tell the store: after each call that changes the session, without its lock, and after
//! all wake-ups.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use auth_emulator::account;
use auth_proto::{
    Body, Cloud, Credential, Failure, FailureKind, Reply, Scope, SecretSource, Session, Settings,
    UserRef,
};
use http::{Request, Response, StatusCode, Uri};
use time::UtcDateTime;

use super::{
    script::{FORMS, Form, Script, driver, key, session, status},
    store::{Http, Log, PATIENCE, drain, kind, wanted},
};
use crate::driver::{Driver, Step};

/// A driver whose notes go to the store and to a log, with the epoch in which they are told.
fn logging(credential: Credential, http: &Http) -> (Arc<Driver>, Log) {
    let (log, store) = (Log::default(), Arc::clone(&http.store));
    let notes = Arc::clone(&log);
    let driver = driver(session(credential), move |driver, note| {
        assert!(!driver.is_locked(), "told under the lock");
        notes.lock().unwrap().push(format!("{} at {:?}", kind(note), driver.epoch()));
        store.lock().unwrap().tell(note);
    });
    (driver, log)
}

/// Takes the lease. The login waits.
fn lead(driver: &Driver, script: &Script) {
    let scope = Scope::default();
    let (wanted, mode) = wanted(&scope);
    let Step::Take(guard, want) = driver.next(wanted, mode, PATIENCE) else { panic!("no take") };
    guard.taken((script.take)(&want));
}

fn no_connection() -> Result<Response<Body>, Failure> {
    Err(Failure::new(FailureKind::Connect, "refused"))
}

#[test]
fn each_result_of_a_login_is_told_after_waking() {
    type Sent = fn(&Http, Request<Body>) -> Result<Response<Body>, Failure>;
    let results: [(&str, Sent); 4] = [
        ("put an entry", |http, request| http.handle(request)),
        ("put an entry", |_, _| status(401)),
        ("put an entry", |_, _| status(403)),
        ("put nothing", |_, _| Err(Failure::new(FailureKind::Tls, "unknown issuer"))),
    ];
    for (form, (note, sent)) in FORMS.into_iter().flat_map(|form| results.map(|row| (form, row))) {
        let script = Script::new();
        let http = script.http.clone();
        let script = script.sending(move |request| sent(&http, request));
        let (driver, log) = logging(key(), &script.http);
        let before = driver.epoch();
        let _ = script.token(&driver, form);
        assert_ne!(before, driver.epoch());
        // Nothing has happened after the note.
        assert_eq!(drain(&log), [format!("{note} at {:?}", driver.epoch())], "{form:?}");
    }
}

/// A token of this driver, and a login under way that has the lease.
type Change = fn(&Arc<Driver>, &Script, Form);

#[test]
fn each_change_is_told_after_waking() {
    let changes: [(&str, bool, &str, Change); 5] = [
        ("a report", true, "forget", |driver, _, _| {
            let token = driver.peek().cached_token(&Scope::default(), UtcDateTime::now()).unwrap();
            let url = Uri::from_static("https://network.example/");
            let _ = driver.report(&token, &url, StatusCode::UNAUTHORIZED);
        }),
        ("a question about a token", true, "forget", |driver, script, form| {
            let token = driver.peek().cached_token(&Scope::default(), UtcDateTime::now()).unwrap();
            driver.change(|session| session.handle_interrupted(&token, UtcDateTime::now()));
            // The identity service calls the token invalid.
            let script = script.clone().sending(|_| status(401));
            let _ = script.token(driver, form);
        }),
        ("another credential", false, "put nothing", |driver, _, _| {
            let key = Credential::application_credential(account::KAKAO_KEY_ID, "another");
            driver.change(|session| session.replace_credential(key)).unwrap();
        }),
        ("the end", false, "put nothing", |driver, _, _| driver.close()),
        ("the end of a login", false, "put nothing", |driver, script, form| {
            let script = script.clone().sending(|_| no_connection());
            // The pause after the failure is longer than the caller waits.
            let scope = Scope::default();
            let (wanted, mode) = wanted(&scope);
            let _ = script.grant(driver, form, wanted, mode, Duration::from_millis(50));
        }),
    ];
    for (form, row) in FORMS.into_iter().flat_map(|form| changes.map(|row| (form, row))) {
        let (what, has_token, note, change) = row;
        let script = Script::new();
        let (driver, log) = logging(key(), &script.http);
        match has_token {
            true => drop(script.token(&driver, form).unwrap()),
            false => lead(&driver, &script),
        }
        drain(&log);
        let before = driver.epoch();
        change(&driver, &script, form);
        let told = drain(&log);
        let first = told.first().expect(what);
        assert!(first.starts_with(note), "{form:?} {what}: {told:?}");
        assert!(!first.ends_with(&format!("{before:?}")), "{form:?} {what}: told before waking");
    }
}

/// Asks the store for this project, which gives the lease.
fn lead_for(driver: &Driver, script: &Script, project: &str) {
    let scope = Scope::project_id(project);
    let (wanted, mode) = wanted(&scope);
    let Step::Take(guard, want) = driver.next(wanted, mode, PATIENCE) else { panic!("no take") };
    guard.taken((script.take)(&want));
}

/// Answers the question for the password of this project.
fn answer_for(driver: &Driver, project: &str, password: &str) {
    let scope = Scope::project_id(project);
    let (wanted, mode) = wanted(&scope);
    let Step::Ask(guard, _) = driver.next(wanted, mode, PATIENCE) else { panic!("no question") };
    guard.answer(Ok(Some(Reply::Secret(password.into())))).unwrap();
}

/// A driver at a stock Keystone, whose notes go to a log.
fn at_keystone(credential: Credential) -> (Arc<Driver>, Log) {
    let (log, cloud) = (Log::default(), Cloud::keystone("https://keystone.example/v3").unwrap());
    let session = Session::new(cloud, credential, Settings::default().with_store()).unwrap();
    let notes = Arc::clone(&log);
    let driver = driver(session, move |driver, note| {
        assert!(!driver.is_locked(), "told under the lock");
        notes.lock().unwrap().push(format!("{} at {:?}", kind(note), driver.epoch()));
    });
    (driver, log)
}

#[test]
fn a_reply_that_changes_a_secret_is_told() {
    let user = UserRef::id("u");
    let (driver, log) = at_keystone(Credential::password(user, SecretSource::new("/run/secret")));
    let script = Script::new();
    lead_for(&driver, &script, "q");
    lead_for(&driver, &script, "p");
    answer_for(&driver, "p", "old");
    let scope = Scope::project_id("p");
    let (wanted, mode) = wanted(&scope);
    let Step::Send(guard, _) = driver.next(wanted, mode, PATIENCE) else { panic!("no login") };
    guard.complete(status(401));
    // Other processes may have other secrets, so the refusal is no pause for them.
    assert_eq!(drain(&log), [format!("put nothing at {:?}", driver.epoch())]);
    let before = driver.epoch();
    answer_for(&driver, "p", "new");
    // The login for the other project begins again.
    let told = drain(&log);
    assert!(told.len() == 1 && told[0].starts_with("put nothing"), "{told:?}");
    assert!(!told[0].ends_with(&format!("{before:?}")), "told before waking");
}

/// The question about a given root token, after an exchange that was refused under a lease.
fn question_under_a_lease<'d>(driver: &'d Driver, script: &Script) -> crate::InFlightGuard<'d> {
    lead_for(driver, script, "p");
    let scope = Scope::project_id("p");
    let (wanted, mode) = wanted(&scope);
    let Step::Send(guard, _) = driver.next(wanted, mode, PATIENCE) else { panic!("no exchange") };
    guard.complete(status(401));
    let Step::Send(guard, _) = driver.next(wanted, mode, PATIENCE) else { panic!("no question") };
    guard
}

#[test]
fn a_request_that_is_given_up_is_told_at_once() {
    for panics in [false, true] {
        let (driver, log) = at_keystone(Credential::token("given"));
        let guard = question_under_a_lease(&driver, &Script::new());
        let before = driver.epoch();
        match panics {
            false => drop(guard),
            true => {
                let panic = catch_unwind(AssertUnwindSafe(|| {
                    let _guard = guard;
                    std::panic::resume_unwind(Box::new("on purpose"));
                }));
                assert!(panic.is_err());
            }
        }
        let told = drain(&log);
        assert_ne!(before, driver.epoch());
        assert_eq!(told, [format!("put nothing at {:?}", driver.epoch())]);
    }
}
