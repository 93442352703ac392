//! URLs, as far as this crate needs them: where a secret may go.
//!
//! One parser, `http::Uri`, and every comparison by parsed parts: two parsers that read one text
//! differently are how secrets end up at another host.

pub(crate) mod fast_path;
pub(crate) mod join;

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, PathAndQuery},
};

use crate::{error::UrlProblem, limits, url::fast_path::any_byte};

/// A URL as a URI. It is none before [`Origin::of`] has taken it.
pub(crate) fn parsed(url: &str) -> Result<Uri, UrlProblem> {
    if url.len() > limits::URL {
        return Err(UrlProblem::TooLong);
    }
    if !url.contains("://") {
        return Err(UrlProblem::Scheme);
    }
    let uri: Uri = url.parse().map_err(|_| problem_of(url))?;
    // Some clients take such steps before they send, and others send them.
    match join::leads_out(uri.path()) {
        true => Err(UrlProblem::Path),
        false => Ok(uri),
    }
}

/// Scheme, host and port: what a secret is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin<'u> {
    https: bool,
    /// In lower case, without a final dot; an IPv6 address without its brackets. Nearly every URI
    /// has it just so, and every request of every caller is looked at.
    host: Cow<'u, str>,
    /// The host, if it is one.
    address: Option<IpAddr>,
    port: u16,
}

impl Origin<'static> {
    /// Reads a URL's origin, and refuses every URL that could be read in two ways.
    pub(crate) fn parse(url: &str) -> Result<(Self, Uri), UrlProblem> {
        let uri = parsed(url)?;
        let Origin { https, host, address, port } = Origin::of(&uri)?;
        Ok((Self { https, host: host.into_owned().into(), address, port }, uri))
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
        // `http::Uri` accepts ports past 65535 and then knows no port at all.
        let port = match authority[host.len()..].strip_prefix(':') {
            None => 443 * u16::from(https) + 80 * u16::from(!https),
            Some(port) => {
                let digits = port.bytes().all(|b| b.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port != 0);
                port.ok_or(UrlProblem::Port)?
            }
        };
        // What is in brackets is an IPv6 address and nothing else: not a name, and not an address
        // with a zone, which would be none of the special ones.
        let (host, address) = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            None => {
                let host = host.trim_end_matches('.');
                let has_digit = host.starts_with(|c: char| c.is_ascii_digit());
                (host, has_digit.then(|| host.parse().map(IpAddr::V4).ok()).flatten())
            }
            Some(inside) => {
                let inside = inside.ok_or(UrlProblem::Host)?;
                let address: Ipv6Addr = inside.parse().map_err(|_| UrlProblem::Host)?;
                (inside, Some(address.into()))
            }
        };
        if host.is_empty() {
            return Err(UrlProblem::Host);
        }
        let host = match any_byte(host, |b| b.is_ascii_uppercase()) {
            true => host.to_ascii_lowercase().into(),
            false => host.into(),
        };
        Ok(Self { https, host, address, port })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn has_host_of(&self, other: &Origin<'_>) -> bool {
        self.host == other.host
    }

    /// Whether nothing that is sent there leaves this machine. (What NAT64 translates does.)
    pub(crate) fn is_loopback(&self) -> bool {
        match self.address {
            Some(address) => address.to_canonical().is_loopback(),
            None => self.is_localhost(),
        }
    }

    fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Why no token should go to this host unless somebody named it, if there is a reason: it
    /// leads back to this machine, to its neighbours' configuration or to a cloud's metadata.
    pub(crate) fn special(&self) -> Option<&'static str> {
        match self.address {
            Some(IpAddr::V4(v4)) => special_address(v4.into()),
            Some(IpAddr::V6(v6)) => special_address(v6.into())
                .or_else(|| embedded(v6).into_iter().find_map(|v4| special_address(v4.into()))),
            None if is_numeric(&self.host) => Some("its host is a number in disguise"),
            None if self.is_localhost() || LOOPBACK_NAMES.contains(&&*self.host) => Some(LOOPBACK),
            None if METADATA_NAMES.contains(&&*self.host) => Some(METADATA),
            None => None,
        }
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

