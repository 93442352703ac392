//! Odd answers: each is an error of its own, none panics, and none quotes the answer.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use auth_emulator::documents;
use auth_proto::{
    Cloud, Credential, DomainRef, Error, ErrorKind, FieldProblem, IdentityRequest,
    IdentityResponse, ProtocolError, Scope, UserProjects, UserRef, Validate, limits,
};
use http::{HeaderValue, Response};
use support::{login_with, response};

fn v3(response: Response<Vec<u8>>) -> Result<(), Error> {
    let user = UserRef::name_in("IAMUser", DomainRef::name("IAMDomain"));
    let credential = Credential::password(user, "IAMPassword");
    let scope = Scope::project_name("cn-north-1");
    login_with(&Cloud::huawei(), credential, scope, response).map(drop)
}

fn v2(body: &str) -> Result<(), Error> {
    let credential = Credential::password("user@example.com", "secretsecret");
    let scope = Scope::project_id("f5073eaa26b64cffbee89411df94ce01");
    login_with(&Cloud::nhn(), credential, scope, response(200, None, body)).map(drop)
}

fn protocol(result: Result<(), Error>) -> ProtocolError {
    match result.unwrap_err().kind() {
        ErrorKind::Protocol(why) => why.clone(),
        other => panic!("{other:?}"),
    }
}

const GOOD: &str = documents::HUAWEI_PROJECT_RESPONSE;

#[test]
fn tokens_in_headers() {
    let with = |values: &[&[u8]]| {
        let mut response = response(201, None, GOOD);
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            response.headers_mut().append("x-subject-token", value);
        }
        v3(response)
    };
    let place = "X-Subject-Token";
    for missing in [&[][..], &[&b""[..]], &[&b"  \t "[..]]] {
        assert_eq!(protocol(with(missing)), ProtocolError::MissingToken { place });
    }
    assert_eq!(protocol(with(&[b"a", b"b"])), ProtocolError::AmbiguousToken { header: place });
    assert_eq!(
        protocol(with(&[b"a", b"a", b"b"])),
        ProtocolError::AmbiguousToken { header: place }
    );
    assert_eq!(protocol(with(&[b"a", b""])), ProtocolError::AmbiguousToken { header: place });
    for odd in [&b"a b"[..], b"a\tb", b"a\x80", "토큰".as_bytes()] {
        assert_eq!(protocol(with(&[odd])), ProtocolError::TokenCharacters { place });
    }
    for good in [&[&b"a"[..]][..], &[b"a", b"a"], &[b" a ", b"a"]] {
        assert!(with(good).is_ok());
    }
    let limit = limits::TOKEN;
    assert!(with(&[&vec![b'a'; limit]]).is_ok());
    let what = "token";
    assert_eq!(protocol(with(&[&vec![b'a'; limit + 1]])), ProtocolError::TooLarge { what, limit });
}

#[test]
fn tokens_in_bodies() {
    let good = documents::NHN_IAAS_RESPONSE;
    let id = "\"e42a092ed6ee4d99949bf25f5f6ecc60\"";
    let with = |value: &str| v2(&good.replace(id, value));
    let place = "access.token.id";
    for missing in ["null", "\"\"", "\"  \""] {
        assert_eq!(protocol(with(missing)), ProtocolError::MissingToken { place }, "{missing}");
    }
    for odd in ["\"a b\"", "\"a\\r\\nX: y\"", "\"토큰\"", "\"a\\u0000\""] {
        assert_eq!(protocol(with(odd)), ProtocolError::TokenCharacters { place }, "{odd}");
    }
    let (field, problem) = (place, FieldProblem::Type);
    for odd in ["{}", "[]", "7", "true"] {
        assert_eq!(protocol(with(odd)), ProtocolError::Field { field, problem }, "{odd}");
    }
}

