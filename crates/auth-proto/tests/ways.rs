//! Ways in beside a user's own login: a token that is exchanged, a token that is passed on, and what
//! another account has delegated. An account is driven against the emulated services.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::sync::Arc;

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Account, Action, Agency, Call, Cloud, ConfigError, Credential, DomainRef, Error, ErrorKind,
    Exchange, Factor, FetchCatalog, Scope, Select, Settings, Token, UserRef, Verdict,
};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};
use support::NOW;
use time::{Duration, UtcDateTime};

/// An account, the service that it talks to, and what it said there.
struct Talk {
    account: Account,
    service: Emulator,
    now: UtcDateTime,
    /// Method and path, headers, body.
    said: Vec<(String, HeaderMap, Value)>,
}

impl Talk {
    fn new(cloud: &Cloud, credential: Credential) -> Self {
        Self::with(cloud, credential, Settings::default())
    }

    fn with(cloud: &Cloud, credential: Credential, settings: Settings) -> Self {
        let account = Account::new(cloud.clone(), credential, settings).unwrap();
        Self { account, service: Emulator::new(), now: NOW, said: Vec::new() }
    }

    /// What a caller gets who carries every request.
    fn token(&mut self, scope: &Scope) -> Result<Arc<Token>, Error> {
        for _ in 0..8 {
            match self.account.poll(scope, self.now) {
                Action::Fail(error) => return Err(error),
                Action::Send(flight, request) => {
                    let response = self.carry(request);
                    self.account.handle_response(flight, response, self.now);
                }
                Action::Use(token) => return Ok(token),
                action => panic!("{action:?}"),
            }
        }
        panic!("a login without end")
    }

    fn carry<B: AsRef<[u8]>>(&mut self, request: Request<B>) -> Response<Vec<u8>> {
        let (head, body) = request.into_parts();
        let said = serde_json::from_slice(body.as_ref()).unwrap_or_default();
        self.said.push((format!("{} {}", head.method, head.uri), head.headers.clone(), said));
        self.service.handle(Request::from_parts(head, body.as_ref()), self.now)
    }

    /// What was said since the last time that somebody asked.
    fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said).into_iter().map(|(line, ..)| line).collect()
    }

    /// A service refuses this token: whether the call is worth a second try.
    fn refuse(&mut self, token: &Token) -> Verdict {
        let status = StatusCode::UNAUTHORIZED;
        Call::new().verdict(&mut self.account, token, status, true, self.now)
    }
}

fn otc() -> Cloud {
    Cloud::otc("eu-de").unwrap()
}

fn password(cloud: &Cloud) -> Credential {
    let (name, domain, password) = match cloud.name() {
        "Huawei Cloud" => (account::HUAWEI_USER, account::HUAWEI_DOMAIN, account::HUAWEI_PASSWORD),
        _ => (account::OTC_USER, account::OTC_DOMAIN, account::OTC_PASSWORD),
    };
    Credential::password(UserRef::name_in(name, DomainRef::name(domain)), password)
}

fn agency() -> Agency {
    Agency::new(account::AGENCY, DomainRef::name(account::AGENCY_DOMAIN))
}

/// A token of the service itself, for somebody else to use.
fn issued(service: &mut Emulator, cloud: &Cloud, credential: Credential, scope: &Scope) -> String {
    let mut talk = Talk::new(cloud, credential);
    std::mem::swap(&mut talk.service, service);
    let token = talk.token(scope).unwrap().expose().to_owned();
    std::mem::swap(&mut talk.service, service);
    token
}

fn of_kakao(service: &mut Emulator) -> String {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    issued(service, &Cloud::kakao(), key, &Scope::default())
}

const TOKENS: &str = "https://iam.kakaocloud.com/identity/v3/auth/tokens";
const CATALOG: &str = "GET https://iam.kakaocloud.com/identity/v3/auth/catalog";

#[track_caller]
fn refused(result: Result<Arc<Token>, Error>, status: u16, remedy: &str) -> Error {
    let error = result.unwrap_err();
    let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error:?}") };
    assert_eq!(refusal.status.as_u16(), status);
    assert!(error.to_string().contains(remedy), "{error}");
    error
}

