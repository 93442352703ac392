//! Wraps [`auth_fuzz::provider_document`].
#![cfg_attr(fuzzing, no_main)]

auth_fuzz::program!(provider_document);
