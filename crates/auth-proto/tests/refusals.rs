//! What a refusal condemns: the credential, a scope, a code, or nothing at all.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::time::Duration;

use auth_proto::{
    Action, Cloud, ConfigError, Credential, DomainRef, Error, ErrorKind, Factor, Failure,
    FailureKind, Misuse, PendingRequest, ProtocolError, RetryDecision, Scope, ServiceCall, Session,
    Settings, UserRef, limits,
};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use support::{NOW, response};
use time::UtcDateTime;

fn user() -> UserRef {
    UserRef::name_in("alice", DomainRef::name("Default"))
}

fn password() -> Credential {
    Credential::password(user(), "alice-pw")
}

fn account_at(identity: &str, credential: Credential) -> Session {
    Session::new(Cloud::keystone(identity).unwrap(), credential, Settings::default()).unwrap()
}

fn account() -> Session {
    account_at("https://keystone.example/v3", password())
}

fn scope(id: &str) -> Scope {
    Scope::project_id(id)
}

fn token_for(life: Duration, project: &str, now: UtcDateTime) -> Response<Vec<u8>> {
    let stamp = auth_proto::timestamp::format;
    let body = json!({"token": {
        "expires_at": stamp(now + life), "issued_at": stamp(now), "project": {"id": project},
    }});
    response(201, Some(&format!("token-of-{project}")), &body.to_string())
}

fn token(project: &str, now: UtcDateTime) -> Response<Vec<u8>> {
    token_for(seconds(3600), project, now)
}

