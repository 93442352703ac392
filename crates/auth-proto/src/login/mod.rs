//! One login, from a credential to a token.
//!
//! ```text
//!                 versions
//!  ┌──────────┐ (300, 200)  ┌──────────────┐  201 + token   ┌──────┐
//!  │ Discover │────────────▶│ Authenticate │───────────────▶│ Done │
//!  └──────────┘             └──────────────┘                └──────┘
//!       │                      │        │                      ▲
//!       │                      │        │ 401 + receipt        │ 201 + token
//!       │ anything else        │        ▼                      │
//!       │                      │   ┌────────────┐  factor   ┌──────────┐
//!       │                      │   │ Challenged │──────────▶│ Continue │
//!       │                      │   └────────────┘◀──────────└──────────┘
//!       ▼                      ▼                  401 + receipt │   ▲
//!  ┌──────────────────────────────┐               anything else ▼   │ factor
//!  │            Failed            │                         ┌──────────┐
//!  └──────────────────────────────┘                         │ Refused  │
//!                                                           └──────────┘
//! ```
//!
//! A login starts in `Discover` only if the identity URL names no version. With a known API version
//! it takes one request. At a standalone service it starts in `Done`. A secret that has to be read
//! first comes before `Authenticate`, in `AskSecret`. Some credentials take another path:
//!
//! ```text
//! with an agency:                                   201 + token
//!   Authenticate ─────▶ Derive, with the user's token ─────────▶ Done
//!
//! a token to exchange, or a scope whose session has a root token:
//!   Derive ────────────────────────────────────────────────────▶ Done
//!
//! an existing token:             200 + the token's data
//!   Inspect ──────────────────────────────────────────────┬────▶ Done
//!      │ the service does not answer                      │ a catalog, or 403, 404
//!      └────────────────▶ FetchCatalog ───────────────────┘
//!
//! a federated login, whose steps `federated` describes:
//!   Federated ─────▶ Derive, with the unscoped token ──────────▶ Done
//! ```
//!
//! `start` begins a login, `request` builds the requests, `response` reads the responses, and `reply`
//! takes what the caller adds.

mod federated;
mod fixed;
pub(crate) mod lifetime;
mod reply;
mod request;
mod response;
mod shared;
mod start;

use std::sync::Arc;

pub(crate) use fixed::fixed_token;
use http::{HeaderValue, Request, Response};
pub(crate) use request::token_header;
pub(crate) use response::existing_token_refused;
use secrecy::{ExposeSecret, SecretString};
pub(crate) use shared::{answer_of, read_shared};
use time::{Duration, UtcDateTime};

use crate::{
    cloud::Cloud,
    error::Error,
    model::{
        body::Body,
        challenge::Challenge,
        credential::{Credential, Method},
        question::Question,
        scope::Scope,
        secret::SecretSource,
        token::Token,
    },
    wire::http_time::retry_after,
};

/// One login: requests out, responses in, until it ends with a token or an error.
///
/// ```
/// use auth_proto::{Cloud, Credential, Login, Scope, Step};
///
/// let credential = Credential::password("user@example.com", "secretsecret");
/// let scope = Scope::project_id("f5073eaa26b64cffbee89411df94ce01");
/// let login = Login::new(&Cloud::nhn(), credential, scope)?;
///
/// let Step::Send(request) = login.poll()? else { unreachable!("a new login sends a request") };
/// assert_eq!(request.method(), "POST");
/// assert_eq!(
///     request.uri(),
///     "https://api-identity-infrastructure.nhncloudservice.com/v2.0/tokens",
/// );
/// // Send it with any HTTP client, then:
/// // login.handle_response(response, now);
/// // match login.poll()? { Step::Done(token) => …
/// # Ok::<(), auth_proto::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Login {
    cloud: Cloud,
    credential: Credential,
    scope: Scope,
    catalog: bool,
    /// Whether this login only gets the root token, which others are derived from.
    is_root: bool,
    /// The root token that this login exchanges.
    root: Option<HeaderValue>,
    /// Whether the caller has submitted a factor.
    answered: bool,
    /// All submitted factors and their receipts: a server may repeat them in a later response.
    seen_secrets: Vec<SecretString>,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Needs the secret of this source.
    AskSecret(SecretSource),
    Authenticate,
    Challenged(Challenge),
    /// Sends a further factor, which is in the body.
    Continue(Challenge, Body),
    /// Exchanges a root token: for one of another scope, or for the agency's.
    Derive {
        root: HeaderValue,
        body: Body,
    },
    Discover,
    Done(Arc<Token>, Duration),
    Failed(Error),
    /// A step of a federated login.
    Federated(federated::Step),
    /// Fetches the catalog of an existing token. The duration is the rest of the token's life.
    FetchCatalog(Arc<Token>, Duration),
    Inspect,
    /// The factor was refused. The receipt is still good for another one.
    Refused(Challenge, Error),
}

