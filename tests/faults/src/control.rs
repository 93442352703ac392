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
    callers::{CallResult, CallerRequest, Operation, RequestResult},
    clients::{reqwest_http, ureq_http},
    clock::Clock,
    testbed::{ClientOptions, TestScope, Testbed},
};

pub(crate) struct PlainClient<H> {
    http: H,
    url: String,
    password: &'static str,
    clock: Clock,
    tokens: Mutex<HashMap<TestScope, CachedToken>>,
}

struct CachedToken {
    token: String,
    renew_at: UtcDateTime,
}

/// An answer, whole.
type Answer = Response<Vec<u8>>;

impl PlainClient<ureq::Agent> {
    pub(crate) fn over_ureq(testbed: &Testbed, options: &ClientOptions) -> Self {
        let http = ureq_http(options).http_status_as_error(false).build().new_agent();
        Self::new(http, testbed, options)
    }

    pub(crate) fn ask(&self, ask: &CallerRequest) -> RequestResult {
        told(self.run(ask))
    }

    fn run(&self, ask: &CallerRequest) -> Result<CallResult, PlainError> {
        match &ask.what {
            Operation::Token(place) => self.token(*place, ask.patience).map(|_| CallResult::Token),
            Operation::Call(request) => {
                let mut token = self.token(TestScope::Project, ask.patience)?;
                let mut answer = self.send(with_token(request, &token), ask.patience)?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in(TestScope::Project, ask.patience)?;
                    answer = self.send(with_token(request, &token), ask.patience)?;
                }
                Ok(CallResult::Answer(answer.status()))
            }
        }
    }

    fn token(&self, place: TestScope, patience: Duration) -> Result<String, PlainError> {
        match self.kept(place) {
            Some(token) => Ok(token),
            None => self.log_in(place, patience),
        }
    }

    fn log_in(&self, place: TestScope, patience: Duration) -> Result<String, PlainError> {
        let answer = self.send(self.login(place), patience)?;
        self.keep(place, &answer)
    }

    fn send(&self, request: Request<Vec<u8>>, patience: Duration) -> Result<Answer, PlainError> {
        let request = self.http.configure_request(request).timeout_global(Some(patience)).build();
        let (head, mut body) = self.http.run(request).map_err(PlainError::http)?.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec().map_err(PlainError::http)?))
    }
}

impl PlainClient<reqwest::Client> {
    pub(crate) fn over_reqwest(testbed: &Testbed, options: &ClientOptions) -> Self {
        let http = reqwest_http(options).build().expect("a client as it comes");
        Self::new(http, testbed, options)
    }

    pub(crate) async fn asked(self: Arc<Self>, ask: CallerRequest) -> RequestResult {
        told(self.run_async(&ask).await)
    }

    async fn run_async(&self, ask: &CallerRequest) -> Result<CallResult, PlainError> {
        match &ask.what {
            Operation::Token(place) => {
                self.token_async(*place, ask.patience).await.map(|_| CallResult::Token)
            }
            Operation::Call(request) => {
                let mut token = self.token_async(TestScope::Project, ask.patience).await?;
                let mut answer = self.send_async(with_token(request, &token), ask.patience).await?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in_async(TestScope::Project, ask.patience).await?;
                    answer = self.send_async(with_token(request, &token), ask.patience).await?;
                }
                Ok(CallResult::Answer(answer.status()))
            }
        }
    }

    async fn token_async(
        &self,
        place: TestScope,
        patience: Duration,
    ) -> Result<String, PlainError> {
        match self.kept(place) {
            Some(token) => Ok(token),
            None => self.log_in_async(place, patience).await,
        }
    }

    async fn log_in_async(
        &self,
        place: TestScope,
        patience: Duration,
    ) -> Result<String, PlainError> {
        let answer = self.send_async(self.login(place), patience).await?;
        self.keep(place, &answer)
    }

    async fn send_async(
        &self,
        request: Request<Vec<u8>>,
        patience: Duration,
    ) -> Result<Answer, PlainError> {
        let mut request = reqwest::Request::try_from(request).map_err(PlainError::http)?;
        *request.timeout_mut() = Some(patience);
        let mut answer = self.http.execute(request).await.map_err(PlainError::http)?;
        let mut whole = Response::new(Vec::new());
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        *whole.body_mut() = answer.bytes().await.map_err(PlainError::http)?.to_vec();
        Ok(whole)
    }
}

impl<H> PlainClient<H> {
    fn new(http: H, testbed: &Testbed, options: &ClientOptions) -> Self {
        Self {
            http,
            url: format!("{}/auth/tokens", testbed.identity_url(options)),
            password: options.password,
            clock: testbed.clock.clone(),
            tokens: Mutex::default(),
        }
    }

    fn kept(&self, place: TestScope) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&place).filter(|kept| self.clock.now() < kept.renew_at)?;
        Some(kept.token.clone())
    }

    fn login(&self, place: TestScope) -> Request<Vec<u8>> {
        let domain = json!({"name": auth_emulator::account::HUAWEI_DOMAIN});
        let user = auth_emulator::account::HUAWEI_USER;
        let user = json!({"name": user, "password": self.password, "domain": domain});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": place.json()}});
        let request = Request::post(&self.url).header("content-type", "application/json");
        request.body(body.to_string().into_bytes()).expect("a URL of our own")
    }

    fn keep(&self, place: TestScope, answer: &Answer) -> Result<String, PlainError> {
        let body = String::from_utf8_lossy(answer.body());
        let refused = || PlainError::Refused(answer.status(), body.clone().into_owned());
        let token = answer.headers().get("x-subject-token").ok_or_else(refused)?;
        let token = token.to_str().map_err(PlainError::http)?.to_owned();
        let details: Value = serde_json::from_str(&body).map_err(PlainError::http)?;
        let ends = details["token"]["expires_at"].as_str().and_then(timestamp::parse);
        let (now, ends) = (self.clock.now(), ends.ok_or_else(refused)?);
        // With a tenth of its life in hand.
        let kept = CachedToken { token: token.clone(), renew_at: now + (ends - now) * 9 / 10 };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(place, kept);
        Ok(token)
    }
}

/// Why there is no answer, with all that is known.
#[derive(Debug)]
enum PlainError {
    Http(String),
    Refused(StatusCode, String),
}

impl PlainError {
    fn http(error: impl fmt::Debug) -> Self {
        Self::Http(format!("{error:?}"))
    }
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => write!(f, "no answer: {error}"),
            Self::Refused(status, body) => write!(f, "login failed: {status}: {body}"),
        }
    }
}

impl std::error::Error for PlainError {}

fn told(result: Result<CallResult, PlainError>) -> RequestResult {
    match result {
        Ok(result) => (result, None),
        Err(error) => (CallResult::Failed { has_retry_time: false }, Some(error.into())),
    }
}

fn with_token(request: &Request<Vec<u8>>, token: &str) -> Request<Vec<u8>> {
    let mut request = request.clone();
    let token = token.parse().expect("it came as a header");
    let headers: &mut HeaderMap = request.headers_mut();
    headers.insert("x-auth-token", token);
    request
}
