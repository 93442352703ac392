//! Wraps [`auth_fuzz::login_script`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(login_script);
