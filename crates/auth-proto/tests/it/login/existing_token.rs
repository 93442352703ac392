//! Logins with a token: one that is exchanged, and one that is used as it is.

use std::sync::Arc;

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Action, Agency, Cloud, ConfigError, ConfigField, Credential, DomainRef, EndpointQuery, Error,
    ErrorKind, Factor, FetchCatalog, IdentityRequest, Login, RetryDecision, Scope, Session,
    Settings, Step, Token, UserRef, timestamp,
};
use http::{Response, StatusCode};
use time::{Duration, UtcDateTime};

use crate::support::{
    NOW, config_error,
    emulated::{self, EmulatedSession, issued, otc_cloud, password, refused},
    keystone, keystone_v2, response,
    session::{respond, session_of},
};

/// A token of KakaoCloud, which a holder may use but not exchange.
fn kakao_token(service: &mut Emulator) -> String {
    let (cloud, key, scope) = emulated::kakao();
    issued(service, &cloud, key, &scope)
}

/// A session with an existing token at KakaoCloud.
fn existing(token: &str) -> EmulatedSession {
    EmulatedSession::new(&Cloud::kakao(), Credential::existing_token(token))
}

#[track_caller]
fn expired(result: Result<Arc<Token>, Error>) {
    refused(result, 401, "the existing token has expired or was revoked");
}

const TOKENS: &str = "https://iam.kakaocloud.com/identity/v3/auth/tokens";
const CATALOG: &str = "GET https://iam.kakaocloud.com/identity/v3/auth/catalog";

#[test]
fn an_exchanged_token_ends_with_its_source() {
    let cloud = otc_cloud();
    let mut service = Emulator::new();
    let domain = Scope::domain_name(account::OTC_DOMAIN);
    let own = issued(&mut service, &cloud, password(&cloud), &domain);
    let mut emulated = EmulatedSession::new(&cloud, Credential::token(own.clone()));
    emulated.service = service;
    emulated.now = NOW + Duration::hours(20);
    let project = Scope::project_id(account::OTC_PROJECT);
    for scope in [&project, &domain] {
        let token = emulated.token(scope).unwrap();
        assert_eq!(token.expires_at(), NOW + Duration::hours(24));
        assert_eq!(emulated.requests.last().unwrap().1["X-Auth-Token"], own);
    }
    // A new token would end at the same time, so none is requested.
    emulated.lines();
    emulated.now = NOW + Duration::hours(24) - Duration::minutes(1);
    emulated.token(&project).unwrap();
    assert_eq!(emulated.lines().len(), 0);
    emulated.now = NOW + Duration::hours(24);
    refused(emulated.token(&project), 401, "has expired, was revoked or cannot be exchanged");
    // Two scopes that worked before are refused before the third is blocked, too.
    emulated.token(&domain).unwrap_err();
    assert_eq!(emulated.lines().len(), 2);
    emulated.now += Duration::minutes(20);
    for scope in [&project, &domain, &Scope::default()] {
        emulated.token(scope).unwrap_err();
    }
    assert_eq!(emulated.lines().len(), 0);
}

#[test]
fn an_existing_token_is_used_as_it_is() {
    let mut service = Emulator::new();
    let token = kakao_token(&mut service);
    let stock = Cloud::keystone("https://iam.kakaocloud.com/identity/v3").unwrap();
    let mut emulated = EmulatedSession::new(&stock, Credential::token(token.clone()));
    std::mem::swap(&mut emulated.service, &mut service);
    refused(
        emulated.token(&Scope::project_id(account::KAKAO_PROJECT)),
        403,
        "or use Credential::existing_token",
    );

    for scope in [Scope::default(), Scope::project_id(account::KAKAO_PROJECT)] {
        let mut again = EmulatedSession::new(&stock, Credential::existing_token(token.clone()));
        std::mem::swap(&mut emulated.service, &mut again.service);
        again.now = NOW + Duration::hours(11);
        let passed = again.token(&scope).unwrap();
        assert_eq!(passed.expose(), token);
        assert!(passed.is_validated() && passed.catalog().is_some());
        let [(line, headers, _)] = &again.requests[..] else { panic!("{:?}", again.requests) };
        assert_eq!(*line, format!("GET {TOKENS}"));
        for header in ["X-Auth-Token", "X-Subject-Token"] {
            assert_eq!(headers[header], token);
            assert!(headers[header].is_sensitive());
        }
        // The token serves for the rest of its life without another check.
        again.lines();
        again.now = NOW + Duration::hours(12) - Duration::seconds(10);
        again.token(&scope).unwrap();
        assert_eq!(again.lines().len(), 0);
        again.now = NOW + Duration::hours(12);
        expired(again.token(&scope));
        again.now += Duration::minutes(29);
        again.token(&scope).unwrap_err();
        assert_eq!(again.lines().len(), 1);
        std::mem::swap(&mut emulated.service, &mut again.service);
    }

    // A requested scope must be that of the token.
    let mut other = EmulatedSession::new(&stock, Credential::existing_token(token));
    std::mem::swap(&mut emulated.service, &mut other.service);
    let error = other.token(&Scope::project_id("other")).unwrap_err();
    assert!(error.to_string().contains("other"), "{error}");
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");

    // A cloud that takes only application credentials takes existing tokens, too.
    expired(existing("unknown").token(&Scope::default()));
}

