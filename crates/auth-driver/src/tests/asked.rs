//! A caller of the blocking loop waits for the function that answers questions.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use auth_proto::{
    Body, Cloud, Credential, Destination, ErrorKind, Failure, FailureKind, Question, Reply, Scope,
    SecretSource, Session, Settings,
};
use http::{Request, Response};
use time::UtcDateTime;

use crate::{
    blocking::{self, Asked},
    driver::{Driver, Grant, Mode, Wanted},
    error::NoToken,
};

/// Only a test that fails waits that long.
const MINUTE: Duration = Duration::from_secs(60);

type Outcome = Result<Option<Reply>, Failure>;

/// A client without a network, whose function answers when the test says so.
struct Http(Box<Asked>);

impl blocking::Transport for Http {
    fn send(&self, _: Request<Body>) -> Result<Response<Body>, Failure> {
        Err(Failure::new(FailureKind::Connect, "no network"))
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn asked(&self) -> Option<&Asked> {
        Some(&*self.0)
    }
}

/// Starts a caller, waits until its question is asked, runs `meanwhile`, and returns the caller's
/// result. The function answers with `outcome`, or at the end of the test if that is `None`.
fn call(
    patience: Duration,
    outcome: Option<fn() -> Outcome>,
    meanwhile: impl FnOnce(&Driver),
) -> Result<Grant, NoToken> {
    let (begun, has_begun) = mpsc::channel();
    let (keep, end) = mpsc::channel::<()>();
    let end: Mutex<Receiver<()>> = Mutex::new(end);
    let asked = move |_: &Question| {
        let _ = begun.send(());
        match outcome {
            Some(outcome) => outcome(),
            None => {
                let _ = end.lock().unwrap().recv();
                Ok(None)
            }
        }
    };
    let key = Credential::application_credential("id", SecretSource::new("file /secret"));
    let session = Session::new(Cloud::kakao(), key, Settings::default()).unwrap();
    let driver = Arc::new(Driver::new(session, UtcDateTime::now));
    let (done, result) = mpsc::channel();
    let (own, http) = (Arc::clone(&driver), Arc::new(Http(Box::new(asked))));
    thread::spawn(move || {
        let (scope, mode) = (Scope::default(), Mode::Caller(Destination::Unknown));
        let _ = done.send(blocking::grant(&own, &http, Wanted::new(&scope), mode, patience));
    });
    has_begun.recv_timeout(MINUTE).expect("no question");
    meanwhile(&driver);
    let result = result.recv_timeout(MINUTE).expect("the caller still waits");
    drop(keep);
    result
}

#[test]
fn closing_ends_the_wait_for_a_reply() {
    let result = call(Duration::MAX, None, Driver::close);
    let Err(NoToken::Auth(error)) = result else { panic!("{result:?}") };
    assert!(matches!(error.kind(), ErrorKind::Closed), "{error}");
}

#[test]
fn a_session_that_closes_itself_ends_the_wait() {
    let result = call(Duration::MAX, None, |driver| driver.change(Session::close));
    let Err(NoToken::Auth(error)) = result else { panic!("{result:?}") };
    assert!(matches!(error.kind(), ErrorKind::Closed), "{error}");
}

#[test]
fn other_changes_do_not_end_the_wait() {
    let wake = |driver: &Driver| (0..100).for_each(|_| driver.wake());
    let result = call(Duration::from_millis(300), None, wake);
    assert!(matches!(result, Err(NoToken::Deadline { .. })), "{result:?}");
}

#[test]
fn each_outcome_reaches_the_caller() {
    let is_question = |result: &Result<Grant, NoToken>| matches!(result, Err(NoToken::Ask(_)));
    let result = call(Duration::MAX, Some(|| Ok(None)), |_| ());
    assert!(is_question(&result), "{result:?}");
    let result = call(Duration::MAX, Some(|| panic!("on purpose")), |_| ());
    assert!(is_question(&result), "{result:?}");
    // The login goes on with the reply, and fails later.
    let secret = || Ok(Some(Reply::Secret("secretsecret".into())));
    let failure = || Err(Failure::new(FailureKind::Source, "no such file"));
    for outcome in [secret, failure as fn() -> Outcome] {
        let result = call(Duration::from_millis(300), Some(outcome), |_| ());
        assert!(!is_question(&result) && result.is_err(), "{result:?}");
    }
}
