//! Every bound of `limits`: at its edge a thing is taken, and one past it is not.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

use std::time::Duration;

use auth_proto::{
    Action, Cloud, Credential, DomainRef, EndpointQuery, Event, IdentityRequest, IdentityResponse,
    Login, Projects, Scope, Session, Settings, Step, UserProjects, UserRef, Validate, limits,
    timestamp,
};
use http::Response;
use time::{UtcDateTime, macros::utc_datetime};

/// A bound, what comes of a thing of its size and of one so much larger, and what is told past it.
struct Row {
    name: &'static str,
    measure: fn(usize) -> Result<(), String>,
    told: &'static str,
}

#[rustfmt::skip]
const ROWS: [Row; 23] = [
    Row { name: "BODY", measure: body, told: "the response's body exceeds the limit of 4194304" },
    Row { name: "EVENTS", measure: events, told: "the first one is forgotten" },
    Row { name: "ERROR_BODY", measure: fault, told: "no reason given" },
    Row { name: "ERROR_BODY", measure: receipt_body, told: "the response's receipt exceeds the limit of 65536" },
    Row { name: "RESPONSE_TIMEOUT", measure: flight, told: "kept at 3600s" },
    Row { name: "SUGGESTION_INPUT", measure: guessed, told: "no guess" },
    Row { name: "PATH_ID", measure: id, told: "user id: not a valid id" },
    Row { name: "INPUT", measure: input, told: "credential.password: longer than 32768 bytes" },
    Row { name: "TOKEN_LIFETIME", measure: life, told: "ended by 30 days" },
    Row { name: "TOKEN_LIFETIME", measure: life_of_one_passed_on, told: "ended by 30 days" },
    Row { name: "LIST", measure: list, told: "the response's list of projects exceeds the limit of 10000" },
    Row { name: "LOGIN_REQUEST", measure: login, told: "credential and scope together: longer than 65536" },
    Row { name: "METHODS", measure: methods, told: "the response's list of methods exceeds the limit of 32" },
    Row { name: "RETRY_AFTER", measure: pause, told: "a day" },
    Row { name: "RECEIPT_LIFETIME", measure: receipt, told: "the receipt is over" },
    Row { name: "RULES", measure: rules, told: "the response's list of rules exceeds the limit of 32" },
    Row { name: "REDACTION_INPUT", measure: searched, told: "refused with 401 ([redacted]…)" },
    Row { name: "SECRETS", measure: secrets, told: "refused with 401 ([redacted]: [redacted])" },
    Row { name: "SCOPES", measure: sessions, told: "more than 64 scopes are in use at the same time" },
    Row { name: "ERROR_TEXT", measure: shown, told: "cut" },
    Row { name: "TIMESTAMP", measure: moment, told: "no moment" },
    Row { name: "TOKEN", measure: token_length, told: "the response's token exceeds the limit of 32768" },
    Row { name: "URL", measure: url, told: "longer than 8192 bytes" },
];

/// Kept by drivers, and tested there.
const DRIVERS: [&str; 1] = ["HEADERS"];

#[test]
fn every_bound_holds_at_its_edge() {
    for Row { name, measure, told } in ROWS {
        assert_eq!(measure(0), Ok(()), "{name}, at its edge");
        let past = measure(1).expect_err(name);
        assert!(past.contains(told), "{name}, one past it: {past}");
    }
}

#[test]
fn every_bound_has_a_row() {
    let source = include_str!("../src/limits.rs");
    let bounds =
        source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let mut count = 0;
    for name in bounds {
        let has_row = ROWS.iter().any(|row| row.name == name) || DRIVERS.contains(&name);
        assert!(has_row, "limits::{name} has no row: add one");
        count += 1;
    }
    assert!(count >= 21, "{count}");
}

const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

fn cloud() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), "secretsecret")
}

fn account() -> Session {
    Session::new(cloud(), credential(), Settings::default()).unwrap()
}