/// The host of an authority without user info, as `http::uri::Authority::host` has it, which looks for
/// user info from the end on.
fn host_of(authority: &str) -> &str {
    let end = match authority.starts_with('[') {
        true => authority.find(']').map(|bracket| bracket + 1),
        false => authority.find(':'),
    };
    &authority[..end.unwrap_or(authority.len())]
}

fn special_address(address: IpAddr) -> Option<&'static str> {
    match address {
        address if address.is_loopback() => Some(LOOPBACK),
        address if address.is_unspecified() || address.is_multicast() => {
            Some("it is no address of a service")
        }
        IpAddr::V4(v4) if v4.is_link_local() => Some(LINK_LOCAL),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(LINK_LOCAL),
        address if METADATA_ADDRESSES.contains(&address) => Some(METADATA),
        _ => None,
    }
}

/// The IPv4 addresses that an IPv6 one may stand for: one written as IPv6, or where a tunnel or a
/// translator passes on what is sent there.
fn embedded(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = v6.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    match v6.segments() {
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // NAT64 (RFC 6052, section 2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![at([12, 13, 14, 15])],
        // NAT64 of a network's own (RFC 8215): the address is at one of these places (RFC 6052,
        // section 2.2), and what begins with a zero is what fills up the others.
        [0x64, 0xff9b, 1, ..] => {
            let places = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]];
            places.map(at).into_iter().filter(|v4| v4.octets()[0] != 0).collect()
        }
        _ => v6.to_ipv4().into_iter().collect(),
    }
}

const LOOPBACK: &str = "it is a loopback address";
const LINK_LOCAL: &str = "it is a link-local address";
const METADATA: &str = "it is a metadata service";

/// What hosts files call this machine. A resolver may say otherwise, so that these are not loopback
/// enough for a password over plain http.
pub(crate) const LOOPBACK_NAMES: [&str; 7] = [
    "ip6-localhost",
    "ip6-loopback",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
];

/// Those that no range tells: of Alibaba, Azure, Amazon and Google.
const METADATA_ADDRESSES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];
pub(crate) const METADATA_NAMES: [&str; 4] =
    ["instance-data", "metadata", "metadata.azure.internal", "metadata.google.internal"];

/// Whether resolvers may read the host as an IPv4 address that `Ipv4Addr` does not: `0x7f.1`,
/// `2130706433`, `0177.0.0.1`.
fn is_numeric(host: &str) -> bool {
    // Most names end with a letter that no number has.
    if !host.ends_with(|c: char| c.is_ascii_hexdigit() || c == 'x') {
        return false;
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_number = |part: &str| {
        let hex = part.strip_prefix("0x");
        hex.map_or_else(
            || !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
            |hex| hex.bytes().all(|b| b.is_ascii_hexdigit()),
        )
    };
    is_number(last) && host.parse::<Ipv4Addr>().is_err()
}

/// What `http::Uri` did not like, told without repeating the text.
fn problem_of(url: &str) -> UrlProblem {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    if authority.is_empty() {
        UrlProblem::Host
    } else if authority.contains('@') {
        UrlProblem::UserInfo
    } else if port.is_some_and(|port| port.parse::<u16>().is_err() && !port.contains(']')) {
        UrlProblem::Port
    } else {
        UrlProblem::Syntax
    }
}

/// An identity service's URL without its version: origin and path prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) origin: Origin<'static>,
    /// Without a slash at its end.
    text: String,
    /// The same.
    uri: Uri,
}

