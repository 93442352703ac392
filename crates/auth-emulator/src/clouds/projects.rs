//! KakaoCloud's project list (document 003, View project list).

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    account,
    documents::{self, KAKAO_PROJECTS_RESPONSE},
    keystone::{catalog, settings::Settings},
    message::{response, routed::RoutedRequest},
    tokens::Tokens,
};

/// `GET /identity/v3/users/{user}/projects`.
pub(crate) fn list(
    request: &RoutedRequest<'_>,
    user: &str,
    tokens: &Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return response::no_such_method(request, "GET, HEAD");
    }
    let shown = request.grant(tokens);
    if shown.is_none() {
        return response::unauthorized(request);
    }
    if user != account::KAKAO_USER_ID {
        return response::failure(request, StatusCode::FORBIDDEN);
    }
    if settings.page_size.is_none() && request.query.is_empty() {
        return response::json(StatusCode::OK, KAKAO_PROJECTS_RESPONSE);
    }
    let path = format!("/users/{user}/projects");
    match page(request, &path, settings.page_size) {
        Some(page) => response::value(StatusCode::OK, &page),
        None => response::failure(request, StatusCode::BAD_REQUEST),
    }
}

/// One page of the list at this path below the version; `None` if `marker` or `limit` is invalid.
///
/// The links are wrong in the same way as the documented ones: `http:`, and no `/identity`.
pub(crate) fn page(
    request: &RoutedRequest<'_>,
    path: &str,
    page_size: Option<usize>,
) -> Option<Value> {
    let all = projects(if page_size.is_some() { PAGED_PROJECTS } else { 1 });
    let start = match request.parameter("marker") {
        Some(marker) => all.iter().position(|project| project["id"] == marker)? + 1,
        None => 0,
    };
    let limit = match request.parameter("limit") {
        Some(limit) => limit.parse().ok().filter(|limit| *limit > 0)?,
        None => usize::MAX,
    };
    let length = limit.min(page_size.unwrap_or(usize::MAX));
    let page: Vec<_> = all.iter().skip(start).take(length).cloned().collect();

    let own = format!("http://iam.kakaocloud.com/v3{path}");
    let next = match page.last().and_then(|last| last["id"].as_str()) {
        Some(last) if start + page.len() < all.len() => {
            json!(format!("{own}?marker={last}&limit={length}"))
        }
        _ => Value::Null,
    };
    let query =
        if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let links = json!({ "next": next, "self": format!("{own}{query}"), "previous": null });
    Some(json!({ "projects": page, "links": links }))
}

/// The documented project and variations of it.
fn projects(count: usize) -> Vec<Value> {
    let documented = documents::parsed(KAKAO_PROJECTS_RESPONSE)["projects"][0].take();
    (0..count)
        .map(|number| {
            let mut project = documented.clone();
            if number > 0 {
                let name = format!("{}-{number}", account::KAKAO_PROJECT_NAME);
                let id = catalog::id("project", &name);
                project["links"]["self"] =
                    format!("http://iam.kakaocloud.com/v3/projects/{id}").into();
                project["id"] = id.into();
                project["description"] = name.as_str().into();
                project["name"] = name.into();
            }
            project
        })
        .collect()
}

/// The number of projects when the list has pages.
const PAGED_PROJECTS: usize = 25;
