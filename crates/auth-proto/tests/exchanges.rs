//! Token operations: the requests as documented (Identity API v3, "Check token" and those after
//! it), every answer told from every other, and both against the emulated services.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::sync::Arc;

use auth_emulator::{Emulator, account};
use auth_proto::{
    Check, Cloud, ConfigError, Credential, DomainRef, Domains, Error, ErrorKind, IdentityRequest,
    Login, Page, Projects, ProtocolError, Revoke, Scope, Step, SystemScopes, Token, UserRef,
    Validate, Versions, limits,
};
use http::{Request, Response};
use support::NOW;

const SUBJECT: &str = "canary-subject";

/// A Keystone with a path prefix, which has to be kept.
fn stock() -> Cloud {
    Cloud::keystone("https://keystone.example/identity/v3").unwrap()
}

fn answer<E: IdentityRequest>(exchange: &E, status: u16, body: &str) -> Result<E::Output, Error> {
    exchange.parse(Response::builder().status(status).body(body.as_bytes()).unwrap())
}

fn protocol<T: std::fmt::Debug>(result: Result<T, Error>) -> ProtocolError {
    match result.unwrap_err().kind() {
        ErrorKind::Protocol(why) => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_about_a_token_are_as_documented() {
    let cloud = stock();
    for (method, request) in [
        ("HEAD", Check::new(&cloud, SUBJECT).request().unwrap()),
        ("DELETE", Revoke::new(&cloud, SUBJECT).request().unwrap()),
        ("GET", Validate::new(&cloud, SUBJECT).request().unwrap()),
    ] {
        assert_eq!(request.method(), method);
        assert_eq!(request.uri(), "https://keystone.example/identity/v3/auth/tokens");
        assert_eq!(request.headers()["X-Subject-Token"], SUBJECT);
        assert!(request.headers()["X-Subject-Token"].is_sensitive());
        assert!(request.body().is_empty());
        assert!(!format!("{request:?}").contains(SUBJECT));
    }
    assert!(Check::new(&cloud, SUBJECT).authenticated());
    assert!(Revoke::new(&cloud, SUBJECT).authenticated());
    let shown = format!("{:?} {:?}", Check::new(&cloud, SUBJECT), Revoke::new(&cloud, SUBJECT));
    assert!(!shown.contains(SUBJECT), "{shown}");
}

#[test]
fn requests_for_lists_are_as_documented() {
    let cloud = stock();
    for (path, authenticated, request) in [
        ("projects", Projects::new(&cloud).authenticated(), Projects::new(&cloud).request()),
        ("domains", Domains::new(&cloud).authenticated(), Domains::new(&cloud).request()),
        ("system", SystemScopes::new(&cloud).authenticated(), SystemScopes::new(&cloud).request()),
    ] {
        let request = request.unwrap();
        assert_eq!(request.method(), "GET");
        let url = format!("https://keystone.example/identity/v3/auth/{path}");
        assert_eq!(request.uri(), url.as_str());
        assert_eq!(request.headers()["Accept"], "application/json");
        assert!(authenticated && request.body().is_empty());
    }
}

#[test]
fn inputs_that_fit_into_no_request_are_told() {
    let config = |request: Result<Request<_>, Error>| match request.unwrap_err().kind() {
        ErrorKind::Config(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    let v2 = Cloud::nhn();
    for request in [
        Check::new(&v2, SUBJECT).request(),
        Revoke::new(&v2, SUBJECT).request(),
        Projects::new(&v2).request(),
        Domains::new(&v2).request(),
        SystemScopes::new(&v2).request(),
    ] {
        assert_eq!(config(request), ConfigError::NotInV2);
    }
    let (field, limit) = ("token", limits::TOKEN);
    for (text, why) in [
        (String::new(), ConfigError::Empty { field }),
        ("a\r\nX-Evil: b".to_owned(), ConfigError::Characters { field }),
        ("a".repeat(limit + 1), ConfigError::TooLong { field, limit }),
    ] {
        assert_eq!(config(Check::new(&stock(), text.as_str()).request()), why);
        assert_eq!(config(Revoke::new(&stock(), text).request()), why);
    }
}

#[test]
fn each_status_means_one_thing() {
    let cloud = stock();
    let (check, revoke) = (Check::new(&cloud, SUBJECT), Revoke::new(&cloud, SUBJECT));
    for status in [200, 204] {
        assert!(answer(&check, status, "").unwrap());
        answer(&revoke, status, "").unwrap();
    }
    assert!(!answer(&check, 404, "").unwrap());
    // What is gone already is as gone as was wanted.
    answer(&revoke, 404, "").unwrap();

    for status in [201, 202, 203, 206, 299] {
        let why = |why| matches!(why, ProtocolError::Status { status: s } if s == status);
        assert!(why(protocol(answer(&check, status, ""))), "{status}");
        assert!(why(protocol(answer(&revoke, status, ""))), "{status}");
    }
    for status in [301, 302, 307, 308] {
        let redirect = |why| matches!(why, ProtocolError::Redirect { .. });
        assert!(redirect(protocol(answer(&check, status, ""))), "{status}");
        assert!(redirect(protocol(answer(&revoke, status, ""))), "{status}");
    }
    for status in [400, 401, 403, 405, 410, 429, 500, 503] {
        for error in [
            answer(&check, status, "").unwrap_err(),
            answer(&revoke, status, "").unwrap_err(),
            answer(&Projects::new(&cloud), status, "").map(drop).unwrap_err(),
            answer(&Domains::new(&cloud), status, "").map(drop).unwrap_err(),
            answer(&SystemScopes::new(&cloud), status, "").map(drop).unwrap_err(),
        ] {
            let (ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) = error.kind()
            else {
                panic!("{status}: {error:?}");
            };
            assert_eq!(refusal.status, status);
            assert_eq!(refusal.remedy.contains("the caller's own token"), status == 401);
            assert_eq!(error.is_retryable(), matches!(status, 429 | 500 | 503), "{status}");
        }
    }
    // A list that is nowhere is no empty list.
    assert!(answer(&Projects::new(&cloud), 404, "").is_err());
    assert!(answer(&SystemScopes::new(&cloud), 404, "").is_err());
}

#[test]
fn a_401_is_about_the_callers_own_token_and_repeats_neither() {
    let cloud = Cloud::otc("eu-de").unwrap();
    let body = format!(r#"{{"error":{{"code":401,"message":"no {SUBJECT}","title":"No"}}}}"#);
    for error in [
        answer(&Check::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
        answer(&Revoke::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
        answer(&Validate::new(&cloud, SUBJECT), 401, &body).unwrap_err(),
    ] {
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("the caller's own token"), "{shown}");
        assert!(!shown.contains(SUBJECT) && !shown.contains("password"), "{shown}");
    }
}

/// A cache that mixes two answers up would make one user another.
#[test]
fn an_answer_about_another_token_is_refused() {
    let body = r#"{"token":{"expires_at":"2026-11-22T09:00:00Z"}}"#;
    let validate = Validate::new(&stock(), SUBJECT);
    let answered = |tokens: &[&str]| {
        let mut response = Response::new(body.as_bytes());
        for token in tokens {
            response.headers_mut().append("X-Subject-Token", token.parse().unwrap());
        }
        validate.parse(response)
    };
    for tokens in [&[][..], &[SUBJECT], &[SUBJECT, SUBJECT]] {
        assert_eq!(answered(tokens).unwrap().unwrap().expose(), SUBJECT, "{tokens:?}");
    }
    for tokens in [&["another"][..], &["another", SUBJECT], &[SUBJECT, "another"], &[""]] {
        let why = protocol(answered(tokens));
        assert!(matches!(why, ProtocolError::AmbiguousToken { .. }), "{tokens:?}: {why}");
    }
}

#[test]
fn a_service_that_cannot_tell_right_now_says_nothing_about_the_callers_own_token() {
    let cloud = Cloud::huawei();
    let later = r#"{"error_code":"IAM.0012","error_msg":"too often"}"#;
    let error = answer(&Check::new(&cloud, SUBJECT), 401, later).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable(_)), "{error:?}");
    assert!(!error.to_string().contains("the caller's own token"), "{error}");
}

#[test]
fn lists_are_read_page_by_page_and_links_never_followed() {
    let cloud = stock();
    let list = |key: &str, next: &str| {
        let entry = r#"{"id":"1789d1","name":"one","domain_id":"default","enabled":true}"#;
        format!(r#"{{"{key}":[{entry}],"links":{{"next":{next},"self":"x"}}}}"#)
    };
    let link = r#""http://evil.example:81/v3/other?marker=1789d1&limit=1#end""#;

    let page = answer(&Projects::new(&cloud), 200, &list("projects", link)).unwrap();
    assert_eq!(page.items[0].id.as_deref(), Some("1789d1"));
    assert_eq!(page.items[0].domain.as_ref().unwrap().id.as_deref(), Some("default"));
    let next = page.next.unwrap();
    let base = "https://keystone.example/identity/v3/auth";
    let url = format!("{base}/projects?marker=1789d1&limit=1");
    assert_eq!(next.request().unwrap().uri(), url.as_str());
    assert!(answer(&next, 200, &list("projects", link)).unwrap().next.is_none(), "to itself");

    let page = answer(&Domains::new(&cloud), 200, &list("domains", link)).unwrap();
    assert_eq!(page.items[0].name.as_deref(), Some("one"));
    let next = page.next.unwrap();
    let url = format!("{base}/domains?marker=1789d1&limit=1");
    assert_eq!(next.request().unwrap().uri(), url.as_str());
    assert!(answer(&next, 200, &list("domains", link)).unwrap().next.is_none(), "to itself");

    for none in ["null", "7", "{}", r#""""#, r#""no query""#, r#""https://k.example/?""#] {
        assert!(answer(&Domains::new(&cloud), 200, &list("domains", none)).unwrap().next.is_none());
        let page = answer(&Projects::new(&cloud), 200, &list("projects", none)).unwrap();
        assert!(page.next.is_none(), "{none}");
    }
}

#[test]
fn the_system_is_a_scope_only_where_it_says_all() {
    let list = SystemScopes::new(&stock());
    let read = |entries: &str| answer(&list, 200, &format!(r#"{{"system":{entries}}}"#)).unwrap();
    assert_eq!(read(r#"[{"all":true}]"#), [Scope::system()]);
    assert_eq!(read(r#"[{"all":true},{"all":true}]"#), [Scope::system()]);
    for none in ["[]", "[{}]", r#"[{"all":false}]"#, r#"["all"]"#, r#"[{"all":null},7,[]]"#] {
        assert_eq!(read(none), [], "{none}");
    }
}

#[test]
fn hostile_bodies_are_errors_and_are_not_quoted() {
    let cloud = stock();
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(limits::BODY));
    let many = |key: &str| format!("{{\"{key}\":[{}]}}", vec!["{}"; limits::LIST + 1].join(","));
    let deep = format!("{{\"domains\":{}", "[".repeat(100_000));
    let odd = ["", "<html>canary", "[]", "{}", "canary", "{\"canary\":", &large, &deep];
    for body in odd.into_iter().chain([
        many("projects").as_str(),
        many("domains").as_str(),
        many("system").as_str(),
        r#"{"projects":"canary","domains":7,"system":true}"#,
        r#"{"projects":null,"domains":null,"system":null}"#,
    ]) {
        for why in [
            protocol(answer(&Projects::new(&cloud), 200, body)),
            protocol(answer(&Domains::new(&cloud), 200, body)),
            protocol(answer(&SystemScopes::new(&cloud), 200, body)),
        ] {
            assert!(!why.to_string().contains("canary"), "{why}");
        }
    }
    // Where nothing is read, nothing can be wrong.
    assert!(answer(&Check::new(&cloud, SUBJECT), 200, "<html>").unwrap());
    answer(&Revoke::new(&cloud, SUBJECT), 200, "{").unwrap();
}

// Against the emulated services -----------------------------------------------------------------

#[test]
fn tokens_are_checked_and_revoked_at_every_v3_cloud() {
    for (cloud, credential, scope) in clouds() {
        let mut service = Emulator::new();
        let login = || Login::new(&cloud, credential.clone(), scope.clone()).unwrap();
        let [own, other] = [log_in(&mut service, login()), log_in(&mut service, login())];
        let check = Check::new(&cloud, other.expose());
        let revoke = Revoke::new(&cloud, other.expose());
        assert!(run(&mut service, &cloud, &own, &check).unwrap());
        run(&mut service, &cloud, &own, &revoke).unwrap();
        assert!(!run(&mut service, &cloud, &own, &check).unwrap());
        run(&mut service, &cloud, &own, &revoke).unwrap();
        assert!(run(&mut service, &cloud, &other, &check).is_err(), "its own token is gone");

        let own_end = Revoke::new(&cloud, own.expose());
        run(&mut service, &cloud, &own, &own_end).unwrap();
        let error = run(&mut service, &cloud, &own, &own_end).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rejected(refusal) if refusal.status == 401));
    }
}

#[test]
fn scopes_are_listed_at_every_v3_cloud() {
    let [otc, kakao, huawei] = clouds().map(|(cloud, credential, scope)| {
        let mut service = Emulator::new();
        service.page_size(10);
        let login = Login::new(&cloud, credential, scope).unwrap();
        let token = log_in(&mut service, login);
        let domains = run(&mut service, &cloud, &token, &Domains::new(&cloud)).unwrap();
        assert!(domains.next.is_none());
        let domains: Vec<_> = domains.items.into_iter().filter_map(|domain| domain.id).collect();
        let mut projects = Vec::new();
        let mut next = Some(Projects::new(&cloud));
        while let Some(exchange) = next {
            let page: Page<_, _> = run(&mut service, &cloud, &token, &exchange).unwrap();
            projects.extend(page.items.into_iter().filter_map(|project| project.id));
            next = page.next;
        }
        let system = run(&mut service, &cloud, &token, &SystemScopes::new(&cloud));
        service.revoke_all();
        assert!(run(&mut service, &cloud, &token, &Projects::new(&cloud)).is_err());
        (projects, domains, system.ok())
    });
    let one = |id: &str| vec![id.to_owned()];
    assert_eq!(otc, (one(account::OTC_PROJECT), one(account::OTC_DOMAIN_ID), None));
    assert_eq!(huawei, (one(account::HUAWEI_PROJECT_ID), one(account::HUAWEI_DOMAIN_ID), None));
    assert_eq!((kakao.0.len(), kakao.1, kakao.2), (25, vec![], Some(vec![])));
    assert_eq!(kakao.0[0], account::KAKAO_PROJECT);
}

fn clouds() -> [(Cloud, Credential, Scope); 3] {
    let user = |name, domain| UserRef::name_in(name, DomainRef::name(domain));
    let otc = user(account::OTC_USER, account::OTC_DOMAIN);
    let huawei = user(account::HUAWEI_USER, account::HUAWEI_DOMAIN);
    [
        (
            Cloud::otc("eu-de").unwrap(),
            Credential::password(otc, account::OTC_PASSWORD),
            Scope::project_id(account::OTC_PROJECT),
        ),
        (
            Cloud::kakao(),
            Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET),
            Scope::default(),
        ),
        (
            Cloud::huawei(),
            Credential::password(huawei, account::HUAWEI_PASSWORD),
            Scope::project_name(account::HUAWEI_PROJECT),
        ),
    ]
}

fn log_in(service: &mut Emulator, mut login: Login) -> Arc<Token> {
    let Step::Send(request) = login.poll().unwrap() else { panic!("no request") };
    let response = carry(service, request);
    login.handle_response(response, NOW);
    match login.poll().unwrap() {
        Step::Done(token) => token,
        other => panic!("{other:?}"),
    }
}

fn run<E: IdentityRequest>(
    service: &mut Emulator,
    cloud: &Cloud,
    token: &Token,
    exchange: &E,
) -> Result<E::Output, Error> {
    let mut request = exchange.request()?;
    cloud.authorize(token, &mut request)?;
    let (parts, body) = carry(service, request).into_parts();
    exchange.parse(Response::from_parts(parts, &body[..]))
}

fn carry<B: AsRef<[u8]>>(service: &mut Emulator, request: Request<B>) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    service.handle(Request::from_parts(parts, body.as_ref()), NOW)
}

/// Keystone tells of a token with access rules only whoever says that they know of them. A service
/// that does not enforce them must not say so; whoever bears the token may.
#[test]
fn only_the_bearer_of_a_token_asks_for_it_in_spite_of_access_rules() {
    let rules = "OpenStack-Identity-Access-Rules";
    let login =
        Login::new(&stock(), Credential::existing_token(SUBJECT), Scope::default()).unwrap();
    let Step::Send(request) = login.poll().unwrap() else { panic!("nothing to send") };
    assert_eq!(request.headers()[rules], "1.0");
    let validate = Validate::new(&stock(), SUBJECT).request().unwrap();
    assert!(!validate.headers().contains_key(rules));
}

#[test]
fn versions_are_where_they_were_configured_to_be_whatever_the_links_say() {
    let exchange = Versions::new(&stock());
    assert!(!exchange.authenticated());
    assert_eq!(exchange.request().unwrap().uri(), "https://keystone.example/identity/");
    let link = |href: &str| format!(r#""links": [{{"rel": "self", "href": "{href}"}}]"#);
    let v3 = format!(r#"{{"id": "v3.14", "status": "stable", {}}}"#, link("http://inner:5000/v3/"));
    let v2 = format!(r#"{{"id": "v2.0", "status": "deprecated", {}}}"#, link("/v2.0"));
    let odd = format!(r#"{{"id": "v9", "status": "current", {}}}"#, link("https://evil.example/"));
    for (status, body, ids) in [
        (300, format!(r#"{{"versions": {{"values": [{v3}, {v2}]}}}}"#), &["v3.14", "v2.0"][..]),
        (200, format!(r#"{{"versions": [{v3}, {odd}]}}"#), &["v3.14", "v9"]),
        (200, format!(r#"{{"version": {v2}}}"#), &["v2.0"]),
        (203, v3.clone(), &["v3.14"]),
    ] {
        let versions = answer(&exchange, status, &body).unwrap();
        let got: Vec<_> = versions.iter().map(|version| version.id.as_str()).collect();
        assert_eq!(got, ids);
        for version in versions {
            let want = match version.id.as_str() {
                "v3.14" => Some("https://keystone.example/identity/v3"),
                "v2.0" => Some("https://keystone.example/identity/v2.0"),
                _ => None,
            };
            assert_eq!(version.url.as_deref(), want);
        }
    }
    assert!(matches!(protocol(answer(&exchange, 300, "{}")), ProtocolError::Redirect { .. }));
    assert!(matches!(protocol(answer(&exchange, 200, "{}")), ProtocolError::Version));
    assert!(answer(&exchange, 404, "").is_err());
}
