//! Scripted faults over real sockets.

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use auth_emulator::{Fault, Server, System};
use http::{HeaderValue, StatusCode, header};

use crate::client::{GET, RawClient, faulty, field, login, soon};

const WHILE: Duration = Duration::from_millis(120);

#[test]
fn a_default_fault_changes_nothing() {
    let (plain, scripted) = (Server::start().unwrap(), faulty(Fault::new()));
    let undated = |server: &Server| {
        let (head, body) = RawClient::new(server).ask(GET);
        let date = field(&head, "date").unwrap();
        (head.replace(date, ""), body)
    };
    assert_eq!(undated(&plain), undated(&scripted));
}

#[test]
fn a_delay_concerns_one_response_only() {
    let server = Server::start().unwrap();
    let delay = Duration::from_secs(1);
    server.script(move |arrival| (arrival.number == 0).then(|| Fault::new().delay(delay)));
    let mut client = RawClient::new(&server);
    let start = Instant::now();
    assert!(client.ask(GET).0.starts_with("HTTP/1.1 200 OK"));
    assert!(start.elapsed() >= delay);
    let start = Instant::now();
    assert!(client.ask(GET).0.starts_with("HTTP/1.1 200 OK"));
    assert!(start.elapsed() < delay);
    assert_eq!((server.traffic().connections, server.traffic().requests), (1, 2));
}

#[test]
fn a_login_is_handled_when_it_arrives() {
    let server = faulty(Fault::new().delay(WHILE));
    let mut client = RawClient::new(&server);
    client.send(&login());
    soon(|| server.emulator().logins(System::Kakao) == 1);
    server.emulator().delete_access_key();
    assert!(client.answer().0.starts_with("HTTP/1.1 201 "));
}

#[test]
fn a_drip_pauses_before_each_piece() {
    let server = faulty(Fault::new().drip(50, Duration::from_millis(10)));
    let mut client = RawClient::new(&server);
    for _ in 0..2 {
        let start = Instant::now();
        let (head, body) = client.ask(GET);
        let length = u32::try_from(head.len() + body.len()).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(10) * length.div_ceil(50));
    }

    let server = faulty(Fault::new().drip(50, Duration::from_millis(500)).cut(70));
    let mut client = RawClient::new(&server);
    client.send(GET);
    assert_eq!(client.stream.read(&mut [0; 1_000]).unwrap(), 50);
    assert_eq!(client.rest().0.len(), 20);

    let server = faulty(Fault::new().drip(0, Duration::ZERO).cut(20));
    let mut client = RawClient::new(&server);
    client.send(GET);
    assert_eq!(client.rest().0.len(), 20);
}

#[test]
fn a_cut_closes_the_connection_cleanly() {
    for bytes in [0, 1, 9, 100] {
        let server = faulty(Fault::new().cut(bytes));
        let mut client = RawClient::new(&server);
        client.send(GET);
        let (answer, end) = client.rest();
        assert_eq!((answer.len(), end), (bytes, None));
        assert!(b"HTTP/1.1 200 OK".starts_with(&answer[..bytes.min(15)]));
    }
}

#[test]
fn a_cut_past_the_last_byte_has_no_effect() {
    let server = Server::start().unwrap();
    let (head, body) = RawClient::new(&server).ask(GET);
    let length = head.len() + body.len();
    server.script(move |_| Some(Fault::new().cut(length)));
    let mut client = RawClient::new(&server);
    client.send(GET);
    let (answer, end) = client.rest();
    assert_eq!((answer.len(), end), (length, None));
    server.script(move |_| Some(Fault::new().cut(length + 1)));
    let mut client = RawClient::new(&server);
    assert_eq!(client.ask(GET).1, body);
    assert_eq!(client.ask(GET).1, body);
}

#[test]
fn a_reset_is_a_tcp_reset() {
    let server = faulty(Fault::new().reset());
    let mut client = RawClient::new(&server);
    client.send(GET);
    assert_eq!(client.rest(), (Vec::new(), Some(ErrorKind::ConnectionReset)));

    let server = faulty(Fault::new().cut(12).reset());
    let mut client = RawClient::new(&server);
    client.send(GET);
    assert_eq!(client.rest(), (b"HTTP/1.1 200".to_vec(), Some(ErrorKind::ConnectionReset)));
}

#[test]
fn silence_lasts_until_the_client_disconnects() {
    let server = faulty(Fault::new().silence());
    let mut client = RawClient::new(&server);
    client.send(&login());
    assert!(client.receives_nothing());
    assert_eq!(server.traffic().logins_in_flight, 1);
    drop(client);
    soon(|| server.traffic().logins_in_flight == 0);
    assert_eq!((server.traffic().logins, server.traffic().most_logins_in_flight), (1, 1));
    assert_eq!(server.emulator().logins(System::Kakao), 1);
}

