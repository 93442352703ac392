//! Lists the scopes that the caller's token may be exchanged for.

use http::{Request, Response};

use super::{
    IdentityRequest, expect_authorized, get,
    page::{Cursor, Page},
    v3_path,
};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{
        body::Body,
        scope::Scope,
        token::{Domain, Project},
    },
    wire,
};

/// Lists the projects that the caller's token may be scoped to: `GET /v3/auth/projects` (Identity
/// API v3, "Get available project scopes").
///
/// Pages work as in [`UserProjects`](crate::UserProjects).
#[derive(Clone, Debug)]
pub struct Projects(Cursor);

impl Projects {
    /// The first page.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Cursor::first(cloud))
    }
}

impl IdentityRequest for Projects {
    type Output = Page<Project, Self>;

    fn request(&self) -> Result<Request<Body>, Error> {
        self.0.request("/auth/projects")
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_authorized(&self.0.cloud, &response, &[])?;
        let (items, link) = wire::read_body(&response, wire::projects::read_projects)?;
        Ok(Page { items, next: self.0.following(link).map(Self) })
    }
}

/// Lists the domains that the caller's token may be scoped to: `GET /v3/auth/domains` (Identity API
/// v3, "Get available domain scopes").
///
/// Pages work as in [`UserProjects`](crate::UserProjects).
#[derive(Clone, Debug)]
pub struct Domains(Cursor);

impl Domains {
    /// The first page.
    pub fn new(cloud: &Cloud) -> Self {
        Self(Cursor::first(cloud))
    }
}

impl IdentityRequest for Domains {
    type Output = Page<Domain, Self>;

    fn request(&self) -> Result<Request<Body>, Error> {
        self.0.request("/auth/domains")
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_authorized(&self.0.cloud, &response, &[])?;
        let (items, link) = wire::read_body(&response, wire::scopes::read_domains)?;
        Ok(Page { items, next: self.0.following(link).map(Self) })
    }
}

/// Lists the system scopes that the caller's token may be given: `GET /v3/auth/system` (Identity
/// API v3, "Get available system scopes").
///
/// The only system scope is [`Scope::system`]. The list has one entry or is empty, and has no
/// pages.
#[derive(Clone, Debug)]
pub struct SystemScopes(Cloud);

impl SystemScopes {
    /// The list.
    pub fn new(cloud: &Cloud) -> Self {
        Self(cloud.clone())
    }
}

impl IdentityRequest for SystemScopes {
    type Output = Vec<Scope>;

    fn request(&self) -> Result<Request<Body>, Error> {
        get(&v3_path(&self.0, "/auth/system")?)
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_authorized(&self.0, &response, &[])?;
        let all = wire::read_body(&response, wire::scopes::read_system)?;
        Ok(all.then(Scope::system).into_iter().collect())
    }
}