impl Base {
    /// Reads a configured identity URL, with or without a version and a slash at its end, or with
    /// the whole path of a login, as the vendors print it.
    pub(crate) fn parse(url: &str) -> Result<(Self, Option<ApiVersion>), UrlProblem> {
        if url.contains(['?', '#']) {
            return Err(UrlProblem::Query);
        }
        let (origin, uri) = Origin::parse(url)?;
        let path = uri.path().trim_end_matches('/');
        let path = ["/v3/auth/tokens", "/v2.0/tokens"]
            .iter()
            .find_map(|login| {
                let (version, _) = login[1..].split_once('/')?;
                let prefix = path.strip_suffix(login)?;
                Some(&path[..prefix.len() + 1 + version.len()])
            })
            .unwrap_or(path);
        let (prefix, api_version) = match path.rsplit_once('/') {
            Some((prefix, "v3")) => (prefix, Some(ApiVersion::V3)),
            Some((prefix, "v2.0")) => (prefix, Some(ApiVersion::V2)),
            _ => (path, None),
        };
        let scheme = uri.scheme_str().unwrap_or("https");
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let text = format!("{scheme}://{authority}{}", prefix.trim_end_matches('/'));
        let uri = text.parse().map_err(|_| UrlProblem::Syntax)?;
        Ok((Self { origin, text, uri }, api_version))
    }

    /// Whether scheme, host and port are the same, letter by letter. `false` says nothing.
    pub(crate) fn is_beside(&self, uri: &Uri) -> bool {
        uri.scheme_str() == self.uri.scheme_str()
            && uri.authority().map(Authority::as_str) == self.uri.authority().map(Authority::as_str)
    }

    /// The URL of `path`, which starts with a slash, under this one.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The same as a URI: scheme and host are taken over as they are, and not read again.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, UrlProblem> {
        let prefix = self.uri.path().trim_end_matches('/');
        let mut parts = self.uri.clone().into_parts();
        let path = Bytes::from([prefix, path].concat());
        let path = PathAndQuery::from_maybe_shared(path).map_err(|_| UrlProblem::Syntax)?;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| UrlProblem::Syntax)
    }
}

