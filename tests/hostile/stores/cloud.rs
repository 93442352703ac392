//! An identity service that counts logins, and a service that counts refusals.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use testing::{
    Loopback, Received, Reply,
    fixtures::{PASSWORD, TOKEN, token_body},
};

/// The password of another user of the store.
pub(crate) const OTHER_PASSWORD: &str = "t0ps3cret-of-another";
/// The beginnings of all secrets.
pub(crate) const CANARIES: [&str; 3] = [PASSWORD, OTHER_PASSWORD, TOKEN];

/// The servers of a row, and what they saw.
pub(crate) struct Cloud {
    pub(crate) server: Loopback,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    issued: Vec<Issued>,
    seen: Seen,
    login: Login,
    at_refusal: Option<Box<dyn Fn(usize) + Send>>,
}

struct Issued {
    project: &'static str,
    password: &'static str,
    is_revoked: bool,
}

/// What the identity service says to a login.
#[derive(Clone, Copy, Default)]
pub(crate) enum Login {
    #[default]
    Granted,
    /// The credential is refused.
    Refused,
}

/// Counts of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) logins: usize,
    /// Questions about a token.
    pub(crate) questions: usize,
    /// 401s of the service.
    pub(crate) refusals: usize,
    /// Requests that should not have come.
    pub(crate) wrong: Vec<String>,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = Loopback::start(move |request| lock(&shared).reply(request));
        Self { server, state }
    }

    /// From now on.
    pub(crate) fn answer_logins(&self, login: Login) {
        lock(&self.state).login = login;
    }

    /// Revokes the tokens of these logins, by their numbers.
    pub(crate) fn revoke(&self, logins: impl IntoIterator<Item = usize>) {
        let mut state = lock(&self.state);
        logins.into_iter().for_each(|number| state.issued[number].is_revoked = true);
    }

    /// Revokes all tokens.
    pub(crate) fn revoke_all(&self) {
        let count = lock(&self.state).issued.len();
        self.revoke(0..count);
    }

    /// What an attacker does before the service answers 401: the first time, the second time and so on.
    pub(crate) fn at_refusal(&self, act: impl Fn(usize) + Send + 'static) {
        lock(&self.state).at_refusal = Some(Box::new(act));
    }

    pub(crate) fn seen(&self) -> Seen {
        lock(&self.state).seen.clone()
    }

    pub(crate) fn forget(&self) {
        lock(&self.state).seen = Seen::default();
    }
}

impl State {
    fn reply(&mut self, request: &Received) -> Reply {
        let target = request.target();
        match (request.method(), target) {
            ("POST", "/v3/auth/tokens") => self.log_in(request.body()),
            ("GET", "/v3/auth/tokens") => self.ask(request.header("x-subject-token")),
            ("GET", "/thing") => self.serve(request.header("x-auth-token")),
            _ => self.wrong(request),
        }
    }

    fn log_in(&mut self, body: &str) -> Reply {
        self.seen.logins += 1;
        let one_of = |words: [&'static str; 2]| words.into_iter().find(|word| body.contains(word));
        let Some((project, password)) =
            one_of(["\"p1\"", "\"p2\""]).zip(one_of([PASSWORD, OTHER_PASSWORD]))
        else {
            return Reply::new(400, "", "");
        };
        if matches!(self.login, Login::Refused) {
            let body = r#"{"error": {"code": 401, "message": "refused", "title": "Unauthorized"}}"#;
            return Reply::new(401, "", body);
        }
        let number = self.issued.len();
        self.issued.push(Issued { project, password, is_revoked: false });
        let body = token_body("https://thing.example").replace("\"p1\"", project);
        Reply::new(201, &format!("X-Subject-Token: {TOKEN}-{number}\r\n"), body)
    }

    /// What is a token good for?
    fn ask(&mut self, token: Option<&str>) -> Reply {
        self.seen.questions += 1;
        match self.issued(token) {
            Some(issued) if !issued.is_revoked => {
                Reply::new(200, "", token_body("https://thing.example"))
            }
            _ => Reply::new(404, "", ""),
        }
    }

    fn serve(&mut self, token: Option<&str>) -> Reply {
        let is_ours = |issued: &&Issued| issued.project == "\"p1\"" && issued.password == PASSWORD;
        match self.issued(token).filter(is_ours).map(|issued| issued.is_revoked) {
            Some(false) => Reply::new(200, "", "served"),
            Some(true) => {
                self.seen.refusals += 1;
                self.at_refusal.iter().for_each(|act| act(self.seen.refusals));
                Reply::new(401, "", "")
            }
            None => {
                self.seen.wrong.push(format!("a service got the token {token:?}"));
                Reply::new(401, "", "")
            }
        }
    }

    fn issued(&self, token: Option<&str>) -> Option<&Issued> {
        let number: usize = token?.strip_prefix(TOKEN)?.strip_prefix('-')?.parse().ok()?;
        self.issued.get(number)
    }

    fn wrong(&mut self, request: &Received) -> Reply {
        self.seen.wrong.push(format!("{} {}", request.method(), request.target()));
        Reply::new(404, "", "")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
