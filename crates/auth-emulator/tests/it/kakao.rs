use auth_emulator::{Emulator, System, account, documents};
use serde_json::{Value, json};

use crate::support::{ask, edited, get, json, login, parsed, post, token, token_url};

const PROJECTS: &str =
    "https://iam.kakaocloud.com/identity/v3/users/f61e7df2a1d349e7b35d62ef9c615853/projects";

/// Methods 1 and 2 of the document, and a user by name.
#[test]
fn each_method_gets_the_keys_project() {
    let by_name = json!({
        "name": account::KAKAO_USER_NAME,
        "domain": {"name": account::KAKAO_DOMAIN},
    });
    let user = "/auth/identity/application_credential/user";
    for body in [
        documents::KAKAO_ID_REQUEST.to_owned(),
        documents::KAKAO_NAME_REQUEST.to_owned(),
        edited(documents::KAKAO_NAME_REQUEST, user, Some(json!({"id": account::KAKAO_USER_ID}))),
        edited(documents::KAKAO_NAME_REQUEST, user, Some(by_name)),
    ] {
        let mut emulator = Emulator::new();
        let request = post("https://iam.kakaocloud.com/identity/v3/auth/tokens");
        let answer = ask(&mut emulator, request, &body);
        assert_eq!(answer.status(), 201, "{body}");
        assert_eq!(token(&answer).len(), 183);
        let token = &json(&answer)["token"];
        assert_eq!(token["methods"], json!(["application_credential"]));
        assert_eq!(token["project"]["id"], account::KAKAO_PROJECT);
        assert_eq!(token["application_credential"]["restricted"], true);
        assert_eq!(token["issued_at"], "2026-03-01T12:00:00.000000Z");
        assert_eq!(token["expires_at"], "2026-03-02T00:00:00.000000Z");
        let identity = &token["catalog"][0];
        assert_eq!(identity["type"], "identity");
        assert_eq!(identity["endpoints"][0]["url"], "https://iam.kakaocloud.com/identity/v3");
    }
}

#[test]
fn nocatalog_leaves_the_catalog_out() {
    let mut emulator = Emulator::new();
    let request = post(token_url(System::Kakao) + "?nocatalog=0");
    let answer = ask(&mut emulator, request, documents::KAKAO_ID_REQUEST);
    assert_eq!(answer.status(), 201);
    assert!(json(&answer)["token"].get("catalog").is_none());
}

#[test]
fn every_scope_is_refused() {
    let mut emulator = Emulator::new();
    for scope in [json!(null), json!({}), json!("unscoped"), json!({"project": {"id": "x"}})] {
        let body = edited(documents::KAKAO_ID_REQUEST, "/auth/scope", Some(scope.clone()));
        let answer = ask(&mut emulator, post(token_url(System::Kakao)), body);
        assert_eq!(answer.status(), 401, "{scope}");
        let message = json(&answer)["error"]["message"].clone();
        assert_eq!(message, "Application credentials cannot request a scope.");
    }
}

#[test]
fn wrong_credentials_are_refused() {
    let key = "/auth/identity/application_credential";
    let mut emulator = Emulator::new();
    for (document, field, value, status) in [
        (documents::KAKAO_ID_REQUEST, "secret", Some(json!("wrong")), 401),
        (documents::KAKAO_ID_REQUEST, "secret", None, 400),
        (documents::KAKAO_ID_REQUEST, "id", Some(json!("another")), 404),
        (documents::KAKAO_ID_REQUEST, "id", None, 400),
        (documents::KAKAO_NAME_REQUEST, "name", Some(json!("another")), 401),
        (documents::KAKAO_NAME_REQUEST, "user", Some(json!({"id": "another"})), 401),
        (documents::KAKAO_NAME_REQUEST, "user", Some(json!({"name": "without domain"})), 400),
        (documents::KAKAO_NAME_REQUEST, "user", None, 400),
    ] {
        let body = edited(document, &format!("{key}/{field}"), value.clone());
        let answer = ask(&mut emulator, post(token_url(System::Kakao)), body);
        assert_eq!(answer.status(), status, "{field} = {value:?}");
        if status == 404 {
            let message = json(&answer)["error"]["message"].clone();
            assert_eq!(message, "Could not find Application Credential: another.");
        }
    }
    let password = documents::HUAWEI_PROJECT_REQUEST;
    let answer = ask(&mut emulator, post(token_url(System::Kakao)), password);
    assert_eq!(answer.status(), 401);
}

