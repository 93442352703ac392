//! A login at a server that sends any response.

mod server;

use auth_proto::{
    Agency, Body, Cloud, Credential, DomainRef, Error, Factor, Login, Question, Scope, Step,
    UserRef,
};
use http::{HeaderMap, Request, Uri};
use server::response;
use time::{UtcDateTime, macros::utc_datetime};

use crate::{checks, choices::Input, tokens::check_token};

/// Any login at any cloud, and any sequence of responses. The login ends within a bounded number of
/// requests. Its requests go to the identity service and show no more secrets than they must, and
/// no error shows a secret.
///
/// The first three bytes choose the cloud, the credential and the scope. Then follow responses, and
/// factors after a challenge.
pub fn login_script(data: &[u8]) {
    let mut input = Input::new(data);
    let _ = script(&mut input);
}

/// `None` if the login is invalid, or at the end of the input.
fn script(input: &mut Input<'_>) -> Option<()> {
    let cloud = cloud(input.byte()?);
    let kind = input.byte()?;
    let (credential, secret) = credential(kind);
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
    let mut server = ScriptedServer { cloud, secret, seen: Vec::new() };
    // The versions, the login, and an agency's token or a catalog.
    let most = usize::from(server.cloud.api_version().is_none())
        + 1
        + usize::from(needs_another_request(kind));
    let (mut requests, mut factors) = (0, 0);
    loop {
        let step = login.poll();
        match &step {
            Ok(Step::Done(token)) => {
                check_token(token);
                is_over(&mut login, input);
                return Some(());
            }
            Ok(Step::Ask(Question::Factor(challenge))) => {
                assert!(challenge.missing().any(|rule| !rule.is_empty()));
                factors += usize::from(submit(&mut login, input)?);
            }
            Ok(Step::Ask(question)) => panic!("{question} that the credential has"),
            Ok(Step::Send(request)) => {
                requests += 1;
                assert!(requests <= most + factors, "{requests} requests, {factors} factors");
                server.check(request);
                login.handle_response(response(input, request)?, NOW);
                server.seen.push(request.clone());
            }
            Err(error) => {
                check_error(error, &server.sent());
                // A refused factor may be corrected.
                let submitted = submit(&mut login, input)?;
                assert!(!submitted || server.has_receipt(), "{error} does not end the login");
                if !submitted {
                    is_over(&mut login, input);
                    return Some(());
                }
                factors += 1;
            }
        }
    }
}

/// Submits a factor, and returns whether the login took it. A refused factor changes nothing.
fn submit(login: &mut Login, input: &mut Input<'_>) -> Option<bool> {
    let before = format!("{:?}", login.poll());
    let factor = match input.byte()? & 3 {
        0 => Factor::totp("no code"),
        1 => Factor::password(OTHER),
        _ => Factor::totp(CODE),
    };
    let submitted = login.answer(factor);
    if let Err(error) = &submitted {
        check_error(error, &[OTHER, CODE]);
        assert_eq!(format!("{:?}", login.poll()), before);
    }
    Some(submitted.is_ok())
}

/// Checks that a late response changes nothing.
fn is_over(login: &mut Login, input: &mut Input<'_>) {
    let before = format!("{:?}", login.poll());
    if let Some(late) = response(input, &Request::default()) {
        login.handle_response(late, NOW);
    }
    assert_eq!(format!("{:?}", login.poll()), before);
}

fn check_error(error: &Error, secrets: &[&str]) {
    checks::check_error(error);
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

/// The server, and the requests that it got.
struct ScriptedServer {
    cloud: Cloud,
    /// The secret of the credential.
    secret: &'static str,
    seen: Vec<Request<Body>>,
}

impl ScriptedServer {
    /// Checks that a request goes to the identity service, and shows a secret only where it must.
    fn check(&self, request: &Request<Body>) {
        let identity: Uri = self.cloud.identity_url().parse().expect("the URL is valid");
        let (uri, headers) = (request.uri(), request.headers());
        assert_eq!((uri.scheme(), uri.authority()), (identity.scheme(), identity.authority()));
        assert!(uri.path().starts_with(identity.path().trim_end_matches("/v3")), "{uri}");
        assert!(!shows(uri.to_string().as_bytes()), "{uri}");
        let body = String::from_utf8_lossy(request.body().as_bytes());
        let mut in_headers = headers.values().filter(|value| shows(value.as_bytes()));
        assert!(in_headers.all(|value| value.is_sensitive()), "{headers:?}");
        if self.cloud.api_version().is_none() && self.seen.is_empty() {
            assert!(
                body.is_empty() && !headers.contains_key("x-auth-token"),
                "a request for versions holds no secret"
            );
        }
        // A further factor is sent without the first.
        assert!(!headers.contains_key(RECEIPT) || !shows(body.as_bytes()), "{body}");
        assert!(body.is_empty() == (request.method() == "GET"));
    }

    /// The secrets of all requests, which any later response may repeat.
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

/// Whether the bytes hold a secret of a credential, plain or escaped for JSON.
fn shows(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    MARKS.iter().any(|mark| text.contains(mark))
}

const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
const RECEIPT: &str = "openstack-auth-receipt";
/// The secrets of the credentials: a password that needs escaping, a key, a token.
const SECRETS: [&str; 3] = ["pässword \"of\\ alice", "the-secret-of-the-key", "the-token-of-alice"];
/// The part of each secret that no escaping changes.
const MARKS: [&str; 3] = ["ssword ", "the-secret-of-the-key", "the-token-of-alice"];
/// The further factors.
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
    .expect("the cloud is valid")
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
        EXISTING_TOKEN => (Credential::existing_token(token), token),
        7 => (Credential::totp(user(), CODE), CODE),
        _ => (Credential::password(user(), password).and(Factor::totp(CODE)), password),
    };
    let agency = || Agency::new("agency", DomainRef::name("other"));
    (if which < AGENCY { credential } else { credential.assume(agency()) }, secret)
}

/// Whether another request follows a token.
fn needs_another_request(which: u8) -> bool {
    which >= AGENCY || which % 9 == EXISTING_TOKEN
}

const EXISTING_TOKEN: u8 = 6;
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