fn refusal(status: u16) -> Response<Vec<u8>> {
    response(status, None, r#"{"error":{"message":"no"}}"#)
}

fn receipt(expires_at: UtcDateTime) -> Response<Vec<u8>> {
    let stamp = auth_proto::timestamp::format;
    let body = json!({
        "receipt": {
            "methods": ["password"], "expires_at": stamp(expires_at), "issued_at": stamp(NOW),
        },
        "required_auth_methods": [["password", "totp"]],
    });
    let mut receipt = response(401, None, &body.to_string());
    receipt.headers_mut().insert("openstack-auth-receipt", "gAAA".parse().unwrap());
    receipt
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn sent(action: Action) -> (PendingRequest, Request<auth_proto::Body>) {
    match action {
        Action::Send(flight, request) => (flight, request),
        other => panic!("expected a request, got {other:?}"),
    }
}

#[track_caller]
fn failed(action: Action) -> Error {
    match action {
        Action::Fail(error) => error,
        other => panic!("expected an error, got {other:?}"),
    }
}

#[track_caller]
fn log_in(account: &mut Session, project: &str, now: UtcDateTime) {
    let (flight, _) = sent(account.poll(&scope(project), now));
    account.handle_response(flight, token(project, now), now);
    assert!(matches!(account.poll(&scope(project), now), Action::Use(_)));
}

#[track_caller]
fn refuse(account: &mut Session, project: &str, status: u16, now: UtcDateTime) -> Error {
    let (flight, _) = sent(account.poll(&scope(project), now));
    account.handle_response(flight, refusal(status), now);
    failed(account.poll(&scope(project), now))
}

#[test]
fn a_scope_that_never_worked_does_not_stop_the_others() {
    for status in [401, 403, 404] {
        let mut account = account();
        let (mut good_logins, mut bad_logins) = (0, 0);
        for minute in 0..24 * 60 {
            let now = NOW + seconds(minute * 60);
            for project in ["good", "bad"] {
                match account.poll(&scope(project), now) {
                    Action::Send(flight, _) if project == "good" => {
                        good_logins += 1;
                        account.handle_response(flight, token(project, now), now);
                    }
                    Action::Send(flight, _) => {
                        bad_logins += 1;
                        account.handle_response(flight, refusal(status), now);
                    }
                    _ => {}
                }
            }
            assert!(
                account.cached_token(&scope("good"), now).is_some(),
                "{status} at minute {minute}"
            );
        }
        assert!((24..=33).contains(&good_logins), "{status}: {good_logins}");
        let most = if status == 404 { 24 * 12 } else { 7 };
        assert!((2..=most).contains(&bad_logins), "{status}: {bad_logins}");
    }
}

#[test]
fn a_changed_password_is_found_out_by_two_scopes_for_all() {
    let mut account = account();
    for project in ["a", "b", "c", "d", "e", "f"] {
        log_in(&mut account, project, NOW);
    }
    // All tokens end at once, and every scope wants a new one.
    let now = NOW + seconds(100);
    for project in ["a", "b", "c", "d", "e", "f"] {
        let token = account.cached_token(&scope(project), now).unwrap();
        account.handle_unauthorized(&token, now);
    }
    // One at a time, whatever they were before.
    let (flight, _) = sent(account.poll(&scope("a"), now));
    for project in ["b", "c"] {
        assert!(matches!(account.poll(&scope(project), now), Action::Wait(_)));
    }
    account.handle_response(flight, refusal(401), now);
    // The first one may have lost its role; a second one has not by chance.
    failed(account.poll(&scope("a"), now));
    refuse(&mut account, "b", 401, now);
    for project in ["c", "d", "e", "f", "never seen", "a", "b"] {
        let error = failed(account.poll(&scope(project), now));
        assert!(error.retry_at() >= Some(now + seconds(1800)), "{project}");
    }
    account.replace_credential(password()).unwrap();
    for project in ["b", "a"] {
        log_in(&mut account, project, now);
    }
}

/// Minutes of a week in which `good` had a token, and requests sent for `bad`, while both are polled
/// each minute, `bad` first, and only `good` is ever granted.
fn week(account: &mut Session, bad_status: u16) -> (u32, u32) {
    let (mut served, mut bad_logins) = (0, 0);
    for minute in 0..7 * 24 * 60 {
        let now = NOW + seconds(1_000_000 + minute * 60);
        for project in ["bad", "good"] {
            match account.poll(&scope(project), now) {
                Action::Send(flight, _) if project == "good" => {
                    account.handle_response(flight, token(project, now), now);
                }
                Action::Send(flight, _) => {
                    bad_logins += 1;
                    account.handle_response(flight, refusal(bad_status), now);
                }
                _ => {}
            }
        }
        served += u32::from(account.cached_token(&scope("good"), now).is_some());
    }
    (served, bad_logins)
}

#[test]
fn a_scope_that_lost_its_role_does_not_stop_the_others() {
    let mut account = account();
    log_in(&mut account, "bad", NOW);
    log_in(&mut account, "good", NOW);
    let (served, bad_logins) = week(&mut account, 401);
    assert_eq!(served, 7 * 24 * 60);
    assert!(bad_logins <= 7 * 7, "{bad_logins}");
}

#[test]
fn a_scope_that_is_refused_first_gives_the_others_their_turn() {
    let (served, bad_logins) = week(&mut account(), 401);
    // All but the half hour that a wrong password deserves.
    assert!(served >= 7 * 24 * 60 - 31, "{served}");
    assert!(bad_logins <= 7 * 7, "{bad_logins}");
}

#[test]
fn a_wrong_password_is_sent_once_in_the_first_half_hour_and_seven_times_a_day() {
    for probes in [true, false] {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let settings = Settings::default().with_lockout_retry(probes);
        let mut account = Session::new(cloud, password(), settings).unwrap();
        let mut sent_at = Vec::new();
        for second in 0..86_400 {
            let now = NOW + seconds(second);
            for project in ["a", "b", "c"] {
                if let Action::Send(flight, _) = account.poll(&scope(project), now) {
                    sent_at.push(second);
                    account.handle_response(flight, refusal(401), now);
                }
            }
        }
        let early = sent_at.iter().filter(|second| **second < 1800).count();
        assert_eq!(early, 1, "{sent_at:?}");
        assert!(sent_at.len() <= if probes { 7 } else { 1 }, "{sent_at:?}");
    }
}

#[test]
fn scopes_with_latches_of_their_own_do_not_each_probe_a_changed_password() {
    let mut account = account();
    let mut now = NOW;
    for index in 0..10 {
        log_in(&mut account, "good", now);
        refuse(&mut account, &format!("bad {index}"), 401, now);
        now += seconds(61);
        let token = account.cached_token(&scope("good"), now).unwrap();
        account.handle_unauthorized(&token, now);
    }
    // From now on everything is refused.
    let mut posts = 0;
    for minute in 0..24 * 60 {
        let now = now + seconds(minute * 60);
        for project in (0..10).map(|index| format!("bad {index}")).chain(["good".to_owned()]) {
            if let Action::Send(flight, _) = account.poll(&scope(&project), now) {
                posts += 1;
                account.handle_response(flight, refusal(401), now);
            }
        }
    }
    assert!(posts <= 8, "{posts}");
}

#[test]
fn a_receipt_that_is_over_before_it_can_be_used_is_a_failure() {
    let (mut account, mut posts) = (account(), 0);
    for step in 0..600 {
        let now = NOW + Duration::from_millis(step * 500);
        if let Action::Send(flight, _) = account.poll(&scope("p"), now) {
            posts += 1;
            account.handle_response(flight, receipt(NOW), now);
        }
    }
    assert_eq!(posts, 2);
    for (life, asks) in [(2, false), (3, true)] {
        let mut account = self::account();
        let (flight, _) = sent(account.poll(&scope("p"), NOW));
        account.handle_response(flight, receipt(NOW + seconds(life)), NOW);
        let asked = matches!(account.poll(&scope("p"), NOW), Action::NeedFactor(_));
        assert_eq!(asked, asks, "{life}");
    }
    // None is believed to live for ever.
    let mut account = self::account();
    let (flight, _) = sent(account.poll(&scope("p"), NOW));
    account.handle_response(flight, receipt(NOW + seconds(86_400 * 3650)), NOW);
    assert!(matches!(account.poll(&scope("p"), NOW + seconds(3599)), Action::NeedFactor(_)));
    let _ = sent(account.poll(&scope("p"), NOW + seconds(3600)));
}

#[test]
fn a_refused_token_is_dropped_wherever_it_serves() {
    let mut account = account();
    let (default, p) = (Scope::default(), scope("p"));
    for scope in [&default, &p] {
        let (flight, _) = sent(account.poll(scope, NOW));
        account.handle_response(flight, token("p", NOW), NOW);
    }
    let token = account.cached_token(&p, NOW).unwrap();
    let verdict =
        ServiceCall::new().verdict(&mut account, &token, StatusCode::UNAUTHORIZED, true, NOW);
    assert_eq!(verdict, RetryDecision::Retry);
    assert!(
        account.cached_token(&p, NOW).is_none() && account.cached_token(&default, NOW).is_none()
    );
}

#[test]
fn lost_flights_and_ended_tokens_block_nothing() {
    let mut account = account();
    log_in(&mut account, "p", NOW);
    let later = NOW + seconds(4000);
    // The token has ended: a credential that does not fit its scope may come.
    account.cached_token(&scope("p"), later);
    account.replace_credential(Credential::application_credential("id", "secret")).unwrap();
    account.replace_credential(password()).unwrap();
    log_in(&mut account, "p", later);
    let flights: Vec<_> = (1..limits::SCOPES)
        .map(|index| sent(account.poll(&scope(&format!("s{index}")), later)).0)
        .collect();
    drop(flights);
    let _ = sent(account.poll(&scope("new"), later + seconds(4000)));
}

#[test]
fn a_token_lives_until_its_end_and_a_scope_in_a_pause_is_not_in_use() {
    let mut account = account();
    log_in(&mut account, "p", NOW);
    let end = NOW + seconds(3598);
    assert!(account.cached_token(&scope("p"), end - Duration::from_nanos(1)).is_some());
    assert!(account.cached_token(&scope("p"), end).is_none());

    let key = || Credential::application_credential("id", "secret");
    let mut account = self::account();
    let (flight, _) = sent(account.poll(&scope("p"), NOW));
    // In the air it is.
    assert!(account.replace_credential(key()).is_err());
    account.handle_response(flight, refusal(404), NOW);
    account.replace_credential(key()).unwrap();
}

#[test]
fn a_servers_pause_outlasts_an_answer() {
    let mut account = account();
    let p = scope("p");
    let (flight, _) = sent(account.poll(&p, NOW));
    account.handle_response(flight, receipt(NOW + seconds(300)), NOW);
    account.submit_factor(&p, Factor::totp("111111")).unwrap();
    let (flight, _) = sent(account.poll(&p, NOW));
    let mut busy = refusal(429);
    busy.headers_mut().insert("retry-after", "20".parse().unwrap());
    account.handle_response(flight, busy, NOW);
    account.submit_factor(&p, Factor::totp("222222")).unwrap();
    assert!(matches!(account.poll(&p, NOW), Action::Wait(until) if until == NOW + seconds(20)));
}

#[test]
fn two_scopes_refused_in_a_row_hold_every_scope_that_never_worked() {
    let mut account = account();
    log_in(&mut account, "good", NOW);
    refuse(&mut account, "bad 1", 401, NOW);
    refuse(&mut account, "bad 2", 401, NOW);
    failed(account.poll(&scope("new"), NOW));
    // The one that worked finds out whether the credential still does.
    let later = NOW + seconds(1000);
    let token_of_good = account.cached_token(&scope("good"), later).unwrap();
    account.handle_unauthorized(&token_of_good, later);
    log_in(&mut account, "good", later);
    log_in(&mut account, "new", later);
    failed(account.poll(&scope("bad 1"), later));
}

#[test]
fn what_a_changed_password_taught_is_forgotten_with_it() {
    let mut account = account();
    log_in(&mut account, "good", NOW);
    let drop_token = |account: &mut Session, now| {
        let token = account.cached_token(&scope("good"), now).unwrap();
        account.handle_unauthorized(&token, now);
    };
    let now = NOW + seconds(100);
    drop_token(&mut account, now);
    refuse(&mut account, "good", 401, now);
    // It works again after all, so that the next refusals are of their scopes.
    let now = now + seconds(1800);
    log_in(&mut account, "good", now);
    refuse(&mut account, "bad 1", 401, now);
    refuse(&mut account, "bad 2", 401, now);
    let now = now + seconds(100);
    drop_token(&mut account, now);
    log_in(&mut account, "good", now);
}

#[test]
fn success_lifts_the_latch() {
    let mut account = account();
    refuse(&mut account, "a", 401, NOW);
    let later = NOW + seconds(1800);
    let (flight, _) = sent(account.poll(&scope("a"), later));
    account.handle_response(flight, token("a", later), later);
    log_in(&mut account, "b", later);
}

#[test]
fn a_missing_version_document_says_nothing_about_the_credential() {
    let mut account = account_at("https://keystone.example/identity", password());
    let (flight, request) = sent(account.poll(&scope("p"), NOW));
    assert_eq!(request.method(), "GET");
    account.handle_response(flight, refusal(401), NOW);
    let error = failed(account.poll(&scope("p"), NOW));
    assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
    // Another scope may ask at once.
    let _ = sent(account.poll(&scope("q"), NOW));
}

#[test]
fn a_one_time_code_is_not_sent_twice_by_way_of_discovery() {
    let credential = password().and(Factor::totp("111111"));
    let mut account = account_at("https://keystone.example", credential);
    let (a, b) = (scope("a"), scope("b"));
    let (flight, request) = sent(account.poll(&a, NOW));
    assert_eq!(request.method(), "GET");
    let versions = r#"{"versions":{"values":[{"id":"v3.14","status":"stable"}]}}"#;
    account.handle_response(flight, response(300, None, versions), NOW);
    let (flight, request) = sent(account.poll(&b, NOW));
    assert!(std::str::from_utf8(request.body().as_bytes()).unwrap().contains("111111"));
    account.handle_response(flight, token("b", NOW), NOW);
    assert!(matches!(account.poll(&a, NOW), Action::NeedFactor(_)));
}

#[test]
fn a_mistyped_code_in_the_same_request_is_told_and_may_be_corrected() {
    let mut account =
        account_at("https://keystone.example/v3", password().and(Factor::totp("111111")));
    let error = refuse(&mut account, "p", 401, NOW);
    assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
    account.submit_factor(&scope("p"), Factor::totp("222222")).unwrap();
    let (flight, request) = sent(account.poll(&scope("p"), NOW));
    let body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
    assert_eq!(body["auth"]["identity"]["totp"]["user"]["passcode"], "222222");
    account.handle_response(flight, token("p", NOW), NOW);
    assert!(matches!(account.poll(&scope("p"), NOW), Action::Use(_)));
}

#[test]
fn a_mistyped_code_after_a_receipt_may_be_corrected_with_the_same_receipt() {
    let mut account = account();
    let p = scope("p");
    let (flight, _) = sent(account.poll(&p, NOW));
    account.handle_response(flight, receipt(NOW + seconds(300)), NOW);
    assert!(matches!(account.poll(&p, NOW), Action::NeedFactor(_)));
    account.submit_factor(&p, Factor::totp("111111")).unwrap();
    let (flight, _) = sent(account.poll(&p, NOW));
    account.handle_response(flight, refusal(401), NOW);
    failed(account.poll(&p, NOW));
    account.submit_factor(&p, Factor::totp("222222")).unwrap();
    let (flight, request) = sent(account.poll(&p, NOW));
    assert_eq!(request.headers()["openstack-auth-receipt"], "gAAA");
    let body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
    assert_eq!(body["auth"]["identity"]["methods"], json!(["totp"]));
    account.handle_response(flight, token("p", NOW), NOW);
    assert!(matches!(account.poll(&p, NOW), Action::Use(_)));
}

#[test]
fn a_receipt_ends_in_its_time() {
    let mut account = account();
    let p = scope("p");
    let (flight, _) = sent(account.poll(&p, NOW));
    account.handle_response(flight, receipt(NOW + seconds(300)), NOW);
    assert!(matches!(account.poll(&p, NOW + seconds(299)), Action::NeedFactor(_)));
    let (_flight, request) = sent(account.poll(&p, NOW + seconds(300)));
    assert!(!request.headers().contains_key("openstack-auth-receipt"));
}

#[test]
fn a_token_that_is_over_before_it_can_be_used_is_a_failure() {
    let mut account = account();
    let p = scope("p");
    let mut posts = 0;
    let mut now = NOW;
    while now < NOW + seconds(300) {
        if let Action::Send(flight, _) = account.poll(&p, now) {
            posts += 1;
            // A second's life, and more than that on the way.
            account.handle_response(
                flight,
                token_for(seconds(1), "p", now),
                now + Duration::from_millis(1200),
            );
        }
        now += Duration::from_millis(500);
    }
    assert_eq!(posts, 2);
    let error = failed(account.poll(&p, now));
    assert_eq!(*error.kind(), ErrorKind::Protocol(ProtocolError::Expired));
    // A short life is none too short.
    let mut account = self::account();
    let (flight, _) = sent(account.poll(&p, NOW));
    account.handle_response(flight, token_for(seconds(8), "p", NOW), NOW);
    assert!(matches!(account.poll(&p, NOW + seconds(3)), Action::Use(_)));
    // Three seconds of use are enough; the last tenth of a life is not counted on.
    for (millis, enough) in [(4200, true), (4201, false)] {
        let mut account = self::account();
        let (flight, _) = sent(account.poll(&p, NOW));
        let now = NOW + Duration::from_millis(millis);
        account.handle_response(flight, token_for(seconds(8), "p", NOW), now);
        assert_eq!(account.cached_token(&p, now).is_some(), enough, "{millis}");
    }
}

#[test]
fn a_scope_that_cannot_work_takes_no_place_and_blocks_no_replacement() {
    let mut account = account();
    log_in(&mut account, "good", NOW);
    for name in 0..2 * limits::SCOPES {
        let wrong = Scope::project_name(format!("p{name}"));
        let error = failed(account.poll(&wrong, NOW));
        assert_eq!(*error.kind(), ErrorKind::Config(ConfigError::ProjectDomain));
    }
    assert!(account.cached_token(&scope("good"), NOW).is_some());
    account.replace_credential(password()).unwrap();
    // One that does not fit a scope in use is refused, and one that is wrong in itself.
    let key = Credential::application_credential("id", "secret");
    assert!(account.replace_credential(key).is_err());
    assert!(account.replace_credential(Credential::password(user(), "")).is_err());
}

#[test]
fn a_replaced_credential_starts_without_pause_and_unproven() {
    let mut account = account();
    log_in(&mut account, "a", NOW);
    let b = scope("b");
    let (flight, _) = sent(account.poll(&b, NOW));
    account.handle_failure(flight, Failure::new(FailureKind::Tls, "unknown issuer"), NOW);
    failed(account.poll(&b, NOW));
    account.replace_credential(password()).unwrap();
    let (_flight, _) = sent(account.poll(&b, NOW));
    // Not proven: one at a time.
    assert!(matches!(account.poll(&scope("c"), NOW), Action::Wait(_)));
}

#[test]
fn an_answer_ends_a_row_of_abandonments() {
    for with_answer in [false, true] {
        let mut account = account();
        let p = scope("p");
        let (flight, _) = sent(account.poll(&p, NOW));
        account.handle_abandoned(flight);
        let mut now = NOW;
        if with_answer {
            let (flight, _) = sent(account.poll(&p, now));
            account.handle_failure(flight, Failure::new(FailureKind::Io, "reset"), now);
            now += seconds(10);
        }
        let (flight, _) = sent(account.poll(&p, now));
        account.handle_abandoned(flight);
        let free = matches!(account.poll(&p, now), Action::Send(..));
        assert_eq!(free, with_answer);
    }
}

#[test]
fn each_request_is_replayed_once() {
    let mut account = account();
    log_in(&mut account, "p", NOW);
    let mut call = ServiceCall::new();
    let unauthorized = StatusCode::UNAUTHORIZED;
    let first = account.cached_token(&scope("p"), NOW).unwrap();
    let verdict = call.verdict(&mut account, &first, unauthorized, true, NOW);
    assert_eq!(verdict, RetryDecision::Retry);
    let (flight, _) = sent(account.poll(&scope("p"), NOW));
    account.handle_response(flight, token("p", NOW), NOW);
    // Even where the account could replace the token once more.
    let later = NOW + seconds(61);
    let second = account.cached_token(&scope("p"), later).unwrap();
    let verdict = call.verdict(&mut account, &second, unauthorized, true, later);
    assert_eq!(verdict, RetryDecision::Deliver);
    let _ = sent(account.poll(&scope("p"), later));
}

#[test]
fn questions_that_nobody_asked() {
    let mut account = account();
    for _ in 0..2 {
        let error = account.submit_factor(&scope("p"), Factor::totp("123456")).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::NoChallenge));
        let _ = account.poll(&scope("p"), NOW);
    }
}

