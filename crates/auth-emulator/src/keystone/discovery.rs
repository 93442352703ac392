//! The version documents of an identity service. No vendor describes them, so they are those of
//! stock Keystone, with links to the requested host.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    message::{response, routed::RoutedRequest},
    system::System,
};

/// `GET {prefix}/{version}`.
pub(crate) fn version(request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
    if !readable(request) {
        return response::no_such_method(request, "GET, HEAD");
    }
    response::value(StatusCode::OK, &json!({ "version": entry(request) }))
}

/// `GET {prefix}/`.
pub(crate) fn versions(request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
    if !readable(request) {
        return response::no_such_method(request, "GET, HEAD");
    }
    response::multiple_choices(
        &json!({ "versions": { "values": [entry(request)] } }),
        &link(request),
    )
}

fn entry(request: &RoutedRequest<'_>) -> Value {
    let (id, media, status, updated) = match request.system {
        System::NhnIaas | System::NhnCompute => {
            ("v2.0", "v2.0", "deprecated", "2016-08-04T00:00:00Z")
        }
        System::Otc | System::Kakao | System::Huawei | System::Keystone => {
            ("v3.14", "v3", "stable", "2020-04-07T00:00:00Z")
        }
    };
    json!({
        "id": id,
        "links": [{ "href": link(request), "rel": "self" }],
        "media-types": [{
            "base": "application/json",
            "type": format!("application/vnd.openstack.identity-{media}+json"),
        }],
        "status": status,
        "updated": updated,
    })
}

fn link(request: &RoutedRequest<'_>) -> String {
    format!("{}{}/", request.identity_root(), request.system.version())
}

fn readable(request: &RoutedRequest<'_>) -> bool {
    matches!(*request.method, Method::GET | Method::HEAD)
}
