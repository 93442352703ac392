use std::{error::Error as _, net::TcpListener};

use auth_proto::{Cloud, EndpointError, EndpointQuery, ErrorKind, ProtocolError, Validate, limits};
use http::Request;
use testing::{
    Error, Loopback, Reply,
    fixtures::{PASSWORD, TOKEN, logins_and, token},
};

use super::support::loopback_client;

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// Another origin, and a redirect to it.
fn elsewhere(status: u16) -> (Loopback, Reply) {
    let other = Loopback::start(|_| Reply::new(200, "", "caught"));
    let redirect = Reply::new(status, &format!("Location: {}/caught\r\n", other.url()), "");
    (other, redirect)
}

#[test]
fn a_redirected_login_is_not_followed() {
    for status in REDIRECTS {
        let (other, redirect) = elsewhere(status);
        let server = Loopback::start(move |_| redirect.clone());
        let client = loopback_client(&server).build().unwrap();
        let error = client.token().unwrap_err();
        let ErrorKind::Protocol(ProtocolError::Redirect { status: shown, .. }) = error.kind()
        else {
            panic!("{status}: {error}")
        };
        assert_eq!(*shown, status);
        assert!(server.requests()[0].contains(PASSWORD));
        assert_eq!((server.connections(), other.connections()), (1, 0), "{status}");
    }
}

#[test]
fn a_redirected_call_is_not_followed() {
    for status in REDIRECTS {
        for method in ["GET", "POST"] {
            let (other, redirect) = elsewhere(status);
            let server = Loopback::start(logins_and(move |_| redirect.clone()));
            let client = loopback_client(&server).build().unwrap();
            let request = || Request::builder().method(method).uri(server.url());
            let body = if method == "GET" { "" } else { "body" };
            let answer = client.call(request().body(body).unwrap()).unwrap();
            assert_eq!(answer.status(), status);
            let answer = client.call_once(request().body("").unwrap()).unwrap();
            assert_eq!(answer.status(), status);

            let requests = server.requests();
            assert_eq!(requests.len(), 3);
            assert!(requests[1..].iter().all(|request| request.contains(TOKEN)));
            assert_eq!(other.connections(), 0, "{method} {status}");
        }
    }
}

#[test]
fn a_token_goes_to_no_other_plain_http_host() {
    // An address for documentation, where no machine is.
    const ELSEWHERE: &str = "http://203.0.113.7/v2";
    assert!(Cloud::keystone("http://203.0.113.7/v3").is_err());

    let server = Loopback::start(|_| token(TOKEN, ELSEWHERE));
    let client = loopback_client(&server).build().unwrap();
    let refused = |error: Error| {
        assert!(
            matches!(error.kind(), ErrorKind::Endpoint(EndpointError::Refused { .. })),
            "{error}"
        );
    };
    for url in [ELSEWHERE, "http://169.254.169.254/latest", "https://127.0.0.2/", "http://[::1]/"] {
        refused(client.call(Request::get(url).body("").unwrap()).unwrap_err());
        refused(client.call_once(Request::get(url).body("").unwrap()).unwrap_err());
    }
    // No login was sent either.
    assert_eq!(server.connections(), 0);
    refused(client.endpoint(&EndpointQuery::new("thing")).unwrap_err());
    assert_eq!(server.connections(), 1);
}

#[test]
fn an_endless_body_is_refused() {
    // The header announces more than comes: a client that waits for the rest fails in another way.
    for announced in [limits::BODY + 1, 1 << 40] {
        let server = Loopback::start(logins_and(move |_| {
            Reply::status(200, "").body_of(announced, vec![b' '; 5 * 1024 * 1024])
        }));
        let client = loopback_client(&server).build().unwrap();
        let error = client.run(&Validate::new(&client.cloud(), "subject")).unwrap_err();
        let ErrorKind::Protocol(ProtocolError::TooLarge { limit, .. }) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(*limit, limits::BODY);
    }
}

#[test]
fn errors_and_debug_show_no_secret() {
    let server =
        Loopback::start(logins_and(|_| Reply::status(200, "").body_of("t0ps3cret-length", "")));
    let client = loopback_client(&server).build().unwrap();
    let with_query = |url: &str| {
        let request = Request::post(format!("{url}/path-t0ps3cret?key=t0ps3cret-query"));
        client.call(request.header("X-Own", "t0ps3cret-header").body("t0ps3cret-body").unwrap())
    };
    let error = with_query(&server.url()).unwrap_err();
    assert!(error.is_transport(), "{error}");
    let mut shown = format!("{error} {error:?} {client:?} {:?}", client.token().unwrap());
    // A port without a server.
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let error = with_query(&format!("http://127.0.0.1:{port}")).unwrap_err();
    shown += &format!("{error} {error:?}");
    let mut source = error.source();
    assert!(source.is_some());
    while let Some(error) = source {
        shown += &format!("{error} {error:?}");
        source = error.source();
    }
    shown += &loopback_client(&server).shown();
    assert!(!shown.contains("t0ps3cret"), "{shown}");
}
