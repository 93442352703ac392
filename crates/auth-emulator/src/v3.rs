//! Identity v3, as far as the three vendors agree: the token in a header, `/v3/auth/tokens` to
//! issue, inspect, check and revoke it.

use http::{Method, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    agency::{self, Agencies},
    answer::{self, Refusal},
    call::Call,
    content_type,
    emulator::Settings,
    stamp,
    tokens::{Admission, Grant, Scope, Tokens},
};

/// What one vendor makes of v3.
pub(crate) struct Dialect {
    /// Judges a login, and says what its token is good for.
    pub(crate) admit: fn(&Login, &Settings) -> Result<Scope, Refusal>,
    /// The body that goes with a token, `{"token": {…}}`, but for times and catalog.
    pub(crate) token: fn(Scope) -> Value,
    pub(crate) catalog: fn(Scope) -> Vec<Value>,
    /// What `?nocatalog` leaves of the catalog: nothing at all, or an empty one.
    pub(crate) nocatalog: Option<Vec<Value>>,
    /// Judges the scope that a token is exchanged for one of.
    pub(crate) rescope: fn(Option<&Value>) -> Result<Scope, Refusal>,
    pub(crate) agencies: Option<Agencies>,
}

/// A token request, before its vendor judges it.
pub(crate) struct Login {
    methods: Vec<String>,
    /// What `identity` holds besides `methods`.
    factors: Map<String, Value>,
    /// Apart from absent: a scope of `null`.
    pub(crate) scope: Option<Value>,
}

/// `/v3/auth/tokens`.
pub(crate) fn tokens(
    call: &Call<'_>,
    dialect: &Dialect,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    match *call.method {
        Method::POST => issue(call, dialect, tokens, settings),
        Method::GET | Method::HEAD | Method::DELETE => inspect(call, dialect, tokens),
        _ => answer::no_such_method(call, "DELETE, GET, HEAD, POST"),
    }
}

fn issue(
    call: &Call<'_>,
    dialect: &Dialect,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    let admitted =
        content_type::check(call).and_then(|()| Login::read(call.body)).and_then(|login| {
            match (login.methods.first().map(String::as_str), &dialect.agencies) {
                (Some("assume_role"), Some(agencies)) => agencies.admit(call, &login, tokens),
                (Some("token"), _) => exchange(call, dialect, &login, tokens),
                _ => (dialect.admit)(&login, settings).map(Admission::from),
            }
        });
    match admitted {
        Ok(admission) => {
            let (token, grant) = tokens.issue(admission, call.now);
            let body = body(call, dialect, grant);
            answer::with_subject(answer::value(StatusCode::CREATED, &body), &token)
        }
        Err(refusal) => refusal.answer(call),
    }
}

/// A token of another scope for a token, which ends when that ends.
fn exchange(
    call: &Call<'_>,
    dialect: &Dialect,
    login: &Login,
    tokens: &Tokens,
) -> Result<Admission, Refusal> {
    #[derive(Deserialize)]
    struct Token {
        id: String,
    }
    let Token { id } = login.sole("token")?;
    let own = tokens.find(&id, call.now).ok_or_else(Refusal::unauthorized)?;
    if own.by_agency {
        return Err(Refusal::forbidden("An agency's token is exchanged for no other."));
    }
    let scope = (dialect.rescope)(login.scope.as_ref())?;
    Ok(Admission { ends_by: own.expires_at, ..scope.into() })
}

/// `/v3/auth/catalog`: the catalog of the caller's token.
pub(crate) fn catalog(call: &Call<'_>, dialect: &Dialect, tokens: &Tokens) -> Response<Vec<u8>> {
    if !matches!(*call.method, Method::GET | Method::HEAD) {
        return answer::no_such_method(call, "GET, HEAD");
    }
    let own = call.grant(tokens);
    let Some(grant) = own else {
        return answer::unauthorized(call);
    };
    let own = format!("{}{}/auth/catalog", call.identity_root(), call.system.version());
    let links = json!({ "next": null, "previous": null, "self": own });
    let mut body = json!({ "catalog": services(call, dialect, grant), "links": links });
    call.localize(&mut body["catalog"]);
    answer::value(StatusCode::OK, &body)
}

