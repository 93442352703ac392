use std::{
    sync::Barrier,
    thread::{self, ScopedJoinHandle},
};

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    ConfigError, Credential, EndpointError, EndpointQuery, ErrorKind, Scope, ScopeHint, UserRef,
};
use http::Request;
use testing::{
    Client, Error, Loopback, Reply,
    fixtures::{credential, documented, logins_and, scope},
    header,
};

use super::{
    ADAPTER,
    support::{client, mistyped},
};
use crate::start;

/// Calls this path of a service; the emulator's response names the user and the path.
fn call(client: &Client, service: impl Into<EndpointQuery>, path: &str) -> Result<String, Error> {
    let request = Request::get(path).body("").unwrap();
    let response = client.service(service).call(request)?;
    assert_eq!(response.status(), 200);
    Ok(String::from_utf8(response.into_body()).unwrap())
}

/// The same for two services at once.
fn call_both(client: &Client, services: [&str; 2]) -> [Result<String, Error>; 2] {
    let start = Barrier::new(2);
    thread::scope(|threads| {
        let calls = services.map(|service| {
            let start = &start;
            threads.spawn(move || {
                start.wait();
                call(client, service, "/x")
            })
        });
        calls.map(|call: ScopedJoinHandle<'_, _>| call.join().unwrap())
    })
}

#[test]
fn a_project_and_a_domain_call_cost_two_logins() {
    for (system, services, project) in [
        (System::Otc, ["compute", "iam"], account::OTC_PROJECT),
        (System::Huawei, ["ecs", "identity"], account::HUAWEI_PROJECT_ID),
    ] {
        let server = start(Emulator::new());
        let client = client(&server, system);
        let [regional, global] = call_both(&client, services).map(Result::unwrap);
        assert!(regional.contains(&format!(r#""project":"{project}""#)), "{regional}");
        assert!(global.contains(r#""project":null"#), "{global}");
        let count = || {
            let emulator = server.emulator();
            (emulator.logins(system), emulator.requests(system))
        };
        assert_eq!(count(), (2, 4), "{system}");

        // Both tokens stay valid, and a refused one is replaced for its scope alone.
        call_both(&client, services).into_iter().for_each(|result| drop(result.unwrap()));
        assert_eq!(count(), (2, 6), "{system}");
        server.emulator().revoke_all();
        call(&client, services[1], "/x").unwrap();
        assert_eq!(count(), (3, 9), "{system}");
    }
}

#[test]
fn scopes_share_a_refused_password() {
    let server = start(Emulator::new());
    let client = mistyped(&server, System::Otc);
    for result in call_both(&client, ["compute", "iam"]) {
        assert!(matches!(result.unwrap_err().kind(), ErrorKind::Rejected(_)));
    }
    let emulator = server.emulator();
    assert_eq!((emulator.logins(System::Otc), emulator.requests(System::Otc)), (1, 1));
}

#[test]
fn a_path_reaches_the_service_at_every_system() {
    let server = start(Emulator::new());
    for (system, want, path) in [
        (System::NhnIaas, EndpointQuery::new("compute").region("KR1"), account::NHN_TENANT),
        (System::NhnCompute, EndpointQuery::new("compute").region("KR1"), account::NHN_TENANT),
        (System::Otc, "compute".into(), account::OTC_PROJECT),
        (System::Kakao, "bcs".into(), "/api/v1"),
        (System::Keystone, "volumev3".into(), account::KEYSTONE_PROJECT_ID),
        (
            System::Huawei,
            EndpointQuery::new("ecs").region("cn-north-1"),
            account::HUAWEI_PROJECT_ID,
        ),
    ] {
        let text = call(&client(&server, system), want, "/x?limit=1").unwrap();
        assert!(text.contains(&format!(r#"{path}/x","#)), "{system}: {text}");
    }
}

#[test]
fn the_users_scope_hint_overrides_the_clouds() {
    let server = start(Emulator::new());
    let (cloud, credential, own) = documented(&server, System::Otc);
    let cloud = cloud
        .with_scope_hint("Anti-DDoS", ScopeHint::Project)
        .with_scope_hint("dns", ScopeHint::Domain);
    let client = ADAPTER.client(cloud.clone(), credential, own.clone()).build().unwrap();
    assert_eq!(client.service("antiddos").scope().unwrap(), own);
    let text = call(&client, "antiddos", "/x").unwrap();
    // The endpoint is from the project's catalog, and the token the project's.
    assert_eq!(text.matches(account::OTC_PROJECT).count(), 2, "{text}");
    // The domain's catalog lacks the service.
    assert_eq!(client.service("dns").scope().unwrap(), Scope::domain_name(account::OTC_DOMAIN));
    let error = client.service("dns").endpoint().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Endpoint(EndpointError::NotFound { .. })));

    // The user's choice of a scope other than a project stays.
    let domain = Scope::domain_id(account::OTC_DOMAIN_ID);
    let chosen = client.scoped(domain.clone());
    assert_eq!(chosen.service("iam").scope().unwrap(), domain);
    assert!(call(&chosen, "iam", "/x").unwrap().contains(r#""project":null"#));

    // Without a domain, the token of a global service has no scope.
    let user = Credential::password(UserRef::id(account::OTC_USER_ID), account::OTC_PASSWORD);
    let client = ADAPTER.client(cloud, user, own).build().unwrap();
    assert_eq!(client.service("iam").scope().unwrap(), Scope::default());
    assert!(call(&client, "iam", "/x").unwrap().contains(r#""project":null"#));
}

#[test]
fn a_global_service_needs_a_domain() {
    let server = start(Emulator::new());
    let (cloud, _, own) = documented(&server, System::Huawei);
    let user = Credential::password(UserRef::id(account::HUAWEI_USER_ID), account::HUAWEI_PASSWORD);
    let client = ADAPTER.client(cloud, user, own).build().unwrap();
    let error = call(&client, "iam", "/x").unwrap_err();
    let ErrorKind::Config(ConfigError::ServiceDomain { service }) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!((service.as_str(), server.emulator().requests(System::Huawei)), ("iam", 0));
    call(&client, "ecs", "/x").unwrap();
}

#[test]
fn a_service_has_a_token_of_its_scope() {
    for (system, services) in
        [(System::Otc, ["compute", "iam"]), (System::Huawei, ["ecs", "identity"])]
    {
        let server = start(Emulator::new());
        let client = client(&server, system);
        let [regional, global] = services.map(|service| client.service(service).token().unwrap());
        assert!(regional.project().is_some(), "{system}");
        assert!(global.project().is_none() && global.domain().is_some(), "{system}");
        // A call takes the same token, and the token that follows a refused one is another.
        call(&client, services[1], "/x").unwrap();
        assert_eq!(server.emulator().logins(system), 2, "{system}");
        server.emulator().revoke_all();
        call(&client, services[1], "/x").unwrap();
        let next = client.service(services[1]).token().unwrap();
        assert_ne!(next.expose(), global.expose(), "{system}");
        assert_eq!(server.emulator().logins(system), 3, "{system}");
    }
    let server = start(Emulator::new());
    let error = mistyped(&server, System::Otc).service("iam").token().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
}

/// A client with a service of this server under a prefix.
pub(super) fn under_a_prefix(server: &Loopback) -> Client {
    let cloud =
        server.cloud().with_override("thing", format!("{}/prefix/v1/", server.url())).unwrap();
    ADAPTER.client(cloud, credential(), scope()).build().unwrap()
}

#[test]
fn a_path_is_appended_and_a_url_is_kept() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let thing = under_a_prefix(&server).service("thing");
    assert_eq!(thing.endpoint().unwrap(), format!("{}/prefix/v1/", server.url()));
    for (uri, target) in [
        ("/servers?limit=1&name=a%20b", "/prefix/v1/servers?limit=1&name=a%20b"),
        ("/", "/prefix/v1/"),
        ("//evil.example/x", "/prefix/v1//evil.example/x"),
        (&format!("{}/elsewhere?x=1", server.url()), "/elsewhere?x=1"),
    ] {
        thing.call(Request::get(uri).body("").unwrap()).unwrap();
        let last = server.last();
        assert!(last.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{last}");
        assert_eq!(header(&last, "host").map(|host| format!("http://{host}")), Some(server.url()));
    }
    thing.call_once(Request::put("/object").body("a body").unwrap()).unwrap();
    assert!(server.last().starts_with("PUT /prefix/v1/object HTTP/1.1\r\n"));
    // One login, four calls, and this one.
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn a_path_out_of_the_service_is_not_sent() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let thing = under_a_prefix(&server).service("thing");
    let errors = |uri: &str| {
        let request = Request::get(uri).body("").unwrap();
        let errors = [thing.call(request.clone()), thing.call_once(request)];
        errors.map(|result| result.unwrap_err().kind().clone())
    };
    for error in errors("http://evil.example/x") {
        assert!(matches!(error, ErrorKind::Endpoint(EndpointError::Refused { .. })), "{error}");
    }
    for uri in ["/../v2", "/x/%2E%2e/%2e%2e/v2", "/..;/v2", "/..\\v2", "servers"] {
        for error in errors(uri) {
            assert!(matches!(error, ErrorKind::Endpoint(EndpointError::Url { .. })), "{error}");
        }
    }
    // No login was sent either.
    assert_eq!(server.requests().len(), 0);
}
