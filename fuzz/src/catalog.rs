//! Which endpoint of a catalog is taken.

use std::{collections::HashMap, sync::LazyLock};

use auth_proto::{
    Cloud, Endpoint, EndpointError, EndpointQuery, ErrorKind, FetchCatalog, IdentityRequest,
    IdentityResponse, Interface, Token,
};
use http::{Request, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    differential::{Reading, json},
    input::{expanded, first_line},
    promise::check_error,
    slow,
};

/// Any wish and any catalog: the first line is `cloud|service|region|interfaces`, the rest the
/// answer to a request for a catalog.
///
/// What is taken stood in the catalog and fits the wish, and nothing that fits better stood there. So
/// it is with a wish for each place that is listed.
pub fn catalog_select(data: &[u8]) {
    let data = expanded(data);
    let Some((line, body)) = first_line(&data) else { return };
    let Some(wish) = Wish::read(line) else { return };
    let catalog = match FetchCatalog::new(&wish.cloud).parse(Response::new(body)) {
        Ok(catalog) => catalog,
        Err(error) => return check_error(&error),
    };
    let listed = match json(body) {
        Reading::Json(body) => slow::catalog(&body).expect("the slow reading takes it, too"),
        Reading::None => panic!("the slow reading refuses it"),
        Reading::Unknown => return,
    };
    let token = token().with_catalog(catalog);
    wish.check(&token, &listed);
    for place in places(&listed).take(SOUGHT) {
        let interface = place.interface.parse::<Interface>();
        if let Some(interface) = interface.ok().filter(|it| it.as_str() == place.interface) {
            let (service, region) = (place.service_type, place.region);
            let interfaces = vec![interface];
            Wish { service, region, interfaces, ..wish.clone() }.check(&token, &listed);
        }
    }
}

/// So many of what is listed are asked for, too: each is held against all.
const SOUGHT: usize = 128;

/// A token without a catalog.
pub(crate) fn token() -> Token {
    static TOKEN: LazyLock<Token> = LazyLock::new(|| {
        let body = r#"{"token": {
            "expires_at": "2026-11-22T08:00:00Z", "project": {"id": "f5073eaa26b64cff"}
        }}"#;
        let response = Response::builder().status(201).header("x-subject-token", "gAAAAAB");
        let response = response.body(body).expect("it is a response");
        match IdentityResponse::read(&response, None) {
            Ok(IdentityResponse::Token(_, token)) => *token,
            other => unreachable!("{other:?}"),
        }
    });
    TOKEN.clone()
}

#[derive(Clone)]
struct Wish<'a> {
    cloud: Cloud,
    /// The cloud's own other names of types.
    own: &'static [(&'static str, &'static str)],
    service: &'a str,
    region: Option<&'a str>,
    interfaces: Vec<Interface>,
}

impl<'a> Wish<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        static CLOUDS: LazyLock<[Cloud; 3]> = LazyLock::new(|| {
            let keystone = Cloud::keystone("https://keystone.example/v3");
            let otc = Cloud::otc("eu-de");
            [keystone.expect("it is a URL"), otc.expect("it is a region"), Cloud::kakao()]
        });
        let mut words = std::str::from_utf8(line).ok()?.split('|');
        let (cloud, own): (_, &[_]) = match words.next()? {
            "keystone" => (0, &[]),
            "otc" => (1, &[("identity", "iam"), ("object-store", "object")]),
            "kakao" => (2, &[("object-store", "object-storage")]),
            _ => return None,
        };
        let service = words.next()?;
        let region = words.next().filter(|region| !region.is_empty());
        let interfaces = words.next()?.split(',').map(str::parse).filter_map(Result::ok).collect();
        Some(Self { cloud: CLOUDS[cloud].clone(), own, service, region, interfaces })
    }

    /// Takes an endpoint from the catalog, or from the cloud's table.
    fn check(&self, token: &Token, listed: &Value) {
        let mut select = EndpointQuery::new(self.service).interfaces(&self.interfaces);
        if let Some(region) = self.region {
            select = select.region(region);
        }
        let expected = self.best(listed);
        let taken = match self.cloud.endpoint(token, &select) {
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
        let mut request = Request::get(taken.url()).body(()).expect("its URL is one");
        assert!(self.cloud.authorize(token, &mut request).is_ok(), "{taken:?} must not be had");
        let holds = |mark: &&str| taken.url().contains(*mark);
        assert!(!["{", "$(", "%("].iter().any(holds), "{taken:?} holds a placeholder");
        match expected {
            Some(expected) => assert_eq!(Place::of(&taken), expected),
            None => self.check_table(&taken),
        }
    }

    /// The best place that is listed, found by holding every one against all others.
    fn best<'t>(&self, listed: &'t Value) -> Option<Place<'t>> {
        let names = self.names();
        let ranked = places(listed).filter_map(|place| Some((self.rank(&names, &place)?, place)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, place)| place)
    }

    /// By type, then interface, then region; `None` if it does not fit.
    fn rank(&self, names: &[String], place: &Place<'_>) -> Option<[usize; 3]> {
        let service = names.iter().position(|name| name == place.service_type)?;
        let mut wanted = self.interfaces.iter();
        let interface = wanted.position(|wanted| wanted.as_str() == place.interface)?;
        let region = match (self.region, place.region) {
            (None, _) => 0,
            (Some(wanted), Some(region)) if wanted == region => 0,
            (Some(_), Some("*")) => 1,
            (Some(_), None) => 2,
            (Some(_), Some(_)) if place.service_type == "identity" => 3,
            _ => return None,
        };
        Some([service, interface, region])
    }

    /// The names that the type goes by, by the authority's own list, the best first.
    fn names(&self) -> Vec<String> {
        let version = |name: &str| name.ends_with(['2', '3']) && name.contains('v');
        let same = AUTHORITY.get(self.service).into_iter().flatten();
        let same = same.filter(|name| !(version(name) && version(self.service)));
        let own = self.own.iter().filter_map(|(one, other)| match self.service {
            service if service == *one => Some((*other).to_owned()),
            service if service == *other => Some((*one).to_owned()),
            _ => None,
        });
        let exact = std::iter::once(self.service.to_owned());
        exact.chain(same.filter(|name| *name != self.service).cloned()).chain(own).collect()
    }

    /// What is in no catalog is in the cloud's table, or the identity service itself.
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

/// An endpoint, as the slow reading has it.
#[derive(Debug, PartialEq, Eq)]
struct Place<'t> {
    service_type: &'t str,
    interface: &'t str,
    region: Option<&'t str>,
    url: &'t str,
}

impl<'t> Place<'t> {
    fn of(endpoint: &'t Endpoint<'_>) -> Self {
        Self {
            service_type: endpoint.service_type(),
            interface: endpoint.interface(),
            region: endpoint.region(),
            url: endpoint.url(),
        }
    }
}

/// Every place that stands in a catalog, in its order.
fn places(listed: &Value) -> impl Iterator<Item = Place<'_>> {
    listed.as_array().into_iter().flatten().flat_map(|service| {
        let endpoints = service["endpoints"].as_array().into_iter().flatten();
        endpoints.filter_map(|place| {
            Some(Place {
                service_type: service["type"].as_str()?,
                interface: place["interface"].as_str()?,
                region: place["region"].as_str(),
                url: place["url"].as_str()?,
            })
        })
    })
}

/// All names of each type that has several, the official one first.
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
