//! The projects of a user, page by page.

use http::{Request, Response, Uri};

use super::{Exchange, expect_success, get, segment, v3_path};
use crate::{body::Body, cloud::Cloud, error::Error, limits, token::Project, wire};

/// Lists the projects that a user has a role in: `GET /v3/users/{id}/projects` (KakaoCloud, API
/// Preparations, appendix "View project list").
///
/// The link to the next page is data: KakaoCloud's own say `http://` and lack the path prefix
/// `/identity`. The next request takes nothing but the query from it, and goes to the configured
/// identity URL.
#[derive(Clone, Debug)]
pub struct UserProjects {
    cloud: Cloud,
    user_id: String,
    query: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T, N> {
    /// The entries.
    pub items: Vec<T>,
    /// The exchange that fetches the next page, if there is one.
    pub next: Option<N>,
}

impl UserProjects {
    /// The first page for the user with this id; [`Token::user`](crate::Token::user) has the own
    /// one.
    pub fn new(cloud: &Cloud, user_id: impl Into<String>) -> Self {
        Self { cloud: cloud.clone(), user_id: user_id.into(), query: None }
    }

    /// The same list where the link points on. `None` where it does not point on.
    fn following(&self, link: &str) -> Option<Self> {
        let uri: Uri = Some(link).filter(|link| link.len() <= limits::URL)?.parse().ok()?;
        let query = Some(uri.query()?.to_owned()).filter(|query| !query.is_empty());
        // A link back to the page itself would go on for ever.
        let goes_on = query.is_some() && query != self.query;
        goes_on.then(|| Self { query, ..self.clone() })
    }
}

impl Exchange for UserProjects {
    type Output = Page<Project, Self>;

    fn request(&self) -> Result<Request<Body>, Error> {
        let user = segment("user id", &self.user_id)?;
        let mut url = v3_path(&self.cloud, &format!("/users/{user}/projects"))?;
        if let Some(query) = &self.query {
            url = format!("{url}?{query}");
        }
        get(&url)
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        expect_success(&self.cloud, &response, &[])?;
        let (items, link) = wire::projects::read_projects(response.body())?;
        let next = link.and_then(|link| self.following(&link));
        Ok(Page { items, next })
    }
}
