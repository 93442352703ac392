use auth_emulator::{Emulator, Server, System};
use auth_proto::{Cloud, ErrorKind};
use auth_reqwest::{Client, Error};
use bytes::Bytes;
use http::{Request, StatusCode};

use crate::{
    client, direct, raw_client, start,
    support::{Raw, TOKEN, answer, credential, documented, header, logins_and, scope},
};

fn service(server: &Server) -> String {
    format!("http://{}/service/huawei/ecs.example/v1", server.address())
}

#[tokio::test]
async fn a_revoked_token_costs_one_replay_and_one_login() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    let request = || Request::post(service(&server)).body("a body").unwrap();
    assert_eq!(client.call(request()).await.unwrap().status(), 200);
    server.emulator().revoke_all();
    assert_eq!(client.call(request()).await.unwrap().status(), 200);
    let emulator = server.emulator();
    // Two logins, the first call, and the second one twice.
    assert_eq!((emulator.logins(System::Huawei), emulator.requests(System::Huawei)), (2, 5));
}

#[tokio::test]
async fn if_the_login_after_a_401_fails_the_caller_is_told_that() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    client.token().await.unwrap();
    server.emulator().revoke_all().fail_next(System::Huawei, StatusCode::UNAUTHORIZED);
    let Err(Error::Auth(error)) =
        client.call(Request::get(service(&server)).body("").unwrap()).await
    else {
        panic!("a bare 401")
    };
    assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_twice_is_not_but_the_next_call_has_a_new_token() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    client.token().await.unwrap();
    server.emulator().revoke_all();
    let stream = || reqwest::Body::wrap(http_body_util::Full::new(Bytes::from("a body")));
    let request = || Request::post(service(&server)).body(stream()).unwrap();
    assert_eq!(client.call_once(request()).await.unwrap().status(), 401);
    assert_eq!(client.call_once(request()).await.unwrap().status(), 200);
    assert_eq!(server.emulator().logins(System::Huawei), 2);
}

#[tokio::test]
async fn a_replay_is_the_same_request_with_another_token_and_there_is_but_one() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(401, "", "no"))));
    let client = raw_client(&raw).build().unwrap();
    let request = Request::put(format!("{}/thing?a=b", raw.url()))
        .header("X-Auth-Token", "forged")
        .header("X-One", "1")
        .header("X-Many", "a")
        .header("X-Many", "b")
        .body(vec![b'x'; 100_000])
        .unwrap();
    let delivered = client.call(request).await.unwrap();
    assert_eq!(delivered.status(), 401);
    assert_eq!(delivered.text().await.unwrap(), "no");

    let seen = raw.seen();
    assert_eq!(seen.len(), 4, "login, call, login, call");
    assert_eq!(header(&seen[1], "x-auth-token"), Some(&*format!("{TOKEN}-0")));
    assert_eq!(header(&seen[3], "x-auth-token"), Some(&*format!("{TOKEN}-2")));
    assert!(!seen[1].contains("forged") && seen[1].starts_with("PUT /thing?a=b HTTP/1.1\r\n"));
    assert!(seen[1].contains("X-Many: b") || seen[1].contains("x-many: b"));
    assert_eq!(seen[1].replace("-0\r\n", "-2\r\n"), seen[3]);
}

#[tokio::test]
async fn an_empty_body_is_none() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(200, "", ""))));
    let client = raw_client(&raw).build().unwrap();
    for (method, length) in [("GET", None), ("DELETE", None), ("POST", Some("0"))] {
        let request = Request::builder().method(method).uri(raw.url()).body("").unwrap();
        client.call(request).await.unwrap();
        let seen = raw.seen();
        let last = seen.last().unwrap();
        assert!(last.starts_with(method));
        assert_eq!(header(last, "content-length"), length, "{last}");
        assert_eq!(header(last, "transfer-encoding"), None, "{last}");
    }
}

#[tokio::test]
async fn any_other_status_is_an_answer() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(503, "X-Why: tea\r\n", "later"))));
    let client = raw_client(&raw).build().unwrap();
    let answer = client.call(Request::get(raw.url()).body("").unwrap()).await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["x-why"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"tea".parse().unwrap())
    );
    assert_eq!(answer.text().await.unwrap(), "later");
    assert_eq!(raw.seen().len(), 2);
}

#[tokio::test]
async fn the_users_own_settings_stand() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(200, "", ""))));
    let client = Client::builder(raw.cloud(), credential(), scope())
        .http(|| reqwest::Client::builder().no_proxy().user_agent("mine/1"))
        .build()
        .unwrap();
    client.call(Request::get(raw.url()).body("").unwrap()).await.unwrap();
    for request in raw.seen() {
        assert_eq!(header(&request, "user-agent"), Some("mine/1"));
        assert_eq!(header(&request, "accept-encoding"), None);
    }
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_sent() {
    let server = start(Emulator::new());
    let (cloud, credential, _) = documented(&server, System::Kakao);
    let wrong = Client::builder(Cloud::nhn(), credential.clone(), scope()).build();
    let Err(Error::Auth(error)) = wrong else { panic!("NHN takes no access keys") };
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    let client = direct(Client::builder(cloud, credential, scope())).build().unwrap();
    let Err(Error::Auth(error)) = client.token().await else {
        panic!("an access key takes no scope")
    };
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    assert_eq!(server.emulator().requests(System::Kakao), 0);
}
