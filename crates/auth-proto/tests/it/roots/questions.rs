//! Questions to people and to files: one caller takes each.

use auth_proto::{
    Action, Credential, DomainRef, ErrorKind, Factor, Failure, FailureKind, Misuse, Question,
    Reply, Scope, SecretSource, Session, UserRef, limits,
};
use secrecy::SecretString;

use super::service::{World, projects, served};
use crate::support::{
    NOW, password,
    session::{receipt, respond, scope, seconds, sent_request, session, waits},
};

fn source() -> SecretSource {
    SecretSource::new("the file /run/secrets/password")
}

fn secret(text: &str) -> SecretString {
    text.into()
}

impl World {
    /// The file that the caller reads has this secret.
    fn read(&mut self, scope: &Scope, text: &str) {
        let (taken, question) = self.questions.pop().unwrap();
        assert_eq!(question, Question::Secret(source()));
        self.session.answer(scope, secret(text), self.now).unwrap();
        drop(taken);
    }
}

/// A session whose user has given the password, and has to give a code.
fn challenged() -> (Session, Scope) {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(3600)), NOW);
    (session, p)
}

#[test]
fn one_caller_takes_a_question() {
    let (mut session, p) = challenged();
    let Action::Ask(taken, Question::Factor(_)) = session.poll(&p, NOW) else { panic!() };
    for _ in 0..3 {
        assert_eq!(waits(session.poll(&p, NOW)), NOW + limits::QUESTION);
    }
    // A dropped question goes to the next caller.
    drop(taken);
    let Action::Ask(taken, _) = session.poll(&p, NOW) else { panic!() };
    assert!(session.take_wake());
    // So does one that is handed back in any other way.
    session.handle_abandoned(taken).unwrap();
    let Action::Ask(taken, _) = session.poll(&p, NOW) else { panic!() };
    let failure = Failure::new(FailureKind::Io, "no terminal");
    session.handle_failure(taken, failure, NOW).unwrap();
    let Action::Ask(taken, _) = session.poll(&p, NOW) else { panic!() };
    // And one that stays away for ten minutes.
    let later = NOW + limits::QUESTION;
    assert!(matches!(session.poll(&p, later - seconds(1)), Action::Wait(_)));
    let Action::Ask(second, _) = session.poll(&p, later) else { panic!() };
    // The first caller may still answer.
    session.answer(&p, Factor::totp("123456"), later).unwrap();
    assert!(session.take_wake());
    let (_sent, request) = sent_request(session.poll(&p, later));
    assert!(request.headers().contains_key("openstack-auth-receipt"));
    drop((taken, second));
    assert!(matches!(session.poll(&p, later), Action::Wait(_)));
}

#[test]
fn a_wrong_kind_of_reply_changes_nothing() {
    let (mut session, p) = challenged();
    let Action::Ask(_taken, _) = session.poll(&p, NOW) else { panic!() };
    let wrong = session.answer(&p, secret("x"), NOW).unwrap_err();
    assert_eq!(*wrong.kind(), ErrorKind::Misuse(Misuse::WrongReply));
    assert!(matches!(session.poll(&p, NOW), Action::Wait(_)));
    session.answer(&p, Factor::totp("123456"), NOW).unwrap();
    let _ = sent_request(session.poll(&p, NOW));

    let mut world = World::with_root(source());
    assert!(world.poll(&p).is_none());
    let wrong = world.session.answer(&p, Factor::totp("123456"), NOW).unwrap_err();
    assert_eq!(*wrong.kind(), ErrorKind::Misuse(Misuse::WrongReply));
    world.read(&p, "alice-pw");
    world.token(&p);
}

#[test]
fn a_person_is_asked_one_thing_at_a_time() {
    let (mut session, p) = challenged();
    let q = scope("q");
    respond(&mut session, &q, receipt(NOW + seconds(3600)), NOW);
    let Action::Ask(taken, _) = session.poll(&p, NOW) else { panic!() };
    assert_eq!(waits(session.poll(&q, NOW)), NOW + limits::QUESTION);
    session.answer(&p, Factor::totp("123456"), NOW).unwrap();
    drop(taken);
    assert!(matches!(session.poll(&q, NOW), Action::Ask(..)));
}

#[test]
fn a_receipt_ends_while_a_person_is_asked() {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(60)), NOW);
    let Action::Ask(_taken, _) = session.poll(&p, NOW) else { panic!() };
    let (_, request) = sent_request(session.poll(&p, NOW + seconds(60)));
    assert!(!request.headers().contains_key("openstack-auth-receipt"));
}

#[test]
fn a_background_task_asks_no_person() {
    let (mut session, p) = challenged();
    assert!(matches!(session.renew(&p, NOW), Action::Wait(_)));
    assert!(matches!(session.poll(&p, NOW), Action::Ask(..)));
}

