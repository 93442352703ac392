use auth_emulator::{Emulator, System, documents};
use http::{HeaderValue, StatusCode};
use time::Duration;

use crate::support::{ask, call, get, json, login, login_body, post, token, token_url};

#[test]
fn failures_queue_up_and_pass() {
    let mut emulator = Emulator::new();
    let retry_after = HeaderValue::from_static("7");
    emulator
        .fail_next(System::Otc, StatusCode::SERVICE_UNAVAILABLE)
        .fail_next_with_retry_after(System::Otc, StatusCode::TOO_MANY_REQUESTS, retry_after)
        .fail_next(System::Otc, StatusCode::BAD_GATEWAY);
    let mut attempt = |system| ask(&mut emulator, post(token_url(system)), login_body(system));
    assert_eq!(attempt(System::Huawei).status(), 201, "other systems are not affected");
    let answer = attempt(System::Otc);
    assert_eq!(answer.status(), 503);
    assert!(!answer.headers().contains_key("retry-after"));
    assert_eq!(json(&answer)["error"]["title"], "Service Unavailable");
    let answer = attempt(System::Otc);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(attempt(System::Otc).status(), 502);
    assert_eq!(attempt(System::Otc).status(), 201);
    assert_eq!((emulator.logins(System::Otc), emulator.requests(System::Otc)), (4, 4));
}

#[test]
fn failures_have_the_documented_bodies() {
    let mut emulator = Emulator::new();
    for (status, document) in [(400, documents::HUAWEI_400), (401, documents::HUAWEI_401)] {
        emulator.fail_next(System::Huawei, StatusCode::from_u16(status).unwrap());
        let answer = ask(&mut emulator, get("https://iam.myhuaweicloud.com/v3"), "");
        assert_eq!(answer.status(), status);
        assert_eq!(answer.body(), document.as_bytes());
    }
    emulator.fail_next(System::Kakao, StatusCode::UNAUTHORIZED);
    let answer = ask(&mut emulator, get("https://iam.kakaocloud.com/identity/v3"), "");
    assert_eq!(json(&answer)["error"]["code"], 401);
    assert!(answer.headers().contains_key("www-authenticate"));
}

#[test]
fn failures_concern_identity_only() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Huawei);
    emulator.fail_next(System::Huawei, StatusCode::BAD_GATEWAY);
    let ecs = "https://ecs.cn-north-1.myhuaweicloud.com/";
    assert_eq!(call(&mut emulator, ecs, &token, Duration::ZERO), 200);
    let request = post(token_url(System::Huawei));
    assert_eq!(ask(&mut emulator, request, login_body(System::Huawei)).status(), 502);
}

#[test]
fn lifetimes_are_configurable() {
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::NhnIaas, Duration::minutes(1));
    let image = "https://kr1-api-image-infrastructure.nhncloudservice.com/v2/images";
    let token = login(&mut emulator, System::NhnIaas);
    // One minute after 12:00:00.123456, truncated to the second.
    assert_eq!(call(&mut emulator, image, &token, Duration::milliseconds(59_876)), 200);
    assert_eq!(call(&mut emulator, image, &token, Duration::milliseconds(59_877)), 401);

    emulator.token_lifetime(System::NhnIaas, -Duration::minutes(1));
    let token = login(&mut emulator, System::NhnIaas);
    assert_eq!(call(&mut emulator, image, &token, Duration::ZERO), 401);
}

#[test]
fn lengths_are_clamped() {
    let mut emulator = Emulator::new();
    for system in System::ALL {
        emulator.token_length(system, 32_768);
        assert_eq!(login(&mut emulator, system).len(), 32_768);
        emulator.token_length(system, 0);
        let short = login(&mut emulator, system);
        assert_eq!(short.len(), 16);
        assert_ne!(login(&mut emulator, system), short);
    }
}

#[test]
fn revocation_does_not_affect_later_logins() {
    let mut emulator = Emulator::new();
    let before = System::ALL.map(|system| login(&mut emulator, system));
    emulator.revoke_all();
    let after = System::ALL.map(|system| login(&mut emulator, system));
    for (system, (before, after)) in System::ALL.into_iter().zip(before.iter().zip(&after)) {
        let url = format!("http://localhost/service/{system}/compute.example/v1");
        assert_eq!(call(&mut emulator, &url, before, Duration::ZERO), 401);
        assert_eq!(call(&mut emulator, &url, after, Duration::ZERO), 200);
    }
}

#[test]
fn debug_shows_counters_and_no_token() {
    let mut emulator = Emulator::new();
    let answer = ask(&mut emulator, post(token_url(System::Kakao)), login_body(System::Kakao));
    let debug = format!("{emulator:?}");
    assert!(debug.contains("kakao: 1 requests, 1 logins, 1 tokens"), "{debug}");
    assert!(!debug.contains(&token(&answer)[..20]));
}