#[test]
fn a_refused_existing_token_is_checked_again() {
    let mut service = Emulator::new();
    let token = kakao_token(&mut service);
    let mut emulated = existing(&token);
    emulated.service = service;
    let passed = emulated.token(&Scope::default()).unwrap();
    // The session has no other token for a second try.
    assert_eq!(emulated.refuse(&passed), RetryDecision::Deliver);
    // The check finds the token valid.
    emulated.token(&Scope::default()).unwrap();
    assert_eq!(emulated.lines(), [format!("GET {TOKENS}"), format!("GET {TOKENS}")]);
    emulated.service.revoke_all();
    emulated.now += Duration::minutes(2);
    assert_eq!(emulated.refuse(&passed), RetryDecision::Deliver);
    expired(emulated.token(&Scope::default()));
}

#[test]
fn an_unchecked_token_serves_until_refused() {
    let mut service = Emulator::new();
    let token = kakao_token(&mut service);
    let other = kakao_token(&mut service);
    for status in [403, 404, 405, 400, 410, 501] {
        let status = StatusCode::from_u16(status).unwrap();
        let mut emulated = existing(&token);
        std::mem::swap(&mut emulated.service, &mut service);
        emulated.service.fail_next(System::Kakao, status);
        let passed = emulated.token(&Scope::default()).unwrap();
        assert!(!passed.is_validated());
        assert_eq!(passed.expires_at(), UtcDateTime::MAX);
        // The token may read its own catalog.
        assert_eq!(emulated.lines(), [format!("GET {TOKENS}"), CATALOG.to_owned()]);
        let cloud = emulated.session.cloud().clone();
        let url = cloud.endpoint(&passed, &EndpointQuery::new("vpc")).unwrap().url().to_owned();
        assert_eq!(url, "https://vpc.kr-central-2.kakaocloud.com/api/v1");
        emulated.now += Duration::days(10);
        emulated.token(&Scope::default()).unwrap();
        assert_eq!(emulated.lines().len(), 0);

        emulated.now = NOW + Duration::hours(1);
        assert_eq!(emulated.refuse(&passed), RetryDecision::Deliver);
        emulated.service.fail_next(System::Kakao, status);
        expired(emulated.token(&Scope::default()));
        emulated.now += Duration::minutes(20);
        emulated.token(&Scope::default()).unwrap_err();

        // A new credential is checked by itself.
        emulated.lines();
        emulated.session.replace_credential(Credential::existing_token(other.clone())).unwrap();
        emulated.service.fail_next(System::Kakao, status);
        assert_eq!(emulated.token(&Scope::default()).unwrap().expose(), other);
        std::mem::swap(&mut emulated.service, &mut service);
    }
}

#[test]
fn an_unavailable_check_is_repeated() {
    let mut service = Emulator::new();
    let token = kakao_token(&mut service);
    let scope = Scope::default();
    for first in [None, Some(StatusCode::FORBIDDEN)] {
        let mut emulated = existing(&token);
        std::mem::swap(&mut emulated.service, &mut service);
        for status in first.into_iter().chain([StatusCode::SERVICE_UNAVAILABLE]) {
            emulated.service.fail_next(System::Kakao, status);
        }
        let until = loop {
            match emulated.session.poll(&scope, NOW) {
                Action::Wait(until) => break until,
                Action::Send(pending, request) => {
                    let response = emulated.carry(request);
                    emulated.session.handle_response(pending, response, NOW).unwrap();
                }
                action => panic!("{action:?}"),
            }
        };
        emulated.now = until;
        assert!(emulated.token(&scope).unwrap().is_validated());
        std::mem::swap(&mut emulated.service, &mut service);
    }
}

