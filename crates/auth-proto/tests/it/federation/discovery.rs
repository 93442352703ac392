//! A discovery document moves no secret.

use auth_proto::{
    ErrorKind, Federation, OidcClient, ProtocolError, ProviderDocument, Step, UrlProblem,
};
use http::Response;
use serde_json::json;

use super::{
    DISCOVERY, TOKEN_ENDPOINT, authorization, body, discovered, document, line, login_of, project,
};
use crate::support::{NOW, response, with_header};

fn by(client: OidcClient) -> Federation {
    Federation::client_credentials("corp", "openid", client)
}

/// The error after this document.
#[track_caller]
fn error_of(federation: Federation, response: Response<Vec<u8>>) -> auth_proto::Error {
    let mut login = login_of(federation, project());
    let Ok(Step::Send(request)) = login.poll() else { panic!() };
    assert_eq!(
        (line(&request).as_str(), authorization(&request), body(&request)),
        (format!("GET {DISCOVERY}").as_str(), None, "")
    );
    login.handle_response(response, NOW);
    let error = login.poll().unwrap_err();
    assert!(error.to_string().contains("https://idp.example:443"), "{error}");
    error
}

#[test]
fn endpoints_at_another_origin_are_refused() {
    for (endpoint, named) in [
        ("https://evil.example/token", "https://evil.example:443"),
        ("https://idp.example:8443/token", "https://idp.example:8443"),
        ("https://idp.example.evil.example/token", "https://idp.example.evil.example:443"),
        ("https://evilidp.example/token", "https://evilidp.example:443"),
        ("https://xn--dp-nia.example/token", "https://xn--dp-nia.example:443"),
        ("http://127.0.0.1/token", "http://127.0.0.1:80"),
        ("http://localhost:443/token", "http://localhost:443"),
        ("https://169.254.169.254/token", "https://169.254.169.254:443"),
        ("https://[::1]/token", "https://[::1]:443"),
    ] {
        let error = error_of(by(discovered()), document(endpoint));
        let want = ProtocolError::ProviderOrigin {
            origin: "https://idp.example:443".to_owned(),
            named: named.to_owned(),
        };
        assert_eq!(*error.kind(), want.into(), "{endpoint}");
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("with_allowed_origin"), "{error}");
    }
}

#[test]
fn endpoints_that_are_no_url_are_refused() {
    for (endpoint, problem) in [
        ("http://idp.example/token", UrlProblem::PlainHttpProvider),
        ("http://idp.example:443/token", UrlProblem::PlainHttpProvider),
        ("https://idp.example@evil.example/token", UrlProblem::UserInfo),
        ("https://idp.example:443@evil.example/token", UrlProblem::UserInfo),
        ("https://idp.example/token#x", UrlProblem::Fragment),
        ("https://idp.example/../token", UrlProblem::Path),
        ("https://idp.example\\@evil.example/token", UrlProblem::UserInfo),
        ("https:\\\\evil.example/token", UrlProblem::Slashes),
        ("//evil.example/token", UrlProblem::Scheme),
        ("/token", UrlProblem::Scheme),
        ("javascript:alert(1)", UrlProblem::Scheme),
        ("https://idp.example/to\r\nken", UrlProblem::Blank),
        ("", UrlProblem::Scheme),
    ] {
        let error = error_of(by(discovered()), document(endpoint));
        let origin = "https://idp.example:443".to_owned();
        let want = ProtocolError::ProviderEndpoint { origin, problem };
        assert_eq!(*error.kind(), want.into(), "{endpoint}");
    }
}

#[test]
fn other_spellings_of_the_origin_are_the_same() {
    for endpoint in [
        TOKEN_ENDPOINT,
        "https://IDP.example:443/realms/corp/token",
        "https://idp.example./t",
        "https://idp.example/t?p=policy",
    ] {
        let mut login = login_of(by(discovered()), project());
        let _ = login.poll();
        login.handle_response(document(endpoint), NOW);
        let Ok(Step::Send(request)) = login.poll() else {
            panic!("{endpoint}: {:?}", login.poll())
        };
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.uri().path_and_query().unwrap(),
            endpoint.splitn(4, '/').last().map(|path| format!("/{path}")).unwrap().as_str()
        );
    }
}

#[test]
fn an_allowed_origin_is_one_more() {
    let client = || discovered().with_allowed_origin("https://oauth2.example");
    let mut login = login_of(by(client()), project());
    let _ = login.poll();
    login.handle_response(document("https://oauth2.example/token"), NOW);
    let Ok(Step::Send(request)) = login.poll() else { panic!() };
    assert_eq!(line(&request), "POST https://oauth2.example/token");
    for endpoint in ["https://oauth2.example:8443/t", "https://evil.example/t"] {
        let error = error_of(by(client()), document(endpoint));
        assert!(matches!(error.kind(), ErrorKind::Protocol(ProtocolError::ProviderOrigin { .. })));
    }
}

#[test]
fn a_grant_must_be_listed_if_any_is() {
    let grants = |grants| {
        let body = json!({"token_endpoint": TOKEN_ENDPOINT, "grant_types_supported": grants});
        response(200, None, &body.to_string())
    };
    for listed in [json!([]), json!(["password"]), json!(["Client_Credentials"]), json!("password")]
    {
        let error = error_of(by(discovered()), grants(listed));
        let grant = "client_credentials";
        let origin = "https://idp.example:443".to_owned();
        assert_eq!(*error.kind(), ProtocolError::ProviderGrant { origin, grant }.into());
        assert!(!error.is_retryable());
    }
    for listed in [json!(null), json!(["client_credentials"]), json!({}), json!(7)] {
        let mut login = login_of(by(discovered()), project());
        let _ = login.poll();
        login.handle_response(grants(listed), NOW);
        assert!(matches!(login.poll(), Ok(Step::Send(_))));
    }
}

#[test]
fn documents_that_are_none_name_the_provider() {
    for (response, text, is_retryable) in [
        (response(200, None, ""), "no body", true),
        (response(200, None, "<html>"), "HTML", true),
        (response(200, None, "token_endpoint"), "JSON is invalid", true),
        (response(200, None, "{}"), "token_endpoint is missing; set the token endpoint", true),
        (
            response(200, None, r#"{"token_endpoint":["https://idp.example"]}"#),
            "of the wrong type",
            true,
        ),
        (
            response(
                200,
                None,
                r#"{"token_endpoint":"https://idp.example/a","token_endpoint":"https://evil.example"}"#,
            ),
            "repeated key",
            true,
        ),
        (with_header(301, "location", "https://evil.example/"), "redirects (301", false),
    ] {
        let error = error_of(by(discovered()), response);
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Protocol(ProtocolError::Provider {
                    document: ProviderDocument::Discovery,
                    ..
                })
            ),
            "{error}"
        );
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
    }
    for (status, is_retryable) in
        [(401, false), (403, false), (404, false), (429, true), (503, true)]
    {
        let error = error_of(by(discovered()), response(status, None, "<html>"));
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
        if !is_retryable {
            assert!(error.to_string().contains("no secret was sent"), "{error}");
        }
    }
}
