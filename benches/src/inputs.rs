//! Inputs of the measurements: clouds, logins, responses, tokens and requests.

use auth_proto::{
    Action, Cloud, Credential, DomainRef, EndpointQuery, Login, Scope, Session, Settings, Step,
    Token, UserRef,
};
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::Value;
use time::{Date, Month, Time, UtcDateTime};

use crate::bodies;

/// A cloud that speaks v3.
pub fn cloud() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").expect("it is a URL")
}

/// A login before its first request.
pub fn login() -> Login {
    let scope = Scope::project_id(bodies::PROJECT);
    let credential = Credential::password(user(), "password");
    Login::new(&cloud(), credential, scope).expect("the cloud takes passwords")
}

/// A login that waits for this response.
pub fn login_before(body: &str) -> Login {
    let (cloud, user) = match is_v2(body) {
        false => (cloud(), user()),
        true => {
            let cloud = Cloud::keystone("https://keystone.example/v2.0");
            (cloud.expect("it is a URL"), "user".into())
        }
    };
    let credential = Credential::password(user, "password");
    Login::new(&cloud, credential, Scope::default()).expect("the cloud takes passwords")
}

/// The answer with this body, and with this token in its header.
pub fn answer(body: &str, token: HeaderValue) -> Response<&[u8]> {
    let mut answer = Response::new(body.as_bytes());
    answer.headers_mut().insert("x-subject-token", token);
    answer
}

/// A time at which the token of this body is valid.
pub fn now(body: &str) -> UtcDateTime {
    let (year, month, day) = match body.contains(bodies::PROJECT) {
        true => (2026, Month::November, 22),
        false => (2020, Month::April, 29),
    };
    let date = Date::from_calendar_date(year, month, day).expect("it is a date");
    UtcDateTime::new(date, Time::from_hms(9, 0, 0).expect("it is a time"))
}

/// A token of this length with the data of this body.
pub fn token(body: &str, length: usize) -> Token {
    let text = "t".repeat(length);
    let header = HeaderValue::from_str(&text).expect("it is a header's value");
    let body = &with_token(body, text);
    let mut login = login_before(body);
    login.handle_response(answer(body, header), now(body));
    match login.poll() {
        Ok(Step::Done(token)) => {
            assert_eq!(token.expose().len(), length);
            (*token).clone()
        }
        other => unreachable!("{other:?}"),
    }
}

/// A session with a token for each of this many projects.
pub fn session(projects: usize) -> Session {
    let credential = Credential::password(user(), "password");
    let mut session =
        Session::new(cloud(), credential, Settings::default()).expect("the cloud takes passwords");
    for number in 0..projects {
        let scope = project(number);
        let Action::Send(pending, _) = session.poll(&scope, session_time()) else {
            unreachable!("the scope has no token")
        };
        let body = format!(
            r#"{{"token": {{"expires_at": "2026-11-22T21:00:00Z", "project": {{"id": "p{number}"}}}}}}"#
        );
        let token = HeaderValue::from_str(&format!("t{number}")).expect("it is a header's value");
        let handed = session.handle_response(pending, answer(&body, token), session_time());
        handed.expect("the session gave the request out");
    }
    session
}

/// The scope of the project with this number.
pub fn project(number: usize) -> Scope {
    Scope::project_id(format!("p{number}"))
}

/// The time of all polls of [`session`].
pub fn session_time() -> UtcDateTime {
    now(bodies::PROJECT)
}

/// The type and region of every service of the large catalog, in mixed order.
pub fn wishes() -> Vec<(String, String)> {
    // Coprime to the number of wishes, so that each comes once.
    let shuffled = (0..WISHES).map(|number| number * 1_237 % WISHES);
    shuffled.map(|at| (bodies::kind(at / REGIONS), bodies::region(at % REGIONS))).collect()
}

/// How many [`wishes`] there are.
pub const WISHES: usize = SERVICES * REGIONS;

const SERVICES: usize = 250;
const REGIONS: usize = 12;

/// The same, for our clients.
pub fn selects() -> Vec<EndpointQuery> {
    wishes().iter().map(|(kind, region)| EndpointQuery::new(kind).region(region)).collect()
}

/// A usual URL of a service.
pub const CALLED: &str =
    "https://compute-analytics-0.cn-north-1.services.example-cloud.com/v2.1/servers";

/// A request whose map of headers has room.
pub fn call(url: &str) -> Request<()> {
    let mut call = Request::get(url).body(()).expect("it is a request");
    *call.headers_mut() = HeaderMap::with_capacity(16);
    call
}

fn user() -> UserRef {
    UserRef::name_in("username", DomainRef::name("domainname"))
}

fn is_v2(body: &str) -> bool {
    body.contains("\"access\"")
}

/// The body, with this token if it is the body that has it.
fn with_token(body: &str, token: String) -> String {
    if !is_v2(body) {
        return body.to_owned();
    }
    let mut body: Value = serde_json::from_str(body).expect("it is JSON");
    body["access"]["token"]["id"] = token.into();
    body.to_string()
}
