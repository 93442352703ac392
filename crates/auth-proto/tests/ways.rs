//! Ways in by a token: one that is exchanged, one that is passed on. An account is driven against the
//! emulated services.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::sync::Arc;

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Action, Agency, Cloud, ConfigError, Credential, DomainRef, EndpointQuery, ErrorKind, Factor,
    FetchCatalog, IdentityRequest, Login, RetryDecision, Scope, Session, Settings, Step, UserRef,
    timestamp,
};
use http::{Response, StatusCode};
use support::{
    NOW, response,
    talk::{Talk, issued, password, refused},
};
use time::{Duration, UtcDateTime};

fn otc() -> Cloud {
    Cloud::otc("eu-de").unwrap()
}

fn of_kakao(service: &mut Emulator) -> String {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    issued(service, &Cloud::kakao(), key, &Scope::default())
}

const TOKENS: &str = "https://iam.kakaocloud.com/identity/v3/auth/tokens";
const CATALOG: &str = "GET https://iam.kakaocloud.com/identity/v3/auth/catalog";

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
    refused(talk.token(&project), 401, "has expired, was revoked or cannot be exchanged");
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
    refused(
        talk.token(&Scope::project_id(account::KAKAO_PROJECT)),
        403,
        "or use Credential::existing_token",
    );

    for scope in [Scope::default(), Scope::project_id(account::KAKAO_PROJECT)] {
        let mut again = Talk::new(&stock, Credential::existing_token(token.clone()));
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
        refused(again.token(&scope), 401, "the existing token has expired or was revoked");
        again.now += Duration::minutes(29);
        again.token(&scope).unwrap_err();
        assert_eq!(again.lines().len(), 1);
        std::mem::swap(&mut talk.service, &mut again.service);
    }

    // Whoever says what it is good for is held to it.
    let mut other = Talk::new(&stock, Credential::existing_token(token));
    std::mem::swap(&mut talk.service, &mut other.service);
    let error = other.token(&Scope::project_id("other")).unwrap_err();
    assert!(error.to_string().contains("other"), "{error}");
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");

    // At a cloud that takes application credentials alone it needs no permission either.
    let mut talk = Talk::new(&cloud, Credential::existing_token("unknown"));
    refused(talk.token(&Scope::default()), 401, "the existing token has expired or was revoked");
}

#[test]
fn a_service_that_refuses_a_token_that_was_passed_on_is_believed() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token(token.clone()));
    talk.service = service;
    let passed = talk.token(&Scope::default()).unwrap();
    // There is no other one to try the call with.
    assert_eq!(talk.refuse(&passed), RetryDecision::Deliver);
    // It is looked at again, and is as good as before.
    talk.token(&Scope::default()).unwrap();
    assert_eq!(talk.lines(), [format!("GET {TOKENS}"), format!("GET {TOKENS}")]);
    talk.service.revoke_all();
    talk.now += Duration::minutes(2);
    assert_eq!(talk.refuse(&passed), RetryDecision::Deliver);
    refused(talk.token(&Scope::default()), 401, "the existing token has expired or was revoked");
}