#[test]
fn tokens_come_without_catalogs_if_that_is_wished() {
    for (settings, query) in [
        (Settings::default(), None),
        (Settings::default().without_catalog(), Some("nocatalog=true")),
    ] {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let mut account = Session::new(cloud, password(), settings).unwrap();
        let (_flight, request) = sent(account.poll(&scope("p"), NOW));
        assert_eq!(request.uri().query(), query);
    }
}

#[test]
fn closing_forgets_the_credential() {
    let mut account = account();
    account.close();
    assert!(account.replace_credential(password()).is_err());
    assert!(account.submit_factor(&scope("p"), Factor::totp("123456")).is_err());
    assert!(!format!("{account:?}").contains("alice"), "{account:?}");
}

/// An account with a token of ten hours for each of these scopes.
fn granted(scopes: &[String]) -> Session {
    let mut account = account();
    for project in scopes {
        let (flight, _) = sent(account.poll(&scope(project), NOW));
        let life = seconds(36_000);
        account.handle_response(flight, token_for(life, project, NOW), NOW);
    }
    account
}

/// Polls all scopes at once until nobody sends, and refuses whatever is sent. How many that were.
fn refuse_all(account: &mut Session, scopes: &[String], now: UtcDateTime) -> usize {
    let mut refused = 0;
    loop {
        let flights: Vec<PendingRequest> = scopes
            .iter()
            .filter_map(|project| match account.poll(&scope(project), now) {
                Action::Send(flight, _) => Some(flight),
                _ => None,
            })
            .collect();
        if flights.is_empty() {
            return refused;
        }
        refused += flights.len();
        for flight in flights {
            account.handle_response(flight, refusal(401), now);
        }
    }
}

