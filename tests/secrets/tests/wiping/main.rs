//! The crates wipe memory with a secret before they free it: passwords, codes, tokens, receipts and the
//! bodies of requests and responses, from the credential to the last clone of the token.
//!
//! HTTP libraries do not wipe their copies (see SECURITY.md). A backtrace shows which crate frees a
//! block.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

mod allocator;
mod core;
mod drivers;
mod loading;

/// Secrets, each with the mark that the allocator looks for.
pub(crate) const PASSWORD: &str = "t0ps3cret \"pass\" w\u{f6}rd";
pub(crate) const PASSCODE: &str = "t0ps3cret-code";
pub(crate) const TOKEN: &str = "t0ps3cret-token";
pub(crate) const RECEIPT: &str = "t0ps3cret-receipt";
