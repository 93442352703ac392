//! A service that repeats what it was sent: what the program prints has none of it.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::run_with;

/// With what JSON and URLs escape.
const PASSWORD: &str = "t0ps3cret-password, \"of/more";
const TOKEN: &str = "t0ps3cret-token_that+was/given==";

#[test]
fn what_a_service_repeats_is_not_printed() {
    let spellings: [fn(&str) -> String; 5] = [
        str::to_owned,
        str::to_uppercase,
        |text| serde_json::to_string(text).unwrap(),
        |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        |text| text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for spelling in spellings {
        for status in ["401 No", "403 No", "302 Found\r\nLocation: https://PLAIN.example/PLAIN"] {
            let url = repeating_server(status, spelling);
            let login = ["--identity-url", &url, "--user-id", "u"];
            for command in [&["token"][..], &["catalog"], &["endpoint", "x"], &["projects"]] {
                let arguments = [command, &login, &["--password-env", "P"]].concat();
                silent(&arguments, ("P", PASSWORD), spelling);
            }
            let given = ["--identity-url", &url, "--token-env", "T"];
            for command in ["catalog", "endpoint", "projects", "revoke", "validate"] {
                let service = if command == "endpoint" { &["x"][..] } else { &[] };
                let arguments = [&[command], service, &given].concat();
                silent(&arguments, ("T", TOKEN), spelling);
            }
        }
    }
}

fn silent(arguments: &[&str], (name, secret): (&str, &str), spelling: fn(&str) -> String) {
    let run = run_with(arguments, "", &[(name, secret)]);
    assert_ne!(run.code, 0, "{arguments:?}: {run:?}");
    let said = format!("{}{}", run.out, run.err).to_lowercase();
    for text in [secret.to_owned(), spelling(secret)] {
        let text = text.to_lowercase();
        let part = text
            .as_bytes()
            .windows(12)
            .any(|part| said.as_bytes().windows(12).any(|window| window == part));
        assert!(!part && !said.contains("t0ps3cret"), "{arguments:?}: {run:?}");
    }
}

/// Says in every answer what the client knows, spelled so: the identity URL.
fn repeating_server(status: &'static str, spelling: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", listener.local_addr().unwrap());
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that breaks off has had what it wanted.
            let _ = stream.and_then(|stream| repeat(stream, status, spelling));
        }
    });
    url
}

fn repeat(mut stream: TcpStream, status: &str, spelling: fn(&str) -> String) -> io::Result<()> {
    let mut request = Vec::new();
    let is_whole = |request: &[u8]| {
        let has_head = request.windows(4).any(|end| end == b"\r\n\r\n");
        has_head && (!request.starts_with(b"POST") || request.ends_with(b"}}"))
    };
    while !is_whole(&request) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let secret = if request.starts_with(b"POST") { PASSWORD } else { TOKEN };
    let is_of_host = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let host: String = secret.chars().take_while(is_of_host).collect();
    let status = status.replace("PLAIN", &host);
    let text = format!("no: {} is wrong", spelling(secret));
    let body =
        serde_json::json!({"error": {"code": 401, "title": text, "message": text}}).to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