#[test]
fn a_password_that_was_changed_overnight_is_sent_twice_for_forty_scopes() {
    let scopes: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    let mut account = granted(&scopes);
    // All tokens have ended meanwhile, and nobody asked.
    assert_eq!(refuse_all(&mut account, &scopes, NOW + seconds(36_000)), 2);
}

#[test]
fn early_renewals_go_one_after_the_other() {
    let scopes: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    let mut account = granted(&scopes);
    let due = NOW + seconds(32_500);
    assert_eq!(refuse_all(&mut account, &scopes, due), 2);
    // The tokens go on serving.
    for project in &scopes {
        assert!(matches!(account.poll(&scope(project), due), Action::Use(_)));
    }
}

#[test]
fn the_longest_wish_to_be_left_alone_is_kept_whatever_comes_after_it() {
    for (first, second) in [("86400", Some("1")), ("1", Some("86400")), ("86400", None)] {
        let mut account = account();
        log_in(&mut account, "p", NOW);
        let (one, _) = sent(account.poll(&scope("x"), NOW));
        let (other, _) = sent(account.poll(&scope("y"), NOW));
        let busy = |seconds: &str| {
            let mut answer = refusal(429);
            answer.headers_mut().insert("retry-after", seconds.parse().unwrap());
            answer
        };
        account.handle_response(one, busy(first), NOW);
        match second {
            Some(wish) => account.handle_response(other, busy(wish), NOW),
            None => account.handle_response(other, token("y", NOW), NOW),
        }
        let error = failed(account.poll(&scope("z"), NOW + seconds(3000)));
        assert_eq!(error.retry_at(), Some(NOW + seconds(86_400)));
    }
}

