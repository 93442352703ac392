//! A request through either adapter, and everything that its caller can print afterwards.

use std::time::Duration;

use auth_proto::{Cloud, Credential, Factor, Projects, Revoke, Scope, Validate};
use testing::{Adapter, Error, Reply, fixtures::LONG_LIVED};

/// A caller's request.
pub(crate) enum Operation {
    /// A token; this factor answers the first challenge.
    Factor(Factor),
    Projects(Projects),
    Revoke(Revoke),
    Token,
    Validate(Validate),
}

/// Longer than the adapters take to report a response of this server.
const TIMEOUT: Duration = Duration::from_millis(300);

/// The error with its sources, and the client, as `Display` and `Debug` print them.
pub(crate) fn printed(
    adapter: Adapter,
    cloud: &Cloud,
    credential: Credential,
    operation: Operation,
) -> String {
    let client = adapter.client(cloud.clone(), credential, scope(cloud)).build().unwrap();
    let result = match operation {
        Operation::Factor(factor) => {
            // This login ends with the challenge.
            let _ = client.token_within(TIMEOUT);
            client.answer(factor).and_then(|()| client.token_within(TIMEOUT).map(drop))
        }
        Operation::Projects(request) => client.run(&request).map(drop),
        Operation::Revoke(request) => client.run(&request),
        Operation::Token => client.token_within(TIMEOUT).map(drop),
        Operation::Validate(request) => client.run(&request).map(drop),
    };
    let error = result.as_ref().err().map_or_else(String::new, Error::shown);
    format!("{error}{client:?} {client:#?}")
}

/// A scope that this cloud accepts.
fn scope(cloud: &Cloud) -> Scope {
    match cloud.agency_field() {
        Some(_) => Scope::project_id("p"),
        None => Scope::default(),
    }
}

/// A response with any status and reason. Each line of `headers` ends with `\r\n`.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Reply {
    Reply::status(status, format!("Connection: close\r\n{headers}")).body(body)
}

/// The response to a good login.
pub(crate) fn token_response(token: &str) -> Reply {
    response("201 Created", &format!("X-Subject-Token: {token}\r\n"), LONG_LIVED)
}
