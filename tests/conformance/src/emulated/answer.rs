//! An answer without what differs between two servers of the same contents.

use http::Response;
use serde_json::{Map, Value, json};

/// The status, some headers, and the body. Ids, times and tokens are replaced by words, the URL of
/// the server by `URL`.
pub(super) fn comparable(answer: &Response<Vec<u8>>, url: &str, receipt: &str) -> Value {
    let plain = |text: &str| plain(text, url, receipt);
    let header = |name: &str| {
        let value = answer.headers().get(name)?.to_str().ok()?;
        Some(match name {
            "x-subject-token" | "openstack-auth-receipt" => "a token".to_owned(),
            _ => plain(value),
        })
    };
    let headers: Map<_, _> =
        HEADERS.iter().filter_map(|name| Some((name.to_string(), header(name)?.into()))).collect();
    let body = match serde_json::from_slice(answer.body()) {
        Ok(body) => replaced(body, &plain),
        // Pages of a web framework.
        Err(_) if !answer.body().is_empty() => "no JSON".into(),
        Err(_) => Value::Null,
    };
    json!({ "status": answer.status().as_u16(), "headers": headers, "body": body })
}

const HEADERS: [&str; 6] = [
    "content-type",
    "location",
    "openstack-auth-receipt",
    "vary",
    "www-authenticate",
    "x-subject-token",
];

fn replaced(value: Value, plain: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => plain(&text).into(),
        Value::Array(values) => {
            // Neither server promises an order.
            let mut values: Vec<_> =
                values.into_iter().map(|value| replaced(value, plain)).collect();
            values.sort_by_key(Value::to_string);
            values.into()
        }
        Value::Object(fields) => {
            let replace = |(key, value): (String, Value)| {
                let value = match key.as_str() {
                    "catalog" => services(&value),
                    "audit_ids" => value.as_array().map_or(0, Vec::len).into(),
                    "expires_at" | "issued_at" => value.as_str().map_or(0, str::len).into(),
                    _ => replaced(value, plain),
                };
                (key, value)
            };
            Value::Object(fields.into_iter().map(replace).collect())
        }
        other => other,
    }
}

/// The form of two services: one that is the same for all, and one with the project in its URLs.
fn services(catalog: &Value) -> Value {
    let form = |kind: &str| {
        let service = catalog.as_array()?.iter().find(|service| service["type"] == kind)?;
        let fields: Vec<_> = service.as_object()?.keys().collect();
        let first = service["endpoints"].get(0).and_then(Value::as_object);
        Some(json!([fields, first.map(|endpoint| endpoint.keys().collect::<Vec<_>>())]))
    };
    json!([form("compute"), form("volumev3")])
}

/// The text without the server's URL, the receipt, and ids of 32 hexadecimal digits.
fn plain(text: &str, url: &str, receipt: &str) -> String {
    let mut text = text.replace(url, "URL");
    if !receipt.is_empty() {
        text = text.replace(receipt, "RECEIPT");
    }
    let mut parts: Vec<&str> = text.split('/').collect();
    for part in &mut parts {
        if part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            *part = "ID";
        }
    }
    parts.join("/")
}
