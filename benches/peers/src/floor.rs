//! The lower bound with the same tools: serde_json without a type, a hash map, an inserted header,
//! and the bare HTTP clients.

use std::{collections::HashMap, hint::black_box};

use benches::{bodies::TOKEN, naive};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::IgnoredAny;
use tokio::runtime::Runtime;

use crate::{
    answers,
    clock::Taken,
    rows::{Cell, Column::Floor, Row, inputs, timed, timed_on},
    runtime,
};

pub fn cells(root: &str) -> Vec<Cell> {
    let bodies = [
        (Row::ReadS, answers::s()),
        (Row::ReadSmall, answers::small()),
        (Row::ReadM, answers::m()),
        (Row::ReadL, answers::l()),
    ];
    let reads = bodies.map(|(row, body)| Cell::new(row, Floor, read(body)));
    let logins =
        [(Row::LoginSmall, "small"), (Row::LoginL, "l")].into_iter().flat_map(|(row, name)| {
            let ureq = Cell::new(row, Floor, login_ureq(root, name)).labelled("ureq");
            let reqwest = Cell::new(row, Floor, login_reqwest(root, name)).labelled("reqwest");
            [ureq, reqwest]
        });
    let mut cells = Vec::from(reads);
    cells.extend(logins);
    cells.push(Cell::new(Row::Find, Floor, find()));
    cells.push(Cell::new(Row::Authorize, Floor, insert()));
    cells.push(Cell::new(Row::Call, Floor, call_ureq(root)).labelled("ureq"));
    cells.push(Cell::new(Row::Call, Floor, call_reqwest(root)).labelled("reqwest"));
    cells
}

fn skip(body: &[u8]) -> IgnoredAny {
    naive::floor(body).expect("it is JSON")
}

fn read(body: String) -> impl FnMut(usize) -> Taken {
    move |times| timed(inputs(times, || body.as_bytes()), skip)
}

/// Looks up the service by its type in a hash map, then searches for the region.
fn find() -> impl FnMut(usize) -> Taken {
    let answer: &naive::Answer =
        Box::leak(Box::new(naive::read(answers::l().as_bytes()).expect("it is an answer")));
    let rows = answer.token.catalog.iter();
    let services: HashMap<&str, &naive::NaiveService> =
        rows.map(|service| (service.kind.as_str(), service)).collect();
    let region = answers::region_of("l");
    move |times| {
        let wishes = answers::SERVICES.into_iter().cycle().take(times).collect();
        timed(wishes, |kind: &str| {
            let mut endpoints =
                services.get(black_box(kind)).expect("it is there").endpoints.iter();
            let found = endpoints.find(|endpoint| {
                endpoint.interface == "public" && endpoint.region.as_ref() == Some(&region)
            });
            black_box(found.expect("it is there").url.as_str());
        })
    }
}

/// The headers of a usual request.
pub fn headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    [(http::header::ACCEPT, json)].into_iter().collect()
}

fn insert() -> impl FnMut(usize) -> Taken {
    let token = HeaderValue::from_static(TOKEN);
    move |times| {
        let mut requests = inputs(times, headers);
        timed(requests.iter_mut().collect(), |headers| {
            headers.insert(HeaderName::from_static("x-auth-token"), token.clone());
        })
    }
}

fn call_ureq(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (client, url) = (ureq::Agent::new_with_defaults(), format!("{root}/servers"));
    move |times| {
        timed(inputs(times, || url.as_str()), |url| {
            let request = client.get(url).header("accept", "application/json");
            let mut answer = request.header("x-auth-token", TOKEN).call().expect("it answers");
            answer.body_mut().read_to_vec().expect("it is a whole answer")
        })
    }
}

fn call_reqwest(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, client) = (runtime(), reqwest::Client::new());
    let url = format!("{root}/servers");
    move |times| {
        timed_on(&runtime, inputs(times, || url.as_str()), async |url| {
            let request = client.get(url).header("accept", "application/json");
            let request = request.header("x-auth-token", TOKEN);
            let answer = request.send().await.expect("it answers");
            answer.bytes().await.expect("it is a whole answer")
        })
    }
}

/// The body of a login request.
fn login_request() -> String {
    let request = naive::login("", "user", "Default", "password", benches::bodies::PROJECT);
    let body = request.expect("it is a request").into_body();
    String::from_utf8(body).expect("it is text")
}

fn login_ureq(root: &str, name: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (url, body) = (format!("{root}/{name}/v3/auth/tokens"), login_request());
    move |times| {
        timed(inputs(times, || ()), |()| {
            let client = ureq::Agent::new_with_defaults();
            let request = client.post(&url).header("content-type", "application/json");
            let mut answer = request.send(&body).expect("it answers");
            skip(&answer.body_mut().read_to_vec().expect("it is a whole answer"))
        })
    }
}

fn login_reqwest(root: &str, name: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (url, body) = (format!("{root}/{name}/v3/auth/tokens"), login_request());
    let runtime: Runtime = runtime();
    move |times| {
        timed_on(&runtime, inputs(times, || ()), async |()| {
            let client = reqwest::Client::new();
            let request = client.post(&url).header("content-type", "application/json");
            let answer = request.body(body.clone()).send().await.expect("it answers");
            skip(&answer.bytes().await.expect("it is a whole answer"))
        })
    }
}
