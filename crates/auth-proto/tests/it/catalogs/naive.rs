//! A naive reader of catalogs, which keeps owned texts in a list and searches it from the start. Any
//! catalog of either API version, in any spelling, must give the same as the real reader.

use auth_proto::{Catalog, EndpointQuery, Interface};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::{read, token};
use crate::support::{cases, keystone, read_token, response};

/// The value of a key in the server's JSON.
#[derive(Clone, Debug)]
enum Field {
    Nothing,
    Odd(Value),
    Text(String),
}

impl Field {
    /// The text that is read: an empty one is absent, and a whole number is its digits.
    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Self::Odd(odd) => odd.as_i64().map(|number| number.to_string()),
            Self::Nothing => None,
        }
    }
}

/// A service as the server writes it. The four fields of an endpoint are
/// `[interface, region, region_id, url]` in v3, and `[public, region, internal, admin]` in v2.0.
#[derive(Clone, Debug)]
struct ServerEntry {
    service_type: Field,
    name: Field,
    endpoints: Vec<[Field; 4]>,
}

/// The interface, region and URL of an endpoint.
type NaiveEndpoint = (String, Option<String>, String);

/// The type, name and endpoints of a service.
type NaiveService = (String, Option<String>, Vec<NaiveEndpoint>);

#[derive(Clone, Copy, Debug)]
enum Version {
    V2,
    V3,
}

impl Version {
    const fn keys(self) -> [&'static str; 4] {
        match self {
            Self::V2 => ["publicURL", "region", "internalURL", "adminURL"],
            Self::V3 => ["interface", "region", "region_id", "url"],
        }
    }

