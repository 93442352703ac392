//! The responses in a federated login.

use http::{HeaderMap, Response, StatusCode, header};
use secrecy::ExposeSecret;
use time::UtcDateTime;

use super::{Step, client_of, federation_of};
use crate::{
    cloud::status_is_transient,
    error::{
        Error, ErrorKind, FederationProblem, ProtocolError, ProviderDocument, Refusal, fault::Fault,
    },
    identity::{header_secrets, redirect},
    login::{Login, Phase},
    url::{Origin, provider::provider_url},
    wire::{self, fault::read_fault, http_time::has_retry_after, oidc},
};

impl Login {
    pub(in crate::login) fn read_federated(
        &mut self,
        step: &Step,
        response: &Response<impl AsRef<[u8]>>,
        sent: UtcDateTime,
    ) -> Result<Phase, Error> {
        match step {
            Step::Discover => self.read_discovery(response),
            Step::Exchange(_) => self.read_exchanged(response, sent),
            Step::ProviderToken(_) => self.read_provider_token(response),
        }
    }

    /// Takes the token endpoint, if secrets may be sent to it.
    fn read_discovery(&self, response: &Response<impl AsRef<[u8]>>) -> Result<Phase, Error> {
        let document = ProviderDocument::Discovery;
        self.expect_provider(response, document)?;
        let found = wire::read_body(response, oidc::read_discovery)
            .map_err(|why| self.unusable(document, why))?;
        let (federation, own) = (federation_of(&self.credential)?, self.origin());
        let grant = oidc::grant_type(&federation.grant);
        let origin = own.to_string();
        if !found.offers(grant) {
            return Err(ProtocolError::ProviderGrant { origin, grant }.into());
        }
        let (named, uri) = match provider_url(&found.token_endpoint) {
            Ok(endpoint) => endpoint,
            Err(problem) => return Err(ProtocolError::ProviderEndpoint { origin, problem }.into()),
        };
        let allowed = client_of(federation)?.allowed_origins.iter();
        let mut allowed = allowed.filter_map(|url| provider_url(url).ok());
        if named != own && !allowed.any(|(allowed, _)| allowed == named) {
            let named = named.to_string();
            return Err(ProtocolError::ProviderOrigin { origin, named }.into());
        }
        Ok(Phase::Federated(Step::ProviderToken(uri)))
    }

    fn read_provider_token(
        &mut self,
        response: &Response<impl AsRef<[u8]>>,
    ) -> Result<Phase, Error> {
        let document = ProviderDocument::Token;
        let client = client_of(federation_of(&self.credential)?)?;
        let wants_id_token = client.wants_id_token;
        // A provider may repeat the header, which has the secret in two encodings.
        if let Some(encoded) = client.secret.as_ref().map(|own| oidc::basic_encoded(own.expose())) {
            self.note_secret(&encoded);
        }
        self.expect_provider(response, document)?;
        let read = |body: &[u8]| oidc::read_bearer(body, wants_id_token);
        let bearer = wire::read_body(response, read).map_err(|why| {
            // Some providers answer 200 to a login that they refuse.
            let refused = self.provider_refusal(response, document);
            match refused.refusal().and_then(|refusal| refusal.problem) {
                Some(_) => refused,
                None => self.unusable(document, why),
            }
        })?;
        self.note_secret(bearer.expose_secret());
        Ok(Phase::Federated(Step::Exchange(bearer)))
    }

    fn read_exchanged(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        sent: UtcDateTime,
    ) -> Result<Phase, Error> {
        let status = response.status();
        if status.is_redirection() {
            let origin = self.origin().to_string();
            return Err(ProtocolError::BearerRedirect { origin, status }.into());
        }
        if status.is_client_error() || status.is_server_error() {
            return Err(self.exchange_refusal(response));
        }
        if !status.is_success() {
            return Err(ProtocolError::Status { status }.into());
        }
        self.read_token(response, sent)
    }

