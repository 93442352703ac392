//! Memory that held a secret is wiped before it is given back: passwords, codes, tokens, receipts and
//! the bodies that they travel in, from the credential to the last clone of the token.
//!
//! What the HTTP libraries keep of the bytes that they were handed is theirs (see SECURITY.md): what
//! they give back is told apart by who gives it back.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

mod allocator;
mod core;
mod drivers;
mod loading;

/// Each with the mark that the allocator looks for.
pub(crate) const PASSWORD: &str = "t0ps3cret \"pass\" w\u{f6}rd";
pub(crate) const PASSCODE: &str = "t0ps3cret-code";
pub(crate) const TOKEN: &str = "t0ps3cret-token";
pub(crate) const RECEIPT: &str = "t0ps3cret-receipt";
