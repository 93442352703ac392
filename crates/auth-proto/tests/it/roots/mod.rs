//! Root tokens: one login for many scopes, and what follows when an exchange is refused.

mod bed;
mod chains;
mod questions;
mod renewals;
mod service;
mod sources;

use auth_proto::{
    Cloud, ConfigError, Credential, ErrorKind, Event, Factor, RetryDecision, Scope, ServiceCall,
    Session, Settings,
};
use http::StatusCode;
use service::{World, projects, served};

use crate::support::{
    NOW, config_error, keystone_v2, password,
    session::{compute, respond, scope, seconds, session_with, token},
};

const PASSWORD: &str = "alice-pw";

/// A session with tokens for so many scopes.
fn with_scopes(count: usize) -> (World, Vec<Scope>) {
    let (mut world, scopes) = (World::with_root(PASSWORD), projects(count));
    assert_eq!(served(&world.run(&scopes)), count);
    world.service.counts();
    (world, scopes)
}

/// Services have accepted all tokens, and now refuse them: 20 callers of each scope see that.
fn refuse_all(world: &mut World, scopes: &[Scope]) {
    let url = compute();
    for scope in scopes {
        let token = world.session.cached_token(scope, world.now).unwrap();
        assert!(!ServiceCall::is_refusal(&token, &url, StatusCode::OK));
        for _ in 0..20 {
            let mut call = ServiceCall::new();
            let decision = call.decide(&mut world.session, &token, &url, true, world.now);
            assert_eq!(decision, RetryDecision::Retry);
        }
    }
}

#[test]
fn fifty_scopes_cost_one_login() {
    let (mut world, scopes) = (World::with_root(PASSWORD), projects(50));
    // 20 callers of each scope.
    let callers: Vec<_> = (0..1000).map(|caller| scopes[caller % 50].clone()).collect();
    assert_eq!(served(&world.run(&callers)), 1000);
    assert_eq!(world.service.counts(), [1, 50, 0]);
    assert_eq!(world.most, 50, "exchanges run side by side");
    // The root's scope has its token, too.
    world.token(&Scope::unscoped());
    assert_eq!(world.service.counts(), [0, 0, 0]);
}

#[test]
fn the_end_of_all_tokens_costs_one_login() {
    let (mut world, scopes) = with_scopes(50);
    world.service.valid.clear();
    refuse_all(&mut world, &scopes);
    assert_eq!(served(&world.run(&scopes)), 50);
    assert_eq!(world.service.counts(), [1, 51, 1]);
}

#[test]
fn the_end_of_scoped_tokens_costs_no_login() {
    let (mut world, scopes) = with_scopes(50);
    refuse_all(&mut world, &scopes);
    assert_eq!(served(&world.run(&scopes)), 50);
    assert_eq!(world.service.counts(), [0, 50, 0]);
}

#[test]
fn a_missing_role_concerns_one_scope() {
    for is_one_by_one in [false, true] {
        let (mut world, scopes) = (World::with_root(PASSWORD), projects(50));
        world.service.without_role = (0..10).map(|number| format!("p{}", number * 5)).collect();
        let results = match is_one_by_one {
            false => world.run(&scopes),
            true => {
                scopes.iter().flat_map(|scope| world.run(std::slice::from_ref(scope))).collect()
            }
        };
        assert_eq!(served(&results), 40);
        let [logins, exchanges, questions] = world.service.counts();
        assert_eq!((logins, exchanges), (1, 50));
        // An exchange that was sent before the answer needs no question of its own.
        assert_eq!(questions, if is_one_by_one { 10 } else { 1 });
        for result in results {
            let Some(Err(error)) = result else { continue };
            assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
            let text = error.to_string();
            assert!(text.contains("401") && text.contains("no role in this scope"), "{text}");
        }
        // Nothing is sent in the pause, and the root is not blamed after it.
        world.now = NOW + seconds(299);
        assert_eq!(served(&world.run(&scopes)), 40);
        assert_eq!(world.service.counts(), [0, 0, 0]);
        world.now = NOW + seconds(300);
        world.service.without_role.clear();
        assert_eq!(served(&world.run(&scopes)), 50);
        assert_eq!(world.service.counts(), [0, 10, 0]);
    }
}

#[test]
fn a_missing_role_ends_no_token() {
    let (mut world, scopes) = with_scopes(3);
    let before = world.token(&scopes[1]);
    world.service.without_role.insert("p1".to_owned());
    refuse_all(&mut world, &scopes[1..2]);
    // Callers of the refusing service get the reason, the others go on.
    assert!(world.error(&scopes[1]).to_string().contains("no role"));
    assert_eq!(world.service.counts(), [0, 1, 1]);
    let after = world.session.cached_token(&scopes[1], NOW).unwrap();
    assert_eq!(before.expose(), after.expose());
    assert_eq!(served(&world.run(&[scopes[0].clone(), scopes[2].clone()])), 2);
    assert_eq!(world.service.counts(), [0, 0, 0]);
}

