//! The commands, each with its flags. The demonstration is in its own folder.

pub(crate) mod catalog;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod curl;
pub(crate) mod endpoint;
pub(crate) mod inspect;
pub(crate) mod logout;
pub(crate) mod projects;
pub(crate) mod revoke;
pub(crate) mod store;
pub(crate) mod token;
pub(crate) mod validate;

use std::sync::Arc;

use auth_proto::{ApiVersion, Cloud, Token};

use crate::{
    login::{Context, LoginArgs},
    output::Failure,
};

/// Fails if the cloud is known to use v2.0, before a login. `lack` completes the sentence "API
/// v2.0, which".
fn expect_v3(cloud: &Cloud, lack: &str) -> Result<(), Failure> {
    match cloud.api_version() {
        Some(ApiVersion::V2) => {
            Err(Failure::usage(format!("{} uses API v2.0, which {lack}", cloud.name())))
        }
        _ => Ok(()),
    }
}

/// The token that a command works on: the existing one of the flags, or the token of a login.
fn own_token(context: &Context, args: &LoginArgs) -> Result<Arc<Token>, Failure> {
    context.token().map_err(|why| match args.gives_token() && why.is_refusal() {
        true => not_valid(),
        false => why,
    })
}

fn not_valid() -> Failure {
    Failure::failed(
        "the token is not valid: it has expired, was revoked, or belongs to another cloud; get a \
         new one with `cloud-auth token`",
    )
}
