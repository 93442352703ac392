//! Invalid input gets a typed error that names the field and the remedy, before a byte is sent.

use auth_proto::{
    ApiVersion, Cloud, ConfigError, ConfigField, Credential, DomainRef, Error, ErrorKind, Factor,
    IdentityRequest, Login, MethodKind, Scope, Session, Settings, UrlProblem, UserProjects,
    UserRef, Validate,
};

use crate::support::{
    alice, config_error, first_request, keystone, keystone_v2, login_with, password, request_of,
    response,
};

fn refused(cloud: &Cloud, credential: Credential, scope: Scope) -> ConfigError {
    config_error(Login::new(cloud, credential, scope))
}

#[test]
fn empty_input_is_refused() {
    let project = || Scope::project_id("p");
    for (credential, scope, field, path) in [
        (
            Credential::password(alice(), ""),
            project(),
            ConfigField::Password,
            "credential.password",
        ),
        (
            Credential::password(UserRef::id(""), "pw"),
            project(),
            ConfigField::UserId,
            "credential.user.id",
        ),
        (
            Credential::password(UserRef::name_in("", DomainRef::id("d")), "pw"),
            project(),
            ConfigField::UserName,
            "credential.user.name",
        ),
        (
            Credential::password(UserRef::name_in("a", DomainRef::id("")), "pw"),
            project(),
            ConfigField::UserDomain,
            "credential.user.domain",
        ),
        (Credential::token(""), project(), ConfigField::Token, "credential.token"),
        (Credential::totp(alice(), ""), project(), ConfigField::Totp, "credential.totp"),
        (
            Credential::application_credential("", "s"),
            Scope::default(),
            ConfigField::ApplicationCredentialId,
            "credential.id",
        ),
        (
            Credential::application_credential("i", ""),
            Scope::default(),
            ConfigField::ApplicationCredentialSecret,
            "credential.secret",
        ),
        (
            Credential::application_credential_of(alice(), "", "s"),
            Scope::default(),
            ConfigField::ApplicationCredentialName,
            "credential.name",
        ),
        (password(), Scope::project_id(""), ConfigField::ProjectId, "scope.project.id"),
        (
            password(),
            Scope::project_name_in("", DomainRef::id("d")),
            ConfigField::ProjectName,
            "scope.project.name",
        ),
        (
            password(),
            Scope::project_name_in("p", DomainRef::id("")),
            ConfigField::ProjectDomain,
            "scope.project.domain",
        ),
        (password(), Scope::domain_id(""), ConfigField::Domain, "scope.domain"),
        (password(), Scope::trust(""), ConfigField::Trust, "scope.trust"),
    ] {
        let error = refused(&keystone(), credential, scope);
        assert_eq!(error.to_string(), format!("{path}: empty; enter a value"));
        assert_eq!(error, ConfigError::Empty { field });
    }
}

/// In a header it is refused, in a URL it is refused or escaped, and in a body JSON escapes it.
#[test]
fn a_line_break_ends_no_line_of_a_request() {
    const TEXT: &str = "x\r\nX-Evil: 1";
    let login = |credential, scope| {
        Login::new(&keystone(), credential, scope).map(|login| request_of(&login))
    };
    let project = || Scope::project_id("p");
    let named = || Credential::password(UserRef::name_in(TEXT, DomainRef::name(TEXT)), TEXT);
    let url = |path: &str| format!("https://keystone.example/{path}{TEXT}");
    let at = |cloud: Result<Cloud, Error>| Ok(first_request(&cloud?, password(), project()));
    for (place, request, refused_field) in [
        ("a token", login(Credential::token(TEXT), project()), Some("credential.token")),
        (
            "an own token",
            login(Credential::existing_token(TEXT), project()),
            Some("credential.token"),
        ),
        ("a code", login(password().and(Factor::totp(TEXT)), project()), Some("credential.totp")),
        ("a subject", Validate::new(&keystone(), TEXT).request(), Some("SubjectToken")),
        ("a URL", at(Cloud::keystone(&url(""))), Some("identity url")),
        ("a version", at(Cloud::keystone(&url("v3"))), Some("identity url")),
        ("a region", at(Cloud::otc(TEXT)), Some("Region")),
        ("an override", at(keystone().with_override("compute", url("v2"))), Some("Url")),
        ("a user id", UserProjects::new(&keystone(), TEXT).request(), None),
        ("a user and a password", login(named(), project()), None),
        ("a project", login(password(), Scope::project_id(TEXT)), None),
        ("a domain", login(password(), Scope::domain_id(TEXT)), None),
    ] {
        match (request, refused_field) {
            (Err(error), Some(field)) => {
                let error = format!("{:?}: {error}", error.kind());
                assert!(error.starts_with("Config") && error.contains(field), "{place}: {error}");
            }
            (Ok(request), None) => {
                let (head, body) = request.into_parts();
                let values = head.headers.values().map(|value| value.as_bytes());
                let uri = head.uri.to_string();
                for part in values.chain([uri.as_bytes(), body.as_bytes()]) {
                    assert!(!part.contains(&b'\r') && !part.contains(&b'\n'), "{place}");
                }
                let sent = uri.contains("/x%0D%0AX-Evil%3A%201/")
                    || String::from_utf8_lossy(body.as_bytes()).contains(r"x\r\nX-Evil: 1");
                assert!(sent, "{place}: {uri}");
            }
            (Ok(request), Some(_)) => panic!("{place}: {request:?}"),
            (Err(error), None) => panic!("{place}: {error}"),
        }
    }
}

