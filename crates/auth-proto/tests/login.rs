//! Logins step by step: what is sent for each method and scope, discovery, and further factors.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use auth_proto::{
    Agency, ApiVersion, Cloud, Credential, DomainRef, Error, ErrorKind, Factor, IdentityResponse,
    Login, Misuse, ProtocolError, Scope, Step, UserRef,
};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use support::{NOW, first_request, json as read, request_of, response};

fn stock() -> Cloud {
    Cloud::keystone("https://keystone.example/identity/v3").unwrap()
}

fn alice() -> UserRef {
    UserRef::name_in("alice", DomainRef::name("Default"))
}

fn password() -> Credential {
    Credential::password(alice(), "pä\"ss\\wörd\n")
}

fn auth(cloud: &Cloud, credential: Credential, scope: Scope) -> Value {
    read(first_request(cloud, credential, scope).body())["auth"].clone()
}

#[test]
fn every_v3_method_is_written_as_the_service_wants_it() {
    let user = json!({"name": "alice", "domain": {"name": "Default"}});
    let with = |key: &str, value: &str| {
        let mut user = user.clone();
        user[key] = json!(value);
        json!({"user": user})
    };
    let secret = "pä\"ss\\wörd\n";
    for (credential, want) in [
        (password(), json!({"methods": ["password"], "password": with("password", secret)})),
        (
            Credential::password(UserRef::id("u1"), "pw"),
            json!({"methods": ["password"], "password": {"user": {"id": "u1", "password": "pw"}}}),
        ),
        (
            Credential::totp(alice(), "123456"),
            json!({"methods": ["totp"], "totp": with("passcode", "123456")}),
        ),
        (
            password().and(Factor::totp("123456")),
            json!({
                "methods": ["password", "totp"],
                "password": with("password", secret),
                "totp": with("passcode", "123456"),
            }),
        ),
        (Credential::token("abc"), json!({"methods": ["token"], "token": {"id": "abc"}})),
        (
            Credential::application_credential("key", "sesame"),
            json!({
                "methods": ["application_credential"],
                "application_credential": {"id": "key", "secret": "sesame"},
            }),
        ),
        (
            Credential::application_credential_of(alice(), "key", "sesame"),
            json!({
                "methods": ["application_credential"],
                "application_credential": {"name": "key", "secret": "sesame", "user": user},
            }),
        ),
    ] {
        assert_eq!(auth(&stock(), credential, Scope::default()), json!({"identity": want}));
    }
}

#[test]
fn every_v3_scope_is_written_as_the_service_wants_it() {
    for (scope, want) in [
        (Scope::project_id("p"), json!({"project": {"id": "p"}})),
        (
            Scope::project_name_in("p", DomainRef::id("d")),
            json!({"project": {"name": "p", "domain": {"id": "d"}}}),
        ),
        (Scope::domain_id("d"), json!({"domain": {"id": "d"}})),
        (Scope::domain_name("d"), json!({"domain": {"name": "d"}})),
        (Scope::system(), json!({"system": {"all": true}})),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "t"}})),
        (Scope::unscoped(), json!("unscoped")),
    ] {
        assert_eq!(auth(&stock(), password(), scope)["scope"], want);
    }
    assert!(auth(&stock(), password(), Scope::default()).get("scope").is_none());
}

#[test]
fn every_v2_login_is_written_as_the_service_wants_it() {
    let cloud = Cloud::keystone("https://keystone.example:5000/v2.0/").unwrap();
    let by_name = || Credential::password("alice", "pw");
    let name = json!({"username": "alice", "password": "pw"});
    for (credential, scope, want) in [
        (by_name(), Scope::default(), json!({"passwordCredentials": name})),
        (by_name(), Scope::unscoped(), json!({"passwordCredentials": name})),
        (by_name(), Scope::project_id("p"), json!({"passwordCredentials": name, "tenantId": "p"})),
        (
            by_name(),
            Scope::project_name("p"),
            json!({"passwordCredentials": name, "tenantName": "p"}),
        ),
        (
            by_name(),
            Scope::trust_in("t", "p"),
            json!({"passwordCredentials": name, "tenantId": "p", "trust_id": "t"}),
        ),
        (
            Credential::password(UserRef::id("u"), "pw"),
            Scope::default(),
            json!({"passwordCredentials": {"userId": "u", "password": "pw"}}),
        ),
        (
            Credential::token("abc"),
            Scope::project_id("p"),
            json!({"token": {"id": "abc"}, "tenantId": "p"}),
        ),
    ] {
        let request = first_request(&cloud, credential, scope);
        assert_eq!(request.uri(), "https://keystone.example:5000/v2.0/tokens");
        assert_eq!(read(request.body())["auth"], want);
    }
}

