//! What every scenario uses: the processes of a fleet, the identity service, and their stores.

mod fleet;
mod job;
mod service;
mod stopping;
mod stores;
mod worker;

pub(crate) use fleet::{Fleet, Seen, token_results};
pub(crate) use job::{Command, Event, Job, Login, Sharing};
pub(crate) use service::Service;
pub(crate) use stores::{StoreKind, TestStore, random_key};
pub(crate) use worker::work;
