use auth_emulator::{Emulator, System, account, documents};
use serde_json::{Value, json};

use crate::support::{ask, edited, json, post, token, token_url, urls};

fn login(body: &str) -> (u16, Value) {
    let answer = ask(&mut Emulator::new(), post(token_url(System::Otc)), body);
    (answer.status().as_u16(), json(&answer)["token"].clone())
}

#[test]
fn the_project_request_gets_a_project_token() {
    let mut emulator = Emulator::new();
    let request = post("https://iam.eu-de.otc.t-systems.com/v3/auth/tokens");
    let answer = ask(&mut emulator, request, documents::OTC_PROJECT_REQUEST);
    assert_eq!(answer.status(), 201);
    assert_eq!(token(&answer).len(), 4_000);
    let token = &json(&answer)["token"];
    assert_eq!(token["project"]["id"], account::OTC_PROJECT);
    assert_eq!(token["user"]["name"], account::OTC_USER);
    assert_eq!(token["methods"], json!(["password"]));
    assert_eq!(token["issued_at"], "2026-03-01T12:00:00.123456Z");
    assert_eq!(token["expires_at"], "2026-03-02T12:00:00.123456Z");
    assert!(token.get("domain").is_none());

    let rows = token["catalog"].as_array().unwrap();
    assert_eq!(rows.len(), 16);
    for kind in ["volumev2", "volumev3", "rdsv3"] {
        assert!(rows.iter().any(|row| row["type"] == kind), "{kind}");
    }
    let nowhere: Vec<_> =
        rows.iter().filter(|row| row["endpoints"][0]["region"].is_null()).collect();
    assert_eq!(nowhere.len(), 1);
    assert_eq!(nowhere[0]["endpoints"][0].get("region_id"), Some(&Value::Null));
    assert!(
        urls(&token["catalog"]).contains(&format!(
            "https://ecs.eu-de.otc.t-systems.com/v2.1/{}",
            account::OTC_PROJECT
        ))
    );
}

#[test]
fn the_domain_request_gets_a_domain_token() {
    let (status, token) = login(documents::OTC_DOMAIN_REQUEST);
    assert_eq!(status, 201);
    assert_eq!(token["domain"]["name"], account::OTC_DOMAIN);
    assert!(token.get("project").is_none());
    let types: Vec<_> = token["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["antiddos", "iam", "identity", "object", "obs", "tms"]);
}

#[test]
fn scopes_are_checked() {
    let scoped = |scope: Option<Value>| {
        let body = edited(documents::OTC_PROJECT_REQUEST, "/auth/scope", scope);
        let (status, token) = login(&body);
        (status, token.get("project").is_some(), token.get("domain").is_some())
    };
    let (project, domain) = ((201, true, false), (201, false, true));
    assert_eq!(scoped(None), domain, "the default scope is the domain");
    assert_eq!(scoped(Some(json!({}))), domain);
    assert_eq!(scoped(Some(json!({"domain": {"id": account::OTC_DOMAIN_ID}}))), domain);
    assert_eq!(scoped(Some(json!({"project": {"name": "eu-de"}}))), project);
    let both = json!({"project": {"name": "eu-de"}, "domain": {"name": "domainname"}});
    assert_eq!(scoped(Some(both)), project, "a project beats a domain");
    assert_eq!(scoped(Some(json!({"project": {"name": "eu-nl"}}))), (401, false, false));
    assert_eq!(scoped(Some(json!({"unscoped": {}}))), (400, false, false));
}

#[test]
fn any_value_of_nocatalog_empties_the_catalog() {
    let mut emulator = Emulator::new();
    for query in
        ["?nocatalog", "?nocatalog=", "?nocatalog=true", "?nocatalog=false", "?a=b&nocatalog"]
    {
        let request = post(token_url(System::Otc) + query);
        let answer = ask(&mut emulator, request, documents::OTC_PROJECT_REQUEST);
        assert_eq!(json(&answer)["token"].get("catalog"), Some(&json!([])), "{query}");
    }
    let request = post(token_url(System::Otc) + "?catalog=nocatalog");
    let answer = ask(&mut emulator, request, documents::OTC_PROJECT_REQUEST);
    assert_ne!(json(&answer)["token"]["catalog"], json!([]));
}
