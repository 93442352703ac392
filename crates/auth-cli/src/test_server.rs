//! The loopback server of the tests: the unit tests and those in `tests/program` share this file.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
};

/// A server that answers one request per connection until the process ends. Returns its origin,
/// such as `http://127.0.0.1:40000`.
pub(crate) fn serve(mut answer: impl FnMut(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client may break off in the middle.
            let _ = stream.and_then(|mut stream| {
                let request = read_request(&mut stream)?;
                stream.write_all(answer(&request).as_bytes())
            });
        }
    });
    origin
}

/// A server with one answer per request, in this order. Returns its origin and the requests.
pub(crate) fn serve_all<T: Into<String>>(
    answers: impl IntoIterator<Item = T>,
) -> (String, Receiver<String>) {
    let (sent, requests) = mpsc::channel();
    let mut answers: std::collections::VecDeque<String> =
        answers.into_iter().map(Into::into).collect();
    let origin = serve(move |request| {
        // Not every test reads the requests.
        let _ = sent.send(request.to_owned());
        answers.pop_front().expect("no more requests than answers")
    });
    (origin, requests)
}

/// Reads a request with a body of known length, or without a body.
pub(crate) fn read_request(stream: &mut impl Read) -> io::Result<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    request.extend(body);
    Ok(String::from_utf8(request).unwrap())
}
