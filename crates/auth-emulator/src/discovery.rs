//! Which versions an identity service has. No document describes this; the shapes are stock
//! Keystone's, and links follow the host that was asked, as they do there.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{answer, call::Call, system::System};

/// `GET {prefix}/{version}`.
pub(crate) fn version(call: &Call<'_>) -> Response<Vec<u8>> {
    if !readable(call) {
        return answer::no_such_method(call, "GET, HEAD");
    }
    answer::value(StatusCode::OK, &json!({ "version": entry(call) }))
}

/// `GET {prefix}/`.
pub(crate) fn versions(call: &Call<'_>) -> Response<Vec<u8>> {
    if !readable(call) {
        return answer::no_such_method(call, "GET, HEAD");
    }
    answer::choices(&json!({ "versions": { "values": [entry(call)] } }), &link(call))
}

fn entry(call: &Call<'_>) -> Value {
    let (id, media, status, updated) = match call.system {
        System::NhnIaas | System::NhnCompute => {
            ("v2.0", "v2.0", "deprecated", "2016-08-04T00:00:00Z")
        }
        System::Otc | System::Kakao | System::Huawei => {
            ("v3.14", "v3", "stable", "2020-04-07T00:00:00Z")
        }
    };
    json!({
        "id": id,
        "links": [{ "href": link(call), "rel": "self" }],
        "media-types": [{
            "base": "application/json",
            "type": format!("application/vnd.openstack.identity-{media}+json"),
        }],
        "status": status,
        "updated": updated,
    })
}

fn link(call: &Call<'_>) -> String {
    format!("{}{}/", call.identity_root(), call.system.version())
}

fn readable(call: &Call<'_>) -> bool {
    matches!(*call.method, Method::GET | Method::HEAD)
}
