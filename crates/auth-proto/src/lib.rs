//! auth-proto
