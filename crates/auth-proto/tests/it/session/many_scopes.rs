//! A changed password and many scopes: it is sent a few times, not once per scope.

use auth_proto::{Action, PendingRequest, Session};
use time::UtcDateTime;

use crate::support::{
    NOW,
    session::{
        log_in, refusal, refuse, reject_token, respond, scope, seconds, session, token_of_life,
        used,
    },
};

/// Forty scopes with a token of ten hours each.
fn forty_scopes() -> (Session, Vec<String>) {
    let mut session = session();
    let scopes: Vec<_> = (0..40).map(|number| format!("p{number}")).collect();
    for project in &scopes {
        let token = token_of_life(project, project, seconds(36_000), NOW);
        respond(&mut session, &scope(project), token, NOW);
    }
    (session, scopes)
}

/// Polls all scopes at once and refuses each request, until no scope sends one. The number of
/// requests.
fn refuse_all(session: &mut Session, scopes: &[String], now: UtcDateTime) -> usize {
    let mut refused = 0;
    loop {
        let requests: Vec<PendingRequest> = scopes
            .iter()
            .filter_map(|project| match session.poll(&scope(project), now) {
                Action::Send(pending, _) => Some(pending),
                _ => None,
            })
            .collect();
        if requests.is_empty() {
            return refused;
        }
        refused += requests.len();
        for pending in requests {
            session.handle_response(pending, refusal(401), now).unwrap();
        }
    }
}

#[test]
fn ended_tokens_cost_two_refusals() {
    let (mut session, scopes) = forty_scopes();
    assert_eq!(refuse_all(&mut session, &scopes, NOW + seconds(36_000)), 2);
}

#[test]
fn early_renewals_cost_two_refusals() {
    let (mut session, scopes) = forty_scopes();
    let due = NOW + seconds(32_500);
    assert_eq!(refuse_all(&mut session, &scopes, due), 2);
    // The tokens still serve.
    for project in &scopes {
        used(session.poll(&scope(project), due));
    }
}

#[test]
fn old_refusals_cost_few_new_ones() {
    let (mut session, mut now) = (session(), NOW);
    for index in 0..10 {
        log_in(&mut session, "good", now);
        refuse(&mut session, &format!("bad {index}"), 401, now);
        now += seconds(61);
        reject_token(&mut session, "good", now);
    }
    // From now on every login is refused.
    let scopes: Vec<_> =
        (0..10).map(|index| format!("bad {index}")).chain(["good".to_owned()]).collect();
    let mut posts = 0;
    for minute in 0..24 * 60 {
        let now = now + seconds(minute * 60);
        for project in &scopes {
            if let Action::Send(pending, _) = session.poll(&scope(project), now) {
                posts += 1;
                session.handle_response(pending, refusal(401), now).unwrap();
            }
        }
    }
    assert!(posts <= 8, "{posts}");
}
