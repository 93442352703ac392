//! Lists the projects of a user.

use http::{Request, Response};

use super::{
    IdentityRequest, expect_authorized,
    page::{Cursor, Page},
};
use crate::{
    cloud::Cloud,
    error::{ConfigField, Error},
    model::{body::Body, token::Project},
    url::segment::path_segment,
    wire,
};

/// Lists the projects that a user has a role in: `GET /v3/users/{id}/projects` (KakaoCloud, API
/// Preparations, appendix "View project list").
///
/// The next page takes only the query from the server's link and goes to the configured identity
/// URL: KakaoCloud's links have `http://` and lack the path prefix `/identity`.
#[derive(Clone, Debug)]
pub struct UserProjects {
    cursor: Cursor,
    user_id: String,
}

impl UserProjects {
    /// The first page for the user with this id. [`Token::user`](crate::Token::user) has the
    /// caller's own id.
    pub fn new(cloud: &Cloud, user_id: impl Into<String>) -> Self {
        Self { cursor: Cursor::first(cloud), user_id: user_id.into() }
    }
}

impl IdentityRequest for UserProjects {
    type Output = Page<Project, Self>;

    fn request(&self) -> Result<Request<Body>, Error> {
        let user = path_segment(ConfigField::SubjectUser, &self.user_id)?;
        self.cursor.request(&format!("/users/{user}/projects"))
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_authorized(&self.cursor.cloud, &response, &[])?;
        let (items, link) = wire::read_body(&response, wire::projects::read_projects)?;
        let next = self.cursor.following(link);
        Ok(Page { items, next: next.map(|cursor| Self { cursor, ..self.clone() }) })
    }
}
