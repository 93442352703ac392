//! Logins by ID token at Huawei Cloud and Open Telekom Cloud.

use auth_emulator::{Emulator, System, account};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use time::Duration;

use super::{person, text};
use crate::support::{ask, ask_at, call, json, now, post, token, token_url};

const HOSTS: [(System, &str); 2] = [
    (System::Huawei, "https://iam.myhuaweicloud.com"),
    (System::Otc, "https://iam.eu-de.otc.t-systems.com"),
];

fn log_in(
    emulator: &mut Emulator,
    host: &str,
    provider: Option<&str>,
    id_token: &str,
    scope: Option<Value>,
    after: Duration,
) -> Response<Vec<u8>> {
    let mut auth = json!({ "id_token": { "id": id_token } });
    if let Some(scope) = scope {
        auth["scope"] = scope;
    }
    let mut request = post(format!("{host}/v3.0/OS-AUTH/id-token/tokens"));
    if let Some(provider) = provider {
        request = request.header("X-Idp-Id", provider);
    }
    ask_at(emulator, request, json!({ "auth": auth }).to_string(), now() + after)
}

fn ids(system: System) -> (&'static str, &'static str) {
    match system {
        System::Huawei => (account::HUAWEI_PROJECT_ID, account::HUAWEI_DOMAIN_ID),
        _ => (account::OTC_PROJECT, account::OTC_DOMAIN_ID),
    }
}

#[test]
fn one_request_gives_a_scoped_token() {
    let mut emulator = Emulator::new();
    for (system, host) in HOSTS {
        let tokens = person(&mut emulator, account::OIDC_USER);
        let (project, domain) = ids(system);
        for (field, id) in [("project", project), ("domain", domain)] {
            let scope = json!({ field: { "id": id } });
            let id_token = text(&tokens, "id_token");
            let answer =
                log_in(&mut emulator, host, Some("idp1"), id_token, Some(scope), Duration::ZERO);
            assert_eq!(answer.status(), 201, "{system} {field}");
            let body = json(&answer)["token"].take();
            assert_eq!(body["methods"], json!(["mapped"]));
            assert_eq!(body[field]["id"], id);
            assert_eq!(body["user"]["name"], account::OIDC_USER);
            assert_eq!(body["user"]["OS-FEDERATION"]["identity_provider"]["id"], "idp1");
            assert!(body["catalog"].is_array());
            let service = format!("http://localhost/service/{system}/host/path");
            assert_eq!(call(&mut emulator, &service, &token(&answer), Duration::ZERO), 200);
        }
    }
}

#[test]
fn an_unscoped_token_is_for_exchanges() {
    let mut emulator = Emulator::new();
    for (system, host) in HOSTS {
        let tokens = person(&mut emulator, account::OIDC_USER);
        let id_token = text(&tokens, "id_token");
        let answer = log_in(&mut emulator, host, Some("idp1"), id_token, None, Duration::ZERO);
        assert_eq!(answer.status(), 201, "{system}");
        let first = json(&answer)["token"].take();
        for absent in ["project", "domain", "roles", "catalog"] {
            assert!(first.get(absent).is_none(), "{system} {absent}");
        }
        let identity = json!({ "methods": ["token"], "token": { "id": token(&answer) } });
        let scope = json!({ "project": { "id": ids(system).0 } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } }).to_string();
        let later = now() + Duration::hours(1);
        let scoped = ask_at(&mut emulator, post(token_url(system)), body, later);
        assert_eq!(scoped.status(), 201, "{system}");
        let second = json(&scoped)["token"].take();
        assert_eq!(second["expires_at"], first["expires_at"]);
        assert_eq!(second["user"], first["user"]);
        assert_eq!(second["project"]["id"], ids(system).0);
    }
}

#[test]
fn id_token_logins_are_refused() {
    let mut emulator = Emulator::new();
    for (system, host) in HOSTS {
        let tokens = person(&mut emulator, account::OIDC_USER);
        let good = text(&tokens, "id_token");
        let stranger = person(&mut emulator, account::OIDC_UNMAPPED_USER);
        let access = text(&tokens, "access_token");
        let zero = Duration::ZERO;
        let other = json!({ "project": { "id": "other" } });
        let idp = Some("idp1");
        for (name, provider, id_token, scope, after, status) in [
            ("unknown provider", Some("nope"), good, None, zero, 404),
            ("no provider", None, good, None, zero, 400),
            ("unknown token", idp, "a.b.c", None, zero, 401),
            ("an access token", idp, access, None, zero, 401),
            ("no mapping", idp, text(&stranger, "id_token"), None, zero, 401),
            ("expired", idp, good, None, Duration::minutes(5), 401),
            ("another project", idp, good, Some(other), zero, 401),
            ("an empty scope", idp, good, Some(json!({ "project": {} })), zero, 400),
        ] {
            let answer = log_in(&mut emulator, host, provider, id_token, scope, after);
            assert_eq!(answer.status(), status, "{system}: {name}");
        }
        let url = format!("{host}/v3.0/OS-AUTH/id-token/tokens");
        for (method, body, status) in [
            (Method::POST, "", 400),
            (Method::POST, r#"{"auth": {}}"#, 400),
            (Method::POST, r#"{"auth": {"id_token": {"id": 5}}}"#, 400),
            (Method::GET, "", 405),
        ] {
            let request = Request::builder()
                .method(method.clone())
                .uri(&url)
                .header("Content-Type", "application/json")
                .header("X-Idp-Id", "idp1");
            let answer = ask(&mut emulator, request, body);
            assert_eq!(answer.status(), status, "{system}: {method} {body}");
        }
        let form = Request::post(&url).header("X-Idp-Id", "idp1");
        assert_eq!(ask(&mut emulator, form, "{}").status(), 400, "{system}: no content type");
    }
}
