//! Secrets in logs, errors and panics (F24).

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;

use crate::{
    callers::{AND_PLAIN_UREQ, CallResult, CallerRequest, ClientKind, OURS},
    capture::{self, Finding, TraceFilter},
    scenario::{Adapter, Case, Tally},
    testbed::{ClientOptions, PASSWORD, TOKEN, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let bound = "0 secret bytes in any spelling";
    let scenario = "a server that quotes the login in its answer, 9 ways";
    let mut cases = Case::each("F24", scenario, bound, &AND_PLAIN_UREQ, |kind| {
        quoted(kind, TraceFilter::AllButTheWire, 0..LOCATION)
    });
    let scenario = "a server that quotes the login in a Location, ureq heard at DEBUG";
    cases.extend(Case::each("F24", scenario, bound, &OURS, in_location));
    for adapter in [Adapter::Ureq, Adapter::Reqwest, Adapter::Core, Adapter::Control] {
        let scenario = "everything above, its logs, errors and panics";
        let case = Case::core("F24", scenario, bound, move || everything(adapter));
        cases.push(Case { adapter, ..case });
    }
    for (scenario, plant) in [
        ("ureq_proto heard at TRACE, one login", wire as fn() -> _),
        ("ureq heard at TRACE, a login quoted in a Location", || {
            quoted(ClientKind::Ureq, TraceFilter::AllButTheWire, LOCATION..=LOCATION);
        }),
        ("a password planted in a log, an event, a dump and an error", planted),
    ] {
        let case = Case::core("F24", scenario, bound, move || found(plant));
        cases.push(Case { adapter: Adapter::Control, ..case });
    }
    cases
}

/// What was found of this adapter in the whole run so far.
fn everything(adapter: Adapter) -> Tally {
    // What finds nothing may be blind.
    capture::attribute_to(Adapter::Control);
    let (sees_plants, sees_the_wire) = (found(planted), found(wire));
    capture::attribute_to(adapter);

    let mut tally = Tally::default();
    let (findings, messages, errors) = capture::findings();
    tell(&mut tally, findings.iter().filter(|finding| finding.adapter == adapter));
    tally.holds("messages and errors were searched", messages > 0 && errors > 0);
    tally.holds("what is planted is found", sees_plants.canary_bytes > 0);
    tally.holds("a dump of the wire is found", sees_the_wire.canary_bytes > 0);
    tally
}

/// What is found while this is done.
fn found<T>(act: impl FnOnce() -> T) -> Tally {
    let before = capture::findings().0.len();
    act();
    let mut tally = Tally::default();
    tell(&mut tally, capture::findings().0[before..].iter());
    tally
}

/// Each kind of finding once, never its text.
fn tell<'a>(tally: &mut Tally, findings: impl Iterator<Item = &'a Finding>) {
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
    capture::told(&io::Error::other(format!("{:?}", PASSWORD.as_bytes())));
}

/// What is told and logged when a server quotes in these ways.
fn quoted(kind: ClientKind, filter: TraceFilter, ways: impl IntoIterator<Item = u8>) -> Tally {
    let (mut told, mut asked) = (0, 0);
    let mut tally = found(|| {
        let testbed = Testbed::start();
        for way in ways {
            let port = quoting_server(way).expect("a port on loopback");
            let callers = testbed
                .callers(kind, &ClientOptions { port: Some(port), ..ClientOptions::default() });
            // Until no caller waits any more, and all are told what the server said.
            for _ in 0..4 {
                let ask = CallerRequest::token().within(Duration::from_millis(150));
                let outcome = capture::with_filter(filter, || callers.one(ask));
                let unanswered = CallResult::Deadline { has_retry_time: false };
                told += usize::from(outcome.result.is_auth_error() && outcome.result != unanswered);
                asked += 1;
                testbed.clock.forward(Duration::from_secs(60));
            }
        }
    });
    (tally.callers, tally.auth_errors) = (1, told);
    tally.exactly("refused", told, asked);
    tally
}

fn in_location(kind: ClientKind) -> Tally {
    quoted(kind, TraceFilter::AllButUreq, LOCATION..=LOCATION)
}

/// Answers one login in this way, and the same way whatever else it is asked.
fn quoting_server(way: u8) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that breaks off has had what it wanted.
            let _ = stream.and_then(|stream| quote(&stream, way));
        }
    });
    Ok(port)
}

fn quote(mut stream: &TcpStream, way: u8) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let login = String::from_utf8_lossy(&body);
    let (status, headers, answer) = quotation(way, &login);
    let length = answer.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{answer}"
    )
}

/// The way that has to do with ureq: where it hears `TRACE`, it logs a `Location` as it stands.
const LOCATION: u8 = 9;

/// A status line, headers and a body that know the login, or a token.
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
