//! Every public type, filled with secrets wherever it can hold text: none is shown.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_driver::{
    Call, Error as DriverError, IgnoredProxies, Mode, Options, ProxyVariables, Replay, RequestExt,
    Step as DriverStep, Wanted, json,
};
use auth_emulator::{Emulator, Server};
use auth_inspect::{ProjectView, TokenView, projects, services};
use auth_proto::{
    Action, Advice, Agency, ApiVersion, Body, Check, Cloud, Credential, Destination, DomainRef,
    Domains, EndpointQuery, Factor, Failure, FailureClass, FailureKind, FetchCatalog,
    IdentityRequest, IdentityResponse, Interface, Login, Projects, RetryDecision, Revoke, Role,
    Scope, ScopeHint, ServiceCall, Session, Settings, Step, SystemScopes, Token, UserProjects,
    UserRef, Validate, Versions,
};
use http::{Extensions, Request, Response, StatusCode};
use serde_json::json;
use testing::{Loopback, Reply};
use time::{UtcDateTime, format_description::well_known::Rfc3339};

use crate::{
    canaries::{
        EXISTING_TOKEN, OWN_TOKEN, PASSCODE, PASSWORD, RECEIPT, SECRET, SUBJECT, TOKEN, in_logs,
        listen,
    },
    clients::{response as raw_response, token_response as raw_token_response},
    configuration, errors, federation, public, refusals, store,
    walk::{Walk, see},
};

#[test]
fn no_public_type_shows_a_secret() {
    listen();
    let mut walk = Walk::default();
    values(&mut walk);
    sessions(&mut walk);
    errors::walk(&mut walk);
    federation::walk(&mut walk);
    identity_requests(&mut walk);
    driver(&mut walk);
    adapters(&mut walk);
    configuration::walk(&mut walk);
    emulator(&mut walk);
    program(&mut walk);
    refusals::walk(&mut walk);
    crate::questions::walk(&mut walk);
    store::walk(&mut walk);
    crate::sealed::walk(&mut walk);

    let types = public::types();
    assert!(types.len() > 80, "{}", types.len());
    let mut missing = Vec::new();
    for public::Type { package, name, variants } in types {
        let is_shown = |variant: &String| {
            [" ", "("].iter().any(|end| walk.text.contains(&format!("{variant}{end}")))
        };
        let unseen = variants.iter().filter(|variant| !is_shown(variant));
        missing.extend(unseen.map(|variant| format!("{package}::{name}::{variant}")));
        let key = (package, name);
        if !walk.types.contains(&key) {
            missing.push(format!("{}::{}", key.0, key.1));
        }
    }
    assert_eq!(missing, [""; 0], "public types without a case here: add one");
    assert_eq!(in_logs(), [""; 0]);
}

pub(crate) const NOW: UtcDateTime = UtcDateTime::UNIX_EPOCH;

pub(crate) fn cloud() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

pub(crate) fn user() -> UserRef {
    UserRef::name_in("u", DomainRef::name("d"))
}

fn credentials() -> [Credential; 6] {
    [
        Credential::password(user(), PASSWORD).and(Factor::totp(PASSCODE)),
        Credential::application_credential("key", SECRET),
        Credential::application_credential_of(UserRef::id("u"), "name", SECRET),
        Credential::token(OWN_TOKEN),
        Credential::existing_token(EXISTING_TOKEN),
        Credential::password(user(), PASSWORD).assume(Agency::new("a", DomainRef::name("o"))),
    ]
}

pub(crate) fn response(
    status: u16,
    headers: &[(&str, &str)],
    body: &serde_json::Value,
) -> Response<String> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_string()).unwrap()
}

pub(crate) fn stamp(seconds: i64) -> String {
    (NOW + time::Duration::seconds(seconds)).format(&Rfc3339).unwrap()
}

pub(crate) fn token_response() -> Response<String> {
    let endpoint = json!({"interface": "public", "region": "r", "url": "https://thing.example/"});
    let body = json!({"token": {
        "catalog": [{"type": "thing", "endpoints": [endpoint]}],
        "project": {"id": "p", "domain": {"id": "d"}},
        "issued_at": stamp(0), "expires_at": stamp(3600),
        "roles": [{"id": "r"}],
        "user": {"id": "u"},
    }});
    response(201, &[("X-Subject-Token", TOKEN)], &body)
}

