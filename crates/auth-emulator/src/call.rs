use http::{HeaderMap, Method, Request, Uri, header::HOST, uri::Authority};
use serde_json::Value;
use time::UtcDateTime;

use crate::{
    system::System,
    tokens::{Grant, Tokens},
};

/// A request that found its system.
pub(crate) struct Call<'a> {
    pub(crate) system: System,
    pub(crate) origin: Origin,
    pub(crate) place: Place<'a>,
    pub(crate) method: &'a Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) now: UtcDateTime,
}

/// What a request is for, whichever way it came.
pub(crate) enum Place<'a> {
    /// A path on the identity host.
    Identity(&'a str),
    /// A path on any other host of the cloud.
    Service { host: String, path: &'a str },
}

/// How the caller got here, and therefore how an answer spells URLs.
pub(crate) enum Origin {
    /// By a host that the vendor documents, which an in-process caller may ask as if it were there.
    Documented { authority: String },
    /// By the path, on any other host.
    Loopback { authority: String },
}

impl<'a> Call<'a> {
    /// Finds the system by the host, else by the first path segment.
    pub(crate) fn route(request: &'a Request<&'a [u8]>, now: UtcDateTime) -> Option<Self> {
        let (uri, headers) = (request.uri(), request.headers());
        let authority = authority(uri, headers);
        let host = authority.host().to_ascii_lowercase();
        let (system, origin, place) = match System::by_host(&host) {
            Some(system) => {
                let place = if system.has_identity_at(&host) {
                    Place::Identity(uri.path())
                } else {
                    Place::Service { host: host.clone(), path: uri.path() }
                };
                (system, Origin::Documented { authority: authority.to_string() }, place)
            }
            None => {
                let (system, place) = by_path(uri.path())?;
                (system, Origin::Loopback { authority: authority.to_string() }, place)
            }
        };
        Some(Self {
            system,
            origin,
            place,
            method: request.method(),
            query: uri.query().unwrap_or_default(),
            headers,
            body: request.body(),
            now,
        })
    }

    /// A header's text, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the caller's own token stands for, if it lives.
    pub(crate) fn grant(&self, tokens: &Tokens) -> Option<Grant> {
        tokens.find(self.header("x-auth-token")?, self.now)
    }

    /// The value of a query parameter; a bare key has an empty one.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })
    }

    /// The identity URL as this caller knows it, down to the path before the version.
    pub(crate) fn identity_root(&self) -> String {
        let prefix = self.system.prefix();
        match &self.origin {
            Origin::Documented { authority } => format!("https://{authority}{prefix}"),
            Origin::Loopback { authority } => {
                format!("http://{authority}{}{prefix}", self.system.path())
            }
        }
    }

    /// Makes every URL of a catalog one that this caller can reach.
    pub(crate) fn localize(&self, catalog: &mut Value) {
        let Origin::Loopback { authority } = &self.origin else {
            return;
        };
        match catalog {
            Value::Array(values) => values.iter_mut().for_each(|value| self.localize(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.localize(value)),
            Value::String(text) => {
                if let Some(rest) = text.strip_prefix("https://") {
                    *text = format!("http://{authority}/service/{}/{rest}", self.system);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The authority of the URI, else of the Host header, else a stand-in.
fn authority(uri: &Uri, headers: &HeaderMap) -> Authority {
    uri.authority()
        .cloned()
        .or_else(|| headers.get(HOST)?.to_str().ok()?.parse().ok())
        .unwrap_or(Authority::from_static("localhost"))
}

/// `/{system}/…` is the system's identity host, `/service/{system}/{host}/…` any host of its cloud.
fn by_path(path: &str) -> Option<(System, Place<'_>)> {
    let (first, rest) = segment(path)?;
    if first != "service" {
        return Some((System::by_name(first)?, Place::Identity(rest)));
    }
    let (name, rest) = segment(rest)?;
    let system = System::by_name(name)?;
    let (host, path) = segment(rest)?;
    let place = if system.has_identity_at(host) {
        Place::Identity(path)
    } else {
        Place::Service { host: host.to_owned(), path }
    };
    Some((system, place))
}

/// The first segment of a path, and the rest from its slash on.
fn segment(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    (!first.is_empty()).then_some((first, rest))
}
