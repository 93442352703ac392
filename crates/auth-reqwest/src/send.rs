//! Sending requests and reading responses with reqwest.

use std::{
    fmt::Write,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use auth_driver::nonblocking::Transport;
use auth_proto::{Body, Failure, FailureKind, Question, Reply, Taken, Want, limits};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header, response::Parts};
use reqwest::{ClientBuilder, Url, redirect, retry};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::{error::failure, store::AnyStore};

/// Two reqwest clients, with settings that keep secrets where they belong.
#[derive(Clone)]
pub(crate) struct Http {
    identity: reqwest::Client,
    /// Has the user's time-outs.
    services: reqwest::Client,
    asked: Option<Arc<Asked>>,
    store: Option<Arc<dyn AnyStore>>,
}

/// Answers the questions of a login.
pub(crate) type Asked = dyn Fn(Question) -> Answer + Send + Sync;

type Answer = Pin<Box<dyn Future<Output = Result<Option<Reply>, Failure>> + Send>>;

impl Http {
    pub(crate) fn new(
        (identity, services): (ClientBuilder, ClientBuilder),
        https_only: bool,
        identity_timeout: Duration,
        (asked, store): (Option<Arc<Asked>>, Option<Arc<dyn AnyStore>>),
    ) -> Result<Self, reqwest::Error> {
        let identity = with_protocol(identity, https_only)
            .connect_timeout(CONNECT_TIMEOUT.min(identity_timeout / 2))
            // The session decides what is sent twice, and when.
            .retry(retry::never())
            .timeout(identity_timeout);
        let services = with_protocol(services, https_only);
        Ok(Self { identity: identity.build()?, services: services.build()?, asked, store })
    }

    /// Sends a request to a service.
    pub(crate) async fn call(
        &self,
        request: Result<reqwest::Request, reqwest::Error>,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.services.execute(request?).await
    }

    /// Sends a request to the identity service and reads the whole response. The future belongs to
    /// no caller.
    pub(crate) fn ask(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Unanswered>> + Send + use<> {
        ask(self.identity.clone(), request)
    }
}

async fn ask(
    client: reqwest::Client,
    request: Request<Body>,
) -> Result<Response<Body>, Unanswered> {
    // Sends these bytes without a copy, and wipes them afterwards.
    let request = made_of_bytes(None, request.map(Bytes::from_owner))?;
    let mut incoming = client.execute(request).await?;
    let mut answer = Response::new(Body::default());
    *answer.status_mut() = incoming.status();
    *answer.headers_mut() = std::mem::take(incoming.headers_mut());
    match read(incoming).await {
        Ok(body) => Ok(answer.map(|_| body)),
        Err(error) => Err(Unanswered { error, head: Some(answer.into_parts().0) }),
    }
}

/// A request without a whole response.
pub(crate) struct Unanswered {
    pub(crate) error: reqwest::Error,
    /// The status and the headers, if they arrived.
    head: Option<Parts>,
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        Self { error, head: None }
    }
}

