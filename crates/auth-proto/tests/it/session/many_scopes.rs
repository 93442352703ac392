//! A changed password and many scopes: it is sent a few times, not once per scope.

use auth_proto::{Action, Destination, PendingRequest, RetryDecision, Session, limits};
use time::UtcDateTime;

use crate::support::{
    NOW,
    session::{
        compute, log_in, refusal, refuse, reject_token, respond, scope, seconds, session,
        token_of_life, used,
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

/// Ten thousand scopes with a token each, half of which share a token's text.
#[test]
fn the_index_finds_each_of_10_000_scopes() {
    let mut session = session();
    let names: Vec<_> = (0..limits::SCOPES).map(|number| format!("p{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        // Two neighbours share a token, and ten tokens end in the same second.
        let (text, life) = (format!("t{}", number / 2), seconds(10_000 + number as u64 / 10));
        respond(&mut session, &scope(name), token_of_life(&text, name, life, NOW), NOW);
    }
    for (number, name) in names.iter().enumerate().step_by(97) {
        let token = used(session.poll(&scope(name), NOW));
        assert_eq!(token.expose(), format!("t{}", number / 2));
    }
    // A refusal concerns the two scopes with this token.
    let token = used(session.poll(&scope("p5000"), NOW));
    let url = compute();
    let decision = session.handle_unauthorized(&token, &url, NOW);
    assert_eq!(decision, RetryDecision::Retry);
    let refused = |session: &mut Session, name: &str| {
        let action = session.poll_to(&scope(name), Destination::At(&url), NOW);
        !matches!(action, Action::Use(_))
    };
    let all: Vec<_> = names.iter().filter(|name| refused(&mut session, name)).collect();
    assert_eq!(all, ["p5000", "p5001"]);
    // Tokens end one after the other.
    let ended = |session: &mut Session, after| {
        let now = NOW + seconds(after);
        names.iter().filter(|name| session.cached_token(&scope(name), now).is_none()).count()
    };
    assert_eq!(ended(&mut session, 10_000), 30);
    assert_eq!(ended(&mut session, 10_500), 5_030);
    assert_eq!(ended(&mut session, 11_100), limits::SCOPES);
}
