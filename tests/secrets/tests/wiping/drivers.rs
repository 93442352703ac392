//! The adapters: what of theirs is given back was wiped. The HTTP libraries below them wipe nothing,
//! which no test can promise away; who gives a block back decides whose it was.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use auth_proto::{Cloud, Credential, Factor, Scope, UserRef, Validate};

use crate::{
    PASSCODE, PASSWORD,
    allocator::{Finding, is_of, watch},
};

pub(crate) fn are_watched() {
    for (name, run, libraries) in [
        ("auth-ureq", ureq as fn(&Cloud), &["ureq", "ureq_proto"][..]),
        ("auth-reqwest", reqwest, &["http", "hyper", "hyper_util", "reqwest", "tokio"]),
    ] {
        let cloud = Cloud::keystone(&format!("http://{}/v3", server())).unwrap();
        let ((), found) = watch(|| run(&cloud));
        let is_theirs = |trace: &&Finding| is_of(trace, libraries) || is_their_header(trace);
        let (theirs, own): (Vec<_>, Vec<_>) = found.iter().partition(is_theirs);
        // What finds nothing may be blind: the token's header at least is the library's.
        assert!(!theirs.is_empty(), "{name}");
        assert!(own.is_empty(), "{name}: {} blocks, the first one by\n{}", own.len(), own[0]);
    }
}

fn ureq(cloud: &Cloud) {
    let client = auth_ureq::Client::new(cloud.clone(), credential(), Scope::default()).unwrap();
    let token = client.token().unwrap();
    client.run(&Validate::new(cloud, token.expose())).unwrap();
    client.replace_credential(credential()).unwrap();
    client.close();
}

fn reqwest(cloud: &Cloud) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let built = auth_reqwest::Client::new(cloud.clone(), credential(), Scope::default());
        let client = built.unwrap();
        let token = client.token().await.unwrap();
        client.run(&Validate::new(cloud, token.expose())).await.unwrap();
        client.replace_credential(credential()).unwrap();
        client.close();
    });
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u"), PASSWORD).and(Factor::totp(PASSCODE))
}

/// Whether it is a header's value as the library read it. It comes to the core with the answer, and
/// cannot be wiped: `HeaderValue` does not give its bytes back. One of the core's own has an owner that
/// wipes it, and the core alone is held to that without exception.
fn is_their_header(trace: &str) -> bool {
    ["bytes::bytes::promotable", "bytes::bytes::shared", "bytes::bytes_mut::"]
        .iter()
        .any(|function| trace.contains(function))
}

/// A server that gives no memory back: what it hears stays on its stack.
fn server() -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // It is never given back.
    let answer = answer();
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that breaks off has had what it wanted.
            let _ = stream.and_then(|stream| serve(stream, &answer));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut heard = [0; 8192];
    let mut filled = 0;
    loop {
        filled += match stream.read(&mut heard[filled..])? {
            0 => return Ok(()),
            more => more,
        };
        let is_whole = heard.starts_with(b"GET") || heard[..filled].ends_with(b"}}}");
        if is_whole && heard[..filled].windows(4).any(|end| end == b"\r\n\r\n") {
            return stream.write_all(answer.as_bytes());
        }
    }
}

/// More than is read at once. The token is in the body as well, where nobody reads it.
fn answer() -> String {
    let body = format!(
        r#"{{"token": {{"id": "t0ps3cret-token", "issued_at": "2126-01-01T00:00:00.000000Z", {}
            "expires_at": "2126-01-01T01:00:00.000000Z", "user": {{"id": "u"}}}}}}"#,
        " ".repeat(100_000),
    );
    let length = body.len();
    format!(
        "HTTP/1.1 201 Created\r\nConnection: close\r\nX-Subject-Token: t0ps3cret-token\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}
