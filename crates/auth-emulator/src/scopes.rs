//! What a token may be scoped to: `/v3/auth/projects`, `/v3/auth/domains` and `/v3/auth/system`, as
//! Keystone answers them (Identity API v3, "Get available project scopes" and those after it).

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    account, answer, call::Call, emulator::Settings, projects, system::System, tokens::Tokens,
};

/// Which list is asked for.
#[derive(Clone, Copy)]
pub(crate) enum List {
    Domains,
    Projects,
    System,
}

impl List {
    /// The list at this path below the version. No vendor but the one with a stock Keystone has
    /// system scopes.
    pub(crate) fn at(system: System, path: &str) -> Option<Self> {
        match (system, path) {
            (System::NhnIaas | System::NhnCompute, _) => None,
            (_, "/auth/domains") => Some(Self::Domains),
            (_, "/auth/projects") => Some(Self::Projects),
            (System::Kakao, "/auth/system") => Some(Self::System),
            _ => None,
        }
    }
}

/// The list for whoever shows a living token.
pub(crate) fn list(
    call: &Call<'_>,
    list: List,
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
    let page = match list {
        List::Domains => Some(domains(call)),
        List::Projects if call.system == System::Kakao => {
            projects::page(call, "/auth/projects", settings.page_size)
        }
        List::Projects => Some(sole_project(call)),
        // A role in a project is none in the system.
        List::System => Some(whole(call, "system", json!([]))),
    };
    match page {
        Some(page) => answer::value(StatusCode::OK, &page),
        None => answer::failure(call, StatusCode::BAD_REQUEST),
    }
}

fn domains(call: &Call<'_>) -> Value {
    let domain = |id: &str, name: &str| json!([{ "id": id, "name": name, "enabled": true }]);
    let domains = match call.system {
        System::Otc => domain(account::OTC_DOMAIN_ID, account::OTC_DOMAIN),
        System::Huawei => domain(account::HUAWEI_DOMAIN_ID, account::HUAWEI_DOMAIN),
        // A role in a project is none in its domain.
        System::NhnIaas | System::NhnCompute | System::Kakao => json!([]),
    };
    whole(call, "domains", domains)
}

fn sole_project(call: &Call<'_>) -> Value {
    let (id, name, domain) = match call.system {
        System::Huawei => {
            (account::HUAWEI_PROJECT_ID, account::HUAWEI_PROJECT, account::HUAWEI_DOMAIN_ID)
        }
        _ => (account::OTC_PROJECT, account::OTC_PROJECT_NAME, account::OTC_DOMAIN_ID),
    };
    let project = json!({ "id": id, "name": name, "domain_id": domain, "enabled": true });
    whole(call, "projects", json!([project]))
}

/// A list that needs no second page.
fn whole(call: &Call<'_>, key: &str, entries: Value) -> Value {
    let own = format!("{}{}/auth/{key}", call.identity_root(), call.system.version());
    json!({ key: entries, "links": { "next": null, "previous": null, "self": own } })
}
