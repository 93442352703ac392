//! The adapters wipe their memory before they free it. The HTTP libraries below them do not, so that a
//! block counts for the crate that frees it.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use auth_proto::{
    Cloud, Credential, Factor, Federation, OidcClient, Question, Reply, Scope, SecretSource,
    UserRef, Validate,
};

use testing::Adapter;

use crate::{
    PASSCODE, PASSWORD,
    allocator::{Finding, is_of, watch},
};

pub(crate) fn are_watched() {
    for (adapter, libraries) in [
        (Adapter::Ureq, &["ureq", "ureq_proto"][..]),
        (Adapter::Reqwest, &["http", "hyper", "hyper_util", "reqwest", "tokio"]),
    ] {
        let cloud = Cloud::keystone(&format!("http://{}/v3", server())).unwrap();
        let ((), found) = watch(|| use_client(adapter, &cloud));
        let is_the_library =
            |trace: &&Finding| is_of(trace, libraries) || is_a_received_header(trace);
        let (theirs, ours): (Vec<_>, Vec<_>) = found.iter().partition(is_the_library);
        // The library frees at least the token's header; without a finding the watch proves nothing.
        assert!(!theirs.is_empty(), "{adapter}");
        assert!(ours.is_empty(), "{adapter}: {} blocks, the first one by\n{}", ours.len(), ours[0]);
    }
}

fn use_client(adapter: Adapter, cloud: &Cloud) {
    use_secrets_that_are_asked_for(adapter, cloud);
    let builder = adapter.client(cloud.clone(), credential(), Scope::default());
    // The runtime ends with the client, so that nothing is freed later.
    let client = builder.own_runtime().build().unwrap();
    let token = client.token().unwrap();
    client.run(&Validate::new(cloud, token.expose())).unwrap();
    client.replace_credential(credential()).unwrap();
    client.close();
}

/// A federated login whose hook gives the secrets.
fn use_secrets_that_are_asked_for(adapter: Adapter, cloud: &Cloud) {
    let endpoint = cloud.identity_url().to_owned();
    let client = OidcClient::new("robot", endpoint).with_secret(SecretSource::new("a file"));
    let person = Federation::password("i", "p", client, "u", SecretSource::new("a file"));
    let credential = Credential::federated(person.with_code_field("code"));
    let builder = adapter.client(cloud.clone(), credential, Scope::default());
    let client = builder.own_runtime().asked(|question| {
        Ok(Some(match question {
            Question::Secret(_) => Reply::Secret(PASSWORD.into()),
            _ => Factor::totp(PASSCODE).into(),
        }))
    });
    let client = client.build().unwrap();
    client.token().unwrap();
    client.close();
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u"), PASSWORD).and(Factor::totp(PASSCODE))
}

/// Whether the block is a header value that the library received. It cannot be wiped, because
/// `HeaderValue` does not give its bytes back. The core's own header values have an owner that wipes
/// them, and the test of the core allows no exception.
fn is_a_received_header(trace: &str) -> bool {
    ["bytes::bytes::promotable", "bytes::bytes::shared", "bytes::bytes_mut::"]
        .iter()
        .any(|function| trace.contains(function))
}

/// A server that frees no memory, because the watch covers every thread: requests stay on its stack.
fn server() -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // Never freed: the thread ends with the process.
    let answer = answer();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client may hang up early.
            let _ = stream.and_then(|stream| serve(stream, &answer));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut request = [0; 8192];
    let mut filled = 0;
    loop {
        filled += match stream.read(&mut request[filled..])? {
            0 => return Ok(()),
            more => more,
        };
        // The exchange of a bearer has no body.
        let request = &request[..filled];
        let is_whole = request.starts_with(b"GET")
            || request.ends_with(b"}}")
            || request.ends_with(b"profile")
            || request.windows(17).any(|line| line.eq_ignore_ascii_case(b"content-length: 0"));
        if is_whole && request.windows(4).any(|end| end == b"\r\n\r\n") {
            return stream.write_all(answer.as_bytes());
        }
    }
}

/// Larger than one read. The token is in the body as well, where no crate reads it.
fn answer() -> String {
    let body = format!(
        r#"{{"access_token": "t0ps3cret-bearer", "token": {{"id": "t0ps3cret-token", "issued_at": "2126-01-01T00:00:00.000000Z", {}
            "expires_at": "2126-01-01T01:00:00.000000Z", "user": {{"id": "u"}}}}}}"#,
        " ".repeat(100_000),
    );
    let length = body.len();
    format!(
        "HTTP/1.1 201 Created\r\nConnection: close\r\nX-Subject-Token: t0ps3cret-token\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}
