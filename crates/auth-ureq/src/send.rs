//! Sending requests and reading responses with ureq.

use std::{
    io::{self, Read},
    time::Duration,
};

use auth_driver::blocking::Transport;
use auth_proto::{Body, Failure, limits};
use http::{Method, Request, Response, request::Parts};
use ureq::{Agent, AsSendBody};
use zeroize::Zeroizing;

use crate::error::{failure, is_out_of_patience};

/// ureq's agent, with settings that keep secrets where they belong.
pub(crate) struct Http {
    pub(crate) agent: Agent,
    pub(crate) https_only: bool,
    pub(crate) identity_timeout: Duration,
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
        head: Parts,
        body: &[u8],
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        match is_sent(&head.method, body) {
            true => self.call(Request::from_parts(head, body)),
            false => self.call(Request::from_parts(head, ())),
        }
    }

    /// Sends a request to the identity service and reads the whole response, within the identity
    /// time-out.
    pub(crate) fn ask(&self, request: Request<Body>) -> Result<Response<Body>, ureq::Error> {
        self.ask_within(request, self.identity_timeout)
    }

    fn ask_within(
        &self,
        request: Request<Body>,
        left: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        let (head, body) = request.into_parts();
        let body = body.as_bytes();
        let (head, incoming) = match is_sent(&head.method, body) {
            true => self.run_within(Request::from_parts(head, body), left),
            false => self.run_within(Request::from_parts(head, ()), left),
        }?
        .into_parts();
        Ok(Response::from_parts(head, read(incoming.into_reader())?))
    }

    fn run_within<B: AsSendBody>(
        &self,
        request: Request<B>,
        left: Duration,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let config = self
            .agent
            .configure_request(request)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(left.min(self.identity_timeout)));
        self.agent.run(with_protocol!(config, self.https_only).build())
    }
}

impl Transport for Http {
    fn send(
        &self,
        request: Request<Body>,
        left: Duration,
    ) -> Option<Result<Response<Body>, Failure>> {
        match self.ask_within(request, left) {
            Ok(response) => Some(Ok(response)),
            Err(error) if is_out_of_patience(&error, left, self.identity_timeout) => None,
            Err(error) => Some(Err(failure(error))),
        }
    }
}

/// The time-out of a connection to the identity service, TLS included.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether to send a body. For an empty one ureq sends `Content-Length: 0`, which is right only for
/// methods that usually have a body.
fn is_sent(method: &Method, body: &[u8]) -> bool {
    !body.is_empty() || [Method::PATCH, Method::POST, Method::PUT].contains(method)
}

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
