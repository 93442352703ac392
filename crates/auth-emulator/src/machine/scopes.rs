//! The available scopes of a token: `/v3/auth/projects`, `/v3/auth/domains` and `/v3/auth/system`,
//! as in Keystone (Identity API v3, "Get available project scopes" and the sections after it).

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    account,
    clouds::projects,
    keystone::settings::Settings,
    message::{response, routed::RoutedRequest},
    system::System,
    tokens::Tokens,
};

/// The requested list.
#[derive(Clone, Copy)]
pub(crate) enum ScopeList {
    Domains,
    Projects,
    System,
}

impl ScopeList {
    /// The list at this path below the version. Of the vendors, only KakaoCloud has system scopes.
    pub(crate) fn at(system: System, path: &str) -> Option<Self> {
        match (system, path) {
            (System::NhnIaas | System::NhnCompute | System::Keystone, _) => None,
            (_, "/auth/domains") => Some(Self::Domains),
            (_, "/auth/projects") => Some(Self::Projects),
            (System::Kakao, "/auth/system") => Some(Self::System),
            _ => None,
        }
    }
}

/// Returns the list if the request has a valid token.
pub(crate) fn list(
    request: &RoutedRequest<'_>,
    list: ScopeList,
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
    let page = match list {
        ScopeList::Domains => Some(domains(request)),
        ScopeList::Projects if request.system == System::Kakao => {
            projects::page(request, "/auth/projects", settings.page_size)
        }
        ScopeList::Projects => Some(only_project(request)),
        // A project role gives no access to the system.
        ScopeList::System => Some(single_page(request, "system", json!([]))),
    };
    match page {
        Some(page) => response::value(StatusCode::OK, &page),
        None => response::failure(request, StatusCode::BAD_REQUEST),
    }
}

fn domains(request: &RoutedRequest<'_>) -> Value {
    let domain = |id: &str, name: &str| json!([{ "id": id, "name": name, "enabled": true }]);
    let domains = match request.system {
        System::Otc => domain(account::OTC_DOMAIN_ID, account::OTC_DOMAIN),
        System::Huawei => domain(account::HUAWEI_DOMAIN_ID, account::HUAWEI_DOMAIN),
        // A project role gives no access to its domain.
        _ => json!([]),
    };
    single_page(request, "domains", domains)
}

fn only_project(request: &RoutedRequest<'_>) -> Value {
    let (id, name, domain) = match request.system {
        System::Huawei => {
            (account::HUAWEI_PROJECT_ID, account::HUAWEI_PROJECT, account::HUAWEI_DOMAIN_ID)
        }
        _ => (account::OTC_PROJECT, account::OTC_PROJECT_NAME, account::OTC_DOMAIN_ID),
    };
    let project = json!({ "id": id, "name": name, "domain_id": domain, "enabled": true });
    single_page(request, "projects", json!([project]))
}

/// A list on one page.
fn single_page(request: &RoutedRequest<'_>, key: &str, entries: Value) -> Value {
    let own = format!("{}{}/auth/{key}", request.identity_root(), request.system.version());
    json!({ key: entries, "links": { "next": null, "previous": null, "self": own } })
}
