//! Every answer of the five documents, with its whole report.

use auth_emulator::documents;
use auth_inspect::inspect;
use auth_proto::ApiVersion;

use crate::{report, report_as};

#[test]
fn nhn_tokens() {
    let expected = include_str!("expected/nhn.json");
    for body in [documents::NHN_IAAS_RESPONSE, documents::NHN_COMPUTE_RESPONSE] {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
        assert_eq!(pretty(&text), expected);
        assert_eq!(report_as(&text, Some(ApiVersion::V2)), report(&text));
        let as_v3 = report_as(&text, Some(ApiVersion::V3));
        assert!(as_v3.starts_with(r#"{"kind":"malformed""#), "{as_v3}");
    }
}

#[test]
fn huawei_tokens() {
    let project = pretty(&created(documents::HUAWEI_PROJECT_RESPONSE));
    assert_eq!(project, include_str!("expected/huawei_project.json"));
    let domain = pretty(&created(documents::HUAWEI_DOMAIN_RESPONSE));
    assert_eq!(domain, include_str!("expected/huawei_domain.json"));
}

#[test]
fn a_token_is_shown_by_its_hash_alone() {
    for body in [documents::HUAWEI_PROJECT_RESPONSE, documents::HUAWEI_DOMAIN_RESPONSE] {
        let report = report(created(body));
        assert!(!report.contains(TOKEN), "{report}");
    }
}

#[test]
fn huawei_refusals() {
    let text = format!("HTTP/1.1 400 Bad Request\n\n{}", documents::HUAWEI_400);
    assert_eq!(
        report(text),
        r#"{"kind":"error","status":400,"code":400,"title":"Bad Request","message":"The request body is invalid"}"#
    );
    let text = format!("HTTP/1.1 401 Unauthorized\n\n{}", documents::HUAWEI_401);
    assert_eq!(
        report(text),
        r#"{"kind":"error","status":401,"code":401,"title":"Unauthorized","message":"The username or password is wrong."}"#
    );
}

#[test]
fn kakao_projects() {
    let text = format!("HTTP/1.1 200 OK\n\n{}", documents::KAKAO_PROJECTS_RESPONSE);
    assert_eq!(
        report(text),
        concat!(
            r#"{"kind":"projects","projects":[{"id":"ca7f6c731a004091a32d4eb97ec17271","#,
            r#""name":"kakaocloud-project","domain_id":"327373ec52974577a79a5e26b26c27e9","#,
            r#""description":"kakaocloud-project","enabled":true,"#,
            r#""parent_id":"327373ec52974577a79a5e26b26c27e9"}],"next":null}"#
        )
    );
}

fn created(body: &str) -> String {
    format!("HTTP/1.1 201 Created\r\nX-Subject-Token: {TOKEN}\r\n\r\n{body}")
}

fn pretty(text: &str) -> String {
    let mut json = serde_json::to_string_pretty(&inspect(text.as_bytes(), None)).unwrap();
    json.push('\n');
    json
}

/// The part of the token that the document shows.
const TOKEN: &str = documents::HUAWEI_TOKEN_PREFIX;
