//! Error responses, in all known shapes.
//!
//! | shape | sender |
//! | --- | --- |
//! | `{"error": {"code", "title", "message"}}` | Keystone, Huawei Cloud (Obtaining a User Token, 400 and 401), KakaoCloud |
//! | as above, with a text as `code` | services of Open Telekom Cloud |
//! | `{"error": "…", "error_description": "…"}` | OAuth 2 |
//! | `{"errors": [{"title", "detail", "code"}]}` | OpenStack's API guidelines |
//! | `{"error_code", "error_msg"}` | gateways and IAM v3.0 at Huawei Cloud and Open Telekom Cloud |
//! | `{"header": {"resultCode", "resultMessage"}}` | NHN Cloud's framework |
//! | `{"unauthorized": {"code", "message"}}`, under any name | v2.0 faults, Nova, Neutron |
//! | `{"message": "…"}` | Keystone's web framework |
//! | HTML, an empty body | proxies |

use std::fmt;

use http::Response;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

use super::encoding;
use crate::{
    error::fault::{Code, Fault},
    limits,
};

/// Reads the code, title and message of an error response, without redaction: the caller applies
/// [`Fault::cleaned`]. An unreadable body gives an empty fault, since the status still counts.
pub(crate) fn read_fault<B: AsRef<[u8]>>(response: &Response<B>) -> Fault {
    let body = response.body().as_ref();
    let fault = of_body(body);
    match fault == Fault::default() {
        true => Fault { encoding: encoding::of(response.headers(), body), ..fault },
        false => fault,
    }
}

fn of_body(body: &[u8]) -> Fault {
    if body.len() > limits::ERROR_BODY {
        return Fault::default();
    }
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    match serde_json::from_slice(body) {
        Ok(Wiped::Object(document)) => of_document(&document),
        _ => Fault::default(),
    }
}

/// Any JSON. The service may have repeated a secret in it, so every text is wiped when dropped,
/// also if reading fails half-way.
enum Wiped {
    List(Vec<Self>),
    Number(i64),
    Object(Entries),
    Other,
    Text(Zeroizing<String>),
}

type Entries = Vec<(Zeroizing<String>, Wiped)>;

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WipedVisitor)
    }
}

struct WipedVisitor;

impl<'de> Visitor<'de> for WipedVisitor {
    type Value = Wiped;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Wiped, E> {
        Ok(Wiped::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Wiped, E> {
        Ok(Wiped::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Wiped, E> {
        Ok(Wiped::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Wiped, E> {
        Ok(number.try_into().map_or(Wiped::Other, Wiped::Number))
    }

    fn visit_unit<E>(self) -> Result<Wiped, E> {
        Ok(Wiped::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Wiped, E> {
        Ok(Wiped::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Wiped, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element()? {
            list.push(entry);
        }
        Ok(Wiped::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wiped, A::Error> {
        let mut entries = Entries::new();
        while let Some(key) = map.next_key::<String>()?.map(Zeroizing::new) {
            entries.push((key, map.next_value()?));
        }
        // The last one of a repeated key counts.
        entries.reverse();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|a, b| a.0 == b.0);
        Ok(Wiped::Object(entries))
    }
}

fn get<'a>(object: &'a Entries, wanted: &str) -> Option<&'a Wiped> {
    object.iter().find(|(key, _)| key.as_str() == wanted).map(|(_, value)| value)
}

fn of_document(document: &Entries) -> Fault {
    match get(document, "error") {
        Some(Wiped::Object(error)) => return of_object(error),
        Some(Wiped::Text(title)) => {
            let message = text(document, &["error_description", "message"]);
            return Fault { title: Some(title.to_string()), message, ..Fault::default() };
        }
        _ => {}
    }
    if let Some(Wiped::List(errors)) = get(document, "errors")
        && let Some(Wiped::Object(error)) = errors.first()
    {
        return of_object(error);
    }
    if let Some(Wiped::Object(header)) = get(document, "header") {
        return of_object(header);
    }
    let flat = of_object(document);
    if flat != Fault::default() {
        return flat;
    }
    // A single key is the fault's name, as in {"badRequest": {…}}.
    match &document[..] {
        [(name, Wiped::Object(error))] => {
            let mut fault = of_object(error);
            fault.title.get_or_insert_with(|| name.to_string());
            fault
        }
        _ => Fault::default(),
    }
}

fn of_object(object: &Entries) -> Fault {
    let code = ["code", "error_code", "resultCode"].iter().find_map(|key| match get(object, key) {
        Some(Wiped::Number(number)) => Some(Code::Number(*number)),
        Some(Wiped::Text(text)) if !text.is_empty() => Some(Code::Text(text.to_string())),
        _ => None,
    });
    Fault {
        code,
        title: text(object, &["title", "type"]),
        message: text(object, &["message", "error_msg", "resultMessage", "detail"]),
        encoding: None,
    }
}

fn text(object: &Entries, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match get(object, key) {
        Some(Wiped::Text(text)) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    })
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
            assert_eq!(of_body(body.as_bytes()).to_string(), want, "{body}");
        }
    }

    #[test]
    fn a_large_body_is_not_read() {
        let body = |message: usize| format!(r#"{{"message":"{}"}}"#, "x".repeat(message));
        let around = body(0).len();
        assert_ne!(of_body(body(limits::ERROR_BODY - around).as_bytes()), Fault::default());
        assert_eq!(of_body(body(limits::ERROR_BODY - around + 1).as_bytes()), Fault::default());
    }
}
