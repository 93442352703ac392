//! A server on loopback.

mod connection;
pub mod http2;
mod loopback;
mod reply;

pub use connection::Connection;
pub use loopback::{Loopback, Received, Served, header};
pub(crate) use reply::Part;
pub use reply::Reply;
