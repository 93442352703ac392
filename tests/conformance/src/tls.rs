//! Whom a client trusts, and how it shows who it is.

use reqwest::ClientBuilder;
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem},
    typestate::AgentScope,
};

use crate::client::Stop;

/// Whom a client trusts beside the usual ones, and how it shows who it is; as PEM.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    pub(crate) root: Option<Vec<u8>>,
    pub(crate) identity: Option<Vec<u8>>,
}

impl Tls {
    pub(crate) fn reqwest(&self) -> ClientBuilder {
        let mut http = ClientBuilder::new().no_proxy();
        if let Some(root) = &self.root {
            let root = reqwest::Certificate::from_pem(root).expect("the server has written it");
            http = http.tls_certs_only([root]);
        }
        if let Some(identity) = &self.identity {
            let identity = reqwest::Identity::from_pem(identity);
            http = http.identity(identity.expect("the server has written it"));
        }
        http
    }

    pub(crate) fn ureq(&self) -> Result<ConfigBuilder<AgentScope>, Stop> {
        let mut tls = TlsConfig::builder();
        if let Some(root) = &self.root {
            let root = Certificate::from_pem(root).map_err(unreadable)?;
            tls = tls.root_certs(RootCerts::new_with_certs(&[root]));
        }
        if let Some(identity) = &self.identity {
            let key = PrivateKey::from_pem(identity).map_err(unreadable)?;
            let chain: Vec<_> = parse_pem(identity)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        Ok(Agent::config_builder().proxy(None).tls_config(tls.build()))
    }
}

fn unreadable(error: ureq::Error) -> Stop {
    Stop::Other(format!("a certificate: {error}"))
}
