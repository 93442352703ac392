//! Wraps [`auth_fuzz::fault`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(fault);
