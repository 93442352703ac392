//! Services without an identity service: no login, one URL, one fixed credential.

use auth_proto::{
    Action, Cloud, ConfigError, ConfigField, Credential, Destination, EndpointQuery, Error,
    ErrorKind, Factor, IdentityRequest, Login, Projects, RefusalReason, RetryDecision, Scope,
    ServiceCall, Session, Settings, Step, UrlProblem, UserRef,
};
use http::{Request, Uri};

use crate::support::NOW;

const IRONIC: &str = "https://ironic.example:6385/v1";

fn session(credential: Credential) -> Session {
    let cloud = Cloud::standalone(IRONIC).unwrap();
    Session::new(cloud, credential, Settings::default()).unwrap()
}

fn error_of(url: &str, credential: Credential) -> Option<ConfigError> {
    let cloud = Cloud::standalone(url).unwrap();
    let error = Session::new(cloud.clone(), credential.clone(), Settings::default()).err()?;
    assert_eq!(Login::new(&cloud, credential, Scope::default()).unwrap_err(), error);
    Some(config(error))
}

fn config(error: Error) -> ConfigError {
    let ErrorKind::Config(error) = error.kind() else { panic!("{error}") };
    error.clone()
}

#[test]
fn overrides_alone_are_all_services() {
    let cloud = Cloud::standalone_overrides().with_override("baremetal", IRONIC).unwrap();
    let mut session = Session::new(cloud, Credential::no_auth(), Settings::default()).unwrap();
    let Action::Use(token) = session.poll(&Scope::default(), NOW) else { panic!("a request") };
    let url = |service: &str| {
        let endpoint = session.cloud().endpoint(&token, &EndpointQuery::new(service));
        endpoint.map(|endpoint| endpoint.url().to_owned())
    };
    assert_eq!(url("baremetal").as_deref(), Ok(IRONIC));
    for service in ["compute", "identity", "baremetal-introspection"] {
        let error = url(service).unwrap_err().to_string();
        assert!(error.contains(&format!("service {service}")), "{error}");
    }
}

/// The header that a request gets, if any.
#[test]
fn each_credential_has_its_header() {
    for (credential, name, value) in [
        (Credential::existing_token("tok"), "x-auth-token", Some("tok")),
        (
            Credential::http_basic("Aladdin", "open sesame"),
            "authorization",
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ),
        // RFC 7617, section 2.1.
        (
            Credential::http_basic("test", "123\u{a3}"),
            "authorization",
            Some("Basic dGVzdDoxMjPCow=="),
        ),
        (Credential::http_basic("a", "b:c"), "authorization", Some("Basic YTpiOmM=")),
        (Credential::no_auth(), "x-auth-token", None),
    ] {
        let mut session = session(credential.clone());
        let Action::Use(token) = session.poll(&Scope::default(), NOW) else { panic!("a request") };
        let cloud = session.cloud().clone();
        let mut request = Request::get(format!("{IRONIC}/nodes")).body(()).unwrap();
        cloud.authorize(&token, &mut request).unwrap();
        let got = request.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(got, value, "{credential:?}");
        assert_eq!(request.headers().len(), usize::from(value.is_some()));
        assert!(request.headers().values().all(http::HeaderValue::is_sensitive));
        assert_eq!(token.header_name().is_some(), value.is_some());
        assert!(!token.is_validated());
        let login = Login::new(&cloud, credential, Scope::default()).unwrap();
        let Step::Done(token) = login.poll().unwrap() else { panic!("a request") };
        assert_eq!(token.expose(), value.unwrap_or_default());
        // Debug shows neither password nor header.
        for shown in [format!("{session:?}"), format!("{token:?}"), format!("{login:?}")] {
            for secret in ["sesame", "QWxh", "123", "b:c", "tok\""] {
                assert!(!shown.contains(secret), "{secret}: {shown}");
            }
        }
    }
}

#[test]
fn every_service_is_at_the_url() {
    let mut session = session(Credential::no_auth());
    let Action::Use(token) = session.poll(&Scope::default(), NOW) else { panic!("a request") };
    let cloud = session.cloud().clone();
    let cloud = cloud.with_override("image", "https://glance.example").unwrap();
    for (service, url) in [
        ("baremetal", IRONIC),
        ("identity", IRONIC),
        ("image", "https://glance.example"),
        ("x", IRONIC),
    ] {
        let want = EndpointQuery::new(service).region("any");
        assert_eq!(cloud.endpoint(&token, &want).unwrap().url(), url);
    }
    let moved = cloud.at("https://other.example/v3").unwrap();
    let found = moved.endpoint(&token, &"compute".into()).unwrap();
    assert_eq!(found.url(), "https://other.example/v3");
    assert_eq!(moved.api_version(), None);
}

