//! Each secret reaches the parties that it is configured for and no others: each request of both
//! adapters is searched for every secret in any spelling, in all ways in, with refusals, redirects
//! and documents that point elsewhere, with revocations and with calls of services.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

mod servers;

use std::time::Duration;

use auth_proto::{
    Credential, DomainRef, Factor, Federation, OidcClient, Question, Reply, Revoke, Scope,
    SecretSource, UserRef, Validate,
};
use http::Request;
use servers::{Servers, secret};
use testing::{Adapter, Client};

/// Which secret goes to which party. There is no other pair.
const PAIRS: [(&str, &str); 12] = [
    ("identity", "bearer"),
    ("identity", "given bearer"),
    ("identity", "id token"),
    ("identity", "key"),
    ("identity", "passcode"),
    ("identity", "password"),
    ("identity", "root"),
    ("identity", "token"),
    ("provider", "client secret"),
    ("provider", "provider's passcode"),
    ("provider", "provider's password"),
    ("service", "token"),
];

#[test]
fn each_secret_goes_to_its_own_parties() {
    std::thread::scope(|threads| {
        for adapter in Adapter::BOTH {
            threads.spawn(move || {
                let servers = Servers::start();
                let mut wrong = Vec::new();
                for (act, way, is_good) in ACTS {
                    wrong.extend(run(adapter, &servers, act, *way, *is_good));
                }
                assert_eq!(servers.log.pairs(), PAIRS, "{adapter}: {wrong:?}");
                assert_eq!(wrong, [""; 0], "{adapter}");
                assert_eq!(servers.elsewhere.connections(), 0, "{adapter}");
            });
        }
    });
}

#[test]
fn a_bearer_that_goes_astray_is_found() {
    let servers = Servers::start();
    let call = Request::get(servers.elsewhere.url());
    let call = call.header("Authorization", format!("Bearer {}", secret("bearer")));
    testing::send(call.body("").unwrap()).unwrap();
    assert_eq!(servers.log.pairs(), [("elsewhere", "bearer")]);
}

type Way = fn(&Servers, &str) -> Credential;

/// An act, which the servers know by its name, its way in, and whether there is a token.
const ACTS: &[(&str, Way, bool)] = &[
    ("robot", robot, true),
    ("robot-by-document", discovered, true),
    ("robot-with-id-token", with_id_token, true),
    ("person", person, true),
    ("person-asked", person_asked, true),
    ("given", |_, _| given(), true),
    ("given-and-read", |_, _| given_and_read(), true),
    ("otc-id-token", |_, _| by_id_token(), true),
    ("password", |_, _| password(), true),
    ("two-factors", |_, _| password(), true),
    ("key", |_, _| Credential::application_credential("k", secret("key")), true),
    ("points-elsewhere", discovered, false),
    ("provider-redirects", robot, false),
    ("provider-redirects", person, false),
    ("provider-refuses", person, false),
    ("gate-redirects", robot, false),
    ("gate-redirects", |_, _| given(), false),
    ("gate-refuses", robot, false),
    ("gate-refuses", |_, _| given(), false),
    ("otc-redirects", |_, _| by_id_token(), false),
    ("scope-redirects", robot, false),
    ("scope-redirects", |_, _| password(), false),
];

fn client(servers: &Servers, act: &str) -> OidcClient {
    OidcClient::new("robot", servers.token_endpoint(act)).with_secret(secret("client secret"))
}

fn robot(servers: &Servers, act: &str) -> Credential {
    let client = client(servers, act);
    Credential::federated(Federation::client_credentials("corp", "openid", client))
}

fn discovered(servers: &Servers, act: &str) -> Credential {
    let client = OidcClient::discovered("robot", servers.document(act));
    let client = client.with_secret(secret("client secret"));
    Credential::federated(Federation::client_credentials("corp", "openid", client))
}

fn with_id_token(servers: &Servers, act: &str) -> Credential {
    let client = client(servers, act).with_id_token();
    Credential::federated(Federation::client_credentials("corp", "openid", client))
}

fn person(servers: &Servers, act: &str) -> Credential {
    let (client, password) = (client(servers, act), secret("provider's password"));
    let person = Federation::password("corp", "openid", client, "jo", password);
    Credential::federated(person.with_code_field("otp"))
}

/// Each secret is asked for.
fn person_asked(servers: &Servers, act: &str) -> Credential {
    let client = OidcClient::new("robot", servers.token_endpoint(act));
    let client = client.with_secret(SecretSource::new("client secret"));
    let password = SecretSource::new("provider's password");
    Credential::federated(Federation::password("corp", "openid", client, "jo", password))
}

fn given() -> Credential {
    Credential::federated(Federation::access_token("corp", "openid", secret("given bearer")))
}

fn by_id_token() -> Credential {
    Credential::federated(Federation::id_token("corp", secret("given bearer")))
}

fn given_and_read() -> Credential {
    let source = SecretSource::new("given bearer");
    Credential::federated(Federation::access_token("corp", "openid", source))
}

fn password() -> Credential {
    Credential::password(UserRef::name_in("al", DomainRef::name("corp")), secret("password"))
}

/// The answer to a question: the source is named like the secret.
fn answer(question: &Question, is_federated: bool) -> Reply {
    match question {
        Question::Secret(source) => Reply::Secret(secret(source.name()).into()),
        _ if is_federated => Factor::totp(secret("provider's passcode")).into(),
        _ => Factor::totp(secret("passcode")).into(),
    }
}

/// Longer than a login of these servers takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs an act, and returns what went wrong.
fn run(adapter: Adapter, servers: &Servers, act: &str, way: Way, is_good: bool) -> Vec<String> {
    let is_federated = act != "two-factors";
    // An application credential has its own scope.
    let scope = if act == "key" { Scope::default() } else { Scope::project_id("p1") };
    let client = adapter
        .client(servers.cloud(act), way(servers, act), scope)
        .asked(move |question| Ok(Some(answer(question, is_federated))))
        .build()
        .unwrap();
    let token = client.token_within(PATIENCE);
    let mut wrong = Vec::new();
    if token.is_ok() != is_good {
        wrong.push(format!("{act}: {token:?}"));
    } else if is_good {
        wrong.extend(use_token(servers, &client, act));
    }
    client.close();
    wrong
}

/// Calls of a service that takes the token, redirects, refuses it once and refuses it for good; then
/// questions to the identity service, and a call of a party that is no service.
fn use_token(servers: &Servers, client: &Client, act: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let calls = [("good", 200), ("redirected", 302), ("revoked", 200), ("refused", 401)];
    for (path, status) in calls {
        let url = format!("{}/{path}", servers.service.url());
        let response = client.call(Request::get(url).body("").unwrap()).unwrap();
        if response.status() != status {
            wrong.push(format!("{act}, {path}: {}", response.status()));
        }
    }
    let token = client.token().unwrap();
    client.run(&Validate::new(&client.cloud(), token.expose())).unwrap();
    client.run(&Revoke::new(&client.cloud(), token.expose())).unwrap();
    // By this name it is a plain http host that is not the identity service's.
    let elsewhere = servers.elsewhere.url().replace("127.0.0.1", "localhost");
    let call = Request::get(elsewhere).body("").unwrap();
    if client.call(call).is_ok() {
        wrong.push(format!("{act}: a call of another host"));
    }
    wrong
}
