//! The base URL of an identity service.

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, PathAndQuery},
};

use super::{ApiVersion, Origin};
use crate::error::UrlProblem;

/// An identity URL without its version: origin and path prefix.
///
/// Two are equal if they name the same place: `https://IAM.example.:443//id` is
/// `https://iam.example/id`. Requests are sent to the URL as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) origin: Origin<'static>,
    /// Without a slash at the end.
    text: String,
    /// The parsed `text`.
    uri: Uri,
}

impl PartialEq for Base {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.segments().eq(other.segments())
    }
}

impl Eq for Base {}

impl Base {
    /// Parses a configured identity URL. It may end with a slash, with a version (`/v3`, `/v2.0`),
    /// or with the path of a login (`/v3/auth/tokens`), as in the vendors' documents.
    pub(crate) fn parse(url: &str) -> Result<(Self, Option<ApiVersion>), UrlProblem> {
        if url.contains(['?', '#']) {
            return Err(UrlProblem::Query);
        }
        let (origin, uri) = Origin::parse(url)?;
        let endings: [(&[&str], _); 4] = [
            (&["v3", "auth", "tokens"], ApiVersion::V3),
            (&["v2.0", "tokens"], ApiVersion::V2),
            (&["v3"], ApiVersion::V3),
            (&["v2.0"], ApiVersion::V2),
        ];
        let versioned = endings.into_iter().find_map(|(ending, api_version)| {
            let prefix = ending.iter().rev().try_fold(uri.path(), |path, last| before(path, last));
            Some((prefix?, Some(api_version)))
        });
        let (prefix, api_version) = versioned.unwrap_or_else(|| (uri.path(), None));
        let scheme = uri.scheme_str().unwrap_or("https");
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let text = format!("{scheme}://{authority}{}", prefix.trim_end_matches('/'));
        let uri = text.parse().map_err(|_| UrlProblem::Syntax)?;
        Ok((Self { origin, text, uri }, api_version))
    }

    /// The parts of the path. Servers ignore a repeated slash.
    fn segments(&self) -> impl Iterator<Item = &str> {
        self.uri.path().split('/').filter(|segment| !segment.is_empty())
    }

    /// Whether scheme, host and port are the same text. If they are not, the origins may still be
    /// the same.
    pub(crate) fn has_same_text_origin(&self, uri: &Uri) -> bool {
        uri.scheme_str() == self.uri.scheme_str()
            && uri.authority().map(Authority::as_str) == self.uri.authority().map(Authority::as_str)
    }

    /// The URL of `path`, which starts with a slash, under the base.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// As [`join`](Self::join), as a URI. Scheme and host are copied, not parsed again.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, UrlProblem> {
        let prefix = self.uri.path().trim_end_matches('/');
        let mut parts = self.uri.clone().into_parts();
        let path = Bytes::from([prefix, path].concat());
        let path = PathAndQuery::from_maybe_shared(path).map_err(|_| UrlProblem::Syntax)?;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| UrlProblem::Syntax)
    }
}

