//! Scripted faults and the server's own counters, over raw sockets.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Emulator, Fault, Server, System, documents};
use http::{HeaderName, HeaderValue, StatusCode, header};
use time::UtcDateTime;

use crate::support::now;

/// A connection that stays.
struct Client {
    stream: TcpStream,
}

impl Client {
    fn new(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        // A test that waits longer than this has failed.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream }
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// The next answer, by its Content-Length: its head and its body.
    fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    fn ask(&mut self, request: &str) -> (String, String) {
        self.send(request);
        self.answer()
    }

    /// Everything up to the end of the connection, and how it ended.
    fn rest(&mut self) -> (Vec<u8>, Option<ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes);
        (bytes, end.err().map(|error| error.kind()))
    }

    /// Whether nothing arrives for a while, and not the end either.
    fn hears_nothing(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        let read = self.stream.read(&mut [0]);
        matches!(
            read.map_err(|error| error.kind()),
            Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)
        )
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn faulty(fault: Fault) -> Server {
    let server = Server::start().unwrap();
    server.script(move |_| Some(fault.clone()));
    server
}

fn login() -> String {
    let body = documents::KAKAO_ID_REQUEST;
    let length = body.len();
    format!(
        "POST /kakao/identity/v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Waits for what another thread does soon.
#[track_caller]
fn soon(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "it never came to be");
        thread::sleep(Duration::from_millis(1));
    }
}

const GET: &str = "GET /otc/v3 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const SERVICE: &str = "GET /service/otc/ecs.eu-de.otc.t-systems.com/v1 HTTP/1.1\r\nHost: a\r\n\r\n";
const WHILE: Duration = Duration::from_millis(120);

#[test]
fn nothing_wrong() {
    let (plain, scripted) = (Server::start().unwrap(), faulty(Fault::new()));
    let undated = |server: &Server| {
        let (head, body) = Client::new(server).ask(GET);
        let date = field(&head, "date").unwrap();
        (head.replace(date, ""), body)
    };
    assert_eq!(undated(&plain), undated(&scripted));
}

#[test]
fn a_delayed_answer_and_the_next_on_the_same_connection() {
    let server = Server::start().unwrap();
    server.script(|arrival| (arrival.number == 0).then(|| Fault::new().delay(WHILE)));
    let mut client = Client::new(&server);
    let start = Instant::now();
    assert!(client.ask(GET).0.starts_with("HTTP/1.1 200 OK"));
    assert!(start.elapsed() >= WHILE);
    let start = Instant::now();
    assert!(client.ask(GET).0.starts_with("HTTP/1.1 200 OK"));
    assert!(start.elapsed() < WHILE);
    assert_eq!((server.traffic().connections, server.traffic().requests), (1, 2));
}

#[test]
fn a_login_is_judged_when_it_arrives() {
    let server = faulty(Fault::new().delay(WHILE));
    let mut client = Client::new(&server);
    client.send(&login());
    soon(|| server.emulator().logins(System::Kakao) == 1);
    server.emulator().delete_access_key();
    assert!(client.answer().0.starts_with("HTTP/1.1 201 "));
}

#[test]
fn dripping() {
    let server = faulty(Fault::new().drip(50, Duration::from_millis(10)));
    let mut client = Client::new(&server);
    for _ in 0..2 {
        let start = Instant::now();
        client.send(GET);
        let mut piece = [0; 1000];
        let first = client.stream.read(&mut piece).unwrap();
        assert_eq!(first, 50);
        let (rest, body) = client.answer();
        let length = u32::try_from(first + rest.len() + body.len()).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(10) * length.div_ceil(50));
    }
}

#[test]
fn a_cut_closes_in_order() {
    for bytes in [0, 1, 9, 100] {
        let server = faulty(Fault::new().cut(bytes));
        let mut client = Client::new(&server);
        client.send(GET);
        let (answer, end) = client.rest();
        assert_eq!((answer.len(), end), (bytes, None));
        assert!(b"HTTP/1.1 200 OK".starts_with(&answer[..bytes.min(15)]));
    }
}

#[test]
fn a_cut_at_the_last_byte_closes_and_one_beyond_it_does_not() {
    let server = Server::start().unwrap();
    let (head, body) = Client::new(&server).ask(GET);
    let length = head.len() + body.len();
    server.script(move |_| Some(Fault::new().cut(length)));
    let mut client = Client::new(&server);
    client.send(GET);
    assert_eq!(client.rest().0.len(), length);
    server.script(move |_| Some(Fault::new().cut(length + 1)));
    let mut client = Client::new(&server);
    assert_eq!(client.ask(GET).1, body);
    assert_eq!(client.ask(GET).1, body);
}

