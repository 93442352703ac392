//! What both adapters do.

mod calls;
mod events;
mod framing;
mod json;
mod keystone;
mod logins;
mod proxies;
mod questions;
mod refusals;
mod renewal;
mod requests;
mod safety;
mod service;
mod standalone;
mod stores;
pub(super) mod support;
mod uploads;
mod waits;
mod ways;

use super::ADAPTER;
