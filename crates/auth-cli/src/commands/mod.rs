//! The commands, each with its flags, but for the demonstration.

pub(crate) mod catalog;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod curl;
pub(crate) mod endpoint;
pub(crate) mod inspect;
pub(crate) mod projects;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod validate;

use auth_proto::{Cloud, Dialect};

use crate::failure::Failure;

/// Whether the cloud can be asked for what only v3 has, as far as that is known before a login.
/// What v2.0 lacks, and what to do about it, is the rest of a sentence.
fn expect_v3(cloud: &Cloud, lack: &str) -> Result<(), Failure> {
    match cloud.dialect() {
        Some(Dialect::V2) => {
            Err(Failure::usage(format!("{} speaks v2.0, which {lack}", cloud.name())))
        }
        _ => Ok(()),
    }
}
