//! Secrets that each login asks for, and one-time codes from a hook.

use std::{
    fs,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use auth_proto::{
    Credential, DomainRef, ErrorKind, Factor, Failure, FailureKind, Question, Reply as Answer,
    SecretSource, UserRef,
};
use testing::{
    Builder, Loopback, Reply,
    fixtures::{scope, token},
};
use time::UtcDateTime;

use super::ADAPTER;

/// Only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// A client whose password has to be read, at a server that gives out tokens.
fn reading(server: &Loopback) -> Builder {
    let user = UserRef::name_in("alice", DomainRef::name("corp"));
    let credential = Credential::password(user, SecretSource::new("the vault"));
    ADAPTER.client(server.cloud(), credential, scope())
}

fn tokens() -> Loopback {
    Loopback::start(|_| token("t", "https://thing.example"))
}

fn secret(text: &str) -> Result<Option<Answer>, Failure> {
    Ok(Some(reply(text)))
}

fn reply(text: &str) -> Answer {
    Answer::Secret(text.into())
}

#[test]
fn a_login_reads_the_secret_of_now() {
    let server = Loopback::start(|request| match request.number {
        0 => Reply::new(401, "", "{}"),
        _ => token("t", "https://thing.example"),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "first-secret").unwrap();
    let read = file.clone();
    let client = reading(&server).asked(move |question| match question {
        Question::Secret(source) if source.name() == "the vault" => {
            secret(&fs::read_to_string(&read).unwrap())
        }
        _ => Ok(None),
    });
    let client = client.build().unwrap();
    assert!(matches!(client.token().unwrap_err().kind(), ErrorKind::Rejected(_)));
    // The refused secret is not sent again, and a new one is.
    assert!(matches!(client.token().unwrap_err().kind(), ErrorKind::Rejected(_)));
    assert_eq!(server.requests().len(), 1);
    fs::write(&file, "second-secret").unwrap();
    let deadline = std::time::Instant::now() + LONG;
    while client.token().is_err() && std::time::Instant::now() < deadline {
        thread::sleep(SHORT);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].contains("first-secret") && requests[1].contains("second-secret"));
}

#[test]
fn a_question_without_a_hook_reaches_the_caller() {
    let server = tokens();
    let client = reading(&server).build().unwrap();
    for _ in 0..2 {
        let error = client.token().unwrap_err();
        let Some(Question::Secret(source)) = error.question() else { panic!("{error}") };
        assert_eq!(source.name(), "the vault");
        assert!(error.to_string().contains("the vault"), "{error}");
    }
    assert!(client.answer(Factor::totp("123456")).is_err());
    client.answer(reply("read-secret")).unwrap();
    client.token().unwrap();
    assert!(server.requests()[0].contains("read-secret"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_hook_may_pass_a_question_on() {
    let server = tokens();
    let client = reading(&server).asked(|_| Ok(None)).build().unwrap();
    assert!(client.token().unwrap_err().question().is_some());
    client.answer(reply("read-secret")).unwrap();
    client.token().unwrap();
}

#[test]
fn a_source_that_fails_says_why() {
    let server = tokens();
    let asked = |_: &Question| Err(Failure::new(FailureKind::Source, "no such file"));
    let client = reading(&server).asked(asked).build().unwrap();
    let error = client.token_within(LONG).unwrap_err();
    assert!(error.auth().is_some() && error.to_string().contains("no such file"), "{error}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_bad_reply_is_an_error() {
    let server = tokens();
    let client = reading(&server).asked(|_| secret("")).build().unwrap();
    let error = client.token().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn one_caller_asks_for_all() {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let (count, all) = (Arc::clone(&asked), Arc::new(Barrier::new(20)));
    let client = reading(&server).asked(move |_| {
        count.fetch_add(1, SeqCst);
        thread::sleep(SHORT);
        secret("read-secret")
    });
    let client = client.build().unwrap();
    thread::scope(|threads| {
        for _ in 0..20 {
            let (client, all) = (client.clone(), Arc::clone(&all));
            threads.spawn(move || {
                all.wait();
                client.token().unwrap();
            });
        }
    });
    assert_eq!((asked.load(SeqCst), server.requests().len()), (1, 1));
}

/// The caller leaves in its time, and the answer serves the next one.
#[test]
fn a_slow_answer_outlives_its_caller() {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let (count, (release, released)) = (Arc::clone(&asked), mpsc::channel::<()>());
    let released = std::sync::Mutex::new(released);
    let client = reading(&server).asked(move |_| {
        count.fetch_add(1, SeqCst);
        let _ = released.lock().unwrap().recv_timeout(LONG);
        secret("read-secret")
    });
    let client = client.build().unwrap();
    assert!(client.token_within(SHORT).unwrap_err().is_deadline());
    release.send(()).unwrap();
    client.token_within(LONG).unwrap();
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn a_hook_that_panics_leaves_the_question_to_others() {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let client = reading(&server).asked(move |_| match count.fetch_add(1, SeqCst) {
        0 => panic!("on purpose"),
        _ => secret("read-secret"),
    });
    let client = client.build().unwrap();
    let first = client.clone();
    // The async client's caller panics with it; the blocking one asks again.
    let _ = thread::spawn(move || first.token()).join();
    client.token_within(LONG).unwrap();
    assert_eq!((asked.load(SeqCst), server.requests().len()), (2, 1));
}

#[test]
fn a_hook_answers_with_a_code() {
    let server = super::support::two_factors();
    let client = super::support::loopback_client(&server).asked(|question| match question {
        Question::Factor(_) => Ok(Some(Factor::totp("123456").into())),
        _ => Ok(None),
    });
    client.build().unwrap().token().unwrap();
    assert!(server.requests()[1].contains("123456"));
}

#[test]
fn a_caller_with_a_token_does_without_a_reply() {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let (count, ahead) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)));
    let hours = Arc::clone(&ahead);
    let client = reading(&server)
        .clock(move || UtcDateTime::now() + time::Duration::hours(hours.load(SeqCst) as i64))
        .asked(move |_| match count.fetch_add(1, SeqCst) {
            0 => secret("read-secret"),
            1 => Ok(None),
            _ => secret(""),
        });
    let client = client.build().unwrap();
    client.token().unwrap();
    // The token of 48 hours is due for renewal.
    for (hour, questions) in [(46, 2), (46, 2), (47, 3), (47, 3)] {
        ahead.store(hour, SeqCst);
        client.token().unwrap();
        assert_eq!(asked.load(SeqCst), questions);
    }
    assert_eq!(server.requests().len(), 1);
}

/// The questions in half a second of a background renewal whose hook does this.
fn questions_of_a_renewal(
    hook: impl Fn() -> Result<Option<Answer>, Failure> + Send + Sync + 'static,
) -> usize {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let client = reading(&server).asked(move |_| {
        count.fetch_add(1, SeqCst);
        hook()
    });
    let client = client.build().unwrap();
    // A hook's panic ends the task of the async client.
    let renewal = thread::spawn(client.refresh_loop());
    thread::sleep(Duration::from_millis(500));
    let questions = asked.load(SeqCst);
    client.close();
    let _ = renewal.join();
    questions
}

#[test]
fn a_renewal_without_a_reply_does_not_spin() {
    assert_eq!(questions_of_a_renewal(|| Ok(None)), 1);
    assert_eq!(questions_of_a_renewal(|| secret("")), 1, "a reply that cannot be sent");
    assert_eq!(questions_of_a_renewal(|| panic!("on purpose")), 1);
}

#[test]
fn a_hook_that_panics_is_asked_once() {
    let (server, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let client = reading(&server).asked(move |_| {
        count.fetch_add(1, SeqCst);
        panic!("on purpose")
    });
    let client = client.build().unwrap();
    // The async client's caller panics with it.
    let _ = thread::spawn(move || client.token_within(SHORT)).join();
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn a_reply_belongs_to_the_credential_that_asked() {
    for asks_again in [false, true] {
        let (server, (release, released)) = (tokens(), mpsc::channel::<()>());
        let released = std::sync::Mutex::new(released);
        let client = reading(&server).asked(move |question| match question {
            Question::Secret(source) if source.name() == "the vault" => {
                let _ = released.lock().unwrap().recv_timeout(LONG);
                secret("of-the-vault")
            }
            _ => secret("of-the-safe"),
        });
        let client = client.build().unwrap();
        let first = client.clone();
        let first = thread::spawn(move || first.token_within(LONG).map(drop));
        thread::sleep(SHORT);
        let user = UserRef::name_in("bob", DomainRef::name("corp"));
        let credential = match asks_again {
            true => Credential::password(user, SecretSource::new("the safe")),
            false => Credential::password(user, "given-secret"),
        };
        client.replace_credential(credential).unwrap();
        release.send(()).unwrap();
        first.join().unwrap().unwrap();
        assert!(server.requests().iter().all(|request| !request.contains("of-the-vault")));
        assert_eq!(server.requests().len(), 1);
    }
}

/// The caller of another scope carries the question of one that has left, and hears nothing of it.
#[test]
fn a_question_concerns_the_callers_of_its_scope() {
    let (server, asked) = (
        Loopback::start(|_| {
            thread::sleep(5 * SHORT);
            token("t", "https://thing.example")
        }),
        AtomicUsize::new(0),
    );
    let client = reading(&server).asked(move |_| match asked.fetch_add(1, SeqCst) {
        0 => {
            thread::sleep(3 * SHORT);
            Ok(None)
        }
        _ => secret("read-secret"),
    });
    let client = client.build().unwrap();
    assert!(client.token_within(SHORT).unwrap_err().is_deadline());
    let other = client.scoped(auth_proto::Scope::default());
    thread::scope(|threads| {
        for _ in 0..3 {
            let other = other.clone();
            threads.spawn(move || other.token_within(LONG).unwrap());
        }
    });
}
