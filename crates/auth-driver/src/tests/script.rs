//! An HTTP client and a store whose answers a test decides, for both loops.

use std::{
    future::{Future, ready},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use auth_emulator::account;
use auth_proto::{
    Body, Cloud, Credential, Destination, Failure, Note, Scope, Session, Settings, Taken, Want,
};
use http::{Request, Response, Uri};
use time::UtcDateTime;

use super::{
    executor::{after, block_on},
    store::{Http, PATIENCE},
};
use crate::{
    blocking,
    driver::{Driver, Mode, Wanted},
    error::NoToken,
    nonblocking,
};

/// Which loop a caller uses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Async,
    Blocking,
}

pub(super) const FORMS: [Form; 2] = [Form::Async, Form::Blocking];

type Take = dyn Fn(&Want) -> Taken + Send + Sync;
type Send_ = dyn Fn(Request<Body>) -> Result<Response<Body>, Failure> + Send + Sync;

/// An HTTP client and a store whose answers a test decides.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) http: Http,
    pub(super) take: Arc<Take>,
    pub(super) send: Arc<Send_>,
    /// The longest time that a blocking caller sends itself.
    pub(super) timeout: Duration,
}

impl Script {
    /// A store and a cloud that work.
    pub(super) fn new() -> Self {
        let http = Http::new();
        let (store, cloud) = (http.clone(), http.clone());
        let take = Arc::new(move |want: &Want| store.taken(want));
        let send = Arc::new(move |request: Request<Body>| cloud.handle(request));
        Self { http, take, send, timeout: Duration::ZERO }
    }

    pub(super) fn taking(self, take: impl Fn(&Want) -> Taken + Send + Sync + 'static) -> Self {
        Self { take: Arc::new(take), ..self }
    }

    pub(super) fn sending(
        self,
        send: impl Fn(Request<Body>) -> Result<Response<Body>, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { send: Arc::new(send), ..self }
    }

    pub(super) fn token(&self, driver: &Arc<Driver>, form: Form) -> Result<String, NoToken> {
        self.token_at(driver, form, "https://service.example/")
    }

    /// A token for the service at this URL.
    pub(super) fn token_at(
        &self,
        driver: &Arc<Driver>,
        form: Form,
        url: &'static str,
    ) -> Result<String, NoToken> {
        let (scope, url) = (Scope::default(), Uri::from_static(url));
        let (wanted, mode) = (Wanted::new(&scope), Mode::Caller(Destination::At(&url)));
        self.grant(driver, form, wanted, mode, PATIENCE)
    }

    pub(super) fn grant(
        &self,
        driver: &Arc<Driver>,
        form: Form,
        wanted: Wanted<'_>,
        mode: Mode<'_>,
        patience: Duration,
    ) -> Result<String, NoToken> {
        let grant = match form {
            Form::Async => block_on(nonblocking::grant(driver, self, wanted, mode, patience)),
            Form::Blocking => {
                blocking::grant(driver, &Arc::new(self.clone()), wanted, mode, patience)
            }
        };
        Ok(grant?.token.expose().to_owned())
    }
}

impl blocking::Transport for Script {
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        (self.send)(request)
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn take(&self, want: &Want) -> Taken {
        (self.take)(want)
    }
}

impl nonblocking::Transport for Script {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        ready((self.send)(request))
    }

    async fn take(&self, want: &Want) -> Taken {
        (self.take)(want)
    }

    async fn sleep(&self, pause: Duration) {
        after(pause).await;
    }
}

pub(super) fn key() -> Credential {
    Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET)
}

pub(super) fn session(credential: Credential) -> Session {
    Session::new(Cloud::kakao(), credential, Settings::default().with_store()).unwrap()
}

/// A driver that tells its notes to this function, with itself.
pub(super) fn driver(
    session: Session,
    tell: impl Fn(&Driver, &Note) + Send + Sync + 'static,
) -> Arc<Driver> {
    let itself = Arc::new(OnceLock::<Weak<Driver>>::new());
    let own = Arc::clone(&itself);
    let driver = Driver::new(session, UtcDateTime::now).with_store(move |note| {
        let driver = own.get().and_then(Weak::upgrade).unwrap();
        tell(&driver, note);
    });
    let driver = Arc::new(driver.with_listener(|_| ()));
    itself.set(Arc::downgrade(&driver)).unwrap();
    driver
}

pub(super) fn status(status: u16) -> Result<Response<Body>, Failure> {
    let body = r#"{"error": {"code": 401, "message": "no"}}"#;
    let body = Body::new(body.as_bytes().to_vec().into());
    Ok(Response::builder().status(status).body(body).unwrap())
}
