//! The endpoint that a query finds in a catalog.

use std::{collections::HashMap, sync::LazyLock};

use auth_proto::{
    Cloud, Endpoint, EndpointError, EndpointQuery, ErrorKind, FetchCatalog, IdentityRequest,
    IdentityResponse, Interface, Token,
};
use http::{Request, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    checks::check_error,
    differential::{Reading, json},
    input::{STOCK, expanded, first_line},
    naive,
};

/// Any query and any catalog: the first line is `cloud|service|region|interfaces`, the rest the
/// response to a request for a catalog.
///
/// The endpoint is listed in the catalog and fits the query, and no listed endpoint fits better.
/// The same holds for a query for each listed endpoint.
pub fn catalog_select(data: &[u8]) {
    let data = expanded(data);
    let Some((line, body)) = first_line(&data) else { return };
    let Some(query) = Query::read(line) else { return };
    let catalog = match FetchCatalog::new(&query.cloud).parse(Response::new(body)) {
        Ok(catalog) => catalog,
        Err(error) => return check_error(&error),
    };
    let listed = match json(body) {
        Reading::Json(body) => naive::catalog(&body).expect("the naive reader takes it, too"),
        Reading::None => panic!("the naive reader refuses it"),
        Reading::Unknown => return,
    };
    let token = token().with_catalog(catalog);
    query.check(&token, &listed);
    for listed_endpoint in endpoints(&listed).take(QUERIED) {
        let interface = listed_endpoint.interface.parse::<Interface>();
        if let Some(interface) =
            interface.ok().filter(|it| it.as_str() == listed_endpoint.interface)
        {
            let (service, region) = (listed_endpoint.service_type, listed_endpoint.region);
            let interfaces = vec![interface];
            Query { service, region, interfaces, ..query.clone() }.check(&token, &listed);
        }
    }
}

/// The number of listed endpoints that are queried. Each query compares all endpoints.
const QUERIED: usize = 128;

/// A token without a catalog.
pub(crate) fn token() -> Token {
    static TOKEN: LazyLock<Token> = LazyLock::new(|| {
        let body = r#"{"token": {
            "expires_at": "2026-11-22T08:00:00Z", "project": {"id": "f5073eaa26b64cff"}
        }}"#;
        let response = Response::builder().status(201).header("x-subject-token", "gAAAAAB");
        let response = response.body(body).expect("the response is valid");
        match IdentityResponse::read(&response, None) {
            Ok(IdentityResponse::Token(_, token)) => *token,
            other => unreachable!("{other:?}"),
        }
    });
    TOKEN.clone()
}

#[derive(Clone)]
struct Query<'a> {
    cloud: Cloud,
    /// The cloud's own aliases of types.
    aliases: &'static [(&'static str, &'static str)],
    service: &'a str,
    region: Option<&'a str>,
    interfaces: Vec<Interface>,
}

