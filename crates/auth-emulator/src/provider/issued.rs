//! The tokens of the provider: issue, lookup, rotation, revocation and introspection.

use std::collections::{HashMap, VecDeque};

use http::{Response, StatusCode};
use serde_json::{Value, json};
use time::{Duration, UtcDateTime};

use crate::{
    directory::Subject,
    message::routed::RoutedRequest,
    provider::{
        Provider,
        answer::{self, OauthError},
        base64,
        client::Client,
        form::Form,
    },
    tokens::format::mixed,
};

/// The tokens that the provider has issued, the last 10,000 of them.
///
/// A token's text is computed from a counter, so that runs are reproducible to the byte.
#[derive(Default)]
pub(super) struct Issued {
    count: u64,
    tokens: HashMap<String, ProviderToken>,
    /// The texts, oldest first, including those of revoked tokens.
    order: VecDeque<String>,
}

/// What a token of the provider is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Id,
    Refresh,
}

/// The properties of an issued token.
#[derive(Clone)]
pub(super) struct ProviderToken {
    pub(super) kind: TokenKind,
    pub(super) login: Login,
    pub(super) issued_at: UtcDateTime,
    pub(super) expires_at: UtcDateTime,
    /// Whether a refresh token was used.
    pub(super) is_spent: bool,
}

/// The login that a token comes from.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) client: &'static Client,
    pub(super) subject: &'static Subject,
    pub(super) scope: String,
    /// The number of the login. Its refreshed tokens have the same.
    pub(super) family: u64,
}

impl Issued {
    /// A number for a login or for the text of a token.
    pub(super) fn next(&mut self) -> u64 {
        self.count = self.count.wrapping_add(1);
        self.count
    }

    /// A new token's text. That of an ID token shows the claims, `issuer` among them.
    pub(super) fn issue(
        &mut self,
        kind: TokenKind,
        login: &Login,
        issuer: &str,
        now: UtcDateTime,
        lifetime: Duration,
    ) -> String {
        let end = if lifetime.is_negative() { UtcDateTime::MIN } else { UtcDateTime::MAX };
        let expires_at = now.checked_add(lifetime).unwrap_or(end);
        let login = login.clone();
        let token = ProviderToken { kind, login, issued_at: now, expires_at, is_spent: false };
        let opaque = self.text();
        let text = match kind {
            TokenKind::Access | TokenKind::Refresh => opaque,
            TokenKind::Id => {
                let part = |value: &Value| base64::encoded(value.to_string().as_bytes());
                let head = json!({ "alg": "none", "typ": "JWT" });
                format!("{}.{}.{opaque}", part(&head), part(&token.claims(issuer)))
            }
        };
        self.tokens.insert(text.clone(), token);
        self.order.push_back(text.clone());
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        text
    }

    /// A token of this kind that is still valid.
    pub(super) fn find(
        &self,
        token: &str,
        kind: TokenKind,
        now: UtcDateTime,
    ) -> Option<&ProviderToken> {
        self.tokens.get(token).filter(|token| token.kind == kind && now < token.expires_at)
    }

    /// Uses a refresh token, which is valid once. A second use ends its whole family.
    pub(super) fn spend(
        &mut self,
        token: &str,
        client: &Client,
        scope: &str,
        now: UtcDateTime,
    ) -> Result<Login, OauthError> {
        let invalid = |why: &str| OauthError::new("invalid_grant", why);
        let found = self.tokens.get_mut(token).filter(|it| it.kind == TokenKind::Refresh);
        let Some(found) = found.filter(|it| it.login.client.id == client.id) else {
            return Err(invalid("The refresh token is not valid."));
        };
        if found.is_spent {
            let family = found.login.family;
            self.tokens.retain(|_, token| token.login.family != family);
            return Err(invalid("The refresh token was used before."));
        }
        if now >= found.expires_at {
            return Err(invalid("The refresh token has expired."));
        }
        let login = found.login.narrowed(scope)?;
        found.is_spent = true;
        Ok(login)
    }

    /// The number of stored tokens, including expired ones.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.order.clear();
    }

    /// A text that no other token has: 32 bytes in base64.
    pub(super) fn text(&mut self) -> String {
        let first = self.next();
        let block = |place: u64| mixed(mixed(first) ^ place).to_be_bytes();
        base64::encoded(&[1, 2, 3, 4].map(block).concat())
    }
}

impl Login {
    /// The login with this scope, or with its own if this one is empty. It may have fewer parts than
    /// before, but no other.
    fn narrowed(&self, scope: &str) -> Result<Self, OauthError> {
        let is_new = |part: &&str| !self.scope.split(' ').any(|own| own == *part);
        if scope.split(' ').filter(|part| !part.is_empty()).any(|part| is_new(&part)) {
            return Err(OauthError::new("invalid_scope", "The login had no such scope."));
        }
        let scope = if scope.is_empty() { &self.scope } else { scope };
        Ok(Self { scope: scope.to_owned(), ..self.clone() })
    }
}

impl ProviderToken {
    fn claims(&self, issuer: &str) -> Value {
        let Self { login, issued_at, expires_at, .. } = self;
        json!({
            "iss": issuer,
            "sub": login.subject.name,
            "aud": login.client.id,
            "iat": issued_at.unix_timestamp(),
            "exp": expires_at.unix_timestamp(),
            "preferred_username": login.subject.name,
        })
    }
}

/// `POST /introspect`.
pub(super) fn introspect(request: &RoutedRequest<'_>, provider: &Provider) -> Response<Vec<u8>> {
    match described(request, provider) {
        Ok(body) => answer::value(StatusCode::OK, &body),
        Err(error) => error.response(),
    }
}

fn described(request: &RoutedRequest<'_>, provider: &Provider) -> Result<Value, OauthError> {
    let form = Form::read(request)?;
    let client = Client::of(request, &form, &provider.settings)?;
    if client.secret.is_none() {
        return Err(OauthError::client("Only a client with a secret may ask."));
    }
    let text = form.required("token")?;
    let find = |kind| provider.issued.find(text, kind, request.now);
    let found = [TokenKind::Access, TokenKind::Refresh, TokenKind::Id].into_iter().find_map(find);
    let Some(token) = found.filter(|token| !token.is_spent) else {
        return Ok(json!({ "active": false }));
    };
    let mut body = token.claims(&request.provider_root());
    body["active"] = true.into();
    body["client_id"] = token.login.client.id.into();
    body["username"] = token.login.subject.name.into();
    body["scope"] = token.login.scope.as_str().into();
    if token.kind == TokenKind::Access {
        body["token_type"] = "Bearer".into();
    }
    Ok(body)
}

/// The number of tokens that the provider stores.
const KEPT: usize = 10_000;
