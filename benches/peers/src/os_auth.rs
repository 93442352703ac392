//! `osauth`, which reads v3 only.

use std::hint::black_box;

use benches::bodies::PROJECT;
use chrono::{DateTime, FixedOffset};
use osauth::{
    AuthType, EndpointFilters, InterfaceType, Session, common::IdOrName, identity::Password,
};
use reqwest12::{Client, Method};
use serde::Deserialize;

use crate::{
    answers,
    clock::{Stopwatch, Taken},
    rows::{Cell, Column::Osauth, Row, inputs, timed, timed_on},
    runtime,
};

pub fn cells(root: &str) -> Vec<Cell> {
    vec![
        Cell::text(Row::ReadS, Osauth, "no v2.0"),
        Cell::new(Row::ReadSmall, Osauth, read(answers::small())),
        Cell::new(Row::ReadM, Osauth, read(answers::m())),
        Cell::new(Row::ReadL, Osauth, read(answers::l())),
        Cell::text(Row::ReadAndFind, Osauth, "private"),
        Cell::new(Row::Find, Osauth, find(root)),
        Cell::new(Row::Authorize, Osauth, authorize(root)),
        Cell::new(Row::Call, Osauth, call(root)),
        Cell::new(Row::LoginSmall, Osauth, login(root, "small")),
        Cell::new(Row::LoginL, Osauth, login(root, "l")),
    ]
}

/// A token response with the fields that `osauth` reads. Its types are private; these have the same
/// fields with the same types.
#[derive(Deserialize)]
#[expect(dead_code, reason = "they are read, and dropped")]
struct Answer {
    token: ReadToken,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "they are read, and dropped")]
struct ReadToken {
    expires_at: DateTime<FixedOffset>,
    catalog: Vec<ReadService>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "they are read, and dropped")]
struct ReadService {
    #[serde(rename = "type")]
    kind: String,
    endpoints: Vec<ReadEndpoint>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "they are read, and dropped")]
struct ReadEndpoint {
    interface: String,
    region: String,
    url: String,
}

fn read(body: String) -> impl FnMut(usize) -> Taken {
    move |times| {
        timed(inputs(times, || body.as_bytes()), |body| {
            serde_json::from_slice::<Answer>(body).expect("it is an answer")
        })
    }
}

fn find(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, client) = (runtime(), Client::new());
    let (auth, filters) = (password(root, "l"), filters("l"));
    runtime.block_on(auth.refresh(&client)).expect("it logs in");
    move |times| {
        let services = answers::SERVICES.into_iter().cycle().take(times).collect();
        timed_on(&runtime, services, async |service: &str| {
            auth.get_endpoint(&client, service, &filters).await.expect("it is there")
        })
    }
}

fn authorize(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, client, auth) = (runtime(), Client::new(), password(root, "l"));
    runtime.block_on(auth.refresh(&client)).expect("it logs in");
    move |times| {
        let requests = inputs(times, || {
            client.get("https://compute.example/v2.1/servers").header("accept", "application/json")
        });
        let mut authorized = Vec::with_capacity(times);
        runtime.block_on(async {
            let clock = Stopwatch::start();
            for request in requests {
                let request = auth.authenticate(&client, request).await;
                authorized.push(black_box(request.expect("there is a token")));
            }
            clock.stop()
        })
    }
}

fn call(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, auth) = (runtime(), password(root, "l"));
    let session = runtime.block_on(Session::new(auth)).expect("it logs in");
    let url = reqwest12::Url::parse(&format!("{root}/servers")).expect("it is a URL");
    move |times| {
        timed_on(&runtime, inputs(times, || &url), async |url| {
            let request = session.client().request(Method::GET, url.clone());
            let request = request.header("accept", "application/json");
            let answer = request.send().await.expect("it answers");
            answer.bytes().await.expect("it is a whole answer")
        })
    }
}

fn login(root: &str, name: &'static str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, root, filters) = (runtime(), root.to_owned(), filters(name));
    move |times| {
        timed_on(&runtime, inputs(times, || ()), async |()| {
            let session = Session::new(password(&root, name)).await.expect("it logs in");
            let client = session.client().inner();
            let endpoint =
                session.auth_type().get_endpoint(client, answers::SERVICES[0], &filters).await;
            black_box(endpoint.expect("it is there"));
        })
    }
}

fn password(root: &str, name: &str) -> Password {
    let identity = format!("{root}/{name}/v3");
    let auth = Password::new(identity, "user", "password", "Default").expect("it is a URL");
    auth.with_project_scope(IdOrName::from_id(PROJECT), None)
}

fn filters(name: &str) -> EndpointFilters {
    EndpointFilters::new([InterfaceType::Public], answers::region_of(name))
}