fn told<T>(result: Result<T, auth_proto::Error>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// The end of a login that is answered so.
fn answered(response: Response<String>) -> Result<(), String> {
    let mut login = Login::new(&cloud(), credential(), Scope::default()).unwrap();
    login.handle_response(response, NOW);
    told(login.poll())
}

fn response(status: u16, header: (&str, &str), body: impl Into<String>) -> Response<String> {
    Response::builder().status(status).header(header.0, header.1).body(body.into()).unwrap()
}

fn token(text: &str, life: Duration) -> Response<String> {
    let stamp = |moment| timestamp::format(moment);
    let body = format!(
        r#"{{"token": {{"issued_at": "{}", "expires_at": "{}"}}}}"#,
        stamp(NOW),
        stamp(NOW + life),
    );
    response(201, ("X-Subject-Token", text), body)
}

fn filled(text: &str, length: usize) -> String {
    text.replace("FILL", &"x".repeat(length - (text.len() - "FILL".len())))
}

fn body(past: usize) -> Result<(), String> {
    let good = token("t", Duration::from_secs(3600));
    let spaces = " ".repeat(limits::BODY - good.body().len() + past);
    answered(good.map(|body| body + &spaces))
}

fn events(past: usize) -> Result<(), String> {
    let mut account = account();
    let mut now = NOW;
    account.cached_token(&Scope::default(), now);
    // Each jump of the clock is one.
    for jump in 0..limits::EVENTS + past {
        now += Duration::from_secs(2 * 24 * 3600 + jump as u64);
        account.cached_token(&Scope::default(), now);
    }
    match account.poll_event() {
        Some(Event::ClockJump { by }) if by == Duration::from_secs(2 * 24 * 3600) => Ok(()),
        other => Err(format!("the first one is forgotten: {other:?}")),
    }
}

fn refused(length: usize) -> Result<(), String> {
    let body = filled(r#"{"error": {"message": "no", "x": "FILL"}}"#, length);
    let said = answered(response(401, ("X-A", "b"), body)).unwrap_err();
    if said.contains("(no)") { Ok(()) } else { Err(said) }
}

fn fault(past: usize) -> Result<(), String> {
    refused(limits::ERROR_BODY + past)
}

const RECEIPT: &str = r#"{"receipt": {"methods": ["password"], "issued_at": "2026-11-22T08:00:00Z",
    "expires_at": "2026-11-22T09:00:00Z"}, "required_auth_methods": [["password", "totp"]]FILL}"#;

fn receipt_body(past: usize) -> Result<(), String> {
    let body = filled(&RECEIPT.replace("FILL", r#", "x": "FILL""#), limits::ERROR_BODY + past);
    answered(response(401, ("Openstack-Auth-Receipt", "r"), body))
}

fn flight(past: usize) -> Result<(), String> {
    let (shortest, longest) = (*limits::RESPONSE_TIMEOUT.start(), *limits::RESPONSE_TIMEOUT.end());
    let kept = |timeout| Settings::default().with_response_timeout(timeout).response_timeout();
    let past = Duration::from_nanos(past as u64);
    assert_eq!(kept(shortest - past), shortest);
    match kept(longest + past) {
        kept if kept == longest + past => Ok(()),
        kept => Err(format!("kept at {kept:?}")),
    }
}

fn guessed(past: usize) -> Result<(), String> {
    let named = "x".repeat(limits::SUGGESTION_INPUT + past);
    let body = format!(
        r#"{{"token": {{"expires_at": "2026-11-22T09:00:00Z", "catalog": [{{"type": "{named}",
            "endpoints": [{{"interface": "public", "url": "https://a.example"}}]}}]}}}}"#
    );
    let answer = response(201, ("X-Subject-Token", "t"), body);
    let IdentityResponse::Token(_, token) = IdentityResponse::read(&answer, None).unwrap() else {
        panic!("no token")
    };
    let slip = format!("y{}", &named[1..]);
    let said = cloud().endpoint(&token, &EndpointQuery::new(slip)).unwrap_err().to_string();
    if said.contains("did you mean") { Ok(()) } else { Err("no guess".to_owned()) }
}

