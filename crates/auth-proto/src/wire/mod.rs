//! JSON bodies, one file for each family of documents, and the times in headers.
//!
//! Reading is lenient: a [`Field`](field::Field) takes any JSON, and its accessors report a missing
//! or odd value by the field's name. Writing is strict.
//!
//! JSON leaves open what a key twice in one object means. An object that decides what a token is
//! must not be read in two ways, so that a repeated key is an error: in the document itself, the
//! token and its user, domain, project, system scope and trust, and in a receipt. Everywhere else
//! the last one counts, as in other clients: in roles, in the entries of a catalog, in lists of
//! projects and domains, in version documents and in error bodies. The first kind are derived
//! structs, the second those of [`last_key_counts`].

pub(crate) mod catalog;
pub(crate) mod discovery;
mod encoding;
pub(crate) mod fault;
pub(crate) mod field;
pub(crate) mod http_time;
pub(crate) mod last_key;
pub(crate) mod oidc;
pub(crate) mod projects;
pub(crate) mod read_into;
pub(crate) mod receipt;
pub(crate) mod request;
pub(crate) mod scopes;
mod split_key;
pub(crate) mod v2;
pub(crate) mod v3;

use std::marker::PhantomData;

use http::{HeaderMap, HeaderValue, Response};
use serde::de::{DeserializeOwned, DeserializeSeed};

use crate::{
    error::ProtocolError,
    limits,
    model::token::secret_header,
    wire::{
        field::{Field, Object},
        read_into::{FieldSeed, ReadInto},
    },
};

/// Reads the body of a response by this function. The error of a compressed body names its encoding.
pub(crate) fn read_body<T, B: AsRef<[u8]>>(
    response: &Response<B>,
    read: impl FnOnce(&[u8]) -> Result<T, ProtocolError>,
) -> Result<T, ProtocolError> {
    let body = response.body().as_ref();
    read(body).map_err(|error| match encoding::of(response.headers(), body) {
        Some(encoding) => ProtocolError::Encoded { encoding },
        None => error,
    })
}

/// Reads a JSON object.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProtocolError> {
    read_value::<Object<T>>(body)?.required_object("document")
}

/// Reads a JSON document of any type.
pub(crate) fn read_value<T>(body: &[u8]) -> Result<Field<T>, ProtocolError>
where
    PhantomData<T>: ReadInto<Value = T>,
{
    read_document(body, PhantomData::<T>)
}

/// Reads a JSON document by this reader.
fn read_document<R: ReadInto>(body: &[u8], reader: R) -> Result<Field<R::Value>, ProtocolError> {
    if body.len() > limits::BODY {
        return Err(ProtocolError::TooLarge { what: "body", limit: limits::BODY });
    }
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    // One check of the whole is cheaper than serde_json's check of every string.
    let text = std::str::from_utf8(body).map_err(|_| ProtocolError::NotUtf8)?.trim_ascii();
    if text.is_empty() {
        return Err(ProtocolError::Empty);
    }
    if text.starts_with('<') {
        return Err(ProtocolError::NotJson);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = FieldSeed(reader).deserialize(&mut json).and_then(|read| {
        json.end()?;
        Ok(read)
    });
    read.map_err(|error| json_error(&error))
}

/// Line, column and category. serde's own text quotes the offending value, which may be a secret.
fn json_error(error: &serde_json::Error) -> ProtocolError {
    let category = match error.classify() {
        serde_json::error::Category::Data => "repeated key",
        serde_json::error::Category::Eof => "cut short",
        _ => "syntax",
    };
    ProtocolError::Json { category, line: error.line(), column: error.column() }
}

/// The token in the header of this name. Repeated headers must have the same value.
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
