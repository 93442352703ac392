//! The fuzz targets: functions that panic if a promise is broken.
//!
//! `fuzz_targets/` wraps them for libFuzzer; `tests/replay.rs` runs them on stable over all files in
//! `corpus/`. README.md describes a campaign.

#![forbid(unsafe_code)]

mod catalog;
mod checks;
mod choices;
mod config;
mod differential;
mod input;
mod inspect;
mod login_script;
mod naive;
mod responses;
mod roundtrip;
mod session_model;
mod timestamps;
mod tokens;
mod urls;

pub use catalog::catalog_select;
pub use config::clouds_yaml;
pub use differential::differential;
pub use inspect::http_response;
pub use login_script::login_script;
pub use responses::{discovery, fault, projects};
pub use roundtrip::roundtrip;
pub use session_model::session_model;
pub use timestamps::{retry_after, timestamp};
pub use tokens::{receipt, token_v2, token_v3};
pub use urls::url;

/// A fuzz target: takes any bytes, and panics if a promise is broken.
pub type Target = fn(&[u8]);

/// Every target and its name. Its program, corpus and dictionary have the same name.
pub const TARGETS: &[(&str, Target)] = &[
    ("catalog_select", catalog_select),
    ("clouds_yaml", clouds_yaml),
    ("differential", differential),
    ("discovery", discovery),
    ("fault", fault),
    ("http_response", http_response),
    ("login_script", login_script),
    ("projects", projects),
    ("receipt", receipt),
    ("retry_after", retry_after),
    ("roundtrip", roundtrip),
    ("session_model", session_model),
    ("timestamp", timestamp),
    ("token_v2", token_v2),
    ("token_v3", token_v3),
    ("url", url),
];

/// Runs a target once for each file in the arguments. The programs do this without libFuzzer.
pub fn replay_arguments(target: Target) -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        target(&std::fs::read(path)?);
    }
    Ok(())
}