#[test]
fn an_agency_is_assumed_with_a_token_of_the_users_domain() {
    let in_domain = Scope::domain_name(account::AGENCY_DOMAIN);
    for (cloud, field, project) in
        [(Cloud::huawei(), "agency_name", "cn-north-1"), (otc(), "xrole_name", "eu-de")]
    {
        let scopes = [Scope::project_name(project), in_domain.clone()];
        let mut talk = Talk::new(&cloud, password(&cloud).assume(agency()));
        for scope in scopes {
            let token = talk.token(&scope).unwrap();
            let [(login, _, first), (exchange, headers, second)] = &talk.said[..] else {
                panic!("{:?}", talk.said)
            };
            assert!(login.ends_with("/v3/auth/tokens?nocatalog=true"), "{login}");
            let own_domain = first["auth"]["identity"]["password"]["user"]["domain"].clone();
            assert_eq!(first["auth"]["scope"], json!({"domain": own_domain}));

            assert!(exchange.ends_with("/v3/auth/tokens"), "{exchange}");
            let assumed = json!({"domain_name": "IAMDomainA", field: "IAMAgency"});
            let identity = json!({"methods": ["assume_role"], "assume_role": assumed});
            assert_eq!(second["auth"]["identity"], identity);
            assert!(headers["X-Auth-Token"].is_sensitive());

            assert_eq!(token.user().name.as_deref(), Some("IAMDomainA/IAMAgency"));
            assert_eq!(token.methods(), ["assume_role"]);
            assert!(token.catalog().is_some());
            assert_ne!(headers["X-Auth-Token"], token.header());
            talk.said.clear();
        }
    }
}

#[test]
fn the_whole_chain_is_run_again_for_a_renewal_and_not_before() {
    let cloud = otc();
    let (credential, scope) = (password(&cloud).assume(agency()), Scope::project_name("eu-de"));
    let mut talk = Talk::new(&cloud, credential);
    let first = talk.token(&scope).unwrap();
    assert_eq!(talk.lines().len(), 2);
    assert_eq!(talk.token(&scope).unwrap().header(), first.header());
    assert_eq!(talk.lines().len(), 0);

    talk.now = talk.account.renew_at(&scope).unwrap();
    assert!(talk.now < NOW + Duration::hours(24));
    let second = talk.token(&scope).unwrap();
    assert_ne!(second.header(), first.header());
    assert_eq!(talk.lines().len(), 2);

    // A refused token, too.
    assert_eq!(talk.refuse(&second), Verdict::Retry);
    assert_ne!(talk.token(&scope).unwrap().header(), second.header());
    assert_eq!(talk.lines().len(), 2);
}

#[test]
fn a_chain_that_breaks_off_begins_anew() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut talk = Talk::new(&cloud, password(&cloud).assume(agency()));
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    let response = talk.carry(request);
    talk.account.handle_response(flight, response, NOW);
    // Whoever comes next goes on where the first one was.
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    assert!(request.headers().contains_key("X-Auth-Token"));
    assert!(matches!(talk.account.poll(&scope, NOW), Action::Wait(_)));
    talk.account.handle_abandoned(flight);
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    assert!(!request.headers().contains_key("X-Auth-Token"));
    let response = talk.carry(request);
    talk.account.handle_response(flight, response, NOW);
    // The half that is done does not wait for ever.
    talk.now = NOW + Duration::minutes(2);
    let Action::Send(_, request) = talk.account.poll(&scope, talk.now) else { panic!() };
    assert!(!request.headers().contains_key("X-Auth-Token"));
}

#[test]
fn a_refused_agency_does_not_send_the_password_again() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let other = Agency::new(account::AGENCY, DomainRef::name("IAMDomainC"));
    for (agency, logins) in [(agency(), 2), (other, 2)] {
        let mut talk = Talk::new(&cloud, password(&cloud).assume(agency));
        let base = talk.account.poll(&scope, NOW);
        let Action::Send(flight, request) = base else { panic!() };
        let response = talk.carry(request);
        talk.account.handle_response(flight, response, NOW);
        talk.service.fail_next(System::Otc, StatusCode::FORBIDDEN);
        let error = refused(talk.token(&scope), 403, "(Agent Operator); no new try before");
        talk.now += Duration::minutes(29);
        assert_eq!(talk.token(&scope).unwrap_err(), error);
        assert_eq!(talk.service.logins(System::Otc), logins);
    }
}

#[test]
fn a_token_assumes_an_agency_without_a_login() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    for make in [Credential::token as fn(String) -> Credential, Credential::passed_on] {
        let mut service = Emulator::new();
        let domain = Scope::domain_name(account::OTC_DOMAIN);
        let own = issued(&mut service, &cloud, password(&cloud), &domain);
        let mut talk = Talk::new(&cloud, make(own.clone()).assume(agency()));
        talk.service = service;
        talk.token(&scope).unwrap();
        let [(_, headers, _)] = &talk.said[..] else { panic!("{:?}", talk.said) };
        assert_eq!(headers["X-Auth-Token"], own);
        // It can be had again for as long as the user's own token lives.
        assert!(talk.account.renew_at(&scope).unwrap() < NOW + Duration::hours(23));
    }
}

