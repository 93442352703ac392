//! Tries TLS settings before they are used: ureq panics at the first connection if rustls rejects
//! the client certificate.

use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
    },
    sign::CertifiedKey,
};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use crate::error::Error;

/// Tries the client certificate and the root certificates of these settings with rustls, as
/// [`Builder::build`](crate::Builder::build) does. Settings for another TLS pass.
///
/// # Errors
///
/// [`Error::Build`] with the reason: for example, the private key belongs to another certificate.
pub fn check_tls(tls: &TlsConfig) -> Result<(), Error> {
    if tls.provider() != TlsProvider::Rustls {
        return Ok(());
    }
    if let (RootCerts::Specific(roots), false) = (tls.root_certs(), tls.disable_verification()) {
        let der = roots.iter().map(der);
        let (usable, ignored) = RootCertStore::empty().add_parsable_certificates(der);
        if usable == 0 && ignored > 0 {
            return Err(Error::Build { reason: "no root certificate can be read".to_owned() });
        }
    }
    tls.client_cert().map_or(Ok(()), |pair| check_pair(pair, tls))
}

fn check_pair(pair: &ClientCert, tls: &TlsConfig) -> Result<(), Error> {
    // ureq chooses the same provider.
    let provider = tls
        .unversioned_rustls_crypto_provider()
        .clone()
        .or_else(|| CryptoProvider::get_default().cloned())
        .unwrap_or_else(|| ring::default_provider().into());
    let chain = pair.certs().iter().map(der).collect();
    let tried = CertifiedKey::from_der(chain, key(pair.private_key()), &provider);
    tried.map(drop).map_err(|error| Error::Build { reason: reason(&error) })
}

fn der(certificate: &Certificate<'static>) -> CertificateDer<'static> {
    certificate.der().to_vec().into()
}

fn key(key: &PrivateKey<'static>) -> PrivateKeyDer<'static> {
    let der = key.der().to_vec();
    // ureq does not export the type of the kind.
    match format!("{:?}", key.kind()).as_str() {
        "Pkcs1" => PrivatePkcs1KeyDer::from(der).into(),
        "Sec1" => PrivateSec1KeyDer::from(der).into(),
        _ => PrivatePkcs8KeyDer::from(der).into(),
    }
}

fn reason(error: &rustls::Error) -> String {
    match error {
        rustls::Error::General(_) => "the private key cannot be read, or is of a kind that is not \
                                      accepted; RSA keys need 2048 bits"
            .to_owned(),
        rustls::Error::InconsistentKeys(_) => {
            "the private key belongs to another certificate".to_owned()
        }
        rustls::Error::InvalidCertificate(_) => "the client certificate cannot be read, or is not \
                                                 of X.509 version 3"
            .to_owned(),
        rustls::Error::NoCertificatesPresented => "there is no client certificate".to_owned(),
        error => error.to_string(),
    }
}
