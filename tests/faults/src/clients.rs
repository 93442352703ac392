//! The clients under test: how they are made and asked.

use std::{error::Error, iter, sync::Arc};

use auth_proto::ErrorKind;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ureq::{
    Agent, SendBody,
    config::ConfigBuilder,
    http::{Request, Response},
    middleware::{Middleware, MiddlewareNext},
    typestate::AgentScope,
};

use crate::{
    callers::{CallResult, CallerRequest, Operation, RequestResult},
    testbed::{ClientOptions, Hook, HookPoint, TestScope, Testbed},
};

pub(crate) fn ureq_client(testbed: &Testbed, options: &ClientOptions) -> auth_ureq::Client {
    let (cloud, scope) = (testbed.cloud(options), TestScope::Project.scope());
    auth_ureq::Client::builder(cloud, options.credential(), scope)
        .http(ureq_http(options))
        .clock(clock(testbed, options))
        .settings(options.settings.clone())
        .identity_timeout(options.identity_timeout)
        .build()
        .expect("a sound configuration")
}

pub(crate) fn reqwest_client(testbed: &Testbed, options: &ClientOptions) -> auth_reqwest::Client {
    let (cloud, scope) = (testbed.cloud(options), TestScope::Project.scope());
    auth_reqwest::Client::builder(cloud, options.credential(), scope)
        .http(|| reqwest_http(options))
        .clock(clock(testbed, options))
        .settings(options.settings.clone())
        .identity_timeout(options.identity_timeout)
        .build()
        .expect("a sound configuration")
}

/// ureq's own settings. Whatever proxy the environment names, it does not lead to loopback.
pub(crate) fn ureq_http(options: &ClientOptions) -> ConfigBuilder<AgentScope> {
    let http = Agent::config_builder().proxy(None).max_idle_connections_per_host(1000);
    match &options.at_wire {
        None => http,
        Some(hook) => http.middleware(Hooked(Arc::clone(hook))),
    }
}

/// reqwest's own settings.
pub(crate) fn reqwest_http(options: &ClientOptions) -> reqwest::ClientBuilder {
    let http = reqwest::Client::builder().no_proxy();
    match &options.at_wire {
        None => http,
        Some(hook) => http.dns_resolver(Arc::new(Hooked(Arc::clone(hook)))),
    }
}

pub(crate) fn ask_ureq(client: &auth_ureq::Client, ask: &CallerRequest) -> RequestResult {
    let result = match &ask.what {
        Operation::Token(place) => {
            client.scoped(place.scope()).token_within(ask.patience).map(|_| CallResult::Token)
        }
        Operation::Call(request) => client.call(Request::clone(request)).map(|mut answer| {
            // Read to its end, so that the connection serves again.
            let _ = answer.body_mut().read_to_vec();
            CallResult::Answer(answer.status())
        }),
    };
    match result {
        Ok(result) => (result, None),
        Err(error) => {
            let result = match &error {
                auth_ureq::Error::Auth(core) => failed(core),
                auth_ureq::Error::Transport(_) => CallResult::Nothing,
                // Nothing else is told to those who ask.
                _ => CallResult::Deadline { has_retry_time: has_retry_time(&error) },
            };
            (result, Some(error.into()))
        }
    }
}

pub(crate) async fn ask_reqwest(client: auth_reqwest::Client, ask: CallerRequest) -> RequestResult {
    let result = match ask.what {
        Operation::Token(place) => {
            client.scoped(place.scope()).token_within(ask.patience).await.map(|_| CallResult::Token)
        }
        Operation::Call(request) => match client.call(*request).await {
            Err(error) => Err(error),
            Ok(answer) => {
                let status = answer.status();
                let _ = answer.bytes().await;
                Ok(CallResult::Answer(status))
            }
        },
    };
    match result {
        Ok(result) => (result, None),
        Err(error) => {
            let result = match &error {
                auth_reqwest::Error::Auth(core) => failed(core),
                auth_reqwest::Error::Transport(_) => CallResult::Nothing,
                // Nothing else is told to those who ask.
                _ => CallResult::Deadline { has_retry_time: has_retry_time(&error) },
            };
            (result, Some(error.into()))
        }
    }
}

fn failed(error: &auth_proto::Error) -> CallResult {
    match error.kind() {
        ErrorKind::Closed => CallResult::Closed,
        _ => CallResult::Failed { has_retry_time: error.retry_at().is_some() },
    }
}

/// Whether what the error was caused by says when to try again.
fn has_retry_time(error: &dyn Error) -> bool {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let mut core = causes.filter_map(|cause| cause.downcast_ref::<auth_proto::Error>());
    core.any(|core| core.retry_at().is_some())
}

fn clock(
    testbed: &Testbed,
    options: &ClientOptions,
) -> impl Fn() -> time::UtcDateTime + Send + Sync + 'static {
    let (clock, hook) = (testbed.clock.clone(), options.at_clock.clone());
    move || {
        if let Some(hook) = &hook {
            hook(HookPoint::Before);
        }
        clock.now()
    }
}

/// A user's own code in ureq's middleware, or reqwest's resolver.
struct Hooked(Hook);

impl Middleware for Hooked {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        (self.0)(HookPoint::Before);
        let answer = next.handle(request);
        (self.0)(HookPoint::After);
        answer
    }
}

impl Resolve for Hooked {
    fn resolve(&self, _: Name) -> Resolving {
        (self.0)(HookPoint::Before);
        let hook = Arc::clone(&self.0);
        Box::pin(async move {
            hook(HookPoint::After);
            let here = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            Ok(Box::new([here].into_iter()) as Addrs)
        })
    }
}
