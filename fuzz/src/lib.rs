//! The bodies of the fuzz targets: plain functions that panic where a promise is broken.
//!
//! `fuzz_targets/` wraps each of them for libFuzzer; `tests/replay.rs` runs them on stable over
//! everything in `corpus/`. The README beside says how to run a campaign.

#![forbid(unsafe_code)]

mod answers;
mod catalog;
mod choices;
mod config;
mod differential;
mod input;
mod inspect;
mod login_script;
mod moments;
mod promise;
mod roundtrip;
mod session_model;
mod slow;
mod tokens;
mod urls;

pub use answers::{discovery, fault, projects};
pub use catalog::catalog_select;
pub use config::clouds_yaml;
pub use differential::differential;
pub use inspect::http_response;
pub use login_script::login_script;
pub use moments::{retry_after, timestamp};
pub use roundtrip::roundtrip;
pub use session_model::session_model;
pub use tokens::{receipt, token_v2, token_v3};
pub use urls::url;

/// A fuzz target: any bytes in, a panic if a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its program, corpus and dictionary.
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

/// Without libFuzzer, a target's program runs it once over each file that is named.
pub fn replay_arguments(target: Target) -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        target(&std::fs::read(path)?);
    }
    Ok(())
}
