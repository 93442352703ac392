//! An identity service with projects, passwords and tokens, and an OpenID Connect provider.

use std::{collections::BTreeMap, time::Duration};

use auth_proto::{Body, Token, timestamp};
use http::{HeaderValue, Request, Response, Uri};
use serde_json::Value;

use super::clock;

#[derive(Debug)]
pub(crate) struct Service {
    /// The passwords that it accepts.
    pub(crate) passwords: Vec<&'static str>,
    /// The status of all answers, while it is out of order.
    pub(crate) fault: Option<u16>,
    /// The time that it takes for a login or an exchange.
    pub(crate) pace: Duration,
    /// The life of a token.
    pub(crate) life: Duration,
    /// Whether its answers say what time it is.
    pub(crate) has_date: bool,
    /// Whether the service at [`ODD`] refuses all tokens.
    pub(crate) is_at_odds: bool,
    /// How far the clock of the node that answers is ahead.
    pub(crate) ahead: Duration,
    pub(crate) logins: Vec<Login>,
    /// The number of times that a person was asked for the password.
    pub(crate) asked: usize,
    /// The time that a person takes for a reply.
    pub(crate) reply_takes: Duration,
    /// The valid tokens.
    tokens: BTreeMap<String, Issued>,
    /// All tokens that it has ever given.
    given: BTreeMap<String, Issued>,
}

/// A login or an exchange that it has received.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) at: Duration,
    /// Whether a token was exchanged.
    pub(crate) is_exchange: bool,
    /// The secret of the login, also of one whose token is exchanged.
    pub(crate) password: String,
    pub(crate) project: Option<String>,
    pub(crate) status: u16,
    /// The end of the token that it got.
    pub(crate) ends: Option<Duration>,
}

/// What a token is for.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    issued: Duration,
    ends: Duration,
    pub(crate) project: Option<String>,
    pub(crate) user: &'static str,
    /// The secret of the login.
    pub(crate) secret: String,
}

/// No user has a role in this project.
pub(crate) const NO_ROLE: &str = "no-role";
/// The service that may be at odds with the identity service.
pub(crate) const ODD: &str = "https://odd.example/";
/// The secret of a machine at the provider.
pub(crate) const CLIENT_SECRET: &str = "client-secret";
pub(crate) const TOKEN_ENDPOINT: &str = "https://login.example/token";
const BEARER: &str = "bearer-of-the-provider";

impl Default for Service {
    fn default() -> Self {
        Self {
            passwords: vec!["good"],
            fault: None,
            pace: Duration::from_millis(300),
            life: Duration::from_secs(8 * 3600),
            has_date: true,
            is_at_odds: false,
            ahead: Duration::ZERO,
            logins: Vec::new(),
            asked: 0,
            reply_takes: Duration::from_secs(300),
            tokens: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }
}

impl Service {
    pub(crate) fn handle(&mut self, request: &Request<Body>, now: Duration) -> Response<Vec<u8>> {
        let mut response = self.answer(request, now);
        if self.has_date {
            let date = httpdate::fmt_http_date(clock(now).into());
            response.headers_mut().insert("date", HeaderValue::from_str(&date).unwrap());
        }
        response
    }

    fn answer(&mut self, request: &Request<Body>, now: Duration) -> Response<Vec<u8>> {
        if let Some(subject) = request.headers().get("X-Subject-Token") {
            let subject = subject.to_str().unwrap();
            return match self.issued(subject, now).cloned() {
                _ if self.fault.is_some() => response(self.fault.unwrap_or(503), None, ""),
                Some(issued) => response(200, Some(subject), &issued.body()),
                None => response(404, None, "{}"),
            };
        }
        if request.uri().host() == Some("login.example") {
            return self.give_bearer();
        }
        let mut login = Login {
            at: now,
            is_exchange: false,
            password: String::new(),
            project: None,
            status: self.fault.unwrap_or(401),
            ends: None,
        };
        let issued = match request.uri().path().contains("/OS-FEDERATION/") {
            // A federated login: the gate has asked the provider about the bearer.
            true => {
                assert_eq!(request.headers()["authorization"], format!("Bearer {BEARER}"));
                login.password = CLIENT_SECRET.to_owned();
                Some(self.issue(now, "robot", CLIENT_SECRET, None))
            }
            false => self.log_in(request.body(), &mut login, now),
        };
        let issued = issued.filter(|_| self.fault.is_none());
        let answer = match issued {
            Some(issued) => {
                (login.status, login.ends) = (201, Some(issued.ends));
                let token = format!("token-{}", self.logins.len());
                let answer = response(201, Some(&token), &issued.body());
                self.given.insert(token.clone(), issued.clone());
                self.tokens.insert(token, issued);
                answer
            }
            None => response(login.status, None, if login.status == 401 { REFUSED } else { "" }),
        };
        self.logins.push(login);
        answer
    }

