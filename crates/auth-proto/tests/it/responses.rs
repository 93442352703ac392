//! Odd responses: which parts matter, what is redacted, and how a response is recognised.
//!
//! Malformed tokens, bodies, timestamps and redirects are rows of [`hostile`](crate::hostile).

use auth_emulator::documents;
use auth_proto::{
    ApiVersion, Cloud, Credential, Error, ErrorKind, IdentityRequest, IdentityResponse,
    ProtocolError, Scope, UserProjects, Validate,
};
use http::Response;

use crate::support::{emulated::huawei, login_with, read_token, response, set_header};

fn v3(response: Response<Vec<u8>>) -> Result<(), Error> {
    let (cloud, credential, scope) = huawei(Scope::project_name("cn-north-1"));
    login_with(&cloud, credential, scope, response).map(drop)
}

const GOOD: &str = documents::HUAWEI_PROJECT_RESPONSE;

#[test]
fn a_repeated_secret_is_redacted_everywhere() {
    let token = |project: &str| {
        let body =
            format!(r#"{{"token":{{"expires_at":"2026-11-22T20:00:00Z","project":{project}}}}}"#);
        response(201, Some("t"), &body)
    };
    let mut redirect = response(302, None, "");
    set_header(&mut redirect, "location", "https://secret-key/");
    for odd in
        [token(r#"{"id":"secret-key"}"#), token(r#"{"id":"secret-key","enabled":false}"#), redirect]
    {
        let key = Credential::token("secret-key");
        let error = login_with(&Cloud::otc("eu-de").unwrap(), key, Scope::project_id("p"), odd);
        let shown = format!("{0} {0:?}", error.unwrap_err());
        assert!(!shown.contains("secret-key") && shown.contains("[redacted]"), "{shown}");
    }
}

#[test]
fn a_repeated_token_header_is_redacted() {
    for name in ["x-subject-token", "x-auth-token", "openstack-auth-receipt"] {
        let fault = r#"{"error":{"message":"no gAAAA-new-token here"}}"#;
        let mut odd = response(403, None, fault);
        set_header(&mut odd, name, "gAAAA-new-token");
        let shown = format!("{:?}", IdentityResponse::read(&odd, None));
        assert!(shown.contains("no [redacted] here"), "{shown}");
        let shown = v3(odd).unwrap_err().to_string();
        assert!(shown.contains("no [redacted] here"), "{shown}");
    }
}

#[test]
fn a_response_is_recognised_without_its_request() {
    let read =
        |status, body: &str| match IdentityResponse::read(&response(status, None, body), None) {
            Ok(IdentityResponse::Token(..)) => "token",
            Ok(IdentityResponse::Projects(..)) => "projects",
            Ok(IdentityResponse::Catalog(_)) => "catalog",
            Ok(IdentityResponse::Domains(domains, next))
                if next.is_none() == domains.is_empty() =>
            {
                "domains"
            }
            Ok(IdentityResponse::SystemScopes(scopes)) if scopes == [Scope::system()] => "system",
            Ok(IdentityResponse::SystemScopes(scopes)) if scopes.is_empty() => "no system",
            Ok(IdentityResponse::Versions(_)) => "versions",
            Ok(IdentityResponse::Fault(..)) => "fault",
            Ok(_) => "other",
            Err(error) => match error.kind() {
                ErrorKind::Protocol(ProtocolError::MissingToken { .. }) => "no token",
                ErrorKind::Protocol(ProtocolError::Unknown) => "unknown",
                _ => "error",
            },
        };
    let version =
        r#"{"id":"v3.14","status":"stable","links":[{"rel":"self","href":"http://x/v3/"}]}"#;
    for (status, body, expect) in [
        (200, documents::NHN_IAAS_RESPONSE, "token"),
        (200, documents::KAKAO_PROJECTS_RESPONSE, "projects"),
        (200, r#"{"catalog":[],"links":{}}"#, "catalog"),
        (200, r#"{"domains":[{"id":"d1"}],"links":{"next":"http://x/?marker=d1"}}"#, "domains"),
        (200, r#"{"domains":[],"links":{"next":null}}"#, "domains"),
        (200, r#"{"domains":null}"#, "error"),
        (200, r#"{"system":[{"all":true}],"links":{}}"#, "system"),
        (200, r#"{"system":[]}"#, "no system"),
        (200, r#"{"system":true}"#, "error"),
        (300, &format!("{{\"versions\":{{\"values\":[{version}]}}}}"), "versions"),
        (200, &format!("{{\"versions\":[{version}]}}"), "versions"),
        (200, &format!("{{\"version\":{version}}}"), "versions"),
        (200, version, "versions"),
        (200, r#"{"id":"v3.14","status":"stable"}"#, "versions"),
        (200, r#"{"id":"v3.14","links":[]}"#, "versions"),
        (401, documents::HUAWEI_401, "fault"),
        (502, "<html>", "fault"),
        (302, "", "fault"),
        (201, "{}", "no token"),
        (201, "", "no token"),
        (204, "", "error"),
        (200, "{\"hello\":1}", "unknown"),
        (200, r#"{"id":"v3.14"}"#, "unknown"),
        (200, r#"{"status":"stable","links":[]}"#, "unknown"),
        (201, documents::HUAWEI_DOMAIN_RESPONSE, "no token"),
        (101, "", "error"),
    ] {
        assert_eq!(read(status, body), expect, "{status} {body}");
    }
}

#[test]
fn odd_optional_fields_are_ignored() {
    for (from, to) in [
        ("\"password_expires_at\": \"\"", "\"password_expires_at\": \"never\""),
        ("\"password_expires_at\": \"\"", "\"password_expires_at\": 0"),
        ("\"issued_at\": \"2020-01-03T09:05:22.701000Z\"", "\"issued_at\": \"soon\""),
        ("\"methods\": [", "\"methods\": {}, \"x\": ["),
        ("\"roles\": [", "\"roles\": [null, 7, {}, "),
        ("\"user\": {", "\"user\": null, \"y\": {"),
    ] {
        let body = GOOD.replace(from, to).replace("2020-01-04", "2030-01-04");
        assert_ne!(body, GOOD.replace("2020-01-04", "2030-01-04"), "{from} was not found");
        assert!(v3(response(201, Some("token"), &body)).is_ok(), "{to}");
    }
}

#[test]
fn a_driver_removes_its_token_from_an_error() {
    let cloud = Cloud::kakao();
    let body = br#"{"error":{"code":403,"message":"bad token TOKENTOKEN","title":"TOKENTOKEN"}}"#;
    let refused = Response::builder().status(403).body(&body[..]).unwrap();
    let error = UserProjects::new(&cloud, "u").parse(refused).unwrap_err();
    let shown = error.without_secret("TOKENTOKEN");
    assert!(!format!("{shown} {shown:?}").contains("TOKENTOKEN"), "{shown:?}");
    assert!(shown.to_string().contains("bad token [redacted]"), "{shown}");

    let refused = Response::builder().status(403).body(&body[..]).unwrap();
    let error = Validate::new(&cloud, "TOKENTOKEN").parse(refused).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("TOKENTOKEN"), "{error:?}");
}

#[test]
fn regions_and_names_have_a_second_field() {
    let body = GOOD.replace(
        "\"catalog\": []",
        r#""catalog": [{"type": "a", "endpoints": [
            {"interface": "public", "region": "name", "region_id": "id", "url": "https://a"}]}]"#,
    );
    let token = read_token(&response(201, Some("t"), &body));
    let service = token.catalog().unwrap().services().next().unwrap();
    assert_eq!(service.endpoints().next().unwrap().region(), Some("id"));

    let body = documents::NHN_IAAS_RESPONSE
        .replace("\"name\": \"37be6ac0-d660-11e7-ae46-005056ac1497\",", "");
    let token = read_token(&response(200, None, &body));
    assert_eq!(token.user().name.as_deref(), Some("37be6ac0-d660-11e7-ae46-005056ac1497"));
}

#[test]
fn a_version_has_its_self_link() {
    let body = r#"{"version":{"id":"v3.14","status":"stable","links":[
        {"rel":"describedby","href":"http://docs"},{"rel":"self","href":"http://own"}]}}"#;
    let Ok(IdentityResponse::Versions(versions)) =
        IdentityResponse::read(&response(200, None, body), None)
    else {
        panic!("no versions")
    };
    assert_eq!(versions[0].url.as_deref(), Some("http://own"));
}

#[test]
fn the_body_decides_about_a_mixed_response() {
    let with = |status, header: &'static str, body: &str| {
        let mut response = response(status, None, body);
        set_header(&mut response, header, "gAAA");
        IdentityResponse::read(&response, None)
    };
    let v2 = with(200, "x-subject-token", documents::NHN_IAAS_RESPONSE);
    assert!(matches!(v2, Ok(IdentityResponse::Token(ApiVersion::V2, _))), "{v2:?}");
    let fault = with(401, "openstack-auth-receipt", documents::HUAWEI_401);
    assert!(matches!(fault, Ok(IdentityResponse::Fault(..))), "{fault:?}");
    assert!(with(401, "openstack-auth-receipt", "").is_err());
    assert!(with(201, "x-subject-token", "{}").is_err());
}

/// In lists and in version documents, as in other clients.
#[test]
fn the_last_one_of_a_repeated_key_is_read() {
    let read = |body: &str| IdentityResponse::read(&response(200, None, body), None).unwrap();
    let projects = read(
        r#"{"projects": [], "projects": [{"id": "a", "id": "p", "name": "x", "name": "y",
            "enabled": true, "enabled": false, "domain_id": "a", "domain_id": "d"}],
            "links": {"next": "a", "next": "b"}, "links": {"next": "c"}}"#,
    );
    let IdentityResponse::Projects(projects, next) = projects else { panic!("{projects:?}") };
    assert_eq!((projects[0].id.as_deref(), projects[0].name.as_deref()), (Some("p"), Some("y")));
    assert_eq!((projects.len(), projects[0].enabled), (1, Some(false)));
    assert_eq!(next.as_deref(), Some("c"));
    let domains = read(r#"{"domains": [{"id": "a", "id": "d", "name": "x", "name": "y"}]}"#);
    let IdentityResponse::Domains(domains, _) = domains else { panic!("{domains:?}") };
    assert_eq!((domains[0].id.as_deref(), domains[0].name.as_deref()), (Some("d"), Some("y")));
    let systems = read(r#"{"system": [{"all": false, "all": true}]}"#);
    assert!(matches!(&systems, IdentityResponse::SystemScopes(scopes) if scopes.len() == 1));
    for body in [
        r#"{"versions": {"values": [], "values": [{"id": "v2.0", "id": "v3.14", "status": "x",
            "status": "stable"}]}}"#,
        r#"{"version": {"id": "v2.0"}, "version": {"id": "v3.14", "links": [], "links": [
            {"rel": "x", "rel": "self", "href": "a", "href": "b"}]}}"#,
    ] {
        let versions = read(body);
        let IdentityResponse::Versions(versions) = versions else { panic!("{versions:?}") };
        assert_eq!((versions.len(), versions[0].api_version()), (1, Some(ApiVersion::V3)));
    }
}
