//! An SDK with its own HTTP stack, here some forty lines over a TCP socket. Eight threads share one
//! login. Then all tokens are revoked, and the threads share the next login.
//!
//! `cargo run -p examples --bin embed`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{
    error::Error,
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use auth_driver::{Call, Driver, Mode, blocking};
use auth_emulator::{Server, System, account};
use auth_proto::{
    Body, Cloud, Credential, EndpointQuery, Failure, FailureKind, RetryDecision, Scope, Session,
    Settings, limits,
};
use http::{Request, Response, StatusCode};
use time::UtcDateTime;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    // An emulated cloud in this process. For the real one, use Cloud::kakao() without at().
    let server = Server::start()?;
    let cloud = Cloud::kakao().at(&server.url(System::Kakao))?;
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let sdk = Sdk::new(cloud, key)?;

    for round in ["at the start", "after a revocation"] {
        thread::scope(|scope| {
            let callers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| sdk.get("network", "/networks"))).collect();
            callers.into_iter().try_for_each(|caller| match caller.join() {
                Ok(Ok(answer)) if answer.status() == StatusCode::OK => Ok(()),
                Ok(Ok(answer)) => Err(format!("the service answered {}", answer.status()).into()),
                Ok(Err(error)) => Err(error),
                Err(_) => Err("a caller panicked".into()),
            })
        })?;
        let traffic = server.traffic();
        println!("{round}: 8 calls, {} logins so far", traffic.logins);
        server.emulator().revoke_all();
    }
    Ok(())
}

/// The client of this SDK.
struct Sdk {
    /// The session, which all threads share: it decides, waits and wakes.
    driver: Driver,
    scope: Scope,
}

impl Sdk {
    fn new(cloud: Cloud, credential: Credential) -> Result<Self> {
        // A login without a response counts as lost after this time. The sockets time out earlier.
        let settings = Settings::default().with_response_timeout(2 * TIMEOUT);
        let session = Session::new(cloud, credential, settings)?;
        Ok(Self { driver: Driver::new(session, UtcDateTime::now), scope: Scope::default() })
    }

    /// Sends a request to a service. Clouds revoke tokens early, so a 401 is part of normal operation:
    /// `Call` decides what to do about it.
    fn get(&self, service: &str, path: &str) -> Result<Response<Vec<u8>>> {
        let service = EndpointQuery::new(service);
        let head = Request::get(path).body(())?;
        let (mut call, ()) = Call::new(&self.driver, &self.scope, Some(&service), head)?;
        loop {
            let grant = blocking::grant(&self.driver, &Tcp, call.wanted(), PATIENCE, Mode::Caller)?;
            // Adds the endpoint and the token, unless the token must not be sent there.
            let head = call.authorize(grant, |_| ())?.clone();
            let answer = send(&head.map(|()| ""))?;
            if call.decide(answer.status(), true) == RetryDecision::Deliver {
                return Ok(answer);
            }
        }
    }
}

/// Sends the logins.
struct Tcp;

impl blocking::Transport for Tcp {
    fn send(
        &self,
        request: Request<Body>,
        left: Duration,
    ) -> Option<std::result::Result<Response<Body>, Failure>> {
        match send(&request) {
            Ok(response) => Some(Ok(response.map(|body| Body::new(body.into())))),
            // The caller's time is over: that is no failure of the service.
            Err(error) if left < TIMEOUT && failure(&error).kind == FailureKind::Timeout => None,
            Err(error) => Some(Err(failure(&error))),
        }
    }
}

/// The error in the terms of the core, which decides whether to try again.
fn failure(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Connect,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::Timeout,
        _ => FailureKind::Io,
    };
    Failure::new(kind, error.to_string())
}

/// The HTTP stack: one request per connection, no redirects, and a limit on everything. A real one also
/// has TLS.
fn send(request: &Request<impl AsRef<[u8]>>) -> io::Result<Response<Vec<u8>>> {
    let uri = request.uri();
    let host = uri.authority().ok_or(io::ErrorKind::InvalidInput)?.as_str();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let body = request.body().as_ref();
    let mut head =
        format!("{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", request.method());
    head += &format!("Content-Length: {}\r\n", body.len());
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(io::Error::other)?;
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take((limits::HEADERS + limits::BODY) as u64).read_to_end(&mut answer)?;
    read(&answer)
}

fn read(answer: &[u8]) -> io::Result<Response<Vec<u8>>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(answer).map_err(io::Error::other)? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        response = response.header(header.name, header.value);
    }
    response.body(answer[length..].to_vec()).map_err(io::Error::other)
}

const TIMEOUT: Duration = Duration::from_secs(15);
/// The time that a caller waits for a token.
const PATIENCE: Duration = Duration::from_secs(30);
