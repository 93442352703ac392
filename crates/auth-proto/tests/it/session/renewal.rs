//! Renewal before the end: by callers, and by a loop in the background.

use std::collections::BTreeSet;

use auth_proto::{Factor, Failure, FailureKind, Settings};

use crate::support::{
    NOW, response as with_status,
    session::{
        asks, logged_in, receipt, refusal, respond, scope, seconds, sent, session, session_with,
        token, used, waits,
    },
};

#[test]
fn a_token_serves_while_it_is_renewed() {
    let (mut session, p) = (logged_in(), scope("p"));
    let renew_at = session.renew_at(&p).unwrap();
    let window = NOW + seconds(2700)..=NOW + seconds(3240);
    assert!(window.contains(&renew_at), "{renew_at}");
    assert_eq!(used(session.poll(&p, renew_at - seconds(1))).expose(), "first");
    let pending = sent(session.poll(&p, renew_at));
    assert_eq!(used(session.poll(&p, renew_at)).expose(), "first");
    session.handle_response(pending, token("second", "p", renew_at), renew_at).unwrap();
    assert_eq!(used(session.poll(&p, renew_at)).expose(), "second");
}

#[test]
fn a_failed_renewal_keeps_the_token() {
    for response in [refusal(401), with_status(503, None, ""), with_status(200, None, "<html>")] {
        let (mut session, p) = (logged_in(), scope("p"));
        let renew_at = session.renew_at(&p).unwrap();
        respond(&mut session, &p, response, renew_at);
        assert_eq!(used(session.poll(&p, renew_at)).expose(), "first");
        assert_eq!(session.cached_token(&p, NOW + seconds(3590)).unwrap().expose(), "first");
        assert!(session.cached_token(&p, NOW + seconds(3600)).is_none());
    }
}

#[test]
fn callers_wait_for_a_renewal_near_the_end() {
    let (mut session, p) = (logged_in(), scope("p"));
    let near = NOW + seconds(3545);
    let pending = sent(session.poll(&p, near));
    assert!(waits(session.poll(&p, near)) <= NOW + seconds(3600));
    session.handle_failure(pending, Failure::new(FailureKind::Connect, "refused"), near).unwrap();
    // After a failure the old token is the best there is.
    assert_eq!(used(session.poll(&p, near)).expose(), "first");
}

#[test]
fn callers_leave_early_renewals_to_the_loop() {
    let (mut session, p) = (session(), scope("p"));
    assert_eq!(session.renew_at(&p), None);
    let pending = sent(session.renew(&p, NOW));
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    let due = session.renew_at(&p).unwrap();
    assert!((NOW + seconds(2700)..=NOW + seconds(3240)).contains(&due));
    assert_eq!(used(session.poll(&p, due)).expose(), "first");
    let pending = sent(session.renew(&p, due));
    assert_eq!(used(session.poll(&p, due)).expose(), "first");
    assert_eq!(used(session.renew(&p, due)).expose(), "first");
    // A pending renewal is due again when its response timeout ends.
    assert_eq!(session.renew_at(&p), Some(due + seconds(60)));
    let reset = Failure::new(FailureKind::Io, "reset");
    session.handle_failure(pending, reset, due).unwrap();
    let again = session.renew_at(&p).unwrap();
    assert!((due + seconds(2)..=due + seconds(5)).contains(&again));
    assert_eq!(used(session.renew(&p, due)).expose(), "first");
    let pending = sent(session.renew(&p, again));
    session.handle_response(pending, token("second", "p", again), again).unwrap();
    assert_eq!(used(session.poll(&p, again)).expose(), "second");
}

#[test]
fn callers_renew_if_the_loop_is_gone() {
    let (mut session, p) = (session(), scope("p"));
    let pending = sent(session.renew(&p, NOW));
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    assert_eq!(used(session.poll(&p, NOW + seconds(3539))).expose(), "first");
    let _ = sent(session.poll(&p, NOW + seconds(3540)));
}

#[test]
fn the_loop_has_nothing_to_do_during_a_lockout() {
    let (mut session, p) = (logged_in(), scope("p"));
    let due = session.renew_at(&p).unwrap();
    let pending = sent(session.renew(&p, due));
    session.handle_response(pending, refusal(401), due).unwrap();
    // The lockout lasts half an hour, but the token ends earlier.
    assert_eq!(session.renew_at(&p), Some(NOW + seconds(3598)));
    assert_eq!(used(session.poll(&p, NOW + seconds(3597))).expose(), "first");
    let _ = session.cached_token(&p, NOW + seconds(3598));
    assert_eq!(session.renew_at(&p), None);
}

#[test]
fn a_login_with_a_person_is_not_renewed_early() {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(300)), NOW);
    asks(session.poll(&p, NOW));
    session.answer(&p, Factor::totp("123456"), NOW).unwrap();
    respond(&mut session, &p, token("first", "p", NOW), NOW);
    let end = NOW + seconds(3598);
    assert_eq!(session.renew_at(&p), Some(end));
    assert_eq!(used(session.poll(&p, end - seconds(1))).expose(), "first");
    let _ = sent(session.poll(&p, end));
}

#[test]
fn the_caller_sets_the_renewal_window() {
    let p = scope("p");
    let due = |settings: Settings| {
        let mut session = session_with(settings);
        respond(&mut session, &p, token("first", "p", NOW), NOW);
        session.renew_at(&p).unwrap()
    };
    let mut all = BTreeSet::new();
    for seed in 0..20 {
        let due = due(Settings::default().with_renewal(20..=30).with_seed(seed));
        assert!((NOW + seconds(720)..=NOW + seconds(1080)).contains(&due), "{due}");
        all.insert(due);
    }
    assert_eq!(all.len(), 20, "each seed has its own moment");
    // A window without sense is corrected.
    for (low, high) in [(0, 0), (200, 300), (100, 0)] {
        let percent = low..=high;
        let due = due(Settings::default().with_renewal(percent));
        assert!((NOW + seconds(36)..=NOW + seconds(3564)).contains(&due), "{due}");
    }
}
