//! Clients of `auth-reqwest`.

use std::{error::Error as StdError, iter};

use auth_proto::{Failure, FailureKind};
use auth_reqwest::{Builder, Client};
use reqwest::{Certificate, ClientBuilder, Identity};
use zeroize::Zeroizing;

use super::{Loaded, Material, Pair, UNREADABLE};
use crate::{cloud::CloudConfig, report::error::Error};

impl CloudConfig {
    /// A builder of an async client: cloud, credential and scope, certificates, time-outs, and the
    /// [reader](Self::secret_reader) of secrets, which reads on tokio's threads for work that
    /// blocks. reqwest takes the proxy from the environment.
    ///
    /// # Errors
    ///
    /// The errors of [`cloud`](Self::cloud), [`credential`](Self::credential),
    /// [`scope`](Self::scope) and [`reqwest_http`](Self::reqwest_http).
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn reqwest_builder(&self) -> Result<Builder, Error> {
        let builder = Client::builder(self.cloud()?, self.credential()?, self.scope()?);
        let reader = self.secret_reader();
        let builder = builder.http(self.reqwest_http()?).asked(move |asked| {
            let reader = reader.clone();
            async move {
                let reply = tokio::task::spawn_blocking(move || reader.reply(&asked));
                reply.await.unwrap_or_else(|_| {
                    Err(Failure::new(FailureKind::Source, "the reader was stopped"))
                })
            }
        });
        let builder = builder.settings(self.default_settings());
        Ok(match self.timeout() {
            Some(timeout) => builder.identity_timeout(timeout),
            None => builder,
        })
    }

    /// reqwest's own settings as configured, for [`auth_reqwest::Builder::http`]: certificates, and
    /// the time-out for a connection and for the silence of a service. Reads the files, once.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a file that cannot be read, [`Error::Pem`] for a certificate or a key
    /// that cannot be used.
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn reqwest_http(&self) -> Result<impl Fn() -> ClientBuilder + Clone + use<>, Error> {
        let Material { roots, pair } = Material::read(self.tls())?;
        let roots = roots.map(|pem| certificates(&pem)).transpose()?;
        let identity = pair.map(|pair| identity(&pair)).transpose()?;
        let (verify, timeout) = (self.tls().verify, self.timeout());
        Ok(move || {
            let mut http = ClientBuilder::new().tls_danger_accept_invalid_certs(!verify);
            if let Some(timeout) = timeout {
                http = http.connect_timeout(timeout).read_timeout(timeout);
            }
            if let Some(roots) = &roots {
                http = http.tls_certs_only(roots.clone());
            }
            match &identity {
                Some(identity) => http.identity(identity.clone()),
                None => http,
            }
        })
    }
}

fn certificates(pem: &Loaded) -> Result<Vec<Certificate>, Error> {
    let roots = Certificate::from_pem_bundle(&pem.text).and_then(|roots| {
        let tried = alone().tls_certs_only(roots.clone()).build();
        tried.map(|_| roots)
    });
    match roots {
        Ok(roots) if roots.is_empty() => Err(pem.error(UNREADABLE)),
        Ok(roots) => Ok(roots),
        Err(error) => Err(pem.error(&reason(&error))),
    }
}

fn identity(pair: &Pair) -> Result<Identity, Error> {
    let (cert, key) = (&pair.cert.text, pair.key.as_ref().map(|key| &key.text));
    let length = cert.len() + key.map_or(0, |key| key.len());
    // Allocated once: a growing vector leaves copies of the key behind.
    let mut both = Zeroizing::new(Vec::with_capacity(length + 1));
    both.extend_from_slice(cert);
    both.push(b'\n');
    both.extend_from_slice(key.map_or(&[], |key| key));
    let identity = Identity::from_pem(&both).and_then(|identity| {
        let tried = alone().tls_certs_only([]).identity(identity.clone()).build();
        tried.map(|_| identity)
    });
    identity.map_err(|error| pair.error(&reason(&error)))
}

/// A builder that depends on nothing but the setting that is tried.
fn alone() -> ClientBuilder {
    ClientBuilder::new().no_proxy()
}

/// The innermost text of an error. The outer ones say little.
fn reason(error: &reqwest::Error) -> String {
    let sources = iter::successors(error.source(), |&error| error.source());
    sources.last().map_or_else(|| error.to_string(), ToString::to_string)
}
