//! A server that answers as a test says, one request a connection.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

/// Starts one and tells its URL. It ends with the process.
pub(crate) fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that breaks off has had what it wanted.
            let _ = stream.and_then(|stream| serve(&stream, &answer));
        }
    });
    format!("http://127.0.0.1:{port}")
}

fn serve(mut stream: &TcpStream, answer: &impl Fn(&str) -> String) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request += "\n";
    request += &String::from_utf8_lossy(&body);
    stream.write_all(answer(&request).as_bytes())
}

/// An answer; `headers` end with a line end each.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A good login's answer, with this token.
pub(crate) fn token(token: &str) -> String {
    let body = r#"{"token": {
        "catalog": [],
        "expires_at": "2126-01-03T00:00:00.000000Z", "issued_at": "2126-01-01T00:00:00.000000Z",
        "domain": {"id": "d1", "name": "d"},
        "user": {"id": "u1", "name": "u", "domain": {"id": "d1", "name": "d"}}
    }}"#;
    answer("201 Created", &format!("X-Subject-Token: {token}\r\n"), body)
}
