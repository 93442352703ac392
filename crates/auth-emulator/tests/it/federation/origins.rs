//! The provider and Keystone over real sockets, at two origins, with faults.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_emulator::{Fault, RequestKind, Server, System, Traffic, account};
use http::StatusCode;
use serde_json::{Value, json};

use crate::client::field;

/// Sends one request to a URL. Returns the head and the body of the response.
fn send(method: &str, url: &str, headers: &str, body: &str) -> Result<(String, String), ErrorKind> {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).map_err(|error| error.kind())?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    Ok((format!("{head}\r\n"), body.to_owned()))
}

/// Asks the provider for a token of the client with a secret.
fn provider_login(server: &Server) -> Result<(String, String), ErrorKind> {
    let url = format!("{}/token", server.provider_url());
    let headers = format!("Content-Type: {FORM}\r\nAuthorization: {}\r\n", super::SERVICE);
    send("POST", &url, &headers, "grant_type=client_credentials")
}

const FORM: &str = "application/x-www-form-urlencoded";

fn keystone_login(server: &Server, bearer: &str) -> (String, String) {
    let url = format!("{}/OS-FEDERATION{}", server.url(System::Keystone), super::LOGIN);
    send("POST", &url, &format!("Authorization: Bearer {bearer}\r\n"), "").unwrap()
}

fn value(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

#[test]
fn each_secret_has_its_origin() {
    let server = Server::start().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    server.script(move |arrival| {
        let header = |name| arrival.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
        log.lock().unwrap().push((header("host"), arrival.kind));
        None
    });
    let tokens = provider_login(&server).unwrap();
    let bearer = value(&tokens.1)["access_token"].as_str().unwrap().to_owned();
    let (head, _) = keystone_login(&server, &bearer);
    assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
    let token = field(&head, "x-subject-token").unwrap();

    let identity = json!({ "methods": ["token"], "token": { "id": token } });
    let scope = json!({ "project": { "id": account::KEYSTONE_PROJECT_ID } });
    let body = json!({ "auth": { "identity": identity, "scope": scope } }).to_string();
    let url = format!("{}/auth/tokens", server.url(System::Keystone));
    let json_type = "Content-Type: application/json\r\n";
    let (head, body) = send("POST", &url, json_type, &body).unwrap();
    assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
    let catalog = value(&body)["token"]["catalog"].to_string();
    assert!(catalog.contains(&server.address().to_string()), "URLs are those of Keystone's port");
    let question = format!("X-Auth-Token: {token}\r\nX-Subject-Token: {token}\r\n");
    assert!(send("GET", &url, &question, "").unwrap().0.starts_with("HTTP/1.1 200 "));

    let provider = server.provider_url().replace("http://", "").replace("/provider", "");
    let keystone = server.address().to_string();
    assert_ne!(provider, keystone);
    let kinds = [
        (provider, RequestKind::ProviderLogin),
        (keystone.clone(), RequestKind::FederatedLogin(System::Keystone)),
        (keystone.clone(), RequestKind::Exchange(System::Keystone)),
        (keystone, RequestKind::Question(System::Keystone)),
    ];
    assert_eq!(*seen.lock().unwrap(), kinds.map(|(host, kind)| (Some(host), kind)));
    let Traffic {
        requests, logins, exchanges, federated_logins, provider_logins, questions, ..
    } = server.traffic();
    assert_eq!((requests, logins, exchanges), (4, 1, 1));
    assert_eq!((federated_logins, provider_logins, questions), (1, 1, 1));
}

#[test]
fn discovery_is_of_the_providers_origin() {
    let server = Server::start().unwrap();
    let root = server.provider_url();
    let url = format!("{root}/.well-known/openid-configuration");
    let (_, body) = send("GET", &url, "", "").unwrap();
    assert_eq!(value(&body)["token_endpoint"], format!("{root}/token"));
    let url = format!("{}/OS-FEDERATION{}", server.url(System::Keystone), super::LOGIN);
    let (head, body) = send("GET", &url, "", "").unwrap();
    assert!(head.starts_with("HTTP/1.1 302 "), "{head}");
    let login = field(&head, "location").unwrap();
    assert_eq!(body, "");
    let (head, page) = send("GET", login, "", "").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && page.contains("<form"), "{head}");
}

#[test]
fn faults_reach_the_provider() {
    let server = Server::start().unwrap();
    let first = |fault: fn() -> Fault| {
        server.script(move |arrival| {
            let is_login = arrival.kind == RequestKind::ProviderLogin;
            is_login.then(fault)
        });
        provider_login(&server)
    };
    let (head, body) = first(|| Fault::new().status(StatusCode::TOO_MANY_REQUESTS)).unwrap();
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    assert_eq!(value(&body)["error"], "temporarily_unavailable");
    assert_eq!(server.emulator().count(RequestKind::ProviderLogin), 0, "it was not seen");
    let (head, body) = first(|| Fault::new().delay(Duration::from_millis(20))).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(value(&body)["access_token"].is_string());
    assert!(first(|| Fault::new().reset()).is_err());
    assert!(first(|| Fault::new().cut(20)).is_err());
    let (head, body) = first(|| Fault::new().redirect(StatusCode::FOUND, "http://a/")).unwrap();
    assert_eq!(body, "");
    assert_eq!(field(&head, "location"), Some("http://a/"));
    let (head, _) = keystone_login(&server, "bad");
    assert!(head.starts_with("HTTP/1.1 401 "), "the script leaves other requests alone: {head}");
    assert_eq!(server.traffic().provider_logins, 5);
    assert_eq!(server.emulator().count(RequestKind::ProviderLogin), 3);
}

#[test]
fn both_ports_close_with_the_server() {
    let server = Server::start().unwrap();
    let provider = server.provider_url().replace("http://", "").replace("/provider", "");
    let addresses = [server.address().to_string(), provider];
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()));
    drop(server);
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_err()));
}
