//! The renewal of a root token and of the tokens that are derived from it.

use std::time::Duration;

use auth_proto::{Action, Credential, Factor, Question, Scope, Settings};

use super::{
    PASSWORD,
    service::{World, projects, served},
    with_scopes,
};
use crate::support::{
    NOW, password,
    session::{compute, scope, seconds},
};

const LIFE: Duration = seconds(8 * 3600);

#[test]
fn a_lifetime_costs_one_login_and_the_exchanges() {
    let (mut world, scopes) = with_scopes(50);
    let mut minutes = 0;
    // Two lifetimes, with a background task for each scope and a caller who polls each minute.
    while world.now < NOW + 2 * LIFE {
        world.now += seconds(60);
        minutes += 1;
        loop {
            for scope in &scopes {
                let _ = world.renew(scope);
            }
            if world.flights.is_empty() {
                break;
            }
            // No caller pays for a renewal.
            for scope in &scopes {
                assert!(matches!(world.poll(scope), Some(Ok(_))), "minute {minutes}");
            }
            world.land();
        }
    }
    // Each is renewed after 75 to 90 % of its life.
    assert_eq!(world.service.counts(), [2, 100, 0]);
}

#[test]
fn callers_renew_the_root_early() {
    let (mut world, scopes) = with_scopes(5);
    let due = world.session.renew_at(&scopes[0]).unwrap();
    assert!((NOW + LIFE * 3 / 4..=NOW + LIFE * 9 / 10).contains(&due), "{due}");
    for scope in &scopes {
        assert_eq!(world.session.renew_at(scope), Some(due));
    }
    world.now = due;
    // One caller sends the login, and the others go on with what they have.
    let results: Vec<_> = scopes.iter().map(|scope| world.poll(scope)).collect();
    assert_eq!(served(&results), 4);
    assert_eq!(world.flights.len(), 1);
    world.land();
    assert_eq!(served(&world.run(&scopes)), 5);
    assert_eq!(world.service.counts(), [1, 5, 0]);
}

#[test]
fn an_exchange_needs_a_longer_root() {
    // The exchanges' clock is two seconds ahead, so that their tokens end earlier by the session's.
    let mut world = World::with_root(PASSWORD);
    world.service.ahead = seconds(2);
    let scopes = projects(5);
    world.run(&scopes);
    world.service.counts();
    world.service.no_login = Some(503);
    world.now = world.session.renew_at(&scopes[0]).unwrap();
    for _ in 0..100 {
        assert_eq!(served(&world.run(&scopes)), 5);
        world.now += seconds(1);
    }
    // An exchange of the old root would give nothing.
    let [logins, exchanges, questions] = world.service.counts();
    assert!((1..10).contains(&logins), "{logins}");
    assert_eq!((exchanges, questions), (0, 0));
}

#[test]
fn a_background_task_never_spins() {
    for status in [503, 401] {
        let (mut world, scopes) = with_scopes(1);
        world.service.no_login = Some(status);
        world.now = world.session.renew_at(&scopes[0]).unwrap();
        let (end, mut polls) = (world.now + seconds(600), 0);
        while world.now < end {
            let _ = world.renew(&scopes[0]);
            polls += 1;
            world.land();
            world.now += world.session.refresh_pause(&scopes[0], world.now).unwrap();
        }
        assert!(polls < 40, "{polls} polls in ten minutes");
    }
}

#[test]
fn a_persons_root_is_not_renewed_early() {
    let credential = password().and(Factor::totp("111111"));
    let (mut world, scopes) = (World::new(credential, Settings::default()), projects(50));
    world.run(&scopes);
    world.service.counts();
    // For its life and a day more.
    let end = NOW + LIFE;
    while world.now < end + seconds(86_400) {
        for scope in &scopes {
            let _ = world.renew(scope);
            if world.now < end - seconds(10) {
                assert!(matches!(world.poll(scope), Some(Ok(_))));
            }
        }
        assert!(world.flights.is_empty() && world.questions.is_empty());
        world.now += seconds(300);
    }
    // 20 callers of each scope.
    for scope in scopes.iter().cycle().take(1000) {
        assert!(world.poll(scope).is_none());
    }
    let [(_, Question::Factor(challenge))] = &world.questions[..] else { panic!("one question") };
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    // The reply may come by way of any scope.
    world.session.answer(&scopes[31], Factor::totp("222222"), world.now).unwrap();
    world.questions.clear();
    // Callers leave the exchanges to the background tasks, for a moment.
    world.run(&scopes);
    world.now += Duration::from_millis(250);
    assert_eq!(served(&world.run(&scopes)), 50);
    assert_eq!(world.service.counts(), [1, 50, 0]);
}

