//! Properties of every input: readers never panic, and a written value is read back.
use auth_emulator::documents;
use auth_proto::{
    ApiVersion, Cloud, Credential, DomainRef, Factor, IdentityRequest, IdentityResponse, Login,
    Question, Scope, Step, UserProjects, UserRef, timestamp,
};
use http::{HeaderName, HeaderValue, Response};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{Duration, UtcDateTime};

use crate::support::{NOW, alice, cases, json as read, keystone, request_of, response};

const DOCUMENTS: [&str; 7] = [
    documents::NHN_IAAS_RESPONSE,
    documents::NHN_COMPUTE_RESPONSE,
    documents::KAKAO_PROJECTS_RESPONSE,
    documents::HUAWEI_PROJECT_RESPONSE,
    documents::HUAWEI_DOMAIN_RESPONSE,
    documents::HUAWEI_400,
    documents::HUAWEI_401,
];

/// A documented response with parts cut out, doubled or overwritten.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let cut = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<Vec<u8>>());
    (prop::sample::select(&DOCUMENTS), prop::collection::vec(cut, 0..4)).prop_map(
        |(document, cuts)| {
            let mut bytes = document.as_bytes().to_vec();
            for (from, to, with) in cuts {
                let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
                bytes.splice(from.min(to)..from.max(to), with);
            }
            bytes
        },
    )
}

const KEYS: &str = "access catalog endpoints error expires expires_at id interface issued_at links \
    message methods name next project projects publicURL region required_auth_methods receipt roles \
    serviceCatalog tenant token type url user values version versions";

/// Any JSON, with known keys among others.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(KEYS.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned),
        "[a-z]{0,3}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("2020-04-29T15:31:21Z")),
        Just(json!("public")),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        damaged(),
        any_json().prop_map(|json| json.to_string().into_bytes()),
        any::<Vec<u8>>(),
    ]
}

fn any_response() -> impl Strategy<Value = Response<Vec<u8>>> {
    let name = prop::sample::select(
        &["x-subject-token", "openstack-auth-receipt", "retry-after", "date", "location"][..],
    );
    let value = prop_oneof![
        "[!-~]{1,40}".prop_map(String::into_bytes),
        any::<Vec<u8>>(),
        Just(b"Sun, 22 Nov 2026 08:00:00 GMT".to_vec()),
    ];
    let headers = prop::collection::vec((name, value), 0..4);
    (100_u16..=999, headers, any_body()).prop_map(|(status, headers, body)| {
        let mut response = response(status, None, "");
        *response.body_mut() = body;
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]{1,12}", ".{1,30}", Just("quo\"te\\ and\nline ☃".to_owned())]
}

