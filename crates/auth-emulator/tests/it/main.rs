//! The emulator held against the documents: what they print, what they forbid, what they leave open.

#![allow(
    clippy::or_fun_call,
    clippy::unwrap_used,
    reason = "helpers of tests are tests to a reader, but not to the lint"
)]

mod agencies;
mod client;
mod faults;
mod huawei;
mod kakao;
mod knobs;
mod nhn;
mod otc;
mod refusals;
mod robustness;
mod server;
mod services;
mod support;
mod traffic;
mod validation;
