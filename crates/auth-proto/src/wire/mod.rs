//! JSON in and out of bytes: one file for each family of shapes, and nothing else in here.
//!
//! Reading is lenient and total: [`Field`](field::Field) takes whatever stands under a key, and
//! what is wrong is told afterwards by the field's name. Writing is strict.

pub(crate) mod catalog;
pub(crate) mod discovery;
pub(crate) mod fault;
pub(crate) mod field;
pub(crate) mod projects;
pub(crate) mod receipt;
pub(crate) mod request;
pub(crate) mod scopes;
mod split_key;
pub(crate) mod v2;
pub(crate) mod v3;

use std::marker::PhantomData;

use http::{HeaderMap, HeaderValue};
use serde::de::{DeserializeOwned, DeserializeSeed};

use crate::{
    error::ProtocolError,
    limits,
    model::token::secret_header,
    wire::field::{Field, Into, ReadInto, Shape},
};

/// Reads a JSON object.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProtocolError> {
    read_value(body)?.required_object("document")
}

/// Reads a JSON document, whatever it is.
pub(crate) fn read_value<T: Shape>(body: &[u8]) -> Result<Field<T>, ProtocolError> {
    read_into(body, PhantomData)
}

/// The same into whoever takes it.
fn read_into<T: ReadInto>(body: &[u8], take: T) -> Result<Field<T::Value>, ProtocolError> {
    if body.len() > limits::BODY {
        return Err(ProtocolError::TooLarge { what: "body", limit: limits::BODY });
    }
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    // Checked once here, the reader need not look at every string again.
    let text = std::str::from_utf8(body).map_err(|_| ProtocolError::NotUtf8)?.trim_ascii();
    if text.is_empty() {
        return Err(ProtocolError::Empty);
    }
    if text.starts_with('<') {
        return Err(ProtocolError::NotJson);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Into(take).deserialize(&mut reader).and_then(|read| {
        reader.end()?;
        Ok(read)
    });
    read.map_err(|error| json_error(&error))
}

/// serde's own text quotes the offending value, so only the place is kept.
fn json_error(error: &serde_json::Error) -> ProtocolError {
    let category = match error.classify() {
        serde_json::error::Category::Data => "repeated key",
        serde_json::error::Category::Eof => "cut short",
        _ => "syntax",
    };
    ProtocolError::Json { category, line: error.line(), column: error.column() }
}

/// The one token in the headers of this name. Repeated ones must agree.
pub(crate) fn header(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<HeaderValue, ProtocolError> {
    let mut values = headers.get_all(name).into_iter().map(|value| value.as_bytes().trim_ascii());
    let first = values.next().ok_or(ProtocolError::MissingToken { place: name })?;
    if values.any(|value| value != first) {
        return Err(ProtocolError::AmbiguousToken { header: name });
    }
    secret_header(first, name)
}

pub(crate) const SUBJECT_TOKEN: &str = "X-Subject-Token";
pub(crate) const RECEIPT: &str = "Openstack-Auth-Receipt";
