//! The requests of a login.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Method, Request, header};

use super::{Login, Phase};
use crate::{
    error::{ConfigError, ConfigField, Error, ProtocolError},
    identity::{FetchCatalog, IdentityRequest, JSON, Validate, Versions, get, set_accepted},
    limits,
    model::{
        body::Body,
        challenge::Challenge,
        credential::{self, MethodKind},
        scope::{Scope, Target},
        token::{AUTH_TOKEN, Token, secret_header},
    },
    url::ApiVersion,
    wire,
};

impl Login {
    pub(super) fn discover(&self) -> Result<Request<Body>, Error> {
        Versions::new(&self.cloud).request()
    }

    /// A login by the methods of the credential.
    pub(super) fn authenticate(&self) -> Result<Request<Body>, Error> {
        let methods = &self.credential.methods;
        let mut request = self.post(self.wants_catalog(), self.login_body(methods)?)?;
        // Some clouds want the token to be exchanged in the header as well.
        if let Some(token) = methods.iter().find(|method| method.kind() == MethodKind::Token) {
            request.headers_mut().insert(AUTH_TOKEN, token_header(token.secret())?);
        }
        Ok(request)
    }

    /// The same login with a further factor: the receipt stands for the earlier ones.
    pub(super) fn go_on(&self, challenge: &Challenge, body: Body) -> Result<Request<Body>, Error> {
        let mut request = self.post(self.wants_catalog(), body)?;
        if let Some(receipt) = &challenge.receipt {
            request.headers_mut().insert(wire::RECEIPT, receipt.clone());
        }
        Ok(request)
    }

    /// The exchange of a root token. Some clouds want the token in the header as well.
    pub(super) fn derive(&self, root: &HeaderValue, body: Body) -> Result<Request<Body>, Error> {
        let mut request = self.post(self.catalog, body)?;
        request.headers_mut().insert(AUTH_TOKEN, root.clone());
        Ok(request)
    }

    /// Asks for the data of an existing token. In v2.0 only administrators may validate a token;
    /// the list of tenants at least shows whether it is still good (Identity API v2.0, "List
    /// tenants").
    ///
    /// Keystone answers 404 for a token with access rules unless the header says that the client
    /// knows access rules (Identity API v3, "Validate and show information for token"). The
    /// services enforce them, not the bearer of the token.
    pub(super) fn inspect(&self) -> Result<Request<Body>, Error> {
        let mut request = match self.api_version()? {
            ApiVersion::V2 => get(&self.cloud.identity_path("/v2.0/tenants"))?,
            ApiVersion::V3 => {
                let mut request = self.validation().request()?;
                request.headers_mut().insert(ACCESS_RULES, HeaderValue::from_static("1.0"));
                request
            }
        };
        request.headers_mut().insert(AUTH_TOKEN, token_header(self.own_token())?);
        Ok(request)
    }

    pub(super) fn fetch_catalog(&self, token: &Token) -> Result<Request<Body>, Error> {
        let mut request = FetchCatalog::new(&self.cloud).request()?;
        token.insert_into(request.headers_mut());
        Ok(request)
    }

    pub(super) fn validation(&self) -> Validate {
        let validation = Validate::new(&self.cloud, self.own_token());
        match self.catalog {
            true => validation,
            false => validation.without_catalog(),
        }
    }

    /// The token in the credential; empty if the credential is not a token.
    pub(super) fn own_token(&self) -> &str {
        self.credential.own_token().unwrap_or_default()
    }

