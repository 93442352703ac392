//! Further factors: receipts, challenges, and the secrets of earlier steps.

use auth_proto::{
    Agency, Cloud, Credential, DomainRef, Error, ErrorKind, Factor, IdentityResponse, Login,
    Misuse, Question, Scope, Step,
};
use http::Response;
use serde_json::json;

use super::{keystone, password};
use crate::support::{NOW, alice, json as read, protocol_error, request_of, response, set_header};

const RECEIPT: &str = "openstack-auth-receipt";

/// The response of a stock Keystone to a first factor.
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
    with_receipt("gAAAAreceipt", &body.to_string())
}

fn with_receipt(receipt: &str, body: &str) -> Response<Vec<u8>> {
    let mut response = response(401, None, body);
    set_header(&mut response, RECEIPT, receipt);
    response
}

/// A login that waits for a one-time code.
fn challenged() -> Login {
    let mut login =
        Login::new(&keystone(), password(), Scope::project_id("p")).unwrap().without_catalog();
    login.handle_response(receipt(), NOW);
    login
}

#[test]
fn a_receipt_asks_for_the_missing_factor() {
    let mut login = challenged();
    let Ok(Step::Ask(Question::Factor(challenge))) = login.poll() else { panic!("{login:?}") };
    assert_eq!(challenge.given(), ["password"]);
    assert_eq!(challenge.required(), [["totp", "password"]]);
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    assert!(challenge.expires_at().is_some());
    let shown = format!("{challenge:?}");
    assert!(shown.contains(r#"required: [["totp", "password"]]"#), "{shown}");
    assert!(!format!("{challenge:?} {login:?}").contains("gAAAA"), "{shown}");
    let read_alone = IdentityResponse::read(&receipt(), None);
    let Ok(IdentityResponse::Receipt(challenge)) = read_alone else { panic!("{read_alone:?}") };
    assert_eq!(challenge.given(), ["password"]);

    login.answer(Factor::totp("123456")).unwrap();
    let request = request_of(&login);
    // The receipt holds neither scope nor nocatalog, so the request repeats them.
    assert_eq!(request.uri(), "https://keystone.example/identity/v3/auth/tokens?nocatalog=true");
    assert_eq!(request.headers()[RECEIPT], "gAAAAreceipt");
    assert!(request.headers()[RECEIPT].is_sensitive());
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
    let token = json!({"token": {
        "expires_at": "2026-11-22T20:00:00.000000Z",
        "issued_at": "2026-11-22T08:00:00.000000Z",
        "methods": ["totp", "password"],
        "project": {"id": "p"},
    }});
    login.handle_response(response(201, Some("gAAAAtoken"), &token.to_string()), NOW);
    let Ok(Step::Done(token)) = login.poll() else { panic!("{login:?}") };
    assert_eq!(token.expose(), "gAAAAtoken");
}

#[test]
fn only_the_missing_factor_is_taken() {
    let misuse = |result: Result<(), Error>| match result.unwrap_err().kind() {
        ErrorKind::Misuse(misuse) => *misuse,
        other => panic!("{other:?}"),
    };
    let mut login = Login::new(&keystone(), password(), Scope::default()).unwrap();
    assert_eq!(misuse(login.answer(Factor::totp("123456"))), Misuse::NoQuestion);
    let mut login = challenged();
    assert_eq!(misuse(login.answer(Factor::password("pw"))), Misuse::WrongReply);
    assert!(login.answer(Factor::totp("")).is_err());
    // The login still waits for the right factor.
    assert!(matches!(login.poll(), Ok(Step::Ask(Question::Factor(_)))));
    // Only a refused factor may be given again.
    login.answer(Factor::totp("111111")).unwrap();
    assert_eq!(misuse(login.answer(Factor::totp("1"))), Misuse::NoQuestion);
    login.handle_response(response(401, None, "{}"), NOW);
    assert!(login.poll().is_err());
    login.answer(Factor::totp("222222")).unwrap();
    assert!(matches!(login.poll(), Ok(Step::Send(_))));
}

#[test]
fn only_a_401_is_about_the_factor() {
    for (status, is_about) in [(401, true), (403, false)] {
        let mut login = challenged();
        login.answer(Factor::totp("123456")).unwrap();
        login.handle_response(response(status, None, "{}"), NOW);
        let error = login.poll().unwrap_err().to_string();
        assert_eq!(error.contains("check this factor"), is_about, "{error}");
    }
}

#[test]
fn a_repeated_receipt_or_code_is_redacted() {
    let mut login = challenged();
    login.answer(Factor::totp("123456")).unwrap();
    let fault = r#"{"error":{"code":401,"message":"Could not find auth receipt: gAAAAreceipt, 123456","title":"Unauthorized"}}"#;
    login.handle_response(response(401, None, fault), NOW);
    let error = login.poll().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("gAAAA") && !shown.contains("123456"), "{shown}");
    assert!(shown.contains("Could not find auth receipt"), "{shown}");
}

/// A receipt for these methods, which asks for one more.
fn receipt_for(receipt: &str, given: &[&str], missing: &str) -> Response<Vec<u8>> {
    let rule = [given, &[missing]].concat();
    let body = json!({
        "receipt": {"methods": given, "expires_at": "2026-11-22T08:05:00Z"},
        "required_auth_methods": [rule],
    });
    with_receipt(receipt, &body.to_string())
}

/// The error about a refusal that repeats these secrets.
#[track_caller]
fn check_redaction(login: &mut Login, repeated: [&str; 4]) {
    let fault = json!({"error": {"message": format!("it was {}", repeated.join(" "))}});
    login.handle_response(response(403, None, &fault.to_string()), NOW);
    let error = login.poll().unwrap_err();
    let shown = format!("{error} {error:?} {login:?}");
    assert!(shown.contains("it was [redacted] [redacted] [redacted] [redacted]"), "{shown}");
    assert!(!repeated.iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[test]
fn secrets_of_earlier_steps_are_redacted() {
    let agency = Agency::new("agency", DomainRef::name("other"));
    let credential = Credential::totp(alice(), "271828").assume(agency);
    let cloud = Cloud::otc("eu-de").unwrap();
    let mut login = Login::new(&cloud, credential, Scope::project_name("eu-de")).unwrap();
    login.handle_response(receipt_for("gAAAAfirst", &["totp"], "password"), NOW);
    login.answer(Factor::password("hunter2hunter2")).unwrap();
    let domain = json!({"token": {
        "expires_at": "2026-11-22T20:00:00Z", "domain": {"id": "d", "name": "Default"},
    }});
    login.handle_response(response(201, Some("gAAAAuser"), &domain.to_string()), NOW);
    check_redaction(&mut login, ["hunter2hunter2", "gAAAAfirst", "gAAAAuser", "271828"]);

    let mut login = Login::new(&keystone(), password(), Scope::default()).unwrap();
    login.handle_response(receipt_for("gAAAAfirst", &["password"], "totp"), NOW);
    // The code is mistyped, and given again.
    login.answer(Factor::totp("314159")).unwrap();
    login.handle_response(response(401, None, "{}"), NOW);
    login.answer(Factor::totp("141421")).unwrap();
    login.handle_response(receipt_for("gAAAAsecond", &["totp"], "password"), NOW);
    login.answer(Factor::password("hunter2hunter2")).unwrap();
    check_redaction(&mut login, ["hunter2hunter2", "gAAAAfirst", "gAAAAsecond", "314159"]);
}

#[test]
fn a_malformed_receipt_is_a_protocol_error() {
    let receipt = |methods: &str, rules: &str| {
        format!(
            r#"{{"receipt":{{"methods":{methods},"expires_at":"2026-11-22T08:05:00Z"}}{rules}}}"#
        )
    };
    let soon = r#"{"receipt":{"methods":["password"],"expires_at":"soon"},"required_auth_methods":[["totp"]]}"#;
    for (header, body) in [
        ("", "{}"),
        ("gAAA", "{}"),
        ("gAAA", soon),
        ("gA AA", &receipt("[]", r#","required_auth_methods":[]"#)),
        ("gAAA", &receipt("[]", "")),
        ("gAAA", &receipt(r#"["a"]"#, r#","required_auth_methods":[]"#)),
        ("gAAA", &receipt(r#"["a"]"#, r#","required_auth_methods":[["a"]]"#)),
    ] {
        let mut login = Login::new(&keystone(), password(), Scope::default()).unwrap();
        login.handle_response(with_receipt(header, body), NOW);
        protocol_error(login.poll());
    }
}
