//! Federated logins in a session: refusals, pauses, the life of a token, and codes.

use auth_proto::{
    Action, Credential, Event, Factor, Failure, FailureKind, Federation, Question, Scope, Session,
    Settings,
};
use http::Response;
use secrecy::SecretString;
use time::{Duration, UtcDateTime};

use super::{
    BEARER, bearer, discovered, document, holder, keystone, person, robot, unscoped, unscoped_at,
};
use crate::support::{
    NOW, response,
    session::{failed, respond, sent, sent_request, used},
    with_header,
};

/// A session that only wants the unscoped token.
fn session_of(federation: Federation) -> Session {
    Session::new(keystone(), Credential::federated(federation), Settings::default()).unwrap()
}

fn root() -> Scope {
    Scope::unscoped()
}

/// A refused credential pauses for half an hour, any other failure for five minutes at most.
fn is_locked_out(session: &mut Session) -> bool {
    let error = session.last_error(&root()).unwrap();
    error.retry_at().unwrap() >= NOW + Duration::minutes(30)
}

#[test]
fn wrong_secrets_lock_out_and_bearers_do_not() {
    let invalid_grant = || response(400, None, r#"{"error":"invalid_grant"}"#);
    let invalid_client = || response(401, None, r#"{"error":"invalid_client"}"#);
    let invalid_scope = || response(400, None, r#"{"error":"invalid_scope"}"#);
    let gate = || response(401, None, "<html>");
    let by_document = || Federation::client_credentials("corp", "openid", discovered());
    for (federation, responses, locks_out) in [
        // The request for the document has no secret.
        (by_document(), vec![response(401, None, "")], false),
        (by_document(), vec![response(403, None, "<html>")], false),
        (by_document(), vec![response(401, None, r#"{"error":"invalid_client"}"#)], false),
        (by_document(), vec![document(super::TOKEN_ENDPOINT), invalid_client()], true),
        (person(), vec![invalid_grant()], true),
        (person(), vec![invalid_client()], true),
        (robot(), vec![invalid_client()], true),
        (robot(), vec![response(401, None, "")], true),
        (robot(), vec![invalid_scope()], false),
        (robot(), vec![response(503, None, "")], false),
        (robot(), vec![bearer(), gate()], false),
        (person(), vec![bearer(), gate()], false),
        (holder(), vec![gate()], true),
    ] {
        let mut session = session_of(federation.clone());
        let count = responses.len();
        for response in responses {
            respond(&mut session, &root(), response, NOW);
        }
        assert_eq!(is_locked_out(&mut session), locks_out, "{federation:?} after {count}");
    }
}

#[test]
fn a_refused_bearer_is_followed_by_a_new_one() {
    let mut session = session_of(robot());
    respond(&mut session, &root(), bearer(), NOW);
    respond(&mut session, &root(), response(401, None, "<html>"), NOW);
    let later = NOW + Duration::minutes(5);
    let (pending, request) = sent_request(session.poll(&root(), later));
    assert_eq!(*request.uri(), super::TOKEN_ENDPOINT);
    session.handle_response(pending, bearer(), later).unwrap();
    respond(&mut session, &root(), unscoped(), later);
    assert_eq!(used(session.poll(&root(), later)).expose(), super::UNSCOPED);
}

#[test]
fn a_providers_pause_is_kept() {
    let mut session = session_of(robot());
    respond(&mut session, &root(), with_header(429, "retry-after", "90"), NOW);
    assert_eq!(failed(session.poll(&root(), NOW)).retry_at(), Some(NOW + Duration::seconds(90)));
    let _ = sent(session.poll(&root(), NOW + Duration::seconds(91)));
}

#[test]
fn a_providers_pause_holds_for_logins_alone() {
    let mut session = session_of(robot());
    respond(&mut session, &root(), bearer(), NOW);
    respond(&mut session, &root(), unscoped(), NOW);
    let due = session.renew_at(&root()).unwrap();
    respond(&mut session, &root(), with_header(429, "retry-after", "600"), due);
    // The root token lives, and the identity service has asked for nothing.
    let (pending, request) = sent_request(session.poll(&Scope::project_id("p"), due));
    assert_eq!(request.uri().host(), Some("keystone.example"));
    // Its own pause holds for all.
    session.handle_response(pending, with_header(429, "retry-after", "90"), due).unwrap();
    let action = session.poll(&Scope::project_id("q"), due);
    assert!(matches!(action, Action::Fail(_) | Action::Wait(_)), "{action:?}");
}

#[test]
fn a_failure_names_the_party_that_was_asked() {
    let by_document = Federation::client_credentials("corp", "openid", discovered());
    let provider = "https://idp.example:443";
    for (federation, before, origin) in [
        (by_document.clone(), vec![], provider),
        (by_document, vec![document(super::TOKEN_ENDPOINT)], provider),
        (robot(), vec![], provider),
        (robot(), vec![bearer()], "https://keystone.example:443"),
        (holder(), vec![], "https://keystone.example:443"),
    ] {
        let mut session = session_of(federation);
        before.into_iter().for_each(|response| respond(&mut session, &root(), response, NOW));
        let pending = sent(session.poll(&root(), NOW));
        let failure = Failure::new(FailureKind::Connect, "refused");
        session.handle_failure(pending, failure, NOW).unwrap();
        let error = session.last_error(&root()).unwrap().to_string();
        assert!(error.contains(&format!("{origin}: refused")), "{error}");
    }
}

#[test]
fn a_slow_provider_costs_no_life() {
    let mut session = session_of(robot());
    respond(&mut session, &root(), bearer(), NOW);
    // The next caller comes late, and gets a token of its own time.
    let later = NOW + Duration::seconds(20);
    let life = Duration::seconds(60);
    respond(&mut session, &root(), unscoped_at(later, life), later);
    assert!(session.cached_token(&root(), later + life - Duration::seconds(3)).is_some());
    assert!(session.cached_token(&root(), later + life).is_none());
}

#[test]
fn each_code_of_a_person_is_sent_once() {
    let mut session = session_of(person().with_code_field("otp"));
    let mut codes = Vec::new();
    let mut now = NOW;
    for code in ["111111", "222222"] {
        let asked = session.poll(&root(), now);
        assert!(matches!(&asked, Action::Ask(_, Question::Factor(_))), "{asked:?}");
        drop(asked);
        session.answer(&root(), Factor::totp(code), now).unwrap();
        let (pending, request) = sent_request(session.poll(&root(), now));
        codes.push(super::body(&request).contains(&format!("otp={code}")));
        session.handle_response(pending, bearer(), now).unwrap();
        respond(&mut session, &root(), unscoped_at(now, Duration::hours(1)), now);
        assert_eq!(used(session.poll(&root(), now)).expose(), super::UNSCOPED);
        // No background renewal asks a person.
        assert!(!is_renewed_early(&mut session, now));
        now += Duration::hours(2);
    }
    assert_eq!(codes, [true, true]);
}

fn is_renewed_early(session: &mut Session, now: UtcDateTime) -> bool {
    let late = now + Duration::minutes(59);
    !matches!(session.poll(&root(), late), Action::Use(_))
}

#[test]
fn a_token_is_read_again_at_each_login() {
    let source = auth_proto::SecretSource::new("the file /run/token");
    let mut session = session_of(Federation::access_token("corp", "openid", source));
    for (text, now) in [(BEARER, NOW), ("another.bearer", NOW + Duration::hours(2))] {
        let asked = session.poll(&root(), now);
        assert!(matches!(&asked, Action::Ask(_, Question::Secret(_))), "{asked:?}");
        drop(asked);
        session.answer(&root(), SecretString::from(text), now).unwrap();
        let (pending, request) = sent_request(session.poll(&root(), now));
        assert_eq!(super::authorization(&request), Some(format!("Bearer {text}").as_str()));
        let answer = unscoped_at(now, Duration::hours(1));
        session.handle_response(pending, answer, now).unwrap();
        let _ = used(session.poll(&root(), now));
    }
}

#[test]
fn an_unversioned_url_takes_no_discovery() {
    let cloud = auth_proto::Cloud::keystone("https://keystone.example").unwrap();
    let credential = Credential::federated(robot());
    let mut session = Session::new(cloud, credential, Settings::default()).unwrap();
    let urls: Vec<String> = [bearer(), unscoped()]
        .into_iter()
        .map(|response: Response<Vec<u8>>| {
            let (pending, request) = sent_request(session.poll(&root(), NOW));
            session.handle_response(pending, response, NOW).unwrap();
            request.uri().to_string()
        })
        .collect();
    assert_eq!(urls[0], super::TOKEN_ENDPOINT);
    assert!(urls[1].starts_with("https://keystone.example/v3/OS-FEDERATION/"), "{}", urls[1]);
    let _ = used(session.poll(&root(), NOW));
    while let Some(event) = session.poll_event() {
        assert!(!matches!(event, Event::LoginFailed { .. }), "{event}");
    }
}