/// The next step of a login.
#[derive(Clone, Debug)]
#[must_use = "a login goes on only if its step is taken"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every step")]
pub enum Step {
    /// Pass the reply to this question to [`Login::answer`].
    Ask(Question),
    /// The login has ended with this token.
    Done(Arc<Token>),
    /// Send this request and pass the response to [`Login::handle_response`].
    Send(Request<Body>),
}

/// The state of a login, without the cost of a request.
#[derive(Debug)]
pub(crate) enum LoginState<'a> {
    AskSecret(&'a SecretSource),
    Done(&'a Arc<Token>),
    Failed(&'a Error),
    NeedFactor(&'a Challenge),
    /// [`Login::poll`] gives the request to send.
    ToSend,
}

impl Login {
    /// Requests a token without its catalog, which may be large. v2.0 always sends the catalog.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// The next step. It stays the same until the next [`handle_response`](Self::handle_response)
    /// or [`answer`](Self::answer), so that a request can be sent again after a
    /// connection failure.
    ///
    /// # Errors
    ///
    /// The reason why the login failed. A failed login stays failed: create a new one.
    /// [`ConfigError::TooLong`](crate::ConfigError::TooLong) if the request would exceed
    /// [`limits::LOGIN_REQUEST`](crate::limits::LOGIN_REQUEST).
    pub fn poll(&self) -> Result<Step, Error> {
        let request = match &self.phase {
            Phase::AskSecret(source) => return Ok(Step::Ask(Question::Secret(source.clone()))),
            Phase::Authenticate => self.authenticate(),
            Phase::Challenged(challenge) => {
                return Ok(Step::Ask(Question::Factor(challenge.clone())));
            }
            Phase::Continue(challenge, body) => self.go_on(challenge, body.clone()),
            Phase::Derive { root, body } => self.derive(root, body.clone()),
            Phase::Discover => self.discover(),
            Phase::Done(token, _) => return Ok(Step::Done(Arc::clone(token))),
            Phase::Failed(error) | Phase::Refused(_, error) => return Err(error.clone()),
            Phase::Federated(step) => self.federated_request(step),
            Phase::FetchCatalog(token, _) => self.fetch_catalog(token),
            Phase::Inspect => self.inspect(),
        };
        request.map(Step::Send)
    }

    /// The state that [`poll`](Self::poll) would report.
    pub(crate) fn state(&self) -> LoginState<'_> {
        match &self.phase {
            Phase::AskSecret(source) => LoginState::AskSecret(source),
            Phase::Authenticate
            | Phase::Continue(..)
            | Phase::Derive { .. }
            | Phase::Discover
            | Phase::Federated(_)
            | Phase::FetchCatalog(..)
            | Phase::Inspect => LoginState::ToSend,
            Phase::Challenged(challenge) => LoginState::NeedFactor(challenge),
            Phase::Done(token, _) => LoginState::Done(token),
            Phase::Failed(error) | Phase::Refused(_, error) => LoginState::Failed(error),
        }
    }

    /// Takes the response to the last request. A response to no request is ignored.
    ///
    /// `now` is the caller's wall clock. A `Retry-After` in seconds is counted from it.
    pub fn handle_response(&mut self, response: Response<impl AsRef<[u8]>>, now: UtcDateTime) {
        self.handle_response_after(response, Duration::ZERO, now);
    }

    /// The same for a login that was sent this long ago. The token's life counts from then.
    pub(crate) fn handle_response_after(
        &mut self,
        response: Response<impl AsRef<[u8]>>,
        ago: Duration,
        now: UtcDateTime,
    ) {
        let sent = now.checked_sub(ago).unwrap_or(UtcDateTime::MIN);
        let next = match &self.phase {
            Phase::Authenticate | Phase::Continue(..) | Phase::Derive { .. } => {
                self.read_login(&response, sent)
            }
            Phase::Discover => self.read_versions(&response),
            Phase::Federated(step) => {
                let step = step.clone();
                self.read_federated(&step, &response, sent)
            }
            Phase::FetchCatalog(token, life) => self.read_catalog(&response, token, *life),
            Phase::Inspect => self.read_inspected(&response, sent),
            Phase::AskSecret(_)
            | Phase::Challenged(_)
            | Phase::Done(..)
            | Phase::Failed(_)
            | Phase::Refused(..) => return,
        };
        self.phase = next.unwrap_or_else(|error| {
            let retry_at = retry_after(response.headers(), now);
            let error = error.without_secrets(&self.secrets()).with_retry_at(retry_at);
            match &self.phase {
                Phase::Continue(challenge, _) => Phase::Refused(challenge.clone(), error),
                _ => Phase::Failed(error),
            }
        });
    }

    /// The credential, with the secrets that were asked for.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The cloud, with its API version after discovery.
    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Whether the next request carries the credential or a token made from it, so that a refusal
    /// may be one of the credential.
    pub(crate) fn shows_credential(&self) -> bool {
        !matches!(self.phase, Phase::Discover | Phase::Federated(federated::Step::Discover))
    }

    /// Whether the next request carries a password or a code, so that the service may count it as a
    /// wrong one.
    pub(crate) fn shows_guess(&self) -> bool {
        let shows_secret = match self.phase {
            Phase::Authenticate | Phase::Continue(..) => true,
            Phase::Federated(_) => self.asks_provider() && self.shows_credential(),
            _ => false,
        };
        shows_secret && (self.credential.is_guessable() || self.answered)
    }

    /// Whether the next request carries the one-time code that the credential had from the start.
    pub(crate) fn shows_first_code(&self) -> bool {
        let is_first = !self.answered && !self.is_under_way();
        is_first && self.shows_guess() && self.credential.is_one_time()
    }

    /// Whether the next request carries a token. A 404 then means that the token has ended or that
    /// the agency does not exist.
    pub(crate) fn shows_token(&self) -> bool {
        matches!(self.phase, Phase::Derive { .. }) || self.credential.own_token().is_some()
    }

    /// Whether the caller has submitted a factor.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether the service has accepted a first factor.
    pub(crate) fn is_under_way(&self) -> bool {
        self.challenge().is_some()
    }

    /// The service's request for a further factor, if there is one.
    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        match &self.phase {
            Phase::Challenged(challenge)
            | Phase::Continue(challenge, _)
            | Phase::Refused(challenge, _) => Some(challenge),
            Phase::AskSecret(_)
            | Phase::Authenticate
            | Phase::Derive { .. }
            | Phase::Discover
            | Phase::Done(..)
            | Phase::Failed(_)
            | Phase::Federated(_)
            | Phase::FetchCatalog(..)
            | Phase::Inspect => None,
        }
    }

    /// The token's life from the moment the login was sent.
    pub(crate) fn life(&self) -> Duration {
        match self.phase {
            Phase::Done(_, life) => life,
            _ => Duration::ZERO,
        }
    }

    /// The secrets that an error must not show if the server repeats them.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let methods = self.credential.methods.iter();
        let mut secrets: Vec<_> = methods.flat_map(Method::secrets).collect();
        secrets.extend(self.later_secrets());
        secrets
    }

    /// Those that are not part of the credential.
    fn later_secrets(&self) -> Vec<&str> {
        let mut secrets: Vec<_> =
            self.seen_secrets.iter().map(|seen| seen.expose_secret()).collect();
        match &self.phase {
            Phase::Derive { root, .. } => secrets.extend(root.to_str()),
            Phase::FetchCatalog(token, _) => secrets.push(token.expose()),
            _ => {}
        }
        secrets
    }
}
