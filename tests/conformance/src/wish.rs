//! The input of a login.

use std::sync::Arc;

use auth_proto::{Cloud, Credential, EndpointError, EndpointQuery, ErrorKind, Scope, Token};
use testing::{Adapter, Builder, Client, Error};

/// The input of a login.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) cloud: Cloud,
    pub(crate) credential: Credential,
    pub(crate) scope: Scope,
    pub(crate) catalog: bool,
    /// A certificate authority and a client certificate, both as PEM.
    pub(crate) root: Option<Vec<u8>>,
    pub(crate) identity: Option<Vec<u8>>,
}

impl Wish {
    pub(crate) fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        Self { cloud, credential, scope, catalog: true, root: None, identity: None }
    }

    /// A client of an adapter, or a login of the bare core.
    pub(crate) fn client(self, through: Adapter) -> Result<Client, Error> {
        let builder = through.client(self.cloud, self.credential, self.scope);
        let builder = if self.catalog { builder } else { builder.without_catalog() };
        let builder = self.root.into_iter().fold(builder, Builder::trust);
        self.identity.into_iter().fold(builder, Builder::identity).build()
    }

    pub(crate) fn token(self, through: Adapter) -> Result<Arc<Token>, Error> {
        self.client(through)?.token()
    }
}

/// The URL that a client finds; `None` if there is no such endpoint.
pub(crate) fn found(client: &Client, query: &EndpointQuery) -> Result<Option<String>, String> {
    match client.endpoint(query) {
        Ok(url) => Ok(Some(url)),
        Err(stop) => match stop.auth().map(|error| error.kind()) {
            Some(ErrorKind::Endpoint(EndpointError::NotFound { .. })) => Ok(None),
            _ => Err(stop.to_string()),
        },
    }
}
