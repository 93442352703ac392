//! Bodies that are made again for a second try, and servers that answer before the body.

use std::{
    io::{self, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use auth_emulator::{Emulator, System};
use http::Request;
use testing::{
    Builder, Connection, Loopback,
    fixtures::{TOKEN, token_body},
};

use super::support::{client, loopback_client};
use crate::start;

/// More than the buffers of two sockets take.
const SIZE: usize = 50_000_000;

#[test]
fn a_stream_is_made_again_after_a_401() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    client.token().unwrap();
    server.emulator().revoke_all();
    let url = format!("http://{}/service/huawei/ecs.example/v1", server.address());
    let mut made = 0;
    let response = client.call_with(|| {
        made += 1;
        Ok(Request::put(&url).body(b"a body".to_vec())?)
    });
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!((made, server.emulator().logins(System::Huawei)), (2, 2));
}

#[test]
fn a_request_that_cannot_be_made_is_the_error() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    let service = client.service("ecs");
    for error in [
        client.call_with(|| Err("no such file".into())).unwrap_err(),
        service.call_with(|| Err("no such file".into())).unwrap_err(),
    ] {
        assert!(error.shown().contains("no such file"), "{error}");
        assert!(!error.is_retryable());
    }
    assert_eq!(server.emulator().requests(System::Huawei), 0);
}

/// The second request of a closure is checked as the first one is.
#[test]
fn a_second_request_keeps_its_token_at_home() {
    let server =
        Loopback::accept(None, |connection| serve(connection, Refusal::Early, &Ends::default()));
    let client = loopback_client(&server).build().unwrap();
    let mut urls = ["https://169.254.169.254/".to_owned(), server.url()];
    let mut next = urls.iter_mut().rev();
    let result = client.call_with(|| {
        let url = std::mem::take(next.next().unwrap());
        Ok(Request::put(url).body(Vec::new())?)
    });
    assert!(result.unwrap_err().auth().is_some());
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Refusal {
    /// 401 as soon as the headers are there, and the connection is closed.
    Early,
    /// The connection is reset while the body arrives.
    Reset,
}

/// What the server has seen.
#[derive(Default)]
struct Ends {
    logins: AtomicUsize,
    questions: AtomicUsize,
    uploads: AtomicUsize,
    /// Whether the identity service calls the first token valid.
    is_valid: AtomicBool,
}

/// An identity service and a store in one. The store refuses the first token.
fn serve(connection: &mut Connection, refusal: Refusal, seen: &Ends) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let is_first = head.contains(&format!("x-auth-token: {TOKEN}-0"));
    let answer = |status: &str, token: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{token}\r\n{body}"
        )
    };
    let reply = if head.starts_with("post /v3/auth/tokens ") {
        connection.read_exact(&mut vec![0; length(&head)])?;
        let number = seen.logins.fetch_add(1, SeqCst);
        let token = format!("X-Subject-Token: {TOKEN}-{number}\r\n");
        answer("201 Created", &token, &token_body("https://thing.example"))
    } else if head.contains(" /v3/auth/tokens") {
        seen.questions.fetch_add(1, SeqCst);
        match seen.is_valid.load(SeqCst) {
            true => answer("200 OK", "", &token_body("https://thing.example")),
            false => answer("404 Not Found", "", "{}"),
        }
    } else if is_first {
        seen.uploads.fetch_add(1, SeqCst);
        match refusal {
            Refusal::Early => answer("401 Unauthorized", "", ""),
            Refusal::Reset => return connection.read_exact(&mut [0; 100_000]),
        }
    } else {
        seen.uploads.fetch_add(1, SeqCst);
        if head.contains("100-continue") {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match length(&head) {
            0 => read_chunks(connection)?,
            length => connection.read_exact(&mut vec![0; length])?,
        }
        answer("201 Created", "", "")
    };
    connection.write_all(reply.as_bytes())
}

/// Reads a chunked body, whose end appears nowhere else.
fn read_chunks(connection: &mut Connection) -> io::Result<()> {
    let (mut buffer, mut end) = (vec![0; 65_536], Vec::new());
    while !end.ends_with(b"0\r\n\r\n") {
        let count = connection.read(&mut buffer)?;
        end = [&end[end.len().saturating_sub(5)..], &buffer[..count]].concat();
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

fn length(head: &str) -> usize {
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    length.map_or(0, |length| length.parse().unwrap())
}

/// A client whose token the store refuses, and what the server sees.
fn refused(
    refusal: Refusal,
    change: fn(Builder) -> Builder,
) -> (Loopback, testing::Client, Arc<Ends>) {
    let seen = Arc::<Ends>::default();
    let ends = Arc::clone(&seen);
    let server = Loopback::accept(None, move |connection| serve(connection, refusal, &ends));
    let client = change(loopback_client(&server)).build().unwrap();
    client.token().unwrap();
    (server, client, seen)
}

/// The server answers early and closes, or resets the connection.
#[test]
fn a_large_upload_gets_past_a_revoked_token() {
    let changes: [fn(Builder) -> Builder; 2] =
        [|builder| builder, |builder| builder.expect_continue(false)];
    for (refusal, change) in [Refusal::Early, Refusal::Reset]
        .into_iter()
        .flat_map(|refusal| changes.map(|change| (refusal, change)))
    {
        let (server, client, seen) = refused(refusal, change);
        let url = format!("{}/disk.img", server.url());
        let response = client.call_with(|| Ok(Request::put(&url).body(vec![7; SIZE])?));
        assert_eq!(response.unwrap().status(), 201, "{refusal:?}");
        assert_eq!(seen.uploads.load(SeqCst), 2, "{refusal:?}");
        assert_eq!(seen.logins.load(SeqCst), 2, "{refusal:?}");
    }
}

#[test]
fn a_token_is_asked_about_after_a_reset() {
    for is_valid in [true, false] {
        let (server, client, seen) = refused(Refusal::Reset, |builder| builder);
        seen.is_valid.store(is_valid, SeqCst);
        let first = client.token().unwrap();
        let url = format!("{}/disk.img", server.url());
        let upload = Request::put(url).body(vec![7; SIZE]).unwrap();
        assert!(client.call_once(upload).unwrap_err().is_transport());
        assert_eq!(seen.questions.load(SeqCst), 0);
        let next = client.token().unwrap();
        assert_eq!(seen.questions.load(SeqCst), 1);
        assert_eq!(next.expose() == first.expose(), is_valid);
        assert_eq!(seen.logins.load(SeqCst), if is_valid { 1 } else { 2 });
    }
}
