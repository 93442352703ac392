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

use std::sync::Arc;

use auth_proto::{ApiVersion, Cloud, Token};

use crate::{account::AccountArgs, failure::Failure, session::Session};

/// Whether the cloud can be asked for what only v3 has, as far as that is known before a login.
/// What v2.0 lacks, and what to do about it, is the rest of a sentence.
fn expect_v3(cloud: &Cloud, lack: &str) -> Result<(), Failure> {
    match cloud.api_version() {
        Some(ApiVersion::V2) => {
            Err(Failure::usage(format!("{} speaks v2.0, which {lack}", cloud.name())))
        }
        _ => Ok(()),
    }
}

/// The token that a command is about: the one that is given, or else that of a login.
fn own_token(session: &Session, args: &AccountArgs) -> Result<Arc<Token>, Failure> {
    session.token().map_err(|why| match args.secret.gives_token() && why.is_refusal() {
        true => not_good(),
        false => why,
    })
}

fn not_good() -> Failure {
    Failure::failed(
        "the token is not good: it has ended, was revoked, or is of another cloud; get a new one \
         with `cloud-auth token`",
    )
}
