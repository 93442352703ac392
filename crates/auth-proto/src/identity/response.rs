//! Any response of an identity service, read without knowing the request.

use std::marker::PhantomData;

use http::{Response, StatusCode};

use super::{header_secrets, is_receipt};
use crate::{
    error::{Error, ProtocolError, fault::Fault},
    model::{
        catalog::Catalog,
        challenge::Challenge,
        scope::Scope,
        token::{Domain, Project, Token},
        version::Version,
    },
    url::ApiVersion,
    wire::{self, SUBJECT_TOKEN, field::Field, last_key::last_key_counts, read_into::ReadInto},
};

/// The kind and the content of a response, for support tools and for tests with recorded responses.
/// A [`Login`](crate::Login) and an [`IdentityRequest`](crate::IdentityRequest) know their request
/// and do not need this.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum IdentityResponse {
    /// A catalog without a token.
    Catalog(Catalog),
    /// A list of domains, and the link to the next page as the server wrote it.
    Domains(Vec<Domain>, Option<String>),
    /// A refusal or a redirect, with a body in any format.
    Fault(StatusCode, Fault),
    /// A list of projects, and the link to the next page as the server wrote it.
    Projects(Vec<Project>, Option<String>),
    /// A first factor was accepted, a further one is needed.
    Receipt(Challenge),
    /// A list of system scopes: [`Scope::system`], or an empty list.
    SystemScopes(Vec<Scope>),
    /// A token, and the API version of its response.
    Token(ApiVersion, Box<Token>),
    /// A version document.
    Versions(Vec<Version>),
}

impl IdentityResponse {
    /// Reads a response. With an API version, a token is accepted only in the format of this
    /// version.
    ///
    /// # Errors
    ///
    /// The reason why the response is not one of these.
    pub fn read<B: AsRef<[u8]>>(
        response: &Response<B>,
        api_version: Option<ApiVersion>,
    ) -> Result<Self, Error> {
        let (status, headers) = (response.status(), response.headers());
        let body = response.body().as_ref();
        if is_receipt(response.status(), response.headers()) {
            let fault = wire::fault::read_fault(response);
            let secrets = header_secrets(headers);
            let read = |body: &[u8]| wire::receipt::read_challenge(headers, body, &secrets);
            return match wire::read_body(response, read) {
                Ok(challenge) => Ok(Self::Receipt(challenge)),
                // Without a receipt in the body there is no challenge, but perhaps a reason.
                Err(_) if fault != Fault::default() => {
                    Ok(Self::Fault(status, fault.cleaned(&header_secrets(headers))))
                }
                Err(why) => Err(why.into()),
            };
        }
        if status == StatusCode::MULTIPLE_CHOICES
            && let Ok(versions) = wire::discovery::read_versions(body)
        {
            return Ok(Self::Versions(versions));
        }
        if status.is_redirection() || status.is_client_error() || status.is_server_error() {
            return Ok(Self::Fault(
                status,
                wire::fault::read_fault(response).cleaned(&header_secrets(headers)),
            ));
        }
        if !status.is_success() {
            return Err(ProtocolError::Status { status }.into());
        }
        let in_header = headers.contains_key(SUBJECT_TOKEN);
        let missing = ProtocolError::MissingToken { place: SUBJECT_TOKEN };
        let keys: Keys = match wire::read_body(response, wire::read) {
            // A 201 is the response of a login.
            Err(ProtocolError::Empty) if status == StatusCode::CREATED && !in_header => {
                return Err(missing.into());
            }
            keys => keys?,
        };
        if keys.access.is_present() || keys.token.is_present() {
            let usual = if keys.access.is_present() { ApiVersion::V2 } else { ApiVersion::V3 };
            token(api_version.unwrap_or(usual), response)
        } else if keys.projects.is_present() {
            let (projects, next) = wire::projects::read_projects(body)?;
            Ok(Self::Projects(projects, next))
        } else if keys.domains.is_present() {
            let (domains, next) = wire::scopes::read_domains(body)?;
            Ok(Self::Domains(domains, next))
        } else if keys.system.is_present() {
            let is_all = wire::scopes::read_system(body)?;
            Ok(Self::SystemScopes(is_all.then(Scope::system).into_iter().collect()))
        } else if keys.catalog.is_present() {
            Ok(Self::Catalog(wire::catalog::read_catalog(body)?))
        } else if keys.versions.is_present()
            || keys.version.is_present()
            || (keys.id.is_present() && (keys.links.is_present() || keys.status.is_present()))
        {
            Ok(Self::Versions(wire::discovery::read_versions(body)?))
        } else if in_header {
            token(api_version.unwrap_or(ApiVersion::V3), response)
        } else if status == StatusCode::CREATED {
            Err(missing.into())
        } else {
            Err(ProtocolError::Unknown.into())
        }
    }
}

fn token<B: AsRef<[u8]>>(
    api_version: ApiVersion,
    response: &Response<B>,
) -> Result<IdentityResponse, Error> {
    let body = response.body().as_ref();
    let token = match api_version {
        ApiVersion::V2 => wire::v2::read_token(body)?,
        ApiVersion::V3 => wire::v3::read_token(response.headers(), body)?,
    };
    Ok(IdentityResponse::Token(api_version, Box::new(token)))
}

last_key_counts! {
/// The keys that distinguish the responses.
struct Keys {
    access: Field<Anything>,
    catalog: Field<Anything>,
    domains: Field<Anything>,
    id: Field<Anything>,
    links: Field<Anything>,
    projects: Field<Anything>,
    status: Field<Anything>,
    system: Field<Anything>,
    token: Field<Anything>,
    version: Field<Anything>,
    versions: Field<Anything>,
}
}

/// Matches no type, so that every value is reported as one of a wrong type, and so as present.
struct Anything;

impl ReadInto for PhantomData<Anything> {
    type Value = Anything;
}

impl Field<Anything> {
    fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}
