//! Requests that are handed out: of a login, of an exchange, and about a token.

use std::{sync::Arc, time::Duration};

use http::Request;

use super::Session;
use crate::{
    cloud::Cloud,
    error::Error,
    identity::{IdentityRequest, Validate},
    limits,
    login::{Login, Step},
    model::{body::Body, question::Question, token::Token},
    session::{
        action::{Action, PendingRequest},
        poll::Caller,
        state::evidence::{Answer, Remedy},
        state::input::Input,
        state::phase::{Checking, Handed, InFlight, Pending, Phase},
        state::scope_state::ScopeState,
    },
};

impl Session {
    /// Sends the next request of a pending login, or the first of a new one.
    pub(super) fn start(&mut self, index: usize, at: Duration, caller: Caller) -> Action {
        if let Some(given) = self.given(index, at) {
            return given;
        }
        if let Some(action) = self.look(index, at) {
            return action;
        }
        if let (Phase::Idle, Some(source)) = (&self.scopes[index].phase, self.secret_to_read()) {
            return self.ask(index, Question::Secret(source), at, caller);
        }
        let pending = match self.scopes.change(index, ScopeState::take_pending) {
            Some(pending) if self.has_old_code(&pending.login) => {
                return self.obtain(index, at, caller);
            }
            Some(pending) => pending,
            None => match self.new_login(index) {
                Ok(login) => Pending { login, until: Duration::ZERO, since: None },
                Err(error) => return Action::Fail(error),
            },
        };
        if let Some(question) = pending.question() {
            let until = at.saturating_add(limits::QUESTION);
            self.step(index, Input::Pending(Pending { until, ..pending }), at);
            return self.ask(index, question, at, caller);
        }
        self.send(index, pending, None, at)
    }

    /// Whether this login would send a one-time code that another scope has sent, or that was
    /// replaced, since its secret was read.
    fn has_old_code(&self, login: &Login) -> bool {
        let is_old = self.code_used || !login.credential().has_code_of(&self.credential);
        is_old && login.shows_first_code()
    }

    /// Sends the exchange of this root token for the scope's.
    pub(super) fn exchange(&mut self, index: usize, root: Arc<Token>, at: Duration) -> Action {
        if let Some(action) = self.look(index, at) {
            return action;
        }
        let login = self.check_scope(index).and_then(|()| {
            let scope = self.scopes[index].scope.clone();
            Login::derived(&self.cloud, self.credential.clone(), &root, scope)
        });
        match login {
            Ok(login) => {
                let login = self.with_settings(login);
                let pending = Pending { login, until: Duration::ZERO, since: None };
                self.send(index, pending, Some(root), at)
            }
            Err(error) => Action::Fail(error),
        }
    }

    fn send(
        &mut self,
        index: usize,
        pending: Pending,
        root: Option<Arc<Token>>,
        at: Duration,
    ) -> Action {
        let Pending { login, until: receipt_until, since } = pending;
        let request = match login.poll() {
            Ok(Step::Send(request)) => request,
            Ok(Step::Ask(_) | Step::Done(_)) => {
                unreachable!("a login that is kept between polls asks first, or waits to be sent")
            }
            Err(error) => return Action::Fail(error),
        };
        let with_credential = login.shows_credential();
        // Neither a further factor nor an exchange is sent with the first factor.
        let with_code = with_credential && !login.is_under_way() && root.is_none();
        self.code_used |= with_code && self.credential.is_one_time();
        let (pending, request_out) = self.hand_out(at, self.settings.response_timeout());
        let in_flight = InFlight {
            request: request_out,
            is_guess: login.shows_guess(),
            login,
            sent_at: since.unwrap_or(at),
            with_credential,
            receipt_until,
            root,
        };
        self.scopes.change(index, |state| state.evidence.note_login(at));
        self.step(index, Input::Started(in_flight), at);
        Action::Send(pending, request)
    }

    /// Sends a question about the scope's token to the identity service.
    pub(super) fn check(&mut self, index: usize, at: Duration) -> Action {
        let live = self.scopes[index].live.as_ref().map(|live| Arc::clone(&live.token));
        let asked = live.and_then(|token| Some((question(&self.cloud, &token).ok()?, token)));
        let Some((request, token)) = asked else {
            unreachable!("give_up_check has answered what cannot be asked")
        };
        let (pending, handed) = self.hand_out(at, self.settings.response_timeout());
        self.step(index, Input::Checks(Checking { request: handed, token }), at);
        Action::Send(pending, request)
    }

    /// Answers a question that cannot be asked now: the API has none, a pause has not ended, or a
    /// login is half done.
    pub(super) fn give_up_check(&mut self, index: usize, at: Duration) {
        let state = &self.scopes[index];
        let Some(live) =
            state.live.as_ref().filter(|_| state.evidence.due() == Some(Remedy::Check))
        else {
            return;
        };
        let is_paused = state.streak.iter().chain(&self.retry_after).any(|streak| streak.holds(at));
        let can_check = match state.phase {
            // The login that is under way decides.
            Phase::Checking(_) | Phase::InFlight(_) | Phase::Taking(_) => true,
            Phase::Doubted(_) | Phase::Idle => {
                !is_paused && question(&self.cloud, &live.token).is_ok()
            }
            Phase::Asking(_) | Phase::Pending(_) => false,
        };
        let token = Arc::clone(&live.token);
        if !can_check {
            self.judge(index, &token, Answer::Unknown, self.attempts, at);
        }
    }

    /// A new attempt, and the handle that its caller gets.
    pub(super) fn hand_out(&mut self, at: Duration, life: Duration) -> (PendingRequest, Handed) {
        self.attempts += 1;
        let attempt = self.attempts;
        let (pending, held) = PendingRequest::new(attempt, self.id.clone());
        (pending, Handed { attempt, lost_at: at.saturating_add(life), held })
    }

    /// The first login of this scope, by the session's credential.
    pub(super) fn new_login(&mut self, index: usize) -> Result<Login, Error> {
        self.check_scope(index)?;
        let (scope, credential) = (self.scopes[index].scope.clone(), self.credential.clone());
        let login = match self.is_root(index) {
            true => Login::of_root(&self.cloud, credential, scope)?,
            false => Login::of_checked(&self.cloud, credential, scope)?,
        };
        let login = self.with_settings(login);
        Ok(if self.is_hidden(index) { login.without_catalog() } else { login })
    }

    fn with_settings(&self, login: Login) -> Login {
        if self.settings.catalog() { login } else { login.without_catalog() }
    }

    fn check_scope(&mut self, index: usize) -> Result<(), Error> {
        if !self.scopes[index].is_checked {
            self.cloud.check(&self.credential, &self.scopes[index].scope)?;
            self.scopes.change(index, |state| state.is_checked = true);
        }
        Ok(())
    }
}

/// `GET /v3/auth/tokens`: the question whether this token is valid.
fn question(cloud: &Cloud, token: &Token) -> Result<Request<Body>, Error> {
    let mut request = Validate::new(cloud, token.expose()).without_catalog().request()?;
    token.insert_into(request.headers_mut());
    Ok(request)
}
