//! The adapters' clients: how the scenarios build and use them.

use std::{error::Error as StdError, iter, sync::Arc};

use auth_proto::ErrorKind;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use testing::{Adapter, Client, Error};
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

pub(crate) fn client(adapter: Adapter, testbed: &Testbed, options: &ClientOptions) -> Client {
    let (cloud, scope) = (testbed.cloud(options), TestScope::Project.scope());
    let (for_ureq, for_reqwest) = (options.clone(), options.clone());
    adapter
        .client(cloud, options.credential(), scope)
        .clock(clock(testbed, options))
        .settings(options.settings.clone())
        .identity_timeout(options.identity_timeout)
        .on_ureq(move |http| ureq_config(http, &for_ureq))
        .on_reqwest(move |http| reqwest_config(http, &for_reqwest))
        .build()
        .expect("a valid configuration")
}

/// ureq without a proxy, which the environment may name.
pub(crate) fn ureq_config(
    http: ConfigBuilder<AgentScope>,
    options: &ClientOptions,
) -> ConfigBuilder<AgentScope> {
    let http = http.proxy(None).max_idle_connections_per_host(1000);
    match &options.at_wire {
        None => http,
        Some(hook) => http.middleware(Hooked(Arc::clone(hook))),
    }
}

/// The same for reqwest.
pub(crate) fn reqwest_config(
    http: reqwest::ClientBuilder,
    options: &ClientOptions,
) -> reqwest::ClientBuilder {
    let http = http.no_proxy();
    match &options.at_wire {
        None => http,
        Some(hook) => http.dns_resolver(Arc::new(Hooked(Arc::clone(hook)))),
    }
}

/// ureq's configuration for the control.
pub(crate) fn plain_ureq(options: &ClientOptions) -> Agent {
    let http = ureq_config(Agent::config_builder(), options);
    http.http_status_as_error(false).build().new_agent()
}

pub(crate) fn ask_ureq(client: &auth_ureq::Client, request: &CallerRequest) -> RequestResult {
    let result = match &request.operation {
        Operation::Token(scope) => {
            let token = client.scoped(scope.scope()).token_within(request.timeout);
            token.map(|_| CallResult::Token)
        }
        Operation::Call(call) => client.call(Request::clone(call)).map(|mut response| {
            // Read to the end, so that the connection is reused.
            let _ = response.body_mut().read_to_vec();
            CallResult::Response(response.status())
        }),
    };
    classified(result.map_err(Error::from))
}

pub(crate) async fn ask_reqwest(
    client: auth_reqwest::Client,
    request: CallerRequest,
) -> RequestResult {
    let result = match request.operation {
        Operation::Token(scope) => {
            let token = client.scoped(scope.scope()).token_within(request.timeout).await;
            token.map(|_| CallResult::Token)
        }
        Operation::Call(call) => match client.call(*call).await {
            Err(error) => Err(error),
            Ok(response) => {
                let status = response.status();
                let _ = response.bytes().await;
                Ok(CallResult::Response(status))
            }
        },
    };
    classified(result.map_err(Error::from))
}

fn classified(result: Result<CallResult, Error>) -> RequestResult {
    let error = match result {
        Ok(result) => return (result, None),
        Err(error) => error,
    };
    let result = match error.auth() {
        Some(core) => match core.kind() {
            ErrorKind::Closed => CallResult::Closed,
            _ => CallResult::Failed { has_retry_time: core.retry_at().is_some() },
        },
        None if error.is_transport() => CallResult::NoResponse,
        // The scenarios cause no other error.
        None => CallResult::Deadline { has_retry_time: has_retry_time(&error) },
    };
    (result, Some(error.into()))
}

/// Whether a source of the error has the time of the next attempt.
fn has_retry_time(error: &dyn StdError) -> bool {
    let sources = iter::successors(error.source(), |&source| source.source());
    let mut core = sources.filter_map(|source| source.downcast_ref::<auth_proto::Error>());
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

/// A user's code in ureq's middleware, or in reqwest's resolver.
struct Hooked(Hook);

impl Middleware for Hooked {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        (self.0)(HookPoint::Before);
        let response = next.handle(request);
        (self.0)(HookPoint::After);
        response
    }
}

impl Resolve for Hooked {
    fn resolve(&self, _: Name) -> Resolving {
        (self.0)(HookPoint::Before);
        let hook = Arc::clone(&self.0);
        Box::pin(async move {
            hook(HookPoint::After);
            let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            Ok(Box::new([loopback].into_iter()) as Addrs)
        })
    }
}
