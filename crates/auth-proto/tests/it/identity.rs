//! Token operations: the requests as documented (Identity API v3, "Check token" and the sections
//! after it), and the meaning of each response. The adapters' suite sends them to the
//! emulated services.

use auth_proto::{
    Check, Cloud, ConfigError, ConfigField, Credential, Domains, Error, ErrorKind, IdentityRequest,
    Login, Projects, ProtocolError, Revoke, Scope, SystemScopes, Validate, Versions, limits,
};
use http::Response;

use crate::support::{config_error, protocol_error, request_of};

const SUBJECT: &str = "canary-subject";

/// A Keystone whose URL has a path, which every request must keep.
fn keystone() -> Cloud {
    Cloud::keystone("https://keystone.example/identity/v3").unwrap()
}

fn parse<E: IdentityRequest>(request: &E, status: u16, body: &str) -> Result<E::Output, Error> {
    request.parse(Response::builder().status(status).body(body.as_bytes()).unwrap())
}

/// The result of a 404 that says when to try again.
fn parse_later<E: IdentityRequest>(request: &E) -> Result<E::Output, Error> {
    let later = Response::builder().status(404).header("retry-after", "6");
    request.parse(later.body(&b""[..]).unwrap())
}

#[test]
fn token_requests_are_as_documented() {
    let cloud = keystone();
    for (method, request) in [
        ("HEAD", Check::new(&cloud, SUBJECT).request().unwrap()),
        ("DELETE", Revoke::new(&cloud, SUBJECT).request().unwrap()),
        ("GET", Validate::new(&cloud, SUBJECT).request().unwrap()),
    ] {
        assert_eq!(request.method(), method);
        assert_eq!(request.uri(), "https://keystone.example/identity/v3/auth/tokens");
        assert_eq!(request.headers()["X-Subject-Token"], SUBJECT);
        assert!(request.headers()["X-Subject-Token"].is_sensitive());
        assert!(request.body().is_empty());
        assert!(!format!("{request:?}").contains(SUBJECT));
    }
    assert!(Check::new(&cloud, SUBJECT).authenticated());
    assert!(Revoke::new(&cloud, SUBJECT).authenticated());
    let shown = format!("{:?} {:?}", Check::new(&cloud, SUBJECT), Revoke::new(&cloud, SUBJECT));
    assert!(!shown.contains(SUBJECT), "{shown}");
}

#[test]
fn list_requests_are_as_documented() {
    let cloud = keystone();
    for (path, authenticated, request) in [
        ("projects", Projects::new(&cloud).authenticated(), Projects::new(&cloud).request()),
        ("domains", Domains::new(&cloud).authenticated(), Domains::new(&cloud).request()),
        ("system", SystemScopes::new(&cloud).authenticated(), SystemScopes::new(&cloud).request()),
    ] {
        let request = request.unwrap();
        assert_eq!(request.method(), "GET");
        let url = format!("https://keystone.example/identity/v3/auth/{path}");
        assert_eq!(request.uri(), url.as_str());
        assert_eq!(request.headers()["Accept"], "application/json");
        assert!(authenticated && request.body().is_empty());
    }
}

#[test]
fn invalid_input_is_refused() {
    let v2 = Cloud::nhn();
    for request in [
        Check::new(&v2, SUBJECT).request(),
        Revoke::new(&v2, SUBJECT).request(),
        Projects::new(&v2).request(),
        Domains::new(&v2).request(),
        SystemScopes::new(&v2).request(),
    ] {
        assert_eq!(config_error(request), ConfigError::NotInV2);
    }
    let (field, limit) = (ConfigField::SubjectToken, limits::TOKEN);
    for (text, expect) in [
        (String::new(), ConfigError::Empty { field }),
        ("a\r\nX-Evil: b".to_owned(), ConfigError::Characters { field }),
        ("a".repeat(limit + 1), ConfigError::TooLong { field, limit }),
    ] {
        assert_eq!(config_error(Check::new(&keystone(), text.as_str()).request()), expect);
        assert_eq!(config_error(Revoke::new(&keystone(), text).request()), expect);
    }
}

