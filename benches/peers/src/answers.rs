//! The token responses for all libraries: those of `benches`, changed in two ways. Two services
//! have types that `openstack_sdk` knows, because it finds no others. The tokens are valid today,
//! because clients check that.

use benches::bodies::{self, Spelling};
use time::{Duration, UtcDateTime};

/// The number of services of the small response, which has three regions.
const SMALL: usize = 10;

/// The first and the last service of each generated response.
pub const SERVICES: [&str; 2] = ["compute", "placement"];

/// The response of NHN Cloud, in v2.0.
pub fn s() -> String {
    bodies::S.to_owned()
}

pub fn small() -> String {
    usable(&bodies::of_services(SMALL, Spelling::Plain), SMALL)
}

pub fn m() -> String {
    usable(&bodies::m(), 12)
}

pub fn l() -> String {
    usable(&bodies::l(), 250)
}

/// The last region of the response with this name.
pub fn region_of(name: &str) -> String {
    bodies::region(if name == "l" { 11 } else { 2 })
}

fn usable(body: &str, services: usize) -> String {
    let day = |days| {
        let moment = UtcDateTime::now() + Duration::days(days);
        format!("{}T00:00:00.000000Z", moment.date())
    };
    let body = with_value(body, "expires_at", &day(2));
    let body = with_value(&body, "issued_at", &day(0));
    let kind = |number| format!("\"type\":\"{}\"", bodies::kind(number));
    let [first, last] = SERVICES.map(|known| format!("\"type\":\"{known}\""));
    body.replacen(&kind(0), &first, 1).replacen(&kind(services - 1), &last, 1)
}

/// Replaces the value of this key, which is a string.
fn with_value(body: &str, key: &str, value: &str) -> String {
    let key = format!("\"{key}\":\"");
    let (before, after) = body.split_once(&key).expect("every answer has it");
    let (_, after) = after.split_once('"').expect("it is a string");
    format!("{before}{key}{value}\"{after}")
}
