//! The fields of requests that are made for secrets, and what is left of a request without them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use testing::configured::Role;

use crate::request::Request;

/// What a secret is, by its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `Authorization: Bearer`.
    Bearer,
    /// Any field of a provider's form that is not public: passwords, codes, secrets, tokens.
    Grant,
    /// The client's secret in `Authorization: Basic` beside a provider's form.
    ClientSecret,
    /// `Authorization: Basic` elsewhere.
    HttpBasic,
    /// The secret of an application credential.
    Key,
    /// A one-time code.
    Passcode,
    Password,
    ProxyPassword,
    Receipt,
    /// `X-Subject-Token`, a token in a login, or one in the path of v2.0.
    SubjectToken,
    /// `X-Auth-Token`.
    Token,
    /// `id_token` in a login.
    IdToken,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Grant => "secret in a provider's form",
            Self::ClientSecret => "client secret",
            Self::HttpBasic => "HTTP Basic password",
            Self::Key => "application credential",
            Self::Passcode => "passcode",
            Self::Password => "password",
            Self::ProxyPassword => "proxy's password",
            Self::Receipt => "receipt",
            Self::SubjectToken => "token as a subject",
            Self::Token => "token",
            Self::IdToken => "ID token",
        }
    }

    /// Who may get it.
    pub(crate) fn roles(self) -> &'static [Role] {
        match self {
            Self::Grant | Self::ClientSecret => &[Role::Provider],
            Self::HttpBasic => &[Role::Service],
            Self::ProxyPassword => &[Role::Proxy],
            Self::Token => &[Role::Identity, Role::Service, Role::Catalog],
            Self::Bearer
            | Self::Key
            | Self::Passcode
            | Self::Password
            | Self::Receipt
            | Self::SubjectToken
            | Self::IdToken => &[Role::Identity],
        }
    }
}

/// A request's secrets, and the texts of its other fields.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) secrets: Vec<(Kind, String)>,
    /// Where, and what.
    pub(crate) rest: Vec<(String, String)>,
}

impl Fields {
    pub(crate) fn of(request: &Request) -> Self {
        let mut fields = Self::default();
        fields.target(&request.target);
        let body = String::from_utf8_lossy(&request.body);
        let is_form = fields.body(&body);
        for (name, value) in &request.headers {
            fields.header(name, value, is_form);
        }
        fields
    }

    fn secret(&mut self, kind: Kind, value: &str) {
        if !value.is_empty() {
            self.secrets.push((kind, value.to_owned()));
        }
    }

    fn rest(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.rest.push((place.into(), text.into()));
    }

    /// Version 2.0 has the token in the path.
    fn target(&mut self, target: &str) {
        let Some((before, after)) = target.split_once("/v2.0/tokens/") else {
            return self.rest("target", target);
        };
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (token, after) = after.split_at(end);
        self.secret(Kind::SubjectToken, &decoded(token, false));
        self.rest("target", format!("{before}{after}"));
    }

    fn header(&mut self, name: &str, value: &str, is_form: bool) {
        match name {
            "x-auth-token" => self.secret(Kind::Token, value),
            "x-subject-token" => self.secret(Kind::SubjectToken, value),
            "openstack-auth-receipt" => self.secret(Kind::Receipt, value),
            "authorization" | "proxy-authorization" => {
                let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
                let basic = match name {
                    "proxy-authorization" => Kind::ProxyPassword,
                    _ if is_form => Kind::ClientSecret,
                    _ => Kind::HttpBasic,
                };
                match scheme.to_lowercase().as_str() {
                    "basic" => self.basic(basic, credentials.trim()),
                    _ => self.secret(Kind::Bearer, credentials.trim()),
                }
            }
            _ => self.rest(format!("header {name}"), value),
        }
    }

    fn basic(&mut self, kind: Kind, credentials: &str) {
        let pair = STANDARD.decode(credentials).unwrap_or_default();
        let pair = String::from_utf8_lossy(&pair);
        let (user, password) = pair.split_once(':').unwrap_or((credentials, credentials));
        self.rest("user of HTTP Basic", user);
        match kind {
            // RFC 6749: encoded as in a form, then for HTTP Basic.
            Kind::ClientSecret => self.secret(kind, &decoded(password, true)),
            _ => self.secret(kind, password),
        }
    }

    /// Whether the body is a form of a provider.
    fn body(&mut self, body: &str) -> bool {
        if let Ok(mut json @ Value::Object(_)) = serde_json::from_str::<Value>(body) {
            if let Some(auth) = json.get_mut("auth") {
                self.json("auth", auth);
            }
            self.rest("body", json.to_string());
            return false;
        }
        let pairs: Vec<_> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let is_form = pairs.iter().any(|(name, _)| *name == "grant_type");
        if !is_form {
            self.rest("body", body);
            return false;
        }
        for (name, value) in pairs {
            match PUBLIC.contains(&name) {
                true => self.rest(format!("form field {name}"), value),
                false => self.secret(Kind::Grant, &decoded(value, true)),
            }
        }
        true
    }

    /// Takes the secrets out of the `auth` object of a login.
    fn json(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let kind = match (key, name.as_str()) {
                        (_, "password") => Kind::Password,
                        (_, "passcode") => Kind::Passcode,
                        (_, "secret") => Kind::Key,
                        ("token", "id") => Kind::SubjectToken,
                        ("id_token", "id") => Kind::IdToken,
                        _ => {
                            self.json(name, value);
                            continue;
                        }
                    };
                    match value {
                        Value::String(text) => self.secret(kind, &std::mem::take(text)),
                        _ => self.json(name, value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.json(key, value)),
            _ => {}
        }
    }
}

/// The fields of a provider's form that hold no secret. A one-time code is in a field of any name.
const PUBLIC: [&str; 6] = ["audience", "client_id", "grant_type", "resource", "scope", "username"];

/// The text behind percent signs, in a form with `+` for a space.
fn decoded(text: &str, is_form: bool) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        (rest, _) = match (first, byte) {
            (b'%', Some(byte)) => (&after[2..], bytes.push(byte)),
            (b'+', _) if is_form => (after, bytes.push(b' ')),
            _ => (after, bytes.push(*first)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
