//! The answer to a factor that is not enough: status 401, a receipt in a header, and what is still
//! wanted in the body (OpenStack Identity API v3, multi-factor authentication).

use http::HeaderMap;
use serde::Deserialize;

use super::{
    RECEIPT,
    field::{Field, List, Object},
};
use crate::{challenge::Challenge, error::ProtocolError};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    receipt: Field<Object<ReceiptShape>>,
    required_auth_methods: Field<List<List<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReceiptShape {
    expires_at: Field<String>,
    methods: Field<List<String>>,
}

pub(crate) fn read_challenge(headers: &HeaderMap, body: &[u8]) -> Result<Challenge, ProtocolError> {
    let header = super::header(headers, RECEIPT)?;
    let answer: Answer = super::read(body)?;
    let receipt = answer.receipt.required_object("receipt")?;
    let rules = answer.required_auth_methods.required("required_auth_methods")?;
    let required = Field::Given(rules).list("list of required methods")?;
    let required = required.into_iter().map(|rule| Field::Given(rule).list("list of methods"));
    Ok(Challenge {
        receipt: Some(header),
        given: receipt.methods.list("list of methods")?,
        required: required.collect::<Result<_, _>>()?,
        expires_at: Some(receipt.expires_at.required_moment("receipt.expires_at")?),
    })
}
