//! The identity service and the other services, in a separate process, so that its allocations
//! count for no library. It answers from memory and keeps connections.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use benches::bodies::TOKEN;

use crate::answers;

/// Prints the URL on standard output and serves until standard input ends.
pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let root = format!("http://{}", listener.local_addr()?);
    println!("{root}");
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let answers = Arc::new(Answers::new(&root));
    for stream in listener.incoming() {
        let (stream, answers) = (stream?, Arc::clone(&answers));
        // A client may hang up early.
        thread::spawn(move || answers.to_all_of(stream));
    }
    Ok(())
}

/// Complete responses with their heads.
struct Answers {
    /// The path, the version document and the token response of each identity service.
    identities: [(&'static str, Vec<u8>, Vec<u8>); 3],
    /// The response to every other request.
    servers: Vec<u8>,
}

impl Answers {
    fn new(root: &str) -> Self {
        let bodies = [("small", answers::small()), ("m", answers::m()), ("l", answers::l())];
        let identities = bodies.map(|(path, body)| {
            let link = format!("{root}/{path}/v3/");
            let version = format!(
                r#"{{"version":{{"id":"v3.14","status":"stable","links":[{{"rel":"self","href":"{link}"}}]}}}}"#
            );
            let token = format!("x-subject-token: {TOKEN}\r\n");
            (path, answer("200 OK", "", &version), answer("201 Created", &token, &body))
        });
        Self { identities, servers: answer("200 OK", "", r#"{"servers":[]}"#) }
    }

    fn to_all_of(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let (mut line, mut body) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let answer = self.to(&line);
            body.resize(length_of_body(&mut stream)?, 0);
            stream.read_exact(&mut body)?;
            stream.get_mut().write_all(answer)?;
        }
    }

    /// The response to a request with this first line.
    fn to(&self, line: &[u8]) -> &[u8] {
        let mut words = line.split(|&byte| byte == b' ');
        let (method, path) = (words.next(), words.next().unwrap_or_default());
        let mut parts = path.split(|&byte| byte == b'/').skip(1);
        let (first, second) = (parts.next().unwrap_or_default(), parts.next());
        let identity = self.identities.iter().find(|(path, ..)| path.as_bytes() == first);
        match (identity, second, method) {
            (Some((_, _, token)), Some(b"v3"), Some(b"POST")) => token,
            (Some((_, version, _)), Some(b"v3"), _) => version,
            _ => &self.servers,
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Reads the rest of a head and returns the length of the body.
fn length_of_body(stream: &mut impl BufRead) -> io::Result<usize> {
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(length) };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
}
