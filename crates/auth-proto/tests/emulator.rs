//! Whole logins against the emulated services, in process: what the core sends is judged by code
//! that knows nothing of it, and the real cloud's URLs are used as they are.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::sync::Arc;

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Cloud, Credential, DomainRef, EndpointQuery, Error, ErrorKind, IdentityRequest, Login,
    ProtocolError, Scope, Step, Token, UserProjects, UserRef, Validate, limits,
};
use http::{Request, Response};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use support::NOW;
use time::{Duration, UtcDateTime};

fn carry<B: AsRef<[u8]>>(service: &mut Emulator, request: Request<B>) -> Response<Vec<u8>> {
    let (parts, body) = request.into_parts();
    service.handle(Request::from_parts(parts, body.as_ref()), NOW)
}

fn log_in(service: &mut Emulator, mut login: Login) -> Result<Arc<Token>, Error> {
    for _ in 0..8 {
        match login.poll()? {
            Step::Done(token) => return Ok(token),
            Step::NeedFactor(challenge) => panic!("{challenge:?}"),
            Step::Send(request) => {
                let response = carry(service, request);
                login.handle_response(response, NOW);
            }
        }
    }
    panic!("a login without end")
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

fn nhn() -> (Cloud, Credential, Scope) {
    let credential = Credential::password(account::NHN_USER, account::NHN_PASSWORD);
    (Cloud::nhn(), credential, Scope::project_id(account::NHN_TENANT))
}

fn otc(scope: Scope) -> (Cloud, Credential, Scope) {
    let user = UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN));
    let credential = Credential::password(user, account::OTC_PASSWORD);
    (Cloud::otc("eu-de").unwrap(), credential, scope)
}

fn huawei(scope: Scope) -> (Cloud, Credential, Scope) {
    let user = UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN));
    (Cloud::huawei(), Credential::password(user, account::HUAWEI_PASSWORD), scope)
}

fn kakao() -> (Cloud, Credential, Scope) {
    let credential =
        Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    (Cloud::kakao(), credential, Scope::default())
}

fn kakao_by_name() -> (Cloud, Credential, Scope) {
    let user = UserRef::id(account::KAKAO_USER_ID);
    let credential =
        Credential::application_credential_of(user, account::KAKAO_KEY_NAME, account::KAKAO_SECRET);
    (Cloud::kakao(), credential, Scope::default())
}

#[test]
fn every_documented_login_takes_one_request() {
    for (system, (cloud, credential, scope)) in [
        (System::NhnIaas, nhn()),
        (System::Otc, otc(Scope::project_id(account::OTC_PROJECT))),
        (System::Otc, otc(Scope::project_name(account::OTC_PROJECT_NAME))),
        (System::Otc, otc(Scope::domain_name(account::OTC_DOMAIN))),
        (System::Otc, otc(Scope::default())),
        (System::Kakao, kakao()),
        (System::Kakao, kakao_by_name()),
        (System::Huawei, huawei(Scope::project_name(account::HUAWEI_PROJECT))),
        (System::Huawei, huawei(Scope::project_id(account::HUAWEI_PROJECT_ID))),
        (System::Huawei, huawei(Scope::domain_name(account::HUAWEI_DOMAIN))),
        (System::Huawei, huawei(Scope::domain_id(account::HUAWEI_DOMAIN_ID))),
    ] {
        let mut service = Emulator::new();
        let login = Login::new(&cloud, credential, scope.clone()).unwrap();
        let token = log_in(&mut service, login).unwrap();
        assert_eq!((service.logins(system), service.requests(system)), (1, 1), "{scope}");
        assert!(token.expires_at() > NOW);
        assert!(!token.catalog().unwrap().is_empty(), "{scope}");
    }
}

/// What fails is kept beside this file.
fn cases(count: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::with_cases(count)
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn whatever_the_emulator_writes_is_read_as_it_was_meant(
        (system, (cloud, credential, scope)) in prop::sample::select(vec![
            (System::NhnIaas, nhn()),
            (System::Otc, otc(Scope::project_id(account::OTC_PROJECT))),
            (System::Otc, otc(Scope::domain_name(account::OTC_DOMAIN))),
            (System::Kakao, kakao_by_name()),
            (System::Huawei, huawei(Scope::project_name(account::HUAWEI_PROJECT))),
        ]),
        life in 1..10_000_000_i64,
        length in 40..limits::TOKEN,
        since in -60_000_000_000..200_000_000_000_i64,
    ) {
        let now = UtcDateTime::from_unix_timestamp(since).unwrap();
        let mut service = Emulator::new();
        service.token_lifetime(system, Duration::seconds(life)).token_length(system, length);
        let mut login = Login::new(&cloud, credential, scope).unwrap();
        let Ok(Step::Send(request)) = login.poll() else { panic!("no request") };
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.as_bytes());
        login.handle_response(service.handle(request, now), now);
        let Step::Done(token) = login.poll().unwrap() else { panic!("no token") };
        prop_assert_eq!(token.expose().len(), length);
        prop_assert_eq!((token.expires_at() - now).whole_seconds(), life);
        prop_assert!((token.issued_at().unwrap() - now).abs() < Duration::SECOND);
        prop_assert!(token.user().id.is_some() && !token.catalog().unwrap().is_empty());
    }
}

