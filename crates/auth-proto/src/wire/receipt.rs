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
    error::{FieldProblem, MethodKind, ProtocolError},
    limits,
    model::challenge::Challenge,
    text::{
        redact::{redact, replace},
        shown,
    },
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

/// Reads a challenge. Its names of methods are safe to print and show none of these secrets.
pub(crate) fn read_challenge(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[&str],
) -> Result<Challenge, ProtocolError> {
    if body.len() > limits::ERROR_BODY {
        return Err(ProtocolError::TooLarge { what: "receipt", limit: limits::ERROR_BODY });
    }
    let header = super::header(headers, RECEIPT)?;
    let document: ReceiptDocument = super::read(body)?;
    let receipt = document.receipt.required_object("receipt")?;
    let field = "required_auth_methods";
    let rules = Field::Given(document.required_auth_methods.required(field)?);
    let rules = rules.list_within("list of rules", limits::RULES)?.into_iter();
    let rules = rules.map(|rule| methods(Field::Given(rule))).collect::<Result<Vec<_>, _>>()?;
    let mut methods = [vec![methods(receipt.methods)?], rules].concat();
    clean(methods.iter_mut().flatten(), secrets);
    let required = methods.split_off(1);
    let expires_at = receipt.expires_at.required_timestamp("receipt.expires_at")?;
    let issued_at = receipt.issued_at.timestamp();
    let challenge = Challenge {
        receipt: Some(header),
        given: methods.concat(),
        required,
        expires_at: Some(expires_at),
        life: issued_at.map_or(DEFAULT_LIFETIME, |issued_at| expires_at - issued_at),
    };
    if challenge.missing().all(|rule| rule.is_empty()) {
        // No factor is missing, so none could be submitted.
        return Err(ProtocolError::Field { field, problem: FieldProblem::Missing });
    }
    Ok(challenge)
}

fn methods(list: Field<List<String>>) -> Result<Vec<String>, ProtocolError> {
    list.list_within("list of methods", limits::METHODS)
}

/// A name of this crate's own methods stays, even if it is also a secret, since a login depends on
/// it.
fn clean<'n>(names: impl Iterator<Item = &'n mut String>, secrets: &[&str]) {
    let mut others: Vec<_> = names.filter(|name| MethodKind::named(name).is_none()).collect();
    redact(&mut others, secrets);
    for name in others {
        let clean = shown(name);
        replace(name, clean);
    }
}

/// Keystone's default lifetime of a receipt.
const DEFAULT_LIFETIME: Duration = Duration::minutes(5);
