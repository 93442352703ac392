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
//! request wherever the dialect is known.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use time::{Duration, UtcDateTime};

use crate::{
    body::Body,
    challenge::Challenge,
    cloud::{AUTH_TOKEN, Cloud},
    credential::{Credential, Factor, Method, MethodKind},
    error::{ConfigError, Error, Misuse, ProtocolError, UrlProblem},
    exchange::{JSON, expect_success, is_receipt, redirect},
    lifetime::{life_on_arrival, retry_after},
    scope::{DomainRef, Scope, Target},
    token::{Domain, Token, secret_header},
    url::Dialect,
    wire,
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
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    Authenticate,
    Challenged(Challenge),
    Continue(Challenge, Factor),
    Discover,
    Done(Arc<Token>, Duration),
    Failed(Error),
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
    /// The service wants a further factor: hand it to [`Login::answer`].
    NeedFactor(Challenge),
    /// Send this request and hand the response to [`Login::handle_response`].
    Send(Request<Body>),
}

impl Login {
    /// A login to this cloud.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for whatever cannot work at this cloud: nothing is sent then.
    pub fn new(cloud: &Cloud, credential: Credential, scope: Scope) -> Result<Self, Error> {
        cloud.check(&credential, &scope)?;
        let phase = match cloud.dialect() {
            None => Phase::Discover,
            Some(_) => Phase::Authenticate,
        };
        Ok(Self { cloud: cloud.clone(), credential, scope, catalog: true, phase })
    }

    /// Asks for a token without its catalog, which may be large. v2.0 knows no such wish.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// What to do now. The same until the next [`handle_response`](Self::handle_response) or
    /// [`answer`](Self::answer): after a failure of the connection the request may be sent again.
    ///
    /// # Errors
    ///
    /// Why the login failed; again until a new one is made.
    pub fn poll(&self) -> Result<Step, Error> {
        match &self.phase {
            Phase::Authenticate => {
                self.authenticate(&self.credential.methods, None).map(Step::Send)
            }
            Phase::Challenged(challenge) => Ok(Step::NeedFactor(challenge.clone())),
            Phase::Continue(challenge, factor) => {
                let receipt = challenge.receipt.as_ref();
                self.authenticate(&[factor.method()], receipt).map(Step::Send)
            }
            Phase::Discover => self.discover().map(Step::Send),
            Phase::Done(token, _) => Ok(Step::Done(Arc::clone(token))),
            Phase::Failed(error) | Phase::Refused(_, error) => Err(error.clone()),
        }
    }