fn receipt_response() -> Response<String> {
    let body = json!({
        "receipt": {"methods": ["password"], "issued_at": stamp(0), "expires_at": stamp(300)},
        "required_auth_methods": [["password", "totp"]],
    });
    response(401, &[("Openstack-Auth-Receipt", RECEIPT)], &body)
}

/// A refusal that repeats the whole request.
pub(crate) fn refusal(status: u16, request: &Request<Body>) -> Response<String> {
    let headers = request.headers().values().map(|value| value.to_str().unwrap());
    let body = std::str::from_utf8(request.body().as_bytes()).unwrap();
    let message = format!("no: {} {body}", headers.collect::<Vec<_>>().join(" "));
    let body = json!({"error": {"code": body, "title": message, "message": message}});
    response(status, &[], &body)
}

pub(crate) fn token() -> Token {
    let IdentityResponse::Token(_, token) =
        IdentityResponse::read(&token_response(), None).unwrap()
    else {
        panic!()
    };
    *token
}

fn values(walk: &mut Walk) {
    for credential in credentials() {
        see!(walk, credential, credential.clone());
        let logins = [cloud(), Cloud::otc("eu-de").unwrap()]
            .map(|cloud| Login::new(&cloud, credential.clone(), Scope::default()));
        for login in logins.into_iter().flatten() {
            see!(walk, login, login.poll().unwrap());
            let Step::Send(request) = login.poll().unwrap() else { continue };
            see!(walk, request, request.body().clone(), request.headers());
        }
    }
    see!(walk, Factor::password(PASSWORD), Factor::totp(PASSCODE));
    see!(walk, Agency::new("a", DomainRef::id("o")), user(), UserRef::id("u"), DomainRef::id("d"));
    see!(
        walk,
        Scope::trust_in("t", "p"),
        cloud(),
        cloud().scope_hint("compute"),
        ScopeHint::Domain
    );
    see!(
        walk,
        EndpointQuery::new("compute"),
        Interface::Public,
        Settings::default(),
        ApiVersion::V3
    );
    see!(walk, Body::new(PASSWORD.as_bytes().to_vec().into()));
    let token = token();
    see!(walk, token, token.user(), token.roles(), token.catalog().unwrap());
    see!(walk, token.clone().user().clone(), Role::default(), token.project().unwrap().clone());
    see!(walk, token.project().unwrap().domain.clone().unwrap(), token.catalog().unwrap().clone());
    let service = token.catalog().unwrap().services().next().unwrap();
    see!(walk, service, service.endpoints().next().unwrap());
    let mut request = Request::get("https://thing.example/").body(()).unwrap();
    cloud().authorize(&token, &mut request).unwrap();
    see!(walk, request, token.header());
}

/// Sessions in every state: two factors, an agency, refusals, closed.
fn sessions(walk: &mut Walk) {
    for credential in credentials() {
        for cloud in [cloud(), Cloud::otc("eu-de").unwrap()] {
            for script in SCRIPTS {
                let session = Session::new(cloud.clone(), credential.clone(), Settings::default());
                let Ok(mut session) = session else { continue };
                play(walk, &mut session, script);
            }
        }
    }
    see!(walk, Failure::new(FailureKind::Tls, "no"));
    see!(walk, ServiceCall::new(), RetryDecision::Retry, FailureClass::Permanent, Advice::Wait);
}

pub(crate) type Script = fn(&Request<Body>) -> Response<String>;

/// The responses to a session's requests, in order.
const SCRIPTS: [&[Script]; 5] = [
    &[|_| token_response(), |_| token_response()],
    &[|_| receipt_response(), |request| refusal(401, request), |request| refusal(401, request)],
    &[|_| receipt_response(), |_| token_response()],
    &[|_| token_response(), |request| refusal(403, request)],
    &[|request| refusal(503, request), |request| refusal(401, request)],
];