#[test]
fn what_no_agency_can_be_assumed_with_is_told_before_anything_is_sent() {
    let project = || Scope::project_name("eu-de");
    let by_id = Credential::password(UserRef::id("u"), "pw");
    let nameless = Agency::new("", DomainRef::name("d"));
    let no_domain = Agency::new("a", DomainRef::id(""));
    let key = Credential::application_credential("k", "s");
    for (cloud, credential, scope, part) in [
        (otc(), by_id.assume(agency()), project(), "credential.user.domain: missing"),
        (otc(), password(&otc()).assume(nameless), project(), "credential.agency: is empty"),
        (otc(), password(&otc()).assume(no_domain), project(), "credential.agency.domain: is"),
        (
            otc(),
            password(&otc()).assume(agency()),
            Scope::default(),
            "takes no default scope; it takes domain scope, project scope by id, project scope by \
             name",
        ),
        (Cloud::kakao(), key.assume(agency()), Scope::default(), "takes no agency; it takes"),
    ] {
        let account = Account::new(cloud, credential, Settings::default());
        let error = match account.map(|mut account| account.poll(&scope, NOW)) {
            Ok(Action::Fail(error)) | Err(error) => error,
            Ok(action) => panic!("{action:?}"),
        };
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_token_is_exchanged_for_other_scopes_and_ends_with_them() {
    let cloud = otc();
    let mut service = Emulator::new();
    let domain = Scope::domain_name(account::OTC_DOMAIN);
    let own = issued(&mut service, &cloud, password(&cloud), &domain);
    let mut talk = Talk::new(&cloud, Credential::token(own.clone()));
    talk.service = service;
    talk.now = NOW + Duration::hours(20);
    let project = Scope::project_id(account::OTC_PROJECT);
    for scope in [&project, &domain] {
        let token = talk.token(scope).unwrap();
        assert_eq!(token.expires_at(), NOW + Duration::hours(24));
        assert_eq!(talk.said.last().unwrap().1["X-Auth-Token"], own);
    }
    // Another one would end at the same time.
    talk.lines();
    talk.now = NOW + Duration::hours(24) - Duration::minutes(1);
    talk.token(&project).unwrap();
    assert_eq!(talk.lines().len(), 0);
    talk.now = NOW + Duration::hours(24);
    refused(talk.token(&project), 401, "has ended, was revoked, or must not be exchanged");
    // Two scopes that it was good for are refused before the third is believed to be.
    talk.token(&domain).unwrap_err();
    assert_eq!(talk.lines().len(), 2);
    talk.now += Duration::minutes(20);
    for scope in [&project, &domain, &Scope::default()] {
        talk.token(scope).unwrap_err();
    }
    assert_eq!(talk.lines().len(), 0);
}

#[test]
fn a_token_that_must_not_be_exchanged_is_passed_on() {
    let cloud = Cloud::kakao();
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let stock = Cloud::keystone("https://iam.kakaocloud.com/identity/v3").unwrap();
    let mut talk = Talk::new(&stock, Credential::token(token.clone()));
    std::mem::swap(&mut talk.service, &mut service);
    refused(talk.token(&Scope::project_id(account::KAKAO_PROJECT)), 403, "or pass it on as it is");

    for scope in [Scope::default(), Scope::project_id(account::KAKAO_PROJECT)] {
        let mut again = Talk::new(&stock, Credential::passed_on(token.clone()));
        std::mem::swap(&mut talk.service, &mut again.service);
        again.now = NOW + Duration::hours(11);
        let passed = again.token(&scope).unwrap();
        assert_eq!(passed.expose(), token);
        assert!(passed.is_validated() && passed.catalog().is_some());
        let [(line, headers, _)] = &again.said[..] else { panic!("{:?}", again.said) };
        assert_eq!(*line, format!("GET {TOKENS}"));
        for header in ["X-Auth-Token", "X-Subject-Token"] {
            assert_eq!(headers[header], token);
            assert!(headers[header].is_sensitive());
        }
        // Its life is what is left of it, and nobody asks again before its end.
        again.lines();
        again.now = NOW + Duration::hours(12) - Duration::seconds(10);
        again.token(&scope).unwrap();
        assert_eq!(again.lines().len(), 0);
        again.now = NOW + Duration::hours(12);
        refused(again.token(&scope), 401, "pass on a fresh one");
        again.now += Duration::minutes(29);
        again.token(&scope).unwrap_err();
        assert_eq!(again.lines().len(), 1);
        std::mem::swap(&mut talk.service, &mut again.service);
    }

    // Whoever says what it is good for is held to it.
    let mut other = Talk::new(&stock, Credential::passed_on(token));
    std::mem::swap(&mut talk.service, &mut other.service);
    let error = other.token(&Scope::project_id("other")).unwrap_err();
    assert!(error.to_string().contains("other"), "{error}");
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");

    // At a cloud that takes application credentials alone it needs no permission either.
    let mut talk = Talk::new(&cloud, Credential::passed_on("unknown"));
    refused(talk.token(&Scope::default()), 401, "pass on a fresh one");
}

#[test]
fn a_service_that_refuses_a_token_that_was_passed_on_is_believed() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let mut talk = Talk::new(&Cloud::kakao(), Credential::passed_on(token.clone()));
    talk.service = service;
    let passed = talk.token(&Scope::default()).unwrap();
    // There is no other one to try the call with.
    assert_eq!(talk.refuse(&passed), Verdict::Deliver);
    // It is looked at again, and is as good as before.
    talk.token(&Scope::default()).unwrap();
    assert_eq!(talk.lines(), [format!("GET {TOKENS}"), format!("GET {TOKENS}")]);
    talk.service.revoke_all();
    talk.now += Duration::minutes(2);
    assert_eq!(talk.refuse(&passed), Verdict::Deliver);
    refused(talk.token(&Scope::default()), 401, "pass on a fresh one");
}

#[test]
fn a_token_that_nobody_may_ask_about_is_used_until_a_service_refuses_it() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let other = of_kakao(&mut service);
    for status in [403, 404, 405, 400, 410, 501] {
        let status = StatusCode::from_u16(status).unwrap();
        let mut talk = Talk::new(&Cloud::kakao(), Credential::passed_on(token.clone()));
        std::mem::swap(&mut talk.service, &mut service);
        talk.service.fail_next(System::Kakao, status);
        let passed = talk.token(&Scope::default()).unwrap();
        assert!(!passed.is_validated());
        assert_eq!(passed.expires_at(), UtcDateTime::MAX);
        // Its catalog is its own to read.
        assert_eq!(talk.lines(), [format!("GET {TOKENS}"), CATALOG.to_owned()]);
        let cloud = talk.account.cloud().clone();
        let url = cloud.endpoint(&passed, &Select::new("vpc")).unwrap().url().to_owned();
        assert_eq!(url, "https://vpc.kr-central-2.kakaocloud.com/api/v1");
        talk.now += Duration::days(10);
        talk.token(&Scope::default()).unwrap();
        assert_eq!(talk.lines().len(), 0);

        talk.now = NOW + Duration::hours(1);
        assert_eq!(talk.refuse(&passed), Verdict::Deliver);
        talk.service.fail_next(System::Kakao, status);
        refused(talk.token(&Scope::default()), 401, "pass on a fresh one");
        talk.now += Duration::minutes(20);
        talk.token(&Scope::default()).unwrap_err();

        // Another one is another one.
        talk.lines();
        talk.account.replace_credential(Credential::passed_on(other.clone())).unwrap();
        talk.service.fail_next(System::Kakao, status);
        assert_eq!(talk.token(&Scope::default()).unwrap().expose(), other);
        std::mem::swap(&mut talk.service, &mut service);
    }
}

