//! What a caller is told who asks for something, through either adapter.

use std::time::Duration;

use auth_proto::{Cloud, Credential, Factor, Projects, Revoke, Scope, Validate};

use crate::canaries::shown;

/// What is asked for.
pub(crate) enum Asks {
    /// A token, with this factor after the first one.
    Answer(Factor),
    Projects(Projects),
    Revoke(Revoke),
    Token,
    Validate(Validate),
}

/// Longer than any answer takes that a caller is told of at once.
const PATIENCE: Duration = Duration::from_millis(300);

pub(crate) fn ureq(cloud: &Cloud, credential: Credential, asks: Asks) -> String {
    let built = auth_ureq::Client::builder(cloud.clone(), credential, scope(cloud)).build();
    let client = built.unwrap();
    let result = match asks {
        Asks::Answer(factor) => {
            // The question.
            let _ = client.token_within(PATIENCE);
            client.submit_factor(factor).and_then(|()| client.token_within(PATIENCE).map(|_| ()))
        }
        Asks::Projects(exchange) => client.run(&exchange).map(|_| ()),
        Asks::Revoke(exchange) => client.run(&exchange),
        Asks::Token => client.token_within(PATIENCE).map(|_| ()),
        Asks::Validate(exchange) => client.run(&exchange).map(|_| ()),
    };
    told(result.err().as_ref().map(|error| error as _), &format!("{client:?} {client:#?}"))
}

pub(crate) fn reqwest(cloud: &Cloud, credential: Credential, asks: Asks) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let built = auth_reqwest::Client::builder(cloud.clone(), credential, scope(cloud)).build();
    let client = built.unwrap();
    let result = runtime.block_on(async {
        match asks {
            Asks::Answer(factor) => {
                // The question.
                let _ = client.token_within(PATIENCE).await;
                client.submit_factor(factor)?;
                client.token_within(PATIENCE).await.map(|_| ())
            }
            Asks::Projects(exchange) => client.run(&exchange).await.map(|_| ()),
            Asks::Revoke(exchange) => client.run(&exchange).await,
            Asks::Token => client.token_within(PATIENCE).await.map(|_| ()),
            Asks::Validate(exchange) => client.run(&exchange).await.map(|_| ()),
        }
    });
    told(result.err().as_ref().map(|error| error as _), &format!("{client:?} {client:#?}"))
}

/// One that the cloud takes.
fn scope(cloud: &Cloud) -> Scope {
    match cloud.agency_field() {
        Some(_) => Scope::project_id("p"),
        None => Scope::default(),
    }
}

fn told(error: Option<&(dyn std::error::Error + 'static)>, client: &str) -> String {
    format!("{}{client}", error.map_or_else(String::new, shown))
}
