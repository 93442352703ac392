//! Wraps [`auth_fuzz::fault`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| auth_fuzz::fault(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    auth_fuzz::replay_arguments(auth_fuzz::fault)
}