/// The path before its last segment, if that is `last`.
fn before<'p>(path: &'p str, last: &str) -> Option<&'p str> {
    let path = path.trim_end_matches('/').strip_suffix(last)?;
    path.ends_with('/').then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[test]
    fn identity_urls_in_all_spellings() {
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
            ("https://iam.example//v3//auth/tokens", "https://iam.example", Some(ApiVersion::V3)),
            ("https://IAM.example.:443/v3", "https://IAM.example.:443", Some(ApiVersion::V3)),
            ("https://iam.example/av3", "https://iam.example/av3", None),
            ("https://iam.example/dev1/identity", "https://iam.example/dev1/identity", None),
            ("https://iam.example/v3.0", "https://iam.example/v3.0", None),
            ("http://[::1]:35357/v3", "http://[::1]:35357", Some(ApiVersion::V3)),
        ] {
            let (read, version) = Base::parse(url).unwrap();
            assert_eq!((read.text.as_str(), version), (base, api_version), "{url}");
        }
    }

    #[test]
    fn bases_compare_by_origin_and_path() {
        let base = |url| Base::parse(url).unwrap().0;
        for (url, same) in [
            ("https://iam.example/id", true),
            ("https://iam.example:443/id/", true),
            ("HTTPS://IAM.Example/id/v3", true),
            ("https://iam.example./id/v3/auth/tokens", true),
            ("https://iam.example//id//v2.0", true),
            ("https://iam.example:8443/id", false),
            ("http://iam.example/id", false),
            ("https://iam.example/ID", false),
            ("https://iam.example", false),
            ("https://iam.example/id/id", false),
            ("https://iam.example.org/id", false),
        ] {
            assert_eq!(base(url) == base("https://iam.example/id/v3"), same, "{url}");
        }
    }

    #[test]
    fn each_bad_url_has_its_problem() {
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
            ("https://iam example/v3", UrlProblem::Blank),
            ("https://iam example:443/v3", UrlProblem::Blank),
            ("https://[::1 ]/v3", UrlProblem::Blank),
            ("https://iam.example/v3\n", UrlProblem::Blank),
            ("https://예시.example/v3", UrlProblem::Syntax),
            ("https://iam.example/v3\u{a0}", UrlProblem::Blank),
            (" https://iam.example:5000 ", UrlProblem::Blank),
            ("\thttps://iam.example/v3", UrlProblem::Blank),
            ("https: //iam.example/v3", UrlProblem::Blank),
            ("https:// iam.example/v3", UrlProblem::Blank),
            ("\u{feff}https://iam.example/v3", UrlProblem::Blank),
            ("http://iam.example:8080:8080/", UrlProblem::TwoPorts),
            ("https://iam.example:443:x/v3", UrlProblem::TwoPorts),
            ("https://iam.example:443:", UrlProblem::TwoPorts),
            ("https://https://iam.example/v3", UrlProblem::TwoSchemes),
            ("http://HTTPS://iam.example/v3", UrlProblem::TwoSchemes),
            ("https://http:", UrlProblem::TwoSchemes),
            ("https:/iam.example/v3", UrlProblem::Slashes),
            ("https//iam.example/v3", UrlProblem::Slashes),
            ("http:iam.example:5000", UrlProblem::Slashes),
            ("HTTP:\\\\iam.example", UrlProblem::Slashes),
            ("httpss://iam.example/v3", UrlProblem::Scheme),
            ("iam.example:5000/v3", UrlProblem::Scheme),
            ("iam.example:5000", UrlProblem::Scheme),
            ("\"https://iam.example/v3\"", UrlProblem::Scheme),
            ("https://[::1/v3", UrlProblem::Brackets),
            ("https://::1]/v3", UrlProblem::Brackets),
            ("https://[[::1]]/v3", UrlProblem::Brackets),
            ("https://[::1]x/v3", UrlProblem::Brackets),
            ("https://::1/v3", UrlProblem::Brackets),
            ("https://fe80::1:5000/v3", UrlProblem::Brackets),
            ("https://1:2:3:4:5:6:7:8/v3", UrlProblem::Brackets),
            ("https://[::1]:0/v3", UrlProblem::Port),
            ("https://2001:db8:0:0:0:0:0:1:5000/v3", UrlProblem::Brackets),
            ("https://::ffff:192.0.2.1:5000/v3", UrlProblem::Brackets),
            ("https://iam[1]/v3", UrlProblem::Brackets),
            ("https://iam]:443/v3", UrlProblem::Brackets),
            ("https://é]/v3", UrlProblem::Brackets),
            ("https://é[::1]/v3", UrlProblem::Brackets),
            ("https://[::1]:443:443/v3", UrlProblem::TwoPorts),
            ("https://[::1]:443:/v3", UrlProblem::TwoPorts),
            ("https://iam.example::443/v3", UrlProblem::TwoPorts),
            ("https://[::1]:port/v3", UrlProblem::Port),
            ("https://[::1]:/v3", UrlProblem::Port),
            ("https://iam.example:port/v3", UrlProblem::Port),
            ("https://:5000/v3", UrlProblem::Host),
            ("https://user:p w@iam.example/v3", UrlProblem::UserInfo),
            ("https://iam%20example/v3", UrlProblem::Syntax),
            ("https://iam\"example/v3", UrlProblem::Syntax),
        ] {
            assert_eq!(Base::parse(url).err(), Some(problem), "{url:?}");
        }
        let long = format!("https://iam.example/{}", "x".repeat(limits::URL));
        assert_eq!(Base::parse(&long).err(), Some(UrlProblem::TooLong));
    }
}
