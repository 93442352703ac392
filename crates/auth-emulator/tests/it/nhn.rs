use auth_emulator::{Emulator, System, account, documents};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{ask, call, edited, json, login, parsed, post, token, token_url, urls};

/// The documented body with the token and times of this response.
fn masked(document: &str, answer: &Value) -> Value {
    let mut expected = parsed(document);
    for field in ["id", "issued_at", "expires"] {
        expected["access"]["token"][field] = answer["access"]["token"][field].clone();
    }
    expected
}

#[test]
fn document_000_is_answered_as_documented() {
    let mut emulator = Emulator::new();
    let request = post("https://api-identity-infrastructure.nhncloudservice.com/v2.0/tokens");
    let answer = ask(&mut emulator, request, documents::NHN_IAAS_REQUEST);
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("x-subject-token"));
    let body = json(&answer);
    assert_eq!(body, masked(documents::NHN_IAAS_RESPONSE, &body));

    let token = &body["access"]["token"];
    assert_eq!(token["issued_at"], "2026-03-01T12:00:00.123456");
    assert_eq!(token["expires"], "2026-03-01T23:58:53Z");
    let id = token["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    assert_ne!(token["id"], parsed(documents::NHN_IAAS_RESPONSE)["access"]["token"]["id"]);
}

#[test]
fn the_response_equals_the_sample_at_its_time() {
    let mut emulator = Emulator::new();
    let then = time::UtcDateTime::from_unix_timestamp_nanos(1_588_131_148_000_405_000).unwrap();
    let request = post(token_url(System::NhnIaas));
    let answer = crate::support::ask_at(&mut emulator, request, documents::NHN_IAAS_REQUEST, then);
    let (mut body, documented) = (json(&answer), parsed(documents::NHN_IAAS_RESPONSE));
    body["access"]["token"]["id"] = documented["access"]["token"]["id"].clone();
    assert_eq!(body, documented);
}

#[test]
fn document_001_has_its_own_path_and_urls() {
    let mut emulator = Emulator::new();
    let request = post("http://127.0.0.1:8080/nhn-compute/v2.0/tokens");
    let answer = ask(&mut emulator, request, documents::NHN_COMPUTE_REQUEST);
    assert_eq!(answer.status(), 200);
    let mut body = json(&answer);
    let catalog = body["access"]["serviceCatalog"].take();
    let mut expected = masked(documents::NHN_COMPUTE_RESPONSE, &body);
    let documented = expected["access"]["serviceCatalog"].take();
    assert_eq!(body, expected);

    let rewritten: Vec<_> = urls(&documented)
        .iter()
        .map(|url| url.replace("https://", "http://127.0.0.1:8080/service/nhn-compute/"))
        .collect();
    assert_eq!(urls(&catalog), rewritten);
    for url in urls(&catalog) {
        if !url.contains("identity") {
            assert_eq!(call(&mut emulator, &url, &token(&answer), Duration::ZERO), 200, "{url}");
        }
    }
    assert_eq!(emulator.logins(System::NhnCompute), 1);
    assert_eq!(emulator.requests(System::NhnIaas), 0);
}

#[test]
fn the_tenant_is_mandatory_and_checked() {
    let mut emulator = Emulator::new();
    let document = documents::NHN_IAAS_REQUEST;
    for (pointer, replacement, status) in [
        ("/auth/tenantId", None, 400),
        ("/auth/tenantId", Some(json!(null)), 400),
        ("/auth/tenantId", Some(json!("another")), 401),
        ("/auth/passwordCredentials", None, 400),
        ("/auth/passwordCredentials/username", None, 400),
        ("/auth/passwordCredentials/username", Some(json!(account::NHN_USER_ID)), 401),
        ("/auth/passwordCredentials/password", Some(json!("wrong")), 401),
        ("/auth/identity", Some(json!({"methods": ["password"]})), 400),
        ("/auth/scope", Some(json!({})), 400),
        ("/auth", Some(json!([])), 400),
    ] {
        let body = edited(document, pointer, replacement.clone());
        let answer = ask(&mut emulator, post(token_url(System::NhnIaas)), body);
        assert_eq!(answer.status(), status, "{pointer} = {replacement:?}");
        assert_eq!(json(&answer)["error"]["code"], status);
    }
    let v3 = documents::HUAWEI_PROJECT_REQUEST;
    assert_eq!(ask(&mut emulator, post(token_url(System::NhnIaas)), v3).status(), 400);
}

#[test]
fn a_disabled_tenant_has_either_type() {
    let mut emulator = Emulator::new();
    let mut enabled = |knob: &dyn Fn(&mut Emulator)| {
        knob(&mut emulator);
        let request = post(token_url(System::NhnIaas));
        let answer = ask(&mut emulator, request, documents::NHN_IAAS_REQUEST);
        assert_eq!(answer.status(), 200);
        json(&answer)["access"]["token"]["tenant"]["enabled"].clone()
    };
    assert_eq!(enabled(&|_| {}), json!(true));
    assert_eq!(enabled(&|it| _ = it.enabled_as_string(true)), json!("true"));
    assert_eq!(enabled(&|it| _ = it.disable_tenant()), json!("false"));
    assert_eq!(enabled(&|it| _ = it.enabled_as_string(false)), json!(false));
}

#[test]
fn every_login_gets_a_new_token() {
    let mut emulator = Emulator::new();
    let first = login(&mut emulator, System::NhnIaas);
    assert_ne!(first, login(&mut emulator, System::NhnIaas));
    assert_ne!(first, login(&mut Emulator::new(), System::NhnCompute));
    assert_eq!(first, login(&mut Emulator::new(), System::NhnIaas), "and the same in every run");
}
