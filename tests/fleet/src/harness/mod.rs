//! What every scenario uses: the processes of a fleet, the identity service, and their stores.

mod clock;
mod fleet;
mod job;
mod redis;
mod service;
mod stopping;
mod stores;
mod worker;

pub(crate) use clock::Clock;
pub(crate) use fleet::{Fleet, Seen, token_results};
pub(crate) use job::{Command, Event, Job, Login, Sharing};
pub(crate) use redis::Redis;
pub(crate) use service::Service;
pub(crate) use stores::{StoreKind, TestStore};
pub(crate) use worker::work;
