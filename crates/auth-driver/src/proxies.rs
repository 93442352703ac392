//! Proxies that the environment names and the HTTP client silently does not use.

use std::{ffi::OsString, fmt, net::IpAddr};

use http::Uri;

/// Where an HTTP client reads its proxies from, and which of them it can use.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each HTTP client states all of it")]
pub struct ProxyVariables {
    /// The variables for http URLs. Of each group, the first that is set counts; if its value is
    /// empty, the next group does.
    pub http: &'static [&'static [&'static str]],
    /// The same for https URLs.
    pub https: &'static [&'static [&'static str]],
    /// Whether the HTTP client understands this value, as far as it has SOCKS.
    pub is_understood: fn(&str) -> bool,
    /// Whether the HTTP client has SOCKS.
    pub has_socks: bool,
}

/// The proxies of the environment that an HTTP client ignores: it would connect directly. A driver
/// sends nothing then, except to hosts that `NO_PROXY` names.
#[derive(Clone, Debug, Default)]
pub struct IgnoredProxies {
    http: Option<ProxyError>,
    https: Option<ProxyError>,
    /// The value of `NO_PROXY`.
    excepted: String,
}

/// An environment variable that names a proxy which the HTTP client cannot use. The value is not
/// shown, because it may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyError {
    /// The variable's name.
    pub variable: &'static str,
    /// Whether the value names a SOCKS proxy, which the HTTP client was built without. Otherwise
    /// the value is no URL of a proxy.
    pub is_socks: bool,
}

impl ProxyVariables {
    /// An HTTP client with one proxy for all requests, as ureq has it: the first variable with a
    /// value counts.
    pub const fn for_all_urls(is_understood: fn(&str) -> bool, has_socks: bool) -> Self {
        let all: &[&[&str]] = &[
            &["ALL_PROXY"],
            &["all_proxy"],
            &["HTTPS_PROXY"],
            &["https_proxy"],
            &["HTTP_PROXY"],
            &["http_proxy"],
        ];
        Self { http: all, https: all, is_understood, has_socks }
    }

