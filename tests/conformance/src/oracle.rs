//! The server's answers to plain requests, which are written and read without the crates under
//! test.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use auth_proto::{ApiVersion, Token};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use testing::send;
use time::{UtcDateTime, format_description::well_known::Rfc3339};

use crate::{case::holds, keystone::Keystone};

/// A response.
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) token: Option<String>,
    /// Null if the response has no body.
    pub(crate) body: Value,
}

impl Keystone {
    /// A v3 request, with a token if given.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        subject: &str,
        body: &Value,
    ) -> Result<Raw, String> {
        ask(&self.url, method, path, token, subject, body)
    }

    /// A token of this user for this scope (null for none), without the clients.
    pub(crate) fn fresh(&self, user: &str, scope: &Value) -> Result<String, String> {
        issued(&self.url, &self.by_password(user), scope)
    }

    fn by_password(&self, user: &str) -> Value {
        let user = &self.users[user];
        let user = json!({"id": user.id, "password": user.password});
        json!({"methods": ["password"], "password": {"user": user}})
    }

    /// A token of an application credential of alice.
    pub(crate) fn fresh_by_key(&self, key: &str) -> Result<String, String> {
        let own = &self.application_credentials[key];
        let key = json!({"id": own.id, "secret": own.secret});
        let methods = ["application_credential"];
        let identity = json!({"methods": methods, "application_credential": key});
        issued(&self.url, &identity, &Value::Null)
    }

    pub(crate) fn in_project(&self, key: &str) -> Value {
        json!({"project": {"id": self.projects[key].id}})
    }

    pub(crate) fn in_domain(&self, key: &str) -> Value {
        json!({"domain": {"id": self.domains[key]}})
    }

    /// An administrator's token.
    pub(crate) fn admin_token(&self) -> Result<&str, String> {
        if let Some(token) = self.admin.get() {
            return Ok(token);
        }
        let scope = json!({"project": {"name": "admin", "domain": {"id": "default"}}});
        let token = self.fresh("admin", &scope)?;
        Ok(self.admin.get_or_init(|| token))
    }

    /// An expired token of alice for alpha. The first caller waits until it expires.
    pub(crate) fn expired_token(&self) -> Result<&str, String> {
        if let Some(token) = self.expired.get() {
            return Ok(token);
        }
        let (identity, scope) = (self.by_password("alice"), self.in_project("alpha"));
        let token = issued(&self.brief_url, &identity, &scope)?;
        let started = Instant::now();
        while self.validated(&token)?.is_some() {
            let is_late = started.elapsed() > Duration::from_secs(60);
            holds(!is_late, || "a token of 8 s is still good after 60 s".to_owned())?;
            thread::sleep(Duration::from_millis(500));
        }
        Ok(self.expired.get_or_init(|| token))
    }

    /// A revoked token of alice for alpha.
    pub(crate) fn revoked_token(&self) -> Result<String, String> {
        let token = self.fresh("alice", &self.in_project("alpha"))?;
        self.revoke(&token)?;
        Ok(token)
    }

    pub(crate) fn revoke(&self, token: &str) -> Result<(), String> {
        let raw = self.ask(Method::DELETE, "/auth/tokens", token, token, &Value::Null)?;
        match raw.status {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(format!("a revocation was answered with {status}")),
        }
    }

    /// Enables a disabled resource for the duration of the work.
    pub(crate) fn while_enabled<T>(
        &self,
        kind: &str,
        id: &str,
        work: impl FnOnce() -> T,
    ) -> Result<T, String> {
        let set = |enabled: bool| {
            let body = json!({ kind: { "enabled": enabled } });
            let path = format!("/{kind}s/{id}");
            let raw = self.ask(Method::PATCH, &path, self.admin_token()?, "", &body)?;
            holds(raw.status == StatusCode::OK, || format!("{path}: {} {}", raw.status, raw.body))
        };
        set(true)?;
        let done = work();
        set(false)?;
        Ok(done)
    }

    /// The id of a trust from alice to bob on alpha.
    pub(crate) fn trust(&self, impersonation: bool, uses: Option<u32>) -> Result<String, String> {
        let alice = self.fresh("alice", &self.in_project("alpha"))?;
        let trust = json!({
            "trustor_user_id": self.users["alice"].id,
            "trustee_user_id": self.users["bob"].id,
            "project_id": self.projects["alpha"].id,
            "impersonation": impersonation,
            "remaining_uses": uses,
            "roles": [{"name": "member"}],
        });
        let body = json!({ "trust": trust });
        let raw = self.ask(Method::POST, "/OS-TRUST/trusts", &alice, "", &body)?;
        let id = raw.body["trust"]["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| format!("no trust: {} {}", raw.status, raw.body))
    }

    /// The server's description of a token; `None` if it does not find it.
    pub(crate) fn validated(&self, token: &str) -> Result<Option<Value>, String> {
        let raw =
            self.ask(Method::GET, "/auth/tokens", self.admin_token()?, token, &Value::Null)?;
        match raw.status {
            StatusCode::OK => Ok(Some(raw.body["token"].clone())),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(format!("a validation was answered with {status}: {}", raw.body)),
        }
    }

    /// Checks that a client read a token as the server describes it.
    pub(crate) fn agrees(
        &self,
        token: &Token,
        api_version: ApiVersion,
        catalog: bool,
    ) -> Result<(), String> {
        let Some(raw) = self.validated(token.expose())? else {
            return Err("the server does not know the token".to_owned());
        };
        let (mut ours, mut theirs) = (ours(token), theirs(&raw));
        if api_version == ApiVersion::V2 {
            // v2.0 has no domains and no methods, and an empty catalog where v3 has none.
            theirs.retain(|key, _| !key.contains("domain") && *key != "methods");
            ours.retain(|key, text| *key != "catalog" || !text.is_empty());
        }
        if !catalog {
            theirs.remove("catalog");
        }
        match ours == theirs {
            true => Ok(()),
            false => Err(format!("the client read {ours:?}, the server means {theirs:?}")),
        }
    }
}

