//! The fuzz targets: functions that panic if a promise is broken.
//!
//! `fuzz_targets/` wraps them for libFuzzer; `tests/replay.rs` runs them on stable over all files
//! in `corpus/`. README.md describes a campaign.

#![forbid(unsafe_code)]

mod catalog;
mod checks;
mod choices;
mod config;
mod differential;
mod entries;
mod federation;
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

/// A fuzz target: takes any bytes, and panics if a promise is broken.
pub type Target = fn(&[u8]);

/// Makes each target public, and lists it with its name.
macro_rules! targets {
    ($($module:ident::$target:ident),+ $(,)?) => {
        $(pub use $module::$target;)+

        /// Every target and its name. Its program, corpus and dictionary have the same name.
        pub const TARGETS: &[(&str, Target)] = &[$((stringify!($target), $target)),+];
    };
}

targets! {
    catalog::catalog_select,
    config::clouds_yaml,
    differential::differential,
    entries::store_entry,
    federation::chains,
    federation::provider_answer,
    federation::provider_document,
    inspect::http_response,
    login_script::login_script,
    responses::discovery,
    responses::fault,
    responses::projects,
    roundtrip::roundtrip,
    session_model::session_model,
    timestamps::retry_after,
    timestamps::timestamp,
    tokens::receipt,
    tokens::token_v2,
    tokens::token_v3,
    urls::url,
}

/// The program of a target: for libFuzzer, or on stable for the files in the arguments.
#[macro_export]
macro_rules! program {
    ($target:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| auth_fuzz::$target(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            auth_fuzz::replay_arguments(auth_fuzz::$target)
        }
    };
}

/// Runs a target once for each file in the arguments. The programs do this without libFuzzer.
pub fn replay_arguments(target: Target) -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        target(&std::fs::read(path)?);
    }
    Ok(())
}
