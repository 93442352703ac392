//! An SDK with its own HTTP stack, here some fifty lines over a TCP socket. Eight tasks share one
//! login. Then all tokens are revoked, and the tasks share the next login.
//!
//! `cargo run -p examples --bin embed`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{error::Error, io, sync::Arc, time::Duration};

use auth_driver::{Call, Driver, Wanted, nonblocking};
use auth_emulator::{Server, System, account};
use auth_proto::{
    Body, Cloud, Credential, EndpointQuery, Failure, FailureKind, RetryDecision, Scope, Session,
    Settings, limits,
};
use http::{Request, Response, StatusCode, header::CONTENT_LENGTH};
use time::UtcDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // An emulated cloud in this process. For the real one, use Cloud::kakao() without at().
    let server = Server::start()?;
    let sdk = Arc::new(Sdk::new(Cloud::kakao().at(&server.url(System::Kakao))?)?);

    for round in ["at the start", "after a revocation"] {
        let mut callers = JoinSet::new();
        for _ in 0..8 {
            let sdk = Arc::clone(&sdk);
            callers.spawn(async move { sdk.get("network", "/networks").await });
        }
        while let Some(answer) = callers.join_next().await {
            let status = answer??.status();
            if status != StatusCode::OK {
                return Err(format!("the service answered {status}").into());
            }
        }
        let traffic = server.traffic();
        println!("{round}: 8 calls, {} logins so far", traffic.logins);
        server.emulator().revoke_all();
    }
    Ok(())
}

/// The client of this SDK.
pub(crate) struct Sdk {
    /// The session, which all tasks share: it decides, waits and wakes.
    driver: Arc<Driver>,
    scope: Scope,
}

impl Sdk {
    pub(crate) fn new(cloud: Cloud) -> Result<Self> {
        let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
        // A login without a response counts as lost after this time. The socket times out earlier.
        let settings = Settings::default().with_response_timeout(4 * TIMEOUT);
        let session = Session::new(cloud, key, settings)?;
        let driver = Arc::new(Driver::new(session, UtcDateTime::now));
        Ok(Self { driver, scope: Scope::default() })
    }

    /// Sends a request to a service. Clouds revoke tokens early, so a 401 is part of normal operation:
    /// `Call` decides what to do about it. The future may be dropped at any point; a login that it
    /// was sending goes on with the next caller.
    pub(crate) async fn get(&self, service: &str, path: &str) -> Result<Response<Vec<u8>>> {
        let service = EndpointQuery::new(service);
        let wanted = Wanted { service: Some(&service), ..Wanted::new(&self.scope) };
        let head = Request::get(path).body(())?;
        let (mut call, ()) = Call::new(&self.driver, wanted, head)?;
        loop {
            // Adds the endpoint and the token, unless the token must not be sent there.
            let head = nonblocking::authorize(&mut call, &Tcp, PATIENCE, |_| ()).await?.clone();
            let answer = send(head.map(|()| "")).await.map_err(auth_proto::Error::from)?;
            // A call with a body also reports a body that broke off: `call.interrupted(...)`.
            if call.decide(answer.status(), true) == RetryDecision::Deliver {
                return Ok(answer);
            }
        }
    }
}

/// Sends the logins.
struct Tcp;

impl nonblocking::Transport for Tcp {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = std::result::Result<Response<Body>, Failure>> + Send + 'static {
        // The future belongs to no caller, so it borrows nothing.
        let sent = send(request);
        async { Ok(sent.await?.map(|body| Body::new(body.into()))) }
    }

    async fn sleep(&self, pause: Duration) {
        sleep(pause).await;
    }
}

/// The HTTP stack: one request per connection, no redirects, and a limit on everything. A real one also
/// has TLS. A failure says whether the request was sent, and has the status if that arrived.
async fn send(
    request: Request<impl AsRef<[u8]>>,
) -> std::result::Result<Response<Vec<u8>>, Failure> {
    let unsent = |error: io::Error| Failure::new(FailureKind::Connect, error.to_string());
    let host = request.uri().authority().map_or("", |authority| authority.as_str());
    let mut stream = within(TcpStream::connect(host)).await.map_err(unsent)?;
    let mut sent = head(&request).into_bytes();
    sent.extend_from_slice(request.body().as_ref());

    let mut answer = Vec::new();
    let ended = within(async {
        stream.write_all(&sent).await?;
        let limit = (limits::HEADERS + limits::BODY) as u64;
        stream.take(limit).read_to_end(&mut answer).await
    });
    let (kind, why) = match ended.await {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            (FailureKind::Timeout, error.to_string())
        }
        Err(error) => (FailureKind::Io, error.to_string()),
        Ok(_) => (FailureKind::Io, "the response is cut".to_owned()),
    };
    match read(&answer) {
        Some(response) if is_whole(&response) => Ok(response),
        Some(response) => {
            let (head, _) = response.into_parts();
            Err(Failure::new(kind, why).with_head(head.status, head.headers))
        }
        None => Err(Failure::new(kind, why)),
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(TIMEOUT, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn head(request: &Request<impl AsRef<[u8]>>) -> String {
    let uri = request.uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let length = request.body().as_ref().len();
    let mut head = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\n", request.method());
    head += &format!("Connection: close\r\nContent-Length: {length}\r\n");
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    head + "\r\n"
}

/// The status, the headers, and as much of the body as there is. `None` if the headers are not whole.
fn read(answer: &[u8]) -> Option<Response<Vec<u8>>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = head.parse(answer) else { return None };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        response = response.header(header.name, header.value);
    }
    response.body(answer[length..].to_vec()).ok()
}

fn is_whole(response: &Response<Vec<u8>>) -> bool {
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_none_or(|length: usize| length == response.body().len())
}

/// The time to connect, and the time from there to the end of the response.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The time that a caller waits for a token.
const PATIENCE: Duration = Duration::from_secs(30);
