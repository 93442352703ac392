//! Random providers: nothing panics, nothing leaks, and each secret goes to its own origin.

use auth_proto::{Body, Credential, Federation, Login, OidcClient, Scope, Step};
use http::{HeaderName, HeaderValue, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    BEARER, CLIENT_SECRET, DISCOVERY, PASSWORD, TOKEN_ENDPOINT, UNSCOPED, bearer, document,
    keystone, scoped, unscoped,
};
use crate::support::{NOW, cases, response};

const OTHER: &str = "https://oauth2.example";

/// A federation and its secrets.
fn any_federation() -> impl Strategy<Value = (Federation, Vec<&'static str>)> {
    let client = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(discovers, has_secret, allows, by_id_token)| {
            let client = match discovers {
                true => OidcClient::discovered("robot", DISCOVERY),
                false => OidcClient::new("robot", TOKEN_ENDPOINT),
            };
            let client = if has_secret { client.with_secret(CLIENT_SECRET) } else { client };
            let client = if allows { client.with_allowed_origin(OTHER) } else { client };
            let client = if by_id_token { client.with_id_token() } else { client };
            (client, has_secret.then_some(CLIENT_SECRET))
        },
    );
    (client, 0..3).prop_map(|((client, secret), kind)| {
        let (federation, own) = match kind {
            0 => (Federation::client_credentials("corp", "openid", client), None),
            1 => {
                let person = Federation::password("corp", "openid", client, "jo", PASSWORD);
                (person, Some(PASSWORD))
            }
            _ => {
                let holder = Federation::access_token("corp", "openid", BEARER);
                return (holder, vec![BEARER]);
            }
        };
        (federation, secret.into_iter().chain(own).collect())
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(BEARER)),
        Just(json!(TOKEN_ENDPOINT)),
        Just(json!("https://oauth2.example/token")),
        Just(json!("https://evil.example/token")),
        Just(json!(format!("https://{CLIENT_SECRET}.example/{PASSWORD}"))),
        Just(json!(["client_credentials", "password"])),
        Just(json!({"code": 401, "identity": {"methods": []}, "message": BEARER})),
        Just(json!("invalid_client")),
        Just(json!("invalid_grant")),
        Just(json!(format!("{PASSWORD} {CLIENT_SECRET} {BEARER} {UNSCOPED}"))),
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::collection::vec(".{0,6}", 0..3).prop_map(Value::from),
    ]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(
        &[
            "access_token",
            "id_token",
            "token_endpoint",
            "grant_types_supported",
            "error",
            "error_description",
            "token",
            "code",
            "message",
        ][..],
    );
    prop_oneof![
        4 => prop::collection::vec((key, any_value()), 0..5).prop_map(|pairs| {
            let pairs = pairs.iter().map(|(key, value)| format!("{}:{value}", json!(key)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(",")).into_bytes()
        }),
        1 => any::<Vec<u8>>(),
        1 => Just(b"<html>".to_vec()),
    ]
}

fn any_response() -> impl Strategy<Value = Response<Vec<u8>>> {
    let name = prop::sample::select(
        &["www-authenticate", "x-subject-token", "location", "retry-after", "content-encoding"][..],
    );
    let value = prop_oneof![
        Just("Bearer error=\"invalid_token\"".to_owned()),
        Just("Keystone uri=\"x\"".to_owned()),
        Just("https://evil.example/".to_owned()),
        Just(format!("https://{BEARER}.example/")),
        Just(UNSCOPED.to_owned()),
        "[ -~]{0,20}",
    ];
    let status = prop_oneof![
        6 => Just(200_u16), 2 => Just(201), 2 => Just(400), 2 => Just(401), 1 => 100..=999_u16,
    ];
    let random = (status, prop::collection::vec((name, value), 0..3), any_body()).prop_map(
        |(status, headers, body)| {
            let mut response = response(status, None, "");
            *response.body_mut() = body;
            for (name, value) in headers {
                let value = HeaderValue::from_str(&value).unwrap();
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
            response
        },
    );
    prop_oneof![
        3 => random,
        1 => Just(document(TOKEN_ENDPOINT)),
        1 => Just(document("https://oauth2.example/token")),
        2 => Just(bearer()),
        2 => Just(unscoped()),
        1 => Just(scoped()),
    ]
}

/// Checks where the secrets of a request go.
fn check_request(request: &Request<Body>) -> Result<(), TestCaseError> {
    let headers: String = request.headers().values().map(|v| v.to_str().unwrap()).collect();
    let text = format!(
        "{} {headers} {}",
        request.uri(),
        std::str::from_utf8(request.body().as_bytes()).unwrap()
    );
    let has = |needle: &str| text.contains(needle);
    let shows_client = has("cl1ent") || has("cm9ib3Q6");
    let shows_password = has("w%C3%BCnsch");
    let shows_bearer = has(BEARER);
    let host = request.uri().host().unwrap();
    let is_provider = ["idp.example", "oauth2.example"].contains(&host);
    prop_assert!(is_provider || host == "keystone.example", "{}", host);
    prop_assert!(request.uri().scheme_str() == Some("https"));
    prop_assert!(is_provider || !(shows_client || shows_password), "{}", text);
    prop_assert!(!is_provider || !shows_bearer, "{}", text);
    prop_assert!(request.method() == "POST" || !(shows_client || shows_password || shows_bearer));
    Ok(())
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn random_chains_keep_every_secret(
        (federation, secrets) in any_federation(),
        is_scoped in any::<bool>(),
        responses in prop::collection::vec(any_response(), 1..6),
    ) {
        let scope = if is_scoped { Scope::project_id("p") } else { Scope::unscoped() };
        let mut login =
            Login::new(&keystone(), Credential::federated(federation), scope).unwrap();
        let mut requests = 0;
        for response in responses {
            match login.poll() {
                Ok(Step::Send(request)) => {
                    check_request(&request)?;
                    requests += 1;
                    login.handle_response(response, NOW);
                }
                Ok(Step::Done(token)) => {
                    let shown = format!("{token:?}");
                    let leak = secrets.iter().find(|secret| shown.contains(**secret));
                    prop_assert!(leak.is_none(), "{}", shown);
                }
                Ok(step) => prop_assert!(false, "{:?}", step),
                Err(error) => {
                    for text in [error.to_string(), format!("{error:?}")] {
                        for secret in &secrets {
                            prop_assert!(!text.contains(*secret), "{} in {}", secret, text);
                        }
                        prop_assert!(text.len() < 3000, "{}", text);
                    }
                }
            }
        }
        prop_assert!(requests <= 4, "{}", requests);
    }
}
