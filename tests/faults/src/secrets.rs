//! Secrets in logs, errors and panics (F24).

use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;
use testing::{Loopback, Reply};

use crate::{
    callers::{AND_PLAIN_UREQ, ClientKind, OURS},
    capture::{self, Finding, TraceFilter},
    request::{CallResult, CallerRequest},
    scenario::{Case, Subject, Tally},
    testbed::{ClientOptions, PASSWORD, TOKEN, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let bound = "0 secret bytes in any spelling";
    let scenario = "a server that quotes the login in its response, 9 ways";
    let mut cases = Case::each("F24", scenario, bound, &AND_PLAIN_UREQ, |kind| {
        quoted(kind, TraceFilter::AllButWire, 0..LOCATION)
    });
    let scenario = "a server that quotes the login in a Location, ureq logged at DEBUG";
    cases.extend(Case::each("F24", scenario, bound, &OURS, in_location));
    for subject in [Subject::Ureq, Subject::Reqwest, Subject::Core, Subject::Control] {
        let scenario = "logs, errors and panics of all scenarios above";
        let case = Case::core("F24", scenario, bound, move || everything(subject));
        cases.push(Case { subject, ..case });
    }
    for (scenario, plant) in [
        ("ureq_proto logged at TRACE, one login", wire as fn() -> _),
        ("ureq logged at TRACE, a login quoted in a Location", || {
            quoted(ClientKind::Ureq, TraceFilter::AllButWire, LOCATION..=LOCATION);
        }),
        ("a password planted in a log, an event, a dump and an error", planted),
    ] {
        let case = Case::core("F24", scenario, bound, move || found(plant));
        cases.push(Case { subject: Subject::Control, ..case });
    }
    cases
}

/// All findings of this subject so far.
fn everything(subject: Subject) -> Tally {
    // First, the search itself works.
    capture::attribute_to(Subject::Control);
    let (sees_plants, sees_the_wire) = (found(planted), found(wire));
    capture::attribute_to(subject);

    let mut tally = Tally::default();
    let (findings, messages, errors) = capture::findings();
    record(&mut tally, findings.iter().filter(|finding| finding.subject == subject));
    tally.holds("messages and errors were searched", messages > 0 && errors > 0);
    tally.holds("planted secrets are found", sees_plants.canary_bytes > 0);
    tally.holds("a dump of the wire is found", sees_the_wire.canary_bytes > 0);
    tally
}

/// The findings while `act` runs.
fn found<T>(act: impl FnOnce() -> T) -> Tally {
    let before = capture::findings().0.len();
    act();
    let mut tally = Tally::default();
    record(&mut tally, capture::findings().0[before..].iter());
    tally
}

/// Records each kind of finding once, never its text.
fn record<'a>(tally: &mut Tally, findings: impl Iterator<Item = &'a Finding>) {
    for Finding { place, level, found, .. } in findings {
        tally.canary_bytes += found.bytes;
        let kind = format!("{} at {level} in {place}", found.spelling);
        if !tally.broken.contains(&kind) {
            tally.broken.push(kind);
        }
    }
}

/// A login whose bytes `ureq_proto` dumps.
fn wire() {
    let testbed = Testbed::start();
    let callers = testbed.callers(ClientKind::Ureq, &ClientOptions::default());
    capture::with_filter(TraceFilter::Everything, || callers.one(CallerRequest::token()));
}

fn planted() {
    log::debug!(target: "planted", "a password: {PASSWORD}");
    tracing::trace!(target: "planted", password = BASE64.encode(format!("1{PASSWORD}")));
    let wire = format!("it lies across two rows: {PASSWORD}");
    for row in wire.as_bytes().chunks(16) {
        let row: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        log::trace!(target: "planted", "{}", row.join(" "));
    }
    capture::search_error(&io::Error::other(format!("{:?}", PASSWORD.as_bytes())));
}

/// The findings in errors and logs when a server quotes in these ways.
fn quoted(kind: ClientKind, filter: TraceFilter, ways: impl IntoIterator<Item = u8>) -> Tally {
    let (mut refused, mut sent) = (0, 0);
    let mut tally = found(|| {
        let testbed = Testbed::start();
        for way in ways {
            let server = quoting_server(way);
            let callers = testbed.callers(
                kind,
                &ClientOptions { port: Some(server.port()), ..ClientOptions::default() },
            );
            // Several rounds, until each caller gets the server's refusal.
            for _ in 0..4 {
                let ask = CallerRequest::token().within(Duration::from_millis(150));
                let outcome = capture::with_filter(filter, || callers.one(ask));
                let unanswered = CallResult::Deadline { has_retry_time: false };
                refused +=
                    usize::from(outcome.result.is_auth_error() && outcome.result != unanswered);
                sent += 1;
                testbed.clock.forward(Duration::from_secs(60));
            }
        }
    });
    (tally.callers, tally.auth_errors) = (1, refused);
    tally.exactly("refused", refused, sent);
    tally
}

fn in_location(kind: ClientKind) -> Tally {
    quoted(kind, TraceFilter::AllButUreq, LOCATION..=LOCATION)
}

/// A server that answers every request in this way.
fn quoting_server(way: u8) -> Loopback {
    Loopback::start(move |request| {
        let (status, headers, body) = quotation(way, request.body());
        let length = body.len();
        Reply::bytes(format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
    })
}

/// The way that depends on ureq's log level: at `TRACE` ureq logs a `Location`.
const LOCATION: u8 = 9;

/// A status line, headers and a body that contain the login or a token.
fn quotation(way: u8, login: &str) -> (&'static str, String, String) {
    let error = |message: &str| {
        let error = json!({"code": 401, "title": "Unauthorized", "message": message});
        json!({"error": error}).to_string()
    };
    let none = String::new();
    match way {
        0 => ("401 Unauthorized", none, error(&format!("not good: {login}"))),
        1 => ("401 Unauthorized", none, error(&format!("not good: {login:?}"))),
        2 => ("400 Bad Request", none, login.to_owned()),
        3 => ("403 Forbidden", none, format!("<html>{login}</html>")),
        4 => {
            let headers = format!("WWW-Authenticate: {PASSWORD}\r\nX-Subject-Token: {TOKEN}\r\n");
            ("401 Unauthorized", headers, error(PASSWORD))
        }
        5 => ("500 Internal Server Error", none, error(&format!("not good: {PASSWORD:?}"))),
        6 => ("201 Created", format!("X-Subject-Token: {TOKEN}\r\n"), login.to_owned()),
        7 => ("201 Created", none, json!({"token": {"expires_at": PASSWORD}}).to_string()),
        8 => ("200 OK", format!("Retry-After: {PASSWORD}\r\n"), format!("{{{PASSWORD}")),
        _ => {
            let place = format!("Location: http://127.0.0.1:1/{PASSWORD}?token={TOKEN}\r\n");
            ("302 Found", place, none)
        }
    }
}
