//! Wraps [`auth_fuzz::receipt`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(receipt);
