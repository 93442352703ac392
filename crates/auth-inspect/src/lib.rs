//! Reads a recorded response of an identity service and shows it without secrets.
//!
//! [`inspect`] takes an HTTP response as text, the way `curl -i` prints it, and returns a
//! [`Report`] that serializes to JSON. [`read_response`] only parses the HTTP response. The
//! views ([`TokenView`], [`ServiceView`], [`ProjectView`]) write values of `auth-proto` as the same
//! JSON.
//!
//! ```
//! let text = b"HTTP/1.1 401 Unauthorized\n\n{\"error\": {\"code\": 401}}";
//! let report = auth_inspect::inspect(text, None);
//! assert!(report.is_understood());
//! assert_eq!(serde_json::to_value(&report)?["code"], 401);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # The JSON
//!
//! The key `kind` is one of `catalog`, `domains`, `error`, `malformed`, `projects`, `receipt`,
//! `system`, `token` and `versions`. Each kind always has the same keys: an absent value is `null`.
//! A token is shown as its SHA-256 and its length, a receipt as its methods and its expiry. Other
//! texts of the server are shown as they are: escape them before you print them to a terminal.

#![forbid(unsafe_code)]

mod report;
mod response;
mod view;

pub use report::{Report, inspect};
pub use response::{MAX_HEADERS, MAX_RESPONSE, ResponseError, read_response};
pub use view::{EndpointView, ProjectView, ServiceView, TokenView, projects, services, sha256};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
