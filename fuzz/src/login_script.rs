//! A login, against a server that answers anything.

mod server;

use auth_proto::{
    Agency, Body, Cloud, Credential, DomainRef, Error, Factor, Login, Scope, Step, UserRef,
};
use http::{HeaderMap, Request, Uri};
use server::answer;
use time::{UtcDateTime, macros::utc_datetime};

use crate::{choices::Input, promise, tokens::check_token};

/// Any login at any cloud, and any sequence of answers to it: after each it asks for something or is
/// over, within a bounded number of requests. What it sends goes to the identity service, shows no
/// more than it has to, and no error repeats it.
///
/// The first three bytes choose the cloud, the credential and the scope; then come answers and, where
/// a person is asked, factors.
pub fn login_script(data: &[u8]) {
    let mut input = Input::new(data);
    let _ = script(&mut input);
}

/// `None` if there is no login to try, or once the input is spent.
fn script(input: &mut Input<'_>) -> Option<()> {
    let cloud = cloud(input.byte()?);
    let way = input.byte()?;
    let (credential, secret) = credential(way);
    let scope = scope(input.byte()?);
    let mut login = match Login::new(&cloud, credential, scope.clone()) {
        Ok(login) => login,
        Err(error) => {
            check_error(&error, &[secret]);
            return None;
        }
    };
    if input.byte()? & 1 == 1 {
        login = login.without_catalog();
    }
    assert!(!format!("{login:?}").contains(secret));
    let mut server = Server { cloud, secret, seen: Vec::new() };
    // The version, the login, and what is had for it: an agency's token, a catalog.
    let most = usize::from(server.cloud.api_version().is_none()) + 1 + usize::from(goes_on(way));
    let (mut requests, mut factors) = (0, 0);
    loop {
        let step = login.poll();
        match &step {
            Ok(Step::Done(token)) => {
                check_token(token);
                is_over(&mut login, input);
                return Some(());
            }
            Ok(Step::NeedFactor(challenge)) => {
                assert!(challenge.missing().any(|rule| !rule.is_empty()));
                factors += usize::from(person(&mut login, input)?);
            }
            Ok(Step::Send(request)) => {
                requests += 1;
                assert!(requests <= most + factors, "{requests} requests, {factors} factors");
                server.check(request);
                login.handle_response(answer(input, request)?, NOW);
                server.seen.push(request.clone());
            }
            Err(error) => {
                check_error(error, &server.sent());
                // Whoever was mistaken may try again.
                let answered = person(&mut login, input)?;
                assert!(!answered || server.has_receipt(), "{error} is no end");
                if !answered {
                    is_over(&mut login, input);
                    return Some(());
                }
                factors += 1;
            }
        }
    }
}

/// Whether a factor is taken. One that is not changes nothing.
fn person(login: &mut Login, input: &mut Input<'_>) -> Option<bool> {
    let before = format!("{:?}", login.poll());
    let factor = match input.byte()? & 3 {
        0 => Factor::totp("no code"),
        1 => Factor::password(OTHER),
        _ => Factor::totp(CODE),
    };
    let answered = login.submit_factor(factor);
    if let Err(error) = &answered {
        check_error(error, &[OTHER, CODE]);
        assert_eq!(format!("{:?}", login.poll()), before);
    }
    Some(answered.is_ok())
}

/// Answers that nobody waits for change nothing.
fn is_over(login: &mut Login, input: &mut Input<'_>) {
    let before = format!("{:?}", login.poll());
    if let Some(late) = answer(input, &Request::default()) {
        login.handle_response(late, NOW);
    }
    assert_eq!(format!("{:?}", login.poll()), before);
}

fn check_error(error: &Error, secrets: &[&str]) {
    promise::check_error(error);
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    for secret in secrets {
        let inside = |text: String| text[1..text.len() - 1].to_owned();
        let escaped = inside(serde_json::Value::from(*secret).to_string());
        for form in [inside(format!("{secret:?}")), escaped, (*secret).to_owned()] {
            assert!(!shown.contains(&form), "{form} in {shown}");
            assert!(!debug.contains(&form), "{form} in {debug}");
        }
    }
}

/// What the server has seen.
struct Server {
    cloud: Cloud,
    /// The credential's.
    secret: &'static str,
    seen: Vec<Request<Body>>,
}

