//! The targets of secrets: identity URLs, endpoints of a catalog, paths under them.

use std::net::IpAddr;

use auth_proto::{
    Cloud, Endpoint, EndpointQuery, FetchCatalog, IdentityRequest, Interface, Token, limits,
};
use http::{Request, Response, Uri};
use serde_json::json;
use url::{Host, Url};

use crate::{
    catalog::token,
    checks::check_error,
    input::{STOCK, expanded},
};

/// Any identity URL, any URL in a catalog and any path, one a line.
///
/// The crate `url` (the reader of browsers and reqwest) reads each accepted URL the same way. A
/// token goes only to permitted hosts, and no path leaves its endpoint.
pub fn url(data: &[u8]) {
    let data = expanded(data);
    let Ok(text) = std::str::from_utf8(&data) else { return };
    let mut lines = text.split('\n');
    let [identity, listed, path] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let cloud = match Cloud::keystone(identity) {
        Ok(cloud) => cloud,
        Err(error) => {
            check_error(&error);
            STOCK.clone()
        }
    };
    check_identity(&cloud);
    let token = listing(listed);
    let query = EndpointQuery::new("compute").interfaces(&[Interface::Internal]);
    let endpoint = match cloud.endpoint(&token, &query) {
        Ok(endpoint) => endpoint,
        Err(error) => return check_error(&error),
    };
    assert_eq!(endpoint.url(), listed);
    assert!(listed.len() <= limits::URL);
    check_target(&endpoint, &cloud);
    if let Ok(path) = path.parse() {
        check_path(&endpoint, &path, &cloud, &token);
    }
}

/// A token whose catalog has this one URL.
fn listing(url: &str) -> Token {
    let endpoints = [json!({ "interface": "internal", "url": url })];
    let body = json!({ "catalog": [{ "type": "compute", "endpoints": endpoints }] }).to_string();
    let catalog = FetchCatalog::new(&STOCK).parse(Response::new(body.as_bytes()));
    token().with_catalog(catalog.expect("the catalog is valid"))
}

/// The password goes only to the identity URL, and never unencrypted over a network.
fn check_identity(cloud: &Cloud) {
    let identity = cloud.identity_url();
    let uri: Uri = identity.parse().expect("the URL was read before");
    let user = uri.authority().is_some_and(|at| at.as_str().contains('@'));
    assert!(uri.query().is_none() && !user && !identity.contains('#'), "{identity}");
    let Some(other) = other(&uri) else { return };
    let is_own = match other.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.to_canonical().is_loopback(),
        None => false,
    };
    assert!(other.scheme() == "https" || is_own, "{identity} is plain http");
}

/// The token goes to the host of the identity service, or over TLS to a public host.
fn check_target(endpoint: &Endpoint<'_>, cloud: &Cloud) {
    let uri: Uri = endpoint.url().parse().expect("the URL was read before");
    let identity: Uri = cloud.identity_url().parse().expect("the URL was read before");
    let host = |uri: &Uri| uri.host().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    let Some(other) = other(&uri) else { return };
    if host(&uri) == host(&identity) {
        return assert!(other.scheme() == "https" || identity.scheme_str() == Some("http"));
    }
    assert_eq!(other.scheme(), "https", "{} for {identity}", endpoint.url());
    let inner = match other.host() {
        Some(Host::Ipv4(v4)) => is_inner(v4.into()),
        Some(Host::Ipv6(v6)) => is_inner(v6.to_canonical()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost"
                || name.ends_with(".localhost")
                || name.ends_with(".docker.internal")
                || ["metadata.google.internal", "metadata.tencentyun.com"].contains(&name)
        }
        None => true,
    };
    assert!(!inner, "{} for {identity}", endpoint.url());
}

/// Whether an address is this machine or a cloud's metadata service.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
                || v4.is_multicast()
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

/// A path stays under the endpoint, or is refused.
fn check_path(endpoint: &Endpoint<'_>, path: &Uri, cloud: &Cloud, token: &Token) {
    let joined = match endpoint.join(path) {
        Ok(joined) => joined,
        Err(error) => return check_error(&error),
    };
    assert!(Endpoint::check_path(path).is_ok());
    let own: Uri = endpoint.url().parse().expect("the URL was read before");
    assert_eq!((joined.scheme(), joined.authority()), (own.scheme(), own.authority()));
    let prefix = own.path().trim_end_matches('/');
    assert_eq!(joined.path(), format!("{prefix}{}", path.path()));
    assert_eq!(joined.query(), path.query());

    let mut request = Request::new(());
    *request.uri_mut() = joined.clone();
    assert!(cloud.authorize(token, &mut request).is_ok(), "{joined} is not the endpoint");

    // The other reader resolves dots, escaped or not, as steps upwards.
    if let (Some(other), Some(own)) = (other(&joined), other(&own)) {
        let prefix = own.path().trim_end_matches('/');
        let rest = other.path().strip_prefix(prefix);
        assert!(rest.is_some_and(|rest| rest.starts_with('/')), "{joined} is read as {other}");
    }
}

/// The URL by the other reader, if it accepts it. Both readers agree on host and port.
fn other(uri: &Uri) -> Option<Url> {
    let other = Url::parse(&uri.to_string()).ok()?;
    assert!(other.username().is_empty() && other.password().is_none(), "{uri} has a user");
    let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let port = Some(uri.port_u16().unwrap_or(usual));
    assert_eq!((Some(other.scheme()), other.port_or_known_default()), (uri.scheme_str(), port));
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    match other.host() {
        Some(Host::Domain(name)) => assert_eq!(name, host),
        // An IPv4 address has many spellings.
        Some(Host::Ipv4(_)) => {
            assert!(host.bytes().all(|b| b.is_ascii_hexdigit() || b".x".contains(&b)));
        }
        Some(Host::Ipv6(_)) => assert!(host.starts_with('[')),
        None => panic!("{uri} has no host"),
    }
    Some(other)
}