#[test]
fn a_token_that_nobody_may_ask_about_is_used_until_a_service_refuses_it() {
    let mut service = Emulator::new();
    let token = of_kakao(&mut service);
    let other = of_kakao(&mut service);
    for status in [403, 404, 405, 400, 410, 501] {
        let status = StatusCode::from_u16(status).unwrap();
        let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token(token.clone()));
        std::mem::swap(&mut talk.service, &mut service);
        talk.service.fail_next(System::Kakao, status);
        let passed = talk.token(&Scope::default()).unwrap();
        assert!(!passed.is_validated());
        assert_eq!(passed.expires_at(), UtcDateTime::MAX);
        // Its catalog is its own to read.
        assert_eq!(talk.lines(), [format!("GET {TOKENS}"), CATALOG.to_owned()]);
        let cloud = talk.account.cloud().clone();
        let url = cloud.endpoint(&passed, &EndpointQuery::new("vpc")).unwrap().url().to_owned();
        assert_eq!(url, "https://vpc.kr-central-2.kakaocloud.com/api/v1");
        talk.now += Duration::days(10);
        talk.token(&Scope::default()).unwrap();
        assert_eq!(talk.lines().len(), 0);

        talk.now = NOW + Duration::hours(1);
        assert_eq!(talk.refuse(&passed), RetryDecision::Deliver);
        talk.service.fail_next(System::Kakao, status);
        refused(
            talk.token(&Scope::default()),
            401,
            "the existing token has expired or was revoked",
        );
        talk.now += Duration::minutes(20);
        talk.token(&Scope::default()).unwrap_err();

        // Another one is another one.
        talk.lines();
        talk.account.replace_credential(Credential::existing_token(other.clone())).unwrap();
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
        let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token(token.clone()));
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
    let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token(token.clone()));
    talk.service = service;
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    talk.service.fail_next(System::Kakao, StatusCode::NOT_FOUND);
    let passed = talk.token(&Scope::default()).unwrap();
    assert!(passed.catalog().is_none());

    // But a token that is not taken there is taken nowhere.
    let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token(token));
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    refused(talk.token(&Scope::default()), 401, "the existing token has expired or was revoked");

    // Who wants no catalog asks for none.
    let settings = Settings::default().without_catalog();
    let mut talk = Talk::with(&Cloud::kakao(), Credential::existing_token("t"), settings);
    talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    talk.token(&Scope::default()).unwrap();
    assert_eq!(talk.lines(), [format!("GET {TOKENS}?nocatalog=true")]);
}

fn stock() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

/// What a service says of a token of one hour, but for its catalog.
fn told(scope: &str, issued_at: UtcDateTime) -> Response<Vec<u8>> {
    let [issued, ends] = [issued_at, issued_at + Duration::HOUR].map(timestamp::format);
    let body =
        format!(r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}", {scope}}}}}"#);
    response(200, Some("passed"), &body)
}

