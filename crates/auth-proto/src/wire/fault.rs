//! Error answers, in whatever shape they come.
//!
//! | shape | who |
//! | --- | --- |
//! | `{"error": {"code", "title", "message"}}` | Keystone, Huawei Cloud (Obtaining a User Token, 400 and 401), KakaoCloud |
//! | the same with a text as `code` | services of Open Telekom Cloud |
//! | `{"error": "…", "error_description": "…"}` | OAuth 2 |
//! | `{"errors": [{"title", "detail", "code"}]}` | OpenStack's API guidelines |
//! | `{"error_code", "error_msg"}` | gateways and IAM v3.0 at Huawei Cloud and Open Telekom Cloud |
//! | `{"header": {"resultCode", "resultMessage"}}` | NHN Cloud's framework |
//! | `{"unauthorized": {"code", "message"}}` and the like | v2.0 faults, Nova, Neutron |
//! | `{"message": "…"}` | Keystone's web framework |
//! | HTML, an empty body | proxies |

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::{
    fault::{Code, Fault},
    limits,
};

/// What the body says, unredacted: [`Fault::cleaned`] comes next. A body that says nothing gives
/// an empty fault, since the status still counts.
pub(crate) fn read_fault(body: &[u8]) -> Fault {
    if body.len() > limits::FAULT {
        return Fault::default();
    }
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => {
            let fault = document.as_object().map(of_document).unwrap_or_default();
            wipe(document);
            fault
        }
        Err(_) => Fault::default(),
    }
}

/// A service may have repeated a secret in it.
fn wipe(value: Value) {
    match value {
        Value::Array(values) => values.into_iter().for_each(wipe),
        Value::Object(entries) => entries.into_iter().for_each(|(mut key, value)| {
            key.zeroize();
            wipe(value);
        }),
        Value::String(mut text) => text.zeroize(),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

fn of_document(document: &Map<String, Value>) -> Fault {
    match document.get("error") {
        Some(Value::Object(error)) => return of_object(error),
        Some(Value::String(title)) => {
            let message = text(document, &["error_description", "message"]);
            return Fault { code: None, title: Some(title.clone()), message };
        }
        _ => {}
    }
    if let Some(Value::Object(error)) = document.get("errors").and_then(|errors| errors.get(0)) {
        return of_object(error);
    }
    if let Some(Value::Object(header)) = document.get("header") {
        return of_object(header);
    }
    let flat = of_object(document);
    if flat != Fault::default() {
        return flat;
    }
    // The one key is the fault's name, as in {"badRequest": {…}}.
    match document.iter().next() {
        Some((name, Value::Object(error))) if document.len() == 1 => {
            let mut fault = of_object(error);
            fault.title.get_or_insert_with(|| name.clone());
            fault
        }
        _ => Fault::default(),
    }
}

fn of_object(object: &Map<String, Value>) -> Fault {
    let code = ["code", "error_code", "resultCode"].iter().find_map(|key| match object.get(*key) {
        Some(Value::Number(number)) => number.as_i64().map(Code::Number),
        Some(Value::String(text)) if !text.is_empty() => Some(Code::Text(text.clone())),
        _ => None,
    });
    Fault {
        code,
        title: text(object, &["title", "type"]),
        message: text(object, &["message", "error_msg", "resultMessage", "detail"]),
    }
}

fn text(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    let texts = keys.iter().filter_map(|key| object.get(*key).and_then(Value::as_str));
    texts.map(str::to_owned).find(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_shape_is_read() {
        for (body, want) in [
            (
                r#"{"error":{"code":401,"title":"Unauthorized","message":"no"}}"#,
                "401: Unauthorized: no",
            ),
            (
                r#"{"error":{"code":"111401001","message":"Invalid token.","ext_message":null}}"#,
                "111401001: Invalid token.",
            ),
            (r#"{"error":"invalid_client","error_description":"no"}"#, "invalid_client: no"),
            (
                r#"{"errors":[{"title":"Bad","detail":"why","code":"x.1","request_id":"r"}]}"#,
                "x.1: Bad: why",
            ),
            (r#"{"error_msg":"no","error_code":"IAM.0011"}"#, "IAM.0011: no"),
            (r#"{"error_msg":"no","error_code":"APIG.0301","request_id":"r"}"#, "APIG.0301: no"),
            (
                r#"{"header":{"isSuccessful":false,"resultCode":80007,"resultMessage":"no"}}"#,
                "80007: no",
            ),
            (r#"{"unauthorized":{"code":401,"message":"no"}}"#, "401: unauthorized: no"),
            (r#"{"NeutronError":{"type":"Gone","message":"no","detail":""}}"#, "Gone: no"),
            (r#"{"message":"no"}"#, "no"),
            ("\u{FEFF}{\"message\":\"no\"}", "no"),
            (r#"{"error":{"code":"","message":"no"}}"#, "no"),
            (r#"{"a":1,"b":2}"#, "no reason given"),
            (r#"{"a":{"message":"no"},"b":2}"#, "no reason given"),
            ("<html>no</html>", "no reason given"),
            ("[{}]", "no reason given"),
            ("", "no reason given"),
        ] {
            assert_eq!(read_fault(body.as_bytes()).to_string(), want, "{body}");
        }
    }

    #[test]
    fn a_large_body_is_not_looked_at() {
        let body = |message: usize| format!(r#"{{"message":"{}"}}"#, "x".repeat(message));
        let around = body(0).len();
        assert_ne!(read_fault(body(limits::FAULT - around).as_bytes()), Fault::default());
        assert_eq!(read_fault(body(limits::FAULT - around + 1).as_bytes()), Fault::default());
    }
}