impl Server {
    /// A request goes to the identity service, and shows a secret only where it has to be.
    fn check(&self, request: &Request<Body>) {
        let identity: Uri = self.cloud.identity_url().parse().expect("a URL is one");
        let (uri, headers) = (request.uri(), request.headers());
        assert_eq!((uri.scheme(), uri.authority()), (identity.scheme(), identity.authority()));
        assert!(uri.path().starts_with(identity.path().trim_end_matches("/v3")), "{uri}");
        assert!(!shows(uri.to_string().as_bytes()), "{uri}");
        let body = String::from_utf8_lossy(request.body().as_bytes());
        let mut in_headers = headers.values().filter(|value| shows(value.as_bytes()));
        assert!(in_headers.all(|value| value.is_sensitive()), "{headers:?}");
        if self.cloud.api_version().is_none() && self.seen.is_empty() {
            assert!(body.is_empty() && !headers.contains_key("x-auth-token"), "a version is asked");
        }
        // A further factor goes without the first.
        assert!(!headers.contains_key(RECEIPT) || !shows(body.as_bytes()), "{body}");
        assert!(body.is_empty() == (request.method() == "GET"));
    }

    /// What the requests showed, which any later answer may repeat.
    fn sent(&self) -> Vec<&str> {
        let headers = self.seen.iter().map(Request::headers);
        let secrets = headers.flat_map(HeaderMap::values).filter(|value| value.is_sensitive());
        let factors = [CODE, OTHER].into_iter().filter(|factor| self.has_seen(factor));
        secrets
            .filter_map(|value| value.to_str().ok())
            .chain(factors)
            .chain([self.secret])
            .collect()
    }

    fn has_seen(&self, text: &str) -> bool {
        let bodies = self.seen.iter().map(|request| request.body().as_bytes());
        bodies.into_iter().any(|body| String::from_utf8_lossy(body).contains(text))
    }

    fn has_receipt(&self) -> bool {
        self.seen.last().is_some_and(|last| last.headers().contains_key(RECEIPT))
    }
}

/// Whether any of a credential's secrets is in these bytes, as it is or as JSON has it.
fn shows(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    MARKS.iter().any(|mark| text.contains(mark))
}

const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
const RECEIPT: &str = "openstack-auth-receipt";
/// What the credentials below hold: a password that needs escaping, a key, a token.
const SECRETS: [&str; 3] = ["pässword \"of\\ alice", "the-secret-of-the-key", "the-token-of-alice"];
/// What is the same in each of them however it is written.
const MARKS: [&str; 3] = ["ssword ", "the-secret-of-the-key", "the-token-of-alice"];
/// The factors that a person gives.
const OTHER: &str = "another-word";
const CODE: &str = "314159";

fn cloud(which: u8) -> Cloud {
    let keystone = |path: &str| Cloud::keystone(&format!("https://keystone.example{path}"));
    match which % 8 {
        0 => keystone("/v3"),
        1 => keystone("/v2.0"),
        2 => keystone(""),
        3 => keystone("/identity"),
        4 => Ok(Cloud::huawei()),
        5 => Ok(Cloud::kakao()),
        6 => Ok(Cloud::nhn()),
        _ => Cloud::otc("eu-de"),
    }
    .expect("these are clouds")
}

/// A credential, and the secret that it holds.
fn credential(which: u8) -> (Credential, &'static str) {
    let [password, key, token] = SECRETS;
    let user = || UserRef::name_in("alice", DomainRef::name("Default"));
    let (credential, secret) = match which % 9 {
        0 => (Credential::password(user(), password), password),
        1 => (Credential::password(UserRef::id("u1"), password), password),
        2 => (Credential::password("alice", password), password),
        3 => (Credential::application_credential("a1", key), key),
        4 => (Credential::application_credential_of(user(), "a1", key), key),
        5 => (Credential::token(token), token),
        PASSED_ON => (Credential::existing_token(token), token),
        7 => (Credential::totp(user(), CODE), CODE),
        _ => (Credential::password(user(), password).and(Factor::totp(CODE)), password),
    };
    let agency = || Agency::new("agency", DomainRef::name("other"));
    (if which < AGENCY { credential } else { credential.assume(agency()) }, secret)
}

/// Whether one request more follows a good answer.
fn goes_on(which: u8) -> bool {
    which >= AGENCY || which % 9 == PASSED_ON
}

const PASSED_ON: u8 = 6;
const AGENCY: u8 = 128;

fn scope(which: u8) -> Scope {
    match which % 10 {
        0 => Scope::default(),
        1 => Scope::project_id("p1"),
        2 => Scope::project_name("eu-de"),
        3 => Scope::project_name_in("demo", DomainRef::name("Default")),
        4 => Scope::domain_id("d1"),
        5 => Scope::domain_name("Default"),
        6 => Scope::system(),
        7 => Scope::trust("t1"),
        8 => Scope::trust_in("t1", "p1"),
        _ => Scope::unscoped(),
    }
}
