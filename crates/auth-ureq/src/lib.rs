//! auth-ureq
