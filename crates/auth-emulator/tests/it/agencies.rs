//! Tokens for tokens: other scopes, agencies and catalogs.

use auth_emulator::{Emulator, System, account, documents};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{ask, ask_at, get, json, login, now, post, token, token_url};

/// A domain token, by the requests of documents 002 and 004.
fn of_domain(emulator: &mut Emulator, system: System) -> String {
    let body = match system {
        System::Otc => documents::OTC_DOMAIN_REQUEST,
        _ => documents::HUAWEI_DOMAIN_REQUEST,
    };
    token(&ask(emulator, post(token_url(system)), body))
}

fn assume(field: &str, role: &Value, scope: &Value) -> String {
    let mut assumed = json!({ "domain_name": account::AGENCY_DOMAIN, field: account::AGENCY });
    for (key, value) in role.as_object().unwrap() {
        assumed[key] = value.clone();
    }
    let identity = json!({ "methods": ["assume_role"], "assume_role": assumed });
    let mut auth = json!({ "identity": identity, "scope": scope });
    if scope.is_null() {
        auth.as_object_mut().unwrap().remove("scope");
    }
    json!({ "auth": auth }).to_string()
}

const SYSTEMS: [(System, &str, &str, &str); 2] = [
    (System::Otc, "xrole_name", "eu-de", "https://ecs.eu-de.otc.t-systems.com/v1/servers"),
    (
        System::Huawei,
        "agency_name",
        "cn-north-1",
        "https://ecs.cn-north-1.myhuaweicloud.com/v1/servers",
    ),
];

#[test]
fn agency_tokens_are_for_the_delegating_account() {
    for (system, field, region, service) in SYSTEMS {
        let mut emulator = Emulator::new();
        let own = of_domain(&mut emulator, system);
        let body = assume(field, &json!({}), &json!({ "project": { "name": region } }));
        let request = post(token_url(system)).header("X-Auth-Token", &own);
        let answer = ask(&mut emulator, request, body);
        assert_eq!(answer.status(), 201, "{system}");
        let token_body = json(&answer)["token"].take();
        assert_eq!(token_body["user"]["name"], "IAMDomainA/IAMAgency");
        assert_eq!(token_body["project"]["id"], account::AGENCY_PROJECT_ID);
        assert!(token_body["assumed_by"]["user"]["id"].is_string());
        assert!(token_body["catalog"].to_string().contains(account::AGENCY_PROJECT_ID));

        let request = get(service).header("X-Auth-Token", token(&answer));
        let call = json(&ask(&mut emulator, request, ""));
        assert_eq!(call["project"], account::AGENCY_PROJECT_ID);
        assert_eq!(call["domain"], account::AGENCY_DOMAIN_ID);
        // An agency's token cannot assume an agency.
        let body = assume(field, &json!({}), &json!({ "project": { "name": region } }));
        let request = post(token_url(system)).header("X-Auth-Token", token(&answer));
        assert_eq!(ask(&mut emulator, request, body).status(), 403);
    }
}

#[test]
fn wrong_agency_logins_are_refused() {
    for (system, field, region, _) in SYSTEMS {
        let mut emulator = Emulator::new();
        let own = of_domain(&mut emulator, system);
        let of_project = login(&mut emulator, system);
        let project = json!({ "project": { "name": region } });
        let other = if field == "agency_name" { "xrole_name" } else { "agency_name" };
        for (field, token, role, scope, status) in [
            (field, None, json!({}), &project, 401),
            (field, Some(&of_project), json!({}), &project, 403),
            (other, Some(&own), json!({}), &project, 400),
            (field, Some(&own), json!({ field: "Other" }), &project, 404),
            (field, Some(&own), json!({ "domain_name": "Other" }), &project, 404),
            (field, Some(&own), json!({}), &json!({ "project": { "name": "other" } }), 401),
            (field, Some(&own), json!({}), &json!({}), 400),
            (field, Some(&own), json!({}), &Value::Null, 400),
            (field, Some(&own), json!({}), &json!({ "domain": { "name": "IAMDomainA" } }), 201),
        ] {
            let mut request = post(token_url(system));
            if let Some(token) = token {
                request = request.header("X-Auth-Token", token);
            }
            let answer = ask(&mut emulator, request, assume(field, &role, scope));
            assert_eq!(answer.status(), status, "{system}: {field} {role} {scope}");
        }
    }
}

#[test]
fn exchanged_tokens_expire_together() {
    for (system, _, region, _) in SYSTEMS {
        let (mut emulator, url) = (Emulator::new(), token_url(system));
        let own = of_domain(&mut emulator, system);
        let exchange = |id: &str| {
            let identity = json!({ "methods": ["token"], "token": { "id": id } });
            let scope = json!({ "project": { "name": region } });
            json!({ "auth": { "identity": identity, "scope": scope } }).to_string()
        };
        let later = now() + Duration::hours(3);
        let answer = ask_at(&mut emulator, post(&url), exchange(&own), later);
        assert_eq!(answer.status(), 201, "{system}");
        let (first, second) = (get(&url), get(&url));
        let [mut ends, mut ends_too] =
            [(first, own.clone()), (second, token(&answer))].map(|(request, token)| {
                let request =
                    request.header("X-Auth-Token", &token).header("X-Subject-Token", &token);
                json(&ask_at(&mut emulator, request, "", later))
            });
        assert_eq!(ends["token"]["expires_at"].take(), ends_too["token"]["expires_at"].take());
        assert_eq!(ask(&mut emulator, post(&url), exchange("unknown")).status(), 401);
    }
    // A token of an application credential cannot be exchanged.
    let mut emulator = Emulator::new();
    let own = login(&mut emulator, System::Kakao);
    let identity = json!({ "methods": ["token"], "token": { "id": own } });
    let body = json!({ "auth": { "identity": identity } }).to_string();
    assert_eq!(ask(&mut emulator, post(token_url(System::Kakao)), body).status(), 403);
}

#[test]
fn the_catalog_resource_equals_the_tokens() {
    for system in [System::Otc, System::Kakao, System::Huawei] {
        let mut emulator = Emulator::new();
        let own = login(&mut emulator, system);
        let url = format!("{}/auth/catalog", system.identity_url());
        let answer = ask(&mut emulator, get(&url).header("X-Auth-Token", &own), "");
        assert_eq!(answer.status(), 200, "{system}");
        let tokens = token_url(system);
        let request = get(tokens).header("X-Auth-Token", &own).header("X-Subject-Token", &own);
        let token = json(&ask(&mut emulator, request, ""));
        assert_eq!(json(&answer)["catalog"], token["token"]["catalog"]);
        assert_eq!(json(&answer)["links"]["self"], url);
        assert_eq!(ask(&mut emulator, get(&url), "").status(), 401);
        let request = post(&url).header("X-Auth-Token", &own);
        assert_eq!(ask(&mut emulator, request, "").status(), 405);
    }
}
