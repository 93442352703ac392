//! Token responses for the measurements: one that a vendor documents, and generated ones, which are
//! the same in every run.
//!
//! The generated responses are like those of large clouds: each service has endpoints in each
//! region, and names and URLs have a usual length. The token has one user and one project.

use auth_emulator::documents::NHN_IAAS_RESPONSE;
use serde_json::{Value, json};

/// The spelling of the strings of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "not published")]
pub enum Spelling {
    /// With slashes and letters beyond ASCII escaped, as PHP and Python write them, and with such a
    /// letter in every name.
    Escaped,
    /// Without escapes.
    Plain,
}

/// The documented response of NHN Cloud: 3 KB of v2.0, printed over many lines.
pub const S: &str = NHN_IAAS_RESPONSE;

/// The medium response: 12 services with three interfaces in each of three regions.
pub fn m() -> String {
    v3(12, 3, &["admin", "internal", "public"], Spelling::Plain).to_string()
}

/// The large response: 250 services in 12 regions.
pub fn l() -> String {
    large(250, Spelling::Plain)
}

/// The large response, printed over many lines.
pub fn l_pretty() -> String {
    let answer = v3(250, 12, &["public"], Spelling::Plain);
    serde_json::to_string_pretty(&answer).expect("a Value is JSON")
}

/// The large response with escapes in every string that a catalog keeps.
pub fn l_escaped() -> String {
    large(250, Spelling::Escaped)
}

/// The large response in the form of v2.0, with three URLs per endpoint.
pub fn l_v2() -> String {
    let services = (0..250).map(|service| {
        let kind = kind(service);
        let endpoints = (0..12).map(|region| {
            let region = self::region(region);
            let url = |interface: &str| url(&format!("{interface}-{kind}"), &region);
            json!({
                "id": id(&kind, &region), "region": region, "publicURL": url("public"),
                "internalURL": url("internal"), "adminURL": url("admin"),
            })
        });
        json!({
            "endpoints": endpoints.collect::<Vec<_>>(), "endpoints_links": [],
            "name": format!("name-{service}"), "type": kind,
        })
    });
    let services: Vec<_> = services.collect();
    let token = json!({
        "expires": EXPIRES, "id": TOKEN, "issued_at": ISSUED,
        "tenant": { "id": PROJECT, "name": "project", "enabled": true },
    });
    let user = json!({ "id": USER, "name": "user", "roles": [] });
    json!({ "access": { "serviceCatalog": services, "token": token, "user": user } }).to_string()
}

/// A response with this number of services in three regions. The allocations of reading it must not
/// depend on the number.
pub fn of_services(count: usize, spelling: Spelling) -> String {
    written(&v3(count, 3, &["public"], spelling), spelling)
}

/// The medium response, escaped, with a URL of 1 KB. serde_json unescapes each string in a buffer
/// that grows to the longest of them.
pub fn of_a_long_url() -> String {
    let url = escaped(&url(&kind(0), &region(0)));
    let long = format!("{url}{}", escaped("/path").repeat(200));
    of_services(12, Spelling::Escaped).replacen(&url, &long, 1)
}

/// A response with eight services in this number of regions, for tests with far more regions than a
/// cloud has.
pub fn of_regions(count: usize) -> String {
    v3(8, count, &["public"], Spelling::Plain).to_string()
}

/// The token of the v2.0 response, also for the header of a v3 response.
pub const TOKEN: &str = "gAAAAABqQ0ZBMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA";
/// The project of the generated responses.
pub const PROJECT: &str = "f5073eaa26b64cffbee89411df94ce01";

const USER: &str = "7116d09f88fa41908676fdd4b039e0a1";
const ISSUED: &str = "2026-11-22T08:00:00.000000Z";
const EXPIRES: &str = "2026-11-23T08:00:00.000000Z";

/// The type of the service with this number.
pub fn kind(service: usize) -> String {
    const WORDS: [&str; 8] =
        ["compute", "analytics", "storage", "image", "container", "message", "network", "recovery"];
    format!("{}-{}-{service}", WORDS[service % 8], WORDS[service / 8 % 8])
}

/// The region with this number.
pub fn region(region: usize) -> String {
    const PLACES: [&str; 4] = ["ap-southeast", "cn-southwest", "eu-northwest", "la-south"];
    format!("{}-{}", PLACES[region % 4], region / 4 + 1)
}

/// The URL of the service of this type in this region.
pub fn url(service: &str, region: &str) -> String {
    format!("https://{service}.{region}.services.example-cloud.com/api/v2.1/projects/{PROJECT}")
}

fn large(services: usize, spelling: Spelling) -> String {
    written(&v3(services, 12, &["public"], spelling), spelling)
}

fn v3(services: usize, regions: usize, interfaces: &[&str], spelling: Spelling) -> Value {
    let mark = if spelling == Spelling::Escaped { "é" } else { "" };
    let services = (0..services).map(|service| {
        let kind = kind(service);
        let places = (0..regions).flat_map(|region| interfaces.iter().map(move |at| (region, at)));
        let endpoints = places.map(|(region, interface)| {
            let region = self::region(region);
            let url = url(&kind, &region);
            json!({
                "id": id(&kind, &region), "interface": interface,
                "region": format!("{region}{mark}"), "region_id": format!("{region}{mark}"),
                "url": url,
            })
        });
        json!({
            "endpoints": endpoints.collect::<Vec<_>>(), "id": id(&kind, ""),
            "name": format!("name-{service}{mark}"), "type": format!("{kind}{mark}"),
        })
    });
    json!({ "token": {
        "catalog": services.collect::<Vec<_>>(),
        "expires_at": EXPIRES, "issued_at": ISSUED, "methods": ["password"],
        "project": { "id": PROJECT, "name": "project" },
        "user": { "id": USER, "name": "user" },
    } })
}

fn written(answer: &Value, spelling: Spelling) -> String {
    let text = answer.to_string();
    match spelling {
        Spelling::Plain => text,
        Spelling::Escaped => escaped(&text),
    }
}

fn escaped(text: &str) -> String {
    text.replace('/', "\\/").replace('é', "\\u00e9")
}

/// An id of 32 hex digits, the same for the same texts.
fn id(first: &str, second: &str) -> String {
    let mix = |seed: u64| {
        let bytes = first.bytes().chain(second.bytes());
        bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!("{:016x}{:016x}", mix(0xcbf2_9ce4_8422_2325), mix(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_their_sizes() {
        for (body, smallest, largest) in [
            (S.to_owned(), 3_000, 3_300),
            (m(), 22_000, 30_000),
            (l(), 720_000, 850_000),
            (l_pretty(), 1_000_000, 1_200_000),
            (l_escaped(), 760_000, 950_000),
            (l_v2(), 1_050_000, 1_550_000),
        ] {
            assert!((smallest..=largest).contains(&body.len()), "{}", body.len());
            assert!(serde_json::from_str::<Value>(&body).is_ok());
        }
        assert!(of_a_long_url().split('"').any(|text| text.len() > 1_024));
        assert_eq!(l_escaped().matches('/').count(), l_escaped().matches("\\/").count());
    }
}
