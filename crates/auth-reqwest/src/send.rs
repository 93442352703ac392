//! Requests on their way, and answers on theirs: everything that knows reqwest.

use std::{fmt::Write, time::Duration};

use auth_proto::{Body, limits};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use reqwest::{ClientBuilder, Url, redirect, retry};
use zeroize::Zeroizing;

use crate::{
    drive::{Answered, Carry},
    error::failure,
};

/// Two clients of reqwest's, set up so that no secret leaves by itself.
pub(crate) struct Http {
    identity: reqwest::Client,
    /// The user's own time-outs stand.
    pub(crate) services: reqwest::Client,
}

impl Http {
    pub(crate) fn new(
        (identity, services): (ClientBuilder, ClientBuilder),
        https_only: bool,
        identity_timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let identity = with_protocol(identity, https_only)
            .connect_timeout(CONNECT_TIMEOUT)
            // What is sent twice, and when, is the account's to say.
            .retry(retry::never())
            .timeout(identity_timeout);
        let services = with_protocol(services, https_only);
        Ok(Self { identity: identity.build()?, services: services.build()? })
    }

    /// A request to the identity service, and its whole answer.
    pub(crate) async fn ask(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, reqwest::Error> {
        // The bytes themselves are sent and then wiped; no copy is made here.
        let request = request.map(Bytes::from_owner);
        let mut incoming = self.identity.execute(request.try_into()?).await?;
        let mut answer = Response::new(Body::default());
        *answer.status_mut() = incoming.status();
        *answer.headers_mut() = std::mem::take(incoming.headers_mut());
        *answer.body_mut() = read(incoming).await?;
        Ok(answer)
    }
}

impl Carry for Http {
    async fn carry(&self, request: Request<Body>) -> Answered {
        self.ask(request).await.map_err(failure)
    }
}

/// Spells a request's URI as reqwest will read it: the core has to judge that one, and no other. The
/// same as a URL, unless it is none.
pub(crate) fn normalize<B>(request: &mut Request<B>) -> Option<Url> {
    let mut written = String::with_capacity(USUAL_URL);
    write!(written, "{}", request.uri()).ok()?;
    let url = Url::parse(&written).ok()?;
    if url.as_str() != written {
        *request.uri_mut() = url.as_str().parse().ok()?;
    }
    Some(url)
}

/// Room for what URLs mostly are, so that none is written piece by piece into more and more.
const USUAL_URL: usize = 256;

/// A request to a service, at its [URL](normalize) if that is at hand.
pub(crate) fn made<B: Into<reqwest::Body>>(
    url: Option<Url>,
    request: Request<B>,
) -> Result<reqwest::Request, reqwest::Error> {
    let url = match url {
        Some(url) if request.extensions().is_empty() => url,
        // Settings of a request's own go no other way than this, which reads the URL once more.
        _ => return request.try_into(),
    };
    let (head, body) = request.into_parts();
    let mut request = reqwest::Request::new(head.method, url);
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers;
    *request.body_mut() = Some(body.into());
    Ok(request)
}

/// The same where the body is at hand. Of an empty one reqwest says nothing at all, and some services
/// (Swift) insist on a length with the methods that usually have one.
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

/// How long connecting to the identity service may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sets what the protocol needs, over whatever the user has set.
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
    // Where plain http is allowed here, the user may still forbid it.
    if https_only { http.https_only(true) } else { http }
}

/// Reads a body of at most [`limits::BODY`] bytes and one more, which the core then refuses. It is
/// wiped, because it may hold a token.
async fn read(mut incoming: reqwest::Response) -> Result<Body, reqwest::Error> {
    let mut body = Zeroizing::new(Vec::with_capacity(FIRST_READ));
    while let Some(chunk) = incoming.chunk().await? {
        let wanted = chunk.len().min(limits::BODY + 1 - body.len());
        let length = body.len() + wanted;
        if length > body.capacity() {
            // A vector that grows by itself would leave a copy behind.
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

/// Most answers are smaller.
const FIRST_READ: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_judged_as_reqwest_reads_them() {
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
