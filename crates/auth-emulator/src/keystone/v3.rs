//! Identity v3 as common to the three vendors: `/v3/auth/tokens` issues, shows, checks and revokes
//! tokens, which are sent in headers.

use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    keystone::{
        agency::{self, Agencies},
        id_token,
        login::LoginBody,
        settings::Settings,
    },
    message::{
        content_type,
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    provider::Provider,
    tokens::{Grant, Holder, TokenScope, TokenTerms, Tokens, timestamp},
};

/// The vendor-specific parts of v3.
pub(crate) struct V3Rules {
    /// Checks a login and returns the scope of its token.
    pub(crate) authenticate: fn(&LoginBody, &Settings) -> Result<TokenScope, Refusal>,
    /// The body of a token, `{"token": {…}}`, without times and catalog.
    pub(crate) token: fn(TokenScope) -> Value,
    pub(crate) catalog: fn(TokenScope) -> Vec<Value>,
    /// The catalog with `?nocatalog`: absent or empty.
    pub(crate) nocatalog: Option<Vec<Value>>,
    /// Checks the requested scope when a token is exchanged.
    pub(crate) rescope: fn(Option<&Value>) -> Result<TokenScope, Refusal>,
    pub(crate) agencies: Option<Agencies>,
}

/// `/v3/auth/tokens`.
pub(crate) fn tokens(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    match *request.method {
        Method::POST => issue(request, rules, tokens, settings),
        Method::GET | Method::HEAD | Method::DELETE => inspect(request, rules, tokens),
        _ => response::no_such_method(request, "DELETE, GET, HEAD, POST"),
    }
}

fn issue(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    let terms = content_type::check(request).and_then(|()| LoginBody::read(request.body)).and_then(
        |login| match (login.methods.first().map(String::as_str), &rules.agencies) {
            (Some("assume_role"), Some(agencies)) => agencies.authenticate(request, &login, tokens),
            (Some("token"), _) => exchange(request, rules, &login, tokens),
            _ => (rules.authenticate)(&login, settings).map(TokenTerms::from),
        },
    );
    created(request, rules, terms, tokens)
}

/// `POST /v3.0/OS-AUTH/id-token/tokens`.
pub(crate) fn id_token(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    provider: &Provider,
    tokens: &mut Tokens,
) -> Response<Vec<u8>> {
    if *request.method != Method::POST {
        return response::no_such_method(request, "POST");
    }
    created(request, rules, id_token::authenticate(request, rules, provider), tokens)
}

fn created(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    terms: Result<TokenTerms, Refusal>,
    tokens: &mut Tokens,
) -> Response<Vec<u8>> {
    match terms {
        Ok(terms) => {
            let (token, grant) = tokens.issue(terms, request.now);
            let body = body(request, rules, grant);
            response::with_subject(response::value(StatusCode::CREATED, &body), &token)
        }
        Err(refusal) => refusal.response(request),
    }
}

/// Exchanges a token for one of another scope. Both expire at the same time.
fn exchange(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    login: &LoginBody,
    tokens: &Tokens,
) -> Result<TokenTerms, Refusal> {
    #[derive(Deserialize)]
    struct Token {
        id: String,
    }
    let Token { id } = login.only_method("token")?;
    let own = tokens.find(&id, request.now).ok_or_else(Refusal::unauthorized)?;
    if matches!(own.holder, Holder::Agency) {
        return Err(Refusal::forbidden("An agency's token cannot be exchanged."));
    }
    let scope = (rules.rescope)(login.scope.as_ref())?;
    Ok(TokenTerms { holder: own.holder, expires_by: own.expires_at, ..scope.into() })
}

/// `/v3/auth/catalog`: the catalog of the caller's token.
pub(crate) fn catalog(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    tokens: &Tokens,
) -> Response<Vec<u8>> {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return response::no_such_method(request, "GET, HEAD");
    }
    let own = request.grant(tokens);
    let Some(grant) = own else {
        return response::unauthorized(request);
    };
    let own = format!("{}{}/auth/catalog", request.identity_root(), request.system.version());
    let links = json!({ "next": null, "previous": null, "self": own });
    let mut body = json!({ "catalog": services(request, rules, grant), "links": links });
    request.localize(&mut body["catalog"]);
    response::value(StatusCode::OK, &body)
}

/// Shows or revokes the token in `X-Subject-Token`. `X-Auth-Token` authorizes the request.
fn inspect(request: &RoutedRequest<'_>, rules: &V3Rules, tokens: &mut Tokens) -> Response<Vec<u8>> {
    let own = request.grant(tokens);
    if own.is_none() {
        return response::unauthorized(request);
    }
    let Some(subject) = request.header("x-subject-token") else {
        return response::failure(request, StatusCode::FORBIDDEN);
    };
    let Some(grant) = tokens.find(subject, request.now) else {
        // Keystone repeats the token in this error, which would leak it into logs.
        return response::error(request, StatusCode::NOT_FOUND, "Could not find token.");
    };
    if *request.method == Method::DELETE {
        tokens.revoke(subject);
        return response::empty(StatusCode::NO_CONTENT);
    }
    let body = body(request, rules, grant);
    response::with_subject(response::value(StatusCode::OK, &body), subject)
}

fn body(request: &RoutedRequest<'_>, rules: &V3Rules, grant: Grant) -> Value {
    let mut body = (rules.token)(grant.scope);
    let token = &mut body["token"];
    token["issued_at"] = timestamp::zoned(grant.issued_at).into();
    token["expires_at"] = timestamp::zoned(grant.expires_at).into();
    // The value of the key is ignored (document 004, Table 1).
    let catalog = match request.parameter("nocatalog") {
        None => Some(services(request, rules, grant)),
        Some(_) => rules.nocatalog.clone().map(Value::from),
    };
    if let Some(catalog) = catalog {
        token["catalog"] = catalog;
        request.localize(&mut token["catalog"]);
    }
    match grant.holder {
        Holder::User => {}
        Holder::Agency => agency::assume(grant.scope, token),
        Holder::Federated(user) => id_token::federate(user, token),
    }
    if grant.scope == TokenScope::Nothing {
        id_token::unscope(token);
    }
    body
}

fn services(request: &RoutedRequest<'_>, rules: &V3Rules, grant: Grant) -> Value {
    let mut services = Value::from((rules.catalog)(grant.scope));
    if matches!(grant.holder, Holder::Agency) {
        agency::use_delegated_project(request.system, &mut services);
    }
    services
}