#[test]
fn a_refused_exchange_blocks_no_credential() {
    let (mut world, scopes) = (World::with_root(PASSWORD), projects(3));
    world.service.without_role.insert("p0".to_owned());
    world.error(&scopes[0]);
    let mut events = std::iter::from_fn(|| world.session.poll_event());
    assert!(!events.any(|event| matches!(event, Event::CredentialRejected { .. })));
    // The next login is sent at once.
    world.service.valid.clear();
    world.token(&scopes[1]);
    refuse_all(&mut world, &scopes[1..2]);
    world.service.valid.clear();
    world.token(&scopes[1]);
}

#[test]
fn a_dead_root_is_found_by_the_first_exchange() {
    let (mut world, scopes) = with_scopes(2);
    world.service.valid.clear();
    // No service has refused anything: the first cold scope finds out.
    let cold = scope("cold");
    world.token(&cold);
    assert_eq!(world.service.counts(), [1, 2, 1]);
    assert_eq!(served(&world.run(&scopes)), 2);
    assert_eq!(world.service.counts(), [0, 0, 0]);
}

#[test]
fn a_late_refusal_needs_its_own_question() {
    let (mut world, scopes) = (World::with_root(PASSWORD), projects(3));
    world.service.without_role = ["p0".to_owned(), "p1".to_owned()].into();
    world.token(&scopes[2]);
    world.error(&scopes[0]);
    assert_eq!(world.service.counts(), [1, 2, 1]);
    // The root may have ended since that question.
    world.now = NOW + seconds(1);
    world.error(&scopes[1]);
    assert_eq!(world.service.counts(), [0, 1, 1]);
    // An exchange on its way before a question that was answered later.
    world.now = NOW + seconds(400);
    assert!(world.poll(&scopes[0]).is_none());
    let slow = world.flights.pop().unwrap();
    world.now += seconds(1);
    world.error(&scopes[1]);
    world.flights.push(slow);
    world.land();
    world.error(&scopes[0]);
    assert_eq!(world.service.counts(), [0, 2, 1]);
}

#[test]
fn without_an_answer_a_root_is_replaced_once() {
    for status in [403, 500] {
        let (mut world, scopes) = with_scopes(1);
        world.service.no_answer = Some(status);
        world.service.without_role = ["p1".to_owned(), "p2".to_owned()].into();
        let [p1, p2] = ["p1", "p2"].map(scope);
        let error = world.error(&p1);
        // The exchange, a login, and the exchange once more.
        assert_eq!(world.service.counts(), [1, 2, 2]);
        assert!(error.to_string().contains("does not say whether"), "{error}");
        assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
        world.now += seconds(59);
        world.error(&p2);
        assert_eq!(world.service.counts(), [0, 1, 1]);
        // Any other scope is served.
        world.token(&scopes[0]);
        world.token(&scope("p3"));
        assert_eq!(world.service.counts(), [0, 1, 0]);
        world.now = NOW + seconds(359);
        world.error(&p2);
        assert_eq!(world.service.counts(), [1, 2, 2]);
    }
}

#[test]
fn a_persons_root_is_kept_without_an_answer() {
    let one_time = password().and(Factor::totp("111111"));
    let given = (Credential::token("given"), "or use Credential::existing_token");
    for (credential, remedy) in [(one_time, "so the session keeps it"), given] {
        let mut world = World::new(credential, Settings::default());
        world.service.valid.insert("given".to_owned(), NOW + seconds(3600));
        world.service.no_answer = Some(403);
        world.service.without_role.insert("p0".to_owned());
        let error = world.error(&scope("p0"));
        assert!(error.to_string().contains(remedy), "{error}");
        assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
        world.token(&scope("p1"));
        assert!(world.questions.is_empty());
        let [_, exchanges, questions] = world.service.counts();
        assert_eq!((exchanges, questions), (2, 1));
    }
}

#[test]
fn a_wrong_password_is_sent_once() {
    let (mut world, scopes) = (World::with_root("wrong"), projects(50));
    let results = world.run(&scopes);
    assert!(results.iter().all(|result| matches!(result, Some(Err(_)))));
    assert_eq!(world.service.counts(), [1, 0, 0]);
    let error = world.session.last_error(&scopes[7]).unwrap();
    assert_eq!(error.retry_at(), Some(NOW + seconds(1800)));
    world.now += seconds(1799);
    assert_eq!(served(&world.run(&scopes)), 0);
    assert_eq!(world.service.counts(), [0, 0, 0]);
}

#[test]
fn another_credential_has_another_root() {
    let (mut world, scopes) = with_scopes(2);
    world.session.replace_credential(Credential::password("bob", "b")).unwrap_err();
    let new = Credential::password(crate::support::alice(), "new-pw");
    world.session.replace_credential(new).unwrap();
    world.service.password = "new-pw".to_owned();
    // Tokens of scopes stay, and the next exchange needs a login.
    assert_eq!(served(&world.run(&scopes)), 2);
    assert_eq!(world.service.counts(), [0, 0, 0]);
    world.token(&scope("p7"));
    assert_eq!(world.service.counts(), [1, 1, 0]);
    // From a login to a token, and back.
    let root = world.session.cached_token(&Scope::unscoped(), NOW).unwrap();
    world.session.replace_credential(Credential::token(root.expose())).unwrap();
    world.token(&scope("p8"));
    assert_eq!(world.service.counts(), [0, 1, 0]);
    let new = Credential::password(crate::support::alice(), "new-pw");
    world.session.replace_credential(new).unwrap();
    world.token(&scope("p9"));
    assert_eq!(world.service.counts(), [1, 1, 0]);
}

