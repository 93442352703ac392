//! From the first login to a driver, in four short chapters.
//!
//! 1. [`log_in`]: from a name and a password to a token.
//! 2. [`call_a_service`]: from a token to a request that a service accepts.
//! 3. [`keep_a_token_alive`]: a token for every call of a program that runs for months.
//! 4. [`drive_the_core`]: the loop around the core, for any HTTP client.
//!
//! No account is needed: `auth-emulator` answers in the same process as the real clouds do. It takes
//! an [`http::Request`] and returns an [`http::Response`]. Replace `emulator.handle(…)` with a call
//! of your HTTP client, and the same code talks to the real cloud.
//!
//! Step 3 of chapter 1, step 1 of chapter 2 and both steps of chapter 4 are complete. To run one,
//! copy it into a `main` that returns `Result<(), Box<dyn std::error::Error>>`. The other examples
//! continue the example before them, and the lines that repeat it are hidden.
//!
//! ```toml
//! [dependencies]
//! auth-emulator = "0.1"
//! auth-proto = "0.1"
//! http = "1"
//! time = "0.3"
//! ```

#[doc = include_str!("log_in.md")]
pub mod log_in {}

#[doc = include_str!("call_a_service.md")]
pub mod call_a_service {}

#[doc = include_str!("keep_a_token_alive.md")]
pub mod keep_a_token_alive {}

#[doc = include_str!("drive_the_core.md")]
pub mod drive_the_core {}