    fn endpoints(self, fields: &[Field; 4]) -> Vec<NaiveEndpoint> {
        let [first, region, third, fourth] = fields.each_ref().map(Field::text);
        match self {
            Self::V2 => {
                let urls = [("public", first), ("internal", third), ("admin", fourth)];
                let urls = urls.into_iter().filter_map(|(name, url)| Some((name, url?)));
                urls.map(|(name, url)| (name.to_owned(), region.clone(), url)).collect()
            }
            Self::V3 => {
                let interface = first.map(|name| name.trim_end_matches("URL").to_owned());
                let endpoint = interface.zip(fourth);
                endpoint
                    .map(|(interface, url)| (interface, third.or(region), url))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn services(self, entries: &[ServerEntry]) -> Vec<NaiveService> {
        let services = entries.iter().filter_map(|entry| {
            let endpoints =
                entry.endpoints.iter().flat_map(|fields| self.endpoints(fields)).collect();
            Some((entry.service_type.text()?, entry.name.text(), endpoints))
        });
        services.collect()
    }

    fn read(self, catalog: &str) -> Catalog {
        match self {
            Self::V2 => {
                let token = r#""token": {"id": "t", "expires": "2026-11-22T20:00:00Z"}"#;
                let body = format!(r#"{{"access": {{"serviceCatalog": {catalog}, {token}}}}}"#);
                let token = read_token(&response(200, None, &body));
                token.catalog().expect("it is a list").clone()
            }
            Self::V3 => read(&format!(r#"{{"catalog": {catalog}}}"#)),
        }
    }
}

/// Writes the same catalog in different spellings: keys in any order among unknown keys, letters as
/// escapes, a single entry without its list.
struct JsonWriter(u64);

impl JsonWriter {
    fn write(&mut self, version: Version, entries: &[ServerEntry]) -> String {
        let mut services = Vec::new();
        for entry in entries {
            let mut endpoints = Vec::new();
            for fields in &entry.endpoints {
                let fields = version.keys().into_iter().zip(fields);
                let fields = fields.filter_map(|(key, field)| Some((key, self.field(field)?)));
                let fields = fields.collect();
                endpoints.push(self.object(fields));
            }
            let mut fields = vec![("endpoints", self.list(endpoints))];
            for (key, field) in [("type", &entry.service_type), ("name", &entry.name)] {
                fields.extend(self.field(field).map(|text| (key, text)));
            }
            services.push(self.object(fields));
        }
        self.list(services)
    }

    /// A list with values of other types between its entries.
    fn list(&mut self, entries: Vec<String>) -> String {
        if entries.len() == 1 && self.upto(2) == 0 {
            return entries.concat();
        }
        let mut all = Vec::new();
        for entry in entries {
            if self.upto(8) == 0 {
                all.push(["7", "null", "[[]]", "\"x\"", "false"][self.upto(5)].to_owned());
            }
            all.push(entry);
        }
        format!("[{}]", all.join([",", " ,\n\t"][self.upto(2)]))
    }

    fn object(&mut self, mut fields: Vec<(&str, String)>) -> String {
        for ignored in ["id", "links", "Region"] {
            if self.upto(4) == 0 {
                fields.push((ignored, r#"{"url": ["lost", {"region": "lost"}]}"#.to_owned()));
            }
        }
        for end in (1..fields.len()).rev() {
            fields.swap(end, self.upto(end + 1));
        }
        let fields = fields.iter().map(|(key, value)| format!("{}: {value}", self.text(key)));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }

    fn field(&mut self, field: &Field) -> Option<String> {
        match field {
            Field::Nothing => None,
            Field::Odd(odd) => Some(odd.to_string()),
            Field::Text(text) => Some(self.text(text)),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if self.upto(4) != 0 {
            return json!(text).to_string();
        }
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    }

    /// A number below this one (by Knuth's multiplier).
    fn upto(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }
}

/// The naive look-up: by interface in the order of the query, then region, then position.
fn search(services: &[NaiveService], query: &NaiveQuery) -> Option<NaiveEndpoint> {
    let of_type = services.iter().filter(|(service_type, ..)| *service_type == query.service);
    let endpoints: Vec<_> = of_type.flat_map(|(_, _, endpoints)| endpoints).collect();
    query.interfaces.iter().find_map(|interface| {
        let fit = |rank| {
            endpoints.iter().find(|(name, region, _)| {
                let region = region.as_deref();
                name == interface.as_str()
                    && match rank {
                        0 => query.region.is_none() || region == query.region.as_deref(),
                        1 => region == Some("*"),
                        2 => region.is_none(),
                        _ => query.service == "identity",
                    }
            })
        };
        (0..4).find_map(fit).cloned().cloned()
    })
}

#[derive(Clone, Debug)]
struct NaiveQuery {
    service: String,
    region: Option<String>,
    interfaces: Vec<Interface>,
}

/// Two of these have the same hash, and one is found in any region.
const TYPES: [&str; 6] = ["compute", "identity", "liquid", "costarring", "이미지 \"7\"", "7"];
const REGIONS: [&str; 5] = ["R1", "R10", "*", "Zürich", "서울 \\"];
/// The start of each URL.
const URL: &str = "https://";
const INTERFACES: [&str; 7] =
    ["public", "internal", "admin", "publicURL", "URL", "backup", "adminX"];

/// Usually one of these texts, sometimes nothing or a value of another type.
fn field(texts: &'static [&'static str]) -> impl Strategy<Value = Field> + Clone {
    let odd =
        [json!(null), json!(7), json!(-8.5), json!(true), json!({ "a": [1] }), json!(["b", {}])];
    prop_oneof![
        12 => select(texts).prop_map(|text| Field::Text(text.to_owned())),
        2 => Just(Field::Nothing),
        1 => Just(Field::Text(String::new())),
        1 => select(odd.to_vec()).prop_map(Field::Odd),
    ]
}

/// A few endpoints of any kind, or one in each of many regions in a mixed order.
fn endpoints(version: Version) -> impl Strategy<Value = Vec<[Field; 4]>> {
    let (first, third) = match version {
        Version::V2 => (field(&[URL]), field(&[URL])),
        Version::V3 => (field(&INTERFACES), field(&REGIONS)),
    };
    let few = prop::collection::vec((first, field(&REGIONS), third, field(&[URL])), 0..6);
    let many = (select(vec![63, 64, 65, 80, 1000]), 0_usize..1000).prop_map(move |(count, by)| {
        let text = |text: &str| Field::Text(text.to_owned());
        let rows = (0..count).map(|at| format!("region-{}", (at * 7 + by) % count));
        let rows = rows.map(|region| match version {
            Version::V2 => [text(URL), text(&region), Field::Nothing, text(URL)],
            Version::V3 => [text("public"), text("old"), text(&region), text(URL)],
        });
        rows.collect::<Vec<_>>()
    });
    prop_oneof![24 => few.prop_map(|rows| rows.into_iter().map(<[Field; 4]>::from).collect()), 1 => many]
}

fn entries(version: Version) -> impl Strategy<Value = (Version, Vec<ServerEntry>)> {
    let entry = (field(&TYPES), field(&["nova ☃", "\u{1f600}"]), endpoints(version));
    let entry = entry.prop_map(|(service_type, name, endpoints)| ServerEntry {
        service_type,
        name,
        endpoints,
    });
    prop::collection::vec(entry, 0..9).prop_map(move |mut entries| {
        // Each endpoint gets a distinct URL, so that a test can tell which one was found.
        let fields = entries.iter_mut().flat_map(|entry| entry.endpoints.iter_mut().flatten());
        for (number, field) in fields.enumerate() {
            if matches!(field, Field::Text(text) if text == URL) {
                *field = Field::Text(format!("{URL}{number}.example/v2/"));
            }
        }
        (version, entries)
    })
}

fn query() -> impl Strategy<Value = NaiveQuery> {
    let interfaces = [Interface::Public, Interface::Internal, Interface::Admin];
    let numbered = (0_usize..1001).prop_map(|number| format!("region-{number}"));
    let region = prop_oneof![3 => select(&REGIONS).prop_map(str::to_owned), 1 => numbered];
    let interfaces = (1_usize..4, Just(interfaces.to_vec()).prop_shuffle());
    (select(&TYPES), prop::option::of(region), interfaces).prop_map(
        |(service, region, (count, mut interfaces))| {
            interfaces.truncate(count);
            NaiveQuery { service: service.to_owned(), region, interfaces }
        },
    )
}

fn listed(catalog: &Catalog) -> Vec<NaiveService> {
    let services = catalog.services().map(|service| {
        let endpoints = service.endpoints().map(|at| {
            assert_eq!(at.service_type(), service.service_type());
            (at.interface().to_owned(), at.region().map(str::to_owned), at.url().to_owned())
        });
        let name = service.name().map(str::to_owned);
        (service.service_type().to_owned(), name, endpoints.collect())
    });
    services.collect()
}

/// The same services in the form of v3.
fn v3_entries(services: &[NaiveService]) -> Vec<ServerEntry> {
    let text = |text: &String| Field::Text(text.clone());
    let or_none = |name: &Option<String>| name.as_ref().map_or(Field::Nothing, text);
    let entries = services.iter().map(|(service_type, name, endpoints)| {
        let endpoints = endpoints.iter().map(|(interface, region, url)| {
            [Field::Text(format!("{interface}URL")), or_none(region), Field::Nothing, text(url)]
        });
        let endpoints = endpoints.collect();
        ServerEntry { service_type: text(service_type), name: or_none(name), endpoints }
    });
    entries.collect()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn both_readers_find_the_same_endpoints(
        (version, entries) in prop_oneof![entries(Version::V2), entries(Version::V3)],
        seeds in any::<[u64; 2]>(),
        queries in prop::collection::vec(query(), 1..40),
    ) {
        let [mut one, mut other] = seeds.map(JsonWriter);
        let catalog = version.read(&one.write(version, &entries));
        let services = version.services(&entries);
        prop_assert_eq!(listed(&catalog), &services[..]);
        prop_assert_eq!(&Version::V3.read(&other.write(Version::V3, &v3_entries(&services))), &catalog);
        let (token, cloud) = (token(catalog), keystone());
        for query in queries {
            let mut asked = EndpointQuery::new(&query.service).interfaces(&query.interfaces);
            if let Some(region) = &query.region {
                asked = asked.region(region);
            }
            let found = cloud.endpoint(&token, &asked).ok();
            let found = found.map(|at| {
                (at.interface().to_owned(), at.region().map(str::to_owned), at.url().to_owned())
            });
            // If no catalog lists it, the identity service is at its configured URL.
            let configured = query.service == "identity" && query.interfaces.contains(&Interface::Public);
            let configured =
                configured.then(|| ("public".to_owned(), None, cloud.identity_url().to_owned()));
            let expected = search(&services, &query).or(configured);
            // A listed text may be no URL.
            let expected = expected.filter(|(_, _, url)| url.starts_with(URL));
            prop_assert_eq!(found, expected, "{:?}", query);
        }
    }
}