#[test]
fn a_token_without_a_catalog_gets_its_own_where_it_has_one() {
    for (scope, has_one) in [
        (r#""project": {"id": "p"}"#, true),
        (r#""domain": {"id": "d"}"#, true),
        (r#""system": {"all": true}"#, false),
        (r#""user": {"id": "u"}"#, false),
        (r#""project": {"id": "p"}, "catalog": []"#, false),
    ] {
        let mut login =
            Login::new(&stock(), Credential::existing_token("passed"), Scope::default()).unwrap();
        login.handle_response(told(scope, NOW), NOW);
        let fetches = matches!(login.poll(), Ok(Step::Send(_)));
        assert_eq!(fetches, has_one, "{scope}");
        // A service that does not take there what it has just approved is at odds with itself.
        login.handle_response(response(401, None, "{}"), NOW);
        assert!(matches!(login.poll(), Ok(Step::Done(_))), "{scope}");
    }
}

#[test]
fn a_refusal_of_the_catalog_repeats_no_token_and_is_one_of_the_credential() {
    for status in [401, 503] {
        let credential = Credential::existing_token("a-token-passed-on");
        let mut login = Login::new(&stock(), credential, Scope::default()).unwrap();
        login.handle_response(response(403, None, "{}"), NOW);
        let echo = r#"{"error": {"message": "no catalog for a-token-passed-on"}}"#;
        login.handle_response(response(status, None, echo), NOW);
        let error = login.poll().unwrap_err();
        assert!(error.to_string().contains("no catalog for"), "{error}");
        assert!(!format!("{error} {error:?}").contains("a-token-passed-on"), "{error}");
    }
    let mut talk = Talk::new(&Cloud::kakao(), Credential::existing_token("unknown"));
    for minute in 0..120 {
        talk.now = NOW + Duration::minutes(minute);
        for scope in [Scope::default(), Scope::unscoped()] {
            // The service would not say, and then does not take it.
            if talk.said.is_empty() {
                talk.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
            }
            talk.token(&scope).unwrap_err();
        }
    }
    // And once more after half an hour.
    assert!(talk.lines().len() <= 3);
}

#[test]
fn the_rest_of_a_life_runs_from_when_it_was_told() {
    let credential = Credential::existing_token("passed");
    let mut account = Session::new(stock(), credential, Settings::default()).unwrap();
    let scope = Scope::default();
    let Action::Send(flight, _) = account.poll(&scope, NOW) else { panic!() };
    let answer = told(r#""project": {"id": "p"}"#, NOW - Duration::minutes(55));
    account.handle_response(flight, answer, NOW);
    let later = NOW + Duration::seconds(50);
    let Action::Send(flight, _) = account.poll(&scope, later) else { panic!() };
    account.handle_response(flight, response(200, None, r#"{"catalog": []}"#), later);
    assert!(account.cached_token(&scope, NOW + Duration::seconds(290)).is_some());
    assert!(account.cached_token(&scope, NOW + Duration::seconds(301)).is_none());
}

#[test]
fn at_a_v2_cloud_a_token_is_tried_at_the_list_of_tenants() {
    let scope = Scope::project_id(account::NHN_TENANT);
    for scope in [Scope::default(), scope] {
        let mut talk = Talk::new(&Cloud::nhn(), Credential::existing_token("t"));
        // The vendor documents no such list.
        let passed = talk.token(&scope).unwrap();
        assert!(!passed.is_validated() && passed.catalog().is_none());
        let [line] = &talk.lines()[..] else { panic!() };
        assert!(line.ends_with(".nhncloudservice.com/v2.0/tenants"), "{line}");
        let select = EndpointQuery::new("object-store").region("KR1");
        let found = talk.account.cloud().endpoint(&passed, &select).is_ok();
        assert!(!found, "the tenant is not known");
    }
    // Where there is one, the token is good, and that is all it says.
    let old = Cloud::keystone("https://keystone.example/v2.0").unwrap();
    let mut login = Login::new(&old, Credential::existing_token("t"), Scope::default()).unwrap();
    login.handle_response(response(200, None, r#"{"tenants": []}"#), NOW);
    assert!(matches!(login.poll(), Ok(Step::Done(token)) if !token.is_validated()), "{login:?}");

    let mut talk = Talk::new(&Cloud::nhn(), Credential::existing_token("t"));
    talk.service.fail_next(System::NhnIaas, StatusCode::UNAUTHORIZED);
    refused(talk.token(&Scope::default()), 401, "the existing token has expired or was revoked");
}

#[test]
fn nothing_goes_with_a_token_that_was_passed_on() {
    let user = UserRef::name_in("alice", DomainRef::name("Default"));
    let stock = stock();
    for credential in [
        Credential::existing_token("t").and(Factor::totp("123456")),
        Credential::existing_token("t").and(Factor::password("pw")),
    ] {
        Session::new(stock.clone(), credential, Settings::default()).unwrap_err();
    }
    // A scope that there cannot be is none that it has.
    let passed = || Credential::existing_token("t");
    for (cloud, scope) in
        [(Cloud::nhn(), Scope::domain_id("d")), (Cloud::huawei(), Scope::system())]
    {
        let error = Login::new(&cloud, passed(), scope).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::Scope { .. })), "{error}");
        Login::new(&cloud, passed(), Scope::default()).unwrap();
    }
    let blank = Credential::existing_token("a b");
    let error = Session::new(stock.clone(), blank, Settings::default()).unwrap_err();
    let field = "credential.token";
    assert_eq!(*error.kind(), ErrorKind::Config(ConfigError::Characters { field }));

    // The two together are not mistaken for either.
    let both = Credential::password(user, "pw").and(Factor::totp("123456"));
    assert!(format!("{both:?}").contains("totp"));
    let agency = Agency::new("IAMAgency", DomainRef::name("IAMDomainA"));
    let shown = format!("{:?}", Credential::existing_token("canary").assume(agency));
    assert!(shown.contains("IAMAgency") && !shown.contains("canary"), "{shown}");
}

#[test]
fn a_catalog_is_fetched_for_a_token_that_came_without() {
    let (cloud, scope) = (otc(), Scope::project_id(account::OTC_PROJECT));
    let mut talk = Talk::with(&cloud, password(&cloud), Settings::default().without_catalog());
    let token = talk.token(&scope).unwrap();
    let compute = EndpointQuery::new("compute");
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