#[test]
fn a_scripted_status_bypasses_the_emulator() {
    let server = faulty(Fault::new().status(StatusCode::BAD_GATEWAY));
    let (head, body) = RawClient::new(&server).ask(&login());
    assert!(head.starts_with("HTTP/1.1 502 "));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["code"], 502);
    assert_eq!(body["error"]["title"], "Bad Gateway");
    assert_eq!(server.emulator().requests(System::Kakao), 0);

    let server = faulty(Fault::new().status(StatusCode::ACCEPTED));
    assert_eq!(RawClient::new(&server).ask(GET).1, "");
}

#[test]
fn headers_and_redirects_are_sent() {
    let cookie = |text| (header::SET_COOKIE, HeaderValue::from_static(text));
    let ((name, one), (_, two)) = (cookie("a=1"), cookie("b=2"));
    let server = faulty(Fault::new().header(name.clone(), one).header(name, two));
    let (head, _) = RawClient::new(&server).ask(GET);
    assert!(head.starts_with("HTTP/1.1 200 "));
    assert!(head.contains("set-cookie: a=1\r\n") && head.contains("set-cookie: b=2\r\n"));

    let elsewhere = "http://localhost:1/elsewhere";
    let server = faulty(Fault::new().redirect(StatusCode::TEMPORARY_REDIRECT, elsewhere));
    let (head, body) = RawClient::new(&server).ask(&login());
    assert!(head.starts_with("HTTP/1.1 307 "));
    assert_eq!((field(&head, "location"), body.as_str()), (Some(elsewhere), ""));
    assert_eq!(server.emulator().requests(System::Kakao), 0);
}

#[test]
fn a_body_of_any_size() {
    for (bytes, status) in [(0, "200"), (1, "200"), (200_000, "500")] {
        let fault = Fault::new().body(bytes);
        let server = faulty(match status {
            "500" => fault.status(StatusCode::INTERNAL_SERVER_ERROR),
            _ => fault,
        });
        let mut client = RawClient::new(&server);
        for _ in 0..2 {
            let (head, body) = client.ask(GET);
            assert_eq!((&head[9..12], body), (status, " ".repeat(bytes)));
        }
    }
}

/// The body starts at once and stops when the client stops reading.
#[test]
fn a_gigabyte_streams() {
    let server = faulty(Fault::new().body(1 << 30));
    let mut client = RawClient::new(&server);
    client.send(&login());
    let mut piece = [0; 1000];
    client.stream.read_exact(&mut piece).unwrap();
    let head = String::from_utf8_lossy(&piece);
    assert!(head.starts_with("HTTP/1.1 201 "));
    assert_eq!(field(&head, "content-length"), Some("1073741824"));
    assert_eq!(server.traffic().logins_in_flight, 1);
    drop(client);
    soon(|| server.traffic().logins_in_flight == 0);
}

#[test]
fn a_chunked_body_has_no_announced_length() {
    let chunked = HeaderValue::from_static("chunked");
    let fault = Fault::new().body(100_000).header(header::TRANSFER_ENCODING, chunked);
    let server = faulty(fault);
    let mut client = RawClient::new(&server);
    client.send(&GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    let answer = String::from_utf8(client.rest().0).unwrap();
    assert_eq!(field(&answer, "content-length"), None);
    assert!(answer.ends_with("\r\n0\r\n\r\n"));
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.matches(' ').count(), 100_000);
}

#[test]
fn faults_combine() {
    let retry_after = (header::RETRY_AFTER, HeaderValue::from_static("7"));
    let server = faulty(
        Fault::new()
            .delay(WHILE)
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .header(retry_after.0, retry_after.1)
            .body(10_000)
            .drip(300, Duration::from_millis(10))
            .cut(1_000)
            .reset(),
    );
    let mut client = RawClient::new(&server);
    let start = Instant::now();
    client.send(GET);
    let (answer, end) = client.rest();
    assert!(start.elapsed() >= WHILE + Duration::from_millis(40));
    assert_eq!((answer.len(), end), (1_000, Some(ErrorKind::ConnectionReset)));
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "));
    assert_eq!(field(&answer, "retry-after"), Some("7"));
    assert_eq!(field(&answer, "content-length"), Some("10000"));
}

/// A fault does not affect the next response, even if the client sent both requests at once.
#[test]
fn faults_are_per_response() {
    let server = Server::start().unwrap();
    server.script(|arrival| match arrival.number {
        0 => Some(Fault::new().drip(100, Duration::from_millis(10))),
        1 => None,
        _ => Some(Fault::new().cut(4)),
    });
    let mut client = RawClient::new(&server);
    client.send(&GET.repeat(3));
    let start = Instant::now();
    let (first, body) = client.answer();
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(client.answer().1, body);
    assert!(first.starts_with("HTTP/1.1 200 "));
    assert_eq!(client.rest().0, b"HTTP");
}
