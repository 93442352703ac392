use auth_emulator::{Emulator, System};
use auth_proto::{Cloud, ErrorKind};
use http::{Request, StatusCode};
use testing::{
    Loopback, Reply,
    fixtures::{TOKEN, documented, logins_and, scope},
    header,
};

use super::{
    ADAPTER,
    support::{client, loopback_client, service_call},
};
use crate::start;

#[test]
fn a_401_costs_one_retry_and_one_login() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    let call = || client.call(service_call(&server).map(|_| "a body")).unwrap();
    assert_eq!(call().status(), 200);
    server.emulator().revoke_all();
    assert_eq!(call().status(), 200);
    let emulator = server.emulator();
    // Two logins, the first call, and the second one twice.
    assert_eq!((emulator.logins(System::Huawei), emulator.requests(System::Huawei)), (2, 5));
}

#[test]
fn a_failed_login_after_a_401_is_the_error() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    client.token().unwrap();
    server.emulator().revoke_all().fail_next(System::Huawei, StatusCode::UNAUTHORIZED);
    let error = client.call(service_call(&server)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
}

#[test]
fn a_refused_stream_is_not_resent() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    client.token().unwrap();
    server.emulator().revoke_all();
    let call = || client.call_once(service_call(&server).map(|_| "a body"));
    assert_eq!(call().unwrap().status(), 401);
    assert_eq!(call().unwrap().status(), 200);
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[test]
fn one_retry_differs_in_the_token_alone() {
    let server = Loopback::start(logins_and(|_| Reply::new(401, "", "no")));
    let client = loopback_client(&server).build().unwrap();
    let request = Request::put(format!("{}/thing?a=b", server.url()))
        .header("X-Auth-Token", "forged")
        .header("X-One", "1")
        .header("X-Many", "a")
        .header("X-Many", "b")
        .body(vec![b'x'; 100_000])
        .unwrap();
    let response = client.call(request).unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (401, &b"no"[..]));

    let requests = server.requests();
    assert_eq!(requests.len(), 4, "login, call, login, call");
    assert_eq!(header(&requests[1], "x-auth-token"), Some(&*format!("{TOKEN}-0")));
    assert_eq!(header(&requests[3], "x-auth-token"), Some(&*format!("{TOKEN}-2")));
    assert!(!requests[1].contains("forged"));
    assert!(requests[1].starts_with("PUT /thing?a=b HTTP/1.1\r\n"));
    assert!(requests[1].contains("X-Many: b") || requests[1].contains("x-many: b"));
    assert_eq!(requests[1].replace("-0\r\n", "-2\r\n"), requests[3]);
}

#[test]
fn an_empty_body_is_not_sent() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let client = loopback_client(&server).build().unwrap();
    for (method, length) in [("GET", None), ("DELETE", None), ("POST", Some("0"))] {
        let request = Request::builder().method(method).uri(server.url()).body("").unwrap();
        client.call(request).unwrap();
        let last = server.last();
        assert!(last.starts_with(method));
        assert_eq!(header(&last, "content-length"), length, "{last}");
        assert_eq!(header(&last, "transfer-encoding"), None, "{last}");
    }
}

#[test]
fn any_other_status_is_a_response() {
    let server = Loopback::start(logins_and(|_| Reply::new(503, "X-Why: tea\r\n", "later")));
    let client = loopback_client(&server).build().unwrap();
    let response = client.call(Request::get(server.url()).body("").unwrap()).unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["x-why"], "tea");
    assert_eq!(response.body(), b"later");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn the_users_own_http_settings_apply() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let client = loopback_client(&server).user_agent("mine/1").build().unwrap();
    client.call(Request::get(server.url()).body("").unwrap()).unwrap();
    for request in server.requests() {
        assert_eq!(header(&request, "user-agent"), Some("mine/1"));
        let is_login = request.starts_with("POST");
        assert_eq!(header(&request, "accept-encoding"), is_login.then_some("identity"));
        let lines = request.lines().map(str::to_ascii_lowercase);
        let sent = lines.filter(|line| line.starts_with("accept-encoding:")).count();
        assert_eq!(sent, usize::from(is_login), "{request}");
    }
}

#[test]
fn a_wrong_configuration_sends_nothing() {
    let server = start(Emulator::new());
    let (cloud, credential, _) = documented(&server, System::Kakao);
    let built = ADAPTER.client(Cloud::nhn(), credential.clone(), scope()).build();
    let error = built.expect_err("NHN takes no access keys");
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    let client = ADAPTER.client(cloud, credential, scope()).build().unwrap();
    let error = client.token().expect_err("an access key takes no scope");
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    assert_eq!(server.emulator().requests(System::Kakao), 0);
}
