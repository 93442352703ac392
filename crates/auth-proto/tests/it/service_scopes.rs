//! The scope that a service's token needs.
use auth_proto::{
    Agency, Cloud, ConfigError, Credential, DomainRef, EndpointQuery, Error, ErrorKind, Scope,
    ScopeHint, Session, Settings, UserRef,
};

fn session(cloud: Cloud, credential: Credential) -> Session {
    Session::new(cloud, credential, Settings::default()).unwrap()
}

fn password(user: UserRef) -> Credential {
    Credential::password(user, "secretsecret")
}

/// The scope for a user who is named in the domain `corp`, or by id.
fn scope_for(cloud: &Cloud, is_named: bool, service: &str, own: &Scope) -> Result<Scope, Error> {
    let named = UserRef::name_in("me", DomainRef::name("corp"));
    let user = if is_named { named } else { UserRef::id("u1") };
    session(cloud.clone(), password(user)).scope_for(&service.into(), own)
}

#[test]
fn only_global_services_get_a_domain_scope() {
    let project = Scope::project_id("p1");
    let clouds = [
        (Cloud::otc("eu-de").unwrap(), "identity", "compute"),
        (Cloud::otc("eu-de").unwrap(), "Anti-DDoS", "anything"),
        (Cloud::huawei(), "iam", "ecs"),
        (Cloud::named_in("flexibleengine", "eu-west-0").unwrap(), "identity", "compute"),
    ];
    for (cloud, global, regional) in clouds {
        let get = |service, own: &Scope| scope_for(&cloud, true, service, own).unwrap();
        assert_eq!(get(global, &project), Scope::domain_name("corp"), "{cloud:?} {global}");
        assert_eq!(get(global, &Scope::default()), Scope::domain_name("corp"));
        assert_eq!(get(regional, &project), project, "{cloud:?} {regional}");
        // The user's domain takes precedence over the project's.
        let elsewhere = Scope::project_name_in("p", DomainRef::id("d2"));
        assert_eq!(get(global, &elsewhere), Scope::domain_name("corp"));
        assert_eq!(get(regional, &elsewhere), elsewhere);
        // An explicit scope of another kind is kept.
        for own in [Scope::domain_id("d2"), Scope::system(), Scope::trust("t1"), Scope::unscoped()]
        {
            assert_eq!(get(global, &own), own, "{cloud:?} {own}");
        }
    }
}

#[test]
fn the_projects_domain_replaces_a_missing_one() {
    let in_domain = Scope::project_name_in("p", DomainRef::id("d2"));
    let (otc, huawei) = (Cloud::otc("eu-de").unwrap(), Cloud::huawei());
    for cloud in [&otc, &huawei] {
        let scope = scope_for(cloud, false, "iam", &in_domain).unwrap();
        assert_eq!(scope, Scope::domain_id("d2"), "{cloud:?}");
    }
    for own in [Scope::default(), Scope::project_id("p1"), Scope::project_name("eu-de")] {
        assert_eq!(scope_for(&otc, false, "iam", &own).unwrap(), Scope::default(), "{own}");
        let error = scope_for(&huawei, false, "iam\n", &own).unwrap_err();
        let service = "iam".to_owned();
        assert_eq!(error.kind(), &ErrorKind::Config(ConfigError::ServiceDomain { service }));
        assert!(error.to_string().contains("UserRef::name_in"), "{error}");
        // Only the global service needs a domain.
        assert_eq!(scope_for(&huawei, false, "ecs", &own).unwrap(), own);
    }
    // The user of a token is unknown, so the server's default applies.
    let token = session(otc, Credential::token("t"));
    let scope = token.scope_for(&"iam".into(), &Scope::project_id("p1")).unwrap();
    assert_eq!(scope, Scope::default());
}

#[test]
fn the_caller_may_override_the_scope() {
    let project = Scope::project_id("p1");
    let otc = Cloud::otc("eu-de").unwrap();
    let get = |cloud: &Cloud, service| scope_for(cloud, true, service, &project).unwrap();
    let cloud = otc
        .with_scope_hint("Anti-DDoS", ScopeHint::Project)
        .with_scope_hint("compute", ScopeHint::Domain);
    assert_eq!(get(&cloud, "antiddos"), project);
    assert_eq!(get(&cloud, "compute"), Scope::domain_name("corp"));
    assert_eq!(get(&cloud, "obs"), Scope::domain_name("corp"));

    // A hint applies to all aliases of a type; a hint for an alias takes precedence.
    let by_alias = cloud.clone().with_scope_hint("identity", ScopeHint::Project);
    for service in ["identity", "iam", "IAM"] {
        assert_eq!(get(&by_alias, service), project, "{service}");
    }
    let by_name = by_alias.with_scope_hint("IAM", ScopeHint::Domain);
    assert_eq!(get(&by_name, "iam"), Scope::domain_name("corp"));
    assert_eq!(get(&by_name, "identity"), project);
    let volumes = cloud.with_scope_hint("block-storage", ScopeHint::Domain);
    assert_eq!(get(&volumes, "volumev3"), Scope::domain_name("corp"));

    let stock = Cloud::keystone("https://keystone.example/v3").unwrap();
    assert_eq!(get(&stock, "identity"), project);
    let stock = stock.with_scope_hint("identity", ScopeHint::Domain);
    assert_eq!(get(&stock, "identity"), Scope::domain_name("corp"));
    // At a stock Keystone the default scope is a project, so the domain must be known.
    assert!(scope_for(&stock, false, "identity", &project).is_err());
}

#[test]
fn an_application_credential_has_its_own_scope() {
    let cloud = Cloud::kakao().with_scope_hint("identity", ScopeHint::Domain);
    let user = UserRef::name_in("me", DomainRef::name("corp"));
    for credential in [
        Credential::application_credential("id", "secret"),
        Credential::application_credential_of(user, "name", "secret"),
    ] {
        let session = session(cloud.clone(), credential);
        let scope = session.scope_for(&EndpointQuery::new("identity"), &Scope::default());
        assert_eq!(scope.unwrap(), Scope::default());
    }
}

#[test]
fn a_closed_session_has_no_scope() {
    let mut session = session(Cloud::huawei(), password(UserRef::id("u1")));
    session.close();
    let error = session.scope_for(&"iam".into(), &Scope::project_id("p1")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Closed);
}

#[test]
fn an_agency_gets_the_delegating_domain() {
    let (otc, project) = (Cloud::otc("eu-de").unwrap(), Scope::project_name("eu-de"));
    let agency = || Agency::new("agency", DomainRef::name("corp-a"));
    let named = UserRef::name_in("me", DomainRef::name("corp"));
    for credential in [
        password(named).assume(agency()),
        Credential::token("t").assume(agency()),
        Credential::existing_token("t").assume(agency()),
    ] {
        let session = session(otc.clone(), credential);
        let global = session.scope_for(&"identity".into(), &project).unwrap();
        assert_eq!(global, Scope::domain_name("corp-a"));
        assert_eq!(session.scope_for(&"compute".into(), &project).unwrap(), project);
    }
    let session = session(otc, Credential::existing_token("t"));
    for own in [Scope::default(), project] {
        assert_eq!(session.scope_for(&"identity".into(), &own).unwrap(), own);
    }
}