#[test]
fn a_missing_catalog_costs_no_token() {
    let mut service = Emulator::new();
    let token = kakao_token(&mut service);
    let mut emulated = existing(&token);
    emulated.service = service;
    emulated.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    emulated.service.fail_next(System::Kakao, StatusCode::NOT_FOUND);
    let passed = emulated.token(&Scope::default()).unwrap();
    assert!(passed.catalog().is_none());

    // A 401 for the catalog means that the token is invalid.
    let mut emulated = existing(&token);
    emulated.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    expired(emulated.token(&Scope::default()));

    // Without a catalog there is no request for one.
    let settings = Settings::default().without_catalog();
    let mut emulated =
        EmulatedSession::with(&Cloud::kakao(), Credential::existing_token("t"), settings);
    emulated.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
    emulated.token(&Scope::default()).unwrap();
    assert_eq!(emulated.lines(), [format!("GET {TOKENS}?nocatalog=true")]);
}

/// The response to a check of a token of one hour, without a catalog.
fn checked(scope: &str, issued_at: UtcDateTime) -> Response<Vec<u8>> {
    let [issued, ends] = [issued_at, issued_at + Duration::HOUR].map(timestamp::format);
    let body =
        format!(r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}", {scope}}}}}"#);
    response(200, Some("passed"), &body)
}

