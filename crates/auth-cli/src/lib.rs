//! auth-cli