    /// A login with a password, or an exchange.
    fn log_in(&self, body: &Body, login: &mut Login, now: Duration) -> Option<Issued> {
        let body: Value = serde_json::from_slice(body.as_ref()).unwrap();
        let identity = &body["auth"]["identity"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        login.password = text(&identity["password"]["user"]["password"]);
        login.is_exchange = identity["methods"][0] == "token";
        login.project = body["auth"]["scope"]["project"]["id"].as_str().map(str::to_owned);
        let project = login.project.clone();
        let has_role = project.as_deref() != Some(NO_ROLE);
        if login.is_exchange {
            let root = self.issued(&text(&identity["token"]["id"]), now)?;
            login.password.clone_from(&root.secret);
            return has_role.then(|| Issued { issued: now, project, ..root.clone() });
        }
        let is_accepted = self.passwords.contains(&&*login.password) && has_role;
        is_accepted.then(|| self.issue(now, "alice", &login.password, project))
    }

    fn issue(
        &self,
        now: Duration,
        user: &'static str,
        secret: &str,
        project: Option<String>,
    ) -> Issued {
        Issued {
            issued: now + self.ahead,
            ends: now + self.life,
            project,
            user,
            secret: secret.to_owned(),
        }
    }

    fn give_bearer(&self) -> Response<Vec<u8>> {
        match self.fault {
            Some(status) => response(status, None, ""),
            None => {
                let body = format!(
                    r#"{{"access_token": "{BEARER}", "token_type": "Bearer", "expires_in": 300}}"#
                );
                response(200, None, &body)
            }
        }
    }

    /// Whether a service that asks would accept this token for this project.
    pub(crate) fn accepts(&self, token: &str, project: &str, now: Duration) -> bool {
        self.issued(token, now).is_some_and(|issued| issued.project.as_deref() == Some(project))
    }

    /// Whether the service at this URL accepts the token.
    pub(crate) fn accepts_at(&self, token: &Token, url: &Uri, now: Duration) -> bool {
        let project = token.project().and_then(|project| project.id.as_deref());
        let is_odd = self.is_at_odds && url.host() == ODD.parse::<Uri>().unwrap().host();
        self.accepts(token.expose(), project.unwrap_or_default(), now) && !is_odd
    }

    /// What this token is for, valid or not.
    pub(crate) fn given(&self, token: &str) -> &Issued {
        &self.given[token]
    }

    /// Revokes all tokens.
    pub(crate) fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// The logins with a password.
    pub(crate) fn with_password(&self) -> usize {
        self.logins.iter().filter(|login| !login.is_exchange).count()
    }

    fn issued(&self, token: &str, now: Duration) -> Option<&Issued> {
        self.tokens.get(token).filter(|issued| now < issued.ends)
    }
}

impl Issued {
    fn body(&self) -> String {
        let [issued, ends] = [self.issued, self.ends].map(|at| timestamp::format(clock(at)));
        let project = match &self.project {
            Some(id) => format!(r#", "project": {{"id": "{id}"}}"#),
            None => String::new(),
        };
        let user = self.user;
        format!(
            r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}",
                "user": {{"id": "{user}"}}{project}}}}}"#
        )
    }
}

/// A response, with a token in its header if there is one.
fn response(status: u16, token: Option<&str>, body: &str) -> Response<Vec<u8>> {
    let builder = Response::builder().status(status);
    let builder = match token {
        Some(token) => builder.header("X-Subject-Token", token),
        None => builder,
    };
    builder.body(body.as_bytes().to_vec()).unwrap()
}

const REFUSED: &str =
    r#"{"error": {"code": 401, "message": "The request you have made requires authentication."}}"#;
