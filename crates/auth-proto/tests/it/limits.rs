//! Each limit: the largest value is accepted, and one more is refused.

use std::time::Duration;

use auth_proto::{
    Action, Cloud, Credential, DomainRef, EndpointQuery, Event, IdentityRequest, Login, Projects,
    Question, Scope, SecretSource, ServiceCall, Session, Settings, Step, UserProjects, UserRef,
    Validate, limits, timestamp,
};
use http::{Response, StatusCode, Uri};

use crate::store::entries;
use crate::support::{
    self, NOW, keystone, read_token, response,
    session::{HOUR, respond, session_of, token_of_life},
    set_header, with_header,
};
use checker::LimitRow;

#[path = "../../../../tests/testing/limits.rs"]
mod checker;

#[rustfmt::skip]
const ROWS: [LimitRow; 26] = [
    LimitRow { name: "BODY", measure: body, says: "the response's body exceeds the limit of 4194304" },
    LimitRow { name: "ENTRY", measure: entries::largest, says: "no entry" },
    LimitRow { name: "EVENTS", measure: events, says: "the first one is forgotten" },
    LimitRow { name: "ERROR_BODY", measure: fault, says: "no reason given" },
    LimitRow { name: "ERROR_BODY", measure: receipt_body, says: "the response's receipt exceeds the limit of 65536" },
    LimitRow { name: "RESPONSE_TIMEOUT", measure: response_timeout, says: "kept at 3600s" },
    LimitRow { name: "SUGGESTION_INPUT", measure: suggestion, says: "no guess" },
    LimitRow { name: "ORIGINS", measure: origins, says: "two origins share a mark" },
    LimitRow { name: "PATH_ID", measure: id, says: "user id: not a valid id" },
    LimitRow { name: "INPUT", measure: input, says: "credential.password: longer than 32768 bytes" },
    LimitRow { name: "TOKEN_LIFETIME", measure: token_lifetime, says: "ended by 30 days" },
    LimitRow { name: "TOKEN_LIFETIME", measure: life_of_an_existing_token, says: "ended by 30 days" },
    LimitRow { name: "LIST", measure: list, says: "the response's list of projects exceeds the limit of 10000" },
    LimitRow { name: "LOGIN_REQUEST", measure: login, says: "credential and scope together: longer than 65536" },
    LimitRow { name: "METHODS", measure: methods, says: "the response's list of methods exceeds the limit of 32" },
    LimitRow { name: "QUESTION", measure: question, says: "another caller has the question" },
    LimitRow { name: "RETRY_AFTER", measure: retry_after, says: "a day" },
    LimitRow { name: "RECEIPT_LIFETIME", measure: receipt, says: "the receipt is over" },
    LimitRow { name: "RULES", measure: rules, says: "the response's list of rules exceeds the limit of 32" },
    LimitRow { name: "REDACTION_INPUT", measure: redaction_input, says: "refused with 401 ([redacted]…)" },
    LimitRow { name: "SECRETS", measure: secrets, says: "refused with 401 ([redacted]: [redacted])" },
    LimitRow { name: "SCOPES", measure: scopes, says: "too many scopes are in use at the same time" },
    LimitRow { name: "ERROR_TEXT", measure: error_text, says: "cut" },
    LimitRow { name: "TIMESTAMP", measure: timestamp_length, says: "no timestamp" },
    LimitRow { name: "TOKEN", measure: token_length, says: "the response's token exceeds the limit of 32768" },
    LimitRow { name: "URL", measure: url, says: "longer than 8192 bytes" },
];

/// Limits that drivers keep, which have their own tests.
const DRIVERS: [&str; 1] = ["HEADERS"];

#[test]
fn every_limit_holds_at_its_edge() {
    checker::check(&ROWS);
}

#[test]
fn every_limit_has_a_row() {
    checker::check_names(include_str!("../../src/limits.rs"), &ROWS, &DRIVERS);
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), "secretsecret")
}

fn session() -> Session {
    session_of(credential())
}