#[test]
fn each_status_has_one_meaning() {
    let cloud = keystone();
    let (check, revoke) = (Check::new(&cloud, SUBJECT), Revoke::new(&cloud, SUBJECT));
    for status in [200, 204] {
        assert!(parse(&check, status, "").unwrap());
        parse(&revoke, status, "").unwrap();
    }
    assert!(!parse(&check, 404, "").unwrap());
    // A token that is already gone counts as revoked.
    parse(&revoke, 404, "").unwrap();

    for status in [201, 202, 203, 206, 299] {
        let why = |why| matches!(why, ProtocolError::Status { status: s } if s == status);
        assert!(why(protocol_error(parse(&check, status, ""))), "{status}");
        assert!(why(protocol_error(parse(&revoke, status, ""))), "{status}");
    }
    for status in [301, 302, 307, 308] {
        let redirect = |why| matches!(why, ProtocolError::Redirect { .. });
        assert!(redirect(protocol_error(parse(&check, status, ""))), "{status}");
        assert!(redirect(protocol_error(parse(&revoke, status, ""))), "{status}");
    }
    for status in [400, 401, 403, 405, 410, 429, 500, 503] {
        for error in [
            parse(&check, status, "").unwrap_err(),
            parse(&revoke, status, "").unwrap_err(),
            parse(&Projects::new(&cloud), status, "").map(drop).unwrap_err(),
            parse(&Domains::new(&cloud), status, "").map(drop).unwrap_err(),
            parse(&SystemScopes::new(&cloud), status, "").map(drop).unwrap_err(),
        ] {
            let (ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) = error.kind()
            else {
                panic!("{status}: {error:?}");
            };
            assert_eq!(refusal.status, status);
            assert_eq!(refusal.remedy.contains("the caller's own token"), status == 401);
            assert_eq!(error.is_retryable(), matches!(status, 429 | 500 | 503), "{status}");
        }
    }
    // A 404 that will pass says nothing about the token.
    for error in [
        parse_later(&check).map(drop).unwrap_err(),
        parse_later(&revoke).unwrap_err(),
        parse_later(&Validate::new(&cloud, SUBJECT)).map(drop).unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::Unavailable(_)), "{error:?}");
    }
    // A missing list is not an empty list.
    assert!(parse(&Projects::new(&cloud), 404, "").is_err());
    assert!(parse(&SystemScopes::new(&cloud), 404, "").is_err());
}

