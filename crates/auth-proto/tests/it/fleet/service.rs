//! An identity service with projects, passwords and tokens.

use std::{collections::BTreeMap, time::Duration};

use auth_proto::{Body, timestamp};
use http::{Method, Request, Response};
use serde_json::Value;

use crate::support::{NOW, json, response, set_header};

#[derive(Debug)]
pub(super) struct Service {
    /// The passwords that it accepts.
    pub(super) passwords: Vec<&'static str>,
    /// The status of all answers, while it is out of order.
    pub(super) fault: Option<u16>,
    /// The time that it takes for a login or an exchange.
    pub(super) pace: Duration,
    /// The life of a token.
    pub(super) life: Duration,
    /// Whether its answers say what time it is.
    pub(super) has_date: bool,
    pub(super) logins: Vec<Login>,
    tokens: BTreeMap<String, Issued>,
}

/// A login or an exchange that it has received.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) at: Duration,
    /// Whether a token was exchanged.
    pub(super) is_exchange: bool,
    pub(super) password: String,
}

#[derive(Clone, Debug)]
struct Issued {
    issued: Duration,
    ends: Duration,
    project: Option<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            passwords: vec!["good"],
            fault: None,
            pace: Duration::from_millis(300),
            life: Duration::from_secs(8 * 3600),
            has_date: true,
            logins: Vec::new(),
            tokens: BTreeMap::new(),
        }
    }
}

impl Service {
    pub(super) fn handle(&mut self, request: &Request<Body>, now: Duration) -> Response<Vec<u8>> {
        let mut response = self.answer(request, now);
        if self.has_date {
            set_header(&mut response, "date", &httpdate::fmt_http_date((NOW + now).into()));
        }
        response
    }

    fn answer(&mut self, request: &Request<Body>, now: Duration) -> Response<Vec<u8>> {
        if request.method() == Method::GET {
            let subject = request.headers()["X-Subject-Token"].to_str().unwrap();
            return match self.issued(subject, now).cloned() {
                _ if self.fault.is_some() => response(self.fault.unwrap_or(503), None, ""),
                Some(issued) => response(200, Some(subject), &issued.body()),
                None => response(404, None, "{}"),
            };
        }
        let body = json(request.body());
        let identity = &body["auth"]["identity"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let password = text(&identity["password"]["user"]["password"]);
        let is_exchange = identity["methods"][0] == "token";
        self.logins.push(Login { at: now, is_exchange, password: password.clone() });
        if let Some(status) = self.fault {
            return response(status, None, "");
        }
        let root = is_exchange.then(|| self.issued(&text(&identity["token"]["id"]), now).cloned());
        let ends = match root {
            Some(None) => return response(401, None, REFUSED),
            None if !self.passwords.contains(&&*password) => return response(401, None, REFUSED),
            Some(Some(root)) => root.ends,
            None => now + self.life,
        };
        let project = body["auth"]["scope"]["project"]["id"].as_str().map(str::to_owned);
        let issued = Issued { issued: now, ends, project };
        let token = format!("token-{}", self.logins.len());
        let answer = response(201, Some(&token), &issued.body());
        self.tokens.insert(token, issued);
        answer
    }

    /// Whether a service that asks would accept this token for this project.
    pub(super) fn accepts(&self, token: &str, project: &str, now: Duration) -> bool {
        self.issued(token, now).is_some_and(|issued| issued.project.as_deref() == Some(project))
    }

    /// Revokes all tokens.
    pub(super) fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// The logins with a password.
    pub(super) fn with_password(&self) -> usize {
        self.logins.iter().filter(|login| !login.is_exchange).count()
    }

    fn issued(&self, token: &str, now: Duration) -> Option<&Issued> {
        self.tokens.get(token).filter(|issued| now < issued.ends)
    }
}

impl Issued {
    fn body(&self) -> String {
        let [issued, ends] = [self.issued, self.ends].map(|at| timestamp::format(NOW + at));
        let project = match &self.project {
            Some(id) => format!(r#", "project": {{"id": "{id}"}}"#),
            None => String::new(),
        };
        format!(
            r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}",
                "user": {{"id": "alice"}}{project}}}}}"#
        )
    }
}

const REFUSED: &str =
    r#"{"error": {"code": 401, "message": "The request you have made requires authentication."}}"#;
