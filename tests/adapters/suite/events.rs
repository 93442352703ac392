use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, atomic::Ordering::SeqCst, mpsc},
    thread,
    time::Duration,
};

use auth_emulator::{Emulator, Fault, System};
use http::{StatusCode, header::RETRY_AFTER};
use testing::events::{self, with_listener};

use super::support::{client, clocked_client, mistyped, service_call};
use crate::start;

/// The events while this runs.
fn lines(work: impl FnOnce()) -> Vec<String> {
    let ((), lines) = events::lines(work);
    assert!(!lines.concat().contains("t0ps3cret"), "{lines:#?}");
    lines
}

/// Each line begins with the level and the message, and contains the fields.
fn assert_lines(lines: &[String], expected: &[(&str, &[&str])]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (start, fields)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
        assert!(fields.iter().all(|field| line.contains(field)), "{line}");
    }
}

#[test]
fn an_outage_and_a_refused_token_are_logged() {
    let server = start(Emulator::new());
    let unavailable = || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    server.script(move |arrival| {
        (arrival.number == 0).then(|| unavailable().header(RETRY_AFTER, 100.into()))
    });
    let (client, set_by) = clocked_client(&server, System::Huawei);
    let lines = lines(|| {
        client.token().unwrap_err();
        client.token().unwrap_err();
        set_by.store(200, SeqCst);
        client.token().unwrap();
        client.token().unwrap();
        server.emulator().revoke_all();
        client.call(service_call(&server)).unwrap();
        set_by.store(-3600, SeqCst);
        client.token().unwrap();
    });
    let scope = &format!("scope={}", client.scope())[..];
    let renewed = ("INFO token renewed", &[scope, "expires_at=\""][..]);
    assert_lines(
        &lines,
        &[
            ("DEBUG login started", &[scope]),
            ("WARN login failed", &[scope, "class=Transient", "error=", "503", "retry_at=\""]),
            ("DEBUG login started", &[scope]),
            renewed,
            ("WARN token refused by a service", &[scope]),
            ("DEBUG login started", &[scope]),
            renewed,
            ("WARN clock jumped", &["by=-1h"]),
        ],
    );
}

#[test]
fn a_wrong_password_is_logged_once() {
    let server = start(Emulator::new());
    let client = mistyped(&server, System::Huawei);
    let lines = lines(|| {
        client.token().unwrap_err();
        client.token().unwrap_err();
    });
    let refused = ("ERROR credential refused", &["scope=", "error=", "401", "retry_at=\""][..]);
    assert_lines(&lines, &[("DEBUG login started", &["scope="]), refused]);
}

#[test]
fn a_panicking_subscriber_harms_no_other_caller() {
    for panics_at in ["login started", "token renewed"] {
        let server = start(Emulator::new());
        let client = client(&server, System::Otc);
        let listener = move |line: String| assert!(!line.contains(panics_at));
        let asked = || catch_unwind(AssertUnwindSafe(|| client.token()));
        assert!(with_listener(listener, asked).is_err());
        client.token_within(Duration::from_secs(1)).unwrap();
        assert_eq!(server.emulator().requests(System::Otc), 1, "{panics_at}");
    }
}

#[test]
fn a_slow_subscriber_delays_no_other_caller() {
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::Otc, time::Duration::hours(1));
    let server = start(emulator);
    server.script(|_| Some(Fault::new().delay(Duration::from_millis(300))));
    let client = client(&server, System::Otc);
    let (served, other) = mpsc::channel();
    let other = Mutex::new(other);
    let listener = move |line: String| {
        if line.contains("token renewed") {
            other.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        }
    };
    thread::scope(|threads| {
        let leader = threads.spawn(|| with_listener(listener, || client.token()));
        while server.traffic().logins == 0 {
            thread::yield_now();
        }
        client.token().unwrap();
        served.send(()).unwrap();
        leader.join().unwrap().unwrap();
    });
}
