//! Every request gets a response.

use auth_emulator::{Emulator, System, account, documents};
use http::{HeaderValue, Method, Request, StatusCode};
use proptest::{collection::vec, prelude::*, sample::select};
use time::{Duration, UtcDateTime};

use crate::support::{KEYSTONE_REQUEST, login_body, post, token, token_url};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_request_gets_a_response(
        method in select(METHODS),
        uri in uri(),
        headers in vec((select(HEADERS), value()), 0..5),
        body in body(),
        seconds in any::<i64>(),
    ) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        // Requests that `http` cannot express do not reach the emulator.
        if let Ok(request) = request.body(&body[..]) {
            let head = request.method() == Method::HEAD;
            let answer = Emulator::new().handle(request, moment(seconds));
            prop_assert!((200..600).contains(&answer.status().as_u16()));
            prop_assert!(!head || answer.body().is_empty());
        }
    }

    /// A login with one wrong value gets no token.
    #[test]
    fn one_wrong_value_is_refused(
        system in select(&System::ALL[..]),
        wrong in "\\PC{0,40}",
        place in any::<prop::sample::Index>(),
    ) {
        let credentials = [
            account::NHN_USER, account::NHN_PASSWORD, account::NHN_TENANT, account::OTC_USER,
            account::OTC_PASSWORD, account::OTC_DOMAIN, account::OTC_PROJECT,
            account::KAKAO_KEY_ID, account::KAKAO_SECRET, account::HUAWEI_USER,
            account::HUAWEI_PASSWORD, account::HUAWEI_DOMAIN, account::HUAWEI_PROJECT,
            account::KEYSTONE_USER, account::KEYSTONE_PASSWORD, account::KEYSTONE_DOMAIN,
            account::KEYSTONE_PROJECT,
        ];
        // Replaces values only, because "password" is also a key and a method.
        let values: Vec<_> = credentials
            .into_iter()
            .filter(|value| login_body(system).contains(&format!(": \"{value}\"")))
            .collect();
        let right = *place.get(&values);
        prop_assume!(wrong != right);
        let wrong = serde_json::Value::from(wrong).to_string();
        let body = login_body(system).replace(&format!(": \"{right}\""), &format!(": {wrong}"));
        let request = post(token_url(system)).body(body.as_bytes()).unwrap();
        let answer = Emulator::new().handle(request, UtcDateTime::UNIX_EPOCH);
        prop_assert!(matches!(answer.status().as_u16(), 401 | 404), "{}", answer.status());
    }

    /// A token is valid from issue to expiry, at any time and with any lifetime and length.
    #[test]
    fn a_token_is_valid_for_its_lifetime(
        system in select(&[System::NhnIaas, System::Otc, System::Kakao, System::Huawei][..]),
        seconds in any::<i64>(),
        lifetime in any::<i64>(),
        length in 0_usize..40_000,
    ) {
        let (mut emulator, now) = (Emulator::new(), moment(seconds));
        emulator.token_lifetime(system, Duration::seconds(lifetime)).token_length(system, length);
        let request = post(token_url(system)).body(login_body(system).as_bytes()).unwrap();
        let answer = emulator.handle(request, now);
        prop_assert!(answer.status().is_success());
        let url = format!("http://localhost/service/{system}/host/path");
        let call = Request::get(url).header("X-Auth-Token", token(&answer)).body(&b""[..]).unwrap();
        let status = emulator.handle(call, now).status();
        let expected = if lifetime > 0 { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        // The largest time leaves no lifetime.
        prop_assert!(status == expected || now.year() == 9999, "{status}");
    }
}

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "BREW"];
const HEADERS: &[&str] = &[
    "host",
    "content-type",
    "x-auth-token",
    "x-subject-token",
    "accept",
    "authorization",
    "x-idp-id",
];

fn uri() -> impl Strategy<Value = String> {
    let host = select(
        &[
            "",
            "http://localhost",
            "https://iam.kakaocloud.com",
            "https://iam.myhuaweicloud.com:443",
            "https://ecs.eu-de.otc.t-systems.com",
            "https://identity.keystone.example",
            "https://login.keystone.example",
            "https://user:pass@api-identity-infrastructure.nhncloudservice.com",
            "http://[::1]:80",
        ][..],
    );
    let path = prop_oneof![
        "(/(v3|v2.0|v3.0|identity|auth|tokens|users|projects|service|otc|kakao|huawei|nhn-iaas|keystone)){0,7}",
        "/(provider/)?(token|device|device/decision|introspect|jwks|authorize)",
        "(/(v3|OS-FEDERATION|identity_providers|idp1|protocols|openid|auth|projects)){0,8}",
        "/(huawei/)?v3.0/OS-AUTH/id-token/tokens",
        "/[ -~]{0,30}",
        "\\PC{0,20}",
    ];
    let query = select(&["", "?", "?nocatalog", "?limit=1&marker=", "?&&==&", "?limit=%00"][..]);
    (host, path, query).prop_map(|(host, path, query)| format!("{host}{path}{query}"))
}

fn value() -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        select(
            &[
                "application/json",
                "application/x-www-form-urlencoded",
                "Basic c2VydmljZTpzZXJ2aWNlLXNlY3JldA==",
                "Basic =",
                "Bearer ",
                "idp1",
                "iam.kakaocloud.com",
                "127.0.0.1:1",
                "a\"b",
                "[",
                "@",
                ":",
            ][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..40),
    ];
    bytes.prop_filter_map("no header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let documents: &[&str] = &[
        documents::NHN_IAAS_REQUEST,
        documents::OTC_DOMAIN_REQUEST,
        documents::KAKAO_NAME_REQUEST,
        documents::HUAWEI_DOMAIN_REQUEST,
        KEYSTONE_REQUEST,
        "grant_type=password&client_id=cli&username=otto&password=otto-pw&totp=%31&scope=openid",
        "grant_type=refresh_token&client_id=cli&refresh_token=%zz%",
        "client_id=cli&user_code=&decision=deny&device_code=+",
        r#"{"auth": {"id_token": {"id": "a.b.c"}, "scope": {"project": {}}}}"#,
    ];
    let damaged = (select(documents), vec((any::<prop::sample::Index>(), any::<u8>()), 0..4))
        .prop_map(|(document, damage)| {
            let mut body = document.as_bytes().to_vec();
            for (place, byte) in damage {
                let place = place.index(body.len());
                body[place] = byte;
            }
            body
        });
    prop_oneof![damaged, vec(any::<u8>(), 0..200)]
}

/// Any time that a clock can show, including the first and the last.
fn moment(seconds: i64) -> UtcDateTime {
    let (first, last) = (UtcDateTime::MIN.unix_timestamp(), UtcDateTime::MAX.unix_timestamp());
    if seconds.is_positive() && seconds % 7 == 0 {
        return UtcDateTime::MAX;
    }
    let span = last - first;
    UtcDateTime::from_unix_timestamp(first + seconds.rem_euclid(span + 1)).unwrap()
}
