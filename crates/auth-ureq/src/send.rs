//! Sending requests and reading responses with ureq.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use auth_driver::blocking::{Asked, Transport};
use auth_proto::{Body, Failure, Store, Taken, Want, limits};
use http::{HeaderValue, Method, Request, Response, header, response::Parts};
use ureq::{Agent, AsSendBody, SendBody};
use zeroize::Zeroizing;

use crate::error::failure;

/// ureq's agent, with settings that keep secrets where they belong.
pub(crate) struct Http {
    pub(crate) agent: Agent,
    pub(crate) https_only: bool,
    pub(crate) identity_timeout: Duration,
    pub(crate) expects_continue: bool,
    pub(crate) asked: Option<Box<Asked>>,
    pub(crate) store: Option<Arc<dyn Store>>,
}

/// Overrides the user's settings with those that the protocol needs. A macro, because the scopes of
/// ureq's builder share no public trait.
macro_rules! with_protocol {
    ($config:expr, $https_only:expr) => {{
        let config = $config
            .accept_encoding(ureq::config::AutoHeaderValue::None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(auth_proto::limits::HEADERS);
        // Where plain http is allowed, the user may still forbid it.
        if $https_only { config.https_only(true) } else { config }
    }};
}
pub(crate) use with_protocol;

impl Http {
    /// Sends a request to a service, with the user's time-outs.
    pub(crate) fn call<B: AsSendBody>(
        &self,
        request: Request<B>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        if request.extensions().is_empty() {
            return self.agent.run(request);
        }
        // A request's own settings replace all settings of the agent, for redirects too.
        let config = self.agent.configure_request(request);
        self.agent.run(with_protocol!(config, self.https_only).build())
    }

    /// Sends a request with a body in memory to a service.
    pub(crate) fn call_with_bytes(
        &self,
        head: Request<()>,
        body: &[u8],
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        match is_sent(head.method(), body) {
            true => self.call(head.map(|()| body)),
            false => self.call(head),
        }
    }

    /// Sends a request with any body to a service. Asks before it sends a body that may be large,
    /// so that a refusal comes before the body.
    pub(crate) fn upload<B: AsSendBody>(
        &self,
        mut request: Request<B>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        if self.expects_continue && has_large_body(&request) {
            let expect = request.headers_mut().entry(header::EXPECT);
            expect.or_insert(HeaderValue::from_static("100-continue"));
        }
        self.call(request)
    }

    /// Sends a request to the identity service and reads the whole response, within the identity
    /// time-out.
    pub(crate) fn ask(&self, request: Request<Body>) -> Result<Response<Body>, Unanswered> {
        let (mut head, body) = request.into_parts();
        let body = body.as_bytes();
        let has_body = is_sent(&head.method, body);
        // ureq never reads an empty body, and the secret may be in a header.
        let mut body = Watched { rest: body, was_read: body.is_empty() };
        let sent = if has_body {
            // ureq knows the length of a slice, but not that of a reader.
            head.headers.insert(header::CONTENT_LENGTH, body.rest.len().into());
            self.run(Request::from_parts(head, SendBody::from_reader(&mut body)))
        } else {
            self.run(Request::from_parts(head, ()))
        };
        let was_sent = body.was_read;
        let (head, incoming) =
            sent.map_err(|error| Unanswered { error, was_sent, head: None })?.into_parts();
        match read(incoming.into_reader()) {
            Ok(body) => Ok(Response::from_parts(head, body)),
            Err(error) => {
                Err(Unanswered { error: error.into(), was_sent, head: Some(Box::new(head)) })
            }
        }
    }

    fn run<B: AsSendBody>(&self, request: Request<B>) -> Result<Response<ureq::Body>, ureq::Error> {
        let timeout = self.identity_timeout;
        let config = self
            .agent
            .configure_request(request)
            .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout / 2)))
            .timeout_global(Some(timeout));
        self.agent.run(with_protocol!(config, self.https_only).build())
    }
}

impl Transport for Http {
    fn asked(&self) -> Option<&Asked> {
        self.asked.as_deref()
    }

    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        self.ask(request).map_err(|unanswered| {
            let failure = failure(unanswered.error, unanswered.was_sent);
            match unanswered.head {
                Some(head) => failure.with_head(head.status, head.headers),
                None => failure,
            }
        })
    }

    fn timeout(&self) -> Duration {
        self.identity_timeout
    }

    fn take(&self, want: &Want) -> Taken {
        self.store.as_ref().map_or(Taken::Silent, |store| store.take(want))
    }
}

/// A request without a whole response.
pub(crate) struct Unanswered {
    pub(crate) error: ureq::Error,
    was_sent: bool,
    /// The status and the headers, if they arrived.
    head: Option<Box<Parts>>,
}

/// A body that shows whether ureq has begun to send it.
struct Watched<'a> {
    rest: &'a [u8],
    was_read: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.was_read = true;
        self.rest.read(buffer)
    }
}

/// The time-out of a connection to the identity service, or half the identity time-out if that is
/// shorter: so a connection that was never made looks different from a response that never came.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether to send a body. For an empty one ureq sends `Content-Length: 0`, which is right only for
/// methods that usually have a body.
fn is_sent(method: &Method, body: &[u8]) -> bool {
    !body.is_empty() || usually_has_body(method)
}

/// Whether requests with this method usually have a body.
fn usually_has_body(method: &Method) -> bool {
    [Method::PATCH, Method::POST, Method::PUT].contains(method)
}

/// Whether a body may be larger than [`EXPECT_FROM`]. ureq does not show the size of a body, so only
/// the request's own `Content-Length` says that it is small.
fn has_large_body<B>(request: &Request<B>) -> bool {
    // The body `()` takes no room.
    if size_of::<B>() == 0 || !usually_has_body(request.method()) {
        return false;
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_none_or(|length: u64| length > EXPECT_FROM)
}

/// A body up to this length is sent at once, without a question before.
const EXPECT_FROM: u64 = 64 * 1024;

/// Reads a body up to one byte beyond [`limits::BODY`]; the core refuses the longer one. ureq's own
/// limit would count compressed bytes. The buffer is wiped, because it may hold a token.
fn read(reader: impl Read) -> io::Result<Body> {
    let mut reader = reader.take(limits::BODY as u64 + 1);
    let mut body = Zeroizing::new(vec![0; FIRST_READ]);
    let mut filled = 0;
    loop {
        if filled == body.len() {
            // A vector that grows in place would leave an unwiped copy.
            let mut larger = Zeroizing::new(vec![0; (2 * filled).min(limits::BODY + 1)]);
            larger[..filled].copy_from_slice(&body);
            body = larger;
        }
        match reader.read(&mut body[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    body.truncate(filled);
    Ok(Body::new(body))
}

/// Most responses are smaller.
const FIRST_READ: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_up_to_the_limit() {
        for length in [0, 1, FIRST_READ - 1, FIRST_READ, FIRST_READ + 1, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert_eq!(read(&bytes[..]).unwrap().as_bytes(), bytes);
        }
        assert_eq!(read(io::repeat(7)).unwrap().as_bytes().len(), limits::BODY + 1);
    }
}