#[test]
fn a_reset() {
    let server = faulty(Fault::new().reset());
    let mut client = Client::new(&server);
    client.send(GET);
    assert_eq!(client.rest(), (Vec::new(), Some(ErrorKind::ConnectionReset)));

    let server = faulty(Fault::new().cut(12).reset());
    let mut client = Client::new(&server);
    client.send(GET);
    assert_eq!(client.rest(), (b"HTTP/1.1 200".to_vec(), Some(ErrorKind::ConnectionReset)));
}

#[test]
fn silence_until_the_client_leaves() {
    let server = faulty(Fault::new().silence());
    let mut client = Client::new(&server);
    client.send(&login());
    assert!(client.hears_nothing());
    assert_eq!(server.traffic().logins_in_air, 1);
    drop(client);
    soon(|| server.traffic().logins_in_air == 0);
    assert_eq!((server.traffic().logins, server.traffic().most_logins_in_air), (1, 1));
    assert_eq!(server.emulator().logins(System::Kakao), 1);
}

#[test]
fn a_status_without_the_emulator() {
    let server = faulty(Fault::new().status(StatusCode::BAD_GATEWAY));
    let (head, body) = Client::new(&server).ask(&login());
    assert!(head.starts_with("HTTP/1.1 502 "));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["code"], 502);
    assert_eq!(body["error"]["title"], "Bad Gateway");
    assert_eq!(server.emulator().requests(System::Kakao), 0);

    let server = faulty(Fault::new().status(StatusCode::ACCEPTED));
    assert_eq!(Client::new(&server).ask(GET).1, "");
}

#[test]
fn headers_and_redirects() {
    let cookie = |text| (header::SET_COOKIE, HeaderValue::from_static(text));
    let ((name, one), (_, two)) = (cookie("a=1"), cookie("b=2"));
    let server = faulty(Fault::new().header(name.clone(), one).header(name, two));
    let (head, _) = Client::new(&server).ask(GET);
    assert!(head.starts_with("HTTP/1.1 200 "));
    assert!(head.contains("set-cookie: a=1\r\n") && head.contains("set-cookie: b=2\r\n"));

    let elsewhere = "http://localhost:1/elsewhere";
    let server = faulty(Fault::new().redirect(StatusCode::TEMPORARY_REDIRECT, elsewhere));
    let (head, body) = Client::new(&server).ask(&login());
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
        let mut client = Client::new(&server);
        for _ in 0..2 {
            let (head, body) = client.ask(GET);
            assert_eq!((&head[9..12], body), (status, " ".repeat(bytes)));
        }
    }
}

/// It has to start at once, and to stop when nobody takes it.
#[test]
fn a_gigabyte_streams() {
    let server = faulty(Fault::new().body(1 << 30));
    let mut client = Client::new(&server);
    client.send(&login());
    let mut piece = [0; 1000];
    client.stream.read_exact(&mut piece).unwrap();
    let head = String::from_utf8_lossy(&piece);
    assert!(head.starts_with("HTTP/1.1 201 "));
    assert_eq!(field(&head, "content-length"), Some("1073741824"));
    assert_eq!(server.traffic().logins_in_air, 1);
    drop(client);
    soon(|| server.traffic().logins_in_air == 0);
}