#[test]
fn names_need_their_domains_in_v3() {
    let by_name = Credential::password("alice", "pw");
    assert_eq!(refused(&keystone(), by_name.clone(), Scope::default()), ConfigError::UserDomain);
    assert_eq!(
        refused(&keystone(), password(), Scope::project_name("demo")),
        ConfigError::ProjectDomain
    );
    let field = ConfigField::UserDomain;
    assert_eq!(
        refused(&keystone_v2(), password(), Scope::default()),
        ConfigError::DomainUnknown { field }
    );
    let field = ConfigField::ProjectDomain;
    let scope = Scope::project_name_in("demo", DomainRef::id("default"));
    assert_eq!(
        refused(&keystone_v2(), by_name.clone(), scope),
        ConfigError::DomainUnknown { field }
    );

    // Huawei Cloud and Open Telekom Cloud find a project by its name alone, but not a user.
    for cloud in [Cloud::huawei(), Cloud::otc("eu-de").unwrap()] {
        assert!(Login::new(&cloud, password(), Scope::project_name("cn-north-1")).is_ok());
        let error = refused(&cloud, by_name.clone(), Scope::project_name("cn-north-1"));
        assert_eq!(error, ConfigError::UserDomain);
    }
    assert!(Login::new(&keystone_v2(), by_name, Scope::project_name("demo")).is_ok());
}

/// Keystone 12 answers 403 to a trust without a tenant, and 400 if a password comes with it.
#[test]
fn a_trust_in_v2_needs_its_project() {
    let by_name = || Credential::password("alice", "pw");
    assert_eq!(refused(&keystone_v2(), by_name(), Scope::trust("t")), ConfigError::TrustProject);
    assert!(Login::new(&keystone_v2(), by_name(), Scope::trust_in("t", "p")).is_ok());
    assert!(Login::new(&keystone(), password(), Scope::trust("t")).is_ok());
    let (error, field) =
        (refused(&keystone(), password(), Scope::trust_in("t", "")), ConfigField::ProjectId);
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
        for cloud in [keystone(), Cloud::kakao()] {
            let error = refused(&cloud, credential(), scope.clone());
            assert_eq!(error, ConfigError::ApplicationCredentialScope);
            assert!(error.to_string().contains("Scope::default()"), "{error}");
        }
    }
    assert!(Login::new(&keystone(), credential(), Scope::default()).is_ok());
}

