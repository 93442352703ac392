//! A request through either adapter, and everything that its caller can print afterwards.

use std::time::Duration;

use auth_proto::{Cloud, Credential, Factor, Projects, Revoke, Scope, Validate};
use testing::{Adapter, Error, Reply};

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
            client.submit_factor(factor).and_then(|()| client.token_within(TIMEOUT).map(drop))
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

/// A response with any status line. Each line of `headers` ends with `\r\n`.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::bytes(format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

/// The response to a good login. The token lives for a century.
pub(crate) fn token_response(token: &str) -> Reply {
    let body = r#"{"token": {
        "catalog": [],
        "expires_at": "2126-01-03T00:00:00.000000Z", "issued_at": "2126-01-01T00:00:00.000000Z",
        "domain": {"id": "d1", "name": "d"},
        "user": {"id": "u1", "name": "u", "domain": {"id": "d1", "name": "d"}}
    }}"#;
    response("201 Created", &format!("X-Subject-Token: {token}\r\n"), body)
}
