//! An identity URL without a version: the server is asked for its versions first.

use auth_proto::{Cloud, Credential, Error, ErrorKind, Login, ProtocolError, Scope};

use super::password;
use crate::support::{NOW, protocol_error, request_of, response};

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
fn the_newest_usable_version_is_taken() {
    // The server's own links are never followed.
    let login = discover(300, VERSIONS, password()).unwrap();
    assert_eq!(request_of(&login).uri(), "https://keystone.example/identity/v3/auth/tokens");

    let v2 = VERSIONS
        .replace("\"v3.14\", \"status\": \"stable\"", "\"v3.14\", \"status\": \"experimental\"");
    let login = discover(200, &v2, Credential::password("alice", "pw")).unwrap();
    assert_eq!(request_of(&login).uri(), "https://keystone.example/identity/v2.0/tokens");
}

#[test]
fn the_version_decides_what_is_valid() {
    let error = discover(300, VERSIONS, Credential::password("alice", "pw")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
}

#[test]
fn failed_discovery_has_its_own_error() {
    let why = |status, body| protocol_error(discover(status, body, password()));
    assert_eq!(why(200, r#"{"versions":[{"id":"v4.0"}]}"#), ProtocolError::Version);
    assert_eq!(why(200, "{}"), ProtocolError::Version);
    assert!(matches!(why(300, ""), ProtocolError::Redirect { .. }));
    assert!(matches!(why(301, VERSIONS), ProtocolError::Redirect { .. }));
    for (status, body) in [
        (200, "<html>"),
        (200, ""),
        (200, "[]"),
        (200, "{"),
        (203, "null"),
        (204, ""),
        (404, "<html>"),
    ] {
        let error = discover(status, body, password()).unwrap_err();
        assert!(matches!(
            protocol_error::<()>(Err(error.clone())),
            ProtocolError::Discovery { .. }
        ));
        // A page of a proxy may be gone a moment later.
        assert_eq!(error.is_retryable(), status < 300, "{error}");
    }
}

/// No credential was sent, so that no remedy may be about one.
#[test]
fn a_refused_discovery_names_the_url() {
    let body = r#"{"error": {"code": 401, "title": "Unauthorized", "message": "no"}}"#;
    for status in [400, 401, 403, 404, 405, 407, 410, 418, 451, 501] {
        for body in [body, "", "<html>no</html>"] {
            let error = discover(status, body, password()).unwrap_err();
            assert!(!error.is_retryable());
            let shown = error.to_string();
            for part in [
                "https://keystone.example/identity/ answered",
                &status.to_string(),
                "no credential was sent",
                "for example https://keystone.example/identity/v3",
            ] {
                assert!(shown.contains(part), "{shown}");
            }
            assert!(!shown.contains("check the user") && !shown.contains("no access"), "{shown}");
            let url = "https://keystone.example/identity/".to_owned();
            let status = status.try_into().unwrap();
            assert_eq!(protocol_error::<()>(Err(error)), ProtocolError::Discovery { url, status });
        }
    }
    for status in [408, 429, 500, 502, 503] {
        let error = discover(status, body, password()).unwrap_err();
        assert!(error.is_retryable() && matches!(error.kind(), ErrorKind::Unavailable(_)));
        let shown = error.to_string();
        assert!(shown.contains("API versions, without a credential"), "{shown}");
    }
    // Without a path.
    let mut login = Login::new(
        &Cloud::keystone("https://h.example:5000").unwrap(),
        password(),
        Scope::default(),
    )
    .unwrap();
    login.handle_response(response(401, None, ""), NOW);
    let shown = login.poll().unwrap_err().to_string();
    assert!(shown.ends_with("for example https://h.example:5000/v3"), "{shown}");
}
