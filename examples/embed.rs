//! The core in an SDK that has an HTTP stack of its own, and wants no other: here some forty lines
//! over a TCP socket. Eight threads share one login; then all tokens are revoked, and they share the
//! next one.
//!
//! `cargo run -p examples --bin embed`
#![allow(clippy::print_stdout, reason = "a program speaks")]

use std::{
    error::Error,
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use auth_emulator::{Server, System, account};
use auth_proto::{
    Action, Cloud, Credential, EndpointQuery, Failure, FailureKind, RetryDecision, Scope,
    ServiceCall, Session, Settings, Token, limits,
};
use http::{Request, Response, StatusCode};
use time::UtcDateTime;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    // The cloud, in process. Yours is Cloud::kakao(), without the at().
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
                Ok(Ok(answer)) => Err(format!("the service says {}", answer.status()).into()),
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

/// What the users of this SDK see.
struct Sdk {
    /// The decisions. Locked for moments only, never while something is sent.
    account: Mutex<Session>,
    /// Rung whenever the account has changed, so that nobody waits longer than they must.
    changed: Condvar,
}

impl Sdk {
    fn new(cloud: Cloud, credential: Credential) -> Result<Self> {
        // A login that is not answered within this time counts as lost; the sockets give up before.
        let settings = Settings::default().with_response_timeout(2 * TIMEOUT);
        let account = Mutex::new(Session::new(cloud, credential, settings)?);
        Ok(Self { account, changed: Condvar::new() })
    }

    /// A request to a service. Clouds end tokens early, so that a 401 is part of normal life: what to
    /// do about it is decided by `ServiceCall`.
    fn get(&self, service: &str, path: &str) -> Result<Response<Vec<u8>>> {
        let mut call = ServiceCall::new();
        loop {
            let token = self.token(&Scope::default())?;
            let cloud = self.lock().cloud().clone();
            let endpoint = cloud.endpoint(&token, &EndpointQuery::new(service))?;
            let mut request = Request::get(format!("{}{path}", endpoint.url())).body("")?;
            // Adds the header, unless the token must not go there.
            cloud.authorize(&token, &mut request)?;
            let answer = send(&request)?;
            let verdict =
                call.verdict(&mut self.lock(), &token, answer.status(), true, UtcDateTime::now());
            if verdict == RetryDecision::Deliver {
                return Ok(answer);
            }
        }
    }

    /// The whole driver: ask, and do as told.
    fn token(&self, scope: &Scope) -> Result<Arc<Token>> {
        let mut account = self.lock();
        loop {
            let now = UtcDateTime::now();
            match account.poll(scope, now) {
                Action::Use(token) => return Ok(token),
                Action::Fail(error) => return Err(error.into()),
                // Somebody else's login is in the air, or a pause runs after a failure.
                Action::Wait(until) => {
                    let pause = Duration::try_from(until - now).unwrap_or_default();
                    let waited = self.changed.wait_timeout(account, pause);
                    account = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Action::Send(flight, request) => {
                    drop(account);
                    let answer = send(&request);
                    account = self.lock();
                    let now = UtcDateTime::now();
                    match answer {
                        Ok(answer) => account.handle_response(flight, answer, now),
                        Err(error) => account.handle_failure(flight, failure(&error), now),
                    }
                    self.changed.notify_all();
                }
                Action::NeedFactor(_) => return Err("this SDK asks nobody for a code".into()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says what went wrong in the core's words, so that it knows what is worth another try.
fn failure(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Connect,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::Timeout,
        _ => FailureKind::Io,
    };
    Failure::new(kind, error.to_string())
}

/// The HTTP stack: one request a connection, no redirect followed, everything bounded. Yours speaks
/// TLS, too.
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