    /// An HTTP client with a proxy for each scheme, as curl and reqwest have it.
    pub const fn for_each_scheme(is_understood: fn(&str) -> bool, has_socks: bool) -> Self {
        let http: &[&[&str]] = &[&["HTTP_PROXY", "http_proxy"], &["ALL_PROXY", "all_proxy"]];
        let https: &[&[&str]] = &[&["HTTPS_PROXY", "https_proxy"], &["ALL_PROXY", "all_proxy"]];
        Self { http, https, is_understood, has_socks }
    }
}

impl IgnoredProxies {
    /// Reads the environment. `get` is [`std::env::var_os`], or a test's own.
    pub fn read(variables: &ProxyVariables, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let first_of = |group: &[&'static str]| group.iter().find_map(|&n| Some((n, get(n)?)));
        let ignored = |groups: &[&[&'static str]]| {
            let mut set = groups.iter().filter_map(|group| first_of(group));
            let (variable, value) = set.find(|(_, value)| !value.is_empty())?;
            // A value that is no Unicode is one that no HTTP client can read.
            let value = value.to_str().unwrap_or_default();
            let is_understood = has_host(value) && (variables.is_understood)(value);
            let is_socks = value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("socks"));
            let is_ignored = !is_understood || (is_socks && !variables.has_socks);
            is_ignored.then_some(ProxyError { variable, is_socks: is_understood })
        };
        let excepted = first_of(&["NO_PROXY", "no_proxy"]);
        Self {
            http: ignored(variables.http),
            https: ignored(variables.https),
            excepted: excepted.map_or_else(String::new, |(_, v)| v.to_string_lossy().into_owned()),
        }
    }

    /// For a client that will send requests to this URL, and to others.
    pub(crate) fn check_all(&self, url: &str, https_only: bool) -> Result<(), ProxyError> {
        let ignored = self.https.or(if https_only { None } else { self.http });
        let host = url.parse().ok().as_ref().and_then(Uri::host).map(str::to_owned);
        match (ignored, host) {
            (Some(error), Some(host)) if !self.excepts(&host) => Err(error),
            _ => Ok(()),
        }
    }

    /// For a request to this URL.
    pub(crate) fn check(&self, url: &Uri) -> Result<(), ProxyError> {
        let ignored = if url.scheme_str() == Some("http") { self.http } else { self.https };
        match ignored {
            Some(error) if !self.excepts(url.host().unwrap_or_default()) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether `NO_PROXY` names this host: itself, a domain above it, its network, or `*`. HTTP
    /// clients differ in the details; what any of them accepts is the user's wish for a direct
    /// connection.
    fn excepts(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        self.excepted.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
            let name = entry.trim_start_matches(['*', '.']);
            let is_domain = || host.strip_suffix(name).is_some_and(|front| front.ends_with('.'));
            entry == "*"
                || (!name.is_empty() && (host == name || is_domain() || is_in(&host, name)))
        })
    }
}

/// Whether a value is a URL with a host, and with a valid port if there is one. HTTP clients accept
/// it without a scheme.
fn has_host(value: &str) -> bool {
    let Ok(url) = value.parse::<Uri>() else { return false };
    let Some(authority) = url.authority() else { return false };
    let address = authority.as_str().rsplit('@').next().unwrap_or_default();
    let has_port = address.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    !authority.host().is_empty() && has_port == authority.port_u16().is_some()
}

/// Whether an address is in a network such as `10.0.0.0/8`.
fn is_in(host: &str, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(host), Ok(base), Ok(bits)) = (host.parse(), base.parse(), bits.parse::<u32>()) else {
        return false;
    };
    let differ = match (host, base) {
        (IpAddr::V4(host), IpAddr::V4(base)) => (host.to_bits() ^ base.to_bits()).leading_zeros(),
        (IpAddr::V6(host), IpAddr::V6(base)) => (host.to_bits() ^ base.to_bits()).leading_zeros(),
        _ => return false,
    };
    differ >= bits
}

impl ProxyError {
    /// The reason and the remedies of a program's user: the text without those of its author.
    pub fn for_users(&self) -> String {
        let problem = match self.is_socks {
            true => "names a SOCKS proxy, which this program was built without",
            false => "is not the URL of a proxy (http://proxy.example:3128)",
        };
        format!(
            "{} {problem}, so the connection would be direct; correct or unset the variable, or \
             add the host to NO_PROXY",
            self.variable
        )
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feature = if self.is_socks { "; build it with the feature `socks`" } else { "" };
        write!(
            f,
            "{}{feature}; if the HTTP settings name a proxy or turn it off, call \
             Builder::check_proxies(false)",
            self.for_users()
        )
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: ProxyVariables = ProxyVariables {
        http: &[&["HTTP_PROXY", "http_proxy"], &["ALL_PROXY"]],
        https: &[&["HTTPS_PROXY"], &["ALL_PROXY"]],
        is_understood: |value| !value.starts_with("ftp:"),
        has_socks: false,
    };

    /// The variables that are ignored for http and for https.
    fn ignored(variables: &ProxyVariables, set: &[(&str, &str)]) -> IgnoredProxies {
        IgnoredProxies::read(variables, |name| {
            set.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn what_the_client_would_ignore_is_found() {
        let good = "http://me:t0ps3cret@proxy.example:3128";
        for (set, http, https) in [
            (&[][..], None, None),
            (&[("HTTP_PROXY", good), ("ALL_PROXY", "")], None, None),
            (&[("HTTP_PROXY", "proxy.example:3128")], None, None),
            (&[("HTTP_PROXY", "[::1]:3128"), ("HTTPS_PROXY", "http://[::1]")], None, None),
            (&[("HTTP_PROXY", "http://"), ("ALL_PROXY", good)], Some("HTTP_PROXY"), None),
            (&[("http_proxy", "/t0ps3cret")], Some("http_proxy"), None),
            (&[("HTTP_PROXY", ""), ("http_proxy", "http://")], None, None),
            (&[("HTTPS_PROXY", " http://a:1")], None, Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "http://a:99999")], None, Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "http://a:b@c:")], None, Some("HTTPS_PROXY")),
            (&[("ALL_PROXY", "ftp://a")], Some("ALL_PROXY"), Some("ALL_PROXY")),
            (&[("ALL_PROXY", "ftp://a"), ("HTTPS_PROXY", good)], Some("ALL_PROXY"), None),
        ] {
            let found = ignored(&VARIABLES, set);
            let names = [found.http, found.https].map(|error| error.map(|error| error.variable));
            assert_eq!(names, [http, https], "{set:?}");
            assert!(![found.http, found.https].into_iter().flatten().any(|error| error.is_socks));
            assert!(!format!("{found:?}").contains("t0ps3cret"));
        }
    }

