//! Wraps [`auth_fuzz::token_v2`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(token_v2);