#[test]
fn each_login_reads_its_secret() {
    for root in [true, false] {
        let credential = Credential::password(crate::support::alice(), source());
        let settings = auth_proto::Settings::default();
        let settings = if root { settings.with_root(Scope::unscoped()) } else { settings };
        let mut world = World::new(credential, settings);
        let p = scope("p");
        for _ in 0..5 {
            assert!(world.poll(&p).is_none());
        }
        assert_eq!(world.questions.len(), 1);
        world.read(&p, "alice-pw");
        world.token(&p);
        // One caller reads it for an early renewal, and the others go on with what they have.
        world.now = world.session.renew_at(&p).unwrap();
        assert!(world.poll(&p).is_none() && world.questions.len() == 1);
        assert!(matches!(world.poll(&p), Some(Ok(_))));
        world.service.password = "rotated".to_owned();
        world.read(&p, "rotated");
        let _ = world.renew(&p);
        world.land();
        let _ = world.renew(&p);
        world.land();
        let exchanges = if root { 2 } else { 0 };
        assert_eq!(world.service.counts(), [2, exchanges, 0]);
    }
}

#[test]
fn a_refused_secret_is_read_again() {
    let (mut world, scopes) = (World::with_root(source()), projects(20));
    world.run(&scopes);
    world.read(&scopes[0], "wrong");
    // The first caller after the refusal reads it again, and it is the same.
    world.run(&scopes);
    assert_eq!((world.questions.len(), world.service.counts()), (1, [1, 0, 0]));
    world.read(&scopes[0], "wrong");
    // The others get the refusal, and read it once in ten seconds.
    for second in 1..=60 {
        let results = world.run(&scopes);
        if let Some((taken, _)) = world.questions.pop() {
            assert_eq!(second % 10, 1, "{second}");
            world.session.answer(&scopes[3], secret("wrong"), world.now).unwrap();
            drop(taken);
        } else {
            assert!(results.iter().all(|result| matches!(result, Some(Err(_)))), "{second}");
        }
        world.now = NOW + seconds(second);
    }
    assert_eq!(world.service.counts(), [0, 0, 0]);
    assert_eq!(world.session.last_error(&scopes[9]).unwrap().retry_at(), Some(NOW + seconds(1800)));
    // The file has the new one now.
    world.run(&scopes);
    world.read(&scopes[5], "alice-pw");
    assert_eq!(served(&world.run(&scopes)), 20);
    assert_eq!(world.service.counts(), [1, 20, 0]);
}

#[test]
fn a_changed_secret_may_be_wrong_as_well() {
    let (mut world, p) = (World::with_root(source()), scope("p"));
    for text in ["wrong", "also wrong"] {
        world.run(std::slice::from_ref(&p));
        world.read(&p, text);
        assert!(world.poll(&p).is_none());
        assert_eq!(world.flights.len(), 1, "{text}");
        world.land();
    }
    // The source is left alone for a while, and no refused secret is sent again.
    world.now += seconds(29);
    world.error(&p);
    world.now += seconds(1);
    world.run(std::slice::from_ref(&p));
    world.read(&p, "wrong");
    world.error(&p);
    assert_eq!(world.service.counts(), [2, 0, 0]);
}

#[test]
fn a_secret_is_not_read_again_for_a_token_holder() {
    let (mut world, p) = (World::with_root(source()), scope("p"));
    world.run(std::slice::from_ref(&p));
    world.read(&p, "alice-pw");
    world.token(&p);
    world.service.password = "rotated".to_owned();
    world.now = world.session.renew_at(&p).unwrap();
    let _ = world.renew(&p);
    world.read(&p, "alice-pw");
    let _ = world.renew(&p);
    world.land();
    assert!(matches!(world.poll(&p), Some(Ok(_))));
    assert!(world.questions.is_empty());
    assert!(world.renew(&p).is_none());
    world.read(&p, "rotated");
    let _ = world.renew(&p);
    world.land();
    assert_eq!(world.service.counts(), [3, 1, 0]);
}

#[test]
fn a_reply_without_a_question_is_refused() {
    let mut world = World::new(password(), auth_proto::Settings::default());
    let replies: [Reply; 2] = [Factor::totp("123456").into(), secret("x").into()];
    for reply in replies {
        let error = world.session.answer(&scope("p"), reply, NOW).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::NoQuestion));
    }
}

#[test]
fn a_source_that_fails_is_a_failed_login() {
    let (mut session, p) = (session(), scope("p"));
    let user = UserRef::name_in("alice", DomainRef::name("corp"));
    session.replace_credential(Credential::password(user, source())).unwrap();
    let Action::Ask(pending, _) = session.poll(&p, NOW) else { panic!("no question") };
    let failure = Failure::new(FailureKind::Source, "no such file");
    session.handle_failure(pending, failure, NOW).unwrap();
    // All callers learn it at once, and the source is read again soon.
    for _ in 0..3 {
        let Action::Fail(error) = session.poll(&p, NOW) else { panic!("no error") };
        assert!(error.is_retryable() && error.to_string().contains("no such file"), "{error}");
        assert_eq!(error.retry_at(), Some(NOW + seconds(5)));
    }
    let later = NOW + seconds(5);
    assert!(matches!(session.poll(&p, later), Action::Ask(..)));
}