#[test]
fn a_service_that_cannot_tell_right_now_is_asked_again() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let scope = Scope::default();
    for first in [None, Some(StatusCode::FORBIDDEN)] {
        let mut talk = Talk::new(&Cloud::kakao(), Credential::passed_on(token.clone()));
        std::mem::swap(&mut talk.service, &mut service);
        for status in first.into_iter().chain([StatusCode::SERVICE_UNAVAILABLE]) {
            talk.service.fail_next(System::Kakao, status);
        }
        let until = loop {
            match talk.account.poll(&scope, NOW) {
                Action::Wait(until) => break until,
                Action::Send(flight, request) => {
                    let response = talk.carry(request);
                    talk.account.handle_response(flight, response, NOW);
                }
                action => panic!("{action:?}"),
            }
        };
        talk.now = until;
        assert!(talk.token(&scope).unwrap().is_validated());
        std::mem::swap(&mut talk.service, &mut service);
    }
}

#[test]
fn a_catalog_that_cannot_be_had_costs_no_token() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let mut talk = Talk::new(&Cloud::kakao(), Credential::passed_on(token.clone()));
    talk.service = service;
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    talk.service.fail_next(System::Kakao, StatusCode::NOT_FOUND);
    let passed = talk.token(&Scope::default()).unwrap();
    assert!(passed.catalog().is_none());

    // But a token that is not taken there is taken nowhere.
    let mut talk = Talk::new(&Cloud::kakao(), Credential::passed_on(token));
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    refused(talk.token(&Scope::default()), 401, "pass on a fresh one");

    // Who wants no catalog asks for none.
    let settings = Settings::default().without_catalog();
    let mut talk = Talk::with(&Cloud::kakao(), Credential::passed_on("t"), settings);
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    talk.token(&Scope::default()).unwrap();
    assert_eq!(talk.lines(), [format!("GET {TOKENS}?nocatalog=true")]);
}