fn outcome<T>(result: Result<T, auth_proto::Error>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// The outcome of a login with this response.
fn login_with(response: Response<Vec<u8>>) -> Result<(), String> {
    let mut login = Login::new(&keystone(), credential(), Scope::default()).unwrap();
    login.handle_response(response, NOW);
    outcome(login.poll())
}

fn receipt_of(body: &str) -> Response<Vec<u8>> {
    let mut response = response(401, None, body);
    set_header(&mut response, "openstack-auth-receipt", "r");
    response
}

/// A token without a scope: a session fetches no catalog for it.
fn token(text: &str, life: Duration) -> Response<Vec<u8>> {
    let [issued, ends] = [NOW, NOW + life].map(timestamp::format);
    let body = format!(r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}"}}}}"#);
    response(201, Some(text), &body)
}

fn filled(text: &str, length: usize) -> String {
    text.replace("FILL", &"x".repeat(length - (text.len() - "FILL".len())))
}

fn body(past: usize) -> Result<(), String> {
    let good = token("t", Duration::from_secs(3600));
    let length = limits::BODY + past;
    login_with(good.map(|mut body| {
        body.resize(length, b' ');
        body
    }))
}

fn events(past: usize) -> Result<(), String> {
    let mut session = session();
    let mut now = NOW;
    session.cached_token(&Scope::default(), now);
    // Each jump of the clock is an event.
    for jump in 0..limits::EVENTS + past {
        now += Duration::from_secs(2 * 24 * 3600 + jump as u64);
        session.cached_token(&Scope::default(), now);
    }
    match session.poll_event() {
        Some(Event::ClockJump { by }) if by == Duration::from_secs(2 * 24 * 3600) => Ok(()),
        other => Err(format!("the first one is forgotten: {other:?}")),
    }
}

fn refused(length: usize) -> Result<(), String> {
    let body = filled(r#"{"error": {"message": "no", "x": "FILL"}}"#, length);
    let error = login_with(response(401, None, &body)).unwrap_err();
    if error.contains("(no)") { Ok(()) } else { Err(error) }
}

fn fault(past: usize) -> Result<(), String> {
    refused(limits::ERROR_BODY + past)
}

const RECEIPT: &str = r#"{"receipt": {"methods": ["password"], "issued_at": "2026-11-22T08:00:00Z",
    "expires_at": "2026-11-22T09:00:00Z"}, "required_auth_methods": [["password", "totp"]]FILL}"#;

fn receipt_body(past: usize) -> Result<(), String> {
    let body = filled(&RECEIPT.replace("FILL", r#", "x": "FILL""#), limits::ERROR_BODY + past);
    login_with(receipt_of(&body))
}

/// How long a caller may keep a question.
fn question(past: usize) -> Result<(), String> {
    let source = SecretSource::new("a file");
    let mut session = session_of(Credential::password(support::alice(), source));
    let scope = Scope::default();
    let Action::Ask(_taken, _) = session.poll(&scope, NOW) else { panic!("no question") };
    // The limit is the first moment at which it is lost.
    let last = limits::QUESTION - Duration::from_nanos(1) + Duration::from_nanos(past as u64);
    match session.poll(&scope, NOW + last) {
        Action::Wait(_) => Ok(()),
        action => Err(format!("another caller has the question: {action:?}")),
    }
}

fn response_timeout(past: usize) -> Result<(), String> {
    let (shortest, longest) = (*limits::RESPONSE_TIMEOUT.start(), *limits::RESPONSE_TIMEOUT.end());
    let kept = |timeout| Settings::default().with_response_timeout(timeout).response_timeout();
    let past = Duration::from_nanos(past as u64);
    assert_eq!(kept(shortest - past), shortest);
    match kept(longest + past) {
        kept if kept == longest + past => Ok(()),
        kept => Err(format!("kept at {kept:?}")),
    }
}

fn suggestion(past: usize) -> Result<(), String> {
    let named = "x".repeat(limits::SUGGESTION_INPUT + past);
    let body = format!(
        r#"{{"token": {{"expires_at": "2026-11-22T09:00:00Z", "catalog": [{{"type": "{named}",
            "endpoints": [{{"interface": "public", "url": "https://a.example"}}]}}]}}}}"#
    );
    let token = read_token(&response(201, Some("t"), &body));
    let slip = format!("y{}", &named[1..]);
    let error = keystone().endpoint(&token, &EndpointQuery::new(slip)).unwrap_err().to_string();
    if error.contains("did you mean") { Ok(()) } else { Err("no guess".to_owned()) }
}

