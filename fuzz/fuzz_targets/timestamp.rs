//! Wraps [`auth_fuzz::timestamp`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(timestamp);