#[test]
fn the_event_of_a_refusal_tells_what_callers_are_told() {
    let mut account = account();
    refuse(&mut account, "x", 401, NOW);
    let later = NOW + seconds(1801);
    failed(account.poll(&scope("y"), NOW + seconds(1)));
    refuse(&mut account, "y", 401, later);
    let told = failed(account.poll(&scope("y"), later)).retry_at();
    assert_eq!(told, Some(later + seconds(4 * 3600)));
    let last = std::iter::from_fn(|| account.poll_event()).last();
    assert!(
        matches!(&last, Some(auth_proto::Event::CredentialRejected { retry_at, .. }) if *retry_at == told),
        "{last:?}"
    );
}

#[test]
fn a_program_that_makes_codes_does_not_send_a_wrong_password_for_ever() {
    let credential = password().and(Factor::totp("100000"));
    let mut account = account_at("https://keystone.example/v3", credential);
    let (mut now, mut code, mut sent) = (NOW, 100_000, 0);
    while now < NOW + seconds(86_400) {
        match account.poll(&scope("p"), now) {
            Action::Send(flight, _) => {
                sent += 1;
                account.handle_response(flight, refusal(401), now);
            }
            Action::NeedFactor(_) => {
                code += 1;
                account.submit_factor(&scope("p"), Factor::totp(code.to_string())).unwrap();
            }
            _ => now += seconds(1),
        }
    }
    // Two mistakes, and then the probes: after half an hour, and every four.
    assert_eq!(sent, 3 + 6);
}

#[test]
fn a_code_that_was_mistyped_as_its_receipt_ended_blocks_nobody() {
    let mut account = account();
    let (flight, _) = sent(account.poll(&scope("p"), NOW));
    account.handle_response(flight, receipt(NOW + seconds(20)), NOW);
    account.submit_factor(&scope("p"), Factor::totp("123456")).unwrap();
    let (flight, _) = sent(account.poll(&scope("p"), NOW + seconds(15)));
    let later = NOW + seconds(21);
    account.handle_response(flight, refusal(401), later);
    let (_flight, _) = sent(account.poll(&scope("p"), later));
}

#[test]
fn a_pause_after_abandonments_begins_when_they_are_known() {
    let mut account = account();
    for start in [0, 10] {
        let (flight, _) = sent(account.poll(&scope("p"), NOW + seconds(start)));
        account.handle_abandoned(flight);
    }
    let known = NOW + seconds(20);
    let Action::Wait(until) = account.poll(&scope("p"), known) else { panic!("no pause") };
    assert!(until >= known + Duration::from_millis(2500), "{until}");
}