#[test]
fn a_401_is_final_and_sends_nothing() {
    let url = Uri::from_static(IRONIC);
    for credential in
        [Credential::existing_token("tok"), Credential::http_basic("a", "b"), Credential::no_auth()]
    {
        let mut session = session(credential);
        let scope = Scope::default();
        for _ in 0..3 {
            let Action::Use(token) = session.poll_to(&scope, Destination::At(&url), NOW) else {
                panic!("a request")
            };
            let decision = ServiceCall::new().decide(&mut session, &token, &url, true, NOW);
            assert_eq!(decision, RetryDecision::Deliver);
            let event = session.poll_event().unwrap().to_string();
            assert!(event.contains(&RefusalReason::NoOtherToken.to_string()), "{event}");
            session.handle_interrupted(&token, NOW);
        }
        assert!(matches!(session.renew(&scope, NOW), Action::Use(_)));
        assert!(session.cached_token(&scope, NOW).is_some());
        assert!(session.at_deadline(&scope, Destination::Unknown, NOW).is_ok());
        assert!(session.refresh_pause(&scope, NOW).is_some());
        session.close();
        assert!(matches!(session.poll(&scope, NOW), Action::Fail(_)));
        assert_eq!(session.cached_token(&scope, NOW).map(drop), None);
    }
}

#[test]
fn a_new_credential_replaces_the_header() {
    let mut session = session(Credential::http_basic("a", "b"));
    session.replace_credential(Credential::existing_token("tok")).unwrap();
    let Action::Use(token) = session.poll(&Scope::default(), NOW) else { panic!("a request") };
    assert_eq!(token.expose(), "tok");
    let error = session.replace_credential(Credential::password(UserRef::id("u"), "pw"));
    assert!(matches!(config(error.unwrap_err()), ConfigError::Method { .. }));
    assert!(matches!(session.poll(&Scope::default(), NOW), Action::Use(_)));
}

#[test]
fn plain_http_shows_no_secret() {
    let plain =
        ConfigError::Url { field: ConfigField::StandaloneUrl, problem: UrlProblem::PlainHttp };
    let basic = || Credential::http_basic("a", "b");
    let token = || Credential::existing_token("tok");
    for (url, credential, error) in [
        ("http://ironic.lab:6385", basic(), Some(&plain)),
        ("http://ironic.lab:6385", token(), Some(&plain)),
        ("http://10.0.0.7", basic(), Some(&plain)),
        ("http://ironic.lab:6385", Credential::no_auth(), None),
        ("http://127.0.0.1:6385", basic(), None),
        ("http://localhost:6385", token(), None),
        ("https://ironic.lab", basic(), None),
    ] {
        assert_eq!(error_of(url, credential).as_ref(), error, "{url}");
    }
    let allowed = Cloud::standalone("http://ironic.lab:6385").unwrap();
    let allowed = allowed.allow_origin("http://ironic.lab:6385").unwrap();
    assert!(Session::new(allowed, basic(), Settings::default()).is_ok());
}

#[test]
fn what_cannot_work_is_refused() {
    let password = Credential::password(UserRef::id("u"), "pw");
    for (url, credential) in [
        (IRONIC, password.clone()),
        (IRONIC, Credential::token("tok")),
        (IRONIC, Credential::http_basic("a", "b").and(Factor::totp("1"))),
    ] {
        let error = error_of(url, credential);
        assert!(matches!(error, Some(ConfigError::Method { .. })), "{error:?}");
    }
    for (user, password) in [("a:b", "c"), ("a", "b\n"), ("a\0", "b"), ("a", "\u{7f}")] {
        let credential = Credential::http_basic(user, password);
        assert_eq!(error_of(IRONIC, credential), Some(ConfigError::HttpBasic));
    }
    for empty in [Credential::http_basic("", "b"), Credential::http_basic("a", "")] {
        assert!(matches!(error_of(IRONIC, empty), Some(ConfigError::Empty { .. })));
    }
    for (credential, name) in [
        (Credential::no_auth(), "no authentication"),
        (Credential::http_basic("a", "b"), "HTTP Basic"),
    ] {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let error = Session::new(cloud, credential, Settings::default()).unwrap_err();
        assert!(error.to_string().contains(&format!("{name} is not supported")), "{error}");
    }
    for url in [
        "",
        "ironic:6385",
        "https://u:p@ironic",
        "https://ironic/?x",
        "https://ironic/v1/%(project_id)s",
        "https://ironic/{region_name}",
    ] {
        let error = config(Cloud::standalone(url).unwrap_err());
        let field = ConfigField::StandaloneUrl;
        assert!(matches!(error, ConfigError::Url { field: of, .. } if of == field), "{error}");
    }
    let mut session = session(Credential::no_auth());
    let Action::Fail(error) = session.poll(&Scope::project_id("p"), NOW) else { panic!("a token") };
    assert!(matches!(config(error), ConfigError::Scope { .. }));
    let projects = Projects::new(session.cloud()).request();
    assert_eq!(config(projects.unwrap_err()), ConfigError::NoIdentity);
}
