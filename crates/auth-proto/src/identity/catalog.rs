//! Fetches the catalog of a token.

use http::{Request, Response};

use super::{IdentityRequest, expect_authorized, get, v3_path};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{body::Body, catalog::Catalog},
    wire,
};

/// Fetches the catalog of the caller's token: `GET /v3/auth/catalog` (Identity API v3, "Get service
/// catalog"). For a token that came without one:
/// [`Token::with_catalog`](crate::Token::with_catalog) adds it, so that
/// [`Cloud::endpoint`](crate::Cloud::endpoint) finds it.
///
/// A token without a project and without a domain has no catalog; the service answers 403.
#[derive(Clone, Debug)]
pub struct FetchCatalog(Cloud);

impl FetchCatalog {
    /// Fetches the catalog from this cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(cloud.clone())
    }
}

impl IdentityRequest for FetchCatalog {
    type Output = Catalog;

    fn request(&self) -> Result<Request<Body>, Error> {
        get(&v3_path(&self.0, "/auth/catalog")?)
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_authorized(&self.0, &response, &[])?;
        Ok(wire::read_body(&response, wire::catalog::read_catalog)?)
    }
}
