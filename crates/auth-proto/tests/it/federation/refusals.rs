//! Refusals: the party, the reason and the remedy, and no secret.

use auth_proto::{
    Error, ErrorKind, Federation, FederationProblem, Login, ProtocolError, ProviderDocument, Scope,
};
use http::Response;

use super::{
    BEARER, CLIENT_SECRET, PASSWORD, SCOPED, UNSCOPED, bearer, holder, login_of, person, project,
    robot, run, unscoped,
};
use crate::support::{NOW, response, set_header, with_header};

const GATE: &str = "<html><title>401 Unauthorized</title>bearer.of.the-provider</html>";
const KEYSTONE_401: &str = r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#;
const KEYSTONE_404: &str = r#"{"error":{"code":404,"message":"Could not find Identity Provider: corp.","title":"Not Found"}}"#;
const METHODS: &str = r#"{"error":{"code":401,"message":"Attempted to authenticate with an unsupported method.","title":"Unauthorized","identity":{"methods":["password","token"]}}}"#;

/// The error of a login that gets these responses.
#[track_caller]
fn error_of(federation: Federation, responses: Vec<Response<Vec<u8>>>) -> Error {
    let mut login = login_of(federation, project());
    run(&mut login, responses);
    let error = login.poll().unwrap_err();
    check(&error);
    error
}

