//! Logins: flags and configuration become a credential and a scope, these become a client.

mod args;
mod context;
mod credential;
#[cfg(unix)]
mod prompt;
mod secret;
mod transport;
mod user;

pub(crate) use args::LoginArgs;
pub(crate) use context::Context;
