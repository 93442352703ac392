//! Plain values: the caller's credentials and scopes, the server's tokens and catalogs.

pub(crate) mod arena;
pub(crate) mod body;
pub(crate) mod catalog;
pub(crate) mod challenge;
pub(crate) mod credential;
pub(crate) mod endpoint_query;
pub(crate) mod entry;
pub(crate) mod federation;
pub(crate) mod marks;
pub(crate) mod question;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod service_types;
pub(crate) mod token;
pub(crate) mod version;
