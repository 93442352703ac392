//! `openstack_sdk`, which reads v3 only. Its disk cache is off, because a cached login is not a
//! login.

use std::hint::black_box;

use benches::bodies::{PROJECT, TOKEN};
use bytes::Bytes;
use http::{Request, Response};
use openstack_sdk::{
    AsyncOpenStack,
    api::AsyncClient,
    auth::{Auth, authtoken::AuthToken},
    config::{self, CloudConfig},
    types::ServiceType,
};
use openstack_sdk_core::catalog::Catalog;

use crate::{
    answers,
    clock::Taken,
    floor,
    rows::{Cell, Column::OpenstackSdk, Row, inputs, timed, timed_on},
    runtime,
};

pub fn cells(root: &str) -> Vec<Cell> {
    vec![
        Cell::text(Row::ReadS, OpenstackSdk, "no v2.0"),
        Cell::new(Row::ReadSmall, OpenstackSdk, read(answers::small())),
        Cell::new(Row::ReadM, OpenstackSdk, read(answers::m())),
        Cell::new(Row::ReadL, OpenstackSdk, read(answers::l())),
        Cell::new(Row::ReadAndFind, OpenstackSdk, read_and_find()),
        Cell::new(Row::Find, OpenstackSdk, find(root)),
        Cell::new(Row::Authorize, OpenstackSdk, authorize()),
        Cell::new(Row::Call, OpenstackSdk, call(root)),
        Cell::new(Row::LoginSmall, OpenstackSdk, login(root, "small")),
        Cell::new(Row::LoginL, OpenstackSdk, login(root, "l")),
    ]
}

fn answer(body: &Bytes) -> Response<Bytes> {
    let answer = Response::builder().header("x-subject-token", TOKEN);
    answer.body(body.clone()).expect("it is an answer")
}

fn read(body: String) -> impl FnMut(usize) -> Taken {
    let body = Bytes::from(body);
    move |times| {
        timed(inputs(times, || answer(&body)), |answer| {
            AuthToken::try_from(answer).expect("it is an answer")
        })
    }
}

/// Includes the work of a session between the login and the first look-up.
fn read_and_find() -> impl FnMut(usize) -> Taken {
    let (body, region) = (Bytes::from(answers::l()), answers::region_of("l"));
    move |times| {
        timed(inputs(times, || (Catalog::default(), answer(&body))), |(mut catalog, answer)| {
            let token = AuthToken::try_from(answer).expect("it is an answer");
            let info = token.auth_info.as_ref().expect("it says what it is");
            let services = info.token.catalog.as_ref().expect("it has a catalog");
            catalog.process_catalog_endpoints(services).expect("it is a catalog");
            let endpoint =
                catalog.get_service_endpoint("placement", None, Some(&region), Some("public"));
            black_box(endpoint.expect("it is there").url());
        })
    }
}

fn find(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, config) = (runtime(), config(root, "l"));
    let client = runtime.block_on(AsyncOpenStack::new(&config)).expect("it logs in");
    let services = answers::SERVICES.map(ServiceType::from);
    move |times| {
        timed_on(&runtime, services.iter().cycle().take(times).collect(), async |service| {
            let endpoint = client.get_service_endpoint(service, None).await;
            black_box(endpoint.expect("it is there").url());
        })
    }
}

/// The work of `rest_async` before it sends: it clones the token with its data and inserts the
/// header.
fn authorize() -> impl FnMut(usize) -> Taken {
    let auth = Auth::try_from(answer(&answers::l().into())).expect("it is an answer");
    move |times| {
        let mut requests = inputs(times, floor::headers);
        timed(requests.iter_mut().collect(), |headers| {
            auth.clone().set_header(headers).expect("the token is a header's value");
        })
    }
}

fn call(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, config) = (runtime(), config(root, "l"));
    let client = runtime.block_on(AsyncOpenStack::new(&config)).expect("it logs in");
    let url = format!("{root}/servers");
    move |times| {
        timed_on(&runtime, inputs(times, || url.as_str()), async |url| {
            let request = Request::get(url).header("accept", "application/json");
            client.rest_async(request, Vec::new()).await.expect("it answers").into_body()
        })
    }
}

fn login(root: &str, name: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, config) = (runtime(), config(root, name));
    let service = ServiceType::from(answers::SERVICES[0]);
    move |times| {
        timed_on(&runtime, inputs(times, || ()), async |()| {
            let client = AsyncOpenStack::new(&config).await.expect("it logs in");
            let endpoint = client.get_service_endpoint(&service, None).await;
            black_box(endpoint.expect("it is there").url());
        })
    }
}

fn config(root: &str, name: &str) -> CloudConfig {
    let auth = config::Auth {
        auth_url: Some(format!("{root}/{name}/v3")),
        username: Some("user".to_owned()),
        user_domain_name: Some("Default".to_owned()),
        password: Some("password".into()),
        project_id: Some(PROJECT.to_owned()),
        ..config::Auth::default()
    };
    CloudConfig {
        auth: Some(auth),
        auth_cache: Some(false),
        interface: Some("public".to_owned()),
        region_name: Some(answers::region_of(name)),
        ..CloudConfig::default()
    }
}
