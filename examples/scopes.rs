//! Open Telekom Cloud: most services need a token for a project, some need one for the user's
//! domain. One client holds both tokens, with one login for each.
//!
//! `cargo run -p examples --bin scopes`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{error::Error, thread};

use auth_emulator::{Server, System, account};
use auth_proto::{Cloud, Credential, DomainRef, Scope, ScopeHint, UserRef};
use auth_ureq::Client;
use http::Request;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let server = Server::start()?;
    let cloud = Cloud::otc("eu-de")?.at(&server.url(System::Otc))?;
    // The vendor's documents name the scope of each service. A hint overrides the library's list.
    let cloud = cloud.with_scope_hint("tms", ScopeHint::Project);
    let user = UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN));
    let credential = Credential::password(user, account::OTC_PASSWORD);
    let client = Client::new(cloud, credential, Scope::project_name("eu-de"))?;

    // Both calls start at once, before a login. A wrong password would be sent once, not twice.
    thread::scope(|scope| {
        let servers = scope.spawn(|| get(&client, "compute", "/servers"));
        let users = scope.spawn(|| get(&client, "iam", "/users"));
        for caller in [servers, users] {
            println!("{}", caller.join().map_err(|_| "a caller panicked")??);
        }
        Result::Ok(())
    })?;
    // These calls use the two tokens.
    println!("{}", get(&client, "dns", "/zones")?);
    println!("{}", get(&client, "tms", "/predefine_tags")?);
    println!("{} logins for 4 calls", server.traffic().logins);

    // Name the scope yourself if it does not follow from the service: another project, a trust.
    let domain = client.scoped(Scope::domain_name(account::OTC_DOMAIN));
    let token = domain.token()?;
    let name = token.domain().and_then(|domain| domain.name.as_deref());
    println!(
        "a token for the domain {}, and still {} logins",
        name.unwrap_or("?"),
        server.traffic().logins
    );
    Ok(())
}

/// Calls a service. The client looks up the endpoint and the scope of the token.
fn get(client: &Client, service: &str, path: &str) -> Result<String> {
    let service = client.service(service);
    let mut answer = service.call(Request::get(path).body("")?)?;
    let (status, text) = (answer.status(), answer.body_mut().read_to_string()?);
    Ok(format!("{}, {status}: {text}", service.scope()?))
}
