//! Agencies: two requests, one after the other, and the end of a login whose second request fails.

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Action, Agency, Cloud, Credential, DomainRef, ErrorKind, Factor, RetryDecision, Scope, Session,
    Settings, UserRef,
};
use http::StatusCode;
use serde_json::json;
use time::Duration;

use crate::support::{
    NOW,
    emulated::{EmulatedSession, issued, otc_cloud as otc, password, refused},
    response,
    session::{HOUR, receipt, sent_request},
};

fn agency() -> Agency {
    Agency::new(account::AGENCY, DomainRef::name(account::AGENCY_DOMAIN))
}

#[test]
fn an_agency_takes_a_token_of_the_users_domain() {
    let in_domain = Scope::domain_name(account::AGENCY_DOMAIN);
    for (cloud, field, project) in
        [(Cloud::huawei(), "agency_name", "cn-north-1"), (otc(), "xrole_name", "eu-de")]
    {
        let scopes = [Scope::project_name(project), in_domain.clone()];
        let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency()));
        for scope in scopes {
            let token = emulated.token(&scope).unwrap();
            let [(login, _, first), (assume, headers, second)] = &emulated.requests[..] else {
                panic!("{:?}", emulated.requests)
            };
            assert!(login.ends_with("/v3/auth/tokens?nocatalog=true"), "{login}");
            let user_domain = first["auth"]["identity"]["password"]["user"]["domain"].clone();
            assert_eq!(first["auth"]["scope"], json!({"domain": user_domain}));

            assert!(assume.ends_with("/v3/auth/tokens"), "{assume}");
            let assumed = json!({"domain_name": "IAMDomainA", field: "IAMAgency"});
            let identity = json!({"methods": ["assume_role"], "assume_role": assumed});
            assert_eq!(second["auth"]["identity"], identity);
            assert!(headers["X-Auth-Token"].is_sensitive());

            assert_eq!(token.user().name.as_deref(), Some("IAMDomainA/IAMAgency"));
            assert_eq!(token.methods(), ["assume_role"]);
            assert!(token.catalog().is_some());
            assert_ne!(headers["X-Auth-Token"], token.header());
            emulated.requests.clear();
        }
    }
}

#[test]
fn a_renewal_runs_both_requests_again() {
    let cloud = otc();
    let (credential, scope) = (password(&cloud).assume(agency()), Scope::project_name("eu-de"));
    let mut emulated = EmulatedSession::new(&cloud, credential);
    let first = emulated.token(&scope).unwrap();
    assert_eq!(emulated.lines().len(), 2);
    assert_eq!(emulated.token(&scope).unwrap().header(), first.header());
    assert_eq!(emulated.lines().len(), 0);

    emulated.now = emulated.session.renew_at(&scope).unwrap();
    assert!(emulated.now < NOW + Duration::hours(24));
    let second = emulated.token(&scope).unwrap();
    assert_ne!(second.header(), first.header());
    assert_eq!(emulated.lines().len(), 2);

    // A refused token is replaced the same way.
    assert_eq!(emulated.refuse(&second), RetryDecision::Retry);
    assert_ne!(emulated.token(&scope).unwrap().header(), second.header());
    assert_eq!(emulated.lines().len(), 2);
}

#[test]
fn a_broken_login_starts_again() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency()));
    emulated.carry_next(&scope);
    // The next caller continues the login.
    let (pending, request) = sent_request(emulated.session.poll(&scope, NOW));
    assert!(request.headers().contains_key("X-Auth-Token"));
    assert!(matches!(emulated.session.poll(&scope, NOW), Action::Wait(_)));
    emulated.session.handle_abandoned(pending).unwrap();
    emulated.carry_next(&scope);
    let (_, headers, _) = emulated.requests.last().unwrap();
    assert!(!headers.contains_key("X-Auth-Token"));
    // The first half expires.
    emulated.now = NOW + Duration::minutes(2);
    let (_, request) = sent_request(emulated.session.poll(&scope, emulated.now));
    assert!(!request.headers().contains_key("X-Auth-Token"));
}

#[test]
fn a_refused_agency_error_shows_no_token() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency()));
    let (pending, request) = sent_request(emulated.session.poll(&scope, NOW));
    let token = emulated.carry(request);
    let own = token.headers()["X-Subject-Token"].to_str().unwrap().to_owned();
    emulated.session.handle_response(pending, token, NOW).unwrap();
    let (pending, _) = sent_request(emulated.session.poll(&scope, NOW));
    let echo = json!({"error": {"code": 403, "message": format!("{own} must not")}}).to_string();
    emulated.session.handle_response(pending, response(403, None, &echo), NOW).unwrap();
    let error = emulated.token(&scope).unwrap_err();
    assert!(error.to_string().contains("must not"), "{error}");
    assert!(!format!("{error} {error:?}").contains(&own[..40]), "{error}");
}

