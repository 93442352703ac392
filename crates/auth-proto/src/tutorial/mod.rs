//! From the first login to a driver, in four short chapters.
//!
//! 1. [`log_in`]: from a name and a password to a token.
//! 2. [`call_a_service`]: from a token to a request that a service accepts.
//! 3. [`keep_a_token_alive`]: a token for every call of a program that runs for months.
//! 4. [`drive_the_core`]: the loop around the core, for any HTTP client.
//!
//! Every example is a whole program. The cloud is `auth-emulator`, which answers as the documented
//! clouds do, in the same process: an [`http::Request`] in, an [`http::Response`] out. Replace
//! `emulator.handle(…)` with your HTTP client, and the same code talks to the real cloud.
//!
//! ```toml
//! [dependencies]
//! auth-proto = "0.1"
//! http = "1"
//! time = "0.3"
//!
//! [dev-dependencies]
//! auth-emulator = "0.1"
//! ```

#[doc = include_str!("log_in.md")]
pub mod log_in {}

#[doc = include_str!("call_a_service.md")]
pub mod call_a_service {}

#[doc = include_str!("keep_a_token_alive.md")]
pub mod keep_a_token_alive {}

#[doc = include_str!("drive_the_core.md")]
pub mod drive_the_core {}