#[test]
fn a_token_that_is_exchanged_goes_into_the_header_too() {
    let request = first_request(&stock(), Credential::token("abc"), Scope::project_id("p"));
    assert_eq!(request.headers()["x-auth-token"], "abc");
    assert!(request.headers()["x-auth-token"].is_sensitive());
    let request = first_request(&stock(), password(), Scope::project_id("p"));
    assert!(!request.headers().contains_key("x-auth-token"));
}

#[test]
fn polling_again_gives_the_same_request() {
    let login = Login::new(&stock(), password(), Scope::default()).unwrap();
    let (first, second) = (request_of(&login), request_of(&login));
    assert_eq!(first.uri(), second.uri());
    assert_eq!(first.headers(), second.headers());
    assert_eq!(first.body(), second.body());
}

// discovery -------------------------------------------------------------------------------------

const VERSIONS: &str = r#"{"versions": {"values": [
    {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": "http://inside/v3/"}]},
    {"id": "v2.0", "status": "deprecated", "links": [{"rel": "self", "href": "http://inside/v2.0/"}]}
]}}"#;

fn discover(status: u16, body: &str, credential: Credential) -> Result<Login, Error> {
    let cloud = Cloud::keystone("https://keystone.example/identity").unwrap();
    assert_eq!(cloud.api_version(), None);
    let mut login = Login::new(&cloud, credential, Scope::default()).unwrap();
    let request = request_of(&login);
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri(), "https://keystone.example/identity/");
    assert!(request.body().is_empty());
    login.handle_response(response(status, None, body), NOW);
    login.poll().map(|_| login)
}

#[test]
fn a_url_without_a_version_is_asked_for_it_once() {
    // The server's own links are never followed.
    let login = discover(300, VERSIONS, password()).unwrap();
    assert_eq!(request_of(&login).uri(), "https://keystone.example/identity/v3/auth/tokens");

    let v2 = VERSIONS
        .replace("\"v3.14\", \"status\": \"stable\"", "\"v3.14\", \"status\": \"experimental\"");
    let login = discover(200, &v2, Credential::password("alice", "pw")).unwrap();
    assert_eq!(request_of(&login).uri(), "https://keystone.example/identity/v2.0/tokens");
}

