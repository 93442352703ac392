//! The state of each scope: its token, its phase, and what services have made of its tokens.

pub(crate) mod evidence;
pub(crate) mod input;
pub(crate) mod live_token;
pub(crate) mod phase;
pub(crate) mod scope_state;
pub(crate) mod scopes;
pub(crate) mod share;
