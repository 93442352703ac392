//! URLs and the hosts that a secret may go to.
//!
//! `http::Uri` is the only parser, and URLs are compared by their parsed parts: two parsers that
//! read one text differently send a secret to the wrong host.

mod base;
pub(crate) mod fast_path;
pub(crate) mod join;
pub(crate) mod provider;
pub(crate) mod segment;
mod special;

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use http::Uri;

pub(crate) use self::base::Base;
use crate::{error::UrlProblem, limits, text::is_unprintable, url::fast_path::any_byte};

/// Parses a URL's syntax and path. [`Origin::of`] checks the rest.
pub(crate) fn parsed(url: &str) -> Result<Uri, UrlProblem> {
    if url.len() > limits::URL {
        return Err(UrlProblem::TooLong);
    }
    // Without a scheme, `http::Uri` reads a host with a port, or a path. It accepts blanks beyond
    // ASCII in a path.
    let read = url.parse().ok().filter(|uri: &Uri| uri.scheme().is_some() && !has_blank(url));
    let uri = read.ok_or_else(|| problem_of(url))?;
    // Some clients resolve `..` before they send, others send it as it is.
    match join::leads_out(uri.path()) {
        true => Err(UrlProblem::Path),
        false => Ok(uri),
    }
}

/// Scheme, host and port. Whether a secret may be sent to a URL depends on its origin alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin<'u> {
    https: bool,
    /// In lower case, without a final dot; an IPv6 address without its brackets. Borrowed from
    /// nearly every URI, so that the check of a request allocates nothing.
    host: Cow<'u, str>,
    /// The host, if it is an address.
    address: Option<IpAddr>,
    /// Whether a request to the host stays on this machine.
    is_loopback: bool,
    port: u16,
}

impl Origin<'static> {
    /// Parses a URL. A URL that another parser could read differently is refused.
    pub(crate) fn parse(url: &str) -> Result<(Self, Uri), UrlProblem> {
        let uri = parsed(url)?;
        let origin = Origin::of(&uri)?.into_owned();
        Ok((origin, uri))
    }
}

impl<'u> Origin<'u> {
    /// The origin of an absolute URI.
    pub(crate) fn of(uri: &'u Uri) -> Result<Self, UrlProblem> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(UrlProblem::Scheme),
        };
        let authority = uri.authority().ok_or(UrlProblem::Host)?.as_str();
        if any_byte(authority, |b| b == b'@') {
            return Err(UrlProblem::UserInfo);
        }
        let host = host_of(authority);
        // `http::Uri` accepts ports past 65535 and then gives no port.
        let port = match &authority[host.len()..] {
            "" => 443 * u16::from(https) + 80 * u16::from(!https),
            rest => {
                let port = rest.strip_prefix(':').filter(|port| is_port(port));
                let port = port.and_then(|port| port.parse().ok());
                port.ok_or_else(|| problem_of_authority(authority))?
            }
        };
        // Brackets hold an IPv6 address: a name or an address with a zone would evade `special`.
        let written = host;
        let (host, address) = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            None if host.contains(['[', ']']) => return Err(UrlProblem::Brackets),
            None => {
                let host = host.trim_end_matches('.');
                let has_digit = host.starts_with(|c: char| c.is_ascii_digit());
                (host, has_digit.then(|| host.parse().map(IpAddr::V4).ok()).flatten())
            }
            Some(inside) => {
                let inside = inside.ok_or(UrlProblem::Brackets)?;
                let address: Ipv6Addr = inside.parse().map_err(|_| UrlProblem::Host)?;
                (inside, Some(address.into()))
            }
        };
        if host.is_empty() {
            return Err(UrlProblem::Host);
        }
        // Resolvers ask DNS for `localhost.` and `127.0.0.1.`.
        let is_loopback = !written.ends_with('.')
            && match address {
                Some(address) => address.to_canonical().is_loopback(),
                None => host.eq_ignore_ascii_case("localhost"),
            };
        let host = match any_byte(host, |b| b.is_ascii_uppercase()) {
            true => host.to_ascii_lowercase().into(),
            false => host.into(),
        };
        Ok(Self { https, host, address, is_loopback, port })
    }

    pub(crate) fn into_owned(self) -> Origin<'static> {
        let Self { https, host, address, is_loopback, port } = self;
        Origin { https, host: host.into_owned().into(), address, is_loopback, port }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn has_host_of(&self, other: &Origin<'_>) -> bool {
        self.host == other.host && self.is_loopback == other.is_loopback
    }

    /// Whether a request to this origin stays on this machine. Of the names, only `localhost` does:
    /// resolvers ask DNS for the names below it, and for a host with a final dot. A NAT64 address
    /// does not count: the translator is another machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let host = crate::text::shown(&self.host);
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{}", self.port)
        } else {
            write!(f, "{scheme}://{host}:{}", self.port)
        }
    }
}