impl Transport for Http {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        // A task of its own reads the response in time, even while no caller polls this future.
        // Dropping the set ends the task.
        let mut task = JoinSet::new();
        task.spawn(self.ask(request));
        async move {
            match task.join_next().await {
                Some(Ok(asked)) => asked.map_err(|Unanswered { error, head }| match head {
                    Some(head) => failure(error).with_head(head.status, head.headers),
                    None => failure(error),
                }),
                _ => Err(Failure::new(FailureKind::Io, "the runtime of the login has ended")),
            }
        }
    }

    fn ask(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<Option<Reply>, Failure>> + Send + 'static {
        let answer = self.asked.as_ref().map(|asked| asked(question.clone()));
        async move {
            match answer {
                Some(answer) => answer.await,
                None => Ok(None),
            }
        }
    }

    async fn take(&self, want: &Want) -> Taken {
        match &self.store {
            Some(store) => store.take(want).await,
            None => Taken::Silent,
        }
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// Writes a request's URI as reqwest will read it, because the core must check the URI that is
/// sent. Returns the same as a URL, if the URI has a scheme and is valid.
pub(crate) fn normalize<B>(request: &mut Request<B>) -> Option<Url> {
    request.uri().scheme()?;
    let mut written = String::with_capacity(USUAL_URL);
    write!(written, "{}", request.uri()).ok()?;
    let url = Url::parse(&written).ok()?;
    if url.as_str() != written {
        *request.uri_mut() = url.as_str().parse().ok()?;
    }
    Some(url)
}

/// Most URLs fit into this, so that the string never grows.
const USUAL_URL: usize = 256;

/// The request in reqwest's type. Saves a parse if the [URL](normalize) is known.
pub(crate) fn made<B: Into<reqwest::Body>>(
    url: Option<Url>,
    request: Request<B>,
) -> Result<reqwest::Request, reqwest::Error> {
    let url = match url {
        Some(url) if request.extensions().is_empty() => url,
        // Only this conversion keeps a request's own settings. It parses the URL once more.
        _ => return request.try_into(),
    };
    let (head, body) = request.into_parts();
    let mut request = reqwest::Request::new(head.method, url);
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers;
    *request.body_mut() = Some(body.into());
    Ok(request)
}

/// The same for a body in memory. For an empty one reqwest sends no `Content-Length`, but some
/// services (Swift, and gates in front of Keystone) require it for methods that usually have a body.
pub(crate) fn made_of_bytes(
    url: Option<Url>,
    mut request: Request<Bytes>,
) -> Result<reqwest::Request, reqwest::Error> {
    let usual = [Method::PATCH, Method::POST, Method::PUT];
    if request.body().is_empty() && usual.contains(request.method()) {
        let length = request.headers_mut().entry(header::CONTENT_LENGTH);
        length.or_insert(HeaderValue::from_static("0"));
    }
    made(url, request)
}

/// The time-out of a connection to the identity service, or half the identity time-out if that is
/// shorter: so a connection that was never made looks different from a response that never came.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Overrides the user's settings with those that the protocol needs.
fn with_protocol(http: ClientBuilder, https_only: bool) -> ClientBuilder {
    let http = http
        .connection_verbose(false)
        .no_brotli()
        .no_deflate()
        .no_gzip()
        .no_zstd()
        .redirect(redirect::Policy::none())
        .referer(false);
    #[cfg(feature = "http2")]
    let http = http.http2_max_header_list_size(limits::HEADERS as u32);
    // Where plain http is allowed, the user may still forbid it.
    if https_only { http.https_only(true) } else { http }
}

/// Reads a body up to one byte beyond [`limits::BODY`]; the core refuses the longer one. The buffer
/// is wiped, because it may hold a token.
async fn read(mut incoming: reqwest::Response) -> Result<Body, reqwest::Error> {
    let mut body = Zeroizing::new(Vec::with_capacity(FIRST_READ));
    while let Some(chunk) = incoming.chunk().await? {
        let wanted = chunk.len().min(limits::BODY + 1 - body.len());
        let length = body.len() + wanted;
        if length > body.capacity() {
            // A vector that grows in place would leave an unwiped copy.
            let twice = (2 * body.capacity()).min(limits::BODY + 1);
            let mut larger = Zeroizing::new(Vec::with_capacity(length.max(twice)));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk[..wanted]);
        if length > limits::BODY {
            break;
        }
    }
    Ok(Body::new(body))
}

/// Most responses are smaller.
const FIRST_READ: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_as_reqwest_reads_them() {
        for (written, read) in [
            ("https://0x7f.1/a", Some("https://127.0.0.1/a")),
            ("https://Service.EXAMPLE:443/a/../b?c=d", Some("https://service.example/b?c=d")),
            ("https://service.example/b?c=d", Some("https://service.example/b?c=d")),
            ("/path/alone", None),
        ] {
            let mut request = Request::get(written).body(()).unwrap();
            let url = normalize(&mut request);
            assert_eq!(url.as_ref().map(Url::as_str), read);
            assert_eq!(request.uri(), read.unwrap_or(written));
        }
    }
}
