//! Wraps [`auth_fuzz::differential`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(differential);
