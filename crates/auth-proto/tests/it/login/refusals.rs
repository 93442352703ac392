//! Refused logins: whether a later try makes sense, and the remedy.

use auth_proto::{ApiVersion, Cloud, Error, ErrorKind, Login, Scope, Step};
use http::{Response, StatusCode};

use super::{keystone, password};
use crate::support::{NOW, response, with_header};

/// The error of a login that is refused with this response.
fn refused(scope: Scope, response: Response<Vec<u8>>) -> Error {
    let mut login = Login::new(&keystone(), password(), scope).unwrap();
    login.handle_response(response, NOW);
    login.poll().unwrap_err()
}

#[test]
fn late_responses_change_nothing() {
    let token = || {
        let body = r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "project": {"id": "p"}}}"#;
        response(201, Some("t"), body)
    };
    let mut login = Login::new(&keystone(), password(), Scope::project_id("p")).unwrap();
    login.handle_response(token(), NOW);
    login.handle_response(response(401, None, "{}"), NOW);
    assert!(matches!(login.poll(), Ok(Step::Done(_))));
    let mut login = Login::new(&keystone(), password(), Scope::project_id("p")).unwrap();
    login.handle_response(response(401, None, "{}"), NOW);
    login.handle_response(token(), NOW);
    let error = login.poll().unwrap_err();
    assert_eq!(error, login.poll().unwrap_err());
}

#[test]
fn retry_after_is_read_from_any_refusal() {
    let error = refused(Scope::default(), with_header(429, "retry-after", "30"));
    assert!(error.is_retryable());
    assert_eq!(error.retry_at(), Some(NOW + time::Duration::seconds(30)));
    let ErrorKind::Unavailable(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(error.to_string().contains("2026-11-22T08:00:30Z"), "{error}");
    for (status, retryable) in [(400, true), (401, false), (403, false), (307, false)] {
        let error = refused(Scope::default(), with_header(status, "retry-after", "30"));
        assert_eq!(error.is_retryable(), retryable, "{status}");
        assert_eq!(error.retry_at(), Some(NOW + time::Duration::seconds(30)), "{status}");
    }
    // A text that says nothing changes nothing.
    let error = refused(Scope::default(), with_header(400, "retry-after", "soon"));
    assert_eq!((error.is_retryable(), error.retry_at()), (false, None));
}

#[test]
fn a_refused_trust_has_its_own_remedy() {
    for status in [401, 403, 404] {
        let error = refused(Scope::trust("t"), response(status, None, "{}")).to_string();
        assert!(error.contains("trust") && error.contains("remaining uses"), "{error}");
    }
}

#[test]
fn each_status_is_transient_or_permanent() {
    let permanent = [400, 401, 403, 404, 405, 409, 410, 413, 422, 501, 505, 519, 531];
    let transient = [408, 425, 429, 500, 502, 503, 504, 520, 530];
    let permanent = permanent.map(|status| (status, false)).into_iter();
    for (status, retryable) in permanent.chain(transient.map(|status| (status, true))) {
        let error = refused(Scope::default(), response(status, None, ""));
        assert_eq!(error.is_retryable(), retryable, "{status}");
        let (ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) = error.kind() else {
            panic!("{error:?}")
        };
        let remedy = match status {
            400 => "check the names, the domains and the scope",
            401 => "check the user, the secret, the user's domain and the scope",
            403 => "ask for a role in this scope",
            404 => "check the ids and the identity URL",
            413 => "too large",
            429 => "reuse tokens",
            _ if retryable => "try again later",
            _ => "check the identity URL",
        };
        assert!(refusal.remedy.contains(remedy), "{status}: {error}");
    }
}

#[test]
fn a_cloud_at_another_url_keeps_its_rules() {
    for (url, identity_url) in [
        ("http://127.0.0.1:5000/kakao/identity/v3", "http://127.0.0.1:5000/kakao/identity/v3"),
        ("http://127.0.0.1:5000/kakao/identity/", "http://127.0.0.1:5000/kakao/identity/v3"),
    ] {
        let cloud = Cloud::kakao().at(url).unwrap();
        assert_eq!(cloud.identity_url(), identity_url);
        assert_eq!(cloud.api_version(), Some(ApiVersion::V3));
        assert!(Login::new(&cloud, password(), Scope::default()).is_err());
    }
}