    /// Accepts a success of the provider, and returns an error for any other status.
    fn expect_provider(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        document: ProviderDocument,
    ) -> Result<(), Error> {
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(self.unusable(document, redirect(response)))
        } else if status.is_client_error() || status.is_server_error() {
            Err(self.provider_refusal(response, document))
        } else {
            Err(self.unusable(document, ProtocolError::Status { status }))
        }
    }

    fn unusable(&self, document: ProviderDocument, why: ProtocolError) -> Error {
        let (origin, why) = (self.origin().to_string(), Box::new(why));
        ProtocolError::Provider { origin, document, why }.into()
    }

    fn provider_refusal(
        &self,
        response: &Response<impl AsRef<[u8]>>,
        document: ProviderDocument,
    ) -> Error {
        let status = response.status();
        let fault = read_fault(response);
        let problem = match document {
            ProviderDocument::Token => provider_problem(&fault, status),
            ProviderDocument::Discovery => None,
        };
        let refuses = problem.is_some() || is_of_credential(status);
        let is_transient = status_is_transient(status)
            || (!refuses && (has_retry_after(response.headers()) || will_pass(&fault)));
        let remedy = match problem {
            _ if is_transient => "the identity provider cannot answer now; try again later",
            Some(problem) => problem.remedy(),
            None => remedy(status, document),
        };
        let problem = problem.filter(|_| !is_transient);
        let fault = fault.cleaned(&self.secrets());
        let refusal = Refusal { problem, ..Refusal::new(status, fault, remedy) };
        let error = Error::from(match is_transient {
            true => ErrorKind::Unavailable(refusal),
            false => ErrorKind::Rejected(refusal),
        });
        error.of(&self.origin(), None)
    }

    /// The refusal of a bearer. A gate (a module of the web server) refuses it before Keystone sees
    /// it, and answers with a page of its own.
    fn exchange_refusal(&self, response: &Response<impl AsRef<[u8]>>) -> Error {
        let (status, headers) = (response.status(), response.headers());
        let fault = read_fault(response);
        let federation = self.credential.federation();
        let is_given = federation.is_some_and(|federation| federation.bearer().is_some());
        let by_id_token = federation.is_some_and(|federation| federation.protocol.is_none());
        let problem = match status {
            StatusCode::UNAUTHORIZED if by_id_token => Some(FederationProblem::TokenRefused),
            StatusCode::UNAUTHORIZED if !is_of_keystone(headers, &fault) => Some(match is_given {
                true => FederationProblem::TokenRefused,
                false => FederationProblem::BearerRefused,
            }),
            StatusCode::UNAUTHORIZED if oidc::lists_methods(response.body().as_ref()) => {
                Some(FederationProblem::ProtocolDisabled)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !by_id_token => {
                Some(FederationProblem::NotMapped)
            }
            StatusCode::NOT_FOUND => Some(FederationProblem::UnknownProvider),
            _ => None,
        };
        let fault = fault.cleaned(&[self.secrets(), header_secrets(headers)].concat());
        let error = self.cloud.refusal(status, fault, has_retry_after(headers));
        error.of(&self.origin(), problem)
    }
}

impl Error {
    /// The same refusal with its party and, if it is final, its reason.
    fn of(self, origin: &Origin<'_>, problem: Option<FederationProblem>) -> Self {
        let origin = Some(origin.to_string().into());
        match self.kind() {
            ErrorKind::Rejected(refusal) => {
                let problem = problem.or(refusal.problem);
                let remedy = problem.map_or(refusal.remedy, FederationProblem::remedy);
                let refusal = Refusal { origin, problem, remedy, ..refusal.clone() };
                ErrorKind::Rejected(refusal).into()
            }
            ErrorKind::Unavailable(refusal) => {
                ErrorKind::Unavailable(Refusal { origin, ..refusal.clone() }).into()
            }
            _ => self,
        }
    }
}

fn is_of_credential(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// The problem behind the error code of a token response.
fn provider_problem(fault: &Fault, status: StatusCode) -> Option<FederationProblem> {
    FederationProblem::of_provider(fault.title.as_deref()?, status.as_u16())
}

/// Whether a provider says that it cannot answer now, with any status (codes of RFC 6749, section
/// 4.1.2.1, which providers use here, too).
fn will_pass(fault: &Fault) -> bool {
    matches!(fault.title.as_deref(), Some("server_error" | "temporarily_unavailable"))
}

/// Whether a 401 is Keystone's own, and not a gate's. The header counts more than the body: a gate
/// may send JSON as well.
fn is_of_keystone(headers: &HeaderMap, fault: &Fault) -> bool {
    let names = |scheme: &str| {
        headers.get_all(header::WWW_AUTHENTICATE).into_iter().any(|value| {
            let start = value.as_bytes().get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
        })
    };
    names("Keystone") || (!names("Bearer") && fault.code.is_some())
}

/// The remedy for a provider's refusal without a known code.
fn remedy(status: StatusCode, document: ProviderDocument) -> &'static str {
    match (status.as_u16(), document) {
        (_, ProviderDocument::Discovery) => {
            "the identity provider refused its discovery document (no secret was sent); check the \
             discovery endpoint, or set the token endpoint"
        }
        (400, _) => {
            "the identity provider refused the request; check the client's id, its grants and its \
             scope there"
        }
        (401 | 403, _) => {
            "the identity provider refused the login; check the client's id and secret, and the \
             user's name and password"
        }
        _ => "the identity provider refused the request; check the token endpoint",
    }
}