/// The version of the identity protocol that a cloud speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// v2.0: the token comes in the body, projects are tenants, there are no domains.
    V2,
    /// v3: the token comes in the `X-Subject-Token` header.
    V3,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_urls_lead_to_the_same_place_however_they_are_written() {
        for (url, base, api_version) in [
            ("https://iam.example", "https://iam.example", None),
            ("https://iam.example/", "https://iam.example", None),
            ("https://iam.example/v3", "https://iam.example", Some(ApiVersion::V3)),
            ("https://iam.example/v3/", "https://iam.example", Some(ApiVersion::V3)),
            ("https://iam.example:5000/v2.0", "https://iam.example:5000", Some(ApiVersion::V2)),
            (
                "https://iam.example/identity/v3",
                "https://iam.example/identity",
                Some(ApiVersion::V3),
            ),
            (
                "https://iam.example/identity//v3//",
                "https://iam.example/identity",
                Some(ApiVersion::V3),
            ),
            (
                "https://iam.example/id/v3/auth/tokens",
                "https://iam.example/id",
                Some(ApiVersion::V3),
            ),
            ("https://iam.example/v2.0/tokens/", "https://iam.example", Some(ApiVersion::V2)),
            ("https://iam.example/dev1/identity", "https://iam.example/dev1/identity", None),
            ("https://iam.example/v3.0", "https://iam.example/v3.0", None),
            ("http://[::1]:35357/v3", "http://[::1]:35357", Some(ApiVersion::V3)),
        ] {
            let (read, version) = Base::parse(url).unwrap();
            assert_eq!((read.text.as_str(), version), (base, api_version), "{url}");
        }
    }

    #[test]
    fn bad_urls_are_told_apart() {
        for (url, problem) in [
            ("", UrlProblem::Scheme),
            ("iam.example/v3", UrlProblem::Scheme),
            ("javascript:alert(1)", UrlProblem::Scheme),
            ("//iam.example/v3", UrlProblem::Scheme),
            ("ftp://iam.example/v3", UrlProblem::Scheme),
            ("https://", UrlProblem::Host),
            ("https:///v3", UrlProblem::Host),
            ("https://user:pw@iam.example/v3", UrlProblem::UserInfo),
            ("https://iam.example\\@evil.example/v3", UrlProblem::UserInfo),
            ("https://iam.example:99999/v3", UrlProblem::Port),
            ("https://iam.example:0/v3", UrlProblem::Port),
            ("https://[iam.example]/v3", UrlProblem::Host),
            ("https://[fe80::1%25eth0]/v3", UrlProblem::Host),
            ("https://iam.example:/v3", UrlProblem::Port),
            ("https://iam.example:+80/v3", UrlProblem::Port),
            ("https://iam.example:80a/v3", UrlProblem::Port),
            ("https://iam.example/v3?x=1", UrlProblem::Query),
            ("https://iam.example/v3#x", UrlProblem::Query),
            ("https://iam example/v3", UrlProblem::Syntax),
            ("https://iam example:443/v3", UrlProblem::Syntax),
            ("https://[::1 ]/v3", UrlProblem::Syntax),
            ("https://iam.example/v3\n", UrlProblem::Syntax),
            ("https://예시.example/v3", UrlProblem::Syntax),
        ] {
            assert_eq!(Base::parse(url).err(), Some(problem), "{url:?}");
        }
        let long = format!("https://iam.example/{}", "x".repeat(limits::URL));
        assert_eq!(Base::parse(&long).err(), Some(UrlProblem::TooLong));
    }

    #[test]
    fn origins_compare_by_parts() {
        let origin = |url| Origin::parse(url).unwrap().0;
        assert_eq!(origin("https://IAM.example./a"), origin("https://iam.example:443/b"));
        assert_ne!(origin("https://iam.example"), origin("http://iam.example"));
        assert_eq!(origin("http://[::1]:80").to_string(), "http://[::1]:80");
    }

    #[test]
    fn only_what_stays_on_this_machine_is_loopback() {
        for (url, is_loopback) in [
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost", true),
            ("http://localhost.localdomain", false),
            ("http://[::127.0.0.1]", false),
            ("http://[64:ff9b::7f00:1]", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(Origin::parse(url).unwrap().0.is_loopback(), is_loopback, "{url}");
        }
    }

    #[test]
    fn special_hosts() {
        for (url, special) in [
            ("https://10.0.0.7", false),
            ("https://service.example", false),
            ("https://fd00.example", false),
            ("https://127.0.0.1", true),
            ("https://127.8.8.8", true),
            ("https://localhost", true),
            ("https://a.localhost.", true),
            ("https://localhost.localdomain", true),
            ("https://localhost.example", false),
            ("https://localhost6.localdomain6", true),
            ("https://ip6-localhost", true),
            ("https://IP6-loopback.", true),
            ("https://[::1]", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://[::127.0.0.1]", true),
            ("https://[::10.0.0.7]", false),
            ("https://169.254.169.254", true),
            ("https://[fe80::1]", true),
            ("https://[2001:db8::1]", false),
            ("https://[fd00:ec2::254]", true),
            ("https://[fd00:ec2::255]", false),
            ("https://[fd20:ce::254]", true),
            ("https://0.0.0.0", true),
            ("https://metadata.google.internal", true),
            ("https://[64:ff9b::a9fe:a9fe]", true),
            ("https://[64:ff9b::7f00:1]", true),
            ("https://[64:ff9b::a00:7]", false),
            ("https://[64:ff9b::a83f:8110]", true),
            ("https://[64:ff9b:1::a9fe:a9fe]", true),
            ("https://[64:ff9b:1:fffe::7f00:1]", true),
            ("https://[64:ff9b:1:7f00:0:100::]", true),
            ("https://[64:ff9b:1:a9:fe:a9fe::]", true),
            ("https://[64:ff9b:1:0:a9:fea9:fe00:0]", true),
            ("https://[64:ff9b:1:a00:7::]", false),
            ("https://[64:ff9b:1::a00:7]", false),
            ("https://[2002:7f00:1::]", true),
            ("https://[2002:a9fe:a9fe::1]", true),
            ("https://[2002:a00:7::7f00:1]", false),
            ("https://100.100.100.200", true),
            ("https://100.100.100.201", false),
            ("https://168.63.129.16", true),
            ("https://[ff02::1]", true),
            ("https://2130706433", true),
            ("https://0x7f.1", true),
            ("https://0177.0.0.1", true),
            ("https://127.1", true),
        ] {
            let origin = Origin::parse(url).unwrap().0;
            assert_eq!(origin.special().is_some(), special, "{url}");
        }
    }
}
