//! Wraps [`auth_fuzz::catalog_select`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(catalog_select);