fn play(walk: &mut Walk, session: &mut Session, script: &[Script]) {
    let scope = Scope::default();
    let mut answers = script.iter();
    let mut now = NOW;
    for _ in 0..12 {
        let action = session.poll(&scope, now);
        see!(walk, action, session);
        match action {
            Action::Send(pending, request) => {
                see!(walk, pending, request);
                match answers.next() {
                    Some(answer) => {
                        session.handle_response(pending, answer(&request), now).unwrap();
                    }
                    None => {
                        // An HTTP client may quote the body in its error.
                        let body = String::from_utf8_lossy(request.body().as_bytes());
                        let failure = Failure::new(FailureKind::Io, format!("cannot read {body}"));
                        see!(walk, failure.kind);
                        session.handle_failure(pending, failure, now).unwrap();
                    }
                }
            }
            Action::Ask(pending, question) => {
                see!(walk, pending, question);
                let _: Result<(), _> = session.answer(&scope, Factor::totp(PASSCODE), now);
            }
            Action::Take(..) => unreachable!("the session has no store"),
            Action::Use(token) => {
                see!(walk, token);
                let service = http::Uri::from_static("https://service.example/");
                let _ = session.handle_unauthorized(&token, &service, now);
            }
            Action::Fail(error) => {
                see!(walk, error, error.kind().clone());
            }
            Action::Wait(_) => {}
        }
        now += Duration::from_secs(20);
        session.last_error(&scope).into_iter().for_each(|error| see!(walk, error));
        see!(walk, session);
        while let Some(event) = session.poll_event() {
            see!(walk, event);
        }
    }
    session.close();
    see!(walk, session);
}

fn identity_requests(walk: &mut Walk) {
    let cloud = cloud();
    macro_rules! run {
        ($($exchange:expr),+ $(,)?) => {$({
            let exchange = $exchange;
            see!(walk, exchange);
            see!(walk, exchange.request().unwrap());
            let sent = exchange.request().unwrap();
            let refusals = [401, 403, 500].map(|status| refusal(status, &sent));
            for answer in refusals.into_iter().chain([token_response(), lists()]) {
                let answer = answer.map(String::into_bytes);
                let (head, body) = answer.into_parts();
                match exchange.parse(Response::from_parts(head, &body[..])) {
                    Ok(output) => see!(walk, output),
                    Err(error) => see!(walk, error),
                }
            }
        })+};
    }
    run!(
        Check::new(&cloud, SUBJECT),
        Domains::new(&cloud),
        FetchCatalog::new(&cloud),
        Projects::new(&cloud),
        Revoke::new(&cloud, SUBJECT),
        SystemScopes::new(&cloud),
        UserProjects::new(&cloud, "u"),
        Validate::new(&cloud, SUBJECT),
        Versions::new(&cloud),
    );
    for answer in answers() {
        let answer = IdentityResponse::read(&answer, None).unwrap();
        see!(walk, answer);
        if let IdentityResponse::Versions(versions) = answer {
            see!(walk, versions[0].clone());
        }
    }
}

fn lists() -> Response<String> {
    let body = json!({
        "projects": [{"id": "p"}], "domains": [{"id": "d"}], "system": [{"all": true}],
        "catalog": [], "versions": [{"id": "v3", "status": "stable"}],
        "links": {"next": "https://keystone.example/v3/x?page=2"},
    });
    response(200, &[("X-Subject-Token", TOKEN)], &body)
}

fn answers() -> Vec<Response<String>> {
    let list = |key: &str, value: serde_json::Value| response(200, &[], &json!({ key: value }));
    let repeats = json!({"error": {"message": format!("{TOKEN} and {RECEIPT}")}});
    let headers = [("X-Subject-Token", TOKEN), ("Openstack-Auth-Receipt", RECEIPT)];
    vec![
        token_response(),
        receipt_response(),
        response(403, &headers, &repeats),
        response(401, &headers, &repeats),
        list("catalog", json!([])),
        list("domains", json!([{"id": "d"}])),
        list("projects", json!([{"id": "p"}])),
        list("system", json!([{"all": true}])),
        list("versions", json!([{"id": "v3.14"}])),
    ]
}

