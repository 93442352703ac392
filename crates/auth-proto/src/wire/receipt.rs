//! The response that asks for a further factor: status 401, a receipt in a header, and the missing
//! methods in the body (OpenStack Identity API v3, multi-factor authentication).

use http::HeaderMap;
use serde::Deserialize;
use time::Duration;

use super::{
    RECEIPT,
    field::{Field, List, Object, Timestamp},
};
use crate::{
    error::{FieldProblem, ProtocolError},
    limits,
    model::challenge::Challenge,
    text::shown,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReceiptDocument {
    receipt: Field<Object<ReceiptShape>>,
    required_auth_methods: Field<List<List<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReceiptShape {
    expires_at: Field<Timestamp>,
    issued_at: Field<Timestamp>,
    methods: Field<List<String>>,
}

pub(crate) fn read_challenge(headers: &HeaderMap, body: &[u8]) -> Result<Challenge, ProtocolError> {
    if body.len() > limits::ERROR_BODY {
        return Err(ProtocolError::TooLarge { what: "receipt", limit: limits::ERROR_BODY });
    }
    let header = super::header(headers, RECEIPT)?;
    let document: ReceiptDocument = super::read(body)?;
    let receipt = document.receipt.required_object("receipt")?;
    let field = "required_auth_methods";
    let rules = Field::Given(document.required_auth_methods.required(field)?);
    let rules = rules.list_within("list of rules", limits::RULES)?.into_iter();
    let rules = rules.map(|rule| methods(Field::Given(rule)));
    let expires_at = receipt.expires_at.required_timestamp("receipt.expires_at")?;
    let issued_at = receipt.issued_at.timestamp();
    let challenge = Challenge {
        receipt: Some(header),
        given: methods(receipt.methods)?,
        required: rules.collect::<Result<_, _>>()?,
        expires_at: Some(expires_at),
        life: issued_at.map_or(DEFAULT_LIFETIME, |issued_at| expires_at - issued_at),
    };
    if challenge.missing().all(|rule| rule.is_empty()) {
        // No factor is missing, so none could be submitted.
        return Err(ProtocolError::Field { field, problem: FieldProblem::Missing });
    }
    Ok(challenge)
}

/// Names of methods, safe to print for the user.
fn methods(list: Field<List<String>>) -> Result<Vec<String>, ProtocolError> {
    let names = list.list_within("list of methods", limits::METHODS)?;
    Ok(names.iter().map(|name| shown(name)).collect())
}

/// Keystone's default lifetime of a receipt.
const DEFAULT_LIFETIME: Duration = Duration::minutes(5);
