//! The server over real sockets, without an HTTP client library.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use auth_emulator::{Emulator, Server, System, documents};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use crate::{
    client::{RawClient, field},
    support::login_body,
};

/// Sends one request on a new connection and returns the status, the head and the body.
fn exchange(server: &Server, request: &str, headers: &str, body: &str) -> (u16, String, String) {
    let (host, length) = (server.address(), body.len());
    let (head, body) = RawClient::new(server).ask(&format!(
        "{request} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
    ));
    (head[9..12].parse().unwrap(), head, body)
}

/// The path of a URL on this server.
fn path<'a>(server: &Server, url: &'a str) -> &'a str {
    url.strip_prefix(&format!("http://{}", server.address())).unwrap()
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn every_system_takes_logins_and_calls() {
    let server = Server::start().unwrap();
    for system in System::ALL {
        let url = server.url(system);
        let tokens = if url.ends_with("/v2.0") { "/tokens" } else { "/auth/tokens" };
        let request = format!("POST {}{tokens}", path(&server, &url));
        let (status, head, body) = exchange(&server, &request, JSON, login_body(system));
        assert!(matches!(status, 200 | 201), "{system}: {status}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let token = field(&head, "x-subject-token")
            .or(body.pointer("/access/token/id").and_then(Value::as_str))
            .unwrap();
        let service = body
            .pointer("/token/catalog/1/endpoints/0/url")
            .or(body.pointer("/access/serviceCatalog/0/endpoints/0/publicURL"))
            .unwrap();

        let request = format!("GET {}/anything", path(&server, service.as_str().unwrap()));
        let header = format!("X-Auth-Token: {token}\r\n");
        let (status, _, body) = exchange(&server, &request, &header, "");
        assert_eq!(status, 200, "{system}: {body}");
        assert_eq!(exchange(&server, &request, "", "").0, 401);
        assert_eq!(server.emulator().logins(system), 1);
        server.emulator().revoke_all();
        assert_eq!(exchange(&server, &request, &header, "").0, 401);
    }
}

#[test]
fn urls_have_the_path_of_their_system() {
    let server = Server::start().unwrap();
    let port = server.address().port();
    for (system, path) in [
        (System::NhnIaas, "nhn-iaas/v2.0"),
        (System::NhnCompute, "nhn-compute/v2.0"),
        (System::Otc, "otc/v3"),
        (System::Kakao, "kakao/identity/v3"),
        (System::Huawei, "huawei/v3"),
    ] {
        assert_eq!(server.url(system), format!("http://127.0.0.1:{port}/{path}"));
        assert_eq!(exchange(&server, &format!("GET /{path}"), "", "").0, 200);
    }
}

#[test]
fn tokens_of_32_kib_are_sent_and_received() {
    let mut emulator = Emulator::new();
    emulator.token_length(System::Huawei, 32_768);
    let server = Server::start_with(emulator).unwrap();
    let body = documents::HUAWEI_DOMAIN_REQUEST;
    let (status, head, _) = exchange(&server, "POST /huawei/v3/auth/tokens?nocatalog", JSON, body);
    assert_eq!(status, 201);
    let token = field(&head, "x-subject-token").unwrap();
    assert_eq!(token.len(), 32_768);
    let headers = format!("X-Auth-Token: {token}\r\nX-Subject-Token: {token}\r\n");
    assert_eq!(exchange(&server, "HEAD /huawei/v3/auth/tokens", &headers, "").0, 200);
}

#[test]
fn a_too_large_body_gets_a_response() {
    let server = Server::start().unwrap();
    let body = " ".repeat(3 << 20);
    let (status, _, html) = exchange(&server, "POST /otc/v3/auth/tokens", JSON, &body);
    assert_eq!(status, 413);
    assert!(html.starts_with("<!doctype html>"));
}

#[test]
fn many_clients_log_in_at_once() {
    let server = Server::start().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let body = documents::KAKAO_ID_REQUEST;
                let request = "POST /kakao/identity/v3/auth/tokens";
                assert_eq!(exchange(&server, request, JSON, body).0, 201);
            });
        }
    });
    assert_eq!(server.emulator().logins(System::Kakao), 16);
}

#[test]
fn a_dropped_server_closes_connections() {
    let server = Server::start().unwrap();
    let address = server.address();
    let mut idle = TcpStream::connect(address).unwrap();
    assert_eq!(exchange(&server, "GET /otc/v3", "", "").0, 200);
    drop(server);
    let hung_up = idle.read(&mut [0]);
    assert!(matches!(hung_up, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}

/// HTTP/1.0 needs no `Host`; the URLs of the catalog then have the server's address.
#[test]
fn catalog_urls_work_without_a_host_header() {
    let server = Server::start().unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let body = documents::KAKAO_ID_REQUEST;
    write!(
        stream,
        "POST /kakao/identity/v3/auth/tokens HTTP/1.0\r\n{JSON}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(&format!("http://{}/service/kakao/", server.address())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bad_bytes_do_not_affect_other_connections(bytes in wire()) {
        let server = Server::start().unwrap();
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may close the connection before it has read all bytes.
        let _ = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer).map_err(|why| why.kind());
        prop_assert!(!matches!(end, Err(ErrorKind::TimedOut | ErrorKind::WouldBlock)), "{end:?}");
        prop_assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
        let url = server.url(System::Otc);
        let request = format!("POST {}/auth/tokens", path(&server, &url));
        prop_assert_eq!(exchange(&server, &request, JSON, login_body(System::Otc)).0, 201);
    }
}

/// Bytes that resemble a request, or any bytes.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let request = (
        "(GET|POST|HEAD|PRI|x) ?/?[a-z0-9./ %]{0,20} ?(HTTP/[0-9.]{1,3})?\r?\n",
        vec("(Host|Content-Length|Transfer-Encoding|Expect|[a-z]{1,4}): ?[ -~]{0,12}\r?\n", 0..5),
        "(\r\n)?[ -~]{0,40}",
    );
    let request = request.prop_map(|(line, headers, body)| line + &headers.concat() + &body);
    prop_oneof![3 => request.prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..200)]
}
