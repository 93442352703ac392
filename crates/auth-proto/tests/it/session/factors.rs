//! One-time codes and receipts: no code is sent twice, and a mistyped one may be corrected.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Destination, ErrorKind, Factor, FailureKind, Misuse, Question,
    RetryDecision, ServiceCall,
};
use serde_json::json;

use crate::support::{
    NOW, json as read, password,
    session::{
        asks, compute, disconnect, failed, receipt, refusal, refuse, respond, scope, seconds, sent,
        sent_request, session, session_at, session_of, token, unscoped, used, versions, waits,
    },
};

fn password_and_code() -> Credential {
    password().and(Factor::totp("111111"))
}

#[test]
fn a_one_time_code_is_never_sent_twice() {
    let (mut session, p) = (session_of(password_and_code()), scope("p"));
    disconnect(&mut session, &p, FailureKind::Io, NOW);
    let Action::Ask(_, Question::Factor(challenge)) = session.poll(&p, NOW) else {
        panic!("no challenge")
    };
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    assert_eq!(challenge.expires_at(), None);
    let wrong = session.answer(&p, Factor::password("x"), NOW).unwrap_err();
    assert_eq!(*wrong.kind(), ErrorKind::Misuse(Misuse::WrongReply));
    session.answer(&p, Factor::totp("222222"), NOW).unwrap();
    // The pause after the failure is still kept.
    let until = waits(session.poll(&p, NOW));
    let (pending, request) = sent_request(session.poll(&p, until));
    let body = std::str::from_utf8(request.body().as_bytes()).unwrap();
    assert!(body.contains("222222") && !body.contains("111111"));
    session.handle_response(pending, unscoped("root", until), until).unwrap();
    respond(&mut session, &p, token("first", "p", until), until);
    let first = used(session.poll(&p, until));
    // Another exchange gives another token, without a person.
    let decision = ServiceCall::new().decide(&mut session, &first, &compute(), true, until);
    assert_eq!(decision, RetryDecision::Retry);
    let to_service = session.poll_to(&p, Destination::At(&compute()), until);
    let (pending, request) = sent_request(to_service);
    assert_eq!(request.headers()["x-auth-token"], "root");
    session.handle_response(pending, token("second", "p", until), until).unwrap();
    // The token serves to its end, because a renewal would ask a person.
    let end = session.renew_at(&p).unwrap();
    assert_eq!(end, until + seconds(3598));
    assert_eq!(used(session.poll(&p, end - seconds(1))).expose(), "second");
}

#[test]
fn discovery_does_not_repeat_a_one_time_code() {
    let mut session = session_at("https://keystone.example", password_and_code());
    let (a, b) = (scope("a"), scope("b"));
    let (pending, request) = sent_request(session.poll(&a, NOW));
    assert_eq!(request.method(), "GET");
    session.handle_response(pending, versions(), NOW).unwrap();
    let (pending, request) = sent_request(session.poll(&b, NOW));
    assert!(std::str::from_utf8(request.body().as_bytes()).unwrap().contains("111111"));
    session.handle_response(pending, unscoped("root", NOW), NOW).unwrap();
    // The code was for all scopes.
    for scope in [&a, &b] {
        let (_, request) = sent_request(session.poll(scope, NOW));
        assert_eq!(request.headers()["x-auth-token"], "root");
    }
}

#[test]
fn a_mistyped_code_may_be_corrected() {
    let (mut session, p) = (session_of(password_and_code()), scope("p"));
    let error = refuse(&mut session, "p", 401, NOW);
    assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
    session.answer(&p, Factor::totp("222222"), NOW).unwrap();
    let (pending, request) = sent_request(session.poll(&p, NOW));
    let body = read(request.body());
    assert_eq!(body["auth"]["identity"]["totp"]["user"]["passcode"], "222222");
    session.handle_response(pending, unscoped("root", NOW), NOW).unwrap();
    respond(&mut session, &p, token("first", "p", NOW), NOW);
    used(session.poll(&p, NOW));
}

#[test]
fn a_corrected_code_uses_the_same_receipt() {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(300)), NOW);
    asks(session.poll(&p, NOW));
    for (code, response) in [("111111", refusal(401)), ("222222", token("first", "p", NOW))] {
        session.answer(&p, Factor::totp(code), NOW).unwrap();
        let (pending, request) = sent_request(session.poll(&p, NOW));
        assert_eq!(request.headers()["openstack-auth-receipt"], "gAAA");
        assert_eq!(read(request.body())["auth"]["identity"]["methods"], json!(["totp"]));
        session.handle_response(pending, response, NOW).unwrap();
        // A wrong code does not lock the password, which was right, and costs no pause.
        if code == "111111" {
            let error = failed(session.poll(&p, NOW)).to_string();
            assert!(error.contains("check this factor"), "{error}");
        }
    }
    used(session.poll(&p, NOW));
}

#[test]
fn a_wrong_code_at_the_end_blocks_nothing() {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(20)), NOW);
    session.answer(&p, Factor::totp("123456"), NOW).unwrap();
    let pending = sent(session.poll(&p, NOW + seconds(15)));
    let later = NOW + seconds(21);
    session.handle_response(pending, refusal(401), later).unwrap();
    let _ = sent(session.poll(&p, later));
}

#[test]
fn fresh_codes_repeat_no_wrong_password() {
    let (mut session, p) = (session_of(password_and_code()), scope("p"));
    let (mut now, mut code, mut logins) = (NOW, 200_000, 0);
    while now < NOW + seconds(86_400) {
        match session.poll(&p, now) {
            Action::Send(pending, _) => {
                logins += 1;
                session.handle_response(pending, refusal(401), now).unwrap();
            }
            Action::Ask(_, Question::Factor(_)) => {
                code += 1;
                session.answer(&p, Factor::totp(code.to_string()), now).unwrap();
            }
            _ => now += seconds(1),
        }
    }
    // Two mistakes, then the probes: after half an hour, and every four hours.
    assert_eq!(logins, 3 + 6);
}

#[test]
fn a_receipt_that_ends_too_early_is_a_failure() {
    let (mut session, p, mut posts) = (session(), scope("p"), 0);
    for step in 0..600 {
        let now = NOW + Duration::from_millis(step * 500);
        if let Action::Send(pending, _) = session.poll(&p, now) {
            posts += 1;
            session.handle_response(pending, receipt(NOW), now).unwrap();
        }
    }
    assert_eq!(posts, 2);
    for (life, is_asked) in [(2, false), (3, true)] {
        let mut session = self::session();
        respond(&mut session, &p, receipt(NOW + seconds(life)), NOW);
        let action = session.poll(&p, NOW);
        assert_eq!(matches!(action, Action::Ask(_, Question::Factor(_))), is_asked, "{life}");
    }
}

#[test]
fn a_receipt_ends_in_its_time() {
    // No receipt lives longer than an hour.
    for (life, end) in [(300, 300), (86_400 * 3650, 3600)] {
        let (mut session, p) = (session(), scope("p"));
        respond(&mut session, &p, receipt(NOW + seconds(life)), NOW);
        asks(session.poll(&p, NOW + seconds(end - 1)));
        let (_, request) = sent_request(session.poll(&p, NOW + seconds(end)));
        assert!(!request.headers().contains_key("openstack-auth-receipt"));
    }
}

#[test]
fn a_factor_without_a_challenge_is_refused() {
    let (mut session, p) = (session(), scope("p"));
    for _ in 0..2 {
        let error = session.answer(&p, Factor::totp("123456"), NOW).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::NoQuestion));
        let _ = session.poll(&p, NOW);
    }
}