#[test]
fn without_a_catalog_absent_and_empty_stay_apart() {
    for ((cloud, credential, scope), empty) in [
        (huawei(Scope::project_name(account::HUAWEI_PROJECT)), Some(true)),
        (otc(Scope::project_id(account::OTC_PROJECT)), Some(true)),
        (kakao(), None),
    ] {
        let login = Login::new(&cloud, credential, scope).unwrap().without_catalog();
        let token = log_in(&mut Emulator::new(), login).unwrap();
        assert_eq!(token.catalog().map(|catalog| catalog.is_empty()), empty, "{cloud:?}");
    }
}

#[test]
fn a_token_opens_its_services() {
    for ((cloud, credential, scope), service_type, region) in [
        (nhn(), "compute", "KR1"),
        (otc(Scope::project_id(account::OTC_PROJECT)), "compute", "eu-de"),
        (otc(Scope::domain_name(account::OTC_DOMAIN)), "obs", "eu-de"),
        (kakao(), "vpc", "kr-central-2"),
        (huawei(Scope::project_name(account::HUAWEI_PROJECT)), "bssv1", "cn-north-1"),
    ] {
        let mut service = Emulator::new();
        let login = Login::new(&cloud, credential, scope).unwrap();
        let token = log_in(&mut service, login).unwrap();
        let select = EndpointQuery::new(service_type).region(region);
        let url = cloud.endpoint(&token, &select).unwrap().url().to_owned();
        let mut call = Request::get(format!("{url}/things")).body("").unwrap();
        cloud.authorize(&token, &mut call).unwrap();
        assert_eq!(carry(&mut service, call.clone()).status(), 200, "{url}");
        service.revoke_all();
        assert_eq!(carry(&mut service, call).status(), 401, "{url}");
    }
}

#[test]
fn refusals_are_typed() {
    let refused = |(cloud, credential, scope): (Cloud, Credential, Scope)| {
        let login = Login::new(&cloud, credential, scope).unwrap();
        let error = log_in(&mut Emulator::new(), login).unwrap_err();
        match error.kind() {
            ErrorKind::Rejected(refusal) => refusal.status.as_u16(),
            other => panic!("{other:?}"),
        }
    };
    let (cloud, _, scope) = nhn();
    assert_eq!(refused((cloud, Credential::password(account::NHN_USER, "wrong"), scope)), 401);
    let (cloud, credential, _) = nhn();
    assert_eq!(refused((cloud, credential, Scope::project_id("other"))), 401);
    assert_eq!(refused(huawei(Scope::project_name("xx-nowhere-1"))), 401);
    let unknown = Credential::application_credential("unknown", "secret");
    assert_eq!(refused((Cloud::kakao(), unknown, Scope::default())), 404);
}

#[test]
fn tokens_of_any_documented_size_and_dead_ones() {
    for length in [9_120, 32_768] {
        let mut service = Emulator::new();
        service.token_length(System::Huawei, length);
        let (cloud, credential, scope) = huawei(Scope::domain_name(account::HUAWEI_DOMAIN));
        let login = Login::new(&cloud, credential, scope).unwrap();
        assert_eq!(log_in(&mut service, login).unwrap().expose().len(), length);
    }
    let mut service = Emulator::new();
    service.token_lifetime(System::Kakao, Duration::seconds(-1));
    let (cloud, credential, scope) = kakao();
    let login = Login::new(&cloud, credential, scope).unwrap();
    let error = log_in(&mut service, login).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Protocol(ProtocolError::Expired));
}

#[test]
fn kakao_projects_and_validity() {
    let mut service = Emulator::new();
    service.page_size(10);
    let (cloud, credential, scope) = kakao();
    let token = log_in(&mut service, Login::new(&cloud, credential, scope).unwrap()).unwrap();

    let mut projects = Vec::new();
    let mut next = Some(UserProjects::new(&cloud, account::KAKAO_USER_ID));
    while let Some(exchange) = next {
        let page = run(&mut service, &cloud, &token, &exchange).unwrap();
        projects.extend(page.items);
        next = page.next;
    }
    assert_eq!(projects.len(), 25);
    assert_eq!(projects[0].id.as_deref(), Some(account::KAKAO_PROJECT));

    let validate = Validate::new(&cloud, token.expose());
    let seen = run(&mut service, &cloud, &token, &validate).unwrap().unwrap();
    assert_eq!(seen.expires_at(), token.expires_at());
    assert_eq!(seen.project(), token.project());
    let unknown = Validate::new(&cloud, "gAAAAABunknown");
    assert!(run(&mut service, &cloud, &token, &unknown).unwrap().is_none());

    service.delete_access_key();
    let error = run(&mut service, &cloud, &token, &validate).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Rejected(refusal) if refusal.status == 401));
}

#[test]
fn a_disabled_tenant_is_told_in_both_spellings() {
    for text in [false, true] {
        let mut service = Emulator::new();
        service.disable_tenant().enabled_as_string(text);
        let (cloud, credential, scope) = nhn();
        let login = Login::new(&cloud, credential, scope).unwrap();
        let error = log_in(&mut service, login).unwrap_err();
        let project = account::NHN_TENANT.to_owned();
        let want = ErrorKind::Protocol(ProtocolError::DisabledProject { project });
        assert_eq!(*error.kind(), want);
    }
}
