//! Two readers of one token response.

use auth_proto::{ApiVersion, IdentityResponse, Project, Token, limits, timestamp};
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use crate::{
    input::{expanded, first_line, response},
    naive::{self, Json},
};

/// Any token response: the typed reader and the naive one both refuse it, or read the same. The first
/// line is `v2`, or the header of a v3 token; the rest is the body.
pub fn differential(data: &[u8]) {
    let data = expanded(data);
    let Some((line, body)) = first_line(&data) else { return };
    let mut response = response(b"200", body);
    if line == b"v2" {
        return agree(&response, ApiVersion::V2);
    }
    let Ok(header) = HeaderValue::from_bytes(line) else { return };
    response.headers_mut().insert("x-subject-token", header);
    agree(&response, ApiVersion::V3);
}

/// Compares the two readers of a token response.
pub(crate) fn agree(response: &Response<Vec<u8>>, api_version: ApiVersion) {
    let typed = match IdentityResponse::read(response, Some(api_version)) {
        Ok(IdentityResponse::Token(_, token)) => Some(written(&token, api_version)),
        _ => None,
    };
    let naive = match json(response.body()) {
        Reading::Json(body) => {
            let header = response.headers().get("x-subject-token");
            naive::token(header.map(HeaderValue::as_bytes), &body, api_version)
        }
        Reading::None => None,
        Reading::Unknown => return,
    };
    assert_eq!(typed, naive);
}

/// The naive reader's result for a body.
pub(crate) enum Reading {
    Json(Json),
    None,
    /// Invalid only for a reader that reads unused values, too.
    Unknown,
}

pub(crate) fn json(body: &[u8]) -> Reading {
    if body.len() > limits::BODY {
        return Reading::None;
    }
    let Ok(text) = std::str::from_utf8(body) else { return Reading::None };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str(text.trim_ascii()) {
        Ok(json) => Reading::Json(json),
        // The typed reader skips unused values at any depth.
        Err(_) if text.matches(['[', '{']).nth(99).is_some() => Reading::Unknown,
        Err(error) => {
            let why = error.to_string();
            let skipped =
                ["number out of range", "lone leading surrogate", "unexpected end of hex"];
            match skipped.iter().any(|start| why.starts_with(start)) {
                true => Reading::Unknown,
                false => Reading::None,
            }
        }
    }
}

/// A token of the core in the shape of the naive reader.
fn written(token: &Token, api_version: ApiVersion) -> Value {
    let domain = |domain: &auth_proto::Domain| json!({ "id": domain.id, "name": domain.name });
    let project = |project: &Project| {
        let owner = project.domain.as_ref().map(domain);
        let mut shape = json!({ "domain": owner, "id": project.id, "name": project.name });
        if api_version == ApiVersion::V2 {
            shape["enabled"] = project.enabled.into();
            shape["description"] = project.description.clone().into();
        }
        shape
    };
    let user = token.user();
    let services = |catalog: &auth_proto::Catalog| -> Vec<Value> {
        let services = catalog.services().map(|service| {
            let endpoints: Vec<_> = service
                .endpoints()
                .map(|at| {
                    json!({ "interface": at.interface(), "region": at.region(), "url": at.url() })
                })
                .collect();
            json!({
                "type": service.service_type(), "name": service.name(), "endpoints": endpoints,
            })
        });
        services.collect()
    };
    let roles: Vec<_> =
        token.roles().iter().map(|role| json!({ "id": role.id, "name": role.name })).collect();
    json!({
        "token": token.expose(),
        "expires_at": timestamp::format(token.expires_at()),
        "issued_at": token.issued_at().map(timestamp::format),
        "methods": token.methods(),
        "domain": token.domain().map(domain),
        "project": token.project().map(project),
        "roles": roles,
        "system": token.is_system(),
        "trust_id": token.trust_id(),
        "user": {
            "domain": user.domain.as_ref().map(domain), "id": user.id, "name": user.name,
        },
        "password_expires_at": user.password_expires_at.map(timestamp::format),
        "catalog": token.catalog().map(services),
    })
}
