use std::{
    io::Cursor,
    sync::Barrier,
    thread::{self, ScopedJoinHandle},
};

use auth_emulator::{Server, System, account};
use auth_proto::{
    ConfigError, Credential, DomainRef, EndpointError, EndpointQuery, ErrorKind, Scope, ScopeHint,
    UserRef,
};
use auth_ureq::{Client, Error};
use ureq::{SendBody, http::Request};

use crate::{
    client, direct,
    support::{Raw, answer, credential, documented, header, logins_and, scope},
};

/// Calls this path of a service; what the emulator says of who called what.
fn call(client: &Client, service: impl Into<EndpointQuery>, path: &str) -> Result<String, Error> {
    let request = Request::get(path).body("").unwrap();
    let mut answer = client.service(service).call(request)?;
    assert_eq!(answer.status(), 200);
    Ok(answer.body_mut().read_to_string().unwrap())
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

fn kind(error: Error) -> ErrorKind {
    match error {
        Error::Auth(error) => error.kind().clone(),
        other => panic!("another family: {other}"),
    }
}

#[test]
fn a_project_call_and_a_domain_call_at_once_cost_two_logins_in_all() {
    for (system, services, project) in [
        (System::Otc, ["compute", "iam"], account::OTC_PROJECT),
        (System::Huawei, ["ecs", "identity"], account::HUAWEI_PROJECT_ID),
    ] {
        let server = Server::start().unwrap();
        let client = client(&server, system);
        let [regional, global] = call_both(&client, services).map(Result::unwrap);
        assert!(regional.contains(&format!(r#""project":"{project}""#)), "{regional}");
        assert!(global.contains(r#""project":null"#), "{global}");
        let count = || {
            let emulator = server.emulator();
            (emulator.logins(system), emulator.requests(system))
        };
        assert_eq!(count(), (2, 4), "{system}");

        // Both tokens live on, and a refused one is replaced for its scope alone.
        call_both(&client, services).into_iter().for_each(|told| drop(told.unwrap()));
        assert_eq!(count(), (2, 6), "{system}");
        server.emulator().revoke_all();
        call(&client, services[1], "/x").unwrap();
        assert_eq!(count(), (3, 9), "{system}");
    }
}

#[test]
fn a_wrong_password_is_posted_once_for_both() {
    let server = Server::start().unwrap();
    let (cloud, _, scope) = documented(&server, System::Otc);
    let user = UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN));
    let wrong = Credential::password(user, "t0ps3cret-typo");
    let client = direct(Client::builder(cloud, wrong, scope)).build().unwrap();
    for told in call_both(&client, ["compute", "iam"]) {
        assert!(matches!(kind(told.unwrap_err()), ErrorKind::Rejected(_)));
    }
    let emulator = server.emulator();
    assert_eq!((emulator.logins(System::Otc), emulator.requests(System::Otc)), (1, 1));
}

#[test]
fn a_path_reaches_the_service_at_every_system() {
    let server = Server::start().unwrap();
    for (system, want, path) in [
        (System::NhnIaas, EndpointQuery::new("compute").region("KR1"), account::NHN_TENANT),
        (System::NhnCompute, EndpointQuery::new("compute").region("KR1"), account::NHN_TENANT),
        (System::Otc, "compute".into(), account::OTC_PROJECT),
        (System::Kakao, "bcs".into(), "/api/v1"),
        (
            System::Huawei,
            EndpointQuery::new("ecs").region("cn-north-1"),
            account::HUAWEI_PROJECT_ID,
        ),
    ] {
        let said = call(&client(&server, system), want, "/x?limit=1").unwrap();
        assert!(said.contains(&format!(r#"{path}/x","#)), "{system}: {said}");
    }
}

#[test]
fn the_users_word_goes_before_the_clouds() {
    let server = Server::start().unwrap();
    let (cloud, credential, own) = documented(&server, System::Otc);
    let cloud = cloud
        .with_scope_hint("Anti-DDoS", ScopeHint::Project)
        .with_scope_hint("dns", ScopeHint::Domain);
    let client = direct(Client::builder(cloud.clone(), credential, own.clone())).build().unwrap();
    assert_eq!(client.service("antiddos").scope().unwrap(), own);
    let said = call(&client, "antiddos", "/x").unwrap();
    // The project's catalog was asked, and the project's token sent.
    assert_eq!(said.matches(account::OTC_PROJECT).count(), 2, "{said}");
    // The domain's catalog has none.
    assert_eq!(client.service("dns").scope().unwrap(), Scope::domain_name(account::OTC_DOMAIN));
    let error = client.service("dns").endpoint().unwrap_err();
    assert!(matches!(kind(error), ErrorKind::Endpoint(EndpointError::NotFound { .. })));

    // A scope that is no project is the user's own choice.
    let domain = Scope::domain_id(account::OTC_DOMAIN_ID);
    let chosen = client.scoped(domain.clone());
    assert_eq!(chosen.service("iam").scope().unwrap(), domain);
    assert!(call(&chosen, "iam", "/x").unwrap().contains(r#""project":null"#));

    // Who names no domain gets a global token without a scope.
    let user = Credential::password(UserRef::id(account::OTC_USER_ID), account::OTC_PASSWORD);
    let client = direct(Client::builder(cloud, user, own)).build().unwrap();
    assert_eq!(client.service("iam").scope().unwrap(), Scope::default());
    assert!(call(&client, "iam", "/x").unwrap().contains(r#""project":null"#));
}

#[test]
fn where_nothing_names_the_domain_nothing_is_sent() {
    let server = Server::start().unwrap();
    let (cloud, _, own) = documented(&server, System::Huawei);
    let user = Credential::password(UserRef::id(account::HUAWEI_USER_ID), account::HUAWEI_PASSWORD);
    let client = direct(Client::builder(cloud, user, own)).build().unwrap();
    let error = kind(call(&client, "iam", "/x").unwrap_err());
    let ErrorKind::Config(ConfigError::ServiceDomain { service }) = error else {
        panic!("{error}")
    };
    assert_eq!((service.as_str(), server.emulator().requests(System::Huawei)), ("iam", 0));
    call(&client, "ecs", "/x").unwrap();
}

/// A service of this server, under a path of its own.
fn under_a_prefix(raw: &Raw) -> Client {
    let cloud = raw.cloud().with_override("thing", format!("{}/prefix/v1/", raw.url())).unwrap();
    direct(Client::builder(cloud, credential(), scope())).build().unwrap()
}

#[test]
fn a_path_goes_under_the_endpoint_and_a_url_where_it_says() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(200, "", ""))));
    let thing = under_a_prefix(&raw).service("thing");
    assert_eq!(thing.endpoint().unwrap(), format!("{}/prefix/v1/", raw.url()));
    for (uri, target) in [
        ("/servers?limit=1&name=a%20b", "/prefix/v1/servers?limit=1&name=a%20b"),
        ("/", "/prefix/v1/"),
        ("//evil.example/x", "/prefix/v1//evil.example/x"),
        (&format!("{}/elsewhere?x=1", raw.url()), "/elsewhere?x=1"),
    ] {
        thing.call(Request::get(uri).body("").unwrap()).unwrap();
        let seen = raw.seen();
        let last = seen.last().unwrap();
        assert!(last.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{last}");
        assert_eq!(header(last, "host").map(|host| format!("http://{host}")), Some(raw.url()));
    }
    let stream = SendBody::from_owned_reader(Cursor::new("a body"));
    thing.call_once(Request::put("/object").body(stream).unwrap()).unwrap();
    assert!(raw.seen().last().unwrap().starts_with("PUT /prefix/v1/object HTTP/1.1\r\n"));
    // One login, four calls, and this one.
    assert_eq!(raw.seen().len(), 6);
}

#[test]
fn what_leads_out_of_the_service_is_not_sent() {
    let raw = Raw::start(logins_and(|_, _: &str| Some(answer(200, "", ""))));
    let thing = under_a_prefix(&raw).service("thing");
    let told = |uri: &str| {
        let request = Request::get(uri).body("").unwrap();
        let errors = [thing.call(request.clone()), thing.call_once(request)];
        errors.map(|told| kind(told.unwrap_err()))
    };
    for error in told("http://evil.example/x") {
        assert!(matches!(error, ErrorKind::Endpoint(EndpointError::Refused { .. })), "{error}");
    }
    for uri in ["/../v2", "/x/%2E%2e/%2e%2e/v2", "/..;/v2", "/..\\v2", "servers"] {
        for error in told(uri) {
            assert!(matches!(error, ErrorKind::Endpoint(EndpointError::Url { .. })), "{error}");
        }
    }
    // No login either.
    assert_eq!(raw.seen().len(), 0);
}
