//! Wraps [`auth_fuzz::discovery`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(discovery);
