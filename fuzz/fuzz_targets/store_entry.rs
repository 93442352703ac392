//! Wraps [`auth_fuzz::store_entry`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(store_entry);
