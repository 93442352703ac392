//! Logins step by step.

mod agency;
mod discovery;
mod existing_token;
mod factors;
mod granted_scope;
mod lifetime;
mod refusals;
mod requests;
mod retry_after;

use auth_proto::{Cloud, Credential};

use crate::support::alice;

/// A Keystone whose URL has a path, which every request must keep.
fn keystone() -> Cloud {
    Cloud::keystone("https://keystone.example/identity/v3").unwrap()
}

/// A password that JSON must escape.
const PASSWORD: &str = "pä\"ss\\wörd\n";

fn password() -> Credential {
    Credential::password(alice(), PASSWORD)
}
