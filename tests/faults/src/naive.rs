//! The naive client: what thirty lines do without the library. One login per refused token, which all
//! callers share, one retry after a 401, and no pauses.

use std::{collections::HashMap, future::Future, sync::Arc};

use http::{Request, StatusCode};
use std::time::Duration;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    control::{Answer, PlainClient, PlainError, classified, with_token},
    request::{CallResult, CallerRequest, Operation, RequestResult},
    testbed::{ClientOptions, TestScope, Testbed},
};

pub(crate) struct Naive<H> {
    plain: PlainClient<H>,
    tokens: Mutex<HashMap<TestScope, String>>,
}

/// The two things that the naive client asks of an HTTP client. Over ureq they block the thread.
pub(crate) trait Http: Sync {
    fn log_in(
        &self,
        scope: TestScope,
        within: Duration,
    ) -> impl Future<Output = Result<String, PlainError>> + Send;

    fn send(
        &self,
        request: Request<Vec<u8>>,
        within: Duration,
    ) -> impl Future<Output = Result<Answer, PlainError>> + Send;
}

impl Naive<ureq::Agent> {
    pub(crate) fn over_ureq(testbed: &Testbed, options: &ClientOptions) -> Self {
        Self { plain: PlainClient::over_ureq(testbed, options), tokens: Mutex::default() }
    }
}

impl Naive<reqwest::Client> {
    pub(crate) fn over_reqwest(testbed: &Testbed, options: &ClientOptions) -> Self {
        Self { plain: PlainClient::over_reqwest(testbed, options), tokens: Mutex::default() }
    }
}

impl<H> Naive<H>
where
    PlainClient<H>: Http,
{
    pub(crate) async fn ask(self: Arc<Self>, request: CallerRequest) -> RequestResult {
        match timeout(request.timeout, self.run(&request)).await {
            Ok(result) => classified(result),
            Err(_) => (CallResult::Deadline { has_retry_time: false }, None),
        }
    }

    async fn run(&self, request: &CallerRequest) -> Result<CallResult, PlainError> {
        let within = request.timeout;
        let call = match &request.operation {
            Operation::Token(scope) => {
                self.token(*scope, None, within).await?;
                return Ok(CallResult::Token);
            }
            Operation::Call(call) | Operation::CallWithin(call) => Request::clone(call),
            Operation::Upload(upload) => {
                let file = std::fs::read(&upload.file).map_err(PlainError::http)?;
                Request::put(&upload.uri).body(file).map_err(PlainError::http)?
            }
        };
        let token = self.token(TestScope::Project, None, within).await?;
        let mut answer = self.plain.send(with_token(&call, &token), within).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let token = self.token(TestScope::Project, Some(&token), within).await?;
            answer = self.plain.send(with_token(&call, &token), within).await?;
        }
        Ok(CallResult::Response(answer.status()))
    }

    /// The token, or a login if there is none or this one was refused. All others wait for it.
    async fn token(
        &self,
        scope: TestScope,
        refused: Option<&str>,
        within: Duration,
    ) -> Result<String, PlainError> {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(&scope)
            && refused != Some(token)
        {
            return Ok(token.clone());
        }
        let token = self.plain.log_in(scope, within).await?;
        tokens.insert(scope, token.clone());
        Ok(token)
    }
}

impl Http for PlainClient<ureq::Agent> {
    async fn log_in(&self, scope: TestScope, within: Duration) -> Result<String, PlainError> {
        Self::log_in(self, scope, within)
    }

    async fn send(
        &self,
        request: Request<Vec<u8>>,
        within: Duration,
    ) -> Result<Answer, PlainError> {
        Self::send(self, request, within)
    }
}

impl Http for PlainClient<reqwest::Client> {
    async fn log_in(&self, scope: TestScope, within: Duration) -> Result<String, PlainError> {
        self.log_in_async(scope, within).await
    }

    async fn send(
        &self,
        request: Request<Vec<u8>>,
        within: Duration,
    ) -> Result<Answer, PlainError> {
        self.send_async(request, within).await
    }
}