#[test]
fn nobody_with_a_token_asks_a_person() {
    let credential = password().and(Factor::totp("111111"));
    let (mut world, scopes) = (World::new(credential, Settings::default()), projects(2));
    world.run(&scopes);
    // The root is dead, and one scope finds out.
    world.service.valid.clear();
    let cold = scope("cold");
    world.run(std::slice::from_ref(&cold));
    assert_eq!(world.questions.len(), 1);
    world.questions.clear();
    for scope in &scopes {
        assert!(matches!(world.poll(scope), Some(Ok(_))));
        assert!(matches!(world.renew(scope), Some(Ok(_))));
    }
    // Nor does a caller whose service is not known, after one has refused the token.
    let token = world.session.cached_token(&scopes[0], NOW).unwrap();
    let _ = world.session.handle_unauthorized(&token, &compute(), NOW);
    let action = world.session.poll(&scopes[0], NOW);
    assert!(matches!(world.keep(action), Some(Ok(_))));
    assert!(world.questions.is_empty());
}

#[test]
fn a_task_that_needs_time_gets_a_longer_token() {
    let hour = seconds(3600);
    // The time since the login, the life that the caller needs, and the requests.
    for (age, life, requests) in [
        (0, Duration::ZERO, [0, 0, 0]),
        (0, 7 * hour, [0, 0, 0]),
        (2, 5 * hour, [0, 0, 0]),
        (2, 7 * hour, [1, 1, 0]),
        (5, 4 * hour, [1, 1, 0]),
        // More than nine tenths count as nine tenths, so that a new token does.
        (0, 100 * hour, [0, 0, 0]),
        (1, 100 * hour, [1, 1, 0]),
        (1, Duration::MAX, [1, 1, 0]),
    ] {
        let (mut world, scopes) = with_scopes(1);
        world.now += age * hour;
        let mut token = world.poll_for(&scopes[0], life);
        while token.is_none() {
            world.land();
            token = world.poll_for(&scopes[0], life);
        }
        assert_eq!(world.service.counts(), requests, "{age} {life:?}");
        // Callers who need no time do not care.
        assert!(matches!(world.poll(&scopes[0]), Some(Ok(_))));
        let _ = world.poll_for(&scopes[0], life);
        assert!(world.flights.is_empty());
    }
}

#[test]
fn a_cold_scope_gets_a_long_token_at_once() {
    let (mut world, _) = with_scopes(1);
    world.now += seconds(5 * 3600);
    let (cold, life) = (scope("cold"), seconds(4 * 3600));
    while world.poll_for(&cold, life).is_none() {
        world.land();
    }
    assert_eq!(world.service.counts(), [1, 1, 0]);
}

#[test]
fn a_short_token_is_used_if_there_is_no_other() {
    let life = seconds(4 * 3600);
    // A person's root, a given one, and a service that does not answer.
    let one_time = password().and(Factor::totp("111111"));
    let credentials = [one_time, Credential::token("given"), password()];
    for (number, credential) in credentials.into_iter().enumerate() {
        let settings = Settings::default().with_root(Scope::unscoped());
        let mut world = World::new(credential, settings);
        world.service.valid.insert("given".to_owned(), NOW + LIFE);
        world.token(&scope("p"));
        world.service.counts();
        world.service.no_login = Some(503);
        world.now += seconds(5 * 3600);
        if number == 2 {
            assert!(world.poll_for(&scope("p"), life).is_none());
            world.land();
        }
        for _ in 0..10 {
            assert!(world.poll_for(&scope("p"), life).is_some(), "{number}");
        }
        assert!(world.flights.is_empty());
    }
}

#[test]
fn a_repeated_token_is_not_asked_for_again() {
    // Without a root: a service that gives the same token each time.
    let mut world = World::new(password(), Settings::default());
    let p = scope("p");
    world.token(&p);
    world.now += seconds(5 * 3600);
    world.service.life = seconds(3 * 3600);
    let life = seconds(4 * 3600);
    assert!(world.poll_for(&p, life).is_none());
    world.land();
    for _ in 0..59 {
        assert!(world.poll_for(&p, life).is_some());
        world.now += seconds(1);
    }
    assert_eq!(world.service.counts(), [2, 0, 0]);
}

#[test]
fn a_root_near_its_end_is_not_exchanged() {
    let credential = password().and(Factor::totp("111111"));
    let mut world = World::new(credential, Settings::default());
    world.token(&scope("p"));
    world.service.counts();
    world.now = NOW + LIFE - seconds(6);
    let cold = scope("cold");
    let Action::Wait(until) = world.session.poll(&cold, world.now) else { panic!("a wait") };
    assert_eq!(until, NOW + LIFE - seconds(2));
    world.now = until;
    assert!(world.poll(&cold).is_none());
    assert_eq!((world.questions.len(), world.flights.len()), (1, 0));
}