fn any_domain() -> impl Strategy<Value = DomainRef> {
    prop_oneof![any_text().prop_map(DomainRef::id), any_text().prop_map(DomainRef::name),]
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_response_is_read_or_refused(response in any_response()) {
        for api_version in [None, Some(ApiVersion::V2), Some(ApiVersion::V3)] {
            match IdentityResponse::read(&response, api_version) {
                Ok(IdentityResponse::Token(_, token)) => {
                    prop_assert!(token.expose().bytes().all(|b| b.is_ascii_graphic()));
                    prop_assert!(!token.expose().is_empty());
                    prop_assert!(token.header().is_sensitive());
                    if let Some(catalog) = token.catalog() {
                        for service in catalog.services() {
                            prop_assert!(!service.service_type().is_empty());
                            prop_assert!(service.endpoints().all(|e| !e.url().is_empty()));
                        }
                    }
                }
                Ok(IdentityResponse::Fault(_, fault)) => {
                    let shown = fault.to_string();
                    prop_assert!(!shown.contains(char::is_control), "{shown:?}");
                }
                _ => {}
            }
        }
        let list = UserProjects::new(&Cloud::kakao(), "u");
        let (parts, body) = response.into_parts();
        if let Ok(page) = list.parse(Response::from_parts(parts, &body[..]))
            && let Some(next) = page.next
        {
            let uri = next.request().unwrap().uri().to_string();
            let base = "https://iam.kakaocloud.com/identity/v3/users/u/projects?";
            prop_assert!(uri.starts_with(base), "{uri}");
        }
    }

    #[test]
    fn any_responses_end_a_login_or_ask(responses in prop::collection::vec(any_response(), 1..6)) {
        let cloud = Cloud::keystone("https://keystone.example").unwrap();
        let credential = Credential::password(alice(), "canary-password");
        let mut login = Login::new(&cloud, credential, Scope::project_id("p")).unwrap();
        for response in responses {
            match login.poll() {
                Ok(Step::Send(request)) => {
                    prop_assert_eq!(request.uri().host(), Some("keystone.example"));
                    login.handle_response(response, NOW);
                }
                Ok(Step::Ask(Question::Factor(challenge))) => {
                    let wanted = challenge.missing().any(|rule| rule.contains(&"totp"));
                    let submitted = login.answer(Factor::totp("123456"));
                    prop_assert_eq!(submitted.is_ok(), wanted);
                }
                Ok(Step::Ask(question)) => prop_assert!(false, "{}", question),
                Ok(Step::Done(_)) => break,
                Err(error) => {
                    let shown = format!("{error} {error:?}");
                    prop_assert!(!shown.contains("canary"), "{}", shown);
                    prop_assert_eq!(login.poll().unwrap_err(), error);
                    break;
                }
            }
        }
    }

    #[test]
    fn any_text_is_a_timestamp_or_refused(text in prop_oneof![
        ".{0,40}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}[T t][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|z|[+-][0-9]{2}:?[0-9]{2})?",
    ]) {
        if let Some(moment) = timestamp::parse(&text) {
            prop_assert_eq!(timestamp::parse(&timestamp::format(moment)), Some(moment));
        }
    }

    #[test]
    fn every_timestamp_is_read_back(seconds in -62_135_596_800_i64..=253_402_300_799, nanos in 0_i64..1_000_000_000) {
        let moment = UtcDateTime::from_unix_timestamp(seconds).unwrap() + Duration::nanoseconds(nanos);
        let text = timestamp::format(moment);
        prop_assert_eq!(timestamp::parse(&text), Some(moment));
        // No zone means UTC.
        prop_assert_eq!(timestamp::parse(text.trim_end_matches('Z')), Some(moment));
    }

    #[test]
    fn a_v3_request_holds_exactly_its_input(
        name in any_text(),
        domain in any_domain(),
        password in any_text(),
        project in any_text(),
        project_domain in any_domain(),
        catalog in any::<bool>(),
    ) {
        let credential =
            Credential::password(UserRef::name_in(name.clone(), domain.clone()), password.clone());
        let scope = Scope::project_name_in(project.clone(), project_domain.clone());
        let mut login = Login::new(&keystone(), credential, scope).unwrap();
        if !catalog {
            login = login.without_catalog();
        }
        let request = request_of(&login);
        let named = |domain: &DomainRef| match domain {
            DomainRef::Id(id) => json!({"id": id}),
            DomainRef::Name(name) => json!({"name": name}),
            _ => unreachable!(),
        };
        let expect = json!({"auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": name, "domain": named(&domain), "password": password}},
            },
            "scope": {"project": {"name": project, "domain": named(&project_domain)}},
        }});
        prop_assert_eq!(read(request.body()), expect);
        let query = (!catalog).then_some("nocatalog=true");
        prop_assert_eq!(request.uri().query(), query);
    }

    #[test]
    fn a_v2_request_holds_exactly_its_input(
        name in any_text(),
        password in any_text(),
        tenant in any_text(),
    ) {
        let credential = Credential::password(name.clone(), password.clone());
        let login =
            Login::new(&Cloud::nhn(), credential, Scope::project_id(tenant.clone())).unwrap();
        let expect = json!({"auth": {
            "tenantId": tenant,
            "passwordCredentials": {"username": name, "password": password},
        }});
        prop_assert_eq!(read(request_of(&login).body()), expect);
    }

    #[test]
    fn any_url_makes_a_safe_cloud_or_an_error(url in prop_oneof![
        ".{0,60}",
        "https?://[a-z0-9.:@\\[\\]%-]{0,20}(/[a-z0-9./%?#]{0,20})?(/v3|/v2\\.0)?/?",
    ]) {
        if let Ok(cloud) = Cloud::keystone(&url) {
            let identity = cloud.identity_url();
            prop_assert!(!identity.contains('@') && !identity.contains('?'), "{identity}");
            // Reading it again gives the same URL.
            prop_assert_eq!(Cloud::keystone(&identity).unwrap().identity_url(), identity);
        }
    }
}
