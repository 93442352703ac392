//! The HTTP client as configured: certificates and time-outs.

use std::{fs, path::Path, time::Duration};

use auth_config::{CloudConfig, Tls};
use auth_proto::Settings;
use auth_ureq::Builder;
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem},
    typestate::AgentScope,
};

use crate::output::Failure;

/// The longest wait for a token, retries included, unless `api_timeout` is longer.
pub(super) const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A client with the configured TLS settings and time-outs, and the longest wait for its tokens.
pub(super) fn configured(
    builder: Builder,
    settings: Settings,
    configured: Option<&CloudConfig>,
) -> Result<(Builder, Duration), Failure> {
    // Swift has the method COPY.
    let mut http = Agent::config_builder().allow_non_standard_methods(true);
    if let Some(configured) = configured {
        http = http.tls_config(tls(configured.tls())?);
    }
    let timeout = configured.and_then(CloudConfig::timeout).map(|timeout| timeout.min(LONGEST));
    let builder = builder.http(timed(http, timeout));
    let Some(timeout) = timeout else { return Ok((builder.settings(settings), LOGIN_TIMEOUT)) };
    let response_timeout = settings.response_timeout().max(timeout + Duration::from_secs(1));
    let builder = builder
        .settings(settings.with_response_timeout(response_timeout))
        .identity_timeout(timeout);
    Ok((builder, LOGIN_TIMEOUT.max(timeout)))
}

/// Time-outs for a silent service. A large body may take longer as a whole.
fn timed(http: Http, timeout: Option<Duration>) -> Http {
    match timeout {
        Some(timeout) => http.timeout_connect(Some(timeout)).timeout_per_read(Some(timeout)),
        // The user can watch the progress of an answer that has begun.
        None => {
            http.timeout_connect(Some(ANSWER_TIMEOUT)).timeout_recv_response(Some(ANSWER_TIMEOUT))
        }
    }
}

type Http = ConfigBuilder<AgentScope>;

/// The longest wait for the beginning of an answer, unless `api_timeout` is configured.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// `auth-proto` gives a login up after an hour.
const LONGEST: Duration = Duration::from_secs(3500);

fn tls(wanted: &Tls) -> Result<TlsConfig, Failure> {
    let mut tls = TlsConfig::builder().disable_verification(!wanted.verify);
    if let (Some(path), true) = (&wanted.cacert, wanted.verify) {
        let roots = certificates("cacert", path)?;
        tls = tls.root_certs(RootCerts::new_with_certs(&roots));
    }
    if let Some(path) = &wanted.cert {
        let key = match &wanted.key {
            Some(path) => private_key("key", path)?,
            None => private_key("cert", path)?,
        };
        let chain = certificates("cert", path)?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    Ok(tls.build())
}

fn certificates(key: &str, path: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let items = pem(key, path)?.into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let all: Vec<_> = items.collect();
    if all.is_empty() { Err(lacks(key, path, "certificate")) } else { Ok(all) }
}

fn private_key(key: &str, path: &Path) -> Result<PrivateKey<'static>, Failure> {
    let found = pem(key, path)?.into_iter().find_map(|item| match item {
        PemItem::PrivateKey(private) => Some(private),
        _ => None,
    });
    found.ok_or_else(|| lacks(key, path, "private key"))
}

/// The PEM sections of a file; sections other than certificates and keys are ignored.
fn pem(key: &str, path: &Path) -> Result<Vec<PemItem<'static>>, Failure> {
    let text = fs::read(path).map_err(|why| {
        let path = path.display();
        Failure::usage(format!("{key}: cannot read {path}: {why}; name a readable PEM file"))
    })?;
    let items: Result<Vec<_>, _> = parse_pem(&text).collect();
    items.map_err(|_| lacks(key, path, "usable PEM section"))
}

fn lacks(key: &str, path: &Path, what: &str) -> Failure {
    let path = path.display();
    Failure::usage(format!("{key}: {path} has no {what}; name a PEM file that has one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_bound_silence_not_long_bodies() {
        let usual = timed(Agent::config_builder(), None).build();
        assert_eq!(usual.timeouts().recv_response, Some(ANSWER_TIMEOUT));
        assert_eq!((usual.timeouts().recv_body, usual.timeouts().global), (None, None));
        assert_eq!(usual.timeout_per_read(), None);
        let own = timed(Agent::config_builder(), Some(Duration::from_secs(90))).build();
        assert_eq!(own.timeout_per_read(), Some(Duration::from_secs(90)));
        assert_eq!((own.timeouts().recv_response, own.timeouts().recv_body), (None, None));
    }
}