#[test]
fn errors_list_what_a_cloud_takes() {
    let method = |error: ConfigError| match error {
        ConfigError::Method { cloud, method, takes } => (cloud, method, takes),
        other => panic!("{other:?}"),
    };
    let nhn = refused(&Cloud::nhn(), Credential::token("t"), Scope::project_id("p"));
    assert_eq!(method(nhn), ("NHN Cloud", MethodKind::Token, vec![MethodKind::Password]));
    let kakao = refused(&Cloud::kakao(), password(), Scope::default());
    assert_eq!(
        method(kakao),
        ("KakaoCloud", MethodKind::Password, vec![MethodKind::ApplicationCredential])
    );
    let key = Credential::application_credential("i", "s");
    let huawei = refused(&Cloud::huawei(), key.clone(), Scope::default());
    assert_eq!(
        method(huawei),
        (
            "Huawei Cloud",
            MethodKind::ApplicationCredential,
            vec![
                MethodKind::Federated,
                MethodKind::IdToken,
                MethodKind::Password,
                MethodKind::Token,
                MethodKind::Totp,
            ]
        )
    );
    let v2_key = refused(&keystone_v2(), key, Scope::default());
    assert_eq!(
        method(v2_key),
        (
            "Keystone",
            MethodKind::ApplicationCredential,
            vec![MethodKind::Password, MethodKind::Token]
        )
    );
    let two = Credential::password("alice", "pw").and(Factor::totp("123456"));
    assert_eq!(method(refused(&keystone_v2(), two, Scope::default())).1, MethodKind::Totp);

    for (cloud, scope) in [
        (Cloud::nhn(), Scope::default()),
        (Cloud::nhn(), Scope::project_name("p")),
        (Cloud::huawei(), Scope::default()),
        (Cloud::huawei(), Scope::system()),
        (Cloud::otc("eu-de").unwrap(), Scope::unscoped()),
        (keystone_v2(), Scope::domain_name("d")),
        (keystone_v2(), Scope::system()),
    ] {
        let credential = match cloud.api_version() {
            Some(ApiVersion::V2) => Credential::password("alice", "pw"),
            _ => password(),
        };
        let error = refused(&cloud, credential, scope);
        assert!(matches!(error, ConfigError::Scope { .. }), "{cloud:?}: {error:?}");
        assert!(error.to_string().starts_with("scope: "), "{error}");
    }
}

#[test]
fn plain_http_has_its_own_constructor() {
    const URL: &str = "http://10.0.0.7:5000/v3";
    let plain = Cloud::keystone_over_plain_http(URL).unwrap();
    assert_eq!(plain.identity_url(), URL);
    assert!(!plain.is_https_only());
    for refused in [Cloud::keystone(URL), Cloud::nhn().at(URL), plain.at(URL)] {
        let error = refused.unwrap_err();
        let ErrorKind::Config(ConfigError::Url { problem, .. }) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(*problem, UrlProblem::PlainHttp);
    }
}

#[test]
fn allowed_plain_http_excludes_special_hosts() {
    for url in ["http://10.0.0.7:5000/v3", "http://keystone.lab", "http://127.0.0.1:5000"] {
        let cloud = Cloud::nhn().allow_plain_http().at(url).unwrap();
        assert!(!cloud.is_https_only());
    }
    for url in ["http://169.254.169.254", "http://metadata.google.internal", "http://[fe80::1]"] {
        assert!(Cloud::nhn().allow_plain_http().at(url).is_err(), "{url}");
    }
    assert!(!Cloud::nhn().allow_plain_http().is_https_only());
}

#[test]
fn a_session_checks_its_credential_at_once() {
    let empty = Session::new(keystone(), Credential::password(alice(), ""), Settings::default());
    assert_eq!(config_error(empty), ConfigError::Empty { field: ConfigField::Password });
}

#[test]
fn debug_text_names_the_object() {
    let error = refused(&Cloud::nhn(), Credential::token("t"), Scope::project_id("p"));
    let request =
        first_request(&keystone_v2(), Credential::password("alice", "pw"), Scope::project_id("p"));
    let length = request.body().as_bytes().len();
    assert!(!request.body().is_empty());
    let token = r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "project": {"id": "p1"}}}"#;
    let token = response(201, Some("t"), token);
    let token = login_with(&keystone(), password(), Scope::project_id("p1"), token).unwrap();
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
fn an_id_becomes_one_path_segment() {
    let url = |cloud: &Cloud, id: &str| {
        UserProjects::new(cloud, id).request().map(|request| request.uri().to_string())
    };
    assert_eq!(
        url(&keystone(), "a/../b?c=d#e é").unwrap(),
        "https://keystone.example/v3/users/a%2F..%2Fb%3Fc%3Dd%23e%20%C3%A9/projects"
    );
    for id in [".", ".."] {
        assert!(matches!(config_error(url(&keystone(), id)), ConfigError::Id { .. }));
    }
    assert!(matches!(config_error(url(&keystone(), "")), ConfigError::Empty { .. }));
    assert_eq!(config_error(url(&keystone_v2(), "u")), ConfigError::NotInV2);
    let unversioned = Cloud::keystone("https://keystone.example").unwrap();
    assert_eq!(config_error(url(&unversioned, "u")), ConfigError::Version);
}