#[test]
fn bodies_that_are_none() {
    let with = |body: &[u8]| {
        let mut response = response(201, Some("token"), "");
        *response.body_mut() = body.to_vec();
        protocol(v3(response))
    };
    for empty in [&b""[..], b"  \n", "\u{FEFF}".as_bytes()] {
        assert_eq!(with(empty), ProtocolError::Empty);
    }
    assert_eq!(with(b"<!DOCTYPE html><p>Log in"), ProtocolError::NotJson);
    assert_eq!(with(b"{\"token\": \"\xff\"}"), ProtocolError::NotUtf8);
    for other in ["[]", "\"text\"", "7", "[[{}]]"] {
        let (field, problem) = ("document", FieldProblem::Type);
        assert_eq!(with(other.as_bytes()), ProtocolError::Field { field, problem });
    }
    for token in ["null", "[]", "\"text\"", "7"] {
        let body = format!("{{\"token\": {token}}}");
        assert!(matches!(with(body.as_bytes()), ProtocolError::Field { field: "token", .. }));
    }
    assert!(matches!(with(b"{} x"), ProtocolError::Json { .. }));
    assert!(matches!(with(b"{\"token\":{},\"token\":{}}"), ProtocolError::Json { .. }));
    assert!(matches!(with(br#"{"token":{"expires_at":"\ud800"}}"#), ProtocolError::Json { .. }));
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert!(matches!(with(deep.as_bytes()), ProtocolError::Json { .. }));
}

#[test]
fn a_body_may_be_as_large_as_the_limit() {
    let with = |size: usize| {
        let mut body = GOOD.as_bytes().to_vec();
        body.resize(size, b' ');
        let mut response = response(201, Some("token"), "");
        *response.body_mut() = body;
        v3(response)
    };
    assert!(with(limits::BODY).is_ok());
    let (what, limit) = ("body", limits::BODY);
    assert_eq!(protocol(with(limit + 1)), ProtocolError::TooLarge { what, limit });
}

#[test]
fn lists_may_be_as_long_as_the_limit() {
    let with = |services: usize| {
        let list = vec!["{\"type\":\"a\"}"; services].join(",");
        v3(response(
            201,
            Some("token"),
            &GOOD.replace("\"catalog\": []", &format!("\"catalog\": [{list}]")),
        ))
    };
    assert!(with(limits::LIST).is_ok());
    let (what, limit) = ("catalog", limits::LIST);
    assert_eq!(protocol(with(limit + 1)), ProtocolError::TooLarge { what, limit });
}

#[test]
fn cut_answers_are_errors_everywhere() {
    for cut in 0..GOOD.trim_end().len() {
        let result = v3(response(201, Some("token"), &GOOD[..cut]));
        let why = protocol(result);
        assert!(matches!(why, ProtocolError::Json { .. } | ProtocolError::Empty), "{cut}: {why:?}");
    }
    let good = documents::NHN_IAAS_RESPONSE.trim_end();
    for cut in (0..good.len()).filter(|cut| good.is_char_boundary(*cut)) {
        assert!(v2(&good[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn times() {
    let with = |value: &str| {
        let body = GOOD.replace("\"2020-01-04T09:05:22.701000Z\"", value);
        v3(response(201, Some("token"), &body))
    };
    for odd in ["\"\"", "\"soon\"", "\"10000-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59-23:59\""] {
        let (field, problem) = ("token.expires_at", FieldProblem::Timestamp);
        assert_eq!(protocol(with(odd)), ProtocolError::Field { field, problem }, "{odd}");
    }
    let (field, problem) = ("token.expires_at", FieldProblem::Missing);
    assert_eq!(protocol(with("null")), ProtocolError::Field { field, problem });
    let (field, problem) = ("token.expires_at", FieldProblem::Type);
    assert_eq!(protocol(with("{}")), ProtocolError::Field { field, problem });
    // Before its issue, and at it.
    for ended in ["\"2020-01-03T09:05:22.701000Z\"", "\"1999-01-01T00:00:00\""] {
        assert_eq!(protocol(with(ended)), ProtocolError::Expired, "{ended}");
    }
    assert!(with("\"9999-12-31T23:59:59Z\"").is_ok());
}

#[test]
fn another_scope_than_asked_is_told() {
    let credential = Credential::password("user@example.com", "secretsecret");
    let answer = response(200, None, documents::NHN_IAAS_RESPONSE);
    let scope = Scope::project_id("another");
    let error = login_with(&Cloud::nhn(), credential, scope, answer).map(drop);
    assert!(matches!(protocol(error), ProtocolError::ScopeMismatch { .. }));
    let domain = response(201, Some("token"), documents::HUAWEI_DOMAIN_RESPONSE);
    assert!(matches!(protocol(v3(domain)), ProtocolError::ScopeMismatch { .. }));
}

#[test]
fn redirects_are_told_and_not_followed() {
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let mut answer = response(status, None, "");
        let location = "https://user:pw@evil.example/secret?token=canary";
        answer.headers_mut().insert("location", location.parse().unwrap());
        let why = protocol(v3(answer));
        let ProtocolError::Redirect { status: told, .. } = &why else { panic!("{why:?}") };
        assert_eq!(told.as_u16(), status);
        assert!(!why.to_string().contains("canary") && !why.to_string().contains("pw"), "{why}");
    }
    let mut answer = response(308, None, "");
    answer.headers_mut().insert("location", "https://iam.example/v3/auth/tokens/".parse().unwrap());
    assert!(protocol(v3(answer)).to_string().contains("https://iam.example:443"));
}

#[test]
fn odd_catalogs_never_cost_a_login() {
    for catalog in [
        "{}",
        "7",
        "[null, 7, [], \"x\"]",
        r#"[{"endpoints": []}, {"type": null, "endpoints": [{}]}, {"type": ""}]"#,
        r#"[{"type": "a", "endpoints": {"interface": "public", "url": "https://a.example"}}]"#,
        r#"[{"type": "a", "name": 7, "endpoints": [{"interface": "public", "url": null}, 7]}]"#,
        r#"{"type": "a", "endpoints": null}"#,
    ] {
        let body = GOOD.replace("\"catalog\": []", &format!("\"catalog\": {catalog}"));
        assert!(v3(response(201, Some("token"), &body)).is_ok(), "{catalog}");
    }
}

#[test]
fn a_server_that_repeats_our_secret_is_redacted() {
    let fault = r#"{"error":{"code":401,"title":"IAMPassword","message":"you sent {\"password\":\"IAMPassword\"}"}}"#;
    let error = v3(response(401, None, fault)).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("IAMPassword") && shown.contains("[redacted]"), "{shown}");
}

#[test]
fn a_server_that_repeats_our_secret_elsewhere_is_redacted() {
    let token = |project: &str| {
        let body =
            format!(r#"{{"token":{{"expires_at":"2026-11-22T20:00:00Z","project":{project}}}}}"#);
        response(201, Some("t"), &body)
    };
    let mut redirect = response(302, None, "");
    redirect.headers_mut().insert("location", HeaderValue::from_static("https://secret-key/"));
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
fn a_server_that_repeats_its_own_headers_is_redacted() {
    for name in ["x-subject-token", "x-auth-token", "openstack-auth-receipt"] {
        let fault = r#"{"error":{"message":"no gAAAA-new-token here"}}"#;
        let mut odd = response(403, None, fault);
        odd.headers_mut().insert(name, HeaderValue::from_static("gAAAA-new-token"));
        let shown = format!("{:?}", IdentityResponse::read(&odd, None));
        assert!(shown.contains("no [redacted] here"), "{shown}");
        let shown = v3(odd).unwrap_err().to_string();
        assert!(shown.contains("no [redacted] here"), "{shown}");
    }
}

#[test]
fn no_error_quotes_the_answer() {
    let canary = "canary-3c1f";
    for body in [
        format!("{{\"{canary}\""),
        format!("{{\"token\":{{\"expires_at\":\"{canary}\"}}}}"),
        format!("{{\"token\":\"{canary}\"}}"),
        format!("{{\"{canary}\":1,\"token\":{{}},\"token\":\"{canary}\"}}"),
        canary.to_owned(),
    ] {
        let error = v3(response(201, Some("token"), &body)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(canary), "{error:?}");
    }
    let error = v3(response(201, Some("a canary-3c1f"), GOOD)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(canary), "{error:?}");
}

#[test]
fn answers_without_a_question_are_told_apart() {
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
    for (status, body, want) in [
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
        assert_eq!(read(status, body), want, "{status} {body}");
    }
}

#[test]
fn what_nothing_depends_on_may_be_odd() {
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
fn a_token_that_a_service_repeats_is_taken_out_by_the_driver() {
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
fn regions_and_names_have_a_second_place() {
    let body = GOOD.replace(
        "\"catalog\": []",
        r#""catalog": [{"type": "a", "endpoints": [
            {"interface": "public", "region": "name", "region_id": "id", "url": "https://a"}]}]"#,
    );
    let Ok(IdentityResponse::Token(_, token)) =
        IdentityResponse::read(&response(201, Some("t"), &body), None)
    else {
        panic!("no token")
    };
    let service = token.catalog().unwrap().services().next().unwrap();
    assert_eq!(service.endpoints().next().unwrap().region(), Some("id"));

    let body = documents::NHN_IAAS_RESPONSE
        .replace("\"name\": \"37be6ac0-d660-11e7-ae46-005056ac1497\",", "");
    let Ok(IdentityResponse::Token(_, token)) =
        IdentityResponse::read(&response(200, None, &body), None)
    else {
        panic!("no token")
    };
    assert_eq!(token.user().name.as_deref(), Some("37be6ac0-d660-11e7-ae46-005056ac1497"));
}

#[test]
fn a_versions_own_link_is_told_from_the_others() {
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
fn mixed_answers_are_what_their_body_is() {
    let with = |status, header: &'static str, body: &str| {
        let mut answer = response(status, None, body);
        answer.headers_mut().insert(header, HeaderValue::from_static("gAAA"));
        IdentityResponse::read(&answer, None)
    };
    let v2 = with(200, "x-subject-token", documents::NHN_IAAS_RESPONSE);
    assert!(matches!(v2, Ok(IdentityResponse::Token(auth_proto::ApiVersion::V2, _))), "{v2:?}");
    let fault = with(401, "openstack-auth-receipt", documents::HUAWEI_401);
    assert!(matches!(fault, Ok(IdentityResponse::Fault(..))), "{fault:?}");
    assert!(with(401, "openstack-auth-receipt", "").is_err());
    assert!(with(201, "x-subject-token", "{}").is_err());
}
