use std::{error::Error as _, net::TcpListener};

use auth_proto::{Cloud, EndpointError, EndpointQuery, ErrorKind, ProtocolError, Validate, limits};
use auth_reqwest::Error;
use http::Request;

use crate::{
    raw_client,
    support::{PASSWORD, Raw, TOKEN, answer, logins_and, token},
};

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// Another origin, and a redirect to it.
fn elsewhere(status: u16) -> (Raw, String) {
    let other = Raw::start(|_, _: &str| Some(answer(200, "", "caught")));
    let redirect = answer(status, &format!("Location: {}/caught\r\n", other.url()), "");
    (other, redirect)
}

#[tokio::test]
async fn a_redirected_login_goes_nowhere() {
    for status in REDIRECTS {
        let (other, redirect) = elsewhere(status);
        let raw = Raw::start(move |_, _: &str| Some(redirect.clone()));
        let client = raw_client(&raw).build().unwrap();
        let Err(Error::Auth(error)) = client.token().await else { panic!("{status}") };
        let ErrorKind::Protocol(ProtocolError::Redirect { status: told, .. }) = error.kind() else {
            panic!("{status}: {error}")
        };
        assert_eq!(*told, status);
        assert!(raw.seen()[0].contains(PASSWORD));
        assert_eq!((raw.connections(), other.connections()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn a_redirected_call_is_handed_on_and_goes_nowhere() {
    for status in REDIRECTS {
        for method in ["GET", "POST"] {
            let (other, redirect) = elsewhere(status);
            let raw = Raw::start(logins_and(move |_, _: &str| Some(redirect.clone())));
            let client = raw_client(&raw).build().unwrap();
            let request = || Request::builder().method(method).uri(raw.url());
            let body = if method == "GET" { "" } else { "body" };
            let answer = client.call(request().body(body).unwrap()).await.unwrap();
            assert_eq!(answer.status(), status);
            let answer = client.call_once(request().body("").unwrap()).await.unwrap();
            assert_eq!(answer.status(), status);

            let seen = raw.seen();
            assert!(seen.len() == 3 && seen[1].contains(TOKEN) && seen[2].contains(TOKEN));
            assert_eq!(other.connections(), 0, "{method} {status}");
        }
    }
}

#[tokio::test]
async fn a_token_goes_to_no_other_plain_http_host() {
    // A documentation address: nothing answers there, and nothing is sent.
    const ELSEWHERE: &str = "http://203.0.113.7/v2";
    assert!(Cloud::keystone("http://203.0.113.7/v3").is_err());

    let raw = Raw::start(|_, _: &str| Some(token(TOKEN, ELSEWHERE)));
    let client = raw_client(&raw).build().unwrap();
    let refused = |error: Error| {
        let Error::Auth(core) = &error else { panic!("{error}") };
        let kind = core.kind();
        assert!(matches!(kind, ErrorKind::Endpoint(EndpointError::Refused { .. })), "{error}");
    };
    for url in [ELSEWHERE, "http://169.254.169.254/latest", "https://127.0.0.2/", "http://[::1]/"] {
        refused(client.call(Request::get(url).body("").unwrap()).await.unwrap_err());
        refused(client.call_once(Request::get(url).body("").unwrap()).await.unwrap_err());
    }
    // Not even a login.
    assert_eq!(raw.connections(), 0);
    refused(client.endpoint(&EndpointQuery::new("thing")).await.unwrap_err());
    assert_eq!(raw.connections(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_refused() {
    // More is announced than ever comes: whoever waits for it fails in another way.
    for announced in [limits::BODY + 1, 1 << 40] {
        let raw = Raw::start(logins_and(move |_, _: &str| {
            let body = " ".repeat(5 * 1024 * 1024);
            let length = format!("Content-Length: {announced}");
            Some(
                answer(200, "", &body).replace(&format!("Content-Length: {}", body.len()), &length),
            )
        }));
        let client = raw_client(&raw).build().unwrap();
        let asked = client.run(&Validate::new(&client.cloud(), "subject")).await;
        let Err(Error::Auth(error)) = asked else { panic!("{asked:?}") };
        let ErrorKind::Protocol(ProtocolError::TooLarge { limit, .. }) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(*limit, limits::BODY);
    }
}

#[tokio::test]
async fn errors_and_debug_show_no_secret() {
    let raw = Raw::start(logins_and(|_, _: &str| {
        // Spoken to like that, the client can only give up.
        Some("HTTP/1.1 200 OK\r\nContent-Length: t0ps3cret-length\r\n\r\n".to_owned())
    }));
    let client = raw_client(&raw).build().unwrap();
    let with_query = async |url: &str| {
        let request = Request::post(format!("{url}/path-t0ps3cret?key=t0ps3cret-query"))
            .header("X-Own", "t0ps3cret-header");
        client.call(request.body("t0ps3cret-body").unwrap()).await
    };
    let error = with_query(&raw.url()).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    let mut shown = format!("{error} {error:?} {client:?} {:?}", client.token().await.unwrap());
    // A port that nobody listens on.
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let error = with_query(&format!("http://127.0.0.1:{port}")).await.unwrap_err();
    shown += &format!("{error} {error:?}");
    let mut source = error.source();
    assert!(source.is_some());
    while let Some(error) = source {
        shown += &format!("{error} {error:?}");
        source = error.source();
    }
    let builder = raw_client(&raw);
    shown += &format!("{builder:?}");
    assert!(!shown.contains("t0ps3cret"), "{shown}");
}
