//! Wraps [`auth_fuzz::url`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(url);
