//! Answers that are no tokens: refusals, versions, lists.

use std::sync::LazyLock;

use auth_proto::{
    Cloud, Credential, Domains, Error, ErrorKind, Fault, IdentityRequest, IdentityResponse, Login,
    Page, Projects, Scope, Step, SystemScopes, UserProjects, UserRef, Validate, Versions, limits,
};
use http::{Response, Uri};
use serde_json::{Map, Value};
use time::UtcDateTime;

use crate::{
    input::{borrowed, expanded, first_line, response},
    promise::{check_error, check_fault, check_hidden},
};

/// Any refusal: the first line is the status, the rest the body.
///
/// A password that the service repeats is never shown, and neither is a token.
pub fn fault(data: &[u8]) {
    let data = expanded(data);
    let Some((status, body)) = first_line(&data) else { return };
    let response = response(status, body);
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return;
    }
    let Ok(IdentityResponse::Fault(status, fault)) = IdentityResponse::read(&response, None) else {
        panic!("{} is no refusal", response.status());
    };
    assert_eq!(status, response.status());
    check_fault(&fault);
    assert!(body.len() <= limits::ERROR_BODY || fault == Fault::default(), "too large to be read");
    if let Some(message) = sole_message(body) {
        let read = fault.message.as_deref().unwrap_or_default();
        assert_eq!(read.is_empty(), message.trim().is_empty(), "{message:?} as {read:?}");
    }

    let mut login = LOGIN.clone();
    login.handle_response(response.clone(), UtcDateTime::UNIX_EPOCH);
    let refused = login.poll().expect_err("the login is refused");
    let subject = Validate::new(&V3, SECRET).parse(borrowed(&response));
    for error in [Some(refused), subject.err()].into_iter().flatten() {
        let (ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) = error.kind() else {
            panic!("{error} is no refusal");
        };
        assert_eq!(refusal.status, status);
        check_fault(&refusal.fault);
        check_error(&error);
        check_hidden(SECRET, [error.to_string(), format!("{error:?}")].iter().map(String::as_str));
    }
}

/// The text of a body that is `{"message": …}` and nothing else, and not too large.
fn sole_message(body: &[u8]) -> Option<String> {
    if body.len() > limits::ERROR_BODY {
        return None;
    }
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let message = body.get("message").filter(|_| body.len() == 1)?.as_str()?;
    Some(message.to_owned())
}

/// Any version document: the first line is the status, the rest the body.
///
/// Whatever its links say, the login goes on at the configured place.
pub fn discovery(data: &[u8]) {
    let data = expanded(data);
    let Some((status, body)) = first_line(&data) else { return };
    let response = response(status, body);
    let read = Versions::new(&ANY_VERSION).parse(borrowed(&response));
    let mut login = DISCOVERING.clone();
    login.handle_response(response, UtcDateTime::UNIX_EPOCH);
    let versions = match read {
        Ok(versions) => versions,
        Err(error) => {
            check_error(&error);
            let own = login.poll().expect_err("a login is no better a reader");
            return check_same(&own, &error);
        }
    };
    assert!((1..=limits::LIST + 1).contains(&versions.len()));
    for version in &versions {
        let place = version.url.as_deref();
        let known = ["https://keystone.example/id/v3", "https://keystone.example/id/v2.0"];
        assert_eq!(place.is_some(), version.api_version().is_some());
        assert!(place.is_none_or(|place| known.contains(&place)), "{place:?}");
    }
    match login.poll() {
        Ok(Step::Send(request)) => {
            let places = [
                "https://keystone.example/id/v3/auth/tokens",
                "https://keystone.example/id/v2.0/tokens",
            ];
            assert!(places.iter().any(|place| request.uri() == place), "{}", request.uri());
            assert!(versions.iter().any(|version| version.api_version().is_some()));
        }
        Ok(step) => panic!("{step:?} without a login"),
        Err(error) => check_error(&error),
    }
}

/// A login says why it failed as the mere reader does, but for its password.
fn check_same(own: &Error, read: &Error) {
    check_error(own);
    check_hidden(SECRET, [own.to_string().as_str()]);
    match (own.kind(), read.kind()) {
        (ErrorKind::Rejected(own), ErrorKind::Rejected(read))
        | (ErrorKind::Unavailable(own), ErrorKind::Unavailable(read)) => {
            assert_eq!(own.status, read.status);
        }
        (own, read) => assert_eq!(own, read),
    }
}

/// Any list of projects, domains or system scopes.
///
/// The next page is asked of the configured place, and never the same one again.
pub fn projects(data: &[u8]) {
    let response = response(b"200", &expanded(data));
    pages(Projects::new(&V3), &response);
    pages(Domains::new(&V3), &response);
    pages(UserProjects::new(&V3, "../me?"), &response);
    match SystemScopes::new(&V3).parse(borrowed(&response)) {
        Ok(scopes) => assert!(scopes.is_empty() || scopes == [Scope::system()]),
        Err(error) => check_error(&error),
    }
}

/// Reads an answer as this page, and as the one that it points on to.
fn pages<T, N: IdentityRequest<Output = Page<T, N>>>(first: N, response: &Response<Vec<u8>>) {
    let asked = first.request().expect("the first page is asked for").uri().clone();
    let page = match first.parse(borrowed(response)) {
        Ok(page) => page,
        Err(error) => return check_error(&error),
    };
    assert!(page.items.len() <= limits::LIST);
    let Some(next) = page.next else { return };
    let uri = match next.request() {
        Ok(request) => request.uri().clone(),
        Err(error) => return check_error(&error),
    };
    let place =
        |uri: &Uri| (uri.scheme().cloned(), uri.authority().cloned(), uri.path().to_owned());
    assert_eq!(place(&uri), place(&asked), "the next page is elsewhere");
    assert!(uri.query().is_some_and(|query| !query.is_empty()));
    // The same answer to the next page points on to that page itself.
    let again = next.parse(borrowed(response)).expect("it has been read before");
    assert!(again.next.is_none(), "{uri} again");
}

/// What the services are made to repeat.
const SECRET: &str = "hunter2hunter2";

static V3: LazyLock<Cloud> = LazyLock::new(|| cloud("https://keystone.example/id/v3"));
static ANY_VERSION: LazyLock<Cloud> = LazyLock::new(|| cloud("https://keystone.example/id"));
static LOGIN: LazyLock<Login> = LazyLock::new(|| login(&V3));
static DISCOVERING: LazyLock<Login> = LazyLock::new(|| login(&ANY_VERSION));

fn cloud(identity: &str) -> Cloud {
    Cloud::keystone(identity).expect("it is a URL")
}

fn login(cloud: &Cloud) -> Login {
    let credential = Credential::password(UserRef::id("user"), SECRET);
    Login::new(cloud, credential, Scope::project_id("project")).expect("that is enough")
}
