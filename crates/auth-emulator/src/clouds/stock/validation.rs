//! Showing, checking and revoking a token.

use http::{Method, Response, StatusCode};

use crate::{
    clouds::stock::{body, factors::unknown_token},
    directory::Target,
    message::{
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    tokens::Tokens,
};

/// Shows or revokes the token in `X-Subject-Token`. `X-Auth-Token` authorizes the request: a user's
/// own tokens, and for a reader of the system, those of others, which they cannot revoke.
pub(super) fn inspect(request: &RoutedRequest<'_>, tokens: &mut Tokens) -> Response<Vec<u8>> {
    let Some(caller) = request.grant(tokens).and_then(|grant| grant.session) else {
        return response::unauthorized(request);
    };
    let is_revocation = *request.method == Method::DELETE;
    let forbidden = || {
        let action =
            if is_revocation { "identity:revoke_token" } else { "identity:validate_token" };
        Refusal::no_action(action).response(request)
    };
    let Some(subject) = request.header("x-subject-token") else {
        return forbidden();
    };
    let Some(grant) = tokens.find(subject, request.now) else {
        return unknown_token(subject, tokens).response(request);
    };
    let Some(body) = body::token(request, &grant) else {
        return response::unauthorized(request);
    };
    let is_own = grant.session.is_some_and(|session| session.user.id == caller.user.id);
    if !is_own && (is_revocation || caller.target != Target::System) {
        return forbidden();
    }
    if is_revocation {
        tokens.revoke(subject);
        return response::empty(StatusCode::NO_CONTENT);
    }
    response::with_subject(response::value(StatusCode::OK, &body), subject)
}
