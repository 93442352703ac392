//! The control: a script that logs in without the library.
//!
//! It caches its token and renews it early. It logs in when it has no token and after every 401.
//! Callers do not share a login, failures are not remembered, redirects are followed, and errors
//! contain the whole response.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth_proto::timestamp;
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};
use testing::configured::{self, CONTROL, Role};
use time::UtcDateTime;

use crate::{
    clients::{plain_ureq, reqwest_config},
    clock::Clock,
    request::{CallResult, CallerRequest, Operation, RequestResult},
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

/// A response with its whole body.
pub(crate) type Answer = Response<Vec<u8>>;

impl PlainClient<ureq::Agent> {
    pub(crate) fn over_ureq(testbed: &Testbed, options: &ClientOptions) -> Self {
        Self::new(plain_ureq(options), testbed, options)
    }

    pub(crate) fn ask(&self, request: &CallerRequest) -> RequestResult {
        classified(self.run(request))
    }

    fn run(&self, request: &CallerRequest) -> Result<CallResult, PlainError> {
        match &request.operation {
            Operation::Token(scope) => {
                self.token(*scope, request.timeout).map(|_| CallResult::Token)
            }
            Operation::Upload(_) => unreachable!("no scenario has this control upload"),
            Operation::Call(call) | Operation::CallWithin(call) => {
                let mut token = self.token(TestScope::Project, request.timeout)?;
                let mut answer = self.send(with_token(call, &token), request.timeout)?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in(TestScope::Project, request.timeout)?;
                    answer = self.send(with_token(call, &token), request.timeout)?;
                }
                Ok(CallResult::Response(answer.status()))
            }
        }
    }

    fn token(&self, scope: TestScope, timeout: Duration) -> Result<String, PlainError> {
        match self.kept(scope) {
            Some(token) => Ok(token),
            None => self.log_in(scope, timeout),
        }
    }

    pub(crate) fn log_in(&self, scope: TestScope, timeout: Duration) -> Result<String, PlainError> {
        let answer = self.send(self.login(scope), timeout)?;
        self.keep(scope, &answer)
    }

    pub(crate) fn send(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> Result<Answer, PlainError> {
        let request = self.http.configure_request(request).timeout_global(Some(timeout)).build();
        let (head, mut body) = self.http.run(request).map_err(PlainError::http)?.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec().map_err(PlainError::http)?))
    }
}

impl PlainClient<reqwest::Client> {
    pub(crate) fn over_reqwest(testbed: &Testbed, options: &ClientOptions) -> Self {
        let http = reqwest_config(reqwest::Client::builder().user_agent(CONTROL), options);
        let http = http.build().expect("default settings");
        Self::new(http, testbed, options)
    }

    pub(crate) async fn asked(self: Arc<Self>, request: CallerRequest) -> RequestResult {
        classified(self.run_async(&request).await)
    }

    async fn run_async(&self, request: &CallerRequest) -> Result<CallResult, PlainError> {
        match &request.operation {
            Operation::Token(scope) => {
                self.token_async(*scope, request.timeout).await.map(|_| CallResult::Token)
            }
            Operation::Upload(_) => unreachable!("no scenario has this control upload"),
            Operation::Call(call) | Operation::CallWithin(call) => {
                let mut token = self.token_async(TestScope::Project, request.timeout).await?;
                let mut answer = self.send_async(with_token(call, &token), request.timeout).await?;
                if answer.status() == StatusCode::UNAUTHORIZED {
                    token = self.log_in_async(TestScope::Project, request.timeout).await?;
                    answer = self.send_async(with_token(call, &token), request.timeout).await?;
                }
                Ok(CallResult::Response(answer.status()))
            }
        }
    }

    async fn token_async(&self, scope: TestScope, timeout: Duration) -> Result<String, PlainError> {
        match self.kept(scope) {
            Some(token) => Ok(token),
            None => self.log_in_async(scope, timeout).await,
        }
    }

    pub(crate) async fn log_in_async(
        &self,
        scope: TestScope,
        timeout: Duration,
    ) -> Result<String, PlainError> {
        let answer = self.send_async(self.login(scope), timeout).await?;
        self.keep(scope, &answer)
    }

    pub(crate) async fn send_async(
        &self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> Result<Answer, PlainError> {
        let mut request = reqwest::Request::try_from(request).map_err(PlainError::http)?;
        *request.timeout_mut() = Some(timeout);
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
        let url = format!("{}/auth/tokens", testbed.identity_url(options));
        // The check cannot read the name of a client over HTTP/2.
        configured::party(Role::Identity, &url);
        Self {
            http,
            url,
            password: options.password,
            clock: testbed.clock.clone(),
            tokens: Mutex::default(),
        }
    }

    fn kept(&self, scope: TestScope) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&scope).filter(|kept| self.clock.now() < kept.renew_at)?;
        Some(kept.token.clone())
    }

    fn login(&self, scope: TestScope) -> Request<Vec<u8>> {
        let domain = json!({"name": auth_emulator::account::HUAWEI_DOMAIN});
        let user = auth_emulator::account::HUAWEI_USER;
        let user = json!({"name": user, "password": self.password, "domain": domain});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": scope.json()}});
        let request = Request::post(&self.url).header("content-type", "application/json");
        request.body(body.to_string().into_bytes()).expect("a valid URL")
    }

    fn keep(&self, scope: TestScope, answer: &Answer) -> Result<String, PlainError> {
        let body = String::from_utf8_lossy(answer.body());
        let refused = || PlainError::Refused(answer.status(), body.clone().into_owned());
        let token = answer.headers().get("x-subject-token").ok_or_else(refused)?;
        let token = token.to_str().map_err(PlainError::http)?.to_owned();
        let details: Value = serde_json::from_str(&body).map_err(PlainError::http)?;
        let ends = details["token"]["expires_at"].as_str().and_then(timestamp::parse);
        let (now, ends) = (self.clock.now(), ends.ok_or_else(refused)?);
        // Renewed with a tenth of its lifetime left.
        let kept = CachedToken { token: token.clone(), renew_at: now + (ends - now) * 9 / 10 };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(scope, kept);
        Ok(token)
    }
}

/// The reason of a failure, with the whole response.
#[derive(Debug)]
pub(crate) enum PlainError {
    Http(String),
    Refused(StatusCode, String),
}

impl PlainError {
    pub(crate) fn http(error: impl fmt::Debug) -> Self {
        Self::Http(format!("{error:?}"))
    }
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => write!(f, "no response: {error}"),
            Self::Refused(status, body) => write!(f, "login failed: {status}: {body}"),
        }
    }
}

impl std::error::Error for PlainError {}

pub(crate) fn classified(result: Result<CallResult, PlainError>) -> RequestResult {
    match result {
        Ok(result) => (result, None),
        Err(error) => (CallResult::Failed { has_retry_time: false }, Some(error.into())),
    }
}

pub(crate) fn with_token(request: &Request<Vec<u8>>, token: &str) -> Request<Vec<u8>> {
    let mut request = request.clone();
    let token = token.parse().expect("it came as a header");
    let headers: &mut HeaderMap = request.headers_mut();
    headers.insert("x-auth-token", token);
    request
}
