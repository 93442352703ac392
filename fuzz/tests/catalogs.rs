//! Generated catalogs of both API versions, in any spelling, for the targets that compare the core
//! with a naive reader.

use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// Two of these have the same hash, and one is found in any region.
const TYPES: [&str; 6] = ["compute", "identity", "liquid", "costarring", "이미지 \"7\"", "7"];
const REGIONS: [&str; 5] = ["R1", "R10", "*", "Zürich", "서울 \\"];
const INTERFACES: [&str; 7] =
    ["public", "internal", "admin", "publicURL", "URL", "backup", "adminX"];
/// The start of each URL. Each gets a number, so that a look-up shows which endpoint it found.
const URL: &str = "https://";

/// Writes the same JSON in different spellings: keys in any order among unknown keys, letters as
/// escapes, odd entries in lists, a single entry without its list.
struct JsonWriter {
    seed: u64,
    urls: usize,
}

impl JsonWriter {
    fn write(&mut self, value: &Value) -> String {
        match value {
            Value::Array(entries) => self.list(entries),
            Value::Object(fields) => self.object(fields),
            Value::String(text) if text == URL => {
                self.urls += 1;
                self.text(&format!("{URL}{}.example/v2/", self.urls))
            }
            Value::String(text) => self.text(text),
            other => other.to_string(),
        }
    }

    fn list(&mut self, entries: &[Value]) -> String {
        if entries.len() == 1 && self.upto(2) == 0 {
            return self.write(&entries[0]);
        }
        let mut all = Vec::new();
        for entry in entries {
            if self.upto(8) == 0 {
                all.push(["7", "null", "[[]]", "\"x\"", "false"][self.upto(5)].to_owned());
            }
            all.push(self.write(entry));
        }
        format!("[{}]", all.join([",", " ,\n\t"][self.upto(2)]))
    }

    fn object(&mut self, fields: &Map<String, Value>) -> String {
        let fields = fields.iter().map(|(key, value)| (self.text(key), self.write(value)));
        let mut fields: Vec<_> = fields.collect();
        for ignored in ["id", "links", "Region"] {
            if self.upto(4) == 0 {
                let lost = r#"{"url": ["lost", {"region": "lost"}]}"#;
                fields.push((self.text(ignored), lost.to_owned()));
            }
        }
        for end in (1..fields.len()).rev() {
            fields.swap(end, self.upto(end + 1));
        }
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{{}}}", fields.join(", "))
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
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.seed >> 33) as usize % end
    }
}

/// Usually one of these texts, sometimes nothing or a value of another type.
fn field(texts: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> + Clone {
    let odd = [json!(7), json!(-8.5), json!(true), json!({ "a": [1] }), json!(["b", {}])];
    prop_oneof![
        12 => select(texts).prop_map(|text| Some(json!(text))),
        2 => select(vec![None, Some(Value::Null), Some(json!(""))]),
        1 => select(odd.to_vec()).prop_map(Some),
    ]
}

fn object<const N: usize>(keys: [&str; N], fields: [Option<Value>; N]) -> Value {
    let fields = keys.into_iter().zip(fields);
    fields.filter_map(|(key, field)| Some((key.to_owned(), field?))).collect()
}

/// A few endpoints of any kind, or one in each of many regions in a mixed order.
fn endpoints(is_v2: bool) -> impl Strategy<Value = Vec<Value>> {
    let keys = match is_v2 {
        true => ["publicURL", "region", "internalURL", "adminURL"],
        false => ["interface", "region", "region_id", "url"],
    };
    let (first, third) = match is_v2 {
        true => (field(&[URL]), field(&[URL])),
        false => (field(&INTERFACES), field(&REGIONS)),
    };
    let one = (first, field(&REGIONS), third, field(&[URL]));
    let few = prop::collection::vec(one.prop_map(move |it| object(keys, it.into())), 0..6);
    let many = (select(vec![63, 64, 65, 80, 1000]), 0_usize..1000).prop_map(move |(count, by)| {
        let first = if is_v2 { URL } else { "public" };
        let region = |at: usize| json!(format!("region-{}", (at * 7 + by) % count));
        let row = |at| [Some(json!(first)), Some(region(at)), None, Some(json!(URL))];
        (0..count).map(|at| object(keys, row(at))).collect::<Vec<_>>()
    });
    prop_oneof![24 => few, 1 => many]
}

fn catalog(is_v2: bool) -> impl Strategy<Value = Value> {
    let endpoints = endpoints(is_v2).prop_map(|rows| Some(rows.into()));
    let service = (field(&TYPES), field(&["nova ☃", "\u{1f600}"]), endpoints);
    let service = service.prop_map(|it| object(["type", "name", "endpoints"], it.into()));
    prop::collection::vec(service, 0..9).prop_map(Value::from)
}

/// The first line of an input of `catalog_select`.
fn query() -> impl Strategy<Value = String> {
    let numbered = (0_usize..1001).prop_map(|number| format!("region-{number}"));
    let region = prop_oneof![3 => select(&REGIONS).prop_map(str::to_owned), 1 => numbered];
    let interfaces = Just(vec!["public", "internal", "admin"]).prop_shuffle();
    (select(&TYPES), prop::option::of(region), interfaces, 1_usize..4).prop_map(
        |(service, region, interfaces, count)| {
            let region = region.unwrap_or_default();
            format!("keystone|{service}|{region}|{}", interfaces[..count].join(","))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn v3_catalogs_are_read_and_searched(
        catalog in catalog(false),
        seed: u64,
        queries in prop::collection::vec(query(), 1..12),
    ) {
        let catalog = JsonWriter { seed, urls: 0 }.write(&catalog);
        for query in queries {
            auth_fuzz::catalog_select(format!("{query}\n{{\"catalog\": {catalog}}}").as_bytes());
        }
        let token = format!(r#"{{"expires_at": "2026-11-22T20:00:00Z", "catalog": {catalog}}}"#);
        let input = format!("gAAAAAB\n{{\"token\": {token}}}");
        auth_fuzz::differential(input.as_bytes());
        auth_fuzz::token_v3(input.as_bytes());
    }

    #[test]
    fn v2_catalogs_are_read_and_searched(catalog in catalog(true), seed: u64) {
        let catalog = JsonWriter { seed, urls: 0 }.write(&catalog);
        let token = r#""token": {"id": "t", "expires": "2026-11-22T20:00:00Z"}"#;
        let body = format!(r#"{{"access": {{"serviceCatalog": {catalog}, {token}}}}}"#);
        auth_fuzz::differential(format!("v2\n{body}").as_bytes());
        auth_fuzz::token_v2(body.as_bytes());
    }
}
