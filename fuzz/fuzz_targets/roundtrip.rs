//! Wraps [`auth_fuzz::roundtrip`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(roundtrip);
