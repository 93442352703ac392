//! Wraps [`auth_fuzz::chains`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(chains);
