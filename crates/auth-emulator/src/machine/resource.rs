//! The resources of an identity service, by path.

use http::Method;

use crate::{
    clouds::{
        self,
        stock::{federation::FederatedPath, lists::List},
    },
    keystone::{login::LoginBody, v3::V3Rules},
    machine::scopes::ScopeList,
    message::routed::{Destination, RoutedRequest},
    system::System,
};

/// The kind of a request, for counters and scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestKind {
    /// A `POST` to the system's token path that is no exchange.
    Login(System),
    /// A `POST` to the system's token path with the method `token`, `mapped` or `assume_role`.
    Exchange(System),
    /// A login by a token of the identity provider, including those that the gate refuses.
    FederatedLogin(System),
    /// A `GET` or `HEAD` of the system's token path, which asks about a token.
    Question(System),
    /// Any other request to an identity service.
    Identity,
    /// A `POST` to the identity provider's token endpoint.
    ProviderLogin,
    /// Any other request to the identity provider.
    Provider,
    /// A request to another service or to an unknown host.
    Service,
}

impl RequestKind {
    pub(crate) fn of(request: Option<&RoutedRequest<'_>>) -> Self {
        let Some(RoutedRequest { system, destination, method, body, .. }) = request else {
            return Self::Service;
        };
        let (system, method) = (*system, *method);
        match destination {
            Destination::Service { .. } => Self::Service,
            Destination::Provider("/token") if *method == Method::POST => Self::ProviderLogin,
            Destination::Provider(_) => Self::Provider,
            Destination::Identity(path) => match IdentityResource::at(system, path) {
                IdentityResource::Service(_) => Self::Service,
                IdentityResource::Federated(_) | IdentityResource::IdToken(_) => {
                    Self::FederatedLogin(system)
                }
                IdentityResource::Tokens if *method == Method::POST => match is_exchange(body) {
                    true => Self::Exchange(system),
                    false => Self::Login(system),
                },
                IdentityResource::Tokens if matches!(*method, Method::GET | Method::HEAD) => {
                    Self::Question(system)
                }
                _ => Self::Identity,
            },
        }
    }

    /// The system of a `POST` to its token path.
    pub(crate) const fn login(self) -> Option<System> {
        match self {
            Self::Login(system) | Self::Exchange(system) => Some(system),
            _ => None,
        }
    }
}

/// Whether a login's first method is one that takes a token.
fn is_exchange(body: &[u8]) -> bool {
    let login = LoginBody::read(body);
    let method = login.as_ref().ok().and_then(|login| login.methods.first());
    method.is_some_and(|method| ["token", "mapped", "assume_role"].contains(&method.as_str()))
}

/// The resource at a path on an identity host.
pub(crate) enum IdentityResource<'a> {
    Catalog(&'static V3Rules),
    /// A login behind the gate of the stock Keystone.
    Federated(FederatedPath<'a>),
    /// A login by an ID token.
    IdToken(&'static V3Rules),
    Nothing,
    Projects(&'a str),
    Scopes(ScopeList),
    /// Another API on the identity host.
    Service(&'static str),
    /// A list of the stock Keystone.
    Stock(List<'a>),
    Tokens,
    Version,
    Versions,
}

impl<'a> IdentityResource<'a> {
    pub(crate) fn at(system: System, path: &'a str) -> Self {
        let Some(path) = path.strip_prefix(system.prefix()) else {
            return Self::Nothing;
        };
        if matches!(path, "" | "/") {
            return Self::Versions;
        }
        if let ("/v3.0/OS-AUTH/id-token/tokens", System::Huawei | System::Otc, Some(rules)) =
            (path, system, clouds::v3_rules(system))
        {
            return Self::IdToken(rules);
        }
        // The catalogs list the vendor's IAM API, which is not Keystone, as a service.
        if path == "/v3.0" || path.starts_with("/v3.0/") {
            match system {
                System::Huawei => return Self::Service("iam.myhuaweicloud.com"),
                System::Otc => return Self::Service("iam.eu-de.otc.t-systems.com"),
                System::NhnIaas | System::NhnCompute | System::Kakao | System::Keystone => {}
            }
        }
        let Some(path) = path.strip_prefix(system.version()) else {
            return Self::Nothing;
        };
        if let Some(list) = ScopeList::at(system, path) {
            return Self::Scopes(list);
        }
        if let ("/auth/catalog", Some(rules)) = (path, clouds::v3_rules(system)) {
            return Self::Catalog(rules);
        }
        match (system, path) {
            (_, "" | "/") => Self::Version,
            (System::NhnIaas | System::NhnCompute, "/tokens") => Self::Tokens,
            (System::Otc | System::Kakao | System::Huawei | System::Keystone, "/auth/tokens") => {
                Self::Tokens
            }
            (System::Keystone, path) => match FederatedPath::at(path) {
                Some(login) => Self::Federated(login),
                None => List::at(path).map_or(Self::Nothing, Self::Stock),
            },
            (System::Kakao, path) => path
                .strip_prefix("/users/")
                .and_then(|rest| rest.strip_suffix("/projects"))
                .filter(|user| !user.contains('/'))
                .map_or(Self::Nothing, Self::Projects),
            _ => Self::Nothing,
        }
    }
}
