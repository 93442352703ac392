//! The responses of a login: tokens, challenges, refusals.

use std::sync::Arc;

use http::{Response, StatusCode};
use secrecy::SecretString;
use time::{Duration, UtcDateTime};

use super::{Login, Phase, request};
use crate::{
    error::{Error, ErrorKind, ProtocolError, Refusal, fault::Fault},
    identity::{
        FetchCatalog, IdentityRequest, Versions, expect_success, header_secrets, is_receipt,
    },
    login::lifetime::{MAX_LIFE, life_of_existing, life_of_new},
    model::{
        credential::Method,
        scope::{DomainRef, Scope, Target},
        token::{Domain, LoginSecrets, Token, TokenKind},
    },
    text::redact::cleaned,
    url::ApiVersion,
    wire,
};

impl Login {
    pub(super) fn read_versions(
        &mut self,
        response: &Response<impl AsRef<[u8]>>,
    ) -> Result<Phase, Error> {
        let versions = Versions::new(&self.cloud).parse(borrowed(response))?;
        let offered =
            |api_version| versions.iter().any(|version| version.api_version() == Some(api_version));
        let api_version =
            [ApiVersion::V3, ApiVersion::V2].into_iter().find(|api_version| offered(*api_version));
        let cloud = self.cloud.clone().with_api_version(api_version.ok_or(ProtocolError::Version)?);
        cloud.check(&self.credential, &self.scope)?;
        self.cloud = cloud;
        self.first_phase()
    }

    pub(super) fn read_login(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        sent: UtcDateTime,
    ) -> Result<Phase, Error> {
        let headers = response.headers();
        if is_receipt(response.status(), headers) {
            let secrets = [self.secrets(), header_secrets(headers)].concat();
            let challenge = wire::read_body(response, |body| {
                wire::receipt::read_challenge(headers, body, &secrets)
            })?;
            return Ok(Phase::Challenged(challenge));
        }
        if !response.status().is_success() {
            expect_success(&self.cloud, response, &self.secrets())
                .map_err(|error| self.with_remedy(error))?;
        }
        self.read_token(response, sent)
    }

    /// Reads the token of a success.
    pub(super) fn read_token(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        sent: UtcDateTime,
    ) -> Result<Phase, Error> {
        let headers = response.headers();
        let mut token = match self.cloud.api_version() {
            Some(ApiVersion::V2) => wire::read_body(response, wire::v2::read_token)?,
            _ => wire::read_body(response, |body| wire::v3::read_token(headers, body))?,
        };
        let is_root = self.derives() && !matches!(self.phase, Phase::Derive { .. });
        token.login_secrets = LoginSecrets {
            methods: Some(Arc::clone(&self.credential.methods)),
            later: self.later_secrets().into_iter().map(SecretString::from).collect(),
        };
        check_token(&token, &self.requested_scope())?;
        let life = life_of_new(&token, headers, sent).ok_or(ProtocolError::Expired)?;
        Ok(match is_root {
            true => self.derive_with(token.header)?,
            false => Phase::Done(Arc::new(token), life),
        })
    }

    /// Reads the data of an existing token. A token that the service gives no data for is used as
    /// well, unless the service refuses the token itself.
    pub(super) fn read_inspected(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        sent: UtcDateTime,
    ) -> Result<Phase, Error> {
        let inspected = match self.cloud.api_version() {
            Some(ApiVersion::V2) => {
                expect_success(&self.cloud, response, &self.secrets()).map(|()| None)
            }
            _ => self.validation().parse(borrowed(response)),
        };
        let (token, life) = match inspected {
            Ok(Some(token)) => {
                check_token(&token, &self.scope)?;
                let life = life_of_existing(&token, response.headers(), sent);
                (token, life.ok_or(ProtocolError::Expired)?)
            }
            Err(error) if !gives_no_data(&error) => return Err(self.with_remedy(error)),
            Ok(None) | Err(_) => {
                let header = request::token_header(self.own_token())?;
                (Token::unvalidated(TokenKind::Keystone, header), MAX_LIFE)
            }
        };
        let may_have_catalog = self.cloud.api_version() == Some(ApiVersion::V3)
            && (!token.is_validated() || token.project().is_some() || token.domain().is_some());
        Ok(match self.catalog && token.catalog().is_none() && may_have_catalog {
            true => Phase::FetchCatalog(Arc::new(token), life),
            false => Phase::Done(Arc::new(token), life),
        })
    }

