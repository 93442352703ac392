use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority with a new key.
    pub fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// The authority's certificate as PEM.
    pub fn pem(&self) -> String {
        self.root.pem()
    }

    /// A certificate for this host and its key, both as PEM.
    pub fn issue(&self, host: &str) -> (String, String) {
        let (certificate, key) = self.certificate(host, |_| {});
        (certificate.pem(), key.serialize_pem())
    }

    /// A TLS server with a certificate for this host.
    pub fn server(&self, host: &str) -> ServerConfig {
        self.server_with(host, |_| {})
    }

    /// A TLS server whose certificate differs from a usual one.
    pub fn server_with(
        &self,
        host: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> ServerConfig {
        let (certificate, key) = self.certificate(host, change);
        config(&certificate, &key, None)
    }

    /// A TLS server that requires a client certificate of this authority.
    pub fn mutual_server(&self, host: &str) -> ServerConfig {
        let (certificate, key) = self.certificate(host, |_| {});
        config(&certificate, &key, Some(self.root.der()))
    }

    /// A TLS server whose certificate no authority signed.
    pub fn self_signed(host: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        config(&params.self_signed(&key).unwrap(), &key, None)
    }

    fn certificate(
        &self,
        host: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        change(&mut params);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn config(
    certificate: &rcgen::Certificate,
    key: &KeyPair,
    clients: Option<&CertificateDer<'static>>,
) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots.add(root.clone()).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    config.with_single_cert(vec![certificate.der().clone()], key).unwrap()
}
