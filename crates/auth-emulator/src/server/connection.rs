//! Connections: reads requests, asks the script and the emulator, and sends responses.

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
    machine::{Emulator, resource::RequestKind},
    message::{response, routed::RoutedRequest},
    provider::Provider,
    server::{
        fault::{Arrival, Fault},
        lock::lock,
        payload::{Content, Payload},
        traffic::{Counters, LoginInFlight},
        wire::{FaultyStream, ResponseControl},
    },
};

/// The state that all connections of a server share.
pub(crate) struct ServerState {
    pub(crate) emulator: Mutex<Emulator>,
    pub(crate) clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    pub(crate) script: Mutex<Box<Script>>,
    pub(crate) counters: Arc<Counters>,
}

pub(crate) type Script = dyn FnMut(&Arrival<'_>) -> Option<Fault> + Send;

pub(crate) async fn accept(listener: TcpListener, shared: Arc<ServerState>) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                shared.counters.connected();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
            // Probably out of file descriptors, which clients free when they disconnect.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<ServerState>) {
    // Without this, a response waits until the client acknowledges the previous one.
    let _ = stream.set_nodelay(true);
    let Ok(here) = stream.local_addr() else {
        return;
    };
    let control = Arc::new(ResponseControl::default());
    let wire = FaultyStream::new(stream, Arc::clone(&shared.counters), Arc::clone(&control));
    let handler = service_fn(move |request| {
        respond(request, here, Arc::clone(&shared), Arc::clone(&control))
    });
    // A client that disconnects does not affect the others.
    let _ = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(wire), handler)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    here: SocketAddr,
    shared: Arc<ServerState>,
    control: Arc<ResponseControl>,
) -> Result<Response<Payload>, hyper::Error> {
    let (head, body) = read(request, here).await?;
    let Served { response, kind, fault, login } =
        shared.respond(&Request::from_parts(head, body.as_slice()));
    if fault.silence {
        // hyper drops this future, and the login with it, when the client disconnects.
        return future::pending().await;
    }
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    if kind == RequestKind::Service && response.status() == StatusCode::UNAUTHORIZED {
        shared.counters.unauthorized();
    }
    control.start(&fault, login);
    let (mut head, body) = response.into_parts();
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
    Ok(Response::from_parts(head, Payload::new(content, control)))
}

/// Reads a complete request and adds a missing `Host`.
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
        // Bytes past the emulator's limit are read, so that the client can finish, and dropped.
        if let Some(data) = frame?.data_ref()
            && body.len() < KEPT_BODY
        {
            body.extend_from_slice(data);
        }
    }
    Ok((head, body))
}

/// The response to a request, and its fault.
struct Served {
    response: Response<Vec<u8>>,
    kind: RequestKind,
    fault: Fault,
    login: Option<LoginInFlight>,
}

impl ServerState {
    fn respond(&self, request: &Request<&[u8]>) -> Served {
        let routed = RoutedRequest::route(request, (self.clock)());
        let kind = RequestKind::of(routed.as_ref());
        let system = kind.login();
        let arrival = Arrival {
            number: self.counters.arrived(kind),
            login: system,
            kind,
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
            body: request.body(),
        };
        let login = system.map(|_| self.counters.login());
        let fault = lock(&self.script)(&arrival).unwrap_or_default();
        let response = match fault.status {
            Some(status) => scripted(kind, status),
            None => lock(&self.emulator).handle_routed(request.method(), routed.as_ref()),
        };
        Served { response, kind, fault, login }
    }
}

/// A response that bypasses the emulator, with an error in the form of Keystone or the provider.
fn scripted(kind: RequestKind, status: StatusCode) -> Response<Vec<u8>> {
    match kind {
        RequestKind::Provider | RequestKind::ProviderLogin if status.as_u16() >= 400 => {
            Provider::scripted(status)
        }
        _ => response::scripted(status),
    }
}

/// The clock's time as a `Date` header; `None` before 1970, which the header cannot express.
fn date(now: UtcDateTime) -> Option<HeaderValue> {
    let since = Duration::try_from(now - UtcDateTime::UNIX_EPOCH).ok()?;
    HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)).ok()
}

/// Room for two tokens of the maximum length.
const MAX_HEAD: usize = 4 << 20;
/// More than the emulator accepts.
const KEPT_BODY: usize = 1 << 20;
