//! What another account has delegated: two requests, one after the other, and what becomes of the
//! first when the second does not come.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Action, Agency, Cloud, Credential, DomainRef, ErrorKind, Factor, RetryDecision, Scope, Session,
    Settings, UserRef,
};
use http::StatusCode;
use serde_json::json;
use support::{
    NOW, response,
    talk::{Talk, issued, password, refused},
};
use time::Duration;

fn otc() -> Cloud {
    Cloud::otc("eu-de").unwrap()
}

fn agency() -> Agency {
    Agency::new(account::AGENCY, DomainRef::name(account::AGENCY_DOMAIN))
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
    assert_eq!(talk.refuse(&second), RetryDecision::Retry);
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
fn what_no_agency_is_refused_with_repeats_no_token() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut talk = Talk::new(&cloud, password(&cloud).assume(agency()));
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    let answer = talk.carry(request);
    let own = answer.headers()["X-Subject-Token"].to_str().unwrap().to_owned();
    talk.account.handle_response(flight, answer, NOW);
    let Action::Send(flight, _) = talk.account.poll(&scope, NOW) else { panic!() };
    let echo = json!({"error": {"code": 403, "message": format!("{own} must not")}}).to_string();
    talk.account.handle_response(flight, response(403, None, &echo), NOW);
    let error = talk.token(&scope).unwrap_err();
    assert!(error.to_string().contains("must not"), "{error}");
    assert!(!format!("{error} {error:?}").contains(&own[..40]), "{error}");
}

/// Callers who ask for three scopes every minute, for so many hours: how many logins that costs.
fn logins_in(hours: i64, talk: &mut Talk) -> u64 {
    for _ in 0..hours * 60 {
        for scope in ["eu-de", "eu-nl", "eu-ch2"].map(Scope::project_name) {
            talk.token(&scope).unwrap_err();
        }
        talk.now += Duration::minutes(1);
    }
    talk.service.logins(System::Otc)
}

#[test]
fn an_agency_that_there_is_not_does_not_send_the_password_again() {
    let (cloud, domain) = (otc(), DomainRef::name(account::AGENCY_DOMAIN));
    for agency in [Agency::new("other", domain), Agency::new("IAMAgency", DomainRef::id("other"))] {
        let mut talk = Talk::new(&cloud, password(&cloud).assume(agency));
        refused(talk.token(&Scope::project_name("eu-de")), 404, "(Agent Operator)");
        // Once, and after half an hour once more.
        assert_eq!(logins_in(2, &mut talk), 4);
    }
}

#[test]
fn a_person_who_took_part_is_not_asked_again_before_the_end() {
    let cloud = otc();
    let mut talk = Talk::new(&cloud, password(&cloud).assume(agency()));
    let scope = Scope::project_name("eu-de");
    let receipt = r#"{"receipt": {"methods": ["password"], "expires_at": "2999-01-01T00:00:00Z"},
        "required_auth_methods": [["password", "totp"]]}"#;
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    let (_, own) = (talk.carry(request.clone()), request);
    let mut wants_more = response(401, None, receipt);
    wants_more.headers_mut().insert("Openstack-Auth-Receipt", "r".parse().unwrap());
    talk.account.handle_response(flight, wants_more, NOW);
    talk.account.submit_factor(&scope, Factor::totp("123456")).unwrap();
    let Action::Send(flight, further) = talk.account.poll(&scope, NOW) else { panic!() };
    assert!(further.headers().contains_key("Openstack-Auth-Receipt"));
    // The code is right: the service answers as to the password alone.
    let answer = talk.carry(own);
    talk.account.handle_response(flight, answer, NOW);
    talk.token(&scope).unwrap();
    talk.said.clear();
    talk.now = NOW + Duration::hours(24) - Duration::minutes(1);
    talk.token(&scope).unwrap();
    assert_eq!(talk.said.len(), 0);
}

#[test]
fn a_refused_agency_does_not_send_the_password_again() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut talk = Talk::new(&cloud, password(&cloud).assume(agency()));
    let Action::Send(flight, request) = talk.account.poll(&scope, NOW) else { panic!() };
    let answer = talk.carry(request);
    talk.account.handle_response(flight, answer, NOW);
    talk.service.fail_next(System::Otc, StatusCode::FORBIDDEN);
    let error = refused(talk.token(&scope), 403, "(Agent Operator); next attempt after");
    talk.now += Duration::minutes(29);
    assert_eq!(talk.token(&scope).unwrap_err(), error);
    assert_eq!(talk.service.logins(System::Otc), 2);
}

#[test]
fn a_token_assumes_an_agency_without_a_login() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    for make in [Credential::token as fn(String) -> Credential, Credential::existing_token] {
        let mut service = Emulator::new();
        let domain = Scope::domain_name(account::OTC_DOMAIN);
        let own = issued(&mut service, &cloud, password(&cloud), &domain);
        let mut talk = Talk::new(&cloud, make(own.clone()).assume(agency()));
        talk.service = service;
        talk.token(&scope).unwrap();
        let [(_, headers, _)] = &talk.said[..] else { panic!("{:?}", talk.said) };
        assert_eq!(headers["X-Auth-Token"], own);
        let unknown = make("unknown".to_owned()).assume(agency());
        refused(
            Talk::new(&cloud, unknown).token(&scope),
            401,
            "the existing token has expired or was revoked",
        );
        // It can be had again for as long as the user's own token lives.
        assert!(talk.account.renew_at(&scope).unwrap() < NOW + Duration::hours(23));
        // If it is taken, but not for this, the agency is at fault.
        let mut talk = Talk::new(&cloud, make(own).assume(agency()));
        talk.service.fail_next(System::Otc, StatusCode::FORBIDDEN);
        refused(talk.token(&scope), 403, "check the agency's name");
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
        (otc(), password(&otc()).assume(nameless), project(), "credential.agency: empty"),
        (otc(), password(&otc()).assume(no_domain), project(), "credential.agency.domain: empty"),
        (
            otc(),
            password(&otc()).assume(agency()),
            Scope::default(),
            "default scope is not supported by Open Telekom Cloud; use one of: domain scope, \
             project scope by id, project scope by name",
        ),
        (
            Cloud::kakao(),
            key.assume(agency()),
            Scope::default(),
            "agency is not supported by KakaoCloud; use one of: application_credential",
        ),
    ] {
        let account = Session::new(cloud, credential, Settings::default());
        let error = match account.map(|mut account| account.poll(&scope, NOW)) {
            Ok(Action::Fail(error)) | Err(error) => error,
            Ok(action) => panic!("{action:?}"),
        };
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
