//! TLS settings, plain http, and the time-out of a request.

use std::{path::PathBuf, time::Duration};

use auth_proto::Cloud;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    input::search,
    report::{error::Error, warning::Warning},
    value::{AUTH, Map, Node, is_pem, keys},
};

/// TLS settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the server's certificate is verified: true unless `insecure` is true or `verify` is
    /// false.
    pub verify: bool,
    /// Certificates to trust instead of the system's.
    pub cacert: Option<Pem>,
    /// The client's certificate.
    pub cert: Option<Pem>,
    /// The client's private key, if it is not in `cert`.
    pub key: Option<Pem>,
}

/// Certificates or a private key in PEM format, as `cacert`, `cert` and `key` have them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Pem {
    /// A file. A leading `~` has been replaced by the home directory.
    File(PathBuf),
    /// The PEM text itself, which may hold a private key.
    Text(SecretString),
}

impl Pem {
    fn new(text: &str, home: Option<&str>) -> Self {
        match is_pem(text) {
            true => Self::Text(with_line_ends(text).as_str().into()),
            false => Self::File(search::expanded(text, home)),
        }
    }
}

/// PEM text with one line end after each line. In a variable a line end may be spelled `\n`, and
/// YAML turns the line ends of a text without quotes into blanks.
fn with_line_ends(text: &str) -> Zeroizing<String> {
    // Allocated once: the line ends take at most as much room as the text.
    let mut out = Zeroizing::new(String::with_capacity(2 * text.len()));
    for (place, part) in text.split("-----").enumerate() {
        // Every second part is a label, as in `-----BEGIN CERTIFICATE-----`.
        if place % 2 == 1 {
            out.extend(["-----", part, "-----\n"]);
            continue;
        }
        let lines = part.split("\\r").flat_map(|part| part.split("\\n"));
        for line in lines.flat_map(str::split_whitespace) {
            out.extend([line, "\n"]);
        }
    }
    out
}

/// The TLS settings. Reports disabled verification.
pub(super) fn tls(
    map: &Map,
    home: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<Tls, Error> {
    let flag = |key: &str| map.get(key).map_or(Ok(None), |node| node.as_bool(key));
    let (insecure, verify) = (flag("insecure")?.unwrap_or(false), flag("verify")?.unwrap_or(true));
    let pem = |key: &str| Some(Pem::new(map.get(key)?.as_text()?, home));
    let tls = Tls {
        verify: verify && !insecure,
        cacert: pem("cacert"),
        cert: pem("cert"),
        key: pem("key"),
    };
    let origin = |key: &str| map.get(key).map(|node| node.origin.clone());
    if !tls.verify {
        let switch = if insecure { "insecure" } else { "verify" };
        warnings.extend(origin(switch).map(Warning::Unverified));
        warnings
            .extend(tls.cacert.as_ref().and_then(|_| origin("cacert")).map(Warning::CacertUnused));
    }
    Ok(tls)
}

/// Whether plain http is allowed. Reports an identity URL that is plain http then.
pub(super) fn plain_http(map: &Map, warnings: &mut Vec<Warning>) -> Result<bool, Error> {
    let Some(node) = map.get(keys::PLAIN_HTTP) else { return Ok(false) };
    let allowed = node.as_bool(keys::PLAIN_HTTP)?.unwrap_or(false);
    let auth = map.get(AUTH).and_then(Node::as_map).filter(|_| allowed);
    let url = auth.and_then(|auth| auth.get("auth_url")).and_then(Node::as_text).map(str::trim);
    // The core refuses plain http beyond loopback unless it is allowed.
    let cloud = url.filter(|url| Cloud::keystone(url).is_err());
    let cloud = cloud.and_then(|url| Cloud::keystone_over_plain_http(url).ok());
    warnings.extend(cloud.map(|cloud| Warning::PlainHttp {
        url: cloud.identity_url().split('/').take(3).collect::<Vec<_>>().join("/"),
        origin: node.origin.clone(),
    }));
    Ok(allowed)
}

/// The time-out of a request, in whole or decimal seconds.
pub(super) fn timeout(map: &Map) -> Result<Option<Duration>, Error> {
    let Some(node) = map.get("api_timeout").filter(|node| !node.is_null()) else { return Ok(None) };
    let seconds = node.as_text().and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|&seconds: &f64| seconds > 0.0);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.map(|timeout| Some(timeout.min(LONGEST))).ok_or_else(|| Error::InvalidValue {
        key: "api_timeout".to_owned(),
        problem: "must be a number of seconds above 0",
        origin: node.origin.clone(),
    })
}

/// `auth-proto` counts a request as lost after an hour.
const LONGEST: Duration = Duration::from_secs(3500);

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_pem_text_gets_its_line_ends() {
        let pem = "-----BEGIN CERTIFICATE-----\nTUlJ\nQ2E=\n-----END CERTIFICATE-----\n\
                   -----BEGIN PRIVATE KEY-----\nS2V5\n-----END PRIVATE KEY-----\n";
        let literal = pem.replace('\n', "\\n");
        let crlf = pem.replace('\n', "\\r\\n");
        let folded = pem.replace('\n', " ");
        let indented = pem.replace('\n', "\r\n    ");
        let tight = "-----BEGIN CERTIFICATE-----TUlJ Q2E=-----END CERTIFICATE----------BEGIN \
                     PRIVATE KEY-----S2V5-----END PRIVATE KEY-----";
        for text in [pem, pem.trim(), &literal, &crlf, &folded, &indented, tight] {
            let Pem::Text(read) = Pem::new(text, None) else { panic!("a file: {text}") };
            assert_eq!(read.expose_secret(), pem, "{text}");
        }
        // Damaged texts are no paths: an error shows a path.
        let long = "MIIJKQIBAAKCAgEA".repeat(20);
        for text in ["MIIJ\nKQIB", "----BEGIN PRIVATE KEY----\\nMIIJ", &long] {
            assert!(matches!(Pem::new(text, None), Pem::Text(_)), "{text}");
        }
        for path in ["/ca.pem", "~/BEGIN", "-----ca.pem"] {
            assert!(matches!(Pem::new(path, Some("/home/me")), Pem::File(_)), "{path}");
        }
    }
}
