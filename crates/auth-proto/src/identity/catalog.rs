//! The catalog of a token on its own.

use http::{Request, Response};

use super::{IdentityRequest, expect_taken, get, v3_path};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{body::Body, catalog::Catalog},
    wire,
};

/// Fetches the catalog of the caller's token: `GET /v3/auth/catalog` (Identity API v3, "Get service
/// catalog"). For a token that came without: [`Token::with_catalog`](crate::Token::with_catalog)
/// puts it where [`Cloud::endpoint`](crate::Cloud::endpoint) looks.
///
/// A token of no project and no domain has none, and is answered with 403.
#[derive(Clone, Debug)]
pub struct FetchCatalog(Cloud);

impl FetchCatalog {
    /// The catalog.
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
        expect_taken(&self.0, &response, &[])?;
        Ok(wire::catalog::read_catalog(response.body())?)
    }
}