#[test]
fn what_the_dialect_wants_is_checked_once_it_is_known() {
    let error = discover(300, VERSIONS, Credential::password("alice", "pw")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
}

#[test]
fn discovery_that_fails_says_so() {
    let kind = |status, body| match discover(status, body, password()).unwrap_err().kind() {
        ErrorKind::Protocol(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(200, r#"{"versions":[{"id":"v4.0"}]}"#), ProtocolError::Version);
    assert_eq!(kind(200, "{}"), ProtocolError::Version);
    assert!(matches!(kind(300, ""), ProtocolError::Redirect { .. }));
    assert!(matches!(kind(301, VERSIONS), ProtocolError::Redirect { .. }));
    assert_eq!(kind(200, "<html>"), ProtocolError::NotJson);
    assert!(discover(404, "<html>", password()).is_err());
}

// further factors -------------------------------------------------------------------------------

/// As a stock Keystone answers a first factor.
fn receipt() -> Response<Vec<u8>> {
    let body = json!({
        "receipt": {
            "methods": ["password"],
            "user": {"id": "u", "name": "mfa", "domain": {"id": "default", "name": "Default"}},
            "expires_at": "2026-11-22T08:05:00.000000Z",
            "issued_at": "2026-11-22T08:00:00.000000Z",
        },
        "required_auth_methods": [["totp", "password"]],
    });
    let mut response = response(401, None, &body.to_string());
    response.headers_mut().insert("Openstack-Auth-Receipt", "gAAAAreceipt".parse().unwrap());
    response
}

fn token() -> Response<Vec<u8>> {
    let body = json!({"token": {
        "expires_at": "2026-11-22T20:00:00.000000Z",
        "issued_at": "2026-11-22T08:00:00.000000Z",
        "methods": ["totp", "password"],
        "project": {"id": "p"},
    }});
    response(201, Some("gAAAAtoken"), &body.to_string())
}

fn challenged() -> Login {
    let mut login =
        Login::new(&stock(), password(), Scope::project_id("p")).unwrap().without_catalog();
    login.handle_response(receipt(), NOW);
    login
}

#[test]
fn a_receipt_asks_for_the_missing_factor() {
    let mut login = challenged();
    let Ok(Step::NeedFactor(challenge)) = login.poll() else { panic!("{login:?}") };
    assert_eq!(challenge.given(), ["password"]);
    assert_eq!(challenge.required(), [["totp", "password"]]);
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    assert!(challenge.expires_at().is_some());
    assert!(!format!("{challenge:?} {login:?}").contains("gAAAA"), "{challenge:?}");
    assert!(
        format!("{challenge:?}").contains(r#"required: [["totp", "password"]]"#),
        "{challenge:?}"
    );
    let answer = IdentityResponse::read(&receipt(), None);
    assert!(
        matches!(answer, Ok(IdentityResponse::Receipt(wanted)) if wanted.given() == ["password"])
    );

    login.submit_factor(Factor::totp("123456")).unwrap();
    let request = request_of(&login);
    // The receipt remembers neither scope nor nocatalog.
    assert_eq!(request.uri(), "https://keystone.example/identity/v3/auth/tokens?nocatalog=true");
    assert_eq!(request.headers()["Openstack-Auth-Receipt"], "gAAAAreceipt");
    assert!(request.headers()["Openstack-Auth-Receipt"].is_sensitive());
    assert_eq!(
        read(request.body())["auth"],
        json!({
            "identity": {
                "methods": ["totp"],
                "totp": {"user": {
                    "name": "alice", "domain": {"name": "Default"}, "passcode": "123456",
                }},
            },
            "scope": {"project": {"id": "p"}},
        })
    );
    login.handle_response(token(), NOW);
    let Ok(Step::Done(token)) = login.poll() else { panic!("{login:?}") };
    assert_eq!(token.expose(), "gAAAAtoken");
}

#[test]
fn factors_nobody_asked_for_are_refused() {
    let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
    let misuse = |error: Error| match error.kind() {
        ErrorKind::Misuse(misuse) => *misuse,
        other => panic!("{other:?}"),
    };
    let answer = login.submit_factor(Factor::totp("123456"));
    assert_eq!(misuse(answer.unwrap_err()), Misuse::NoChallenge);
    let mut login = challenged();
    let answer = login.submit_factor(Factor::password("pw"));
    assert_eq!(misuse(answer.unwrap_err()), Misuse::WrongFactor);
    assert!(login.submit_factor(Factor::totp("")).is_err());
    // Still waiting for the right one.
    assert!(matches!(login.poll(), Ok(Step::NeedFactor(_))));
    // A factor that was refused may be given again, and only then.
    login.submit_factor(Factor::totp("111111")).unwrap();
    assert_eq!(misuse(login.submit_factor(Factor::totp("1")).unwrap_err()), Misuse::NoChallenge);
    login.handle_response(response(401, None, "{}"), NOW);
    assert!(login.poll().is_err());
    login.submit_factor(Factor::totp("222222")).unwrap();
    assert!(matches!(login.poll(), Ok(Step::Send(_))));
    let login = challenged();
    assert!(matches!(login.poll(), Ok(Step::NeedFactor(_))));
}

#[test]
fn only_a_401_is_about_the_factor() {
    for (status, is_about) in [(401, true), (403, false)] {
        let mut login = challenged();
        login.submit_factor(Factor::totp("123456")).unwrap();
        login.handle_response(response(status, None, "{}"), NOW);
        let error = login.poll().unwrap_err().to_string();
        assert_eq!(error.contains("check this factor"), is_about, "{error}");
    }
}

#[test]
fn a_server_that_repeats_receipt_or_code_is_redacted() {
    let mut login = challenged();
    login.submit_factor(Factor::totp("123456")).unwrap();
    let fault = r#"{"error":{"code":401,"message":"Could not find auth receipt: gAAAAreceipt, 123456","title":"Unauthorized"}}"#;
    login.handle_response(response(401, None, fault), NOW);
    let error = login.poll().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("gAAAA") && !shown.contains("123456"), "{shown}");
    assert!(shown.contains("Could not find auth receipt"), "{shown}");
}

/// The answer to a factor that is not enough: which ones are there, and which one is missing.
fn wanting(receipt: &str, given: &[&str], missing: &str) -> Response<Vec<u8>> {
    let rule = [given, &[missing]].concat();
    let body = json!({
        "receipt": {"methods": given, "expires_at": "2026-11-22T08:05:00Z"},
        "required_auth_methods": [rule],
    });
    let mut response = response(401, None, &body.to_string());
    response.headers_mut().insert("Openstack-Auth-Receipt", receipt.parse().unwrap());
    response
}

/// What is told of an answer that repeats all these.
fn told_of(login: &mut Login, repeated: &[&str]) -> String {
    let fault = json!({"error": {"message": format!("it was {}", repeated.join(" "))}});
    login.handle_response(response(403, None, &fault.to_string()), NOW);
    let error = login.poll().unwrap_err();
    format!("{error} {error:?} {login:?}")
}

#[test]
fn what_an_earlier_answer_took_is_not_told_by_a_later_one() {
    let sent = ["hunter2hunter2", "gAAAAfirst", "gAAAAsecond", "314159"];
    let agency = Agency::new("agency", DomainRef::name("other"));
    let credential = Credential::totp(alice(), "271828").assume(agency);
    let cloud = Cloud::otc("eu-de").unwrap();
    let mut login = Login::new(&cloud, credential, Scope::project_name("eu-de")).unwrap();
    login.handle_response(wanting("gAAAAfirst", &["totp"], "password"), NOW);
    login.submit_factor(Factor::password("hunter2hunter2")).unwrap();
    let domain = json!({"token": {
        "expires_at": "2026-11-22T20:00:00Z", "domain": {"id": "d", "name": "Default"},
    }});
    login.handle_response(response(201, Some("gAAAAuser"), &domain.to_string()), NOW);
    let told = told_of(&mut login, &[&sent[..2], &["gAAAAuser", "271828"]].concat());
    assert!(told.contains("it was [redacted] [redacted] [redacted] [redacted]"), "{told}");
    assert!(!sent.iter().any(|secret| told.contains(secret)), "{told}");

    let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
    login.handle_response(wanting("gAAAAfirst", &["password"], "totp"), NOW);
    // Mistyped, and given again.
    login.submit_factor(Factor::totp("314159")).unwrap();
    login.handle_response(response(401, None, "{}"), NOW);
    login.submit_factor(Factor::totp("141421")).unwrap();
    login.handle_response(wanting("gAAAAsecond", &["totp"], "password"), NOW);
    login.submit_factor(Factor::password("hunter2hunter2")).unwrap();
    let told = told_of(&mut login, &sent);
    assert!(told.contains("it was [redacted] [redacted] [redacted] [redacted]"), "{told}");
    assert!(!sent.iter().any(|secret| told.contains(secret)), "{told}");
}

#[test]
fn receipts_that_are_none() {
    for (header, body) in [
        ("", "{}"),
        ("gAAA", "{}"),
        (
            "gAAA",
            r#"{"receipt":{"methods":["password"],"expires_at":"soon"},"required_auth_methods":[["totp"]]}"#,
        ),
        (
            "gA AA",
            r#"{"receipt":{"methods":[],"expires_at":"2026-11-22T08:05:00Z"},"required_auth_methods":[]}"#,
        ),
        ("gAAA", r#"{"receipt":{"methods":[],"expires_at":"2026-11-22T08:05:00Z"}}"#),
        (
            "gAAA",
            r#"{"receipt":{"methods":["a"],"expires_at":"2026-11-22T08:05:00Z"},"required_auth_methods":[]}"#,
        ),
        (
            "gAAA",
            r#"{"receipt":{"methods":["a"],"expires_at":"2026-11-22T08:05:00Z"},"required_auth_methods":[["a"]]}"#,
        ),
    ] {
        let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
        let mut answer = response(401, None, body);
        answer.headers_mut().insert("openstack-auth-receipt", header.parse().unwrap());
        login.handle_response(answer, NOW);
        assert!(matches!(login.poll().unwrap_err().kind(), ErrorKind::Protocol(_)), "{body}");
    }
}

// what came against what was asked --------------------------------------------------------------

#[test]
fn a_mismatch_names_both_sides() {
    for (token, got) in [
        (json!({"project": {"id": "q"}}), "project q"),
        (json!({"project": {"name": "no id"}, "domain": {"id": "x"}}), "project without an id"),
        (json!({"domain": {"id": "d"}}), "domain d"),
        (json!({"system": {"all": true}}), "the system"),
        (json!({}), "no scope"),
    ] {
        let mut login = Login::new(&stock(), password(), Scope::trust("t")).unwrap();
        let mut body = json!({"token": {"expires_at": "2026-11-22T20:00:00Z"}});
        body["token"].as_object_mut().unwrap().extend(token.as_object().unwrap().clone());
        login.handle_response(response(201, Some("t"), &body.to_string()), NOW);
        let error = login.poll().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("requested scope trust t but the token is for {got}; ")),
            "{error}"
        );
    }
}

#[test]
fn a_token_for_something_else_is_refused() {
    let fits = |scope: Scope, token: Value| {
        let mut login = Login::new(&stock(), password(), scope).unwrap();
        let mut body = json!({"token": {"expires_at": "2026-11-22T20:00:00Z"}});
        body["token"].as_object_mut().unwrap().extend(token.as_object().unwrap().clone());
        login.handle_response(response(201, Some("t"), &body.to_string()), NOW);
        match login.poll() {
            Ok(_) => true,
            Err(error) => {
                let kind = error.kind();
                let mismatch = ErrorKind::Protocol(ProtocolError::ScopeMismatch {
                    asked: String::new(),
                    got: String::new(),
                });
                assert_eq!(std::mem::discriminant(kind), std::mem::discriminant(&mismatch));
                assert!(!error.is_retryable());
                false
            }
        }
    };
    let corp = || DomainRef::name("Corp");
    let project = |id: &str, name: &str, domain: &str| json!({"project": {"id": id, "name": name, "domain": {"id": "d", "name": domain}}});
    for (scope, token, want) in [
        (Scope::default(), json!({}), true),
        (Scope::default(), project("p", "n", "x"), true),
        (Scope::project_id("p"), project("p", "n", "x"), true),
        (Scope::project_id("P"), project("p", "n", "x"), true),
        (Scope::project_id("p"), json!({"project": {"name": "n"}}), true),
        (Scope::project_id("p"), project("q", "n", "x"), false),
        (Scope::project_id("p"), json!({}), false),
        (Scope::project_id("p"), json!({"domain": {"id": "p"}}), false),
        (Scope::project_name_in("n", corp()), project("p", "N", "corp"), true),
        (Scope::project_name_in("n", corp()), json!({"project": {"id": "p"}}), true),
        (Scope::project_name_in("n", corp()), project("p", "m", "Corp"), false),
        (Scope::project_name_in("n", corp()), project("p", "n", "Other"), false),
        (Scope::domain_id("d"), json!({"domain": {"id": "d"}}), true),
        (Scope::domain_name("Corp"), json!({"domain": {"id": "d", "name": "corp"}}), true),
        (Scope::domain_id("d"), json!({"domain": {"id": "e"}}), false),
        (Scope::domain_name("Corp"), json!({"domain": {"name": "Other"}}), false),
        (Scope::domain_id("d"), project("p", "n", "x"), false),
        (Scope::system(), json!({"system": {"all": true}}), true),
        (Scope::system(), json!({"system": {"all": false}}), false),
        (Scope::system(), json!({}), false),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "p"}}), true),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "u"}}), false),
        (Scope::trust("t"), json!({}), false),
        (
            Scope::trust_in("t", "p"),
            json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "p"}}),
            true,
        ),
        (
            Scope::trust_in("t", "p"),
            json!({"OS-TRUST:trust": {"id": "t"}, "project": {"id": "q"}}),
            false,
        ),
        (Scope::trust_in("t", "p"), json!({"OS-TRUST:trust": {"id": "t"}}), false),
        (Scope::unscoped(), json!({}), true),
        (Scope::unscoped(), project("p", "n", "x"), false),
        (Scope::unscoped(), json!({"domain": {"id": "d"}}), false),
        (Scope::unscoped(), json!({"system": {"all": true}}), false),
    ] {
        assert_eq!(fits(scope.clone(), token.clone()), want, "{scope}: {token}");
    }
}