/// The driver with a request in flight, with a token, and out of time.
fn driver(walk: &mut Walk) {
    let scope = Scope::default();
    let credential = || Credential::password(user(), PASSWORD);
    let options = Options::new(cloud(), credential(), scope.clone());
    see!(walk, options);
    let (driver, _) = options.build::<std::fmt::Error>().unwrap();
    let mut options = Options::new(cloud(), credential(), scope.clone());
    let variables = ProxyVariables {
        http: &[&["HTTP_PROXY"]],
        https: &[&["HTTPS_PROXY"]],
        is_understood: |_| true,
        has_socks: false,
    };
    let get =
        |name: &str| name.starts_with("HTTP").then(|| format!("socks5://u:{PASSWORD}@h").into());
    options.proxies = IgnoredProxies::read(&variables, get);
    see!(walk, variables, options.proxies);
    let error = options.build::<std::fmt::Error>().unwrap_err();
    let DriverError::Proxy(inner) = &error else { panic!("{error}") };
    see!(walk, inner, error);
    see!(walk, Request::get(format!("/{SECRET}")).segment("..").unwrap_err());
    see!(walk, Request::get(format!("/{SECRET} x")).json(&()).unwrap_err());
    let keys = std::collections::BTreeMap::from([([PASSWORD; 2], PASSWORD)]);
    see!(walk, Request::get("/").json(&keys).unwrap_err());
    let typed = |status: StatusCode, sent: &Extensions, body: &str| {
        json::read::<u32, std::fmt::Error>(status, sent, body.as_bytes()).unwrap_err()
    };
    see!(walk, typed(StatusCode::OK, &Extensions::new(), &json!(PASSWORD).to_string()));
    let driver = Arc::new(driver);
    let mode = || Mode::Caller(Destination::Unknown);
    let wanted = Wanted::new(&scope);
    let (patience, epoch) = (Duration::from_secs(5), driver.epoch());
    see!(walk, *driver, wanted, mode(), epoch, driver.changed(epoch));
    let late = driver.next(wanted, mode(), Duration::ZERO);
    see!(walk, late);
    let DriverStep::Done(Err(late)) = late else { panic!("no token yet") };
    see!(walk, late, Replay::Always);
    see!(walk, DriverError::<std::fmt::Error>::from(late));
    let reason = "the private key belongs to another certificate".to_owned();
    see!(walk, DriverError::<std::fmt::Error>::Build { reason });

    let step = driver.next(wanted, mode(), patience);
    see!(walk, step);
    let DriverStep::Send(guard, request) = step else { panic!("a login") };
    see!(walk, guard);
    guard.complete(Ok(token_response().map(|body| Body::new(body.into_bytes().into()))));
    let step = driver.next(wanted, mode(), patience);
    see!(walk, step, request, driver);
    let DriverStep::Done(Ok(grant)) = step else { panic!("a token") };
    see!(walk, grant);
    let target = Request::get("https://thing.example/").body(PASSWORD).unwrap();
    let (mut call, _) = Call::new(&driver, Wanted::new(&scope), target).unwrap();
    call.authorize(grant, |_| ()).unwrap();
    let mut sent = Extensions::new();
    call.mark(StatusCode::NOT_FOUND, &mut sent);
    see!(walk, typed(StatusCode::NOT_FOUND, &sent, &json!({ "message": TOKEN }).to_string()));
    see!(walk, call);
}