fn id(past: usize) -> Result<(), String> {
    told(UserProjects::new(&cloud(), "x".repeat(limits::PATH_ID + past)).request())
}

fn input(past: usize) -> Result<(), String> {
    let password = "x".repeat(limits::INPUT + past);
    told(Login::new(&cloud(), Credential::password(UserRef::id("u"), password), Scope::default()))
}

/// Names and secrets that are short enough, but not all together.
fn login(past: usize) -> Result<(), String> {
    let ask = |more: usize| {
        let user = UserRef::name_in("u".repeat(32_700), DomainRef::id("d"));
        let credential = Credential::password(user, "p".repeat(32_400 + more));
        Login::new(&cloud(), credential, Scope::project_id("p")).unwrap().poll()
    };
    let Ok(Step::Send(request)) = ask(0) else { panic!("no request") };
    told(ask(limits::LOGIN_REQUEST - request.body().as_bytes().len() + past))
}

/// Whether a token that says so much lives to its end, but for the two seconds that clocks may differ.
fn life(past: usize) -> Result<(), String> {
    let life = limits::TOKEN_LIFETIME + Duration::from_secs(past as u64);
    lives(account(), 201, life)
}

/// The same of one that the service was asked about.
fn life_of_one_passed_on(past: usize) -> Result<(), String> {
    let life = limits::TOKEN_LIFETIME + Duration::from_secs(past as u64);
    let own = Credential::existing_token("t");
    lives(Session::new(cloud(), own, Settings::default()).unwrap(), 200, life)
}

fn lives(mut account: Session, status: u16, life: Duration) -> Result<(), String> {
    let scope = Scope::default();
    let Action::Send(flight, _) = account.poll(&scope, NOW) else { panic!("no request") };
    let mut answer = token("t", life);
    *answer.status_mut() = status.try_into().unwrap();
    account.handle_response(flight, answer, NOW);
    match account.cached_token(&scope, NOW + life - Duration::from_nanos(2_000_000_001)) {
        Some(_) => Ok(()),
        None => Err("ended by 30 days".to_owned()),
    }
}

