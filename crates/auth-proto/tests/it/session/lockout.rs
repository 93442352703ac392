//! A refused credential: how often it is sent again, and by which scope.

use auth_proto::{Action, ErrorKind, Session, Settings};

use crate::support::{
    NOW, password,
    session::{
        failed, log_in, poll_service, refusal, refuse, reject_token, respond, scope, seconds, sent,
        session, session_with, token, waits,
    },
};

#[test]
fn a_refusal_blocks_all_scopes() {
    let (mut session, p, q, r) = (session(), scope("p"), scope("q"), scope("r"));
    respond(&mut session, &p, refusal(401), NOW);
    for later in [0, 60, 1799] {
        for scope in [&p, &q] {
            let error = failed(session.poll(scope, NOW + seconds(later)));
            assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
            // Once another scope wants a token, the first probe is its turn.
            let turn = if scope == &p && later > 0 { 3600 } else { 0 };
            assert_eq!(error.retry_at(), Some(NOW + seconds(1800 + turn)));
        }
    }
    // One probe alone, and then a longer pause.
    let later = NOW + seconds(1800);
    failed(session.poll(&p, later));
    let pending = sent(session.poll(&q, later));
    waits(session.poll(&q, later));
    waits(session.poll(&r, later));
    session.handle_response(pending, refusal(401), later).unwrap();
    for scope in [&r, &p] {
        let error = failed(session.poll(scope, later));
        assert_eq!(error.retry_at(), Some(later + seconds(4 * 3600)));
    }
}

#[test]
fn a_new_credential_ends_a_lockout() {
    let (mut session, p) =
        (session_with(Settings::default().with_lockout_retry(false)), scope("p"));
    respond(&mut session, &p, refusal(401), NOW);
    let much_later = NOW + seconds(30 * 86_400);
    assert_eq!(failed(session.poll(&p, much_later)).retry_at(), None);
    session.replace_credential(password()).unwrap();
    let _ = sent(session.poll(&p, much_later));
}

#[test]
fn a_login_ends_a_lockout() {
    let mut session = session();
    refuse(&mut session, "a", 401, NOW);
    let later = NOW + seconds(1800);
    respond(&mut session, &scope("a"), token("a", "a", later), later);
    log_in(&mut session, "b", later);
}

#[test]
fn a_wrong_password_is_sent_seven_times_a_day() {
    for probes in [true, false] {
        let mut session = session_with(Settings::default().with_lockout_retry(probes));
        let mut sent_at = Vec::new();
        for second in 0..86_400 {
            let now = NOW + seconds(second);
            for project in ["a", "b", "c"] {
                if let Action::Send(pending, _) = session.poll(&scope(project), now) {
                    sent_at.push(second);
                    session.handle_response(pending, refusal(401), now).unwrap();
                }
            }
        }
        let early = sent_at.iter().filter(|second| **second < 1800).count();
        assert_eq!(early, 1, "{sent_at:?}");
        assert!(sent_at.len() <= if probes { 7 } else { 1 }, "{sent_at:?}");
    }
}

/// Polls two scopes each minute, and grants only `good`. Returns the minutes in which `good` had a
/// token, the logins of `good`, and those of `bad`.
fn poll_minutely(
    session: &mut Session,
    order: [&str; 2],
    minutes: u64,
    bad_status: u16,
) -> [u64; 3] {
    let [mut served, mut good_logins, mut bad_logins] = [0; 3];
    for minute in 0..minutes {
        let now = NOW + seconds(1_000_000 + minute * 60);
        for project in order {
            match session.poll(&scope(project), now) {
                Action::Send(pending, _) if project == "good" => {
                    good_logins += 1;
                    session.handle_response(pending, token("good", project, now), now).unwrap();
                }
                Action::Send(pending, _) => {
                    bad_logins += 1;
                    session.handle_response(pending, refusal(bad_status), now).unwrap();
                }
                _ => {}
            }
        }
        served += u64::from(session.cached_token(&scope("good"), now).is_some());
    }
    [served, good_logins, bad_logins]
}

