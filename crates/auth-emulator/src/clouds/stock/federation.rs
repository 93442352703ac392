//! Federated logins: the gate of the web server, which asks the identity provider about a bearer,
//! and Keystone behind it, which maps the provider's claims to a user.

use http::{Method, Response};

use crate::{
    account,
    clouds::stock::{created, login::unsupported},
    directory::{
        Mapping, Subject, Target,
        session::{Methods, Session},
    },
    keystone::settings::Gate,
    message::{
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    provider::{Provider, TokenKind},
    tokens::Tokens,
};

/// The path of a login below the version:
/// `/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth`.
#[derive(Clone, Copy)]
pub(crate) struct FederatedPath<'a> {
    provider: &'a str,
    protocol: &'a str,
}

impl<'a> FederatedPath<'a> {
    pub(crate) fn at(path: &'a str) -> Option<Self> {
        let rest =
            path.strip_prefix("/OS-FEDERATION/identity_providers/")?.strip_suffix("/auth")?;
        let (provider, protocol) = rest.split_once("/protocols/")?;
        let is_segment = |text: &str| !text.is_empty() && !text.contains('/');
        (is_segment(provider) && is_segment(protocol)).then_some(Self { provider, protocol })
    }
}

/// A login. Its body and query are ignored.
pub(crate) fn log_in(
    request: &RoutedRequest<'_>,
    path: FederatedPath<'_>,
    gate: Gate,
    provider: &Provider,
    tokens: &mut Tokens,
) -> Response<Vec<u8>> {
    if !matches!(*request.method, Method::GET | Method::HEAD | Method::POST) {
        return response::no_such_method(request, "GET, HEAD, POST");
    }
    // The web server's configuration guards the path of one protocol, and knows no provider.
    let subject = match path.protocol {
        account::FEDERATION_PROTOCOL => match pass(request, gate, provider) {
            Ok(subject) => Some(subject),
            Err(GateStop::NoBearer) => return provider.login_page(request),
            Err(GateStop::WrongBearer) => return response::refused_bearer(),
        },
        _ => None,
    };
    match session(path, subject) {
        Ok(session) => created(request, session.into(), tokens),
        Err(refusal) => refusal.response(request),
    }
}

/// Why the gate lets a request not pass.
enum GateStop {
    /// The gate looks for no bearer, or finds none: the caller is a browser.
    NoBearer,
    /// The Authorization header has no token that the provider knows.
    WrongBearer,
}

/// The user of the bearer in a request.
fn pass(
    request: &RoutedRequest<'_>,
    gate: Gate,
    provider: &Provider,
) -> Result<&'static Subject, GateStop> {
    let kind = match gate {
        Gate::AccessToken => TokenKind::Access,
        Gate::IdToken => TokenKind::Id,
        Gate::Browser => return Err(GateStop::NoBearer),
    };
    if !request.headers.contains_key("authorization") {
        return Err(GateStop::NoBearer);
    }
    let bearer = request.header("authorization").and_then(|text| {
        let (scheme, bearer) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(bearer)
    });
    bearer
        .and_then(|bearer| provider.subject(bearer, kind, request.now))
        .ok_or(GateStop::WrongBearer)
}

/// Keystone's part, in its order.
fn session(path: FederatedPath<'_>, subject: Option<&Subject>) -> Result<Session, Refusal> {
    if ![account::FEDERATION_PROTOCOL, "mapped"].contains(&path.protocol) {
        return Err(unsupported());
    }
    if path.provider != account::FEDERATION_PROVIDER {
        let message = format!("Could not find Identity Provider: {}.", path.provider);
        return Err(Refusal::not_found(message));
    }
    if path.protocol != account::FEDERATION_PROTOCOL {
        return Err(Refusal::not_found(format!(
            "Could not find federated protocol {} for Identity Provider: {}.",
            path.protocol, path.provider
        )));
    }
    match subject.map(|subject| subject.mapping) {
        Some(Mapping::User(user)) => Ok(Session {
            user,
            methods: Methods::only(path.protocol),
            target: Target::Nothing,
            key: None,
            origin: None,
        }),
        Some(Mapping::NoRule | Mapping::NoClaims) | None => Err(Refusal::unauthorized()),
    }
}