impl<'a> Query<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        static CLOUDS: LazyLock<[Cloud; 3]> = LazyLock::new(|| {
            [STOCK.clone(), Cloud::otc("eu-de").expect("the region exists"), Cloud::kakao()]
        });
        let mut words = std::str::from_utf8(line).ok()?.split('|');
        let (cloud, aliases): (_, &[_]) = match words.next()? {
            "keystone" => (0, &[]),
            "otc" => (1, &[("identity", "iam"), ("object-store", "object")]),
            "kakao" => (2, &[("object-store", "object-storage")]),
            _ => return None,
        };
        let service = words.next()?;
        let region = words.next().filter(|region| !region.is_empty());
        let interfaces = words.next()?.split(',').map(str::parse).filter_map(Result::ok).collect();
        Some(Self { cloud: CLOUDS[cloud].clone(), aliases, service, region, interfaces })
    }

    /// Takes an endpoint from the catalog, or from the cloud's table.
    fn check(&self, token: &Token, listed: &Value) {
        let mut query = EndpointQuery::new(self.service).interfaces(&self.interfaces);
        if let Some(region) = self.region {
            query = query.region(region);
        }
        let expected = self.best(listed);
        let taken = match self.cloud.endpoint(token, &query) {
            Ok(taken) => taken,
            Err(error) => {
                check_error(&error);
                let is_missing =
                    matches!(error.kind(), ErrorKind::Endpoint(EndpointError::NotFound { .. }));
                return assert!(
                    !is_missing || expected.is_none(),
                    "{error}, but there is {expected:?}"
                );
            }
        };
        let mut request = Request::get(taken.url()).body(()).expect("the URL is valid");
        assert!(
            self.cloud.authorize(token, &mut request).is_ok(),
            "a token must not go to {taken:?}"
        );
        let holds = |mark: &&str| taken.url().contains(*mark);
        assert!(!["{", "$(", "%("].iter().any(holds), "{taken:?} holds a placeholder");
        match expected {
            // The login's version replaces that of the catalog's URL.
            Some(expected) if expected.service_type == "identity" => {
                let url = expected.url;
                assert_eq!(ListedEndpoint { url, ..ListedEndpoint::of(&taken) }, expected);
                assert!(taken.url() == url || taken.url().ends_with("/v3"), "{taken:?}");
            }
            Some(expected) => assert_eq!(ListedEndpoint::of(&taken), expected),
            None => self.check_table(&taken),
        }
    }

    /// The best listed endpoint, found by comparing all of them.
    fn best<'t>(&self, listed: &'t Value) -> Option<ListedEndpoint<'t>> {
        let names = self.names();
        let ranked = endpoints(listed).filter_map(|one| Some((self.rank(&names, &one)?, one)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, endpoint)| endpoint)
    }

    /// The rank by type, then interface, then region; `None` if the endpoint does not fit.
    fn rank(&self, names: &[String], endpoint: &ListedEndpoint<'_>) -> Option<[usize; 3]> {
        let service = names.iter().position(|name| name == endpoint.service_type)?;
        let mut wanted = self.interfaces.iter();
        let interface = wanted.position(|wanted| wanted.as_str() == endpoint.interface)?;
        let region = match (self.region, endpoint.region) {
            (None, _) => 0,
            (Some(wanted), Some(region)) if wanted == region => 0,
            (Some(_), Some("*")) => 1,
            (Some(_), None) => 2,
            (Some(_), Some(_)) if endpoint.service_type == "identity" => 3,
            _ => return None,
        };
        Some([service, interface, region])
    }

    /// The names of the type by the authority's list, the best first.
    fn names(&self) -> Vec<String> {
        let version = |name: &str| name.ends_with(['2', '3']) && name.contains('v');
        let same = AUTHORITY.get(self.service).into_iter().flatten();
        let same = same.filter(|name| !(version(name) && version(self.service)));
        let own = self.aliases.iter().filter_map(|(one, other)| match self.service {
            service if service == *one => Some((*other).to_owned()),
            service if service == *other => Some((*one).to_owned()),
            _ => None,
        });
        let exact = std::iter::once(self.service.to_owned());
        exact.chain(same.filter(|name| *name != self.service).cloned()).chain(own).collect()
    }

    /// Checks an endpoint that is not listed: it is in the cloud's table, or is the identity
    /// service.
    fn check_table(&self, taken: &Endpoint<'_>) {
        assert!(self.interfaces.contains(&Interface::Public) && taken.interface() == "public");
        assert!(self.names().iter().any(|name| name == taken.service_type()), "{taken:?}");
        assert!(taken.url().starts_with("https://"), "{taken:?}");
        match taken.region() {
            None => assert_eq!(taken.url(), self.cloud.identity_url()),
            Some(region) => assert!(self.region.is_none_or(|wanted| wanted == region), "{taken:?}"),
        }
    }
}

/// An endpoint of the naive reader.
#[derive(Debug, PartialEq, Eq)]
struct ListedEndpoint<'t> {
    service_type: &'t str,
    interface: &'t str,
    region: Option<&'t str>,
    url: &'t str,
}

impl<'t> ListedEndpoint<'t> {
    fn of(endpoint: &'t Endpoint<'_>) -> Self {
        Self {
            service_type: endpoint.service_type(),
            interface: endpoint.interface(),
            region: endpoint.region(),
            url: endpoint.url(),
        }
    }
}

/// Every listed endpoint, in order.
fn endpoints(listed: &Value) -> impl Iterator<Item = ListedEndpoint<'_>> {
    listed.as_array().into_iter().flatten().flat_map(|service| {
        let listed = service["endpoints"].as_array().into_iter().flatten();
        listed.filter_map(|endpoint| {
            Some(ListedEndpoint {
                service_type: service["type"].as_str()?,
                interface: endpoint["interface"].as_str()?,
                region: endpoint["region"].as_str(),
                url: endpoint["url"].as_str()?,
            })
        })
    })
}

/// The names of each type with aliases, the official one first.
static AUTHORITY: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct List {
        services: Vec<Type>,
    }
    #[derive(Deserialize)]
    struct Type {
        r#type: String,
        aliases: Vec<String>,
    }
    let list = include_str!("../../crates/auth-proto/tests/it/data/service-types.json");
    let list: List = serde_json::from_str(list).expect("the authority's list is JSON");
    let mut names = HashMap::new();
    for Type { r#type, aliases } in list.services {
        let all: Vec<_> = std::iter::once(r#type).chain(aliases).collect();
        names.extend(all.iter().map(|name| (name.clone(), all.clone())));
    }
    names
});
