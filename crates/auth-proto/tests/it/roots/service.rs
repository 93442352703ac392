//! An identity service with root tokens, roles and counts, and callers of one session.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use auth_proto::{
    Action, Body, Credential, Destination, Error, PendingRequest, Question, Scope, Session,
    Settings, Token, timestamp,
};
use http::{Method, Request, Response};
use serde_json::json;
use time::UtcDateTime;

use crate::support::{NOW, json as read, keystone, response, session::compute};

pub(crate) struct Service {
    /// The tokens that are valid, and their ends.
    pub(crate) valid: BTreeMap<String, UtcDateTime>,
    /// The projects in which the user has no role.
    pub(crate) without_role: BTreeSet<String>,
    pub(crate) password: String,
    /// The life of a login's token.
    pub(crate) life: Duration,
    /// The longest life of an exchange's token.
    pub(crate) exchanged_life: Option<Duration>,
    /// How far the clock of the machine that exchanges tokens is ahead.
    pub(crate) ahead: Duration,
    /// The status of every question about a token, instead of the answer.
    pub(crate) no_answer: Option<u16>,
    /// The status of every login.
    pub(crate) no_login: Option<u16>,
    pub(crate) logins: usize,
    pub(crate) exchanges: usize,
    pub(crate) questions: usize,
}

impl Service {
    fn new() -> Self {
        Self {
            valid: BTreeMap::new(),
            without_role: BTreeSet::new(),
            password: "alice-pw".to_owned(),
            life: Duration::from_secs(8 * 3600),
            exchanged_life: None,
            ahead: Duration::ZERO,
            no_answer: None,
            no_login: None,
            logins: 0,
            exchanges: 0,
            questions: 0,
        }
    }

    /// The requests since the last call: logins, exchanges, questions.
    pub(crate) fn counts(&mut self) -> [usize; 3] {
        [&mut self.logins, &mut self.exchanges, &mut self.questions].map(std::mem::take)
    }

    fn is_valid(&self, token: &str, now: UtcDateTime) -> bool {
        self.valid.get(token).is_some_and(|end| now < *end)
    }

