//! Requests with their system, and responses.

pub(crate) mod content_type;
pub(crate) mod response;
pub(crate) mod routed;
