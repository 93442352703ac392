//! Wraps [`auth_fuzz::projects`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(projects);