/// The logins that callers cause who poll three scopes each minute.
fn logins_in(hours: i64, emulated: &mut EmulatedSession) -> u64 {
    for _ in 0..hours * 60 {
        for scope in ["eu-de", "eu-nl", "eu-ch2"].map(Scope::project_name) {
            emulated.token(&scope).unwrap_err();
        }
        emulated.now += Duration::minutes(1);
    }
    emulated.service.logins(System::Otc)
}

#[test]
fn an_unknown_agency_repeats_no_password() {
    let (cloud, domain) = (otc(), DomainRef::name(account::AGENCY_DOMAIN));
    for agency in [Agency::new("other", domain), Agency::new("IAMAgency", DomainRef::id("other"))] {
        let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency));
        refused(emulated.token(&Scope::project_name("eu-de")), 404, "(Agent Operator)");
        // Two requests at once, and two more after half an hour.
        assert_eq!(logins_in(2, &mut emulated), 4);
    }
}

#[test]
fn a_person_is_not_asked_again_before_the_end() {
    let cloud = otc();
    let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency()));
    let scope = Scope::project_name("eu-de");
    let (pending, request) = sent_request(emulated.session.poll(&scope, NOW));
    let (_, own) = (emulated.carry(request.clone()), request);
    emulated.session.handle_response(pending, receipt(NOW + HOUR), NOW).unwrap();
    emulated.session.answer(&scope, Factor::totp("123456"), NOW).unwrap();
    let (pending, further) = sent_request(emulated.session.poll(&scope, NOW));
    assert!(further.headers().contains_key("Openstack-Auth-Receipt"));
    // The code is right: the emulator answers the request with the password alone.
    let response = emulated.carry(own);
    emulated.session.handle_response(pending, response, NOW).unwrap();
    emulated.token(&scope).unwrap();
    emulated.requests.clear();
    emulated.now = NOW + Duration::hours(24) - Duration::minutes(1);
    emulated.token(&scope).unwrap();
    assert_eq!(emulated.requests.len(), 0);
}

#[test]
fn a_refused_agency_repeats_no_password() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    let mut emulated = EmulatedSession::new(&cloud, password(&cloud).assume(agency()));
    emulated.carry_next(&scope);
    emulated.service.fail_next(System::Otc, StatusCode::FORBIDDEN);
    let error = refused(emulated.token(&scope), 403, "(Agent Operator); next attempt after");
    emulated.now += Duration::minutes(29);
    assert_eq!(emulated.token(&scope).unwrap_err(), error);
    assert_eq!(emulated.service.logins(System::Otc), 2);
}

#[test]
fn a_token_assumes_an_agency_without_a_login() {
    let (cloud, scope) = (otc(), Scope::project_name("eu-de"));
    for make in [Credential::token as fn(String) -> Credential, Credential::existing_token] {
        let mut service = Emulator::new();
        let domain = Scope::domain_name(account::OTC_DOMAIN);
        let own = issued(&mut service, &cloud, password(&cloud), &domain);
        let mut emulated = EmulatedSession::new(&cloud, make(own.clone()).assume(agency()));
        emulated.service = service;
        emulated.token(&scope).unwrap();
        let [(_, headers, _)] = &emulated.requests[..] else { panic!("{:?}", emulated.requests) };
        assert_eq!(headers["X-Auth-Token"], own);
        let unknown = make("unknown".to_owned()).assume(agency());
        let unknown = EmulatedSession::new(&cloud, unknown).token(&scope);
        refused(unknown, 401, "the existing token has expired or was revoked");
        // The agency's token is renewed for as long as the user's own token lives.
        assert!(emulated.session.renew_at(&scope).unwrap() < NOW + Duration::hours(23));
        // If the token is accepted, but not for the agency, the agency is the cause.
        let mut emulated = EmulatedSession::new(&cloud, make(own).assume(agency()));
        emulated.service.fail_next(System::Otc, StatusCode::FORBIDDEN);
        refused(emulated.token(&scope), 403, "check the agency's name");
    }
}

#[test]
fn an_invalid_agency_is_refused_early() {
    let project = || Scope::project_name("eu-de");
    let by_id = Credential::password(UserRef::id("u"), "pw");
    let nameless = Agency::new("", DomainRef::name("d"));
    let no_domain = Agency::new("a", DomainRef::id(""));
    let key = Credential::application_credential("k", "s");
    for (cloud, credential, scope, part) in [
        (otc(), by_id.assume(agency()), project(), "credential.user.domain: missing"),
        (otc(), password(&otc()).assume(nameless), project(), "credential.agency.name: empty"),
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
            "credential.agency: not supported by KakaoCloud; leave it out",
        ),
    ] {
        let session = Session::new(cloud, credential, Settings::default());
        let error = match session.map(|mut session| session.poll(&scope, NOW)) {
            Ok(Action::Fail(error)) | Err(error) => error,
            Ok(action) => panic!("{action:?}"),
        };
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