#[test]
fn a_401_concerns_the_callers_own_token() {
    let cloud = Cloud::otc("eu-de").unwrap();
    let body = format!(r#"{{"error":{{"code":401,"message":"no {SUBJECT}","title":"No"}}}}"#);
    for error in [
        parse(&Check::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
        parse(&Revoke::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
        parse(&Validate::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
    ] {
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("the caller's own token"), "{shown}");
        assert!(!shown.contains(SUBJECT) && !shown.contains("password"), "{shown}");
    }
}

/// A cache that mixes up two responses would turn one user into another.
#[test]
fn a_response_about_another_token_is_refused() {
    let body = r#"{"token":{"expires_at":"2026-11-22T09:00:00Z"}}"#;
    let validate = Validate::new(&keystone(), SUBJECT);
    let validated = |tokens: &[&str]| {
        let mut response = Response::new(body.as_bytes());
        for token in tokens {
            response.headers_mut().append("X-Subject-Token", token.parse().unwrap());
        }
        validate.parse(response)
    };
    for tokens in [&[][..], &[SUBJECT], &[SUBJECT, SUBJECT]] {
        assert_eq!(validated(tokens).unwrap().unwrap().expose(), SUBJECT, "{tokens:?}");
    }
    for tokens in [&["another"][..], &["another", SUBJECT], &[SUBJECT, "another"], &[""]] {
        let why = protocol_error(validated(tokens));
        assert!(matches!(why, ProtocolError::AmbiguousToken { .. }), "{tokens:?}: {why}");
    }
}

#[test]
fn an_unavailable_service_blames_no_token() {
    let cloud = Cloud::huawei();
    let later = r#"{"error_code":"IAM.0012","error_msg":"too often"}"#;
    let error = parse(&Check::new(&cloud, SUBJECT), 401, later).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable(_)), "{error:?}");
    assert!(!error.to_string().contains("the caller's own token"), "{error}");
}

#[test]
fn pages_are_read_without_following_links() {
    let cloud = keystone();
    let list = |key: &str, next: &str| {
        let entry = r#"{"id":"1789d1","name":"one","domain_id":"default","enabled":true}"#;
        format!(r#"{{"{key}":[{entry}],"links":{{"next":{next},"self":"x"}}}}"#)
    };
    let link = r#""http://evil.example:81/v3/other?marker=1789d1&limit=1#end""#;

    let page = parse(&Projects::new(&cloud), 200, &list("projects", link)).unwrap();
    assert_eq!(page.items[0].id.as_deref(), Some("1789d1"));
    assert_eq!(page.items[0].domain.as_ref().unwrap().id.as_deref(), Some("default"));
    let next = page.next.unwrap();
    let base = "https://keystone.example/identity/v3/auth";
    let url = format!("{base}/projects?marker=1789d1&limit=1");
    assert_eq!(next.request().unwrap().uri(), url.as_str());
    assert!(parse(&next, 200, &list("projects", link)).unwrap().next.is_none(), "to itself");

    let page = parse(&Domains::new(&cloud), 200, &list("domains", link)).unwrap();
    assert_eq!(page.items[0].name.as_deref(), Some("one"));
    let next = page.next.unwrap();
    let url = format!("{base}/domains?marker=1789d1&limit=1");
    assert_eq!(next.request().unwrap().uri(), url.as_str());
    assert!(parse(&next, 200, &list("domains", link)).unwrap().next.is_none(), "to itself");

    for none in ["null", "7", "{}", r#""""#, r#""no query""#, r#""https://k.example/?""#] {
        assert!(parse(&Domains::new(&cloud), 200, &list("domains", none)).unwrap().next.is_none());
        let page = parse(&Projects::new(&cloud), 200, &list("projects", none)).unwrap();
        assert!(page.next.is_none(), "{none}");
    }
}

#[test]
fn the_system_is_a_scope_only_with_all() {
    let list = SystemScopes::new(&keystone());
    let read = |entries: &str| parse(&list, 200, &format!(r#"{{"system":{entries}}}"#)).unwrap();
    assert_eq!(read(r#"[{"all":true}]"#), [Scope::system()]);
    assert_eq!(read(r#"[{"all":true},{"all":true}]"#), [Scope::system()]);
    for none in ["[]", "[{}]", r#"[{"all":false}]"#, r#"["all"]"#, r#"[{"all":null},7,[]]"#] {
        assert_eq!(read(none), [], "{none}");
    }
}

#[test]
fn hostile_bodies_are_never_quoted() {
    let cloud = keystone();
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(limits::BODY));
    let many = |key: &str| format!("{{\"{key}\":[{}]}}", vec!["{}"; limits::LIST + 1].join(","));
    let deep = format!("{{\"domains\":{}", "[".repeat(100_000));
    let odd = ["", "<html>canary", "[]", "{}", "canary", "{\"canary\":", &large, &deep];
    for body in odd.into_iter().chain([
        many("projects").as_str(),
        many("domains").as_str(),
        many("system").as_str(),
        r#"{"projects":"canary","domains":7,"system":true}"#,
        r#"{"projects":null,"domains":null,"system":null}"#,
    ]) {
        for why in [
            protocol_error(parse(&Projects::new(&cloud), 200, body)),
            protocol_error(parse(&Domains::new(&cloud), 200, body)),
            protocol_error(parse(&SystemScopes::new(&cloud), 200, body)),
        ] {
            assert!(!why.to_string().contains("canary"), "{why}");
        }
    }
    // These requests read no body.
    assert!(parse(&Check::new(&cloud, SUBJECT), 200, "<html>").unwrap());
    parse(&Revoke::new(&cloud, SUBJECT), 200, "{").unwrap();
}

/// Keystone validates a token with access rules only for a client that sends this header. A service
/// that does not enforce the rules must not send it; the owner of the token may.
#[test]
fn only_the_owner_accepts_access_rules() {
    let rules = "OpenStack-Identity-Access-Rules";
    let login =
        Login::new(&keystone(), Credential::existing_token(SUBJECT), Scope::default()).unwrap();
    let request = request_of(&login);
    assert_eq!(request.headers()[rules], "1.0");
    let validate = Validate::new(&keystone(), SUBJECT).request().unwrap();
    assert!(!validate.headers().contains_key(rules));
}

#[test]
fn version_links_are_not_followed() {
    let versions_request = Versions::new(&keystone());
    assert!(!versions_request.authenticated());
    assert_eq!(versions_request.request().unwrap().uri(), "https://keystone.example/identity/");
    let link = |href: &str| format!(r#""links": [{{"rel": "self", "href": "{href}"}}]"#);
    let v3 = format!(r#"{{"id": "v3.14", "status": "stable", {}}}"#, link("http://inner:5000/v3/"));
    let v2 = format!(r#"{{"id": "v2.0", "status": "deprecated", {}}}"#, link("/v2.0"));
    let odd = format!(r#"{{"id": "v9", "status": "current", {}}}"#, link("https://evil.example/"));
    for (status, body, ids) in [
        (300, format!(r#"{{"versions": {{"values": [{v3}, {v2}]}}}}"#), &["v3.14", "v2.0"][..]),
        (200, format!(r#"{{"versions": [{v3}, {odd}]}}"#), &["v3.14", "v9"]),
        (200, format!(r#"{{"version": {v2}}}"#), &["v2.0"]),
        (203, v3.clone(), &["v3.14"]),
    ] {
        let versions = parse(&versions_request, status, &body).unwrap();
        let got: Vec<_> = versions.iter().map(|version| version.id.as_str()).collect();
        assert_eq!(got, ids);
        for version in versions {
            let url = match version.id.as_str() {
                "v3.14" => Some("https://keystone.example/identity/v3"),
                "v2.0" => Some("https://keystone.example/identity/v2.0"),
                _ => None,
            };
            assert_eq!(version.url.as_deref(), url);
        }
    }
    assert!(matches!(
        protocol_error(parse(&versions_request, 300, "{}")),
        ProtocolError::Redirect { .. }
    ));
    assert!(matches!(protocol_error(parse(&versions_request, 200, "{}")), ProtocolError::Version));
    assert!(parse(&versions_request, 404, "").is_err());
}