fn issued(url: &str, identity: &Value, scope: &Value) -> Result<String, String> {
    let mut auth = json!({ "identity": identity });
    if !scope.is_null() {
        auth["scope"] = scope.clone();
    }
    let raw = ask(url, Method::POST, "/auth/tokens", "", "", &json!({ "auth": auth }))?;
    raw.token.ok_or_else(|| format!("no token: {} {}", raw.status, raw.body))
}

fn ask(
    url: &str,
    method: Method,
    path: &str,
    token: &str,
    subject: &str,
    body: &Value,
) -> Result<Raw, String> {
    let mut request = Request::builder().method(method).uri(format!("{}/v3{path}", url));
    for (name, value) in [("X-Auth-Token", token), ("X-Subject-Token", subject)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    // Without this header, Keystone does not describe tokens with access rules.
    let request = request.header("OpenStack-Identity-Access-Rules", "1.0");
    let request = request.header("Content-Type", "application/json").body(body);
    let request = request.map_err(|error| error.to_string())?;
    let asked = format!("{} {}", request.method(), request.uri());
    let answer = send(request).map_err(|stop| format!("{asked}: {stop}"))?;
    let token = answer.headers().get("X-Subject-Token").and_then(|token| token.to_str().ok());
    Ok(Raw {
        status: answer.status(),
        token: token.map(str::to_owned),
        body: serde_json::from_slice(answer.body()).unwrap_or_default(),
    })
}

/// Each present entry of a token, as text.
fn ours(token: &Token) -> BTreeMap<&'static str, String> {
    let mut entries = BTreeMap::new();
    let mut add = |key, value: Option<&String>| {
        if let Some(value) = value {
            entries.insert(key, value.clone());
        }
    };
    let (user, project, domain) = (token.user(), token.project(), token.domain());
    add("user", user.id.as_ref());
    add("user's name", user.name.as_ref());
    add("user's domain", user.domain.as_ref().and_then(|domain| domain.id.as_ref()));
    add("project", project.and_then(|project| project.id.as_ref()));
    add("project's name", project.and_then(|project| project.name.as_ref()));
    let owner = project.and_then(|project| project.domain.as_ref());
    add("project's domain", owner.and_then(|domain| domain.id.as_ref()));
    add("domain", domain.and_then(|domain| domain.id.as_ref()));
    add("domain's name", domain.and_then(|domain| domain.name.as_ref()));
    add("system", token.is_system().then(|| "all".to_owned()).as_ref());
    add("trust", token.trust_id().map(str::to_owned).as_ref());
    let methods = listed(token.methods().to_vec());
    add("methods", Some(&methods).filter(|methods| !methods.is_empty()));
    let roles = token.roles().iter();
    let roles = listed(roles.filter_map(|role| role.name.clone()).collect());
    add("roles", Some(&roles).filter(|roles| !roles.is_empty()));
    add("expires", Some(&token.expires_at().to_string()));
    let services = token.catalog().into_iter().flat_map(|catalog| catalog.services());
    let rows = services.flat_map(|service| {
        service.endpoints().map(move |endpoint| {
            let region = endpoint.region().unwrap_or_default();
            let (kind, interface) = (service.service_type(), endpoint.interface());
            format!("{kind} {interface} {region} {}", endpoint.url())
        })
    });
    add("catalog", token.catalog().map(|_| listed(rows.collect())).as_ref());
    entries
}

