//! Wraps [`auth_fuzz::retry_after`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(retry_after);
