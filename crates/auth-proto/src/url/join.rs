//! Appends a request's path to an endpoint's URL.

use http::Uri;

use crate::error::UrlProblem;

/// The URL of a path, with its query, below the endpoint's path. Scheme, host and port are copied
/// from the endpoint, not parsed again.
pub(crate) fn join(endpoint: &Uri, path: &Uri) -> Result<Uri, UrlProblem> {
    if endpoint.query().is_some() {
        return Err(UrlProblem::Query);
    }
    check(path)?;
    let prefix = endpoint.path().trim_end_matches('/');
    let query = path.query().map_or_else(String::new, |query| format!("?{query}"));
    let joined = format!("{prefix}{}{query}", path.path());
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = Some(joined.parse().map_err(|_| UrlProblem::TooLong)?);
    Uri::from_parts(parts).map_err(|_| UrlProblem::Syntax)
}

/// Refuses a URI that is not a path, and a path that may lead out of its parent.
pub(crate) fn check(path: &Uri) -> Result<(), UrlProblem> {
    let is_path = path.authority().is_none() && path.path().starts_with('/');
    match is_path && !leads_out(path.path()) {
        true => Ok(()),
        false => Err(UrlProblem::Path),
    }
}

/// Whether a client, proxy or service may read a segment as `.` or `..`.
pub(crate) fn leads_out(path: &str) -> bool {
    // Nearly every path returns here, without a copy.
    if !path.contains(['%', '\\']) && !path.starts_with('.') && !path.contains("/.") {
        return false;
    }
    let path = path.to_ascii_lowercase();
    let path =
        path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\").replace("%3b", ";");
    // Some servers cut a segment at a semicolon, where its parameters begin.
    let names = path.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or(segment));
    names.into_iter().any(|name| name == "." || name == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_under_the_endpoint() {
        for (endpoint, path, joined) in [
            ("https://a.example/v2.1/p", "/servers", "https://a.example/v2.1/p/servers"),
            ("https://a.example/v2.1/p/", "/servers", "https://a.example/v2.1/p/servers"),
            ("https://a.example/v2.1//", "/servers/", "https://a.example/v2.1/servers/"),
            ("https://a.example", "/servers", "https://a.example/servers"),
            ("https://a.example:8774/", "/", "https://a.example:8774/"),
            ("https://a.example/v1", "/", "https://a.example/v1/"),
            (
                "https://a.example/v1",
                "/s?limit=1&x=../..",
                "https://a.example/v1/s?limit=1&x=../..",
            ),
            ("https://a.example/v1", "/?a=/b?c", "https://a.example/v1/?a=/b?c"),
            ("https://a.example/v1", "/s?", "https://a.example/v1/s?"),
            ("http://[::1]:5000/v3", "/users", "http://[::1]:5000/v3/users"),
            // A name of an object, for example.
            (
                "https://a.example/v1",
                "/c/a%2Fb//c...d/..e",
                "https://a.example/v1/c/a%2Fb//c...d/..e",
            ),
            // No part of the path becomes a host.
            ("https://a.example/v1", "//evil.example/x", "https://a.example/v1//evil.example/x"),
            ("https://a.example", "//evil.example/x", "https://a.example//evil.example/x"),
            ("https://a.example", "/\\evil.example", "https://a.example/\\evil.example"),
            ("https://a.example", "/@evil.example", "https://a.example/@evil.example"),
            (
                "https://a.example/v1",
                "/https://evil.example",
                "https://a.example/v1/https://evil.example",
            ),
            // A fragment is not sent.
            ("https://a.example/v1", "/s?a=b#/../x", "https://a.example/v1/s?a=b"),
            ("https://a.example/v1#x", "/s", "https://a.example/v1/s"),
        ] {
            let under = join(&endpoint.parse().unwrap(), &path.parse().unwrap());
            assert_eq!(under.unwrap().to_string(), joined, "{endpoint} {path}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_endpoint() {
        let endpoint: Uri = "https://a.example/v1/p".parse().unwrap();
        for path in [
            "/../q",
            "/..",
            "/x/..",
            "/./x",
            "/x/../../q",
            "/%2e%2e/q",
            "/.%2E/q",
            "/x%2f..%2Fq",
            "/x%2F%2e%2e%2Fq",
            "/\\..\\q",
            "/..;/q",
            "/x/..;a=b/q",
            "/%2e%2e%3b/q",
            "/x%5c..%5cq",
            "*",
            "servers",
            "evil.example:443",
            "https://evil.example/x",
        ] {
            let Ok(path) = path.parse() else { panic!("{path}: not a URI") };
            assert_eq!(join(&endpoint, &path), Err(UrlProblem::Path), "{path}");
        }
        // Not a URI.
        for path in [
            "",
            "?a=b",
            "servers/1",
            "/a b",
            "http:/x",
            "/a\r\nHost: evil.example",
            "/a\tb",
            "/\0",
            "/<x>",
        ] {
            assert!(path.parse::<Uri>().is_err(), "{path:?}");
        }
        let long: Uri = format!("/{}", "x".repeat(65_000)).parse().unwrap();
        let longer: Uri = format!("https://a.example/{}", "x".repeat(1_000)).parse().unwrap();
        assert_eq!(join(&longer, &long), Err(UrlProblem::TooLong));
        let query: Uri = "https://a.example/v1?x=1".parse().unwrap();
        assert_eq!(join(&query, &"/s".parse().unwrap()), Err(UrlProblem::Query));
    }
}
