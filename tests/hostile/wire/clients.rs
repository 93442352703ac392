//! Logins of both adapters, and what became of them in a line.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use auth_proto::{
    Body, Cloud, Credential, Error, ErrorKind, IdentityRequest, Login, Scope, Step, Token, UserRef,
};
use http::{Request, Response};
use testing::{Adapter, Builder, Proxy};
use time::{UtcDateTime, macros::utc_datetime};

pub(crate) const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
/// No error shows this password.
pub(crate) const PASSWORD: &str = "s3cret-password";

pub(crate) fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), PASSWORD)
}

pub(crate) fn scope() -> Scope {
    Scope::project_id("p1")
}

/// How a client reaches the server.
pub(crate) enum Route {
    /// Directly, even if the environment names a proxy.
    Direct,
    /// As the environment says.
    Environment,
    /// Through a proxy.
    Proxy(String),
    /// Directly, trusting this authority (PEM) alone.
    Trusting(String),
}

fn builder(adapter: Adapter, cloud: Cloud, route: &Route) -> Builder {
    // A server that keeps one client busy does not delay another one.
    let builder = adapter.client(cloud, credential(), scope()).own_runtime();
    match route {
        Route::Direct => builder,
        Route::Environment => builder.proxy(Proxy::Environment),
        Route::Proxy(url) => builder.proxy(Proxy::Url(url.clone())),
        Route::Trusting(pem) => builder.trust(pem),
    }
}

/// The outcome of `token`, in a line. Each request may take this long.
pub(crate) fn token(adapter: Adapter, cloud: Cloud, timeout: Duration, route: &Route) -> String {
    let client = builder(adapter, cloud, route).clock(clock()).identity_timeout(timeout).build();
    match client.and_then(|client| client.token()) {
        Ok(token) => of_token(&token),
        Err(error) => error.auth().map_or_else(|| format!("{error:?}"), of_error),
    }
}

/// The outcome of each of these logins, sent by one client and not retried.
pub(crate) fn each(
    adapter: Adapter,
    cloud: Cloud,
    logins: &[OneLogin],
) -> Vec<Result<Arc<Token>, String>> {
    let client = builder(adapter, cloud, &Route::Direct).clock(|| NOW).build().unwrap();
    let each = logins.iter().map(|login| client.run(login));
    each.map(|result| result.map_err(|error| format!("{error:?}"))).collect()
}

/// A clock that advances by 15 seconds after every second reading (before a request and after it),
/// until three requests were sent: so the pauses between them are over, and no test waits.
fn clock() -> impl Fn() -> UtcDateTime + Send + Sync + 'static {
    let readings = AtomicI64::new(0);
    move || {
        let read = readings.fetch_add(1, SeqCst);
        NOW + time::Duration::seconds(15 * (read / 2).min(2))
    }
}

/// A login's first request, as an identity request: each client sends it as it sends logins.
pub(crate) struct OneLogin(Login);

impl OneLogin {
    pub(crate) fn at(cloud: &Cloud) -> Self {
        Self(Login::new(cloud, credential(), scope()).unwrap())
    }
}

impl IdentityRequest for OneLogin {
    type Output = Arc<Token>;

    fn authenticated(&self) -> bool {
        false
    }

    fn request(&self) -> Result<Request<Body>, Error> {
        match self.0.poll()? {
            Step::Send(request) => Ok(request),
            step => panic!("{step:?}"),
        }
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        let mut login = self.0.clone();
        login.handle_response(response, NOW);
        match login.poll()? {
            Step::Done(token) => Ok(token),
            step => panic!("{step:?}"),
        }
    }
}

pub(crate) fn of_token(token: &Token) -> String {
    match token.expose() {
        text if text.len() < 20 => format!("token {text}"),
        text => format!("token of {}", text.len()),
    }
}

pub(crate) fn of_error(error: &Error) -> String {
    let shown = format!("{error} {error:?}");
    let is_clean = shown.len() < 4_000 && !shown.contains(char::is_control);
    assert!(is_clean && !shown.contains("s3cret"), "{shown}");
    match error.kind() {
        ErrorKind::Protocol(why) => format!("{why:?}"),
        ErrorKind::Rejected(refusal) => format!("refused {refusal}"),
        ErrorKind::Transport(failure) => {
            // A URL may hold a secret.
            assert!(!failure.detail.contains("://"), "{failure}");
            format!("{:?}: {}", failure.kind, failure.detail)
        }
        ErrorKind::Unavailable(refusal) => format!("unavailable {refusal}"),
        other => format!("{other:?}"),
    }
}