fn id(past: usize) -> Result<(), String> {
    outcome(UserProjects::new(&keystone(), "x".repeat(limits::PATH_ID + past)).request())
}

fn input(past: usize) -> Result<(), String> {
    let password = "x".repeat(limits::INPUT + past);
    outcome(Login::new(
        &keystone(),
        Credential::password(UserRef::id("u"), password),
        Scope::default(),
    ))
}

/// Names and secrets that are short enough alone, but not together.
fn login(past: usize) -> Result<(), String> {
    let ask = |more: usize| {
        let user = UserRef::name_in("u".repeat(32_700), DomainRef::id("d"));
        let credential = Credential::password(user, "p".repeat(32_400 + more));
        Login::new(&keystone(), credential, Scope::project_id("p")).unwrap().poll()
    };
    let Ok(Step::Send(request)) = ask(0) else { panic!("no request") };
    outcome(ask(limits::LOGIN_REQUEST - request.body().as_bytes().len() + past))
}

/// Whether a token lives to its end, apart from the two seconds that clocks may differ by.
fn token_lifetime(past: usize) -> Result<(), String> {
    let life = limits::TOKEN_LIFETIME + Duration::from_secs(past as u64);
    lives(session(), 201, life)
}

/// The same for an existing token.
fn life_of_an_existing_token(past: usize) -> Result<(), String> {
    let life = limits::TOKEN_LIFETIME + Duration::from_secs(past as u64);
    let own = Credential::existing_token("t");
    lives(session_of(own), 200, life)
}

fn lives(mut session: Session, status: u16, life: Duration) -> Result<(), String> {
    let scope = Scope::default();
    let mut response = token("t", life);
    *response.status_mut() = status.try_into().unwrap();
    respond(&mut session, &scope, response, NOW);
    match session.cached_token(&scope, NOW + life - Duration::from_nanos(2_000_000_001)) {
        Some(_) => Ok(()),
        None => Err("ended by 30 days".to_owned()),
    }
}

