//! Wraps [`auth_fuzz::session_model`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(session_model);
