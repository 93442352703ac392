//! Traffic counters, scripts and the clock, over real sockets.

use std::{
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use auth_emulator::{Emulator, Fault, Server, System, documents};
use http::{HeaderName, HeaderValue, StatusCode};
use time::UtcDateTime;

use crate::{
    client::{GET, RawClient, faulty, field, login, soon},
    support::now,
};

const SERVICE: &str = "GET /service/otc/ecs.eu-de.otc.t-systems.com/v1 HTTP/1.1\r\nHost: a\r\n\r\n";
const WHILE: Duration = Duration::from_millis(120);

#[test]
fn a_script_sees_each_request() {
    let server = Server::start().unwrap();
    server.script(|arrival| {
        let name = HeaderName::from_static("x-seen");
        let seen = format!(
            "{} {:?} {} {} {:?} {}",
            arrival.number,
            arrival.login,
            arrival.method,
            arrival.path,
            arrival.headers.get("host").unwrap(),
            arrival.body.len(),
        );
        Some(Fault::new().header(name, HeaderValue::try_from(seen).unwrap()))
    });
    let mut client = RawClient::new(&server);
    let length = documents::KAKAO_ID_REQUEST.len();
    let tokens = "/kakao/identity/v3/auth/tokens";
    for (number, request, seen) in [
        (0, GET, "None GET /otc/v3 \"localhost\" 0".to_owned()),
        (1, &login(), format!("Some(Kakao) POST {tokens} \"localhost\" {length}")),
        (
            2,
            &format!("GET {tokens}?a=b HTTP/1.1\r\nHost: b\r\n\r\n"),
            format!("None GET {tokens} \"b\" 0"),
        ),
    ] {
        let (head, _) = client.ask(request);
        assert_eq!(field(&head, "x-seen"), Some(&*format!("{number} {seen}")));
    }
    server.reset_traffic();
    assert!(field(&client.ask(GET).0, "x-seen").unwrap().starts_with("0 "));
    server.script(|_| None);
    assert_eq!(field(&client.ask(GET).0, "x-seen"), None);
}

#[test]
fn unauthorized_counts_services_only() {
    let server = Server::start().unwrap();
    let mut client = RawClient::new(&server);
    let wrong = login()
        .replace(documents::KAKAO_ID_REQUEST, &" ".repeat(documents::KAKAO_ID_REQUEST.len()));
    assert!(client.ask(&wrong).0.starts_with("HTTP/1.1 400 "));
    server.emulator().delete_access_key().fail_next(System::Kakao, StatusCode::UNAUTHORIZED);
    assert!(client.ask(&login()).0.starts_with("HTTP/1.1 401 "));
    assert_eq!((server.traffic().unauthorized, server.traffic().logins), (0, 2));
    assert!(client.ask(SERVICE).0.starts_with("HTTP/1.1 401 "));
    assert_eq!(server.traffic().unauthorized, 1);
    server.script(|_| Some(Fault::new().status(StatusCode::UNAUTHORIZED)));
    client.ask(SERVICE);
    client.ask(&login());
    assert_eq!((server.traffic().unauthorized, server.traffic().logins), (2, 3));
}

#[test]
fn canaries_are_found_across_reads() {
    let server = Server::start().unwrap();
    server.watch("");
    server.watch("S3cret-Canary");
    server.watch("\u{e9}t\u{e9}");
    let mut client = RawClient::new(&server);
    let request = "GET /otc/v3?S3cret-Canary HTTP/1.1\r\nHost: localhost\r\nX-A: S3cret-Canary\r\n\
                   Content-Length: 22\r\n\r\nété S3cret-CanarS3cret";
    for bytes in request.as_bytes().chunks(7) {
        client.stream.write_all(bytes).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    // The rest of a canary counts only on the connection with its beginning.
    RawClient::new(&server).send("-Canary");
    client.answer();
    assert_eq!(server.traffic().canary_bytes, 2 * 13 + 5);
    client.send("GET /otc/v3 HTTP/1.1\r\nHost: a\r\nX-A: S3cret");
    thread::sleep(Duration::from_millis(20));
    assert_eq!(server.traffic().canary_bytes, 2 * 13 + 5);
    client.ask("-Canary\r\n\r\n");
    assert_eq!(server.traffic().canary_bytes, 3 * 13 + 5);
}

/// Overlapping occurrences count, so that the result does not depend on how reads split the bytes.
#[test]
fn overlapping_canaries_are_counted() {
    let server = Server::start().unwrap();
    server.watch("anana");
    let mut client = RawClient::new(&server);
    client.ask("GET /ananana/anana HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(server.traffic().canary_bytes, 3 * 5);
}

#[test]
fn canaries_outside_http_are_counted() {
    let server = Server::start().unwrap();
    server.watch("canary");
    let mut client = RawClient::new(&server);
    client.send("no HTTP at all, but a canary\r\n\r\n");
    client.rest();
    assert_eq!((server.traffic().canary_bytes, server.traffic().requests), (6, 0));
}

#[test]
fn logins_in_flight_are_counted() {
    let server = Server::start().unwrap();
    server.script(|arrival| match arrival.number {
        0 => Some(Fault::new().delay(WHILE).drip(200, WHILE)),
        1 => Some(Fault::new().drip(200, Duration::from_secs(3_600))),
        2 => Some(Fault::new().silence()),
        _ => None,
    });
    let mut clients: Vec<_> = (0..3).map(|_| RawClient::new(&server)).collect();
    for (at, client) in clients.iter_mut().enumerate() {
        client.send(&login());
        soon(|| server.traffic().requests == at as u64 + 1);
    }
    assert_eq!(server.traffic().logins_in_flight, 3);
    // The login is in flight until the response is complete.
    clients[0].stream.read_exact(&mut [0]).unwrap();
    assert_eq!(server.traffic().logins_in_flight, 3);
    clients[0].answer();
    assert_eq!(server.traffic().logins_in_flight, 2);
    // The server notices the disconnect before the next piece is due.
    clients.remove(1);
    soon(|| server.traffic().logins_in_flight == 1);

    server.reset_traffic();
    let traffic = server.traffic();
    assert_eq!(
        (traffic.logins, traffic.logins_in_flight, traffic.most_logins_in_flight),
        (0, 1, 1)
    );
    clients.clear();
    soon(|| server.traffic().logins_in_flight == 0);
}

/// The login is no longer in flight when the client has the response.
#[test]
fn a_login_ends_before_the_response_arrives() {
    for fault in [
        Fault::new(),
        Fault::new().drip(500, Duration::ZERO),
        Fault::new().cut(200),
        Fault::new().reset(),
        Fault::new().body(100_000),
    ] {
        let server = faulty(fault);
        for _ in 0..50 {
            let mut client = RawClient::new(&server);
            client.send(&login().replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
            client.rest();
            assert_eq!(server.traffic().logins_in_flight, 0);
        }
        assert_eq!((server.traffic().logins, server.traffic().most_logins_in_flight), (50, 1));
    }
}

#[test]
fn the_callers_clock_is_used() {
    let hours = Arc::new(AtomicI64::new(0));
    let clock = {
        let hours = Arc::clone(&hours);
        move || now() + time::Duration::hours(hours.load(Ordering::Relaxed))
    };
    let server = Server::start_with_clock(Emulator::new(), clock).unwrap();
    let mut client = RawClient::new(&server);
    let (head, body) = client.ask(&login());
    assert_eq!(field(&head, "date"), Some("Sun, 01 Mar 2026 12:00:00 GMT"));
    assert!(body.contains("2026-03-02T00:00:00"), "{body}");
    let token = field(&head, "x-subject-token").unwrap();
    let call = format!(
        "GET /service/kakao/bcs.kr-central-2.kakaocloud.com/ HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {token}\r\n\r\n"
    );
    assert!(client.ask(&call).0.starts_with("HTTP/1.1 200 "));
    hours.store(12, Ordering::Relaxed);
    let (head, _) = client.ask(&call);
    assert!(head.starts_with("HTTP/1.1 401 "));
    assert_eq!(field(&head, "date"), Some("Mon, 02 Mar 2026 00:00:00 GMT"));

    let server = Server::start_with_clock(Emulator::new(), || UtcDateTime::MIN).unwrap();
    assert!(RawClient::new(&server).ask(GET).0.starts_with("HTTP/1.1 200 "));
}

/// The server accepts all connections that were opened while it was busy.
#[test]
fn a_thousand_clients_at_once() {
    let server = Server::start().unwrap();
    let busy = server.emulator();
    let mut first = RawClient::new(&server);
    first.send(GET);
    soon(|| server.traffic().requests == 1);
    let mut clients: Vec<_> = (0..1_000).map(|_| RawClient::new(&server)).collect();
    assert_eq!(server.traffic().connections, 1);
    drop(busy);
    for _ in 0..2 {
        for client in &mut clients {
            client.send(GET);
        }
        for client in &mut clients {
            assert!(client.answer().0.starts_with("HTTP/1.1 200 "));
        }
    }
    let traffic = server.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1_001, 2_001));
}