#[test]
fn at_a_v2_cloud_a_token_is_tried_at_the_list_of_tenants() {
    let scope = Scope::project_id(account::NHN_TENANT);
    for scope in [Scope::default(), scope] {
        let mut talk = Talk::new(&Cloud::nhn(), Credential::passed_on("t"));
        // The vendor documents no such list.
        let passed = talk.token(&scope).unwrap();
        assert!(!passed.is_validated() && passed.catalog().is_none());
        let [line] = &talk.lines()[..] else { panic!() };
        assert!(line.ends_with(".nhncloudservice.com/v2.0/tenants"), "{line}");
        let select = Select::new("object-store").region("KR1");
        let found = talk.account.cloud().endpoint(&passed, &select).is_ok();
        assert!(!found, "the tenant is not known");
    }
    let mut talk = Talk::new(&Cloud::nhn(), Credential::passed_on("t"));
    talk.service.fail_next(System::NhnIaas, StatusCode::UNAUTHORIZED);
    refused(talk.token(&Scope::default()), 401, "pass on a fresh one");
}

#[test]
fn nothing_goes_with_a_token_that_was_passed_on() {
    let user = UserRef::name_in("alice", DomainRef::name("Default"));
    let stock = Cloud::keystone("https://keystone.example/v3").unwrap();
    for credential in [
        Credential::passed_on("t").and(Factor::totp("123456")),
        Credential::passed_on("t").and(Factor::password("pw")),
    ] {
        Account::new(stock.clone(), credential, Settings::default()).unwrap_err();
    }
    let blank = Credential::passed_on("a b");
    let error = Account::new(stock.clone(), blank, Settings::default()).unwrap_err();
    let field = "credential.token";
    assert_eq!(*error.kind(), ErrorKind::Config(ConfigError::Characters { field }));

    // The two together are not mistaken for either.
    let both = Credential::password(user, "pw").and(Factor::totp("123456"));
    assert!(format!("{both:?}").contains("totp"));
    let shown = format!("{:?}", Credential::passed_on("canary").assume(agency()));
    assert!(shown.contains("IAMAgency") && !shown.contains("canary"), "{shown}");
}

#[test]
fn a_catalog_is_fetched_for_a_token_that_came_without() {
    let (cloud, scope) = (otc(), Scope::project_id(account::OTC_PROJECT));
    let mut talk = Talk::with(&cloud, password(&cloud), Settings::default().without_catalog());
    let token = talk.token(&scope).unwrap();
    let compute = Select::new("compute");
    assert!(cloud.endpoint(&token, &compute).is_err());

    let fetch = FetchCatalog::new(&cloud);
    let mut request = fetch.request().unwrap();
    assert_eq!(request.uri(), "https://iam.eu-de.otc.t-systems.com/v3/auth/catalog");
    cloud.authorize(&token, &mut request).unwrap();
    let (head, body) = talk.carry(request).into_parts();
    let catalog = fetch.parse(Response::from_parts(head, &body[..])).unwrap();
    let token = Arc::unwrap_or_clone(token).with_catalog(catalog);
    let url = cloud.endpoint(&token, &compute).unwrap().url().to_owned();
    assert!(url.starts_with("https://ecs.eu-de.otc.t-systems.com/v2.1/"), "{url}");

    let refusal = Response::builder().status(403).body(&b"{}"[..]).unwrap();
    assert!(matches!(fetch.parse(refusal).unwrap_err().kind(), ErrorKind::Rejected(_)));
    assert!(FetchCatalog::new(&Cloud::nhn()).request().is_err());
}
