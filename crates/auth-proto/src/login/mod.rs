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
//!       │                      │   ┌────────────┐  answer   ┌──────────┐
//!       │                      │   │ Challenged │──────────▶│ Continue │
//!       │                      │   └────────────┘◀──────────└──────────┘
//!       ▼                      ▼                  401 + receipt │   ▲
//!  ┌──────────────────────────────┐               anything else ▼   │ answer
//!  │            Failed            │                         ┌──────────┐
//!  └──────────────────────────────┘                         │ Refused  │
//!                                                           └──────────┘
//! ```
//!
//! A login starts in `Discover` only where the identity URL names no version, so that it takes one
//! request wherever the API version is known. Two kinds of credential go another way:
//!
//! ```text
//! with an agency:                                     201 + token
//!   Authenticate ─────▶ Assume, with the user's token ───────────▶ Done
//!
//! a token passed on:              200 + what it is good for
//!   Inspect ────────────────────────────────────────────────┬────▶ Done
//!      │ nobody may ask that                                 │ a catalog, or none
//!      └────────────────▶ FetchCatalog ──────────────────────┘
//! ```
//!
//! What is sent is in `request`, what comes back in `answer`.

pub(crate) mod lifetime;
mod request;
mod response;

use std::sync::Arc;

use http::{HeaderValue, Request, Response};
pub(crate) use response::refused_unseen;
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, UtcDateTime};

use crate::{
    cloud::Cloud,
    error::{Error, Misuse},
    limits,
    login::lifetime::retry_after,
    model::{
        body::Body,
        challenge::Challenge,
        credential::{Credential, Factor, Method},
        scope::Scope,
        token::Token,
    },
};

/// One login: requests out, responses in, until there is a token, a question or an error.
///
/// ```
/// use auth_proto::{Cloud, Credential, Login, Scope, Step};
///
/// let credential = Credential::password("user@example.com", "secretsecret");
/// let scope = Scope::project_id("f5073eaa26b64cffbee89411df94ce01");
/// let login = Login::new(&Cloud::nhn(), credential, scope)?;
///
/// let Step::Send(request) = login.poll()? else { unreachable!("a new login has to ask") };
/// assert_eq!(request.method(), "POST");
/// assert_eq!(
///     request.uri(),
///     "https://api-identity-infrastructure.nhncloudservice.com/v2.0/tokens",
/// );
/// // Send it by whatever means, then:
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
    /// Whether somebody has answered a question in it.
    answered: bool,
    /// The factors and receipts of all answers, which a service may repeat long after.
    told: Vec<SecretString>,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    /// With the user's own token, which an agency's is had for.
    Assume(HeaderValue),
    Authenticate,
    Challenged(Challenge),
    Continue(Challenge, Factor),
    Discover,
    Done(Arc<Token>, Duration),
    Failed(Error),
    /// For a token that was passed on, and that lives so long.
    FetchCatalog(Arc<Token>, Duration),
    Inspect,
    /// The receipt is still good for another try.
    Refused(Challenge, Error),
}

/// What a login wants next.
#[derive(Clone, Debug)]
#[must_use = "a login goes on only if its step is taken"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every step")]
pub enum Step {
    /// It is over.
    Done(Arc<Token>),
    /// The service wants a further factor: hand it to [`Login::submit_factor`].
    NeedFactor(Challenge),
    /// Send this request and hand the response to [`Login::handle_response`].
    Send(Request<Body>),
}

impl Login {
    /// A login to this cloud.
    ///
    /// # Errors
    ///
    /// [`ConfigError`](crate::ConfigError) for whatever cannot work at this cloud: nothing is sent then.
    pub fn new(cloud: &Cloud, credential: Credential, scope: Scope) -> Result<Self, Error> {
        cloud.check(&credential, &scope)?;
        let (cloud, phase) = (cloud.clone(), Phase::Discover);
        let (catalog, answered, told) = (true, false, Vec::new());
        let mut login = Self { cloud, credential, scope, catalog, answered, told, phase };
        if login.cloud.api_version().is_some() {
            login.phase = login.first_phase()?;
        }
        Ok(login)
    }

    /// Asks for a token without its catalog, which may be large. v2.0 knows no such wish.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// What to do now. The same until the next [`handle_response`](Self::handle_response) or
    /// [`submit_factor`](Self::submit_factor): after a failure of the connection the request may be sent again.
    ///
    /// # Errors
    ///
    /// Why the login failed; again until a new one is made.
    pub fn poll(&self) -> Result<Step, Error> {
        let request = match &self.phase {
            Phase::Assume(own) => self.assume(own),
            Phase::Authenticate => self.authenticate(&self.credential.methods, None),
            Phase::Challenged(challenge) => return Ok(Step::NeedFactor(challenge.clone())),
            Phase::Continue(challenge, factor) => {
                self.authenticate(&[factor.method()], challenge.receipt.as_ref())
            }
            Phase::Discover => self.discover(),
            Phase::Done(token, _) => return Ok(Step::Done(Arc::clone(token))),
            Phase::Failed(error) | Phase::Refused(_, error) => return Err(error.clone()),
            Phase::FetchCatalog(token, _) => self.fetch_catalog(token),
            Phase::Inspect => self.inspect(),
        };
        request.map(Step::Send)
    }

