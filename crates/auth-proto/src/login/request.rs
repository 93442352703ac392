//! What is sent.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Method, Request, header};

use super::{Login, Phase};
use crate::{
    cloud::AUTH_TOKEN,
    error::{ConfigError, Error, ProtocolError},
    identity::{FetchCatalog, IdentityRequest, JSON, Validate, Versions, get},
    limits,
    model::{
        body::Body,
        credential::{self, MethodKind},
        scope::{Scope, Target},
        token::{Token, secret_header},
    },
    url::ApiVersion,
    wire,
};

impl Login {
    pub(super) fn discover(&self) -> Result<Request<Body>, Error> {
        Versions::new(&self.cloud).request()
    }

    /// A login by these methods; with an agency it is for the user's own token alone.
    pub(super) fn authenticate(
        &self,
        methods: &[credential::Method],
        receipt: Option<&HeaderValue>,
    ) -> Result<Request<Body>, Error> {
        let user = self.credential.user.as_ref();
        let catalog = self.catalog && self.credential.agency.is_none();
        let body = wire::request::login(self.api_version()?, user, methods, &self.asked_scope());
        let mut request = self.post(catalog, body)?;
        if let Some(receipt) = receipt {
            request.headers_mut().insert(wire::RECEIPT, receipt.clone());
        }
        // Some clouds want a token that is exchanged in the header as well.
        if let Some(token) = methods.iter().find(|method| method.kind() == MethodKind::Token) {
            request.headers_mut().insert(AUTH_TOKEN, own_header(token.secret())?);
        }
        Ok(request)
    }

    /// The exchange of the user's own token for the agency's.
    pub(super) fn assume(&self, own: &HeaderValue) -> Result<Request<Body>, Error> {
        let agency = self.credential.agency.as_ref().zip(self.cloud.agency_field());
        // Checked when the login was made.
        let (agency, field) = agency.ok_or(ConfigError::AgencyUser)?;
        let body = wire::request::assume(field, agency, &self.scope);
        let mut request = self.post(self.catalog, body)?;
        request.headers_mut().insert(AUTH_TOKEN, own.clone());
        Ok(request)
    }

    /// Asks what a token that was passed on is good for. In v2.0 nobody may ask that but
    /// administrators; its list of tenants tells at least whether the token lives (Identity API
    /// v2.0, "List tenants").
    ///
    /// Keystone is silent about a token with access rules unless who asks says that they know of
    /// them (Identity API v3, "Validate and show information for token"). Whoever bears the token has
    /// nothing to enforce: the services do.
    pub(super) fn inspect(&self) -> Result<Request<Body>, Error> {
        let mut request = match self.api_version()? {
            ApiVersion::V2 => get(&self.cloud.identity_path("/v2.0/tenants"))?,
            ApiVersion::V3 => {
                let mut request = self.validation().request()?;
                request.headers_mut().insert(ACCESS_RULES, HeaderValue::from_static("1.0"));
                request
            }
        };
        request.headers_mut().insert(AUTH_TOKEN, own_header(self.own_token())?);
        Ok(request)
    }

    pub(super) fn fetch_catalog(&self, token: &Token) -> Result<Request<Body>, Error> {
        let mut request = FetchCatalog::new(&self.cloud).request()?;
        request.headers_mut().insert(AUTH_TOKEN, token.header().clone());
        Ok(request)
    }

    pub(super) fn validation(&self) -> Validate {
        let validation = Validate::new(&self.cloud, self.own_token());
        match self.catalog {
            true => validation,
            false => validation.without_catalog(),
        }
    }

    /// The token that the credential is; empty if it is none.
    pub(super) fn own_token(&self) -> &str {
        self.credential.own_token().unwrap_or_default()
    }

    /// What this request asks for. Before an agency is assumed it is the user's own domain, where
    /// the permission to do so is.
    pub(super) fn asked_scope(&self) -> Cow<'_, Scope> {
        match (&self.phase, self.credential.user_domain()) {
            (Phase::Authenticate | Phase::Continue(..), Some(domain))
                if self.credential.agency.is_some() =>
            {
                Cow::Owned(Scope(Target::Domain(domain.clone())))
            }
            _ => Cow::Borrowed(&self.scope),
        }
    }

    fn post(&self, catalog: bool, body: Body) -> Result<Request<Body>, Error> {
        if body.as_bytes().len() > limits::LOGIN_REQUEST {
            let (field, limit) = ("credential and scope together", limits::LOGIN_REQUEST);
            return Err(ConfigError::TooLong { field, limit }.into());
        }
        let path = match (self.api_version()?, catalog) {
            (ApiVersion::V2, _) => "/v2.0/tokens",
            (ApiVersion::V3, true) => "/v3/auth/tokens",
            // Keystone looks for the key alone, Huawei Cloud wants any value.
            (ApiVersion::V3, false) => "/v3/auth/tokens?nocatalog=true",
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.cloud.identity_uri(path)?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
        Ok(request)
    }

    /// Discovery comes before, where it is needed.
    fn api_version(&self) -> Result<ApiVersion, ConfigError> {
        self.cloud.api_version().ok_or(ConfigError::Version)
    }
}

const ACCESS_RULES: HeaderName = HeaderName::from_static("openstack-identity-access-rules");

/// A token that a user gave, as a header's value.
pub(super) fn own_header(token: &str) -> Result<HeaderValue, ProtocolError> {
    secret_header(token.as_bytes(), "credential.token")
}
