//! Wraps [`auth_fuzz::clouds_yaml`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(clouds_yaml);