/// The host of an authority without user info: as `http::uri::Authority::host`, without its search
/// for user info.
fn host_of(authority: &str) -> &str {
    let end = match authority.starts_with('[') {
        true => authority.find(']').map(|bracket| bracket + 1),
        false => authority.find(':'),
    };
    &authority[..end.unwrap_or(authority.len())]
}

/// The reason why a URL was refused, without quoting it: the first of these that applies.
fn problem_of(url: &str) -> UrlProblem {
    let (scheme, authority) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.split(['/', '?', '#']).next()),
        None => (url.split([':', '/', '\\']).next().unwrap_or_default(), None),
    };
    match authority {
        // Its password may contain a blank.
        Some(authority) if authority.contains('@') => UrlProblem::UserInfo,
        _ if has_blank(url) => UrlProblem::Blank,
        _ if !is_scheme(scheme) => UrlProblem::Scheme,
        Some(authority) => problem_of_authority(authority),
        None => UrlProblem::Slashes,
    }
}

/// The reason why a host with an optional port was refused.
fn problem_of_authority(authority: &str) -> UrlProblem {
    let (host, port) = authority.split_once(':').unzip();
    match (host.unwrap_or(authority), port) {
        _ if authority.contains('@') => UrlProblem::UserInfo,
        _ if authority.contains(['[', ']']) => problem_of_brackets(authority),
        _ if is_bare_ipv6(authority) => UrlProblem::Brackets,
        ("", _) => UrlProblem::Host,
        (scheme, Some("")) if is_scheme(scheme) => UrlProblem::TwoSchemes,
        (_, Some(ports)) if ports.contains(':') => UrlProblem::TwoPorts,
        (_, Some(port)) if !is_port(port) => UrlProblem::Port,
        _ => UrlProblem::Syntax,
    }
}

/// The reason why a host with brackets was refused.
fn problem_of_brackets(authority: &str) -> UrlProblem {
    let parts = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((inside, after)) = parts else { return UrlProblem::Brackets };
    match after.strip_prefix(':') {
        _ if inside.contains('[') || after.contains(['[', ']']) => UrlProblem::Brackets,
        Some(port) if is_port(port) => UrlProblem::Host,
        Some(ports) if ports.contains(':') => UrlProblem::TwoPorts,
        Some(_) => UrlProblem::Port,
        None => UrlProblem::Brackets,
    }
}

/// Whether an authority is an IPv6 address without its brackets, perhaps with a port.
fn is_bare_ipv6(authority: &str) -> bool {
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    is_address(authority)
        || authority.rsplit_once(':').is_some_and(|(address, _)| is_address(address))
}

/// Whether a text has a character that is not seen.
fn has_blank(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || is_unprintable(c))
}

fn is_scheme(text: &str) -> bool {
    text.eq_ignore_ascii_case("https") || text.eq_ignore_ascii_case("http")
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port != 0)
}

/// A version of the Identity API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// v2.0: the token is in the body, a project is called a tenant, and domains do not exist.
    V2,
    /// v3: the token is in the `X-Subject-Token` header.
    V3,
}

impl ApiVersion {
    /// The version as the last segment of a path.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::V2 => "/v2.0",
            Self::V3 => "/v3",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_compare_by_parts() {
        let origin = |url| Origin::parse(url).unwrap().0;
        assert_eq!(origin("https://IAM.example./a"), origin("https://iam.example:443/b"));
        assert_ne!(origin("https://iam.example"), origin("http://iam.example"));
        assert_eq!(origin("http://[::1]:80").to_string(), "http://[::1]:80");
    }

    #[test]
    fn loopback_stays_on_this_machine() {
        for (url, is_loopback) in [
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost", true),
            ("http://LOCALHOST:5000", true),
            ("http://localhost.", false),
            ("http://LOCALHOST.:5000", false),
            ("http://127.0.0.1.", false),
            ("http://127.0.0.1..", false),
            ("http://keystone.localhost", false),
            ("http://localhost.localhost.", false),
            ("http://127.0.0.1.localhost", false),
            ("http://loopback", false),
            ("http://localhost.localdomain", false),
            ("http://[::127.0.0.1]", false),
            ("http://[64:ff9b::7f00:1]", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(Origin::parse(url).unwrap().0.is_loopback(), is_loopback, "{url}");
        }
    }
}
