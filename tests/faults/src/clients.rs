//! The adapters' clients: how the scenarios build and use them.

use std::{
    error::Error as StdError,
    fs::File,
    io::{self, Read},
    iter,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use auth_proto::ErrorKind;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use testing::{Adapter, Client, Error, configured::CONTROL};
use tokio::time::timeout;
use ureq::{
    Agent, SendBody,
    config::ConfigBuilder,
    http::{Request, Response},
    middleware::{Middleware, MiddlewareNext},
    typestate::AgentScope,
};

use crate::{
    request::{CallResult, CallerRequest, Operation, RequestResult, Upload},
    testbed::{ClientOptions, Hook, HookPoint, TestScope, Testbed},
};

pub(crate) fn client(adapter: Adapter, testbed: &Testbed, options: &ClientOptions) -> Client {
    let (cloud, scope) = (testbed.cloud(options), TestScope::Project.scope());
    let (for_ureq, for_reqwest) = (options.clone(), options.clone());
    adapter
        .client(cloud, options.credential(), scope)
        .clock(clock(testbed, options))
        .settings(options.settings.clone())
        .identity_timeout(options.identity_timeout)
        .on_ureq(move |http| ureq_config(http, &for_ureq))
        .on_reqwest(move |http| reqwest_config(http, &for_reqwest))
        .build()
        .expect("a valid configuration")
}

/// ureq without a proxy, which the environment may name.
pub(crate) fn ureq_config(
    http: ConfigBuilder<AgentScope>,
    options: &ClientOptions,
) -> ConfigBuilder<AgentScope> {
    let http = http.proxy(None).max_idle_connections_per_host(1000);
    match &options.at_wire {
        None => http,
        Some(hook) => http.middleware(Hooked(Arc::clone(hook))),
    }
}

/// The same for reqwest.
pub(crate) fn reqwest_config(
    http: reqwest::ClientBuilder,
    options: &ClientOptions,
) -> reqwest::ClientBuilder {
    let http = http.no_proxy();
    let http = if options.http2 { http.http2_prior_knowledge() } else { http };
    match &options.at_wire {
        None => http,
        Some(hook) => http.dns_resolver(Arc::new(Hooked(Arc::clone(hook)))),
    }
}

/// ureq's configuration for the control.
pub(crate) fn plain_ureq(options: &ClientOptions) -> Agent {
    let http = ureq_config(Agent::config_builder(), options).user_agent(CONTROL);
    http.http_status_as_error(false).build().new_agent()
}

pub(crate) fn ask_ureq(client: &auth_ureq::Client, request: &CallerRequest) -> RequestResult {
    let response = match &request.operation {
        Operation::Token(scope) => {
            let token = client.scoped(scope.scope()).token_within(request.timeout);
            return classified(token.map(|_| CallResult::Token).map_err(Error::from));
        }
        Operation::Call(call) => client.call(Request::clone(call)),
        Operation::CallWithin(call) => call_ureq_within(client, call, request.timeout),
        Operation::Upload(upload) => upload_ureq(client, upload),
    };
    let result = response.map(|mut response| {
        // Read to the end, so that the connection is reused.
        let _ = response.body_mut().read_to_vec();
        CallResult::Response(response.status())
    });
    classified(result.map_err(Error::from))
}

/// A blocking call has the client's patience; its token may have the caller's.
fn call_ureq_within(
    client: &auth_ureq::Client,
    call: &Request<Vec<u8>>,
    patience: Duration,
) -> Result<Response<ureq::Body>, auth_ureq::Error> {
    client.token_within(patience)?;
    client.call(Request::clone(call))
}

fn upload_ureq(
    client: &auth_ureq::Client,
    upload: &Upload,
) -> Result<Response<ureq::Body>, auth_ureq::Error> {
    client.call_with(|| Ok(Request::put(&upload.uri).body(File::open(&upload.file)?)?))
}

pub(crate) async fn ask_reqwest(
    client: auth_reqwest::Client,
    request: CallerRequest,
) -> RequestResult {
    let answer = match request.operation {
        Operation::Token(scope) => {
            let token = client.scoped(scope.scope()).token_within(request.timeout).await;
            return classified(token.map(|_| CallResult::Token).map_err(Error::from));
        }
        Operation::Call(call) => client.call(*call).await,
        Operation::CallWithin(call) => match timeout(request.timeout, client.call(*call)).await {
            Ok(answer) => answer,
            Err(_) => return (CallResult::Deadline { has_retry_time: false }, None),
        },
        Operation::Upload(upload) => upload_reqwest(&client, &upload).await,
    };
    let result = match answer {
        Err(error) => Err(error),
        Ok(response) => {
            let status = response.status();
            let _ = response.bytes().await;
            Ok(CallResult::Response(status))
        }
    };
    classified(result.map_err(Error::from))
}

async fn upload_reqwest(
    client: &auth_reqwest::Client,
    upload: &Upload,
) -> Result<reqwest::Response, auth_reqwest::Error> {
    let body = || io::Result::Ok(reqwest::Body::wrap(FileBody::open(upload)?));
    client.call_with(|| async { Ok(Request::put(&upload.uri).body(body()?)?) }).await
}

/// A file as a body of reqwest. It blocks for a moment, which a scenario of one caller can bear.
struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    fn open(upload: &Upload) -> io::Result<Self> {
        Ok(Self { file: File::open(&upload.file)?, left: upload.length })
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut piece = vec![0; 64 * 1024];
        Poll::Ready(match self.file.read(&mut piece) {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                self.left = self.left.saturating_sub(count as u64);
                Some(Ok(Frame::data(piece.into())))
            }
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn classified(result: Result<CallResult, Error>) -> RequestResult {
    let error = match result {
        Ok(result) => return (result, None),
        Err(error) => error,
    };
    let result = match error.auth() {
        Some(core) => match core.kind() {
            ErrorKind::Closed => CallResult::Closed,
            _ => CallResult::Failed { has_retry_time: core.retry_at().is_some() },
        },
        None if error.is_transport() => CallResult::NoResponse,
        // The scenarios cause no other error.
        None => CallResult::Deadline { has_retry_time: has_retry_time(&error) },
    };
    (result, Some(error.into()))
}

/// Whether a source of the error has the time of the next attempt.
fn has_retry_time(error: &dyn StdError) -> bool {
    let sources = iter::successors(error.source(), |&source| source.source());
    let mut core = sources.filter_map(|source| source.downcast_ref::<auth_proto::Error>());
    core.any(|core| core.retry_at().is_some())
}

fn clock(
    testbed: &Testbed,
    options: &ClientOptions,
) -> impl Fn() -> time::UtcDateTime + Send + Sync + 'static {
    let (clock, hook) = (testbed.clock.clone(), options.at_clock.clone());
    move || {
        if let Some(hook) = &hook {
            hook(HookPoint::Before);
        }
        clock.now()
    }
}

/// A user's code in ureq's middleware, or in reqwest's resolver.
struct Hooked(Hook);

impl Middleware for Hooked {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        (self.0)(HookPoint::Before);
        let response = next.handle(request);
        (self.0)(HookPoint::After);
        response
    }
}

impl Resolve for Hooked {
    fn resolve(&self, _: Name) -> Resolving {
        (self.0)(HookPoint::Before);
        let hook = Arc::clone(&self.0);
        Box::pin(async move {
            hook(HookPoint::After);
            let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            Ok(Box::new([loopback].into_iter()) as Addrs)
        })
    }
}