fn check(error: &Error) {
    for text in [error.to_string(), format!("{error:?}")] {
        for secret in [BEARER, CLIENT_SECRET, PASSWORD, UNSCOPED, SCOPED, "cl1ent%2Bsecret"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(!text.contains('\n'), "{text}");
    }
}

fn with<B: AsRef<[u8]>>(
    status: u16,
    body: B,
    headers: &[(&'static str, &str)],
) -> Response<Vec<u8>> {
    let mut built = response(status, None, std::str::from_utf8(body.as_ref()).unwrap());
    headers.iter().for_each(|(name, value)| set_header(&mut built, name, value));
    built
}

#[test]
fn a_providers_codes_are_told_apart() {
    use FederationProblem::*;
    for (status, code, want) in [
        (401, "invalid_client", Some(ClientRefused)),
        (400, "invalid_client", Some(ClientRefused)),
        (200, "invalid_client", Some(ClientRefused)),
        (401, "unauthorized_client", Some(ClientRefused)),
        (400, "unauthorized_client", Some(ClientUnauthorized)),
        (403, "unauthorized_client", Some(ClientUnauthorized)),
        (400, "invalid_grant", Some(GrantRefused)),
        (401, "invalid_grant", Some(GrantRefused)),
        (400, "invalid_scope", Some(ScopeRefused)),
        (400, "unsupported_grant_type", Some(GrantUnsupported)),
        (400, "invalid_request", None),
        (400, "Invalid_Grant", None),
        (403, "access_denied", None),
        (404, "not_found", None),
    ] {
        let description = format!("{PASSWORD} of {CLIENT_SECRET} is\\nwrong");
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        let error = error_of(person(), vec![response(status, None, &body)]);
        let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error}") };
        assert_eq!((refusal.status.as_u16(), refusal.problem), (status, want), "{code}");
        assert_eq!(refusal.origin.as_deref(), Some("https://idp.example:443"));
        let text = error.to_string();
        let start =
            format!("refused with {status} by https://idp.example:443 ({code}: [redacted] of");
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains("the identity provider"), "{text}");
        assert!(!error.is_retryable(), "{text}");
    }
}

#[test]
fn an_overloaded_provider_is_tried_again() {
    let limited = r#"{"error":"slow_down"}"#;
    for (response, retry_at) in [
        (response(500, None, ""), None),
        (response(502, None, "<html>"), None),
        (response(503, None, r#"{"error":"invalid_client"}"#), None),
        (response(429, None, limited), None),
        (response(400, None, r#"{"error":"temporarily_unavailable"}"#), None),
        (response(400, None, r#"{"error":"server_error"}"#), None),
        (with(429, limited, &[("retry-after", "120")]), Some(120)),
        (with(503, "", &[("retry-after", "7")]), Some(7)),
        (with(404, "", &[("retry-after", "7")]), Some(7)),
    ] {
        let error = error_of(robot(), vec![response]);
        let ErrorKind::Unavailable(refusal) = error.kind() else { panic!("{error}") };
        assert_eq!(refusal.problem, None);
        assert!(error.to_string().contains("https://idp.example:443"), "{error}");
        let retry_at = retry_at.map(|seconds| NOW + time::Duration::seconds(seconds));
        assert_eq!(error.retry_at(), retry_at, "{error}");
        assert!(error.is_retryable(), "{error}");
    }
    // A pause does not make a wrong secret right.
    let error = error_of(
        robot(),
        vec![with(400, r#"{"error":"invalid_client"}"#, &[("retry-after", "7")])],
    );
    assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
}

#[test]
fn unusable_token_responses_name_the_provider() {
    for (response, text) in [
        (response(200, None, ""), "no body"),
        (response(204, None, ""), "no body"),
        (response(200, None, "<html>log in</html>"), "HTML"),
        (response(200, None, "access_token=a&token_type=bearer"), "JSON is invalid"),
        (response(200, None, "[]"), "document is of the wrong type"),
        (response(200, None, "{}"), "access_token is missing"),
        (response(200, None, r#"{"id_token":"iii"}"#), "access_token is missing"),
        (response(200, None, r#"{"access_token":["aaa"]}"#), "access_token is of the wrong type"),
        (response(200, None, r#"{"access_token":""}"#), "no token (access_token)"),
        (response(200, None, r#"{"access_token":"a b"}"#), "outside visible ASCII"),
        (response(200, None, r#"{"access_token":"a\r\nX-Evil: 1"}"#), "outside visible ASCII"),
        (response(200, None, r#"{"access_token":"a","access_token":"b"}"#), "repeated key"),
        (
            response(200, None, &format!("{}{}", "[".repeat(500), "]".repeat(500))),
            "document is of the wrong type",
        ),
        (
            response(200, None, &format!(r#"{{"access_token":"{}"}}"#, "x".repeat(32 * 1024 + 1))),
            "exceeds the limit of 32768",
        ),
        (
            with(
                200,
                [0x1f, 0x8b].map(char::from).iter().collect::<String>(),
                &[("content-encoding", "gzip")],
            ),
            "compressed (gzip)",
        ),
        (
            with_header(302, "location", "https://evil.example/x?code=1"),
            "redirects (302 Found) to https://evil.example:443",
        ),
        (
            with_header(307, "location", "https://idp.example/other"),
            "redirects (307 Temporary Redirect)",
        ),
        (response(101, None, ""), "unexpected status 101"),
    ] {
        let error = error_of(robot(), vec![response]);
        let ErrorKind::Protocol(ProtocolError::Provider { origin, document, .. }) = error.kind()
        else {
            panic!("{error}")
        };
        assert_eq!(
            (origin.as_str(), *document),
            ("https://idp.example:443", ProviderDocument::Token)
        );
        let shown = error.to_string();
        assert!(shown.contains(text) && !shown.contains("identity URL"), "{shown}");
        assert!(shown.contains("check the token endpoint"), "{shown}");
    }
    let by_id_token =
        Federation::client_credentials("ovh", "openid", super::client().with_id_token());
    let shown = error_of(by_id_token, vec![bearer()]).to_string();
    assert!(shown.contains("id_token is missing") && shown.contains("add openid"), "{shown}");
}

#[test]
fn a_gate_and_keystone_are_told_apart() {
    use FederationProblem::*;
    let gate = &[("www-authenticate", r#"Bearer error="invalid_token""#)][..];
    let keystone = &[("www-authenticate", "Keystone uri=\"https://keystone.example\"")][..];
    for (response, obtained, given) in [
        (with(401, GATE, gate), BearerRefused, TokenRefused),
        (with(401, "", gate), BearerRefused, TokenRefused),
        (with(401, "", &[]), BearerRefused, TokenRefused),
        (with(401, GATE, &[]), BearerRefused, TokenRefused),
        (with(401, r#"{"error":"invalid_token"}"#, &[]), BearerRefused, TokenRefused),
        (with(401, r#"{"error":{"code":401}}"#, gate), BearerRefused, TokenRefused),
        (with(401, KEYSTONE_401, keystone), NotMapped, NotMapped),
        (with(401, KEYSTONE_401, &[]), NotMapped, NotMapped),
        (with(401, "", keystone), NotMapped, NotMapped),
        (with(403, KEYSTONE_401, &[]), NotMapped, NotMapped),
        (with(401, METHODS, keystone), ProtocolDisabled, ProtocolDisabled),
        (with(404, KEYSTONE_404, &[]), UnknownProvider, UnknownProvider),
        (with(404, "<html>", &[]), UnknownProvider, UnknownProvider),
    ] {
        for (federation, first, want) in
            [(robot(), vec![bearer()], obtained), (holder(), vec![], given)]
        {
            let responses = [first, vec![response.clone()]].concat();
            let error = error_of(federation, responses);
            let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error}") };
            assert_eq!(refusal.problem, Some(want), "{response:?}");
            assert_eq!(refusal.origin.as_deref(), Some("https://keystone.example:443"));
            assert!(error.to_string().contains("the identity service"), "{error}");
            assert!(!error.is_retryable(), "{error}");
        }
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [300, 301, 302, 303, 307, 308] {
        let login = with_header(status, "location", "https://idp.example/authorize?client_id=x");
        for (federation, first) in [(robot(), vec![bearer()]), (holder(), vec![])] {
            let error = error_of(federation, [first, vec![login.clone()]].concat());
            let want = ProtocolError::BearerRedirect {
                origin: "https://keystone.example:443".to_owned(),
                status: status.try_into().unwrap(),
            };
            assert_eq!(*error.kind(), want.into());
            assert!(error.to_string().contains("takes no bearer token"), "{error}");
            assert!(!error.is_retryable());
        }
    }
}

#[test]
fn keystones_outage_is_one_of_keystone() {
    for status in [429, 500, 503] {
        let error = error_of(robot(), vec![bearer(), response(status, None, GATE)]);
        let ErrorKind::Unavailable(refusal) = error.kind() else { panic!("{error}") };
        assert_eq!(refusal.origin.as_deref(), Some("https://keystone.example:443"));
    }
    let error = error_of(robot(), vec![bearer(), response(200, None, "<html>log in</html>")]);
    let missing = ProtocolError::MissingToken { place: "X-Subject-Token" };
    assert_eq!(*error.kind(), missing.into());
}

#[test]
fn a_missing_role_names_the_scope() {
    let refused = response(401, None, KEYSTONE_401);
    let error = error_of(robot(), vec![bearer(), unscoped(), refused]);
    let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error}") };
    assert_eq!(refusal.problem, None);
    assert!(error.to_string().contains("no role in this scope"), "{error}");
}

#[test]
fn an_id_token_is_refused_as_a_given_one() {
    let credential = auth_proto::Credential::federated(Federation::id_token("corp", BEARER));
    for (response, want) in [
        (with(401, KEYSTONE_401, &[]), Some(FederationProblem::TokenRefused)),
        (
            with(401, r#"{"error_code":"IAM.0001","error_msg":"no"}"#, &[]),
            Some(FederationProblem::TokenRefused),
        ),
        (with(404, KEYSTONE_404, &[]), Some(FederationProblem::UnknownProvider)),
        (with(400, r#"{"error":{"code":400,"message":"bearer.of.the-provider"}}"#, &[]), None),
        (with(403, KEYSTONE_401, &[]), None),
    ] {
        let cloud = auth_proto::Cloud::otc("eu-de").unwrap();
        let mut login = Login::new(&cloud, credential.clone(), Scope::default()).unwrap();
        run(&mut login, vec![response]);
        let error = login.poll().unwrap_err();
        check(&error);
        let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error}") };
        assert_eq!(refusal.problem, want);
        assert!(error.to_string().contains("https://iam.eu-de.otc.t-systems.com:443"), "{error}");
    }
}

#[test]
fn a_later_answer_may_repeat_the_bearer() {
    let echo = format!(r#"{{"error":{{"code":400,"message":"not {BEARER} of {UNSCOPED}"}}}}"#);
    let error = error_of(robot(), vec![bearer(), unscoped(), response(400, None, &echo)]);
    assert!(error.to_string().contains("not [redacted] of [redacted]"), "{error}");
}