#[test]
fn a_scoped_token_gets_its_catalog() {
    for (scope, has_one) in [
        (r#""project": {"id": "p"}"#, true),
        (r#""domain": {"id": "d"}"#, true),
        (r#""system": {"all": true}"#, false),
        (r#""user": {"id": "u"}"#, false),
        (r#""project": {"id": "p"}, "catalog": []"#, false),
    ] {
        let mut login =
            Login::new(&keystone(), Credential::existing_token("passed"), Scope::default())
                .unwrap();
        login.handle_response(checked(scope, NOW), NOW);
        let fetches = matches!(login.poll(), Ok(Step::Send(_)));
        assert_eq!(fetches, has_one, "{scope}");
        // A refusal contradicts the check that has just succeeded, and changes nothing.
        login.handle_response(response(401, None, "{}"), NOW);
        assert!(matches!(login.poll(), Ok(Step::Done(_))), "{scope}");
    }
}

#[test]
fn a_refused_catalog_is_a_refused_credential() {
    for status in [401, 503] {
        let credential = Credential::existing_token("a-token-passed-on");
        let mut login = Login::new(&keystone(), credential, Scope::default()).unwrap();
        login.handle_response(response(403, None, "{}"), NOW);
        let echo = r#"{"error": {"message": "no catalog for a-token-passed-on"}}"#;
        login.handle_response(response(status, None, echo), NOW);
        let error = login.poll().unwrap_err();
        assert!(error.to_string().contains("no catalog for"), "{error}");
        assert!(!format!("{error} {error:?}").contains("a-token-passed-on"), "{error}");
    }
    let mut emulated = existing("unknown");
    for minute in 0..120 {
        emulated.now = NOW + Duration::minutes(minute);
        for scope in [Scope::default(), Scope::unscoped()] {
            // The check is forbidden, and then the catalog is refused.
            if emulated.requests.is_empty() {
                emulated.service.fail_next(System::Kakao, StatusCode::FORBIDDEN);
            }
            emulated.token(&scope).unwrap_err();
        }
    }
    // Two requests, and one more after half an hour.
    assert!(emulated.lines().len() <= 3);
}

#[test]
fn the_life_counts_from_the_check() {
    let credential = Credential::existing_token("passed");
    let (mut session, scope) = (session_of(credential), Scope::default());
    let token = checked(r#""project": {"id": "p"}"#, NOW - Duration::minutes(55));
    respond(&mut session, &scope, token, NOW);
    let later = NOW + Duration::seconds(50);
    respond(&mut session, &scope, response(200, None, r#"{"catalog": []}"#), later);
    assert!(session.cached_token(&scope, NOW + Duration::seconds(290)).is_some());
    assert!(session.cached_token(&scope, NOW + Duration::seconds(301)).is_none());
}

#[test]
fn v2_checks_a_token_with_the_tenant_list() {
    let scope = Scope::project_id(account::NHN_TENANT);
    for scope in [Scope::default(), scope] {
        let mut emulated = EmulatedSession::new(&Cloud::nhn(), Credential::existing_token("t"));
        // The vendor documents no such list, so the token stays unchecked.
        let passed = emulated.token(&scope).unwrap();
        assert!(!passed.is_validated() && passed.catalog().is_none());
        let [line] = &emulated.lines()[..] else { panic!() };
        assert!(line.ends_with(".nhncloudservice.com/v2.0/tenants"), "{line}");
        let query = EndpointQuery::new("object-store").region("KR1");
        let found = emulated.session.cloud().endpoint(&passed, &query).is_ok();
        assert!(!found, "the tenant is not known");
    }
    // The list shows that the token is valid, and nothing else.
    let mut login =
        Login::new(&keystone_v2(), Credential::existing_token("t"), Scope::default()).unwrap();
    login.handle_response(response(200, None, r#"{"tenants": []}"#), NOW);
    assert!(matches!(login.poll(), Ok(Step::Done(token)) if !token.is_validated()), "{login:?}");

    let mut emulated = EmulatedSession::new(&Cloud::nhn(), Credential::existing_token("t"));
    emulated.service.fail_next(System::NhnIaas, StatusCode::UNAUTHORIZED);
    expired(emulated.token(&Scope::default()));
}

#[test]
fn an_existing_token_takes_no_second_factor() {
    let user = UserRef::name_in("alice", DomainRef::name("Default"));
    let stock = keystone();
    for credential in [
        Credential::existing_token("t").and(Factor::totp("123456")),
        Credential::existing_token("t").and(Factor::password("pw")),
    ] {
        Session::new(stock.clone(), credential, Settings::default()).unwrap_err();
    }
    // The cloud must have such a scope.
    let passed = || Credential::existing_token("t");
    for (cloud, scope) in
        [(Cloud::nhn(), Scope::domain_id("d")), (Cloud::huawei(), Scope::system())]
    {
        let error = Login::new(&cloud, passed(), scope).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::Scope { .. })), "{error}");
        Login::new(&cloud, passed(), Scope::default()).unwrap();
    }
    let blank = Credential::existing_token("a b");
    let blank = Session::new(stock, blank, Settings::default());
    assert_eq!(config_error(blank), ConfigError::Characters { field: ConfigField::Token });

    // The debug text names both factors, and no secret.
    let both = Credential::password(user, "pw").and(Factor::totp("123456"));
    assert!(format!("{both:?}").contains("totp"));
    let agency = Agency::new("IAMAgency", DomainRef::name("IAMDomainA"));
    let shown = format!("{:?}", Credential::existing_token("canary").assume(agency));
    assert!(shown.contains("IAMAgency") && !shown.contains("canary"), "{shown}");
}

#[test]
fn a_catalog_is_fetched_later() {
    let (cloud, scope) = (otc_cloud(), Scope::project_id(account::OTC_PROJECT));
    let mut emulated =
        EmulatedSession::with(&cloud, password(&cloud), Settings::default().without_catalog());
    let token = emulated.token(&scope).unwrap();
    let compute = EndpointQuery::new("compute");
    assert!(cloud.endpoint(&token, &compute).is_err());

    let fetch = FetchCatalog::new(&cloud);
    let mut request = fetch.request().unwrap();
    assert_eq!(request.uri(), "https://iam.eu-de.otc.t-systems.com/v3/auth/catalog");
    cloud.authorize(&token, &mut request).unwrap();
    let (head, body) = emulated.carry(request).into_parts();
    let catalog = fetch.parse(Response::from_parts(head, &body[..])).unwrap();
    let token = Arc::unwrap_or_clone(token).with_catalog(catalog);
    let url = cloud.endpoint(&token, &compute).unwrap().url().to_owned();
    assert!(url.starts_with("https://ecs.eu-de.otc.t-systems.com/v2.1/"), "{url}");

    let refusal = Response::builder().status(403).body(&b"{}"[..]).unwrap();
    assert!(matches!(fetch.parse(refusal).unwrap_err().kind(), ErrorKind::Rejected(_)));
    assert!(FetchCatalog::new(&Cloud::nhn()).request().is_err());
}
