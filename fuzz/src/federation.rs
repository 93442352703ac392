//! Federated logins: a provider's responses, its documents, and whole chains of requests.

use std::sync::LazyLock;

use auth_proto::{
    Body, Cloud, Credential, Error, Factor, Federation, Login, OidcClient, Question, Scope,
    SecretSource, Step,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::{UtcDateTime, macros::utc_datetime};

use crate::{
    checks::{check_error, check_hidden},
    choices::Input,
    input::{expanded, first_line, response},
    tokens::check_token,
};

/// Any response of a token endpoint: the first line is the status, the rest the body.
///
/// A token goes to the identity service alone, as the provider wrote it. Every error names the
/// provider and shows no secret.
pub fn provider_answer(data: &[u8]) {
    let data = expanded(data);
    let Some((status, body)) = first_line(&data) else { return };
    let response = response(status, body);
    let is_success = response.status().is_success();
    let mut login = ASKING.clone();
    login.handle_response(response, NOW);
    match login.poll() {
        Ok(Step::Send(request)) => {
            assert!(is_success, "a token of a refusal");
            assert_eq!(request.uri(), FEDERATED);
            assert!(request.body().is_empty());
            let read = authorization(request.headers());
            let written = object(body)
                .and_then(|body| body["access_token"].as_str().map(str::trim).map(str::to_owned));
            assert_eq!(read, written.map(|token| format!("Bearer {token}")));
        }
        Ok(step) => panic!("{step:?} after a provider's response"),
        Err(error) => check_provider_error(&error),
    }
}

/// Any discovery document: the first line is the status, the rest the body.
///
/// The client's secret goes to the document's own origin or the allowed one, over https, and to the
/// URL that another reader of URLs sees.
pub fn provider_document(data: &[u8]) {
    let data = expanded(data);
    let Some((status, body)) = first_line(&data) else { return };
    let response = response(status, body);
    let is_success = response.status().is_success();
    let mut login = DISCOVERING.clone();
    login.handle_response(response, NOW);
    match login.poll() {
        Ok(Step::Send(request)) => {
            assert!(is_success, "an endpoint of a refusal");
            let url = url::Url::parse(&request.uri().to_string()).expect("a URL of both readers");
            let origin = url.origin().ascii_serialization();
            assert!([PROVIDER, ALLOWED].contains(&origin.as_str()), "{origin}");
            assert!(url.username().is_empty() && url.password().is_none());
            let body = object(body).expect("an object of both readers");
            let named = body["token_endpoint"].as_str().expect("the document names it");
            assert_eq!(url::Url::parse(named).ok().as_ref(), Some(&url));
            if let Some(Value::Array(grants)) = body.get("grant_types_supported") {
                assert!(grants.contains(&Value::from("password")), "{grants:?}");
            }
        }
        Ok(step) => panic!("{step:?} after a document"),
        Err(error) => check_provider_error(&error),
    }
}

fn check_provider_error(error: &Error) {
    check_error(error);
    let shown = error.to_string();
    assert!(shown.contains("https://idp.example:443"), "{shown} names no provider");
    check_hidden(PASSWORD, [shown.as_str(), &format!("{error:?}")]);
    check_hidden(CLIENT_SECRET, [shown.as_str(), &format!("{error:?}")]);
}

/// Any federated login, and any sequence of responses. The login ends within a bounded number of
/// requests. Each secret goes to its own party, and no error shows one.
///
/// The first two bytes choose the federation and the scope. Then follow responses and replies.
pub fn chains(data: &[u8]) {
    let mut input = Input::new(data);
    let _ = chain(&mut input);
}

/// `None` at the end of the input.
fn chain(input: &mut Input<'_>) -> Option<()> {
    let (federation, mut secrets) = federation(input.byte()?);
    let scope = match input.byte()? & 3 {
        0 => Scope::default(),
        1 => Scope::unscoped(),
        2 => Scope::domain_id("d1"),
        _ => Scope::project_id("p1"),
    };
    let credential = Credential::federated(federation);
    let mut login = Login::new(&OTC, credential, scope).ok()?;
    let (mut requests, mut bearer) = (0, secrets.contains(&BEARER).then(|| BEARER.to_owned()));
    loop {
        match login.poll() {
            Ok(Step::Ask(question)) => answer(&mut login, &question, input, &mut secrets)?,
            Ok(Step::Done(token)) => {
                check_token(&token);
                return Some(());
            }
            Ok(Step::Send(request)) => {
                requests += 1;
                assert!(requests <= 4, "{requests} requests");
                check_request(&request, bearer.as_deref());
                let response = any_response(input)?;
                if is_provider(&request) {
                    bearer = object(response.body()).and_then(|body| {
                        let token = body.get("access_token").or(body.get("id_token"))?;
                        token.as_str().map(str::to_owned)
                    });
                }
                login.handle_response(response, NOW);
            }
            Err(error) => {
                check_error(&error);
                let texts = [error.to_string(), format!("{error:?}")];
                for secret in secrets.iter().copied().chain(bearer.as_deref()) {
                    // A shorter one may be a part of our own words.
                    if secret.len() >= 12 {
                        check_hidden(secret, texts.iter().map(String::as_str));
                    }
                }
                return Some(());
            }
        }
    }
}

/// Replies to a question, rightly or not.
fn answer(
    login: &mut Login,
    question: &Question,
    input: &mut Input<'_>,
    secrets: &mut Vec<&'static str>,
) -> Option<()> {
    let result = match (input.byte()? & 7, question) {
        (0, _) => login.answer(SecretString::from("not a token")),
        (1, _) => login.answer(Factor::password("another-word")),
        (_, Question::Factor(_)) => {
            secrets.push(CODE);
            login.answer(Factor::totp(CODE))
        }
        (_, _) => {
            let secret = if question.to_string().contains("bearer") { BEARER } else { PASSWORD };
            secrets.push(secret);
            login.answer(SecretString::from(secret))
        }
    };
    if let Err(error) = result {
        check_error(&error);
    }
    Some(())
}

/// A federation, and the secrets that it holds.
fn federation(which: u8) -> (Federation, Vec<&'static str>) {
    let mut secrets = Vec::new();
    let mut client = match which & 4 {
        0 => OidcClient::new("robot", TOKEN_ENDPOINT),
        _ => OidcClient::discovered("robot", DOCUMENT).with_allowed_origin(ALLOWED),
    };
    if which & 8 != 0 {
        secrets.push(CLIENT_SECRET);
        client = client.with_secret(CLIENT_SECRET);
    }
    if which & 16 != 0 {
        client = client.with_id_token();
    }
    let is_asked = which & 32 != 0;
    let federation = match which & 3 {
        0 => Federation::client_credentials("corp", "openid", client),
        1 if is_asked => {
            let password = SecretSource::new("the password");
            Federation::password("corp", "openid", client, "jo", password)
        }
        1 => {
            secrets.push(PASSWORD);
            Federation::password("corp", "openid", client, "jo", PASSWORD).with_code_field("otp")
        }
        2 if is_asked => {
            Federation::access_token("corp", "openid", SecretSource::new("the bearer"))
        }
        2 => {
            secrets.push(BEARER);
            Federation::access_token("corp", "openid", BEARER)
        }
        _ => {
            secrets.push(BEARER);
            Federation::id_token("corp", BEARER)
        }
    };
    (federation, secrets)
}

fn is_provider(request: &Request<Body>) -> bool {
    ["idp.example", "login.example"].contains(&request.uri().host().unwrap_or_default())
}

/// Checks that a request shows a secret to its own party alone.
fn check_request(request: &Request<Body>, bearer: Option<&str>) {
    let (uri, headers) = (request.uri(), request.headers());
    let body = String::from_utf8_lossy(request.body().as_bytes());
    let values = headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let text = format!("{uri} {} {body}", values.collect::<String>());
    let shows = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    // The password and the code in the form, the client's secret in `Authorization`.
    let shows_own = shows(&["correct+horse", CODE, "cm9ib3Q6"]);
    let bearer = bearer.map(str::trim).filter(|bearer| bearer.len() >= 12);
    let shows_bearer = bearer.is_some_and(|bearer| shows(&[bearer]));
    assert_eq!(uri.scheme_str(), Some("https"));
    match is_provider(request) {
        true => assert!(!shows_bearer && (request.method() == "POST" || !shows_own), "{text}"),
        false => {
            assert_eq!(uri.host(), Some(KEYSTONE_HOST));
            assert!(!shows_own, "{text}");
        }
    }
    let shown = headers.get("authorization");
    assert!(shown.is_none_or(HeaderValue::is_sensitive));
}

/// A status, perhaps headers, and a document of one of the two parties, perhaps with a piece put in
/// or what was sent repeated.
fn any_response(input: &mut Input<'_>) -> Option<Response<Vec<u8>>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = match input.byte()? & 15 {
        15 => StatusCode::from_u16(100 + input.word()? % 900).ok()?,
        usual => STATUSES[usize::from(usual) % STATUSES.len()],
    };
    let which = input.byte()?;
    for (bit, (name, value)) in HEADERS.into_iter().enumerate() {
        if which & (1 << bit) != 0 {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
    }
    let which = input.byte()?;
    let document = DOCUMENTS[usize::from(which & 31) % DOCUMENTS.len()];
    let mut body = document.as_bytes().to_vec();
    if which & 64 != 0 {
        let at = usize::from(input.word()?) % (body.len() + 1);
        let length = input.byte()?;
        body.splice(at..at, input.bytes(usize::from(length)).iter().copied());
    }
    *response.body_mut() = body;
    Some(response)
}

const STATUSES: [StatusCode; 10] = [
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::FOUND,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::INTERNAL_SERVER_ERROR,
];

const HEADERS: [(&str, &str); 6] = [
    ("x-subject-token", "gAAAAABfoo"),
    ("www-authenticate", "Bearer error=\"invalid_token\""),
    ("www-authenticate", "Keystone uri=\"https://keystone.example\""),
    ("retry-after", "30"),
    ("location", "https://evil.example/?x"),
    ("location", "https://bearer.of.the.provider/"),
];

const DOCUMENTS: [&str; 20] = [
    "",
    "{}",
    "<html>bearer.of.the.provider</html>",
    r#"{"access_token":"bearer.of.the.provider","id_token":"id-token-of-the-provider"}"#,
    r#"{"access_token":"another-bearer-token","token_type":"Bearer","expires_in":300}"#,
    r#"{"id_token":"id-token-of-the-provider"}"#,
    r#"{"access_token":"x","access_token":"y"}"#,
    r#"{"token_endpoint":"https://idp.example/token"}"#,
    r#"{"token_endpoint":"https://login.example/token","grant_types_supported":["password"]}"#,
    r#"{"token_endpoint":"https://evil.example/token"}"#,
    r#"{"token_endpoint":"https://idp.example/t","grant_types_supported":["client_credentials"]}"#,
    r#"{"error":"invalid_grant","error_description":"correct horse battery is wrong"}"#,
    r#"{"error":"invalid_client","error_description":"secret-of-the-client is wrong"}"#,
    r#"{"error":{"code":401,"message":"no: another-bearer-token","title":"Unauthorized"}}"#,
    r#"{"error":{"code":401,"message":"bearer.of.the.provider","identity":{"methods":["password"]}}}"#,
    r#"{"error":{"code":404,"message":"Could not find Identity Provider: corp."}}"#,
    r#"{"token":{"expires_at":"2026-11-22T20:00:00Z","user":{"id":"bearer.of.the.provider"}}}"#,
    r#"{"token":{"expires_at":"2026-11-22T20:00:00Z","project":{"id":"p1"}}}"#,
    r#"{"token":{"expires_at":"2026-11-22T20:00:00Z","domain":{"id":"another-bearer-token"}}}"#,
    r#"{"token":{"expires_at":"2026-11-22T20:00:00Z","domain":{"id":"d1"}}}"#,
];

/// A body that is an object of the naive reader.
fn object(body: &[u8]) -> Option<Map<String, Value>> {
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    serde_json::from_slice(body.trim_ascii()).ok()
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("authorization")?.to_str().ok()?.to_owned())
}

