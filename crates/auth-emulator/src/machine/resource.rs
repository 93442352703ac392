//! The resources of an identity service, by path.

use http::Method;

use crate::{
    clouds::{self, stock::lists::List},
    keystone::v3::V3Rules,
    machine::scopes::ScopeList,
    message::routed::{Destination, RoutedRequest},
    system::System,
};

/// The kind of a request, for the traffic counters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A `POST` to the system's token path.
    Login(System),
    /// Any other request to an identity service.
    Identity,
    /// A request to another service or to an unknown host.
    Service,
}

impl RequestKind {
    pub(crate) fn of(request: Option<&RoutedRequest<'_>>) -> Self {
        let Some(RoutedRequest {
            system, destination: Destination::Identity(path), method, ..
        }) = request
        else {
            return Self::Service;
        };
        match IdentityResource::at(*system, path) {
            IdentityResource::Service(_) => Self::Service,
            IdentityResource::Tokens if **method == Method::POST => Self::Login(*system),
            _ => Self::Identity,
        }
    }
}

/// The resource at a path on an identity host.
pub(crate) enum IdentityResource<'a> {
    Catalog(&'static V3Rules),
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
            (System::Keystone, path) => List::at(path).map_or(Self::Nothing, Self::Stock),
            (System::Kakao, path) => path
                .strip_prefix("/users/")
                .and_then(|rest| rest.strip_suffix("/projects"))
                .filter(|user| !user.contains('/'))
                .map_or(Self::Nothing, Self::Projects),
            _ => Self::Nothing,
        }
    }
}
