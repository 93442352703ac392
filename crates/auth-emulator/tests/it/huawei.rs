use auth_emulator::{Emulator, System, account, documents};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::{ask, ask_at, edited, json, parsed, post, token, token_url, urls};

fn masked(document: &str, answer: &Value) -> Value {
    let mut expected = parsed(document);
    for field in ["issued_at", "expires_at"] {
        expected["token"][field] = answer["token"][field].clone();
    }
    expected
}

#[test]
fn the_project_response_is_as_documented() {
    let mut emulator = Emulator::new();
    let request =
        http::Request::post("https://iam.myhuaweicloud.com/v3/auth/tokens?nocatalog=true")
            .header(CONTENT_TYPE, "application/json;charset=utf8");
    let answer = ask(&mut emulator, request, documents::HUAWEI_PROJECT_REQUEST);
    assert_eq!(answer.status(), 201);
    let body = json(&answer);
    assert_eq!(body, masked(documents::HUAWEI_PROJECT_RESPONSE, &body));
    assert_eq!(body["token"]["issued_at"], "2026-03-01T12:00:00.123456Z");
    assert_eq!(body["token"]["expires_at"], "2026-03-02T12:00:00.123456Z");
}

#[test]
fn the_domain_response_is_as_documented() {
    let mut emulator = Emulator::new();
    let request = post("https://iam.cn-north-1.myhuaweicloud.com/v3/auth/tokens");
    let answer = ask(&mut emulator, request, documents::HUAWEI_DOMAIN_REQUEST);
    assert_eq!(answer.status(), 201);
    let body = json(&answer);
    assert_eq!(body, masked(documents::HUAWEI_DOMAIN_RESPONSE, &body));
}

#[test]
fn responses_equal_the_samples_at_their_times() {
    let mut emulator = Emulator::new();
    for (request, response, query, nanoseconds) in [
        (
            documents::HUAWEI_PROJECT_REQUEST,
            documents::HUAWEI_PROJECT_RESPONSE,
            "?nocatalog=",
            1_578_042_322_701_000_000,
        ),
        (
            documents::HUAWEI_DOMAIN_REQUEST,
            documents::HUAWEI_DOMAIN_RESPONSE,
            "",
            1_578_042_529_965_000_000,
        ),
    ] {
        let then = time::UtcDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap();
        let url = token_url(System::Huawei) + query;
        let answer = ask_at(&mut emulator, post(url), request, then);
        assert_eq!(json(&answer), parsed(response));
    }
}

#[test]
fn tokens_have_the_documented_length() {
    let mut emulator = Emulator::new();
    let mut ask = || {
        let request = post(token_url(System::Huawei));
        token(&ask(&mut emulator, request, documents::HUAWEI_PROJECT_REQUEST))
    };
    let (first, second) = (ask(), ask());
    assert_eq!(first.len(), 9_120);
    assert!(first.starts_with(documents::HUAWEI_TOKEN_PREFIX));
    assert_ne!(first, second);
}

#[test]
fn a_project_has_regional_and_global_services() {
    let mut emulator = Emulator::new();
    let request = post(token_url(System::Huawei));
    let answer = ask(&mut emulator, request, documents::HUAWEI_PROJECT_REQUEST);
    let catalog = json(&answer)["token"]["catalog"].clone();
    let documented = parsed(documents::HUAWEI_DOMAIN_RESPONSE)["token"]["catalog"].clone();
    let rows = catalog.as_array().unwrap();
    for row in documented.as_array().unwrap() {
        assert!(rows.contains(row));
    }
    assert_eq!(rows.len(), 13);
    for kind in ["ecs", "vpc", "evs", "ims", "obs"] {
        let row = rows.iter().find(|row| row["type"] == kind).unwrap();
        assert_eq!(row["endpoints"][0]["region"], "cn-north-1");
        assert_eq!(row["endpoints"][0]["region_id"], "cn-north-1");
    }
    assert!(urls(&catalog).iter().all(|url| !url.contains('{')));
    assert!(urls(&catalog).iter().any(|url| url.ends_with(account::HUAWEI_PROJECT_ID)));
}