const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
const PROVIDER: &str = "https://idp.example";
const ALLOWED: &str = "https://login.example";
const TOKEN_ENDPOINT: &str = "https://idp.example/token";
const DOCUMENT: &str = "https://idp.example/.well-known/openid-configuration";
const KEYSTONE_HOST: &str = "keystone.example";
const FEDERATED: &str =
    "https://keystone.example/v3/OS-FEDERATION/identity_providers/corp/protocols/openid/auth";
const CLIENT_SECRET: &str = "secret-of-the-client";
const PASSWORD: &str = "correct horse battery";
const CODE: &str = "314159265358";
const BEARER: &str = "bearer.of.the.provider";

static OTC: LazyLock<Cloud> = LazyLock::new(|| {
    Cloud::otc("eu-de")
        .and_then(|cloud| cloud.at("https://keystone.example/v3"))
        .expect("the URL is valid")
});
static ASKING: LazyLock<Login> = LazyLock::new(|| login(OidcClient::new("robot", TOKEN_ENDPOINT)));
static DISCOVERING: LazyLock<Login> =
    LazyLock::new(|| login(OidcClient::discovered("robot", DOCUMENT).with_allowed_origin(ALLOWED)));

fn login(client: OidcClient) -> Login {
    let client = client.with_secret(CLIENT_SECRET);
    let federation = Federation::password("corp", "openid", client, "jo", PASSWORD);
    let credential = Credential::federated(federation);
    Login::new(&crate::input::STOCK, credential, Scope::unscoped()).expect("the login is valid")
}
