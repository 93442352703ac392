//! The parts of Keystone's API that the clouds share.

pub(crate) mod agency;
pub(crate) mod catalog;
pub(crate) mod discovery;
pub(crate) mod id_token;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod settings;
pub(crate) mod v3;
