//! Responses to logins: tokens of both versions, and receipts.

use auth_proto::{
    ApiVersion, Catalog, EndpointError, EndpointQuery, ErrorKind, Factor, IdentityResponse,
    Interface, Question, Step, Token, limits,
};
use http::{HeaderName, HeaderValue, Response};
use time::UtcDateTime;

use crate::{
    checks::{check_error, check_fault, check_hidden},
    input::{LOGIN, STOCK, expanded, first_line, response},
};

/// Any body of a v2.0 token response.
pub fn token_v2(data: &[u8]) {
    check(&response(b"200", &expanded(data)), ApiVersion::V2);
}

/// Any v3 token response: the first line is the token's header, the rest the body.
pub fn token_v3(data: &[u8]) {
    if let Some(response) = with_header(data, "201", "x-subject-token") {
        check(&response, ApiVersion::V3);
    }
}

/// Any response to a first factor: the first line is the receipt's header, the rest the body.
pub fn receipt(data: &[u8]) {
    let Some(response) = with_header(data, "401", "openstack-auth-receipt") else { return };
    let mut login = LOGIN.clone();
    login.handle_response(response.clone(), UtcDateTime::UNIX_EPOCH);
    let challenge = match (IdentityResponse::read(&response, None), login.poll()) {
        (Ok(IdentityResponse::Receipt(read)), Ok(Step::Ask(Question::Factor(challenge)))) => {
            assert_eq!(read, challenge);
            challenge
        }
        (Ok(IdentityResponse::Fault(_, fault)), Err(error)) => {
            check_fault(&fault);
            return check_error(&error);
        }
        (Err(read), Err(error)) => {
            check_error(&read);
            return assert_eq!(read, error);
        }
        (read, step) => panic!("read {read:?}, but the login returns {step:?}"),
    };
    let (rules, given) = (challenge.required(), challenge.given());
    assert!(rules.len() <= limits::RULES && given.len() <= limits::METHODS);
    assert!(challenge.missing().any(|rule| !rule.is_empty()), "the challenge asks for no factor");
    let receipt = response.headers()["openstack-auth-receipt"].as_bytes().trim_ascii();
    assert!((1..=limits::TOKEN).contains(&receipt.len()));
    // The receipt is sent back unchanged, and never shown.
    if login.answer(Factor::totp("123456")).is_ok() {
        let Ok(Step::Send(request)) = login.poll() else { panic!("no request after a factor") };
        let sent = &request.headers()["openstack-auth-receipt"];
        assert!(sent.is_sensitive() && sent.as_bytes() == receipt);
        assert_eq!(request.uri(), "https://keystone.example/v3/auth/tokens");
    }
    let receipt = String::from_utf8_lossy(receipt);
    if receipt.len() > 16 && !String::from_utf8_lossy(response.body()).contains(&*receipt) {
        check_hidden(&receipt, [format!("{challenge:?} {login:?}").as_str()]);
    }
}

fn with_header(data: &[u8], status: &str, name: &'static str) -> Option<Response<Vec<u8>>> {
    let data = expanded(data);
    let (line, body) = first_line(&data)?;
    let mut response = response(status.as_bytes(), body);
    let value = HeaderValue::from_bytes(line).ok()?;
    response.headers_mut().insert(HeaderName::from_static(name), value);
    Some(response)
}

fn check(response: &Response<Vec<u8>>, api_version: ApiVersion) {
    match IdentityResponse::read(response, Some(api_version)) {
        Ok(IdentityResponse::Token(read, token)) => {
            assert_eq!(read, api_version);
            assert!(response.body().len() <= limits::BODY);
            check_token(&token);
        }
        Ok(_) => {}
        Err(error) => check_error(&error),
    }
}

pub(crate) fn check_token(token: &Token) {
    assert!((1..=limits::TOKEN).contains(&token.expose().len()));
    assert!(token.expose().bytes().all(|b| b.is_ascii_graphic()));
    assert!(
        token.header().is_sensitive() && token.header().as_bytes() == token.expose().as_bytes()
    );
    assert!((1..=9999).contains(&token.expires_at().year()));
    assert!(token.roles().len() <= limits::LIST && token.methods().len() <= limits::LIST);
    let mut services = token.catalog().into_iter().flat_map(|catalog| catalog.services());
    assert!(services.all(|service| {
        !service.service_type().is_empty() && service.endpoints().all(|at| !at.url().is_empty())
    }));
    check_found(token);
    if token.expose().len() > 64 {
        check_hidden(token.expose(), [format!("{:?}", token.header()).as_str()]);
    }
}

/// Each listed endpoint is found, or the first of several with the same properties.
fn check_found(token: &Token) {
    let listed = token.catalog().into_iter().flat_map(Catalog::services);
    let listed: Vec<_> = listed.flat_map(|service| service.endpoints()).take(FOUND + 1).collect();
    // Larger catalogs take too long, because each endpoint is compared with all.
    if listed.len() > FOUND {
        return;
    }
    for one in &listed {
        let interface = one.interface().parse::<Interface>().ok();
        let Some(interface) = interface.filter(|it| it.as_str() == one.interface()) else {
            continue;
        };
        let mut query = EndpointQuery::new(one.service_type()).interfaces(&[interface]);
        if let Some(region) = one.region() {
            query = query.region(region);
        }
        let mut alike = listed.iter().filter(|other| {
            (other.service_type(), other.interface()) == (one.service_type(), one.interface())
                && (one.region().is_none() || other.region() == one.region())
        });
        match STOCK.endpoint(token, &query) {
            // The login's version replaces that of the catalog's URL.
            Ok(found) if found.service_type() == "identity" => {
                let first = alike.next().map(|one| (one.interface(), one.region()));
                assert_eq!(Some((found.interface(), found.region())), first);
            }
            Ok(found) => assert_eq!(Some(&found), alike.next()),
            Err(error) => assert!(
                !matches!(error.kind(), ErrorKind::Endpoint(EndpointError::NotFound { .. })),
                "{error}, but there is {one:?}"
            ),
        }
    }
}

const FOUND: usize = 128;
