use std::{
    convert::Infallible,
    future,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{DATE, HOST},
    request,
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use time::UtcDateTime;
use tokio::net::{TcpListener, TcpStream};

use crate::{
    answer,
    call::Call,
    emulator::{Emulator, Errand},
    fault::{Arrival, Fault},
    lock::lock,
    payload::{Content, Payload},
    traffic::{Counters, LoginInAir},
    wire::{Line, Wire},
};

/// What all connections of one server share.
pub(crate) struct Shared {
    pub(crate) emulator: Mutex<Emulator>,
    pub(crate) clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    pub(crate) script: Mutex<Box<Script>>,
    pub(crate) counters: Arc<Counters>,
}

pub(crate) type Script = dyn FnMut(&Arrival<'_>) -> Option<Fault> + Send;

pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                shared.counters.connected();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
            // Out of file descriptors, most likely; they come back when clients hang up.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // An answer must not wait for the client to acknowledge the one before it.
    let _ = stream.set_nodelay(true);
    let Ok(here) = stream.local_addr() else {
        return;
    };
    let line = Arc::new(Line::default());
    let wire = Wire::new(stream, Arc::clone(&shared.counters), Arc::clone(&line));
    let answering =
        service_fn(move |request| answer(request, here, Arc::clone(&shared), Arc::clone(&line)));
    // A client that breaks off is no concern of the others.
    let _ = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(wire), answering)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    here: SocketAddr,
    shared: Arc<Shared>,
    line: Arc<Line>,
) -> Result<Response<Payload>, hyper::Error> {
    let (head, body) = read(request, here).await?;
    let Judged { answer, errand, fault, login } =
        shared.judge(&Request::from_parts(head, body.as_slice()));
    if fault.silence {
        // Dropped, and the login with it, when the client hangs up.
        return future::pending().await;
    }
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    if errand == Errand::Service && answer.status() == StatusCode::UNAUTHORIZED {
        shared.counters.unauthorized();
    }
    line.announce(&fault, login);
    let (mut head, body) = answer.into_parts();
    for (name, value) in fault.headers {
        head.headers.append(name, value);
    }
    if let Some(date) = date((shared.clock)()) {
        head.headers.entry(DATE).or_insert(date);
    }
    let content = match fault.body {
        Some(bytes) => Content::Spaces(bytes),
        None => Content::Text(body.into()),
    };
    Ok(Response::from_parts(head, Payload::new(content, line)))
}

/// A request, whole, with the server for a host if it names none.
async fn read(
    request: Request<Incoming>,
    here: SocketAddr,
) -> Result<(request::Parts, Vec<u8>), hyper::Error> {
    let (mut head, mut incoming) = request.into_parts();
    if let Ok(host) = HeaderValue::try_from(here.to_string()) {
        head.headers.entry(HOST).or_insert(host);
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        // Bytes beyond what the emulator takes are read, so that the client can finish, but not
        // kept.
        if let Some(data) = frame?.data_ref()
            && body.len() < ENOUGH_BODY
        {
            body.extend_from_slice(data);
        }
    }
    Ok((head, body))
}

/// A request has arrived, and this is what becomes of it.
struct Judged {
    answer: Response<Vec<u8>>,
    errand: Errand,
    fault: Fault,
    login: Option<LoginInAir>,
}

impl Shared {
    fn judge(&self, request: &Request<&[u8]>) -> Judged {
        let call = Call::route(request, (self.clock)());
        let errand = Errand::of(call.as_ref());
        let system = match errand {
            Errand::Login(system) => Some(system),
            Errand::Identity | Errand::Service => None,
        };
        let arrival = Arrival {
            number: self.counters.arrived(),
            login: system,
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
            body: request.body(),
        };
        let login = system.map(|_| self.counters.login());
        let fault = lock(&self.script)(&arrival).unwrap_or_default();
        let answer = match fault.status {
            Some(status) => answer::scripted(status),
            None => lock(&self.emulator).take(request.method(), call.as_ref()),
        };
        Judged { answer, errand, fault, login }
    }
}

/// The clock's time for the `Date` header, which clients hold tokens' times against.
///
/// `None` for a clock before 1970, which the header's writer does not know.
fn date(now: UtcDateTime) -> Option<HeaderValue> {
    let since = Duration::try_from(now - UtcDateTime::UNIX_EPOCH).ok()?;
    HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)).ok()
}

/// Room for the longest token that the emulator issues, twice.
const LARGEST_HEAD: usize = 4 << 20;
/// More than the emulator takes.
const ENOUGH_BODY: usize = 1 << 20;