const DAY: u64 = 24 * 60;
const WEEK: u64 = 7 * DAY;

#[test]
fn a_bad_scope_does_not_stop_others() {
    for status in [401, 403, 404] {
        let [served, good, bad] = poll_minutely(&mut session(), ["good", "bad"], DAY, status);
        assert_eq!(served, DAY, "{status}");
        assert!((24..=33).contains(&good), "{status}: {good}");
        let most = if status == 404 { 24 * 12 } else { 7 };
        assert!((2..=most).contains(&bad), "{status}: {bad}");
    }
}

#[test]
fn a_lost_role_does_not_stop_others() {
    let mut session = session();
    log_in(&mut session, "bad", NOW);
    log_in(&mut session, "good", NOW);
    let [served, _, bad] = poll_minutely(&mut session, ["bad", "good"], WEEK, 401);
    assert_eq!(served, WEEK);
    assert!(bad <= 7 * 7, "{bad}");
}

#[test]
fn a_bad_first_scope_lets_others_try() {
    let [served, _, bad] = poll_minutely(&mut session(), ["bad", "good"], WEEK, 401);
    // All minutes except the half hour of the lockout.
    assert!(served >= WEEK - 31, "{served}");
    assert!(bad <= 7 * 7, "{bad}");
}

#[test]
fn two_refused_scopes_reveal_a_changed_password() {
    let mut session = session();
    let projects = ["a", "b", "c", "d", "e", "f"];
    for project in projects {
        log_in(&mut session, project, NOW);
    }
    // All tokens end at once, and every scope wants a new one.
    let now = NOW + seconds(100);
    for project in projects {
        reject_token(&mut session, project, now);
    }
    // One request at a time, although each scope worked before.
    let pending = sent(poll_service(&mut session, "a", now));
    for project in ["b", "c"] {
        waits(poll_service(&mut session, project, now));
    }
    session.handle_response(pending, refusal(401), now).unwrap();
    // The first scope may have lost its role. A second refusal is no coincidence.
    failed(poll_service(&mut session, "a", now));
    respond(&mut session, &scope("b"), refusal(401), now);
    for project in ["c", "d", "e", "f", "never seen", "a", "b"] {
        let error = failed(poll_service(&mut session, project, now));
        assert!(error.retry_at() >= Some(now + seconds(1800)), "{project}");
    }
    session.replace_credential(password()).unwrap();
    for project in ["b", "a"] {
        log_in(&mut session, project, now);
    }
}

#[test]
fn two_refusals_block_scopes_that_never_worked() {
    let mut session = session();
    log_in(&mut session, "good", NOW);
    refuse(&mut session, "bad 1", 401, NOW);
    refuse(&mut session, "bad 2", 401, NOW);
    failed(session.poll(&scope("new"), NOW));
    // The scope that worked finds out whether the credential still does.
    let later = NOW + seconds(1000);
    reject_token(&mut session, "good", later);
    log_in(&mut session, "good", later);
    log_in(&mut session, "new", later);
    failed(session.poll(&scope("bad 1"), later));
}

#[test]
fn a_login_clears_all_earlier_refusals() {
    let mut session = session();
    log_in(&mut session, "good", NOW);
    let now = NOW + seconds(100);
    reject_token(&mut session, "good", now);
    respond(&mut session, &scope("good"), refusal(401), now);
    failed(poll_service(&mut session, "good", now));
    // The credential works again, so the next refusals concern their scopes only.
    let now = now + seconds(1800);
    log_in(&mut session, "good", now);
    refuse(&mut session, "bad 1", 401, now);
    refuse(&mut session, "bad 2", 401, now);
    let now = now + seconds(100);
    reject_token(&mut session, "good", now);
    log_in(&mut session, "good", now);
}