fn theirs(raw: &Value) -> BTreeMap<&'static str, String> {
    let mut entries = BTreeMap::new();
    for (key, pointer) in [
        ("user", "/user/id"),
        ("user's name", "/user/name"),
        ("user's domain", "/user/domain/id"),
        ("project", "/project/id"),
        ("project's name", "/project/name"),
        ("project's domain", "/project/domain/id"),
        ("domain", "/domain/id"),
        ("domain's name", "/domain/name"),
        ("trust", "/OS-TRUST:trust/id"),
    ] {
        if let Some(text) = raw.pointer(pointer).and_then(Value::as_str) {
            entries.insert(key, text.to_owned());
        }
    }
    if raw.pointer("/system/all") == Some(&Value::Bool(true)) {
        entries.insert("system", "all".to_owned());
    }
    let texts = |list: &Value, key: Option<&str>| {
        let entries = list.as_array().into_iter().flatten();
        let entries = entries.map(|entry| key.map_or(entry, |key| &entry[key]));
        listed(entries.filter_map(Value::as_str).map(str::to_owned).collect())
    };
    for (key, text) in
        [("methods", texts(&raw["methods"], None)), ("roles", texts(&raw["roles"], Some("name")))]
    {
        if !text.is_empty() {
            entries.insert(key, text);
        }
    }
    if let Some(text) = raw["expires_at"].as_str() {
        let at = UtcDateTime::parse(text, &Rfc3339).map(|at| at.to_string());
        entries.insert("expires", at.unwrap_or_else(|_| text.to_owned()));
    }
    if let Some(services) = raw["catalog"].as_array() {
        entries.insert("catalog", listed(services.iter().flat_map(rows).collect()));
    }
    entries
}

/// A service's endpoints, one text each.
fn rows(service: &Value) -> Vec<String> {
    let entries = service["endpoints"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |entry: &Value| {
        let (interface, region) = (text(&entry["interface"]), text(&entry["region_id"]));
        format!("{} {interface} {region} {}", text(&service["type"]), text(&entry["url"]))
    };
    entries.map(row).collect()
}

fn listed(mut texts: Vec<String>) -> String {
    texts.sort();
    texts.join(", ")
}
