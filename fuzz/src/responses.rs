//! Refusals, versions and lists.

use std::sync::LazyLock;

use auth_proto::{
    Cloud, Credential, Domains, Error, ErrorKind, Fault, IdentityRequest, IdentityResponse, Login,
    Page, Projects, Scope, Step, SystemScopes, UserProjects, UserRef, Validate, Versions, limits,
};
use http::{Response, Uri};
use serde_json::{Map, Value};
use time::UtcDateTime;

use crate::{
    checks::{check_error, check_fault, check_hidden},
    input::{borrowed, expanded, first_line, response},
};

/// Any refusal: the first line is the status, the rest the body.
///
/// A password or token that the service repeats is never shown.
pub fn fault(data: &[u8]) {
    let data = expanded(data);
    let Some((status, body)) = first_line(&data) else { return };
    let response = response(status, body);
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return;
    }
    let Ok(IdentityResponse::Fault(status, fault)) = IdentityResponse::read(&response, None) else {
        panic!("{} is not read as a refusal", response.status());
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
            panic!("{error} is not a refusal");
        };
        assert_eq!(refusal.status, status);
        check_fault(&refusal.fault);
        check_error(&error);
        check_hidden(SECRET, [error.to_string(), format!("{error:?}")].iter().map(String::as_str));
    }
}

/// The text of a body that consists of `{"message": …}` and is not too large.
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
/// The login continues at the configured URL, and ignores the links.
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
            let own = login.poll().expect_err("a login reads the same document");
            return check_same(&own, &error);
        }
    };
    assert!((1..=limits::LIST + 1).contains(&versions.len()));
    for version in &versions {
        let url = version.url.as_deref();
        let known = ["https://keystone.example/id/v3", "https://keystone.example/id/v2.0"];
        assert_eq!(url.is_some(), version.api_version().is_some());
        assert!(url.is_none_or(|url| known.contains(&url)), "{url:?}");
    }
    match login.poll() {
        Ok(Step::Send(request)) => {
            let urls = [
                "https://keystone.example/id/v3/auth/tokens",
                "https://keystone.example/id/v2.0/tokens",
            ];
            assert!(urls.iter().any(|url| request.uri() == url), "{}", request.uri());
            assert!(versions.iter().any(|version| version.api_version().is_some()));
        }
        Ok(step) => panic!("{step:?} before the login"),
        Err(error) => check_error(&error),
    }
}

/// A login has the same error as the reader, with its password redacted.
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
/// The next page is requested at the configured URL, and never the same page again.
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

/// Reads a response as this page, and again as the next page.
fn pages<T, N: IdentityRequest<Output = Page<T, N>>>(first: N, response: &Response<Vec<u8>>) {
    let asked = first.request().expect("the first page has a request").uri().clone();
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
    let target =
        |uri: &Uri| (uri.scheme().cloned(), uri.authority().cloned(), uri.path().to_owned());
    assert_eq!(target(&uri), target(&asked), "the next page is elsewhere");
    assert!(uri.query().is_some_and(|query| !query.is_empty()));
    // As the next page, the same response points to itself.
    let again = next.parse(borrowed(response)).expect("the URL was read before");
    assert!(again.next.is_none(), "{uri} again");
}

/// The secret that services repeat.
const SECRET: &str = "hunter2hunter2";

static V3: LazyLock<Cloud> = LazyLock::new(|| cloud("https://keystone.example/id/v3"));
static ANY_VERSION: LazyLock<Cloud> = LazyLock::new(|| cloud("https://keystone.example/id"));
static LOGIN: LazyLock<Login> = LazyLock::new(|| login(&V3));
static DISCOVERING: LazyLock<Login> = LazyLock::new(|| login(&ANY_VERSION));

fn cloud(identity: &str) -> Cloud {
    Cloud::keystone(identity).expect("the URL is valid")
}

fn login(cloud: &Cloud) -> Login {
    let credential = Credential::password(UserRef::id("user"), SECRET);
    Login::new(cloud, credential, Scope::project_id("project")).expect("the login is valid")
}
