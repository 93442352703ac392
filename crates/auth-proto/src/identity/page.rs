//! Lists that come page by page.

use http::{Request, Uri};

use super::{get, v3_path};
use crate::{cloud::Cloud, error::Error, limits, model::body::Body};

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T, N> {
    /// The entries.
    pub items: Vec<T>,
    /// The exchange that fetches the next page, if there is one. It is never the same page again,
    /// but a server may lead in a wider circle, or on and on: stop after as many pages as can be.
    pub next: Option<N>,
}

/// Where a list is read, and from where on.
///
/// The link to the next page is data: KakaoCloud's own say `http://` and lack the path prefix
/// `/identity`. The next request takes nothing but the query from it, and goes to the configured
/// identity URL.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) cloud: Cloud,
    query: Option<String>,
}

impl Place {
    /// The first page.
    pub(super) fn first(cloud: &Cloud) -> Self {
        Self { cloud: cloud.clone(), query: None }
    }

    /// The request for this page of the list at `path`.
    pub(super) fn request(&self, path: &str) -> Result<Request<Body>, Error> {
        let url = v3_path(&self.cloud, path)?;
        match &self.query {
            Some(query) => get(&format!("{url}?{query}")),
            None => get(&url),
        }
    }

    /// The same list where the link points on. `None` where it does not point on.
    pub(super) fn following(&self, link: Option<String>) -> Option<Self> {
        let uri: Uri = link.filter(|link| link.len() <= limits::URL)?.parse().ok()?;
        let query = Some(uri.query()?.to_owned()).filter(|query| !query.is_empty());
        // A link back to the page itself would go on for ever.
        let goes_on = query.is_some() && query != self.query;
        goes_on.then(|| Self { query, ..self.clone() })
    }
}
