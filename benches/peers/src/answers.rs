//! The token answers that everybody reads: those of `benches`, in which two services have types that
//! `openstack_sdk` knows (it finds no others), and which live now, because clients look at that.

use benches::bodies::{self, Spelling};
use time::{Duration, UtcDateTime};

/// How many services the small answer has; it has three regions.
const SMALL: usize = 10;

/// The service that is the first one in each generated answer, and the last.
pub const SERVICES: [&str; 2] = ["compute", "placement"];

/// NHN Cloud's, in v2.0.
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

/// The last region of each.
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

/// The text with another value of this key, which is a string.
fn with_value(body: &str, key: &str, value: &str) -> String {
    let key = format!("\"{key}\":\"");
    let (before, after) = body.split_once(&key).expect("every answer has it");
    let (_, after) = after.split_once('"').expect("it is a string");
    format!("{before}{key}{value}\"{after}")
}
