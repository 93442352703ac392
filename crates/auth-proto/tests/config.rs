//! Bad input gets a typed error that names the field and the remedy, before a byte is sent.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use auth_proto::{
    Cloud, ConfigError, Credential, DomainRef, Error, ErrorKind, Factor, IdentityRequest, Login,
    Scope, Session, Settings, UrlProblem, UserProjects, UserRef, Validate, limits,
};

fn stock() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

fn v2() -> Cloud {
    Cloud::keystone("https://keystone.example/v2.0").unwrap()
}

fn alice() -> UserRef {
    UserRef::name_in("alice", DomainRef::name("Default"))
}

fn password() -> Credential {
    Credential::password(alice(), "alice-pw")
}

fn refused(cloud: &Cloud, credential: Credential, scope: Scope) -> ConfigError {
    config(Login::new(cloud, credential, scope).unwrap_err())
}

fn config(error: Error) -> ConfigError {
    assert!(!error.is_retryable());
    match error.kind() {
        ErrorKind::Config(why) => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn empty_and_oversized_input() {
    let project = || Scope::project_id("p");
    let long = "x".repeat(limits::INPUT + 1);
    for (credential, scope, field) in [
        (Credential::password(alice(), ""), project(), "credential.password"),
        (Credential::password(UserRef::id(""), "pw"), project(), "credential.user.id"),
        (
            Credential::password(UserRef::name_in("", DomainRef::id("d")), "pw"),
            project(),
            "credential.user.name",
        ),
        (
            Credential::password(UserRef::name_in("a", DomainRef::id("")), "pw"),
            project(),
            "credential.user.domain",
        ),
        (Credential::token(""), project(), "credential.token"),
        (Credential::totp(alice(), ""), project(), "credential.totp"),
        (Credential::application_credential("", "s"), Scope::default(), "credential.id"),
        (Credential::application_credential("i", ""), Scope::default(), "credential.secret"),
        (
            Credential::application_credential_of(alice(), "", "s"),
            Scope::default(),
            "credential.name",
        ),
        (password(), Scope::project_id(""), "scope.project.id"),
        (password(), Scope::project_name_in("", DomainRef::id("d")), "scope.project.name"),
        (password(), Scope::project_name_in("p", DomainRef::id("")), "scope.project.domain"),
        (password(), Scope::domain_id(""), "scope.domain"),
        (password(), Scope::trust(""), "scope.trust"),
    ] {
        assert_eq!(refused(&stock(), credential, scope), ConfigError::Empty { field });
    }
    let limit = limits::INPUT;
    let field = "credential.password";
    assert_eq!(
        refused(&stock(), Credential::password(alice(), long.as_str()), project()),
        ConfigError::TooLong { field, limit }
    );
    assert!(
        Login::new(&stock(), Credential::password(alice(), &long[1..]), project()).is_ok(),
        "the limit itself is allowed"
    );
}

#[test]
fn tokens_and_codes_are_visible_ascii() {
    for text in ["a b", "a\n", "토큰", "a\u{7f}", "\u{0}", "a\r\nX-Evil: 1"] {
        let field = "credential.token";
        assert_eq!(
            refused(&stock(), Credential::token(text), Scope::project_id("p")),
            ConfigError::Characters { field }
        );
        let field = "credential.totp";
        assert_eq!(
            refused(&stock(), password().and(Factor::totp(text)), Scope::project_id("p")),
            ConfigError::Characters { field }
        );
        let field = "token";
        // A header's own blanks at its ends are not part of it.
        if text.trim() == text {
            let validate = Validate::new(&stock(), text).request();
            assert_eq!(config(validate.unwrap_err()), ConfigError::Characters { field });
        }
    }
}

#[test]
fn names_need_their_domains_where_the_dialect_has_them() {
    let by_name = Credential::password("alice", "pw");
    assert_eq!(refused(&stock(), by_name.clone(), Scope::default()), ConfigError::UserDomain);
    assert_eq!(
        refused(&stock(), password(), Scope::project_name("demo")),
        ConfigError::ProjectDomain
    );
    let field = "credential.user.domain";
    assert_eq!(refused(&v2(), password(), Scope::default()), ConfigError::DomainUnknown { field });
    let field = "scope.project.domain";
    let scope = Scope::project_name_in("demo", DomainRef::id("default"));
    assert_eq!(refused(&v2(), by_name.clone(), scope), ConfigError::DomainUnknown { field });

    // Huawei Cloud and Open Telekom Cloud find a project by its name alone, but no user.
    for cloud in [Cloud::huawei(), Cloud::otc("eu-de").unwrap()] {
        assert!(Login::new(&cloud, password(), Scope::project_name("cn-north-1")).is_ok());
        let error = refused(&cloud, by_name.clone(), Scope::project_name("cn-north-1"));
        assert_eq!(error, ConfigError::UserDomain);
    }
    assert!(Login::new(&v2(), by_name, Scope::project_name("demo")).is_ok());
}

/// Keystone 12 answers 403 to a trust without a tenant, and 400 where a password is with it.
#[test]
fn a_trust_in_v2_needs_its_project() {
    let by_name = || Credential::password("alice", "pw");
    assert_eq!(refused(&v2(), by_name(), Scope::trust("t")), ConfigError::TrustProject);
    assert!(Login::new(&v2(), by_name(), Scope::trust_in("t", "p")).is_ok());
    assert!(Login::new(&stock(), password(), Scope::trust("t")).is_ok());
    let (error, field) =
        (refused(&stock(), password(), Scope::trust_in("t", "")), "scope.project.id");
    assert_eq!(error, ConfigError::Empty { field });
}

#[test]
fn application_credentials_carry_no_scope() {
    let credential = || Credential::application_credential("id", "secret");
    for scope in [
        Scope::project_id("p"),
        Scope::project_name("p"),
        Scope::domain_name("d"),
        Scope::system(),
        Scope::trust("t"),
        Scope::unscoped(),
    ] {
        for cloud in [stock(), Cloud::kakao()] {
            let error = refused(&cloud, credential(), scope.clone());
            assert_eq!(error, ConfigError::ApplicationCredentialScope);
            assert!(error.to_string().contains("Scope::default()"), "{error}");
        }
    }
    assert!(Login::new(&stock(), credential(), Scope::default()).is_ok());
}

#[test]
fn clouds_say_what_they_take() {
    let method = |error: ConfigError| match error {
        ConfigError::Method { cloud, method, takes } => (cloud, method, takes),
        other => panic!("{other:?}"),
    };
    let nhn = refused(&Cloud::nhn(), Credential::token("t"), Scope::project_id("p"));
    assert_eq!(method(nhn), ("NHN Cloud", "token", "password".to_owned()));
    let kakao = refused(&Cloud::kakao(), password(), Scope::default());
    assert_eq!(method(kakao), ("KakaoCloud", "password", "application_credential".to_owned()));
    let key = Credential::application_credential("i", "s");
    let huawei = refused(&Cloud::huawei(), key.clone(), Scope::default());
    assert_eq!(
        method(huawei),
        ("Huawei Cloud", "application_credential", "password, token, totp".to_owned())
    );
    let v2_key = refused(&v2(), key, Scope::default());
    assert_eq!(
        method(v2_key),
        ("Keystone", "application_credential", "password, token".to_owned())
    );
    let two = Credential::password("alice", "pw").and(Factor::totp("123456"));
    assert_eq!(method(refused(&v2(), two, Scope::default())).1, "second factor");

    for (cloud, scope) in [
        (Cloud::nhn(), Scope::default()),
        (Cloud::nhn(), Scope::project_name("p")),
        (Cloud::huawei(), Scope::default()),
        (Cloud::huawei(), Scope::system()),
        (Cloud::otc("eu-de").unwrap(), Scope::unscoped()),
        (v2(), Scope::domain_name("d")),
        (v2(), Scope::system()),
    ] {
        let credential = match cloud.api_version() {
            Some(auth_proto::ApiVersion::V2) => Credential::password("alice", "pw"),
            _ => password(),
        };
        let error = refused(&cloud, credential, scope);
        assert!(matches!(error, ConfigError::Scope { .. }), "{cloud:?}: {error:?}");
        assert!(error.to_string().starts_with("scope: "), "{error}");
    }
}

#[test]
fn factors_are_given_once_and_belong_to_somebody() {
    let twice = password().and(Factor::password("other"));
    let method = "password";
    assert_eq!(refused(&stock(), twice, Scope::default()), ConfigError::MethodTwice { method });
    let nobody = Credential::application_credential("i", "s").and(Factor::totp("123456"));
    let method = "totp";
    assert_eq!(refused(&stock(), nobody, Scope::default()), ConfigError::UserMissing { method });
}

#[test]
fn urls_are_checked_when_a_cloud_is_made() {
    let problem = |url: &str| match config(Cloud::keystone(url).unwrap_err()) {
        ConfigError::Url { field: "identity url", problem } => problem,
        other => panic!("{other:?}"),
    };
    for (url, want) in [
        ("http://keystone.example/v3", UrlProblem::PlainHttp),
        ("http://10.0.0.7:5000/v3", UrlProblem::PlainHttp),
        ("http://localhost.example/v3", UrlProblem::PlainHttp),
        ("https://user:pw@keystone.example/v3", UrlProblem::UserInfo),
        ("https://keystone.example:99999/v3", UrlProblem::Port),
        ("keystone.example/v3", UrlProblem::Scheme),
        ("https://keystone.example/v3?x=1", UrlProblem::Query),
    ] {
        assert_eq!(problem(url), want, "{url}");
        let error = Cloud::keystone(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("pw"), "{error:?}");
    }
    for url in ["http://127.0.0.1:5000/v3", "http://localhost:5000", "http://[::1]/identity/v3"] {
        assert!(Cloud::keystone(url).is_ok(), "{url}");
    }
    let plain = Cloud::keystone_over_plain_http("http://10.0.0.7:5000/v3").unwrap();
    assert_eq!(plain.identity_url(), "http://10.0.0.7:5000/v3");
    assert!(!plain.is_https_only());
}

#[test]
fn an_account_checks_its_credential_at_once_and_a_replacement_too() {
    let error = Session::new(stock(), Credential::password(alice(), ""), Settings::default());
    assert_eq!(config(error.unwrap_err()), ConfigError::Empty { field: "credential.password" });
}

/// That no secret is among it is held elsewhere.
#[test]
fn debug_shows_what_helps() {
    let error = refused(&Cloud::nhn(), Credential::token("t"), Scope::project_id("p"));
    let request =
        support::first_request(&v2(), Credential::password("alice", "pw"), Scope::project_id("p"));
    let length = request.body().as_bytes().len();
    assert!(!request.body().is_empty());
    let token = r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "project": {"id": "p1"}}}"#;
    let token = support::response(201, Some("t"), token);
    let token = support::login_with(&stock(), password(), Scope::project_id("p1"), token).unwrap();
    for (shown, part) in [
        (format!("{:?}", Cloud::nhn()), "NHN Cloud"),
        (format!("{:?}", Error::from(error)), "NHN Cloud"),
        (format!("{:?}", Factor::totp("123456")), "Factor(totp)"),
        (format!("{:?}", request.body()), &format!("Body({length} bytes)")),
        (format!("{token:?}"), "p1"),
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn ids_become_one_segment_of_a_path() {
    let url = |cloud: &Cloud, id: &str| {
        UserProjects::new(cloud, id).request().map(|request| request.uri().to_string())
    };
    assert_eq!(
        url(&stock(), "a/../b?c=d#e é").unwrap(),
        "https://keystone.example/v3/users/a%2F..%2Fb%3Fc%3Dd%23e%20%C3%A9/projects"
    );
    for id in [".", ".."] {
        assert!(matches!(config(url(&stock(), id).unwrap_err()), ConfigError::Id { .. }));
    }
    assert!(matches!(config(url(&stock(), "").unwrap_err()), ConfigError::Empty { .. }));
    assert_eq!(config(url(&v2(), "u").unwrap_err()), ConfigError::NotInV2);
    let unversioned = Cloud::keystone("https://keystone.example").unwrap();
    assert_eq!(config(url(&unversioned, "u").unwrap_err()), ConfigError::Version);
}

#[test]
fn nothing_shows_a_secret() {
    let secrets = ["canary-pw", "canary-code", "canary-secret", "canary-token"];
    let password = Credential::password(alice(), secrets[0]).and(Factor::totp(secrets[1]));
    let key = Credential::application_credential("id", secrets[2]);
    let token = Credential::token(secrets[3]);
    let login = Login::new(&stock(), password.clone(), Scope::project_id("p")).unwrap();
    let request = support::request_of(&login);
    let account = Session::new(stock(), password.clone(), Settings::default()).unwrap();
    let exchange = support::first_request(&stock(), token.clone(), Scope::project_id("p"));
    let validate = Validate::new(&stock(), secrets[3]).request().unwrap();
    let factor = Factor::totp(secrets[1]);
    let shown = format!(
        "{password:?} {key:?} {token:?} {login:?} {:?} {request:?} {account:?} {exchange:?} \
         {validate:?} {factor:?} {:#?}",
        login.poll(),
        login
    );
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
