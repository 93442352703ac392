//! TLS settings, plain http, and the time-out of a request.

use std::{path::PathBuf, time::Duration};

use auth_proto::Cloud;

use crate::{
    input::search,
    report::{error::Error, warning::Warning},
    value::{AUTH, Map, Node, keys},
};

/// TLS settings. A leading `~` in paths is replaced by the home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the server's certificate is verified: true unless `insecure` is true or `verify` is
    /// false.
    pub verify: bool,
    /// A file of certificates to trust instead of the system's.
    pub cacert: Option<PathBuf>,
    /// A file with the client's certificate.
    pub cert: Option<PathBuf>,
    /// The client's private key, if it is not in the file `cert`.
    pub key: Option<PathBuf>,
}

/// The TLS settings. Reports disabled verification.
pub(super) fn tls(
    map: &Map,
    home: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<Tls, Error> {
    let flag = |key: &str| map.get(key).map_or(Ok(None), |node| node.as_bool(key));
    let (insecure, verify) = (flag("insecure")?.unwrap_or(false), flag("verify")?.unwrap_or(true));
    let path = |key: &str| Some(search::expanded(map.get(key)?.as_text()?, home));
    let tls = Tls {
        verify: verify && !insecure,
        cacert: path("cacert"),
        cert: path("cert"),
        key: path("key"),
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
    timeout.map(Some).ok_or_else(|| Error::InvalidValue {
        key: "api_timeout".to_owned(),
        problem: "must be a number of seconds above 0",
        origin: node.origin.clone(),
    })
}
