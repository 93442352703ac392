//! Any catalog, in both forms and however it is written down, is held against a naive reading: owned
//! texts in a list, searched from its start.

use auth_proto::{Catalog, EndpointQuery, IdentityResponse, Interface};
use http::Response;
use proptest::{prelude::*, sample::select, test_runner::FileFailurePersistence};
use serde_json::{Value, json};

use crate::{cloud, read, token};

/// What a server has to say under a key.
#[derive(Clone, Debug)]
enum Said {
    Nothing,
    Odd(Value),
    Text(String),
}

impl Said {
    /// What is taken for a text: no empty one, but a whole number.
    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Self::Odd(odd) => odd.as_i64().map(|number| number.to_string()),
            Self::Nothing => None,
        }
    }
}

/// A service as a server has it. Of an entry's texts v3 takes `[interface, region, region_id, url]`,
/// v2.0 `[public, region, internal, admin]`.
#[derive(Clone, Debug)]
struct Entry {
    service_type: Said,
    name: Said,
    endpoints: Vec<[Said; 4]>,
}

/// A place: its interface, region and URL.
type Place = (String, Option<String>, String);

/// A service as it is to be read: its type, its name and its places.
type Service = (String, Option<String>, Vec<Place>);

#[derive(Clone, Copy, Debug)]
enum Form {
    V2,
    V3,
}

impl Form {
    const fn keys(self) -> [&'static str; 4] {
        match self {
            Self::V2 => ["publicURL", "region", "internalURL", "adminURL"],
            Self::V3 => ["interface", "region", "region_id", "url"],
        }
    }

