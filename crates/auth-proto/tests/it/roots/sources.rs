//! Sources that give wrong secrets, or nothing at all.

use auth_proto::{
    Action, Agency, Cloud, Credential, DomainRef, Factor, Question, Scope, SecretSource, Session,
    Settings, UserRef,
};
use secrecy::SecretString;

use super::service::{World, served};
use crate::support::{
    NOW,
    session::{respond, scope, seconds, sent_request, token},
};

fn source() -> SecretSource {
    SecretSource::new("the file /run/secrets/password")
}

/// A caller polls each second of this time, and the n-th reading of the file gives this text.
/// Returns the times of the logins.
fn logins(world: &mut World, time: u64, mut read: impl FnMut(usize) -> String) -> Vec<u64> {
    let (p, mut readings, mut logins) = (scope("p"), 0, Vec::new());
    for second in 0..time {
        world.now = NOW + seconds(second);
        for _ in 0..3 {
            let _ = world.poll(&p);
            for (taken, _) in std::mem::take(&mut world.questions) {
                let secret = SecretString::from(read(readings));
                world.session.answer(&p, secret, world.now).unwrap();
                readings += 1;
                drop(taken);
            }
            logins.extend(world.flights.iter().map(|_| second));
            world.land();
        }
    }
    logins
}

#[test]
fn a_source_that_flips_sends_each_secret_once() {
    let mut world = World::with_root(source());
    let sent = logins(&mut world, 1790, |reading| format!("wrong-{}", reading % 2));
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_source_of_ever_new_secrets_is_slow() {
    let mut world = World::with_root(source());
    let sent = logins(&mut world, 3600, |reading| format!("wrong-{reading}"));
    // Clouds lock a user after five wrong passwords in 15 minutes.
    for start in &sent {
        let window = *start..start + 900;
        let count = sent.iter().filter(|at| window.contains(at)).count();
        assert!(count < 5, "{count} from {start} s on");
    }
    // The right one is still found.
    world.service.password = "alice-pw".to_owned();
    world.now += seconds(450);
    let p = scope("p");
    world.run(std::slice::from_ref(&p));
    let (taken, _) = world.questions.pop().unwrap();
    world.session.answer(&p, SecretString::from("alice-pw"), world.now).unwrap();
    drop(taken);
    assert_eq!(served(&world.run(&[p])), 1);
}

#[test]
fn a_task_does_not_ask_again_at_once() {
    let (mut world, p) = (World::with_root(source()), scope("p"));
    assert!(world.renew(&p).is_none());
    // Nobody answers.
    world.questions.clear();
    assert!(matches!(world.session.renew(&p, world.now), Action::Wait(_)));
    // A caller without a token gets the question all the same.
    let Action::Ask(taken, _) = world.session.poll(&p, world.now) else { panic!("no question") };
    drop(taken);
    for wait in [0, 59] {
        world.now += seconds(wait);
        assert!(matches!(world.session.renew(&p, world.now), Action::Wait(_)));
    }
    world.now += seconds(1);
    assert!(matches!(world.session.renew(&p, world.now), Action::Ask(..)));
}

#[test]
fn a_caller_with_a_token_does_without_a_reply() {
    let (mut world, p) = (World::with_root(source()), scope("p"));
    let sent = logins(&mut world, 1, |_| "alice-pw".to_owned());
    assert_eq!(sent.len(), 2, "a login and an exchange");
    let due = world.session.renew_at(&p).unwrap();
    for minute in 0..3 {
        world.now = due + seconds(60 * minute);
        assert!(world.poll(&p).is_none() && world.questions.len() == 1);
        // Nobody answers: this minute every caller uses the token.
        world.questions.clear();
        for second in [0, 30, 59] {
            world.now = due + seconds(60 * minute + second);
            assert!(matches!(world.poll(&p), Some(Ok(_))), "{minute} {second}");
        }
    }
}

#[test]
fn a_token_that_ends_before_the_root_is_renewed() {
    let (mut world, p) = (World::with_root("alice-pw"), scope("p"));
    world.service.exchanged_life = Some(seconds(3600));
    let first = world.token(&p);
    let due = world.session.renew_at(&p).unwrap();
    assert!(due < NOW + seconds(3600 - 60), "{due}");
    world.now = due;
    let _ = world.renew(&p);
    assert!(matches!(world.poll(&p), Some(Ok(_))), "no caller waits");
    world.land();
    assert_ne!(world.token(&p).expose(), first.expose());
    assert_eq!(world.service.counts(), [1, 2, 0]);
}

#[test]
fn a_long_life_costs_no_login_of_its_own() {
    let (mut world, p) = (World::with_root("alice-pw"), scope("p"));
    world.service.exchanged_life = Some(seconds(3600));
    world.token(&p);
    world.now += seconds(2 * 3600);
    world.token(&p);
    world.now += seconds(1800);
    while world.poll_for(&p, seconds(3000)).is_none() {
        world.land();
    }
    assert_eq!(world.service.counts(), [1, 3, 0]);
}

#[test]
fn a_code_waits_for_no_second_secret() {
    // At a cloud without unscoped tokens, each scope has a login and reads the secret for itself.
    let user = UserRef::name_in("me", DomainRef::name("corp"));
    let credential = Credential::password(user, source()).and(Factor::totp("111111"));
    let cloud = Cloud::otc("eu-de").unwrap();
    let mut session = Session::new(cloud, credential, Settings::default()).unwrap();
    let [p, q] = ["p", "q"].map(scope);
    for scope in [&p, &q] {
        let Action::Ask(taken, _) = session.poll(scope, NOW) else { panic!("no question") };
        session.handle_reply(taken, SecretString::from("pw"), NOW).unwrap();
    }
    respond(&mut session, &p, token("t", "p", NOW), NOW);
    // The code was sent with the first one.
    let Action::Ask(taken, Question::Factor(_)) = session.poll(&q, NOW) else { panic!("a code") };
    session.handle_reply(taken, Factor::totp("222222"), NOW).unwrap();
    let Action::Ask(taken, _) = session.poll(&q, NOW) else { panic!("no question") };
    session.handle_reply(taken, SecretString::from("pw"), NOW).unwrap();
    let (_, request) = sent_request(session.poll(&q, NOW));
    assert!(String::from_utf8_lossy(request.body().as_bytes()).contains("222222"));
}

#[test]
fn the_place_of_a_hidden_root_does_not_count() {
    let plain = || Credential::password(UserRef::name_in("me", DomainRef::name("corp")), "pw");
    let assumed = plain().assume(Agency::new("agency", DomainRef::name("other")));
    let settings = Settings::default().with_max_scopes(1);
    let mut session = Session::new(Cloud::otc("eu-de").unwrap(), assumed, settings).unwrap();
    session.replace_credential(plain()).unwrap();
    let action = session.poll(&Scope::project_name("eu-de"), NOW);
    assert!(matches!(action, Action::Send(..)), "{action:?}");
}