    #[test]
    fn a_socks_proxy_needs_a_client_with_socks() {
        for value in ["socks5://a:1080", "socks5h://me:t0ps3cret@a", "SOCKS4://a", "socks://a"] {
            let error = ignored(&VARIABLES, &[("ALL_PROXY", value)]).https.unwrap();
            assert!(error.is_socks);
            let shown = format!("{error} {error:?}");
            assert!(shown.starts_with("ALL_PROXY names a SOCKS proxy"), "{shown}");
            assert!(!shown.contains("t0ps3cret"));
            let with_socks = ProxyVariables { has_socks: true, ..VARIABLES };
            assert_eq!(ignored(&with_socks, &[("ALL_PROXY", value)]).https, None);
        }
        let error = ignored(&VARIABLES, &[("ALL_PROXY", "socks5://")]).https.unwrap();
        assert!(error.to_string().starts_with("ALL_PROXY is not the URL of a proxy"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_unicode_is_found() {
        use std::os::unix::ffi::OsStringExt;

        let get = |name: &str| (name == "HTTP_PROXY").then(|| OsString::from_vec(vec![b'a', 0xFF]));
        assert!(IgnoredProxies::read(&VARIABLES, get).http.is_some());
    }

    #[test]
    fn no_proxy_excepts_hosts() {
        for (excepted, host, is_excepted) in [
            ("", "a.example", false),
            ("*", "a.example", true),
            ("b.example, A.example", "a.example", true),
            ("example", "a.example", true),
            (".example", "a.example", true),
            ("*.example", "a.example", true),
            ("xample", "a.example", false),
            ("a.example", "example", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("::1", "[::1]", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.0.0.0/0", "11.1.2.3", true),
            ("fd00::/8", "[fd12::1]", true),
            ("10.0.0.0/8", "a.example", false),
            (",", "a.example", false),
        ] {
            let set = [("ALL_PROXY", "socks5://a"), ("NO_PROXY", excepted)];
            let found = ignored(&VARIABLES, &set);
            let url: Uri = format!("https://{host}:8774/v2.1").parse().unwrap();
            assert_eq!(found.check(&url).is_ok(), is_excepted, "{excepted} {host}");
            let checked = found.check_all(&url.to_string(), true);
            assert_eq!(checked.is_ok(), is_excepted, "{excepted} {host}");
        }
    }

    #[test]
    fn a_proxy_for_http_concerns_no_https_client() {
        let found = ignored(&VARIABLES, &[("HTTP_PROXY", "http://")]);
        assert_eq!(found.check_all("https://a.example/v3", true), Ok(()));
        assert!(found.check_all("https://a.example/v3", false).is_err());
        assert_eq!(found.check(&Uri::from_static("https://a.example")), Ok(()));
        assert!(found.check(&Uri::from_static("http://a.example")).is_err());
    }
}
