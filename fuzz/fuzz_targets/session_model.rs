//! Wraps [`auth_fuzz::session_model`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| auth_fuzz::session_model(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    auth_fuzz::replay_arguments(auth_fuzz::session_model)
}
