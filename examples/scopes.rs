//! Open Telekom Cloud: most services want a token for a project, some want one for the whole domain.
//! One account holds both, side by side, with one login for each.
//!
//! `cargo run -p examples --bin scopes`
#![allow(clippy::print_stdout, reason = "a program speaks")]

use std::{error::Error, thread};

use auth_emulator::{Server, System, account};
use auth_proto::{Cloud, Credential, DomainRef, Scope, ScopeHint, Select, UserRef};
use auth_ureq::Client;
use http::Request;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let server = Server::start()?;
    let cloud = Cloud::otc("eu-de")?.at(&server.url(System::Otc))?;
    let user = UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN));
    let credential = Credential::password(user, account::OTC_PASSWORD);
    let client = Client::new(cloud, credential, Scope::project_name("eu-de"))?;

    // At once, and nobody has logged in yet. A wrong password would be sent once, for both.
    thread::scope(|scope| {
        let servers = scope.spawn(|| get(&client, "compute", "/servers"));
        let users = scope.spawn(|| get(&client, "iam", "/users"));
        for caller in [servers, users] {
            println!("{}", caller.join().map_err(|_| "a caller panicked")??);
        }
        Result::Ok(())
    })?;
    // Again: both tokens are there.
    get(&client, "compute", "/servers")?;
    get(&client, "iam", "/users")?;
    println!("{} logins for 4 calls", server.traffic().logins);
    Ok(())
}

/// A call with a token of the scope that the cloud's documents ask for.
fn get(client: &Client, service: &str, path: &str) -> Result<String> {
    let client = match client.cloud().scope_hint(service) {
        ScopeHint::Domain => client.scoped(Scope::domain_name(account::OTC_DOMAIN)),
        _ => client.clone(),
    };
    let endpoint = client.endpoint(&Select::new(service))?;
    let mut answer = client.call(Request::get(format!("{endpoint}{path}")).body("")?)?;
    Ok(format!("{service}: {} {}", answer.status(), answer.body_mut().read_to_string()?))
}
