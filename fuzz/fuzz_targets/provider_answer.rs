//! Wraps [`auth_fuzz::provider_answer`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(provider_answer);