fn list(past: usize) -> Result<(), String> {
    let body = format!(r#"{{"projects": [{}]}}"#, vec!["{}"; limits::LIST + past].join(","));
    outcome(Projects::new(&keystone()).parse(Response::new(body.as_bytes())))
}

/// The methods that a receipt lists as given, and those of a rule.
fn methods(past: usize) -> Result<(), String> {
    let count = limits::METHODS + past;
    let given = challenged(count, &[1]);
    assert_eq!(given, challenged(1, &[1, count]), "a rule");
    given
}

fn rules(past: usize) -> Result<(), String> {
    challenged(1, &vec![1; limits::RULES + past])
}

/// A receipt with this many methods, and this many in each rule.
fn challenged(given: usize, rules: &[usize]) -> Result<(), String> {
    let list = |name, count| format!("[{}]", vec![name; count].join(","));
    let rules: Vec<_> = rules.iter().map(|count| list(r#""totp""#, *count)).collect();
    let body = format!(
        r#"{{"receipt": {{"methods": {}, "expires_at": "2026-11-22T09:00:00Z"}},
            "required_auth_methods": [{}]}}"#,
        list(r#""password""#, given),
        rules.join(","),
    );
    login_with(receipt_of(&body))
}

fn retry_after(past: usize) -> Result<(), String> {
    let seconds = limits::RETRY_AFTER.as_secs() + past as u64;
    let later = with_header(503, "retry-after", &seconds.to_string());
    let refused = support::login_with(&keystone(), credential(), Scope::default(), later);
    let until = refused.unwrap_err().retry_at().unwrap();
    if until == NOW + Duration::from_secs(seconds) { Ok(()) } else { Err("a day".to_owned()) }
}

/// Whether the session still asks a moment before the end of the receipt.
fn receipt(past: usize) -> Result<(), String> {
    let end = NOW + limits::RECEIPT_LIFETIME + Duration::from_secs(past as u64);
    let body = RECEIPT.replace("FILL", "").replace("2026-11-22T09:00:00Z", &timestamp::format(end));
    let mut session = session();
    let scope = Scope::default();
    respond(&mut session, &scope, receipt_of(&body), NOW);
    match session.poll(&scope, end - Duration::from_nanos(1)) {
        Action::Ask(_, Question::Factor(_)) => Ok(()),
        _ => Err("the receipt is over".to_owned()),
    }
}

/// Whether the end of a text is shown, whose start repeats the secret.
fn redaction_input(past: usize) -> Result<(), String> {
    let secrets = "secretsecret".repeat(limits::REDACTION_INPUT);
    let message = format!("{}end", &secrets[..limits::REDACTION_INPUT - "end".len() + past]);
    let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    let error = login_with(response(401, None, &body)).unwrap_err();
    if error.contains("end") { Ok(()) } else { Err(error) }
}

/// Whether a text is shown whose headers hold this much of secrets.
fn secrets(past: usize) -> Result<(), String> {
    let length = limits::SECRETS - "secretsecret".len() - 1 + past;
    let body = r#"{"error": {"code": 401, "message": "no"}}"#;
    let mut response = response(401, Some(&"x".repeat(length)), body);
    for repeated in ["y", "secretsecret", "y"] {
        response.headers_mut().append("X-Auth-Token", repeated.parse().unwrap());
    }
    let error = login_with(response).unwrap_err();
    if error.contains("no") { Ok(()) } else { Err(error) }
}

fn scopes(past: usize) -> Result<(), String> {
    let mut session = session();
    let mut last = Ok(());
    for number in 0..limits::SCOPES + past {
        let scope = Scope::project_id(format!("p{number}"));
        last = match session.poll(&scope, NOW) {
            Action::Send(pending, _) => {
                let token = token_of_life("t", &format!("p{number}"), HOUR, NOW);
                session.handle_response(pending, token, NOW).unwrap();
                Ok(())
            }
            Action::Fail(error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        };
    }
    last
}

fn origins(past: usize) -> Result<(), String> {
    let mut session = session();
    let scope = Scope::project_id("p");
    respond(&mut session, &scope, token_of_life("t", "p", HOUR, NOW), NOW);
    let token = session.cached_token(&scope, NOW).unwrap();
    let url = |number: usize| -> Uri { format!("https://h{number}.example").parse().unwrap() };
    for number in 0..limits::ORIGINS + past {
        assert!(!ServiceCall::is_refusal(&token, &url(number), StatusCode::OK));
    }
    let last = limits::ORIGINS + past - 1;
    let _ = session.handle_unauthorized(&token, &url(last), NOW);
    match token.is_refused_at(&url(last + 1)) {
        true => Err("two origins share a mark".to_owned()),
        false => Ok(()),
    }
}

fn error_text(past: usize) -> Result<(), String> {
    let message = "x".repeat(limits::ERROR_TEXT + past);
    let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    let error = login_with(response(401, None, &body)).unwrap_err();
    if error.contains(&message) { Ok(()) } else { Err("cut".to_owned()) }
}

fn timestamp_length(past: usize) -> Result<(), String> {
    let text = filled("2026-11-22T08:00:00.FILLZ", limits::TIMESTAMP + past).replace('x', "0");
    timestamp::parse(&text).map(drop).ok_or_else(|| "no timestamp".to_owned())
}

fn token_length(past: usize) -> Result<(), String> {
    let text = "x".repeat(limits::TOKEN + past);
    let given = outcome(Validate::new(&keystone(), text.as_str()).request());
    assert_eq!(given.is_ok(), past == 0, "a subject");
    login_with(token(&text, Duration::from_secs(3600)))
}

fn url(past: usize) -> Result<(), String> {
    let link = filled("https://keystone.example/v3/auth/projects?page=FILL", limits::URL + past);
    let body = format!(r#"{{"projects": [], "links": {{"next": "{link}"}}}}"#);
    let page = Projects::new(&keystone()).parse(Response::new(body.as_bytes())).unwrap();
    assert_eq!(page.next.is_some(), past == 0, "a link");
    outcome(Cloud::keystone(&filled("https://keystone.example/FILL/v3", limits::URL + past)))
}