    /// Adds the catalog to this token. The token is good without one, too.
    pub(super) fn read_catalog(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        token: &Arc<Token>,
        life: Duration,
    ) -> Result<Phase, Error> {
        let token = Arc::clone(token);
        let fetched = FetchCatalog::new(&self.cloud).parse(borrowed(response));
        match fetched {
            Ok(catalog) => {
                let token = Arc::unwrap_or_clone(token).with_catalog(catalog);
                Ok(Phase::Done(Arc::new(token), life))
            }
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable(_)) => Err(error),
            Err(error) if is_unauthorized(&error) && !token.is_validated() => {
                Err(self.with_remedy(error))
            }
            Err(_) => Ok(Phase::Done(token, life)),
        }
    }

    /// Adds the remedy for a refusal that may concern more than the user and the secret. (Keystone
    /// answers 404 to a token that has ended, 403 to one that must not be exchanged, and 401, 403
    /// or 404 to an unknown trust.)
    fn with_remedy(&self, error: Error) -> Error {
        let ErrorKind::Rejected(refusal) = error.kind() else { return error };
        let status = refusal.status.as_u16();
        if !matches!(status, 401 | 403 | 404) {
            return error;
        }
        let by_agency = self.credential.agency.is_some();
        let remedy = match (&self.phase, &self.credential.methods[..], &self.scope.0) {
            (_, [Method::ExistingToken(_)], _) if status == 401 => EXISTING_TOKEN,
            (Phase::Derive { .. }, [Method::Token(_)], _) if by_agency && status == 401 => {
                EXISTING_TOKEN
            }
            (Phase::Derive { .. }, ..) if by_agency => AGENCY,
            (Phase::Derive { .. }, ..) if self.is_rescoped() => RESCOPED,
            (Phase::Continue(..), ..) if status == 401 => FACTOR,
            (_, _, Target::Trust { .. }) => TRUST,
            (_, [Method::Token(_)], _) => TOKEN_EXCHANGE,
            _ => return error,
        };
        ErrorKind::Rejected(Refusal { remedy, ..refusal.clone() }).into()
    }
}

/// The error after a service has refused an existing token that has no data to look up.
pub(crate) fn existing_token_refused() -> Error {
    let (status, fault) = (StatusCode::UNAUTHORIZED, Fault::default());
    ErrorKind::Rejected(Refusal::new(status, fault, EXISTING_TOKEN)).into()
}

const AGENCY: &str = "check the agency's name, the domain of the delegating account, the scope in \
                      that domain, and the user's permission to assume it (Agent Operator)";
const EXISTING_TOKEN: &str = "the existing token has expired or was revoked; use a new one";
const FACTOR: &str = "check this factor and submit it again; if it is correct, the receipt of the \
                      first factor may have expired: start a new login";
const RESCOPED: &str = "the user of the federated login has no role in this scope, the scope does not \
                        exist, or the unscoped token has ended; check the scope, and the roles that \
                        the mapping gives";
const TRUST: &str = "check the user, the secret and the trust: its trustee, its expiry and its \
                     remaining uses";
const TOKEN_EXCHANGE: &str = "the token has expired, was revoked or cannot be exchanged, or its user has no role in this \
     scope; use a new token, check the scope, or use Credential::existing_token";

fn is_unauthorized(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Rejected(refusal)
        if refusal.status == StatusCode::UNAUTHORIZED)
}

/// Whether the service gives no data for this token, or not to this user.
fn gives_no_data(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Rejected(_)) && !is_unauthorized(error)
}

fn borrowed(response: &Response<impl AsRef<[u8]>>) -> Response<&[u8]> {
    let mut borrowed = Response::new(response.body().as_ref());
    *borrowed.status_mut() = response.status();
    *borrowed.headers_mut() = response.headers().clone();
    borrowed
}

/// Refuses a token of a disabled project or of another scope than the requested one.
pub(super) fn check_token(token: &Token, scope: &Scope) -> Result<(), ProtocolError> {
    let cleaned = |text: String| cleaned(text, &token.secrets());
    let project = token.project();
    let project_id = project.and_then(|project| project.id.as_deref());
    if project.is_some_and(|project| project.enabled == Some(false)) {
        let project = cleaned(project_id.unwrap_or_default().to_owned());
        return Err(ProtocolError::DisabledProject { project });
    }
    let fits = match &scope.0 {
        Target::Default => true,
        Target::Domain(domain) => token.domain().is_some_and(|got| is_domain(domain, got)),
        Target::ProjectId(id) => project.is_some_and(|got| agrees(id, &got.id)),
        Target::ProjectName { name, domain } => project.is_some_and(|got| {
            let own = got.domain.as_ref().zip(domain.as_ref());
            agrees(name, &got.name) && own.is_none_or(|(got, own)| is_domain(own, got))
        }),
        Target::System => token.is_system(),
        Target::Trust { id, project_id: wanted } => {
            let in_project = |id| project.is_some_and(|got| agrees(id, &got.id));
            token.trust_id() == Some(id) && wanted.as_deref().is_none_or(in_project)
        }
        Target::Unscoped => project.is_none() && token.domain().is_none() && !token.is_system(),
    };
    if !fits {
        let (asked, got) = (scope.to_string(), scope_of(token, cleaned));
        return Err(ProtocolError::ScopeMismatch { asked, got });
    }
    Ok(())
}

/// Whether the token's value is the requested one; an absent value agrees. Keystone's databases
/// ignore case.
fn agrees(asked: &str, got: &Option<String>) -> bool {
    got.as_ref().is_none_or(|got| got.to_lowercase() == asked.to_lowercase())
}

fn is_domain(asked: &DomainRef, got: &Domain) -> bool {
    match asked {
        DomainRef::Id(id) => agrees(id, &got.id),
        DomainRef::Name(name) => agrees(name, &got.name),
    }
}

fn scope_of(token: &Token, cleaned: impl Fn(String) -> String) -> String {
    let id = |id: &Option<String>| match id {
        Some(id) => cleaned(id.clone()),
        None => "without an id".to_owned(),
    };
    match (token.project(), token.domain()) {
        (Some(project), _) => format!("project {}", id(&project.id)),
        (None, Some(domain)) => format!("domain {}", id(&domain.id)),
        (None, None) if token.is_system() => "the system".to_owned(),
        (None, None) => "no scope".to_owned(),
    }
}
