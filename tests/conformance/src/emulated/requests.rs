//! The compared requests.

use http::Method;
use serde_json::{Value, json};

use super::Server;

type Exchange = fn(&mut Server<'_>);

pub(super) const ALL: &[(&str, Exchange)] = &[
    ("versions", versions),
    ("users", users),
    ("scopes", scopes),
    ("scopes of other users", scopes_of_others),
    ("scopes that are none", odd_scopes),
    ("malformed logins", malformed),
    ("content types", content_types),
    ("second factors", second_factors),
    ("receipts of others", receipts_of_others),
    ("both factors at once", both_factors),
    ("application credentials", keys),
    ("exchanged tokens", exchanged),
    ("tokens of application credentials", exchanged_keys),
    ("validation", validation),
    ("revocation", revocation),
    ("lists", lists),
];

fn versions(server: &mut Server<'_>) {
    for path in ["", "/", "/v3", "/v3/", "/v2.0", "/v3/nothing", "/v3/auth"] {
        server.get(path, "");
    }
    server.ask(Method::HEAD, "/", &[], "");
}

fn users(server: &mut Server<'_>) {
    for (name, domain, given) in [
        ("alice", json!({"name": "Default"}), "alice-pw"),
        ("alice", json!({"id": "default"}), "alice-pw"),
        ("alice", json!({"name": "Corp"}), "corp-alice-pw"),
        ("alice", json!({"name": "Corp"}), "alice-pw"),
        ("alice", json!({"name": "Nowhere"}), "alice-pw"),
        ("alice", json!({"name": "Default"}), "wrong"),
        ("alice", json!({}), "alice-pw"),
        ("nobody", json!({"id": "default"}), "x"),
        ("disabled", json!({"id": "default"}), "disabled-pw"),
        ("disabled", json!({"id": "default"}), "wrong"),
    ] {
        let user = json!({"name": name, "domain": domain, "password": given});
        server.log_in(&json!({"password": {"user": user}}), Value::Null);
    }
    let unknown = json!({"id": "0".repeat(32), "password": "x"});
    server.log_in(&json!({"password": {"user": unknown}}), Value::Null);
}

fn scopes(server: &mut Server<'_>) {
    for scope in [
        alpha(),
        project("beta", "Default"),
        project("alpha", "Corp"),
        project("disabled", "Default"),
        project("dead", "Dead"),
        project("nothing", "Default"),
        json!({"project": {"id": "0".repeat(32)}}),
        json!({"domain": {"id": "default"}}),
        json!({"domain": {"name": "Corp"}}),
        json!({"domain": {"name": "Dead"}}),
        json!({"domain": {"id": "nothing"}}),
        json!({"system": {"all": true}}),
        json!({"system": {"all": false}}),
        json!("unscoped"),
        json!({"unscoped": {}}),
        json!({"OS-TRUST:trust": {"id": "0".repeat(32)}}),
        Value::Null,
    ] {
        server.log_in(&password("alice"), scope);
    }
    let auth = super::auth(&password("alice"), alpha());
    let body = json!({ "auth": auth }).to_string();
    for query in ["?nocatalog", "?nocatalog=0"] {
        let headers = [("Content-Type", "application/json")];
        server.ask(Method::POST, &format!("/v3/auth/tokens{query}"), &headers, &body);
    }
}

fn scopes_of_others(server: &mut Server<'_>) {
    for (user, scope) in [
        ("bob", Value::Null),
        ("bob", json!("unscoped")),
        ("bob", json!({"system": {"all": true}})),
        ("bob", json!({"domain": {"id": "default"}})),
        ("carol", Value::Null),
        ("carol", alpha()),
    ] {
        server.log_in(&password(user), scope);
    }
}

fn odd_scopes(server: &mut Server<'_>) {
    for scope in [
        json!({}),
        json!("all"),
        json!({"other": {}}),
        json!({"project": {"id": "x"}, "domain": {"id": "x"}}),
        json!({"project": {}}),
        json!({"project": {"name": "alpha"}}),
        json!({"project": {"name": "alpha", "domain": {}}}),
        json!({"project": {"id": "x", "name": "alpha"}}),
        json!({"domain": {}}),
    ] {
        server.log_in(&password("alice"), scope);
    }
}

fn malformed(server: &mut Server<'_>) {
    for identity in [
        json!({}),
        json!({"password": {}}),
        json!({"totp": {}}),
        json!({"totp": {"user": {}}}),
        json!({"password": {"user": {"password": "x"}}}),
        json!({"password": {"user": {"name": "alice", "password": "x"}}}),
        json!({"totp": {"user": {"name": "totp", "passcode": "1"}}}),
        json!({"oauth": {}}),
        json!({"application_credential": {"secret": "x"}}),
        json!({"application_credential": {"name": "plain", "secret": "x"}}),
        json!({"application_credential": {"name": "plain", "secret": "x", "user": {}}}),
        json!({"application_credential": {"name": "plain", "user": {"name": "alice"}}}),
    ] {
        server.log_in(&identity, Value::Null);
    }
    let mut stray = super::auth(&password("alice"), Value::Null);
    stray["identity"]["totp"] = json!({});
    server.post(&stray, &[]);
    let mut twice = super::auth(&password("alice"), Value::Null);
    twice["identity"]["methods"] = json!(["password", "password"]);
    server.post(&twice, &[]);
    server.post(&json!({"identity": {"methods": ["password"]}}), &[]);
    server.post(&json!({"identity": {"methods": ["other"]}}), &[]);
    for body in ["", "{}", "[]", "x"] {
        let headers = [("Content-Type", "application/json")];
        server.ask(Method::POST, "/v3/auth/tokens", &headers, body);
    }
}

fn content_types(server: &mut Server<'_>) {
    let body = json!({ "auth": super::auth(&password("alice"), Value::Null) }).to_string();
    server.ask(Method::POST, "/v3/auth/tokens", &[], &body);
    for content_type in ["application/JSON", "application/json; charset=utf-8", "text/plain"] {
        server.ask(Method::POST, "/v3/auth/tokens", &[("Content-Type", content_type)], &body);
    }
}

fn second_factors(server: &mut Server<'_>) {
    let (password, code) = (password("mfa"), code(server, "mfa"));
    for (first, second) in [(&password, &code), (&code, &password)] {
        server.log_in(first, alpha());
        let token = server.go_on(second, alpha());
        server.log_in(&exchange(&token), project("beta", "Default"));
        server.log_in(&exchange(&token), alpha());
    }
    server.log_in(&password, alpha());
    server.go_on(&code, Value::Null);
    server.go_on(&password, alpha());
    server.log_in(&password, project("beta", "Default"));
    server.go_on(&code, project("beta", "Default"));
    server.log_in(&password, project("nothing", "Default"));
}

fn receipts_of_others(server: &mut Server<'_>) {
    let codes = [code(server, "totp"), code(server, "mfa"), wrong_code(server)];
    server.log_in(&password("mfa"), alpha());
    for identity in [&codes[0], &codes[2], &password("alice"), &password("mfa")] {
        server.go_on(identity, alpha());
    }
    let auth = super::auth(&codes[1], alpha());
    server.post(&auth, &[("Openstack-Auth-Receipt", "spoilt")]);
}

fn both_factors(server: &mut Server<'_>) {
    for user in ["mfa", "totp"] {
        let (mut right, mut wrong) = (password(user), password(user));
        right["totp"] = code(server, user)["totp"].take();
        wrong["totp"] = wrong_code(server)["totp"].take();
        server.log_in(&right, alpha());
        server.log_in(&wrong, alpha());
        let only = code(server, user);
        server.log_in(&only, alpha());
        server.log_in(&password(user), alpha());
    }
}

fn keys(server: &mut Server<'_>) {
    let id = server.key.clone();
    let secret = "secret of plain";
    let of = |name: &str, user: Value| {
        json!({"application_credential": {
            "name": name, "secret": format!("secret of {name}"), "user": user
        }})
    };
    let alice = json!({"name": "alice", "domain": {"id": "default"}});
    let by_id = |secret: &str| json!({"application_credential": {"id": id, "secret": secret}});
    for (identity, scope) in [
        (by_id(secret), Value::Null),
        (by_id("wrong"), Value::Null),
        (by_id(secret), alpha()),
        (by_id(secret), json!("unscoped")),
        (json!({"application_credential": {"id": id}}), Value::Null),
        (json!({"application_credential": {"id": "0".repeat(32), "secret": "x"}}), Value::Null),
        (of("plain", alice.clone()), Value::Null),
        (of("unrestricted", alice.clone()), Value::Null),
        (of("one-role", alice.clone()), Value::Null),
        (of("nothing", alice), Value::Null),
        (of("plain", json!({"name": "bob", "domain": {"id": "default"}})), Value::Null),
        (of("plain", json!({"id": "0".repeat(32)})), Value::Null),
    ] {
        server.log_in(&identity, scope);
    }
}

fn exchanged(server: &mut Server<'_>) {
    let unscoped = server.log_in(&password("alice"), json!("unscoped"));
    let system = server.log_in(&password("alice"), json!({"system": {"all": true}}));
    let first = server.log_in(&exchange(&unscoped), alpha());
    for token in [&unscoped, &system, &first] {
        for scope in [
            alpha(),
            project("alpha", "Corp"),
            json!({"domain": {"id": "default"}}),
            json!({"system": {"all": true}}),
            json!("unscoped"),
            Value::Null,
        ] {
            server.log_in(&exchange(token), scope);
        }
    }
    let bob = server.log_in(&password("bob"), json!("unscoped"));
    server.log_in(&exchange(&bob), Value::Null);
    let mut of_two = password("alice");
    of_two["token"] = json!({ "id": bob });
    server.log_in(&of_two, Value::Null);
    server.log_in(&exchange("none"), alpha());
}

fn exchanged_keys(server: &mut Server<'_>) {
    let key = json!({"id": server.key, "secret": "secret of plain"});
    let token = server.log_in(&json!({ "application_credential": key }), Value::Null);
    for scope in [alpha(), project("beta", "Default"), json!("unscoped"), Value::Null] {
        server.log_in(&exchange(&token), scope);
    }
    server.about(Method::GET, &token, &token);
    server.get("/v3/auth/projects", &token);
    server.about(Method::DELETE, &token, &token);
}

fn validation(server: &mut Server<'_>) {
    let alice = server.log_in(&password("alice"), alpha());
    let system = server.log_in(&password("alice"), json!({"system": {"all": true}}));
    let bob = server.log_in(&password("bob"), alpha());
    for method in [Method::GET, Method::HEAD] {
        for (own, subject) in [
            (alice.as_str(), alice.as_str()),
            (&alice, &bob),
            (&system, &bob),
            (&bob, &alice),
            (&alice, "none"),
            ("none", &alice),
        ] {
            server.about(method.clone(), own, subject);
        }
        server.ask(method, "/v3/auth/tokens", &[("X-Auth-Token", &alice)], "");
    }
    server.ask(Method::PUT, "/v3/auth/tokens", &[("X-Auth-Token", &alice)], "");
}

fn revocation(server: &mut Server<'_>) {
    let operator = server.log_in(&password("alice"), json!({"system": {"all": true}}));
    let bob = server.log_in(&password("bob"), alpha());
    server.about(Method::DELETE, &operator, &bob);
    for revoked in [0, 1] {
        let first = server.log_in(&password("alice"), json!("unscoped"));
        let second = server.log_in(&exchange(&first), alpha());
        let third = server.log_in(&exchange(&second), project("beta", "Default"));
        let tokens = [first, second, third];
        server.about(Method::DELETE, &tokens[revoked], &tokens[revoked]);
        for token in &tokens {
            server.about(Method::GET, &operator, token);
        }
        server.about(Method::GET, &tokens[revoked], &tokens[revoked]);
        server.log_in(&exchange(&tokens[revoked]), alpha());
        server.about(Method::DELETE, &operator, &tokens[revoked]);
    }
}

fn lists(server: &mut Server<'_>) {
    let mut tokens = vec!["none".to_owned()];
    for (user, scope) in [
        ("alice", alpha()),
        ("alice", json!("unscoped")),
        ("alice", json!({"system": {"all": true}})),
        ("alice", json!({"domain": {"id": "default"}})),
        ("bob", alpha()),
        ("carol", Value::Null),
    ] {
        tokens.push(server.log_in(&password(user), scope));
    }
    for path in ["projects", "domains", "system", "catalog"] {
        for token in &tokens {
            server.get(&format!("/v3/auth/{path}"), token);
        }
        server.get(&format!("/v3/auth/{path}?limit=1"), &tokens[1]);
        server.ask(Method::HEAD, &format!("/v3/auth/{path}"), &[("X-Auth-Token", &tokens[1])], "");
        server.ask(Method::POST, &format!("/v3/auth/{path}"), &[("X-Auth-Token", &tokens[1])], "");
    }
}

fn password(user: &str) -> Value {
    let domain = json!({"id": "default"});
    let user = json!({"name": user, "domain": domain, "password": format!("{user}-pw")});
    json!({"password": {"user": user}})
}

fn code(server: &Server<'_>, user: &str) -> Value {
    of_code(user, &(server.code)(user))
}

/// A code of `mfa` that is not the current one.
fn wrong_code(server: &Server<'_>) -> Value {
    let current = (server.code)("mfa");
    let wrong: String = current.chars().map(|it| if it == '9' { '0' } else { '9' }).collect();
    of_code("mfa", &wrong)
}

fn of_code(user: &str, code: &str) -> Value {
    let user = json!({"name": user, "domain": {"id": "default"}, "passcode": code});
    json!({"totp": {"user": user}})
}

fn exchange(token: &str) -> Value {
    json!({"token": {"id": token}})
}

fn project(name: &str, domain: &str) -> Value {
    json!({"project": {"name": name, "domain": {"name": domain}}})
}

fn alpha() -> Value {
    project("alpha", "Default")
}