// endings ---------------------------------------------------------------------------------------

#[test]
fn late_answers_change_nothing() {
    let mut login = Login::new(&stock(), password(), Scope::project_id("p")).unwrap();
    login.handle_response(token(), NOW);
    login.handle_response(response(401, None, "{}"), NOW);
    assert!(matches!(login.poll(), Ok(Step::Done(_))));
    let mut login = Login::new(&stock(), password(), Scope::project_id("p")).unwrap();
    login.handle_response(response(401, None, "{}"), NOW);
    login.handle_response(token(), NOW);
    let error = login.poll().unwrap_err();
    assert_eq!(error, login.poll().unwrap_err());
}

#[test]
fn a_server_that_asks_for_a_pause_is_heard() {
    let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
    let mut answer = response(429, None, "");
    answer.headers_mut().insert("retry-after", "30".parse().unwrap());
    login.handle_response(answer, NOW);
    let error = login.poll().unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.retry_at(), Some(NOW + time::Duration::seconds(30)));
    let ErrorKind::Unavailable(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(error.to_string().contains("2026-11-22T08:00:30Z"), "{error}");
    // Not where a later try would be the same.
    let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
    let mut answer = response(400, None, "");
    answer.headers_mut().insert("retry-after", "30".parse().unwrap());
    login.handle_response(answer, NOW);
    assert_eq!(login.poll().unwrap_err().retry_at(), None);
}

