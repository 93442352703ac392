//! The cost of a call to a service: locks of the session, and checks of the target.

use std::{
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use auth_emulator::{Emulator, System, account};
use auth_proto::{
    Body, Cloud, Credential, Destination, EndpointQuery, Failure, RetryDecision, Scope, Session,
    Settings,
};
use http::{Request, Response, StatusCode};
use time::{Date, Month, UtcDateTime};

use crate::{
    blocking::{self, Transport},
    call::Call,
    driver::{Driver, Grant, Mode, Wanted},
    error::NoToken,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends each request to an emulated cloud in this process.
struct InProcess(Mutex<Emulator>);

impl Transport for InProcess {
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.as_bytes());
        let response = self.0.lock().unwrap().handle(request, now());
        Ok(response.map(|body| Body::new(body.into())))
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }
}

fn now() -> UtcDateTime {
    Date::from_calendar_date(2026, Month::November, 22).unwrap().midnight().as_utc()
}

struct Fixture {
    driver: Arc<Driver>,
    cloud: Arc<InProcess>,
    scope: Scope,
}

impl Fixture {
    /// A session with a valid token, and counts that start at 0.
    fn new() -> Self {
        let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
        let session = Session::new(Cloud::kakao(), key, Settings::default()).unwrap();
        let fixture = Self {
            driver: Arc::new(Driver::new(session, now)),
            cloud: Arc::new(InProcess(Mutex::new(Emulator::new()))),
            scope: Scope::default(),
        };
        let wanted = Wanted::new(&fixture.scope);
        fixture.grant(wanted);
        fixture.driver.locks.store(0, SeqCst);
        fixture
    }

    fn grant(&self, wanted: Wanted<'_>) -> Grant {
        let mode = Mode::Caller(Destination::Unknown);
        blocking::grant(&self.driver, &self.cloud, wanted, mode, PATIENCE).unwrap()
    }

    /// A call to this URI, whose first response has this status. Returns the number of tries.
    fn call(&self, uri: &str, first: StatusCode) -> Result<usize, NoToken> {
        let service = EndpointQuery::new("network");
        let head = Request::get(uri).body(()).unwrap();
        let (mut call, ()) = Call::new(
            &self.driver,
            Wanted { service: Some(&service), ..Wanted::new(&self.scope) },
            head,
        )?;
        let (mut status, mut tries) = (first, 0);
        loop {
            let head = blocking::authorize(&mut call, &self.cloud, PATIENCE, |_| ())?;
            assert!(head.uri().host().is_some() && head.headers().contains_key("x-auth-token"));
            tries += 1;
            if call.decide(status, true) == RetryDecision::Deliver {
                return Ok(tries);
            }
            status = StatusCode::OK;
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.driver.locks.load(SeqCst), self.driver.target_checks.load(SeqCst))
    }

    fn logins(&self) -> u64 {
        self.cloud.0.lock().unwrap().logins(System::Kakao)
    }
}

#[test]
fn a_call_locks_once_and_checks_its_target_once() {
    for uri in ["/v2.0/networks", "https://network.example/v2.0/networks"] {
        let fixture = Fixture::new();
        assert_eq!(fixture.call(uri, StatusCode::OK).unwrap(), 1);
        assert_eq!(fixture.counts(), (1, 1), "{uri}");
    }
}

#[test]
fn a_401_adds_a_lock_for_the_decision_and_the_login() {
    for uri in ["/v2.0/networks", "https://network.example/v2.0/networks"] {
        let fixture = Fixture::new();
        assert_eq!(fixture.call(uri, StatusCode::UNAUTHORIZED).unwrap(), 2);
        // The token, the decision, the request and the response of the login, the new token.
        assert_eq!(fixture.counts(), (5, 1), "{uri}");
        assert_eq!(fixture.logins(), 2);
    }
}

#[test]
fn a_bad_target_costs_no_lock_and_no_login() {
    let fixture = Fixture::new();
    for uri in ["http://network.example/", "https://169.254.169.254/", "/v2.0/../admin"] {
        assert!(matches!(fixture.call(uri, StatusCode::OK), Err(NoToken::Auth(_))), "{uri}");
    }
    assert_eq!(fixture.counts().0, 0);
    assert_eq!(fixture.logins(), 1);
}

#[test]
fn the_uri_that_is_checked_is_the_uri_that_is_sent() {
    let fixture = Fixture::new();
    let service = EndpointQuery::new("network");
    let wanted = Wanted { service: Some(&service), ..Wanted::new(&fixture.scope) };
    let head = Request::get("/v2.0/networks").body(()).unwrap();
    let (mut call, ()) = Call::new(&fixture.driver, wanted, head).unwrap();
    // The HTTP client reads the URI as one that no token may be sent to.
    let spelled = |head: &mut Request<()>| *head.uri_mut() = "http://127.0.0.1/".parse().unwrap();
    assert!(call.authorize(fixture.grant(wanted), spelled).is_err());
}
