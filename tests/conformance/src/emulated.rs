//! The emulated stock Keystone beside the real one: the same plain requests to both, whose answers
//! must be equal apart from ids, times, tokens and the services of the catalog.

mod answer;
mod requests;

use std::{
    io::{self, Write},
    path::Path,
};

use auth_emulator::{Emulator, account, totp_code};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use testing::send;
use time::UtcDateTime;

use crate::keystone::Keystone;

/// Compares all answers. Prints the differences and their number.
pub(crate) fn run(folder: &Path) -> io::Result<bool> {
    let world = Keystone::read(folder)?;
    let (mut differences, mut answers) = (0, 0);
    let mut out = io::stdout().lock();
    for (name, exchange) in requests::ALL {
        let (mut real, mut emulated) = (Server::real(&world), Server::emulated());
        exchange(&mut real);
        exchange(&mut emulated);
        answers += real.answers.len();
        for (theirs, own) in real.answers.iter().zip(&emulated.answers) {
            if theirs != own {
                differences += 1;
                writeln!(out, "{name}:\n  Keystone {theirs}\n  emulator {own}")?;
            }
        }
        if real.answers.len() != emulated.answers.len() {
            differences += 1;
            writeln!(out, "{name}: another number of requests")?;
        }
    }
    let exchanges = requests::ALL.len();
    writeln!(out, "{exchanges} exchanges, {answers} answers: {differences} differences")?;
    Ok(differences == 0 && answers >= ANSWERS)
}

/// The fewest answers that are a comparison.
const ANSWERS: usize = 120;

/// A server, and its answers to the exchange that runs.
struct Server<'a> {
    url: String,
    /// The id of the application credential `plain`.
    key: String,
    /// The current code of a user.
    code: Box<dyn Fn(&str) -> String + 'a>,
    send: Box<Send<'a>>,
    answers: Vec<Value>,
    /// The receipt of the last answer that had one.
    receipt: String,
}

type Send<'a> = dyn FnMut(Request<String>) -> Result<Response<Vec<u8>>, String> + 'a;

impl<'a> Server<'a> {
    fn real(world: &'a Keystone) -> Self {
        Self {
            url: world.url.clone(),
            key: world.application_credentials["plain"].id.clone(),
            code: Box::new(|user| world.code(user)),
            send: Box::new(|request| {
                let answer = send(request).map_err(|stop| stop.to_string())?;
                Ok(answer.map(|body| body.to_vec()))
            }),
            answers: Vec::new(),
            receipt: String::new(),
        }
    }

    fn emulated() -> Self {
        let mut emulator = Emulator::new();
        Self {
            url: "http://emulator.test/keystone".to_owned(),
            key: account::KEYSTONE_KEY_ID.to_owned(),
            code: Box::new(|_| totp_code(UtcDateTime::now())),
            send: Box::new(move |request| {
                let (head, body) = request.into_parts();
                let request = Request::from_parts(head, body.as_bytes());
                Ok(emulator.handle(request, UtcDateTime::now()))
            }),
            answers: Vec::new(),
            receipt: String::new(),
        }
    }

    /// Sends a request and keeps its answer. Returns the token in the answer.
    fn ask(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).map_err(|error| error.to_string());
        match answer.and_then(&mut self.send) {
            Ok(answer) => {
                let header = |name| answer.headers().get(name).and_then(|it| it.to_str().ok());
                if let Some(receipt) = header("openstack-auth-receipt") {
                    self.receipt = receipt.to_owned();
                }
                let token = header("x-subject-token").unwrap_or_default().to_owned();
                self.answers.push(answer::comparable(&answer, &self.url, &self.receipt));
                token
            }
            Err(why) => {
                self.answers.push(why.into());
                String::new()
            }
        }
    }

    /// A login with this `auth`.
    fn post(&mut self, auth: &Value, headers: &[(&str, &str)]) -> String {
        let headers = [&[("Content-Type", "application/json")], headers].concat();
        let body = json!({ "auth": auth }).to_string();
        self.ask(Method::POST, "/v3/auth/tokens", &headers, &body)
    }

    /// A login with these methods and this scope; null for no scope.
    fn log_in(&mut self, identity: &Value, scope: Value) -> String {
        self.post(&auth(identity, scope), &[])
    }

    /// A login that continues the last receipt.
    fn go_on(&mut self, identity: &Value, scope: Value) -> String {
        let receipt = self.receipt.clone();
        self.post(&auth(identity, scope), &[("Openstack-Auth-Receipt", &receipt)])
    }

    /// A request about a token.
    fn about(&mut self, method: Method, own: &str, subject: &str) -> String {
        let headers = [("X-Auth-Token", own), ("X-Subject-Token", subject)];
        self.ask(method, "/v3/auth/tokens", &headers, "")
    }

    fn get(&mut self, path: &str, token: &str) {
        self.ask(Method::GET, path, &[("X-Auth-Token", token)], "");
    }
}

fn auth(identity: &Value, scope: Value) -> Value {
    let methods: Vec<_> = identity.as_object().into_iter().flat_map(|it| it.keys()).collect();
    let mut auth = json!({ "identity": identity });
    auth["identity"]["methods"] = json!(methods);
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    auth
}