#[test]
fn what_to_do_about_a_trust_is_said() {
    for status in [401, 403, 404] {
        let mut login = Login::new(&stock(), password(), Scope::trust("t")).unwrap();
        login.handle_response(response(status, None, "{}"), NOW);
        let error = login.poll().unwrap_err().to_string();
        assert!(error.ends_with("its expiry and its remaining uses"), "{error}");
    }
}

#[test]
fn statuses_are_transient_or_final() {
    for (status, retryable) in [
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (405, false),
        (408, true),
        (409, false),
        (410, false),
        (413, false),
        (422, false),
        (425, true),
        (429, true),
        (500, true),
        (501, false),
        (502, true),
        (503, true),
        (504, true),
        (505, false),
        (519, false),
        (520, true),
        (530, true),
        (531, false),
    ] {
        let mut login = Login::new(&stock(), password(), Scope::default()).unwrap();
        login.handle_response(response(status, None, ""), NOW);
        let error = login.poll().unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{status}");
        let (ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) = error.kind() else {
            panic!("{error:?}")
        };
        let own = match status {
            400 => "check the names, the domains and the scope",
            401 => "check the user, the secret, the user's domain and the scope",
            403 => "ask for a role in this scope",
            404 => "check the ids and the identity URL",
            413 => "too large",
            429 => "reuse tokens",
            _ if retryable => "try again later",
            _ => "check the identity URL",
        };
        assert!(refusal.remedy.contains(own), "{status}: {error}");
    }
}

#[test]
fn clouds_at_other_places_keep_their_rules() {
    for (url, want) in [
        ("http://127.0.0.1:5000/kakao/identity/v3", "http://127.0.0.1:5000/kakao/identity/v3"),
        ("http://127.0.0.1:5000/kakao/identity/", "http://127.0.0.1:5000/kakao/identity/v3"),
    ] {
        let cloud = Cloud::kakao().at(url).unwrap();
        assert_eq!(cloud.identity_url(), want);
        assert_eq!(cloud.api_version(), Some(ApiVersion::V3));
        assert!(Login::new(&cloud, password(), Scope::default()).is_err());
    }
}