#[test]
fn a_body_of_unannounced_length() {
    let chunked = HeaderValue::from_static("chunked");
    let fault = Fault::new().body(100_000).header(header::TRANSFER_ENCODING, chunked);
    let server = faulty(fault);
    let mut client = Client::new(&server);
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
    let mut client = Client::new(&server);
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

/// The faults of one answer leave the next alone, though the client sent both requests at once.
#[test]
fn faults_are_per_answer() {
    let server = Server::start().unwrap();
    server.script(|arrival| match arrival.number {
        0 => Some(Fault::new().drip(100, Duration::from_millis(10))),
        1 => None,
        _ => Some(Fault::new().cut(4)),
    });
    let mut client = Client::new(&server);
    client.send(&GET.repeat(3));
    let start = Instant::now();
    let (first, body) = client.answer();
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(client.answer().1, body);
    assert!(first.starts_with("HTTP/1.1 200 "));
    assert_eq!(client.rest().0, b"HTTP");
}

#[test]
fn what_a_script_sees() {
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
    let mut client = Client::new(&server);
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
fn unauthorized_counts_services_alone() {
    let server = Server::start().unwrap();
    let mut client = Client::new(&server);
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
fn canaries_across_reads_and_in_heads() {
    let server = Server::start().unwrap();
    server.watch("");
    server.watch("S3cret-Canary");
    server.watch("\u{e9}t\u{e9}");
    let mut client = Client::new(&server);
    let request = "GET /otc/v3?S3cret-Canary HTTP/1.1\r\nHost: localhost\r\nX-A: S3cret-Canary\r\n\
                   Content-Length: 22\r\n\r\nété S3cret-CanarS3cret";
    for bytes in request.as_bytes().chunks(7) {
        client.stream.write_all(bytes).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    // What looks like the rest of a canary is a canary's rest only after its beginning.
    Client::new(&server).send("-Canary");
    client.answer();
    assert_eq!(server.traffic().canary_bytes, 2 * 13 + 5);
    client.send("GET /otc/v3 HTTP/1.1\r\nHost: a\r\nX-A: S3cret");
    thread::sleep(Duration::from_millis(20));
    assert_eq!(server.traffic().canary_bytes, 2 * 13 + 5);
    client.ask("-Canary\r\n\r\n");
    assert_eq!(server.traffic().canary_bytes, 3 * 13 + 5);
}

#[test]
fn a_canary_that_http_never_sees() {
    let server = Server::start().unwrap();
    server.watch("canary");
    let mut client = Client::new(&server);
    client.send("no HTTP at all, but a canary\r\n\r\n");
    client.rest();
    assert_eq!((server.traffic().canary_bytes, server.traffic().requests), (6, 0));
}

#[test]
fn logins_in_the_air() {
    let server = Server::start().unwrap();
    server.script(|arrival| match arrival.number {
        0 => Some(Fault::new().delay(WHILE)),
        1 => Some(Fault::new().drip(200, WHILE)),
        2 => Some(Fault::new().silence()),
        _ => None,
    });
    let mut clients: Vec<_> = (0..3).map(|_| Client::new(&server)).collect();
    for (at, client) in clients.iter_mut().enumerate() {
        client.send(&login());
        soon(|| server.traffic().requests == at as u64 + 1);
    }
    assert_eq!(server.traffic().logins_in_air, 3);
    clients[0].answer();
    assert_eq!(server.traffic().logins_in_air, 2);
    // One byte of a dripping answer is not all of it, and a client that leaves does not wait for it.
    clients[1].stream.read_exact(&mut [0]).unwrap();
    assert_eq!(server.traffic().logins_in_air, 2);
    let left = Instant::now();
    clients.remove(1);
    soon(|| server.traffic().logins_in_air == 1);
    assert!(left.elapsed() < WHILE / 2);

    server.reset_traffic();
    let traffic = server.traffic();
    assert_eq!((traffic.logins, traffic.logins_in_air, traffic.most_logins_in_air), (0, 1, 1));
    clients.clear();
    soon(|| server.traffic().logins_in_air == 0);
}

/// Whoever has an answer never finds its login in the air, however the answer came.
#[test]
fn a_login_lands_before_its_client_knows() {
    for fault in [
        Fault::new(),
        Fault::new().drip(500, Duration::ZERO),
        Fault::new().cut(200),
        Fault::new().reset(),
        Fault::new().body(100_000),
    ] {
        let server = faulty(fault);
        for _ in 0..50 {
            let mut client = Client::new(&server);
            client.send(&login().replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
            client.rest();
            assert_eq!(server.traffic().logins_in_air, 0);
        }
        assert_eq!((server.traffic().logins, server.traffic().most_logins_in_air), (50, 1));
    }
}

#[test]
fn the_clock() {
    let hours = Arc::new(AtomicI64::new(0));
    let clock = {
        let hours = Arc::clone(&hours);
        move || now() + time::Duration::hours(hours.load(Ordering::Relaxed))
    };
    let server = Server::start_with_clock(Emulator::new(), clock).unwrap();
    let mut client = Client::new(&server);
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
    assert!(Client::new(&server).ask(GET).0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_thousand_clients_at_once() {
    let server = Server::start().unwrap();
    let mut clients: Vec<_> = (0..1_000).map(|_| Client::new(&server)).collect();
    for _ in 0..2 {
        for client in &mut clients {
            client.send(GET);
        }
        for client in &mut clients {
            assert!(client.answer().0.starts_with("HTTP/1.1 200 "));
        }
    }
    let traffic = server.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1_000, 2_000));
}