    fn handle(&mut self, request: &Request<Body>, now: UtcDateTime) -> Response<Vec<u8>> {
        if request.method() == Method::GET {
            self.questions += 1;
            let token = request.headers()["x-subject-token"].to_str().unwrap();
            let status = if self.is_valid(token, now) { 200 } else { 404 };
            let answer = json!({"token": {"expires_at": timestamp::format(now)}}).to_string();
            return response(self.no_answer.unwrap_or(status), Some(token), &answer);
        }
        let auth = &read(request.body())["auth"];
        let project = auth["scope"]["project"]["id"].as_str();
        let identity = &auth["identity"];
        if let Some(root) = identity["token"]["id"].as_str() {
            self.exchanges += 1;
            assert_eq!(request.headers()["x-auth-token"], root);
            let has_role = project.is_none_or(|project| !self.without_role.contains(project));
            return match self.is_valid(root, now) && has_role {
                true => {
                    let end = self.valid[root];
                    let end = self.exchanged_life.map_or(end, |life| end.min(now + life));
                    self.give(project, end, now + self.ahead)
                }
                false => response(401, None, r#"{"error": {"message": "refused"}}"#),
            };
        }
        self.logins += 1;
        if let Some(status) = self.no_login {
            return response(status, None, "");
        }
        match identity["password"]["user"]["password"] == self.password.as_str() {
            true => self.give(project, now + self.life, now),
            false => response(401, None, r#"{"error": {"message": "wrong"}}"#),
        }
    }

    fn give(
        &mut self,
        project: Option<&str>,
        end: UtcDateTime,
        at: UtcDateTime,
    ) -> Response<Vec<u8>> {
        let text = format!("token-{}", self.logins * 1000 + self.exchanges);
        self.valid.insert(text.clone(), end);
        let mut token = json!({
            "expires_at": timestamp::format(end), "issued_at": timestamp::format(at),
        });
        if let Some(project) = project {
            token["project"] = json!({"id": project});
        }
        response(201, Some(&text), &json!({ "token": token }).to_string())
    }
}

/// One session, its service, and the requests and questions that its callers hold.
pub(crate) struct World {
    pub(crate) session: Session,
    pub(crate) service: Service,
    pub(crate) now: UtcDateTime,
    pub(crate) flights: Vec<(PendingRequest, Request<Body>)>,
    pub(crate) questions: Vec<(PendingRequest, Question)>,
    /// The most requests at the same time.
    pub(crate) most: usize,
}

impl World {
    pub(crate) fn new(credential: Credential, settings: Settings) -> Self {
        let session = Session::new(keystone(), credential, settings).unwrap();
        let (service, now) = (Service::new(), NOW);
        Self { session, service, now, flights: Vec::new(), questions: Vec::new(), most: 0 }
    }

    /// A user with a password, whose root token is unscoped.
    pub(crate) fn with_root(password: impl Into<auth_proto::Secret>) -> Self {
        let credential = Credential::password(crate::support::alice(), password);
        Self::new(credential, Settings::default().with_root(Scope::unscoped()))
    }

    /// Keeps what a caller gets: `None` for a caller who has something to do or waits.
    pub(crate) fn keep(&mut self, action: Action) -> Option<Result<Arc<Token>, Error>> {
        match action {
            Action::Ask(taken, question) => {
                self.questions.push((taken, question));
                None
            }
            Action::Fail(error) => Some(Err(error)),
            Action::Send(pending, request) => {
                self.flights.push((pending, request));
                self.most = self.most.max(self.flights.len());
                None
            }
            Action::Take(..) => unreachable!("the session has no store"),
            Action::Use(token) => Some(Ok(token)),
            Action::Wait(until) => {
                assert!(until > self.now, "a wait until {until}");
                None
            }
        }
    }

    /// One poll of a caller of a service.
    pub(crate) fn poll(&mut self, scope: &Scope) -> Option<Result<Arc<Token>, Error>> {
        let url = compute();
        let action = self.session.poll_to(scope, Destination::At(&url), self.now);
        self.keep(action)
    }

    pub(crate) fn poll_for(&mut self, scope: &Scope, life: Duration) -> Option<Arc<Token>> {
        let action = self.session.poll_for(scope, Destination::Unknown, life, self.now);
        self.keep(action).map(Result::unwrap)
    }

    pub(crate) fn renew(&mut self, scope: &Scope) -> Option<Result<Arc<Token>, Error>> {
        let action = self.session.renew(scope, self.now);
        self.keep(action)
    }

    /// All responses arrive.
    pub(crate) fn land(&mut self) {
        for (pending, request) in std::mem::take(&mut self.flights) {
            let response = self.service.handle(&request, self.now);
            self.session.handle_response(pending, response, self.now).unwrap();
        }
    }

    /// Callers of these scopes poll in turn, and requests arrive between the turns, until all have a
    /// result or have to wait for something else.
    pub(crate) fn run(&mut self, scopes: &[Scope]) -> Vec<Option<Result<Arc<Token>, Error>>> {
        for _ in 0..20 {
            let results = scopes.iter().map(|scope| self.poll(scope)).collect();
            if self.flights.is_empty() {
                return results;
            }
            self.land();
        }
        panic!("requests without end: {:?}", self.service.counts())
    }

    /// The same for one caller who gets a token.
    #[track_caller]
    pub(crate) fn token(&mut self, scope: &Scope) -> Arc<Token> {
        let results = self.run(std::slice::from_ref(scope));
        results.into_iter().next().unwrap().unwrap().unwrap()
    }

    /// The same for one caller who gets an error.
    #[track_caller]
    pub(crate) fn error(&mut self, scope: &Scope) -> Error {
        let results = self.run(std::slice::from_ref(scope));
        results.into_iter().next().unwrap().unwrap().unwrap_err()
    }
}

pub(crate) fn projects(count: usize) -> Vec<Scope> {
    (0..count).map(|number| Scope::project_id(format!("p{number}"))).collect()
}

/// How many callers have a token.
pub(crate) fn served(results: &[Option<Result<Arc<Token>, Error>>]) -> usize {
    results.iter().filter(|result| matches!(result, Some(Ok(_)))).count()
}
