//! A case: what it tries, and how its result is judged.

use std::fmt::Debug;

use auth_proto::{ApiVersion, ErrorKind, Scope, Token};
use testing::{Adapter, Error};

use crate::{keystone::Keystone, wish::Wish};

/// A case for both adapters and, if it applies, the bare core.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// Whether the case needs a session or TLS, which the bare core does not have.
    pub(crate) adapters_alone: bool,
    pub(crate) run: Box<Run>,
}

type Run = dyn Fn(&Keystone, Adapter) -> Result<(), String>;

impl Case {
    pub(crate) fn new(
        group: &'static str,
        name: impl Into<String>,
        run: impl Fn(&Keystone, Adapter) -> Result<(), String> + 'static,
    ) -> Self {
        Self { group, name: name.into(), adapters_alone: false, run: Box::new(run) }
    }

    /// A login and its expected result.
    pub(crate) fn login(
        group: &'static str,
        name: impl Into<String>,
        wish: impl Fn(&Keystone) -> Result<Wish, String> + 'static,
        want: Want,
    ) -> Self {
        Self::new(group, name, move |world, through| {
            let wish = wish(world)?;
            let catalog = wish.catalog;
            let token = wish.token(through);
            want.judge(world, token.as_deref(), catalog)
        })
    }

    pub(crate) fn adapters_alone(mut self) -> Self {
        self.adapters_alone = true;
        self
    }
}

/// The expected result of a login.
#[derive(Clone, Copy)]
pub(crate) enum Want {
    /// A permanent error about the response; the text contains this.
    Answer(&'static str),
    /// A configuration error before any request; the text contains this.
    Config(&'static str),
    /// An error about a document, which a later attempt may find corrected; the text contains this.
    Document(&'static str),
    /// A permanent refusal with this status; the text contains this.
    Refused(u16, &'static str),
    /// A token of this user with this scope.
    Token(&'static str, On),
}

/// The scope of a token; projects and domains by their keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    Domain(&'static str),
    Nothing,
    Project(&'static str),
    System,
}

impl On {
    /// The scope to request.
    pub(crate) fn scope(self, world: &Keystone) -> Scope {
        match self {
            Self::Domain(key) => world.domain(key),
            Self::Nothing => Scope::unscoped(),
            Self::Project(key) => world.project(key),
            Self::System => Scope::system(),
        }
    }
}

impl Want {
    pub(crate) fn judge(
        self,
        world: &Keystone,
        got: Result<&Token, &Error>,
        catalog: bool,
    ) -> Result<(), String> {
        let stop = match (self, got) {
            (Self::Token(user, on), Ok(token)) => return fits(world, token, user, on, catalog),
            (_, Ok(token)) => return Err(format!("a token: {token:?}")),
            (_, Err(stop)) => stop,
        };
        let error = stop.auth().ok_or_else(|| stop.to_string())?;
        let text = error.to_string();
        match self {
            Self::Answer(says) => {
                let is_answer = matches!(error.kind(), ErrorKind::Protocol(_));
                holds(is_answer && !error.is_retryable(), || text.clone())?;
                speaks(&text, says)
            }
            Self::Document(says) => {
                let is_answer = matches!(error.kind(), ErrorKind::Protocol(_));
                holds(is_answer, || text.clone())?;
                speaks(&text, says)
            }
            Self::Config(says) => {
                let is_own = matches!(error.kind(), ErrorKind::Config(_));
                holds(is_own, || format!("sent all the same: {error}"))?;
                speaks(&text, says)
            }
            Self::Refused(status, says) => {
                let shown = world.users.values().find(|user| text.contains(&user.password));
                holds(shown.is_none(), || format!("shows a password: {text}"))?;
                refused(stop, status, says)
            }
            Self::Token(..) => Err(text),
        }
    }
}

/// Checks that a refusal has this status, is permanent, and contains this text.
pub(crate) fn refused(stop: &Error, status: u16, says: &str) -> Result<(), String> {
    let error = stop.auth().ok_or_else(|| stop.to_string())?;
    let ErrorKind::Rejected(refusal) = error.kind() else { return Err(error.to_string()) };
    same("status", refusal.status.as_u16(), status)?;
    holds(!error.is_retryable(), || format!("worth another try: {error}"))?;
    holds(!refusal.remedy.is_empty(), || format!("says not what to do: {error}"))?;
    speaks(&error.to_string(), says)
}

fn fits(world: &Keystone, token: &Token, user: &str, on: On, catalog: bool) -> Result<(), String> {
    let id = |id: &Option<String>| id.clone().unwrap_or_default();
    same("user", id(&token.user().id), world.users[user].id.clone())?;
    let project = token.project().map(|project| id(&project.id));
    let domain = token.domain().map(|domain| id(&domain.id));
    let wanted = match on {
        On::Domain(key) => (None, Some(world.domains[key].clone()), false),
        On::Nothing => (None, None, false),
        On::Project(key) => (Some(world.projects[key].id.clone()), None, false),
        On::System => (None, None, true),
    };
    same("scope", (project, domain, token.is_system()), wanted)?;
    let is_v2 = token.methods().is_empty();
    world.agrees(token, if is_v2 { ApiVersion::V2 } else { ApiVersion::V3 }, catalog)
}

pub(crate) fn same<T: Debug + PartialEq>(what: &str, got: T, want: T) -> Result<(), String> {
    holds(got == want, || format!("{what}: {got:?}, not {want:?}"))
}

pub(crate) fn speaks(text: &str, says: &str) -> Result<(), String> {
    holds(text.contains(says), || format!("says not {says:?}: {text}"))
}

pub(crate) fn holds(it: bool, why_not: impl Fn() -> String) -> Result<(), String> {
    if it { Ok(()) } else { Err(why_not()) }
}
