//! KakaoCloud's project list (document 003, View project list).

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    account, answer,
    call::Call,
    catalog,
    documents::{self, KAKAO_PROJECTS_RESPONSE},
    emulator::Settings,
    tokens::Tokens,
};

/// `GET /identity/v3/users/{user}/projects`.
pub(crate) fn list(
    call: &Call<'_>,
    user: &str,
    tokens: &Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    if !matches!(*call.method, Method::GET | Method::HEAD) {
        return answer::no_such_method(call, "GET, HEAD");
    }
    let shown = call.grant(tokens);
    if shown.is_none() {
        return answer::unauthorized(call);
    }
    if user != account::KAKAO_USER_ID {
        return answer::failure(call, StatusCode::FORBIDDEN);
    }
    if settings.page_size.is_none() && call.query.is_empty() {
        return answer::json(StatusCode::OK, KAKAO_PROJECTS_RESPONSE);
    }
    let path = format!("/users/{user}/projects");
    match page(call, &path, settings.page_size) {
        Some(page) => answer::value(StatusCode::OK, &page),
        None => answer::failure(call, StatusCode::BAD_REQUEST),
    }
}

/// One page of the list at this path below the version; `None` if `marker` or `limit` makes no sense.
///
/// Every link is as wrong as the documented ones: `http:`, and no `/identity`.
pub(crate) fn page(call: &Call<'_>, path: &str, page_size: Option<usize>) -> Option<Value> {
    let all = projects(if page_size.is_some() { PAGED_PROJECTS } else { 1 });
    let start = match call.parameter("marker") {
        Some(marker) => all.iter().position(|project| project["id"] == marker)? + 1,
        None => 0,
    };
    let limit = match call.parameter("limit") {
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
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let links = json!({ "next": next, "self": format!("{own}{query}"), "previous": null });
    Some(json!({ "projects": page, "links": links }))
}

/// The documented project, and others like it.
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

/// How many projects there are once they come in pages.
const PAGED_PROJECTS: usize = 25;