    fn places(self, said: &[Said; 4]) -> Vec<Place> {
        let [first, region, third, fourth] = said.each_ref().map(Said::text);
        match self {
            Self::V2 => {
                let urls = [("public", first), ("internal", third), ("admin", fourth)];
                let urls = urls.into_iter().filter_map(|(name, url)| Some((name, url?)));
                urls.map(|(name, url)| (name.to_owned(), region.clone(), url)).collect()
            }
            Self::V3 => {
                let interface = first.map(|name| name.trim_end_matches("URL").to_owned());
                let place = interface.zip(fourth);
                place
                    .map(|(interface, url)| (interface, third.or(region), url))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn services(self, entries: &[Entry]) -> Vec<Service> {
        let services = entries.iter().filter_map(|entry| {
            let places = entry.endpoints.iter().flat_map(|said| self.places(said)).collect();
            Some((entry.service_type.text()?, entry.name.text(), places))
        });
        services.collect()
    }

    fn read(self, catalog: &str) -> Catalog {
        match self {
            Self::V2 => {
                let token = r#""token": {"id": "t", "expires": "2026-11-22T20:00:00Z"}"#;
                let body = format!(r#"{{"access": {{"serviceCatalog": {catalog}, {token}}}}}"#);
                let answer = Response::new(body);
                let Ok(IdentityResponse::Token(_, token)) = IdentityResponse::read(&answer, None)
                else {
                    panic!("no token: {answer:?}")
                };
                token.catalog().expect("it is a list").clone()
            }
            Self::V3 => read(&format!(r#"{{"catalog": {catalog}}}"#)),
        }
    }
}

/// A way to write the same down: keys in any order among keys that nobody reads, letters as escapes,
/// one entry without its list.
struct Hand(u64);

impl Hand {
    fn write(&mut self, form: Form, entries: &[Entry]) -> String {
        let mut services = Vec::new();
        for entry in entries {
            let mut endpoints = Vec::new();
            for said in &entry.endpoints {
                let fields = form.keys().into_iter().zip(said);
                let fields = fields.filter_map(|(key, said)| Some((key, self.said(said)?)));
                let fields = fields.collect();
                endpoints.push(self.object(fields));
            }
            let mut fields = vec![("endpoints", self.list(endpoints))];
            for (key, said) in [("type", &entry.service_type), ("name", &entry.name)] {
                fields.extend(self.said(said).map(|said| (key, said)));
            }
            services.push(self.object(fields));
        }
        self.list(services)
    }

    /// A list with entries of other types between its own.
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

    fn said(&mut self, said: &Said) -> Option<String> {
        match said {
            Said::Nothing => None,
            Said::Odd(odd) => Some(odd.to_string()),
            Said::Text(text) => Some(self.text(text)),
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

/// The naive look-up: by interface in the order of the wish, then region, then place in the list.
fn search(services: &[Service], want: &Wish) -> Option<Place> {
    let of_type = services.iter().filter(|(service_type, ..)| *service_type == want.service);
    let places: Vec<_> = of_type.flat_map(|(_, _, places)| places).collect();
    want.interfaces.iter().find_map(|interface| {
        let fit = |rank| {
            places.iter().find(|(name, region, _)| {
                let region = region.as_deref();
                name == interface.as_str()
                    && match rank {
                        0 => want.region.is_none() || region == want.region.as_deref(),
                        1 => region == Some("*"),
                        2 => region.is_none(),
                        _ => want.service == "identity",
                    }
            })
        };
        (0..4).find_map(fit).map(|place| (*place).clone())
    })
}

#[derive(Clone, Debug)]
struct Wish {
    service: String,
    region: Option<String>,
    interfaces: Vec<Interface>,
}

/// Two of these have the same hash, and one is found in any region.
const TYPES: [&str; 6] = ["compute", "identity", "liquid", "costarring", "이미지 \"7\"", "7"];
const REGIONS: [&str; 5] = ["R1", "R10", "*", "Zürich", "서울 \\"];
/// How each one begins.
const URL: &str = "https://";
const INTERFACES: [&str; 7] =
    ["public", "internal", "admin", "publicURL", "URL", "backup", "adminX"];

/// Mostly one of these texts, but now and then nothing or something else.
fn said(texts: &'static [&'static str]) -> impl Strategy<Value = Said> + Clone {
    let odd =
        [json!(null), json!(7), json!(-8.5), json!(true), json!({ "a": [1] }), json!(["b", {}])];
    prop_oneof![
        12 => select(texts).prop_map(|text| Said::Text(text.to_owned())),
        2 => Just(Said::Nothing),
        1 => Just(Said::Text(String::new())),
        1 => select(odd.to_vec()).prop_map(Said::Odd),
    ]
}

/// Endpoints of any kind; or one in each of many regions, in an order of their own.
fn endpoints(form: Form) -> impl Strategy<Value = Vec<[Said; 4]>> {
    let (first, third) = match form {
        Form::V2 => (said(&[URL]), said(&[URL])),
        Form::V3 => (said(&INTERFACES), said(&REGIONS)),
    };
    let few = prop::collection::vec((first, said(&REGIONS), third, said(&[URL])), 0..6);
    let many = (select(vec![63, 64, 65, 80, 1000]), 0_usize..1000).prop_map(move |(count, by)| {
        let text = |text: &str| Said::Text(text.to_owned());
        let rows = (0..count).map(|at| format!("region-{}", (at * 7 + by) % count));
        let rows = rows.map(|region| match form {
            Form::V2 => [text(URL), text(&region), Said::Nothing, text(URL)],
            Form::V3 => [text("public"), text("old"), text(&region), text(URL)],
        });
        rows.collect::<Vec<_>>()
    });
    prop_oneof![24 => few.prop_map(|rows| rows.into_iter().map(<[Said; 4]>::from).collect()), 1 => many]
}

fn entries(form: Form) -> impl Strategy<Value = (Form, Vec<Entry>)> {
    let entry = (said(&TYPES), said(&["nova ☃", "\u{1f600}"]), endpoints(form));
    let entry =
        entry.prop_map(|(service_type, name, endpoints)| Entry { service_type, name, endpoints });
    prop::collection::vec(entry, 0..9).prop_map(move |mut entries| {
        // Each place has a URL of its own, so that it is told from all others.
        let fields = entries.iter_mut().flat_map(|entry| entry.endpoints.iter_mut().flatten());
        for (number, said) in fields.enumerate() {
            if matches!(said, Said::Text(text) if text == URL) {
                *said = Said::Text(format!("{URL}{number}.example/v2/"));
            }
        }
        (form, entries)
    })
}

fn wish() -> impl Strategy<Value = Wish> {
    let interfaces = [Interface::Public, Interface::Internal, Interface::Admin];
    let numbered = (0_usize..1001).prop_map(|number| format!("region-{number}"));
    let region = prop_oneof![3 => select(&REGIONS).prop_map(str::to_owned), 1 => numbered];
    let interfaces = (1_usize..4, Just(interfaces.to_vec()).prop_shuffle());
    (select(&TYPES), prop::option::of(region), interfaces).prop_map(
        |(service, region, (count, mut interfaces))| {
            interfaces.truncate(count);
            Wish { service: service.to_owned(), region, interfaces }
        },
    )
}

fn told(catalog: &Catalog) -> Vec<Service> {
    let services = catalog.services().map(|service| {
        let places = service.endpoints().map(|at| {
            assert_eq!(at.service_type(), service.service_type());
            (at.interface().to_owned(), at.region().map(str::to_owned), at.url().to_owned())
        });
        let name = service.name().map(str::to_owned);
        (service.service_type().to_owned(), name, places.collect())
    });
    services.collect()
}

/// The same once more, as v3 has it.
fn again(services: &[Service]) -> Vec<Entry> {
    let text = |text: &String| Said::Text(text.clone());
    let or_none = |name: &Option<String>| name.as_ref().map_or(Said::Nothing, text);
    let entries = services.iter().map(|(service_type, name, places)| {
        let endpoints = places.iter().map(|(interface, region, url)| {
            [Said::Text(format!("{interface}URL")), or_none(region), Said::Nothing, text(url)]
        });
        let endpoints = endpoints.collect();
        Entry { service_type: text(service_type), name: or_none(name), endpoints }
    });
    entries.collect()
}

/// What fails is kept beside this file.
fn cases(count: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::with_cases(count)
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_catalog_says_and_finds_what_a_naive_one_does(
        (form, entries) in prop_oneof![entries(Form::V2), entries(Form::V3)],
        hands in any::<[u64; 2]>(),
        wishes in prop::collection::vec(wish(), 1..40),
    ) {
        let [mut one, mut other] = hands.map(Hand);
        let catalog = form.read(&one.write(form, &entries));
        let services = form.services(&entries);
        prop_assert_eq!(told(&catalog), &services[..]);
        prop_assert_eq!(&Form::V3.read(&other.write(Form::V3, &again(&services))), &catalog);
        let (token, cloud) = (token(catalog), cloud());
        for want in wishes {
            let mut asked = EndpointQuery::new(&want.service).interfaces(&want.interfaces);
            if let Some(region) = &want.region {
                asked = asked.region(region);
            }
            let found = cloud.endpoint(&token, &asked).ok();
            let found = found.map(|at| {
                (at.interface().to_owned(), at.region().map(str::to_owned), at.url().to_owned())
            });
            // Where no catalog lists it, the identity service is where it was configured.
            let configured = want.service == "identity" && want.interfaces.contains(&Interface::Public);
            let configured =
                configured.then(|| ("public".to_owned(), None, cloud.identity_url().to_owned()));
            let expected = search(&services, &want).or(configured);
            // Some texts that are listed for a URL are none.
            let expected = expected.filter(|(_, _, url)| url.starts_with(URL));
            prop_assert_eq!(found, expected, "{:?}", want);
        }
    }
}
