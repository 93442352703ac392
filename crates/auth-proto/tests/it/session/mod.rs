//! A session under many callers, with a clock that the test moves.

mod callers;
mod credential;
mod events;
mod factors;
mod failures;
mod leases;
mod lockout;
mod many_scopes;
mod renewal;
mod service_calls;
mod store;
mod store_events;
mod store_faults;
mod store_memory;