    /// The scope that the request in flight asks for.
    pub(super) fn requested_scope(&self) -> Cow<'_, Scope> {
        match self.phase {
            Phase::Derive { .. } => Cow::Borrowed(&self.scope),
            _ => self.login_scope(),
        }
    }

    /// The scope of the user's own token: with an agency it is the user's domain, where the
    /// permission to assume the agency is.
    fn login_scope(&self) -> Cow<'_, Scope> {
        match self.credential.user_domain() {
            // The first token of a chain that goes on may have any scope.
            _ if self.is_rescoped() => Cow::Owned(Scope::default()),
            Some(domain) if self.derives() => Cow::Owned(Scope(Target::Domain(domain.clone()))),
            _ => Cow::Borrowed(&self.scope),
        }
    }

    /// With an agency, the user's own token only serves to get the agency's.
    fn wants_catalog(&self) -> bool {
        self.catalog && !self.derives()
    }

    pub(super) fn login_body(&self, methods: &[credential::Method]) -> Result<Body, Error> {
        let user = self.credential.user.as_ref();
        let api_version = self.api_version()?;
        within_limit(wire::request::login(api_version, user, methods, &self.login_scope()))
    }

    /// The body that exchanges a root token: with an agency by `assume_role`, else by `token`.
    pub(super) fn derive_body(&self, root: &HeaderValue) -> Result<Body, Error> {
        let Some(agency) = &self.credential.agency else {
            let root = credential::Method::Token(root.to_str().unwrap_or_default().into());
            let api_version = self.api_version()?;
            return within_limit(wire::request::login(api_version, None, &[root], &self.scope));
        };
        let field = self.cloud.agency_field();
        // Unreachable: `Cloud::check` refuses an agency that the cloud has no field for.
        let field = field.ok_or_else(|| ConfigError::Agency { cloud: self.cloud.name() })?;
        within_limit(wire::request::assume(field, agency, &self.scope))
    }

    fn post(&self, catalog: bool, body: Body) -> Result<Request<Body>, Error> {
        let path = match (self.api_version()?, catalog) {
            (ApiVersion::V2, _) => "/v2.0/tokens",
            (ApiVersion::V3, true) => "/v3/auth/tokens",
            // Keystone looks for the key alone, Huawei Cloud wants a value.
            (ApiVersion::V3, false) => "/v3/auth/tokens?nocatalog=true",
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.cloud.identity_uri(path)?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        set_accepted(headers);
        Ok(request)
    }

    /// The API version. Every phase after `Discover` has one.
    fn api_version(&self) -> Result<ApiVersion, ConfigError> {
        self.cloud.api_version().ok_or(ConfigError::Version)
    }
}

const ACCESS_RULES: HeaderName = HeaderName::from_static("openstack-identity-access-rules");

/// The caller's token as a header's value.
pub(super) fn token_header(token: &str) -> Result<HeaderValue, ProtocolError> {
    secret_header(token.as_bytes(), "credential.token")
}

pub(super) fn within_limit(body: Body) -> Result<Body, Error> {
    if body.as_bytes().len() > limits::LOGIN_REQUEST {
        let (field, limit) = (ConfigField::CredentialAndScope, limits::LOGIN_REQUEST);
        return Err(ConfigError::TooLong { field, limit }.into());
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use http::Response;
    use time::UtcDateTime;

    use super::*;
    use crate::{
        cloud::Cloud,
        error::ErrorKind,
        login::Step,
        model::{
            credential::{Credential, Factor, UserRef},
            question::Question,
            scope::DomainRef,
        },
    };

    const NOW: UtcDateTime = time::macros::utc_datetime!(2026-11-22 08:00:00);

    fn is_too_long(error: &Error) -> bool {
        matches!(error.kind(), ErrorKind::Config(ConfigError::TooLong { .. }))
    }

    #[test]
    fn a_factor_that_is_too_long_is_refused_at_once() {
        let text = "x".repeat(20 * 1024);
        let user = UserRef::name_in(&text, DomainRef::name(&text));
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let credential = Credential::password(user, "secretsecret");
        let mut login = Login::new(&cloud, credential, Scope::default()).unwrap();
        let receipt = r#"{
            "receipt": {"methods": ["password"], "expires_at": "2026-11-22T08:05:00Z"},
            "required_auth_methods": [["password", "totp"]]
        }"#;
        let response = Response::builder().status(401).header(wire::RECEIPT, "r");
        login.handle_response(response.body(receipt).unwrap(), NOW);
        let long = Factor::totp("1".repeat(30 * 1024));
        assert!(is_too_long(&login.answer(long).unwrap_err()));
        assert!(matches!(login.poll(), Ok(Step::Ask(Question::Factor(_)))));
        login.answer(Factor::totp("123456")).unwrap();
        assert!(matches!(login.poll(), Ok(Step::Send(_))));
    }
}
