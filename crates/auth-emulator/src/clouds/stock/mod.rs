//! A stock Keystone, version 30: several domains, users, scopes and ways to log in. No document
//! describes it; the responses are those of a real server.

mod body;
mod catalog;
mod factors;
pub(crate) mod federation;
pub(crate) mod lists;
mod login;
mod scope;
mod validation;

use http::{Method, Response, StatusCode};

use crate::{
    clouds::stock::login::Stop,
    keystone::settings::Settings,
    message::{
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    tokens::{TokenTerms, Tokens},
};

/// `/v3/auth/tokens`.
pub(crate) fn tokens(
    request: &RoutedRequest<'_>,
    tokens: &mut Tokens,
    receipts: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    match *request.method {
        Method::POST => issue(request, tokens, receipts, settings),
        Method::GET | Method::HEAD | Method::DELETE => validation::inspect(request, tokens),
        _ => response::no_such_method(request, "DELETE, GET, HEAD, POST"),
    }
}

fn issue(
    request: &RoutedRequest<'_>,
    tokens: &mut Tokens,
    receipts: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    match login::log_in(request, tokens, receipts, settings) {
        Ok(terms) => created(request, terms, tokens),
        Err(Stop::Refused(refusal)) => refusal.response(request),
        Err(Stop::MoreFactors(session)) => {
            let (receipt, grant) = receipts.issue(session, request.now);
            let body = body::receipt(&session, &grant);
            response::with_receipt(response::value(StatusCode::UNAUTHORIZED, &body), &receipt)
        }
    }
}

/// A new token and its description.
fn created(
    request: &RoutedRequest<'_>,
    terms: TokenTerms,
    tokens: &mut Tokens,
) -> Response<Vec<u8>> {
    let (token, grant) = tokens.issue(terms, request.now);
    match body::token(request, &grant) {
        Some(body) => response::with_subject(response::value(StatusCode::CREATED, &body), &token),
        None => Refusal::unauthorized().response(request),
    }
}
