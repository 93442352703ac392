//! Logins: flags and configuration become a credential and a scope, these become a client.

mod args;
mod context;
mod credential;
#[cfg(unix)]
mod prompt;
mod revocation;
mod secret;
mod store;
mod stored;
mod transport;
mod user;

pub(crate) use args::{LoginArgs, duration};
pub(crate) use context::{Context, TokenWish};
pub(crate) use revocation::revoke;
pub(crate) use stored::StoredLogin;
pub(crate) use user::UserArgs;
