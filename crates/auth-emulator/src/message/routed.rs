//! Routing: the system and the service of a request.

use http::{HeaderMap, Method, Request, Uri, header::HOST, uri::Authority};
use serde_json::Value;
use time::UtcDateTime;

use crate::{
    system::{PROVIDER_HOST, PROVIDER_PATH, System},
    tokens::{Grant, Tokens},
};

/// A request and the system that it is for.
pub(crate) struct RoutedRequest<'a> {
    pub(crate) system: System,
    pub(crate) route: Route,
    pub(crate) destination: Destination<'a>,
    pub(crate) method: &'a Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) now: UtcDateTime,
}

/// The service that a request is for.
pub(crate) enum Destination<'a> {
    /// A path on the identity host.
    Identity(&'a str),
    /// A path at the identity provider of the stock Keystone's cloud.
    Provider(&'a str),
    /// A path on any other host of the cloud.
    Service { host: String, path: &'a str },
}

/// The way a request was addressed, which decides the form of URLs in the response.
pub(crate) enum Route {
    /// By a host that the vendor documents, which only a caller in process can use.
    Documented { authority: String },
    /// By the path on any other host.
    Loopback { authority: String },
}

impl<'a> Destination<'a> {
    /// A path on a host of the system's cloud.
    fn on(system: System, host: &str, path: &'a str) -> Self {
        if system.has_identity_at(host) {
            Self::Identity(path)
        } else if host == PROVIDER_HOST {
            Self::Provider(path)
        } else {
            Self::Service { host: host.to_owned(), path }
        }
    }
}

impl<'a> RoutedRequest<'a> {
    /// Finds the system by the host, or else by the first path segment.
    pub(crate) fn route(request: &'a Request<&'a [u8]>, now: UtcDateTime) -> Option<Self> {
        let (uri, headers) = (request.uri(), request.headers());
        let authority = authority(uri, headers);
        let host = authority.host().to_ascii_lowercase();
        let (system, route, destination) = match System::by_host(&host) {
            Some(system) => {
                let destination = Destination::on(system, &host, uri.path());
                (system, Route::Documented { authority: authority.to_string() }, destination)
            }
            None => {
                let (system, destination) = by_path(uri.path())?;
                (system, Route::Loopback { authority: authority.to_string() }, destination)
            }
        };
        Some(Self {
            system,
            route,
            destination,
            method: request.method(),
            query: uri.query().unwrap_or_default(),
            headers,
            body: request.body(),
            now,
        })
    }

    /// The header's value, if it exists and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The grant of the token in `X-Auth-Token`, if the token is valid.
    pub(crate) fn grant(&self, tokens: &Tokens) -> Option<Grant> {
        tokens.find(self.header("x-auth-token")?, self.now)
    }

    /// The value of a query parameter, empty for a key without a value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })
    }

    /// The identity URL in the caller's form, without the version.
    pub(crate) fn identity_root(&self) -> String {
        let prefix = self.system.prefix();
        match &self.route {
            Route::Documented { authority } => format!("https://{authority}{prefix}"),
            Route::Loopback { authority } => {
                format!("http://{authority}{}{prefix}", self.system.path())
            }
        }
    }

    /// The URL of the identity provider in the caller's form.
    pub(crate) fn provider_root(&self) -> String {
        match &self.route {
            Route::Documented { .. } => format!("https://{PROVIDER_HOST}"),
            Route::Loopback { authority } => format!("http://{authority}{PROVIDER_PATH}"),
        }
    }

    /// Rewrites the URLs of a catalog so that the caller can reach them.
    pub(crate) fn localize(&self, catalog: &mut Value) {
        let Route::Loopback { authority } = &self.route else {
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

/// The authority of the URI, or else of the `Host` header, or else `localhost`.
fn authority(uri: &Uri, headers: &HeaderMap) -> Authority {
    uri.authority()
        .cloned()
        .or_else(|| headers.get(HOST)?.to_str().ok()?.parse().ok())
        .unwrap_or(Authority::from_static("localhost"))
}

/// `/{system}/…` is the system's identity host, `/provider/…` the identity provider,
/// `/service/{system}/{host}/…` any host of the system's cloud.
fn by_path(path: &str) -> Option<(System, Destination<'_>)> {
    let (first, rest) = segment(path)?;
    if first == &PROVIDER_PATH[1..] {
        return Some((System::Keystone, Destination::Provider(rest)));
    }
    if first != "service" {
        return Some((System::by_name(first)?, Destination::Identity(rest)));
    }
    let (name, rest) = segment(rest)?;
    let system = System::by_name(name)?;
    let (host, path) = segment(rest)?;
    Some((system, Destination::on(system, host, path)))
}

/// The first segment of a path, and the rest including its slash.
fn segment(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    (!first.is_empty()).then_some((first, rest))
}
