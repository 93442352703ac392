//! Wraps [`auth_fuzz::http_response`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(http_response);
