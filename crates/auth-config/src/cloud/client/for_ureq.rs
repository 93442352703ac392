//! Clients of `auth-ureq`.

use auth_ureq::{Builder, Client};
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{
        Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsConfigBuilder,
        parse_pem,
    },
    typestate::AgentScope,
};

use super::{Loaded, Material, UNREADABLE};
use crate::{cloud::CloudConfig, report::error::Error};

impl CloudConfig {
    /// A builder of a blocking client: cloud, credential and scope, certificates, time-outs, and the
    /// [reader](Self::secret_reader) of secrets. ureq takes the proxy from the environment.
    ///
    /// # Errors
    ///
    /// The errors of [`cloud`](Self::cloud), [`credential`](Self::credential),
    /// [`scope`](Self::scope) and [`ureq_http`](Self::ureq_http).
    #[cfg_attr(docsrs, doc(cfg(feature = "ureq")))]
    pub fn ureq_builder(&self) -> Result<Builder, Error> {
        let builder = Client::builder(self.cloud()?, self.credential()?, self.scope()?);
        let reader = self.secret_reader();
        let builder = builder.http(self.ureq_http()?).asked(move |asked| reader.reply(asked));
        let builder = builder.settings(self.default_settings());
        Ok(match self.timeout() {
            Some(timeout) => builder.identity_timeout(timeout),
            None => builder,
        })
    }

    /// ureq's own settings as configured, for [`auth_ureq::Builder::http`]: certificates, and the
    /// time-out for a connection and for the silence of a service. Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a file that cannot be read, [`Error::Pem`] for a certificate or a key
    /// that cannot be used.
    #[cfg_attr(docsrs, doc(cfg(feature = "ureq")))]
    pub fn ureq_http(&self) -> Result<ConfigBuilder<AgentScope>, Error> {
        let http = Agent::config_builder().tls_config(tls(self)?);
        Ok(match self.timeout() {
            Some(timeout) => http.timeout_connect(Some(timeout)).timeout_per_read(Some(timeout)),
            None => http,
        })
    }
}

fn tls(cloud: &CloudConfig) -> Result<TlsConfig, Error> {
    let Material { roots, pair } = Material::read(cloud.tls())?;
    let mut tls = TlsConfig::builder().disable_verification(!cloud.tls().verify);
    // Each is tried alone, so that the error names its setting.
    if let Some(pem) = roots {
        let roots = RootCerts::new_with_certs(&certificates(&pem)?);
        check(TlsConfig::builder().root_certs(roots.clone())).map_err(|why| pem.error(&why))?;
        tls = tls.root_certs(roots);
    }
    if let Some(pair) = pair {
        let cert = ClientCert::new_with_certs(&certificates(&pair.cert)?, private_key(pair.key())?);
        check(TlsConfig::builder().client_cert(Some(cert.clone())))
            .map_err(|why| pair.error(&why))?;
        tls = tls.client_cert(Some(cert));
    }
    Ok(tls.build())
}

fn check(tls: TlsConfigBuilder) -> Result<(), String> {
    auth_ureq::check_tls(&tls.build()).map_err(|error| match error {
        auth_ureq::Error::Build { reason } => reason,
        error => error.to_string(),
    })
}

fn certificates(pem: &Loaded) -> Result<Vec<Certificate<'static>>, Error> {
    let certificate = |item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    };
    let certificates: Vec<_> = items(pem)?.into_iter().filter_map(certificate).collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(pem.error(UNREADABLE)),
    }
}

fn private_key(pem: &Loaded) -> Result<PrivateKey<'static>, Error> {
    let key = |item| match item {
        PemItem::PrivateKey(key) => Some(key),
        _ => None,
    };
    items(pem)?.into_iter().find_map(key).ok_or_else(|| pem.error(DAMAGED))
}

fn items(pem: &Loaded) -> Result<Vec<PemItem<'static>>, Error> {
    let items: Result<Vec<_>, _> = parse_pem(&pem.text).collect();
    items.map_err(|_| pem.error(DAMAGED))
}

const DAMAGED: &str = "the PEM text is damaged; copy it again";
