//! The servers: an identity service with a gate, an identity provider, a service, and a third party
//! to which the others point. The first segment of a path names the act.

use std::sync::{Arc, Mutex};

use auth_proto::Cloud;
use serde_json::json;
use testing::{Loopback, Received, Recorder, Reply, fixtures};

/// Each secret by its name; a token has a number behind it.
pub(crate) const SECRETS: [(&str, &str); 12] = [
    ("bearer", "s3cret-access-of-the-provider"),
    ("client secret", "s3cret+of-the-client"),
    ("given bearer", "s3cret-bearer-that-is-given"),
    ("id token", "s3cret-id-of-the-provider"),
    ("key", "s3cret-of-an-application"),
    ("passcode", "8314159"),
    ("password", "s3cret pass\"word at the cloud"),
    ("provider's passcode", "2718281"),
    ("provider's password", "s3cret pass&word=of+jo"),
    ("root", "s3cret-root-token"),
    ("token", "s3cret-scoped-token"),
    ("unwanted", "s3cret-token-beside-the-bearer"),
];

pub(crate) fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(known, _)| *known == name).unwrap().1
}

pub(crate) struct Servers {
    pub(crate) log: Arc<Recorder>,
    identity: Loopback,
    provider: Loopback,
    pub(crate) service: Loopback,
    pub(crate) elsewhere: Loopback,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let log = Recorder::new(&SECRETS);
        // It would take everything that it gets.
        let elsewhere = log.server("elsewhere", |_| Reply::new(200, "", bearer("unwanted")));
        let third = elsewhere.url();
        let service = log.server("service", {
            let (third, accepted) = (third.clone(), Mutex::default());
            move |request| serve(request, &third, &accepted)
        });
        let url = service.url();
        let identity = log.server("identity", {
            let third = third.clone();
            move |request| identify(request, &third, &url)
        });
        let provider = log.server("provider", move |request| provide(request, &third));
        Self { log, identity, provider, service, elsewhere }
    }

    pub(crate) fn cloud(&self, act: &str) -> Cloud {
        let url = format!("{}/{act}/v3", self.identity.url());
        match act.starts_with("otc") {
            true => Cloud::otc("eu-de").unwrap().at(&url).unwrap(),
            false => Cloud::keystone(&url).unwrap(),
        }
    }

    pub(crate) fn token_endpoint(&self, act: &str) -> String {
        format!("{}/{act}/token", self.provider.url())
    }

    pub(crate) fn document(&self, act: &str) -> String {
        format!("{}/{act}/.well-known/openid-configuration", self.provider.url())
    }
}

fn to(third: &str, status: u16) -> Reply {
    Reply::new(status, &format!("Location: {third}/{status}\r\n"), "")
}

/// A token response with this secret as the access token.
fn bearer(name: &str) -> String {
    json!({"access_token": secret(name), "id_token": secret("id token")}).to_string()
}

fn provide(request: &Received, third: &str) -> Reply {
    let (act, host) = (request.segment(), request.header("host").unwrap_or_default());
    if request.method() == "GET" {
        let endpoint = match act {
            "points-elsewhere" => format!("{third}/token"),
            _ => format!("http://{host}/{act}/token"),
        };
        return Reply::new(200, "", json!({ "token_endpoint": endpoint }).to_string());
    }
    let description = format!("see {third}: {}", request.body());
    let refusal = json!({"error": "invalid_grant", "error_description": description}).to_string();
    match act {
        "provider-redirects" => to(third, 307),
        "provider-refuses" => Reply::new(400, "", refusal),
        _ => Reply::new(200, &format!("Link: <{third}>; rel=next\r\n"), bearer("bearer")),
    }
}

fn identify(request: &Received, third: &str, service: &str) -> Reply {
    let (act, number) = (request.segment(), request.number);
    let token = |name| format!("X-Subject-Token: {}-{number}\r\n", secret(name));
    let is = |end: &str| request.target().ends_with(end);
    match act {
        "gate-redirects" if is("/auth") => return to(third, 302),
        "gate-refuses" if is("/auth") => {
            let headers = format!("WWW-Authenticate: Bearer realm=\"{third}\"\r\n");
            return Reply::new(401, &headers, request.text.as_bytes());
        }
        "scope-redirects" if is("/v3/auth/tokens") => return to(third, 308),
        "otc-redirects" if is("/id-token/tokens") => return to(third, 307),
        _ => {}
    }
    match request.method() {
        "POST" if is("/auth") => {
            let body = fixtures::token_body(service);
            let unscoped = body.replace("\"project\"", "\"x\"").replace("\"catalog\"", "\"y\"");
            Reply::new(201, &token("root"), unscoped)
        }
        "POST" if act == "two-factors" && !request.body().contains("totp") => {
            let times = json!({"methods": ["password"], "issued_at": "2126-01-01T00:00:00Z",
                "expires_at": "2126-01-01T00:05:00Z"});
            let body = json!({"receipt": times, "required_auth_methods": [["password", "totp"]]});
            Reply::new(401, "Openstack-Auth-Receipt: r\r\n", body.to_string())
        }
        "POST" => Reply::new(201, &token("token"), fixtures::token_body(service)),
        "DELETE" => Reply::new(204, "", ""),
        _ => {
            let subject = request.header("x-subject-token").unwrap_or_default();
            let headers = format!("X-Subject-Token: {subject}\r\n");
            Reply::new(200, &headers, fixtures::token_body(service))
        }
    }
}

/// A service. For `revoked` it refuses the token that came with `good`.
fn serve(request: &Received, third: &str, accepted: &Mutex<String>) -> Reply {
    let token = request.header("x-auth-token").unwrap_or_default();
    let mut accepted = accepted.lock().unwrap();
    match request.segment() {
        "good" => token.clone_into(&mut accepted),
        "redirected" => return to(third, 302),
        "revoked" if token != *accepted => {}
        _ => {
            let header = format!("WWW-Authenticate: Keystone uri='{third}'\r\n");
            return Reply::new(401, &header, "");
        }
    }
    Reply::new(200, "", "good")
}