    /// Takes the response to the last request. A response that nobody waits for changes nothing.
    ///
    /// `now` is the caller's wall clock; a pause that the server asks for is counted from it.
    pub fn handle_response(&mut self, response: Response<impl AsRef<[u8]>>, now: UtcDateTime) {
        let next = match &self.phase {
            Phase::Assume(_) | Phase::Authenticate | Phase::Continue(..) => {
                self.read_login(&response, now)
            }
            Phase::Discover => self.read_versions(&response),
            Phase::FetchCatalog(token, life) => self.read_catalog(&response, token, *life),
            Phase::Inspect => self.read_inspected(&response, now),
            Phase::Challenged(_) | Phase::Done(..) | Phase::Failed(_) | Phase::Refused(..) => {
                return;
            }
        };
        self.phase = next.unwrap_or_else(|error| {
            let pause = retry_after(response.headers(), now).filter(|_| error.is_retryable());
            let error = error.without_secrets(&self.secrets()).with_retry_at(pause);
            match &self.phase {
                Phase::Continue(challenge, _) => Phase::Refused(challenge.clone(), error),
                _ => Phase::Failed(error),
            }
        });
    }

    /// Answers a [`Step::NeedFactor`], or a refusal of the factor before: a code may have been
    /// mistyped.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if no factor, or another one, is asked for; [`ConfigError`](crate::ConfigError) if this one cannot be
    /// sent.
    pub fn submit_factor(&mut self, factor: Factor) -> Result<(), Error> {
        let (Phase::Challenged(challenge) | Phase::Refused(challenge, _)) = &self.phase else {
            return Err(Misuse::NoChallenge.into());
        };
        if !challenge.wants(factor.method().kind().as_str()) {
            return Err(Misuse::WrongFactor.into());
        }
        self.cloud.check(&self.credential.clone().with_fresh(&factor), &self.scope)?;
        let known: usize = self.told.iter().map(|told| told.expose_secret().len()).sum();
        // With more than that no text is shown at all.
        if known <= limits::SECRETS {
            self.told.push(factor.secret().into());
            let receipt = challenge.receipt.as_ref().and_then(|receipt| receipt.to_str().ok());
            self.told.extend(receipt.map(SecretString::from));
        }
        self.phase = Phase::Continue(challenge.clone(), factor);
        self.answered = true;
        Ok(())
    }

    /// The cloud, with the API version that the server speaks once that is known.
    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The first phase, once the API version is known.
    fn first_phase(&self) -> Result<Phase, Error> {
        Ok(match self.credential.own_token() {
            Some(token) if self.credential.agency.is_some() => {
                Phase::Assume(request::own_header(token)?)
            }
            _ if self.credential.is_existing_token() => Phase::Inspect,
            _ => Phase::Authenticate,
        })
    }

    /// Whether the next request shows the credential, or what it was exchanged for: whether a
    /// refusal of it is one of the credential.
    pub(crate) fn shows_credential(&self) -> bool {
        !matches!(self.phase, Phase::Discover)
    }

    /// Whether it shows a token, of which 404 says that it has ended, or that there is no such
    /// agency.
    pub(crate) fn shows_token(&self) -> bool {
        matches!(self.phase, Phase::Assume(_)) || self.credential.own_token().is_some()
    }

    /// Whether a person took part.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether part of it is done that a login made anew would have to do again.
    pub(crate) fn is_half_done(&self) -> bool {
        matches!(self.phase, Phase::Assume(_) | Phase::FetchCatalog(..))
    }

    /// Whether a first factor has been accepted already.
    pub(crate) fn is_under_way(&self) -> bool {
        self.challenge().is_some()
    }

    /// What the service has asked for, if it has.
    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        match &self.phase {
            Phase::Challenged(challenge)
            | Phase::Continue(challenge, _)
            | Phase::Refused(challenge, _) => Some(challenge),
            Phase::Assume(_)
            | Phase::Authenticate
            | Phase::Discover
            | Phase::Done(..)
            | Phase::Failed(_)
            | Phase::FetchCatalog(..)
            | Phase::Inspect => None,
        }
    }

    /// How long the token lives from its issue on, in the server's words.
    pub(crate) fn life(&self) -> Duration {
        match self.phase {
            Phase::Done(_, life) => life,
            _ => Duration::ZERO,
        }
    }

    /// What must not be shown, should the server repeat it.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let mut secrets: Vec<_> = self.credential.methods.iter().map(Method::secret).collect();
        match &self.phase {
            Phase::Assume(own) => secrets.extend(own.to_str()),
            Phase::FetchCatalog(token, _) => secrets.push(token.expose()),
            _ => {}
        }
        secrets.extend(self.told.iter().map(|told| told.expose_secret()));
        secrets
    }
}