    /// Takes the response to the last request. A response that nobody waits for changes nothing.
    ///
    /// `now` is the caller's wall clock; a pause that the server asks for is counted from it.
    pub fn handle_response(&mut self, response: Response<impl AsRef<[u8]>>, now: UtcDateTime) {
        let next = match &self.phase {
            Phase::Authenticate | Phase::Continue(..) => self.read_login(&response, now),
            Phase::Discover => self.read_versions(&response),
            Phase::Challenged(_) | Phase::Done(..) | Phase::Failed(_) | Phase::Refused(..) => {
                return;
            }
        };
        self.phase = next.unwrap_or_else(|error| {
            let pause = retry_after(response.headers(), now).filter(|_| error.is_retryable());
            let error = error.with_retry_at(pause);
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
    /// [`Misuse`] if no factor, or another one, is asked for; [`ConfigError`] if this one cannot be
    /// sent.
    pub fn answer(&mut self, factor: Factor) -> Result<(), Error> {
        let (Phase::Challenged(challenge) | Phase::Refused(challenge, _)) = &self.phase else {
            return Err(Misuse::NoQuestion.into());
        };
        if !challenge.wants(factor.method().kind().as_str()) {
            return Err(Misuse::WrongFactor.into());
        }
        self.cloud.check(&self.credential.clone().with_fresh(&factor), &self.scope)?;
        self.phase = Phase::Continue(challenge.clone(), factor);
        Ok(())
    }

    /// The cloud, with the dialect that the server speaks once that is known.
    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
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
            Phase::Authenticate | Phase::Discover | Phase::Done(..) | Phase::Failed(_) => None,
        }
    }

    /// How long the token lives from its issue on, in the server's words.
    pub(crate) fn life(&self) -> Duration {
        match self.phase {
            Phase::Done(_, life) => life,
            _ => Duration::ZERO,
        }
    }

    fn discover(&self) -> Result<Request<Body>, Error> {
        let url = self.cloud.identity_path("/");
        let request = Request::get(url).header(header::ACCEPT, JSON).body(Body::default());
        request.map_err(|_| bad_url())
    }

    fn authenticate(
        &self,
        methods: &[Method],
        receipt: Option<&HeaderValue>,
    ) -> Result<Request<Body>, Error> {
        // Discovery comes before, where it is needed.
        let dialect = self.cloud.dialect().ok_or(ConfigError::Version)?;
        let path = match (dialect, self.catalog) {
            (Dialect::V2, _) => "/v2.0/tokens",
            (Dialect::V3, true) => "/v3/auth/tokens",
            // Keystone looks for the key alone, Huawei Cloud wants any value.
            (Dialect::V3, false) => "/v3/auth/tokens?nocatalog=true",
        };
        let body =
            wire::request::login(dialect, self.credential.user.as_ref(), methods, &self.scope);
        let mut request = Request::post(self.cloud.identity_path(path))
            .header(header::CONTENT_TYPE, JSON)
            .header(header::ACCEPT, JSON)
            .body(body)
            .map_err(|_| bad_url())?;
        if let Some(receipt) = receipt {
            request.headers_mut().insert(wire::RECEIPT, receipt.clone());
        }
        // Some clouds want a token that is exchanged in the header as well.
        if let Some(token) = methods.iter().find(|method| method.kind() == MethodKind::Token) {
            let token = secret_header(token.secret().as_bytes(), "credential.token")?;
            request.headers_mut().insert(AUTH_TOKEN, token);
        }
        Ok(request)
    }

    fn read_versions(&mut self, response: &Response<impl AsRef<[u8]>>) -> Result<Phase, Error> {
        if response.status() != StatusCode::MULTIPLE_CHOICES {
            expect_success(&self.cloud, response, &[])?;
        }
        let versions = wire::discovery::read_versions(response.body().as_ref());
        let versions = match versions {
            // A 300 without versions is a redirect.
            Err(_) if response.status().is_redirection() => return Err(redirect(response).into()),
            versions => versions?,
        };
        let offered = |dialect| versions.iter().any(|version| version.dialect() == Some(dialect));
        let dialect = [Dialect::V3, Dialect::V2].into_iter().find(|dialect| offered(*dialect));
        let cloud = self.cloud.clone().speaking(dialect.ok_or(ProtocolError::Version)?);
        cloud.check(&self.credential, &self.scope)?;
        self.cloud = cloud;
        Ok(Phase::Authenticate)
    }

    fn read_login(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) -> Result<Phase, Error> {
        let (headers, body) = (response.headers(), response.body().as_ref());
        if is_receipt(response) {
            let challenge = wire::receipt::read_challenge(headers, body)?;
            return Ok(Phase::Challenged(challenge));
        }
        expect_success(&self.cloud, response, &self.secrets())?;
        let token = match self.cloud.dialect() {
            Some(Dialect::V2) => wire::v2::read_token(body)?,
            _ => wire::v3::read_token(headers, body)?,
        };
        let life = self.accept(&token, headers, now)?;
        Ok(Phase::Done(Arc::new(token), life))
    }

    /// Refuses a token that cannot be used, or is for something else than was asked.
    fn accept(
        &self,
        token: &Token,
        headers: &HeaderMap,
        now: UtcDateTime,
    ) -> Result<Duration, ProtocolError> {
        let project = token.project();
        let project_id = project.and_then(|project| project.id.as_deref());
        if project.is_some_and(|project| project.enabled == Some(false)) {
            let project = crate::text::shown(project_id.unwrap_or_default());
            return Err(ProtocolError::DisabledProject { project });
        }
        let fits = match &self.scope.0 {
            Target::Default => true,
            Target::Domain(domain) => token.domain().is_some_and(|got| is_domain(domain, got)),
            Target::ProjectId(id) => project.is_some_and(|got| agrees(id, &got.id)),
            Target::ProjectName { name, domain } => project.is_some_and(|got| {
                let own = got.domain.as_ref().zip(domain.as_ref());
                agrees(name, &got.name) && own.is_none_or(|(got, own)| is_domain(own, got))
            }),
            Target::System => token.is_system(),
            Target::Trust(id) => token.trust_id() == Some(id),
            Target::Unscoped => project.is_none() && token.domain().is_none() && !token.is_system(),
        };
        if !fits {
            let (asked, got) = (self.scope.to_string(), scope_of(token));
            return Err(ProtocolError::ScopeMismatch { asked, got });
        }
        life_on_arrival(token, headers, now).ok_or(ProtocolError::Expired)
    }

    /// What must not be shown, should the server repeat it.
    fn secrets(&self) -> Vec<&str> {
        let mut secrets: Vec<_> = self.credential.methods.iter().map(Method::secret).collect();
        if let Phase::Continue(challenge, factor) = &self.phase {
            secrets.push(factor.secret());
            secrets.extend(challenge.receipt.as_ref().and_then(|receipt| receipt.to_str().ok()));
        }
        secrets
    }
}

/// Whether an answer names what was asked for, as far as it names it. Databases compare without
/// regard to case.
fn agrees(asked: &str, got: &Option<String>) -> bool {
    got.as_ref().is_none_or(|got| got.to_lowercase() == asked.to_lowercase())
}

fn is_domain(asked: &DomainRef, got: &Domain) -> bool {
    match asked {
        DomainRef::Id(id) => agrees(id, &got.id),
        DomainRef::Name(name) => agrees(name, &got.name),
    }
}

fn scope_of(token: &Token) -> String {
    let id = |id: &Option<String>| crate::text::shown(id.as_deref().unwrap_or("without id"));
    match (token.project(), token.domain()) {
        (Some(project), _) => format!("project {}", id(&project.id)),
        (None, Some(domain)) => format!("domain {}", id(&domain.id)),
        (None, None) if token.is_system() => "the system".to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

fn bad_url() -> Error {
    ConfigError::Url { field: "identity url", problem: UrlProblem::Syntax }.into()
}
