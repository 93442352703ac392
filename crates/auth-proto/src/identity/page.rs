//! Lists in pages.

use http::{Request, Uri};

use super::{get, v3_path};
use crate::{cloud::Cloud, error::Error, limits, model::body::Body};

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T, N> {
    /// The entries.
    pub items: Vec<T>,
    /// The request for the next page, if there is one. It never repeats the same page, but a faulty
    /// server may link pages in a circle: limit the number of pages.
    pub next: Option<N>,
}

/// The position in a list.
///
/// The link to the next page cannot be used as it is: KakaoCloud's links have `http://` and lack
/// the path prefix `/identity`. The next request takes only the query from the link and goes to the
/// configured identity URL.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub(super) cloud: Cloud,
    query: Option<String>,
}

impl Cursor {
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

    /// The position that the link points to; `None` without a further page.
    pub(super) fn following(&self, link: Option<String>) -> Option<Self> {
        let uri: Uri = link.filter(|link| link.len() <= limits::URL)?.parse().ok()?;
        let query = Some(uri.query()?.to_owned()).filter(|query| !query.is_empty());
        // A link to the same page would never end.
        let is_further = query.is_some() && query != self.query;
        is_further.then(|| Self { query, ..self.clone() })
    }
}
