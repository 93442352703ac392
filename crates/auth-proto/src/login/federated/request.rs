//! The requests of a federated login.

use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Step, client_of, federation_of};
use crate::{
    error::{ConfigError, ConfigField, Error},
    identity::{JSON, set_accepted},
    login::{Login, fixed::basic, request::within_limit},
    model::{
        body::Body,
        credential::{self, MethodKind},
        federation::Federation,
        token::sensitive,
    },
    url::{provider::provider_url, segment::path_segment},
    wire::{self, oidc},
};

impl Login {
    pub(in crate::login) fn federated_request(&self, step: &Step) -> Result<Request<Body>, Error> {
        let federation = federation_of(&self.credential)?;
        match step {
            Step::Discover => self.discover_provider(federation),
            Step::ProviderToken(uri) => self.ask_provider(federation, uri),
            Step::Exchange(bearer) => match &federation.protocol {
                Some(protocol) => self.exchange_bearer(federation, protocol, bearer),
                None => self.exchange_id_token(federation, bearer),
            },
        }
    }

    /// Asks for the discovery document. The request has no secret.
    fn discover_provider(&self, federation: &Federation) -> Result<Request<Body>, Error> {
        let field = ConfigField::DiscoveryEndpoint;
        let url = client_of(federation)?.discovery_endpoint.as_deref();
        let (_, uri) = provider_url(url.ok_or(ConfigError::Empty { field })?)
            .map_err(|problem| ConfigError::Url { field, problem })?;
        Ok(to(Method::GET, uri, Body::default()))
    }

    /// Asks the provider for a token (RFC 6749, sections 4.3.2 and 4.4.2).
    fn ask_provider(&self, federation: &Federation, uri: &Uri) -> Result<Request<Body>, Error> {
        let client = client_of(federation)?;
        let mut codes = self.credential.methods.iter();
        let code = codes.find(|method| method.kind() == MethodKind::Totp);
        let code = code.map(credential::Method::secret);
        let body = within_limit(oidc::token_request(client, &federation.grant, code))?;
        let mut request = to(Method::POST, uri.clone(), body);
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, oidc::FORM);
        if let Some(secret) = &client.secret {
            let (id, secret) =
                (oidc::basic_encoded(&client.id), oidc::basic_encoded(secret.expose()));
            headers.insert(header::AUTHORIZATION, basic(&id, &secret)?);
        }
        Ok(request)
    }

    /// Exchanges the bearer for an unscoped token (Identity API v3, OS-FEDERATION, "Request an
    /// unscoped OS-FEDERATION token").
    fn exchange_bearer(
        &self,
        federation: &Federation,
        protocol: &str,
        bearer: &SecretString,
    ) -> Result<Request<Body>, Error> {
        let provider = path_segment(ConfigField::IdentityProvider, &federation.identity_provider)?;
        let protocol = path_segment(ConfigField::FederationProtocol, protocol)?;
        let path =
            format!("/v3/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth");
        let mut request = to(Method::POST, self.cloud.identity_uri(&path)?, Body::default());
        request.headers_mut().insert(header::AUTHORIZATION, bearer_header(bearer)?);
        request.headers_mut().insert(header::ACCEPT, ACCEPT);
        Ok(request)
    }

    /// Exchanges an ID token for a token of the scope (Huawei Cloud, *Obtaining a Token with an
    /// OpenID Connect ID Token*).
    fn exchange_id_token(
        &self,
        federation: &Federation,
        id_token: &SecretString,
    ) -> Result<Request<Body>, Error> {
        let body = wire::request::id_token(id_token.expose_secret(), &self.scope);
        let uri = self.cloud.identity_uri("/v3.0/OS-AUTH/id-token/tokens")?;
        let mut request = to(Method::POST, uri, within_limit(body)?);
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        let field = ConfigField::IdentityProvider;
        let provider = HeaderValue::from_str(&federation.identity_provider)
            .map_err(|_| ConfigError::Characters { field })?;
        headers.insert(IDENTITY_PROVIDER, provider);
        Ok(request)
    }
}

/// mod_auth_openidc redirects to the provider only those who accept more than JSON, and answers others
/// as if the bearer was refused (seen at 2.4.12).
const ACCEPT: HeaderValue = HeaderValue::from_static("application/json, */*;q=0.1");

const IDENTITY_PROVIDER: HeaderName = HeaderName::from_static("x-idp-id");

fn to(method: Method, uri: Uri, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    set_accepted(request.headers_mut());
    request
}

/// `Authorization: Bearer …` (RFC 6750, section 2.1), wiped from memory with its last clone.
fn bearer_header(bearer: &SecretString) -> Result<HeaderValue, Error> {
    let bearer = bearer.expose_secret().as_bytes();
    let scheme = b"Bearer ";
    let mut value = Zeroizing::new(Vec::with_capacity(scheme.len() + bearer.len()));
    value.extend_from_slice(scheme);
    value.extend_from_slice(bearer);
    let field = ConfigField::Bearer;
    Ok(sensitive(value).ok_or(ConfigError::Characters { field })?)
}
