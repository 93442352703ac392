//! The control: what scripts do who log in by themselves.
//!
//! It keeps its token in the process, and renews it early by its own clock. It logs in whenever it
//! has no token, and after every 401; nobody waits for anybody else's login, nothing that failed is
//! remembered, redirects are followed, and errors say all they know.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth_proto::timestamp;
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};
use time::UtcDateTime;

use crate::{
    callers::{Ask, Asked, Got, What},
    clients::{reqwest_http, ureq_http},
    clock::Clock,
    world::{Options, Place, World},
};

pub(crate) struct Bare<H> {
    http: H,
    url: String,
    password: &'static str,
    clock: Clock,
    tokens: Mutex<HashMap<Place, Kept>>,
}

struct Kept {
    token: String,
    renew_at: UtcDateTime,
}

/// An answer, whole.
type Answer = Response<Vec<u8>>;

impl Bare<ureq::Agent> {
    pub(crate) fn over_ureq(world: &World, options: &Options) -> Self {
        let http = ureq_http(options).http_status_as_error(false).build().new_agent();
        Self::new(http, world, options)
    }

    pub(crate) fn ask(&self, ask: &Ask) -> Asked {
        told(self.run(ask))
    }

    fn run(&self, ask: &Ask) -> Result<Got, BareError> {
        match &ask.what {
            What::Token(place) => self.token(*place, ask.patience).map(|_| Got::Token),
            What::Call(request) => {
                let mut token = self.token(Place::Project, ask.patience)?;
                let mut answer = self.send(with_token(request, &token), ask.patience)?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in(Place::Project, ask.patience)?;
                    answer = self.send(with_token(request, &token), ask.patience)?;
                }
                Ok(Got::Answer(answer.status()))
            }
        }
    }

    fn token(&self, place: Place, patience: Duration) -> Result<String, BareError> {
        match self.kept(place) {
            Some(token) => Ok(token),
            None => self.log_in(place, patience),
        }
    }

    fn log_in(&self, place: Place, patience: Duration) -> Result<String, BareError> {
        let answer = self.send(self.login(place), patience)?;
        self.keep(place, &answer)
    }

    fn send(&self, request: Request<Vec<u8>>, patience: Duration) -> Result<Answer, BareError> {
        let request = self.http.configure_request(request).timeout_global(Some(patience)).build();
        let (head, mut body) = self.http.run(request).map_err(BareError::http)?.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec().map_err(BareError::http)?))
    }
}

impl Bare<reqwest::Client> {
    pub(crate) fn over_reqwest(world: &World, options: &Options) -> Self {
        let http = reqwest_http(options).build().expect("a client as it comes");
        Self::new(http, world, options)
    }

    pub(crate) async fn asked(self: Arc<Self>, ask: Ask) -> Asked {
        told(self.run_async(&ask).await)
    }

    async fn run_async(&self, ask: &Ask) -> Result<Got, BareError> {
        match &ask.what {
            What::Token(place) => self.token_async(*place, ask.patience).await.map(|_| Got::Token),
            What::Call(request) => {
                let mut token = self.token_async(Place::Project, ask.patience).await?;
                let mut answer = self.send_async(with_token(request, &token), ask.patience).await?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in_async(Place::Project, ask.patience).await?;
                    answer = self.send_async(with_token(request, &token), ask.patience).await?;
                }
                Ok(Got::Answer(answer.status()))
            }
        }
    }

    async fn token_async(&self, place: Place, patience: Duration) -> Result<String, BareError> {
        match self.kept(place) {
            Some(token) => Ok(token),
            None => self.log_in_async(place, patience).await,
        }
    }

    async fn log_in_async(&self, place: Place, patience: Duration) -> Result<String, BareError> {
        let answer = self.send_async(self.login(place), patience).await?;
        self.keep(place, &answer)
    }

    async fn send_async(
        &self,
        request: Request<Vec<u8>>,
        patience: Duration,
    ) -> Result<Answer, BareError> {
        let mut request = reqwest::Request::try_from(request).map_err(BareError::http)?;
        *request.timeout_mut() = Some(patience);
        let mut answer = self.http.execute(request).await.map_err(BareError::http)?;
        let mut whole = Response::new(Vec::new());
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        *whole.body_mut() = answer.bytes().await.map_err(BareError::http)?.to_vec();
        Ok(whole)
    }
}

impl<H> Bare<H> {
    fn new(http: H, world: &World, options: &Options) -> Self {
        Self {
            http,
            url: format!("{}/auth/tokens", world.identity_url(options)),
            password: options.password,
            clock: world.clock.clone(),
            tokens: Mutex::default(),
        }
    }

    fn kept(&self, place: Place) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&place).filter(|kept| self.clock.now() < kept.renew_at)?;
        Some(kept.token.clone())
    }

    fn login(&self, place: Place) -> Request<Vec<u8>> {
        let domain = json!({"name": auth_emulator::account::HUAWEI_DOMAIN});
        let user = auth_emulator::account::HUAWEI_USER;
        let user = json!({"name": user, "password": self.password, "domain": domain});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": place.json()}});
        let request = Request::post(&self.url).header("content-type", "application/json");
        request.body(body.to_string().into_bytes()).expect("a URL of our own")
    }

    fn keep(&self, place: Place, answer: &Answer) -> Result<String, BareError> {
        let body = String::from_utf8_lossy(answer.body());
        let refused = || BareError::Refused(answer.status(), body.clone().into_owned());
        let token = answer.headers().get("x-subject-token").ok_or_else(refused)?;
        let token = token.to_str().map_err(BareError::http)?.to_owned();
        let details: Value = serde_json::from_str(&body).map_err(BareError::http)?;
        let ends = details["token"]["expires_at"].as_str().and_then(timestamp::parse);
        let (now, ends) = (self.clock.now(), ends.ok_or_else(refused)?);
        // With a tenth of its life in hand.
        let kept = Kept { token: token.clone(), renew_at: now + (ends - now) * 9 / 10 };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(place, kept);
        Ok(token)
    }
}

/// Why there is no answer, with all that is known.
#[derive(Debug)]
enum BareError {
    Http(String),
    Refused(StatusCode, String),
}

impl BareError {
    fn http(error: impl fmt::Debug) -> Self {
        Self::Http(format!("{error:?}"))
    }
}

impl fmt::Display for BareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => write!(f, "no answer: {error}"),
            Self::Refused(status, body) => write!(f, "login failed: {status}: {body}"),
        }
    }
}

impl std::error::Error for BareError {}

fn told(got: Result<Got, BareError>) -> Asked {
    match got {
        Ok(got) => (got, None),
        Err(error) => (Got::Failed { told_when: false }, Some(error.into())),
    }
}

fn with_token(request: &Request<Vec<u8>>, token: &str) -> Request<Vec<u8>> {
    let mut request = request.clone();
    let token = token.parse().expect("it came as a header");
    let headers: &mut HeaderMap = request.headers_mut();
    headers.insert("x-auth-token", token);
    request
}
