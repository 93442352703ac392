//! Tests of a crate that uses a client. Client and sockets are real, and the emulator plays the
//! cloud. The crate under test is [`backup`]; it has no code for tests.
//!
//! `cargo test -p examples --test embedder`
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_emulator::{Emulator, Fault, Server, System, account};
use auth_proto::{Cloud, Credential, ErrorKind, Scope};
use auth_ureq::{Client, Error};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use time::{UtcDateTime, macros::utc_datetime};

/// The crate under test.
mod backup {
    use auth_proto::EndpointQuery;
    use auth_ureq::{Client, Error};
    use http::{Request, StatusCode};

    /// Lists the volumes. Returns whether the service answered 200.
    pub(crate) fn run(client: &Client) -> Result<bool, Error> {
        let volumes = client.endpoint(&EndpointQuery::new("volumev2").region("KR1"))?;
        let request = Request::get(format!("{volumes}/volumes")).body("").unwrap();
        Ok(client.call(request)?.status() == StatusCode::OK)
    }
}

/// NHN Cloud in process. In production it is `Cloud::nhn()`.
fn cloud(server: &Server) -> Cloud {
    Cloud::nhn().at(&server.url(System::NhnIaas)).unwrap()
}

fn client(server: &Server, password: &str) -> Client {
    let credential = Credential::password(account::NHN_USER, password);
    Client::new(cloud(server), credential, Scope::project_id(account::NHN_TENANT)).unwrap()
}

#[test]
fn a_backup_needs_one_login() {
    let server = Server::start().unwrap();
    let client = client(&server, account::NHN_PASSWORD);
    assert!(backup::run(&client).unwrap() && backup::run(&client).unwrap());
    assert_eq!(server.traffic().logins, 1);
}

#[test]
fn a_revoked_token_goes_unnoticed() {
    let server = Server::start().unwrap();
    let client = client(&server, account::NHN_PASSWORD);
    assert!(backup::run(&client).unwrap());
    server.emulator().revoke_all();
    assert!(backup::run(&client).unwrap());
    let traffic = server.traffic();
    assert_eq!((traffic.logins, traffic.unauthorized), (2, 1));
}

#[test]
fn a_wrong_password_is_sent_once() {
    let server = Server::start().unwrap();
    server.watch("hunter2");
    let client = client(&server, "hunter2");
    for _ in 0..3 {
        let Err(Error::Auth(error)) = backup::run(&client) else { panic!("no error") };
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
    }
    assert_eq!(server.traffic().canary_bytes, "hunter2".len() as u64);
}

#[test]
fn a_short_outage_is_waited_out() {
    let server = Server::start().unwrap();
    let busy = Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    let busy = busy.header(RETRY_AFTER, HeaderValue::from_static("1"));
    server.script(move |arrival| (arrival.number == 0).then(|| busy.clone()));
    let client = client(&server, account::NHN_PASSWORD);
    assert!(backup::run(&client).unwrap());
    assert_eq!(server.traffic().logins, 2);
}

/// Client and emulator share the clock of the test, so hours pass at once.
#[test]
fn a_token_is_renewed_before_it_ends() {
    let now = Arc::new(Mutex::new(utc_datetime!(2026-11-22 08:00)));
    let clock = {
        let now = Arc::clone(&now);
        move || *now.lock().unwrap()
    };
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::NhnIaas, time::Duration::hours(12));
    let server = Server::start_with_clock(emulator, clock.clone()).unwrap();
    let credential = Credential::password(account::NHN_USER, account::NHN_PASSWORD);
    let tenant = Scope::project_id(account::NHN_TENANT);
    let client = Client::builder(cloud(&server), credential, tenant).clock(clock).build().unwrap();

    let first = client.token().unwrap();
    assert_eq!(first.expires_at(), utc_datetime!(2026-11-22 20:00));
    advance(&now, Duration::from_secs(8 * 3600));
    assert_eq!(client.token().unwrap().expose(), first.expose());
    advance(&now, Duration::from_secs(3 * 3600));
    assert_ne!(client.token().unwrap().expose(), first.expose());
    assert!(backup::run(&client).unwrap());
    let traffic = server.traffic();
    assert_eq!((traffic.logins, traffic.unauthorized), (2, 0));
}

fn advance(now: &Mutex<UtcDateTime>, by: Duration) {
    *now.lock().unwrap() += by;
}