/// Reads or revokes the token in `X-Subject-Token` for the holder of the one in `X-Auth-Token`.
fn inspect(call: &Call<'_>, dialect: &Dialect, tokens: &mut Tokens) -> Response<Vec<u8>> {
    let own = call.grant(tokens);
    if own.is_none() {
        return answer::unauthorized(call);
    }
    let Some(subject) = call.header("x-subject-token") else {
        return answer::failure(call, StatusCode::FORBIDDEN);
    };
    let Some(grant) = tokens.find(subject, call.now) else {
        // Keystone names the token here; an error that repeats a token is nothing to imitate.
        return answer::error(call, StatusCode::NOT_FOUND, "Could not find token.");
    };
    if *call.method == Method::DELETE {
        tokens.revoke(subject);
        return answer::empty(StatusCode::NO_CONTENT);
    }
    let body = body(call, dialect, grant);
    answer::with_subject(answer::value(StatusCode::OK, &body), subject)
}

fn body(call: &Call<'_>, dialect: &Dialect, grant: Grant) -> Value {
    let mut body = (dialect.token)(grant.scope);
    let token = &mut body["token"];
    token["issued_at"] = stamp::zoned(grant.issued_at).into();
    token["expires_at"] = stamp::zoned(grant.expires_at).into();
    // The presence of the key decides, whatever its value (document 004, Table 1).
    let catalog = match call.parameter("nocatalog") {
        None => Some(services(call, dialect, grant)),
        Some(_) => dialect.nocatalog.clone().map(Value::from),
    };
    if let Some(catalog) = catalog {
        token["catalog"] = catalog;
        call.localize(&mut token["catalog"]);
    }
    if grant.by_agency {
        agency::sign(grant.scope, token);
    }
    body
}

fn services(call: &Call<'_>, dialect: &Dialect, grant: Grant) -> Value {
    let mut services = Value::from((dialect.catalog)(grant.scope));
    if grant.by_agency {
        agency::move_urls(call.system, &mut services);
    }
    services
}

impl Login {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let TokenRequest { auth } = serde_json::from_slice(body)
            .map_err(|_| Refusal::malformed("Expecting to find auth.identity.methods."))?;
        Ok(Self {
            methods: auth.identity.methods,
            factors: auth.identity.factors,
            scope: auth.scope,
        })
    }

    /// The object of the one method that the vendor documents.
    ///
    /// Keystone overlooks objects that `methods` does not name; they are refused here, because a
    /// client that sends one has lost track of what it is doing.
    pub(crate) fn sole<T: DeserializeOwned>(&self, method: &str) -> Result<T, Refusal> {
        if self.methods.is_empty() || self.methods.iter().any(|named| named != method) {
            return Err(Refusal::unauthorized_because(
                "Attempted to authenticate with an unsupported method.",
            ));
        }
        if let Some(stray) = self.factors.keys().find(|key| *key != method) {
            return Err(Refusal::malformed(&format!("Method {stray} is not among the methods.")));
        }
        let factor = self.factors.get(method).cloned().unwrap_or_default();
        T::deserialize(factor)
            .map_err(|_| Refusal::malformed(&format!("Expecting to find {method} in identity.")))
    }
}

/// How v3 refers to a user's domain, a project or a domain: by id, by name, or by both.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<Box<Self>>,
}

impl Reference {
    /// Whether this says anything at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }

    /// Whether all that this says is true of what has that id and that name.
    pub(crate) fn means(&self, id: &str, name: &str) -> bool {
        !self.is_empty()
            && self.id.as_ref().is_none_or(|said| said == id)
            && self.name.as_ref().is_none_or(|said| said == name)
    }
}

#[derive(Deserialize)]
struct TokenRequest {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
    #[serde(default, deserialize_with = "present")]
    scope: Option<Value>,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    #[serde(flatten)]
    factors: Map<String, Value>,
}

/// Keeps a `null` apart from a key that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
