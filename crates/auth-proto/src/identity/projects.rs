//! The projects of a user, page by page.

use http::{Request, Response};

use super::{
    IdentityRequest, expect_taken,
    page::{Page, Place},
    segment,
};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{body::Body, token::Project},
    wire,
};

/// Lists the projects that a user has a role in: `GET /v3/users/{id}/projects` (KakaoCloud, API
/// Preparations, appendix "View project list").
///
/// The link to the next page is data: KakaoCloud's own say `http://` and lack the path prefix
/// `/identity`. The next request takes nothing but the query from it, and goes to the configured
/// identity URL.
#[derive(Clone, Debug)]
pub struct UserProjects {
    place: Place,
    user_id: String,
}

impl UserProjects {
    /// The first page for the user with this id; [`Token::user`](crate::Token::user) has the own
    /// one.
    pub fn new(cloud: &Cloud, user_id: impl Into<String>) -> Self {
        Self { place: Place::first(cloud), user_id: user_id.into() }
    }
}

impl IdentityRequest for UserProjects {
    type Output = Page<Project, Self>;

    fn request(&self) -> Result<Request<Body>, Error> {
        let user = segment("user id", &self.user_id)?;
        self.place.request(&format!("/users/{user}/projects"))
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_taken(&self.place.cloud, &response, &[])?;
        let (items, link) = wire::projects::read_projects(response.body())?;
        let next = self.place.following(link);
        Ok(Page { items, next: next.map(|place| Self { place, ..self.clone() }) })
    }
}
