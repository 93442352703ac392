//! Wraps [`auth_fuzz::token_v3`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(token_v3);
