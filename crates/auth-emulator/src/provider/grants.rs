//! The token endpoint.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use time::{Duration, UtcDateTime};

use crate::{
    directory::{SUBJECTS, Subject},
    message::routed::RoutedRequest,
    provider::{
        Provider, ProviderSettings,
        answer::{self, OauthError},
        client::{CLIENT_CREDENTIALS, Client, PASSWORD, REFRESH_TOKEN},
        form::Form,
        issued::{Login, TokenKind},
        person,
    },
    totp::{PERIOD, totp_code},
};

/// `POST /token`.
pub(super) fn token(request: &RoutedRequest<'_>, provider: &mut Provider) -> Response<Vec<u8>> {
    match grant(request, provider) {
        Ok(login) => answer::value(StatusCode::OK, &issue(request, provider, login)),
        Err(error) => error.response(),
    }
}

/// Checks a request in the usual order: the client, the grant, the scope, and what the grant proves.
fn grant(request: &RoutedRequest<'_>, provider: &mut Provider) -> Result<Login, OauthError> {
    let form = Form::read(request)?;
    let client = Client::of(request, &form, &provider.settings)?;
    let grant = form.required("grant_type")?;
    if !provider.settings.grants().any(|own| own == grant) {
        let description = format!("The provider has no grant {grant}.");
        return Err(OauthError::new("unsupported_grant_type", description));
    }
    client.check(grant)?;
    let scope = scope(&form)?;
    match grant {
        CLIENT_CREDENTIALS => {
            let subject = SUBJECTS.iter().find(|subject| subject.name == client.id);
            Ok(new_login(provider, client, subject.ok_or_else(no_user)?, scope))
        }
        PASSWORD => {
            let subject = by_password(&form, &provider.settings, request.now)?;
            Ok(new_login(provider, client, subject, scope))
        }
        REFRESH_TOKEN => {
            let token = form.required("refresh_token")?;
            provider.issued.spend(token, client, &scope, request.now)
        }
        _ => {
            let code = form.required("device_code")?;
            let (subject, scope) = provider.devices.ask(code, client, request.now)?;
            Ok(new_login(provider, client, subject, scope))
        }
    }
}

/// The requested scope, whose parts the provider must know.
pub(super) fn scope(form: &Form) -> Result<String, OauthError> {
    let scope = form.get("scope").unwrap_or_default();
    match scope.split(' ').find(|part| !part.is_empty() && !SCOPES.contains(part)) {
        Some(part) => {
            Err(OauthError::new("invalid_scope", format!("The provider has no scope {part}.")))
        }
        None => Ok(scope.to_owned()),
    }
}

/// The user of this name and password, and of this one-time code if the user needs one.
pub(super) fn by_password(
    form: &Form,
    settings: &ProviderSettings,
    now: UtcDateTime,
) -> Result<&'static Subject, OauthError> {
    let (name, password) = (form.required("username")?, form.required("password")?);
    let subject = person(name).ok_or_else(no_user)?;
    if settings.secret(subject.name, subject.password) != Some(password) {
        return Err(no_user());
    }
    let before = now.saturating_sub(Duration::seconds(PERIOD as i64));
    let codes = [now, before].map(totp_code);
    let has_code =
        form.get(&settings.code_field).is_some_and(|code| codes.iter().any(|own| own == code));
    if subject.needs_code && !has_code { Err(no_user()) } else { Ok(subject) }
}

fn new_login(
    provider: &mut Provider,
    client: &'static Client,
    subject: &'static Subject,
    scope: String,
) -> Login {
    Login { client, subject, scope, family: provider.issued.next() }
}

/// The tokens of a login. A person's has a refresh token.
fn issue(request: &RoutedRequest<'_>, provider: &mut Provider, login: Login) -> Value {
    let (issuer, now) = (request.provider_root(), request.now);
    let Provider { settings, issued, .. } = provider;
    let mut token = |kind, lifetime| issued.issue(kind, &login, &issuer, now, lifetime);
    let lifetime = settings.access_lifetime;
    let mut body = json!({
        "access_token": token(TokenKind::Access, lifetime),
        "token_type": "Bearer",
        "expires_in": lifetime.whole_seconds(),
        "scope": login.scope,
    });
    if login.subject.password.is_some() {
        body["refresh_token"] = token(TokenKind::Refresh, settings.refresh_lifetime).into();
    }
    if login.scope.split(' ').any(|part| part == "openid") {
        body["id_token"] = token(TokenKind::Id, lifetime).into();
    }
    body
}

/// A wrong user, password or code. The provider does not say which.
fn no_user() -> OauthError {
    OauthError::new("invalid_grant", "Invalid user credentials.")
}

/// The scopes of OpenID Connect, and those that the documents of OVHcloud and EGI name.
pub(super) const SCOPES: [&str; 7] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "publicCloudProject/all",
    "eduperson_entitlement",
    "entitlements",
];