fn list(past: usize) -> Result<(), String> {
    let body = format!(r#"{{"projects": [{}]}}"#, vec!["{}"; limits::LIST + past].join(","));
    told(Projects::new(&cloud()).parse(Response::new(body.as_bytes())))
}

/// The same of what a receipt says to be given, and of what it wants.
fn methods(past: usize) -> Result<(), String> {
    let count = limits::METHODS + past;
    let given = challenged(count, &[1]);
    assert_eq!(given, challenged(1, &[1, count]), "a rule");
    given
}

fn rules(past: usize) -> Result<(), String> {
    challenged(1, &vec![1; limits::RULES + past])
}

/// A receipt that names so many methods, and so many in each rule.
fn challenged(given: usize, rules: &[usize]) -> Result<(), String> {
    let list = |name, count| format!("[{}]", vec![name; count].join(","));
    let rules: Vec<_> = rules.iter().map(|count| list(r#""totp""#, *count)).collect();
    let body = format!(
        r#"{{"receipt": {{"methods": {}, "expires_at": "2026-11-22T09:00:00Z"}},
            "required_auth_methods": [{}]}}"#,
        list(r#""password""#, given),
        rules.join(","),
    );
    answered(response(401, ("Openstack-Auth-Receipt", "r"), body))
}

fn pause(past: usize) -> Result<(), String> {
    let seconds = limits::RETRY_AFTER.as_secs() + past as u64;
    let later = response(503, ("Retry-After", &seconds.to_string()), "");
    let mut login = Login::new(&cloud(), credential(), Scope::default()).unwrap();
    login.handle_response(later, NOW);
    let until = login.poll().unwrap_err().retry_at().unwrap();
    if until == NOW + Duration::from_secs(seconds) { Ok(()) } else { Err("a day".to_owned()) }
}

/// Whether the question still stands a moment before the receipt says that it ends.
fn receipt(past: usize) -> Result<(), String> {
    let end = NOW + limits::RECEIPT_LIFETIME + Duration::from_secs(past as u64);
    let body = RECEIPT.replace("FILL", "").replace("2026-11-22T09:00:00Z", &timestamp::format(end));
    let mut account = account();
    let scope = Scope::default();
    let Action::Send(flight, _) = account.poll(&scope, NOW) else { panic!("no request") };
    account.handle_response(flight, response(401, ("Openstack-Auth-Receipt", "r"), body), NOW);
    match account.poll(&scope, end - Duration::from_nanos(1)) {
        Action::NeedFactor(_) => Ok(()),
        _ => Err("the receipt is over".to_owned()),
    }
}

/// Whether the end of a text is shown that is the secret over and over else.
fn searched(past: usize) -> Result<(), String> {
    let secrets = "secretsecret".repeat(limits::REDACTION_INPUT);
    let message = format!("{}end", &secrets[..limits::REDACTION_INPUT - "end".len() + past]);
    let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    let said = answered(response(401, ("X-A", "b"), body)).unwrap_err();
    if said.contains("end") { Ok(()) } else { Err(said) }
}

/// Whether a text is shown that comes with so many secrets, ours among them.
fn secrets(past: usize) -> Result<(), String> {
    let length = limits::SECRETS - "secretsecret".len() - 1 + past;
    let body = r#"{"error": {"code": 401, "message": "no"}}"#.to_owned();
    let mut answer = response(401, ("X-Subject-Token", &"x".repeat(length)), body);
    for repeated in ["y", "secretsecret", "y"] {
        answer.headers_mut().append("X-Auth-Token", repeated.parse().unwrap());
    }
    let said = answered(answer).unwrap_err();
    if said.contains("no") { Ok(()) } else { Err(said) }
}

fn sessions(past: usize) -> Result<(), String> {
    let mut account = account();
    let mut last = Ok(());
    for number in 0..limits::SCOPES + past {
        let scope = Scope::project_id(format!("p{number}"));
        last = match account.poll(&scope, NOW) {
            Action::Send(flight, _) => {
                let body = format!(
                    r#"{{"token": {{"issued_at": "2026-11-22T08:00:00Z", "project": {{"id": "p{number}"}},
                        "expires_at": "2026-11-22T09:00:00Z"}}}}"#
                );
                account.handle_response(flight, response(201, ("X-Subject-Token", "t"), body), NOW);
                Ok(())
            }
            Action::Fail(error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        };
    }
    last
}

fn shown(past: usize) -> Result<(), String> {
    let message = "x".repeat(limits::ERROR_TEXT + past);
    let body = format!(r#"{{"error": {{"message": "{message}"}}}}"#);
    let said = answered(response(401, ("X-A", "b"), body)).unwrap_err();
    if said.contains(&message) { Ok(()) } else { Err("cut".to_owned()) }
}

fn moment(past: usize) -> Result<(), String> {
    let text = filled("2026-11-22T08:00:00.FILLZ", limits::TIMESTAMP + past).replace('x', "0");
    timestamp::parse(&text).map(drop).ok_or_else(|| "no moment".to_owned())
}

fn token_length(past: usize) -> Result<(), String> {
    let text = "x".repeat(limits::TOKEN + past);
    let given = told(Validate::new(&cloud(), text.as_str()).request());
    assert_eq!(given.is_ok(), past == 0, "a subject");
    answered(token(&text, Duration::from_secs(3600)))
}

fn url(past: usize) -> Result<(), String> {
    let link = filled("https://keystone.example/v3/auth/projects?page=FILL", limits::URL + past);
    let body = format!(r#"{{"projects": [], "links": {{"next": "{link}"}}}}"#);
    let page = Projects::new(&cloud()).parse(Response::new(body.as_bytes())).unwrap();
    assert_eq!(page.next.is_some(), past == 0, "a link");
    told(Cloud::keystone(&filled("https://keystone.example/FILL/v3", limits::URL + past)))
}
