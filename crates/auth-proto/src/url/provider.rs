//! The URLs of identity providers.

use http::Uri;

use super::Origin;
use crate::error::UrlProblem;

/// Parses the URL of an identity provider. Secrets are sent to it, so that it is https, or http on
/// loopback. It may have a query but no fragment (RFC 6749, section 3.2).
pub(crate) fn provider_url(url: &str) -> Result<(Origin<'static>, Uri), UrlProblem> {
    if url.contains('#') {
        return Err(UrlProblem::Fragment);
    }
    let (origin, uri) = Origin::parse(url)?;
    match origin.is_https() || origin.is_loopback() {
        true => Ok((origin, uri)),
        false => Err(UrlProblem::PlainHttpProvider),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_https_or_on_loopback() {
        for (url, want) in [
            ("https://idp.example/token", None),
            ("https://idp.example", None),
            ("https://idp.example:8443/a/token?p=policy", None),
            ("http://127.0.0.1:8080/token", None),
            ("http://[::1]/token", None),
            ("http://localhost/token", None),
            ("http://idp.example/token", Some(UrlProblem::PlainHttpProvider)),
            ("http://127.0.0.1.example/token", Some(UrlProblem::PlainHttpProvider)),
            ("http://localhost./token", Some(UrlProblem::PlainHttpProvider)),
            ("http://169.254.169.254/token", Some(UrlProblem::PlainHttpProvider)),
            ("https://idp.example/token#", Some(UrlProblem::Fragment)),
            ("https://idp.example/token#x", Some(UrlProblem::Fragment)),
            ("https://me:pw@idp.example/token", Some(UrlProblem::UserInfo)),
            ("https://idp.example@evil.example/token", Some(UrlProblem::UserInfo)),
            ("https://idp.example/a/../token", Some(UrlProblem::Path)),
            ("https://idp.example/%2e%2e/token", Some(UrlProblem::Path)),
            ("https://idp.example:0/token", Some(UrlProblem::Port)),
            ("https://idp.example:443:443/token", Some(UrlProblem::TwoPorts)),
            ("https://idp.example /token", Some(UrlProblem::Blank)),
            ("https://idp.example/to\nken", Some(UrlProblem::Blank)),
            ("https:///token", Some(UrlProblem::Host)),
            ("idp.example/token", Some(UrlProblem::Scheme)),
            ("ftp://idp.example/token", Some(UrlProblem::Scheme)),
            ("file:///etc/passwd", Some(UrlProblem::Scheme)),
            ("/token", Some(UrlProblem::Scheme)),
            ("", Some(UrlProblem::Scheme)),
        ] {
            assert_eq!(provider_url(url).err(), want, "{url}");
        }
    }
}