#[test]
fn deleting_a_key_revokes_its_tokens() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Kakao);
    let nhn = login(&mut emulator, System::NhnIaas);
    emulator.delete_access_key();

    let request = get(PROJECTS).header("X-Auth-Token", &token);
    assert_eq!(ask(&mut emulator, request, "").status(), 401);
    let request = post(token_url(System::Kakao));
    let answer = ask(&mut emulator, request, documents::KAKAO_ID_REQUEST);
    assert_eq!(answer.status(), 404);
    let message = json(&answer)["error"]["message"].clone();
    assert_eq!(message, "Could not find Application Credential: Access key ID.");
    let request = post(token_url(System::Kakao));
    assert_eq!(ask(&mut emulator, request, documents::KAKAO_NAME_REQUEST).status(), 401);

    let other = "https://kr1-api-image-infrastructure.nhncloudservice.com/v2/images";
    let request = get(other).header("X-Auth-Token", &nhn);
    assert_eq!(ask(&mut emulator, request, "").status(), 200, "other systems are not affected");
}

#[test]
fn the_project_list_is_the_documented_one() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Kakao);
    let list = |emulator: &mut Emulator, url: &str, token: &str| {
        ask(emulator, get(url).header("X-Auth-token", token), "")
    };
    let answer = list(&mut emulator, PROJECTS, &token);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body(), documents::KAKAO_PROJECTS_RESPONSE.as_bytes());

    assert_eq!(list(&mut emulator, PROJECTS, "wrong").status(), 401);
    assert_eq!(ask(&mut emulator, get(PROJECTS), "").status(), 401);
    let others = PROJECTS.replace("f61e", "f61f");
    assert_eq!(list(&mut emulator, &others, &token).status(), 403);

    let own = json(&answer)["links"]["self"].as_str().unwrap().to_owned();
    assert_eq!(own, "http://iam.kakaocloud.com/v3/users/f61e7df2a1d349e7b35d62ef9c615853/projects");
    assert_eq!(list(&mut emulator, &own, &token).status(), 404, "the documented link is wrong");
}

#[test]
fn pages_follow_by_marker() {
    let mut emulator = Emulator::new();
    emulator.page_size(10);
    let token = login(&mut emulator, System::Kakao);
    let mut page = |query: &str| {
        let request = get(format!("{PROJECTS}{query}")).header("X-Auth-Token", &token);
        let answer = ask(&mut emulator, request, "");
        assert_eq!(answer.status(), 200);
        json(&answer)
    };
    let mut ids: Vec<Value> = Vec::new();
    let mut query = String::new();
    for size in [10, 10, 5] {
        let body = page(&query);
        let projects = body["projects"].as_array().unwrap();
        assert_eq!(projects.len(), size);
        ids.extend(projects.iter().map(|project| project["id"].clone()));
        match body["links"]["next"].as_str() {
            Some(next) => {
                let wrong = PROJECTS.replace("https:", "http:").replace("/identity", "");
                query = next.strip_prefix(&wrong).unwrap().to_owned();
                assert!(query.starts_with("?marker=") && query.ends_with("&limit=10"), "{query}");
            }
            None => assert_eq!(ids.len(), 25),
        }
    }
    assert_eq!(ids[0], account::KAKAO_PROJECT);
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 25);

    assert_eq!(page("?limit=3")["projects"].as_array().unwrap().len(), 3);
    assert_eq!(page("?limit=100")["projects"].as_array().unwrap().len(), 10);
    let first = parsed(documents::KAKAO_PROJECTS_RESPONSE)["projects"][0].clone();
    assert_eq!(page("")["projects"][0], first);

    emulator.page_size(0);
    let answer = ask(&mut emulator, get(PROJECTS).header("X-Auth-Token", &token), "");
    assert_eq!(answer.body(), documents::KAKAO_PROJECTS_RESPONSE.as_bytes());
}

#[test]
fn invalid_markers_and_limits_are_refused() {
    let mut emulator = Emulator::new();
    let token = login(&mut emulator, System::Kakao);
    for query in
        ["?marker=unknown", "?limit=0", "?limit=x", "?limit=-1", "?limit=99999999999999999999"]
    {
        let request = get(format!("{PROJECTS}{query}")).header("X-Auth-Token", &token);
        assert_eq!(ask(&mut emulator, request, "").status(), 400, "{query}");
    }
}