#[test]
fn a_given_token_is_exchanged_at_once() {
    let mut world = World::new(Credential::token("given"), Settings::default());
    let end = NOW + seconds(3600);
    world.service.valid.insert("given".to_owned(), end);
    let scopes = projects(50);
    assert_eq!(served(&world.run(&scopes)), 50);
    assert_eq!(world.service.counts(), [0, 50, 0]);
    // Its tokens end with it, and are not renewed before.
    world.now = end - seconds(10);
    for scope in &scopes[1..] {
        assert!(world.renew(scope).is_some() && world.poll(scope).is_some());
    }
    assert_eq!(world.service.counts(), [0, 0, 0]);
    world.now = end;
    let error = world.error(&scopes[0]);
    assert!(error.to_string().contains("has expired, was revoked"), "{error}");
    assert_eq!(served(&world.run(&scopes)), 0);
    assert_eq!(world.service.counts(), [0, 1, 1]);
    // A probe after half an hour, and four hours later.
    for pause in [1799, 1] {
        world.now += seconds(pause);
        assert_eq!(served(&world.run(&scopes)), 0);
    }
    assert_eq!(world.service.counts(), [0, 1, 1]);
    world.now += seconds(4 * 3600 - 1);
    assert_eq!(served(&world.run(&scopes)), 0);
    assert_eq!(world.service.counts(), [0, 0, 0]);
}

#[test]
fn a_given_token_without_a_role_is_not_refused() {
    let mut world = World::new(Credential::token("given"), Settings::default());
    world.service.valid.insert("given".to_owned(), NOW + seconds(3600));
    world.service.without_role.insert("p0".to_owned());
    let scopes = projects(5);
    assert_eq!(served(&world.run(&scopes)), 4);
    assert_eq!(world.service.counts(), [0, 5, 1]);
}

#[test]
fn a_given_token_of_v2_has_no_question() {
    let credential = Credential::token("given");
    let mut session = Session::new(keystone_v2(), credential, Settings::default()).unwrap();
    let p = scope("p");
    respond(&mut session, &p, crate::support::session::refusal(401), NOW);
    let auth_proto::Action::Fail(error) = session.poll(&p, NOW) else { panic!() };
    assert_eq!(error.retry_at(), Some(NOW + seconds(1800)));
}

#[test]
fn a_root_has_to_suit_the_credential() {
    let root = || Settings::default().with_root(Scope::unscoped());
    let key = Credential::application_credential("id", "secret");
    let refused = Session::new(crate::support::keystone(), key, root());
    assert_eq!(config_error(refused), ConfigError::ApplicationCredentialScope);
    // These have no root: the first request is a login as ever.
    let existing =
        Session::new(crate::support::keystone(), Credential::existing_token("t"), root());
    let mut existing = existing.unwrap();
    let auth_proto::Action::Send(_, request) = existing.poll(&Scope::default(), NOW) else {
        panic!()
    };
    assert_eq!(request.method(), "GET");
    let mut plain = session_with(Settings::default());
    respond(&mut plain, &scope("p"), token("t", "p", NOW), NOW);
    let _ = plain.poll(&scope("p"), NOW);
    // v2.0 exchanges, too.
    let v2 = Session::new(Cloud::nhn(), Credential::password("me", "pw"), root());
    assert!(v2.is_ok() || matches!(v2.unwrap_err().kind(), ErrorKind::Config(_)));
}

#[test]
fn a_root_of_a_project_serves_its_own_callers() {
    let settings = Settings::default().with_root(scope("home"));
    let mut world = World::new(password(), settings);
    world.token(&scope("home"));
    assert_eq!(world.service.counts(), [1, 0, 0]);
    world.token(&scope("p"));
    assert_eq!(world.service.counts(), [0, 1, 0]);
    // A service refuses the root's token: one login, and no exchange.
    refuse_all(&mut world, &[scope("home")]);
    world.token(&scope("home"));
    assert_eq!(world.service.counts(), [1, 0, 0]);
}

#[test]
fn the_root_keeps_its_place() {
    let settings = Settings::default().with_root(Scope::unscoped()).with_max_scopes(2);
    let mut world = World::new(password(), settings);
    for number in 0..20 {
        world.token(&scope(&format!("p{number}")));
        world.now += seconds(121);
    }
    assert_eq!(world.service.counts(), [1, 20, 0]);
}

#[test]
fn one_time_codes_have_a_root() {
    let credential = password().and(Factor::totp("111111"));
    let mut world = World::new(credential, Settings::default());
    assert_eq!(served(&world.run(&projects(50))), 50);
    assert_eq!(world.service.counts(), [1, 50, 0]);
}