/// The status, and the kind of the token's scope.
fn scoped(scope: Option<Value>) -> (u16, Option<&'static str>) {
    let body = edited(documents::HUAWEI_PROJECT_REQUEST, "/auth/scope", scope);
    let answer = ask(&mut Emulator::new(), post(token_url(System::Huawei)), body);
    let kind =
        ["project", "domain"].into_iter().find(|kind| json(&answer)["token"][kind].is_object());
    (answer.status().as_u16(), kind)
}

#[test]
fn a_scope_is_mandatory_and_a_project_wins() {
    let (project, domain) = (Some("project"), Some("domain"));
    let id = account::HUAWEI_PROJECT_ID;
    assert_eq!(scoped(Some(json!({"project": {"name": "cn-north-1"}}))), (201, project));
    assert_eq!(scoped(Some(json!({"project": {"id": id}}))), (201, project));
    assert_eq!(scoped(Some(json!({"project": {"id": id, "name": "cn-north-1"}}))), (201, project));
    let with_domain = json!({"project": {"name": "cn-north-1", "domain": {"name": "IAMDomain"}}});
    assert_eq!(scoped(Some(with_domain)), (201, project));
    assert_eq!(scoped(Some(json!({"domain": {"name": "IAMDomain"}}))), (201, domain));
    assert_eq!(scoped(Some(json!({"domain": {"id": account::HUAWEI_DOMAIN_ID}}))), (201, domain));
    let both = json!({"project": {"name": "cn-north-1"}, "domain": {"name": "IAMDomain"}});
    assert_eq!(scoped(Some(both)), (201, project));

    assert_eq!(scoped(None), (400, None));
    for malformed in [
        json!(null),
        json!({}),
        json!("unscoped"),
        json!({"project": {}}),
        json!({"project": "cn-north-1"}),
        json!({"system": {"all": true}}),
        json!({"project": {"name": "cn-north-1"}, "system": {"all": true}}),
    ] {
        assert_eq!(scoped(Some(malformed.clone())), (400, None), "{malformed}");
    }
    for unknown in [
        json!({"project": {"name": "cn-north-4"}}),
        json!({"project": {"id": id, "name": "cn-north-4"}}),
        json!({"project": {"name": "cn-north-1", "domain": {"name": "Another"}}}),
        json!({"domain": {"name": "Another"}}),
        json!({"project": {"name": "cn-north-4"}, "domain": {"name": "IAMDomain"}}),
    ] {
        assert_eq!(scoped(Some(unknown.clone())), (401, None), "{unknown}");
    }
}

#[test]
fn a_user_has_an_id_or_a_name_and_a_domain() {
    let mut emulator = Emulator::new();
    let (name, password) = (account::HUAWEI_USER, account::HUAWEI_PASSWORD);
    let (id, domain_id) = (account::HUAWEI_USER_ID, account::HUAWEI_DOMAIN_ID);
    for (user, status) in [
        (json!({"name": name, "password": password, "domain": {"id": domain_id}}), 201),
        (json!({"id": id, "password": password}), 201),
        (json!({"id": id, "password": password, "domain": {"name": "IAMDomain"}}), 201),
        (json!({"name": name, "password": password}), 400),
        (json!({"password": password, "domain": {"id": domain_id}}), 400),
        (json!({"name": name, "domain": {"id": domain_id}}), 400),
        (json!({"id": "another", "password": password}), 401),
        (json!({"id": id, "password": password, "domain": {"name": "Another"}}), 401),
        (json!({"id": id, "password": "wrong"}), 401),
    ] {
        let body = edited(
            documents::HUAWEI_PROJECT_REQUEST,
            "/auth/identity/password/user",
            Some(user.clone()),
        );
        let answer = ask(&mut emulator, post(token_url(System::Huawei)), body);
        assert_eq!(answer.status(), status, "{user}");
    }
}

#[test]
fn refusals_equal_the_documented_bodies() {
    let mut emulator = Emulator::new();
    let wrong = edited(
        documents::HUAWEI_PROJECT_REQUEST,
        "/auth/identity/password/user/password",
        Some(json!("wrong")),
    );
    let answer = ask(&mut emulator, post(token_url(System::Huawei)), wrong);
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.body(), documents::HUAWEI_401.as_bytes());

    let answer = ask(&mut emulator, post(token_url(System::Huawei)), "{");
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.body(), documents::HUAWEI_400.as_bytes());
}
