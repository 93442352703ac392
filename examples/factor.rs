//! A user who needs a one-time code: the service answers the password with a question, and the
//! client sends the code with the receipt of the first factor. Also a token of another scope, and an
//! application credential, which needs no code.
//!
//! `cargo run -p examples --bin factor`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::error::Error;

use auth_emulator::{Server, System, account, totp_code};
use auth_proto::{Cloud, Credential, DomainRef, Factor, Question, Scope, UserRef};
use auth_ureq::{Client, Error as LoginError};
use time::UtcDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start()?;
    let cloud = Cloud::keystone(&server.url(System::Keystone))?;
    let domain = || DomainRef::name(account::KEYSTONE_DOMAIN);
    let project = Scope::project_name_in(account::KEYSTONE_PROJECT, domain());

    let user = UserRef::name_in(account::KEYSTONE_MFA_USER, domain());
    let password = Credential::password(user, account::KEYSTONE_MFA_PASSWORD);
    let client = Client::new(cloud.clone(), password, project)?;
    match client.token() {
        Err(LoginError::Ask(Question::Factor(challenge))) => {
            let missing: Vec<_> = challenge.missing().flatten().collect();
            println!("missing: {}", missing.join(", "));
            // A program would ask its user, whose authenticator shows the code.
            client.answer(Factor::totp(totp_code(UtcDateTime::now())))?;
        }
        other => return Err(format!("no question: {other:?}").into()),
    }
    println!("logged in by {}", client.token()?.methods().join(" and "));

    // The user of every scope.
    let user = UserRef::name_in(account::KEYSTONE_USER, domain());
    let password = Credential::password(user, account::KEYSTONE_PASSWORD);
    let client = Client::new(cloud.clone(), password, Scope::unscoped())?;
    for scope in [Scope::unscoped(), Scope::domain_name("Corp"), Scope::system()] {
        let token = client.scoped(scope.clone()).token()?;
        println!("{scope}: {} roles", token.roles().len());
    }

    // An application credential has its own project, and asks for nothing.
    let key =
        Credential::application_credential(account::KEYSTONE_KEY_ID, account::KEYSTONE_SECRET);
    let token = Client::new(cloud, key, Scope::default())?.token()?;
    let project = token.project().and_then(|project| project.name.as_deref());
    println!("a key for the project {}", project.unwrap_or("?"));
    Ok(())
}
