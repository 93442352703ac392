//! All tests of the public interface, and of the layout of the source.

#![allow(
    clippy::or_fun_call,
    clippy::unwrap_used,
    reason = "helpers of tests are tests to a reader, but not to the lint"
)]

mod agencies;
mod client;
mod faults;
mod federation;
mod huawei;
mod kakao;
mod keystone;
mod layout;
mod nhn;
mod otc;
mod refusals;
mod robustness;
mod server;
mod services;
mod settings;
mod support;
mod traffic;
mod validation;