fn adapters(walk: &mut Walk) {
    let server = Loopback::start(|request| match request.text.contains("POST /v3/auth/tokens") {
        true => raw_token_response(TOKEN),
        false => Reply::bytes("no HTTP"),
    });
    let identity = server.cloud();
    let credential = || Credential::password(user(), PASSWORD).and(Factor::totp(PASSCODE));
    testing::configured::login(&identity, &credential());
    let closed_port = Cloud::keystone("http://127.0.0.1:1/v3").unwrap();
    let soon = Duration::from_millis(50);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let builder = auth_ureq::Client::builder(identity.clone(), credential(), Scope::default());
    see!(walk, builder);
    let ureq = builder.build().unwrap();
    see!(walk, ureq, ureq.service("thing"));
    let builder = auth_reqwest::Client::builder(identity.clone(), credential(), Scope::default());
    see!(walk, builder);
    let reqwest = builder.build().unwrap();
    see!(walk, reqwest, reqwest.service("thing"));

    let asked = Projects::new(&identity);
    see!(walk, ureq.run(&asked).unwrap_err(), runtime.block_on(reqwest.run(&asked)).unwrap_err());
    let none = || (closed_port.clone(), Credential::password(user(), PASSWORD), Scope::default());
    let (cloud, credential, scope) = none();
    see!(
        walk,
        auth_ureq::Client::new(cloud, credential, scope).unwrap().token_within(soon).unwrap_err()
    );
    let (cloud, credential, scope) = none();
    let reqwest = auth_reqwest::Client::new(cloud, credential, scope).unwrap();
    see!(walk, runtime.block_on(reqwest.token_within(soon)).unwrap_err());
    see!(walk, runtime.block_on(reqwest.token_within(soon)).unwrap_err());
    reqwest.close();
    see!(walk, runtime.block_on(reqwest.token_within(soon)).unwrap_err());
    let ureq = auth_ureq::Client::new(none().0, none().1, none().2).unwrap();
    ureq.close();
    see!(walk, ureq.token_within(soon).unwrap_err());

    let server = Loopback::start(|_| {
        let receipt = format!("Openstack-Auth-Receipt: {RECEIPT}\r\n");
        raw_response("401 Unauthorized", &receipt, receipt_response().body())
    });
    let cloud = server.cloud();
    let credential = Credential::password(user(), PASSWORD);
    testing::configured::login(&cloud, &credential);
    let asked =
        auth_ureq::Client::new(cloud.clone(), credential.clone(), Scope::default()).unwrap();
    see!(walk, asked.token().unwrap_err());
    let asked = auth_reqwest::Client::new(cloud, credential, Scope::default()).unwrap();
    see!(walk, runtime.block_on(asked.token()).unwrap_err());
}

fn emulator(walk: &mut Walk) {
    let server = Server::start().unwrap();
    server.watch(PASSWORD);
    let seen: Arc<Mutex<Walk>> = Arc::default();
    let script = Arc::clone(&seen);
    server.script(move |arrival| {
        see!(script.lock().unwrap(), *arrival);
        Some(auth_emulator::Fault::new().status(StatusCode::UNAUTHORIZED))
    });
    let cloud = Cloud::kakao().at(&server.url(auth_emulator::System::Kakao)).unwrap();
    let credential = Credential::application_credential("key", SECRET);
    testing::configured::login(&cloud, &credential);
    let client = auth_ureq::Client::new(cloud, credential, Scope::default()).unwrap();
    see!(walk, client.token_within(Duration::from_secs(5)).unwrap_err());
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(!seen.types.is_empty());
    walk.types.extend(seen.types);
    see!(walk, server, server.traffic(), Emulator::new(), auth_emulator::System::Otc);
    see!(walk, auth_emulator::Fault::new(), auth_emulator::record::Inbound::new(1));
}

fn program(walk: &mut Walk) {
    let token = token();
    see!(walk, TokenView::new(&token));
    let own = [token.project().unwrap().clone()];
    let projects: Vec<ProjectView<'_>> = projects(&own);
    see!(walk, projects[0]);
    for service in services(token.catalog().unwrap()) {
        see!(walk, service, service.endpoints[0]);
    }
    for answer in answers() {
        let (head, body) = answer.into_parts();
        let mut text = format!("HTTP/1.1 {}\r\n", head.status);
        for (name, value) in &head.headers {
            text += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        let length = body.len();
        text += &format!("Content-Length: {length}\r\n\r\n{body}");
        see!(walk, auth_inspect::inspect(text.as_bytes(), None));
        for broken in ["", "no HTTP", &text[9..]] {
            see!(walk, auth_inspect::inspect(broken.as_bytes(), None));
            see!(
                walk,
                auth_inspect::read_response(format!("{broken}{TOKEN}").as_bytes()).unwrap_err()
            );
        }
    }
}
