//! Both adapters, asked for a token by the same words.

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
use time::{UtcDateTime, macros::utc_datetime};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub(crate) const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
/// What no error shows.
pub(crate) const PASSWORD: &str = "s3cret-password";

pub(crate) fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), PASSWORD)
}

pub(crate) fn scope() -> Scope {
    Scope::project_id("p1")
}

/// One of the two.
pub(crate) trait Adapter: Sync {
    fn name(&self) -> &'static str;

    /// What a caller gets in the end, whose requests may take so long each, in a line.
    fn token(&self, cloud: Cloud, timeout: Duration, way: &Way) -> String;

    /// What comes of each of these logins, by one client and without a second try.
    fn each(&self, cloud: Cloud, logins: &[OneLogin]) -> Vec<Result<Arc<Token>, String>>;
}

/// How a client comes to the server.
pub(crate) enum Way {
    /// Whatever proxy the environment names, it does not lead to loopback.
    Direct,
    /// As the environment says.
    Environment,
    /// By a proxy.
    Proxy(String),
    /// Directly, trusting this authority alone, in PEM.
    Trusting(String),
}

/// The blocking one.
pub(crate) struct Blocking;

impl Blocking {
    fn builder(cloud: Cloud, way: &Way) -> auth_ureq::Builder {
        let http = ureq::Agent::config_builder();
        let http = match way {
            Way::Direct => http.proxy(None),
            Way::Environment => http,
            Way::Proxy(url) => http.proxy(Some(ureq::Proxy::new(url).unwrap())),
            Way::Trusting(pem) => {
                let root = Certificate::from_pem(pem.as_bytes()).unwrap().to_owned();
                let roots = RootCerts::Specific(Arc::new(vec![root]));
                http.proxy(None).tls_config(TlsConfig::builder().root_certs(roots).build())
            }
        };
        auth_ureq::Client::builder(cloud, credential(), scope()).http(http)
    }
}

impl Adapter for Blocking {
    fn name(&self) -> &'static str {
        "ureq"
    }

    fn token(&self, cloud: Cloud, timeout: Duration, way: &Way) -> String {
        let client = Self::builder(cloud, way).clock(clock()).identity_timeout(timeout).build();
        match client.and_then(|client| client.token()) {
            Ok(token) => of_token(&token),
            Err(auth_ureq::Error::Auth(error)) => of_error(&error),
            Err(other) => format!("{other:?}"),
        }
    }

    fn each(&self, cloud: Cloud, logins: &[OneLogin]) -> Vec<Result<Arc<Token>, String>> {
        let client = Self::builder(cloud, &Way::Direct).clock(|| NOW).build().unwrap();
        let each = logins.iter().map(|login| client.run(login));
        each.map(|result| result.map_err(|error| format!("{error:?}"))).collect()
    }
}

/// The asynchronous one.
pub(crate) struct Async;

impl Async {
    fn builder(cloud: Cloud, way: &Way) -> auth_reqwest::Builder {
        let http = || {
            // Nobody else's roots are needed, and reading them takes its time.
            let http = reqwest::Client::builder();
            if let Way::Environment = way {
                return http.tls_certs_only([]);
            }
            let http = http.no_proxy();
            match way {
                Way::Direct | Way::Environment => http.tls_certs_only([]),
                Way::Proxy(url) => http.tls_certs_only([]).proxy(reqwest::Proxy::all(url).unwrap()),
                Way::Trusting(pem) => {
                    http.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()])
                }
            }
        };
        auth_reqwest::Client::builder(cloud, credential(), scope()).http(http)
    }
}

impl Adapter for Async {
    fn name(&self) -> &'static str {
        "reqwest"
    }

    fn token(&self, cloud: Cloud, timeout: Duration, way: &Way) -> String {
        let client = Self::builder(cloud, way).clock(clock()).identity_timeout(timeout).build();
        match client.and_then(|client| run(client.token())) {
            Ok(token) => of_token(&token),
            Err(auth_reqwest::Error::Auth(error)) => of_error(&error),
            Err(other) => format!("{other:?}"),
        }
    }

    fn each(&self, cloud: Cloud, logins: &[OneLogin]) -> Vec<Result<Arc<Token>, String>> {
        run(async {
            let client = Self::builder(cloud, &Way::Direct).clock(|| NOW).build().unwrap();
            let mut results = Vec::new();
            for login in logins {
                let result = client.run(login).await;
                results.push(result.map_err(|error| format!("{error:?}")));
            }
            results
        })
    }
}

pub(crate) fn run<R>(future: impl Future<Output = R>) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// A clock that goes on by ten seconds whenever it has been read twice, before a request and after
/// it, until three have been sent: the pauses between them are over then, and nobody waits for them.
fn clock() -> impl Fn() -> UtcDateTime + Send + Sync + 'static {
    let readings = AtomicI64::new(0);
    move || {
        let read = readings.fetch_add(1, SeqCst);
        NOW + time::Duration::seconds(10 * (read / 2).min(2))
    }
}

/// A login's first request, as an exchange: each client sends these the way that it sends logins.
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

fn of_token(token: &Token) -> String {
    match token.expose() {
        text if text.len() < 20 => format!("token {text}"),
        text => format!("token of {}", text.len()),
    }
}

fn of_error(error: &Error) -> String {
    let shown = format!("{error} {error:?}");
    let is_clean = shown.len() < 4_000 && !shown.contains(char::is_control);
    assert!(is_clean && !shown.contains("s3cret"), "{shown}");
    match error.kind() {
        ErrorKind::Protocol(why) => format!("{why:?}"),
        ErrorKind::Rejected(refusal) => format!("refused {refusal}"),
        ErrorKind::Transport(failure) => {
            // A URL may hold more than its owner thinks.
            assert!(!failure.detail.contains("://"), "{failure}");
            format!("{:?}: {}", failure.kind, failure.detail)
        }
        ErrorKind::Unavailable(refusal) => format!("unavailable {refusal}"),
        other => format!("{other:?}"),
    }
}
