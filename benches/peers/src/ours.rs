//! The library through its public interface. The core reads and authorises, so both adapters share
//! those figures.

use std::{
    hint::black_box,
    sync::{Mutex, PoisonError},
};

use auth_proto::{
    Action, Cloud, Credential, DomainRef, EndpointQuery, Login, Scope, Session, Settings, Step,
    UserRef,
};
use benches::bodies::{PROJECT, TOKEN};
use http::{HeaderValue, Request, Response};
use time::{Date, Month, Time, UtcDateTime};

use crate::{
    answers,
    clock::Taken,
    floor,
    rows::{
        Cell,
        Column::{Reqwest, Ureq},
        Row, inputs, timed, timed_on,
    },
    runtime,
};

pub fn cells(root: &str) -> Vec<Cell> {
    vec![
        Cell::new(Row::ReadS, Ureq, read(answers::s())),
        Cell::new(Row::ReadSmall, Ureq, read(answers::small())),
        Cell::new(Row::ReadM, Ureq, read(answers::m())),
        Cell::new(Row::ReadL, Ureq, read(answers::l())),
        Cell::new(Row::ReadAndFind, Ureq, read_and_find()),
        Cell::new(Row::Authorize, Ureq, authorize()),
        Cell::new(Row::Find, Ureq, find()).labelled("core"),
        Cell::new(Row::Find, Ureq, find_ureq(root)).labelled("client"),
        Cell::new(Row::Find, Reqwest, find_reqwest(root)),
        Cell::new(Row::Call, Ureq, call_ureq(root)),
        Cell::new(Row::Call, Reqwest, call_reqwest(root)),
        Cell::new(Row::LoginSmall, Ureq, login_ureq(root, "small")),
        Cell::new(Row::LoginSmall, Reqwest, login_reqwest(root, "small")),
        Cell::new(Row::LoginL, Ureq, login_ureq(root, "l")),
        Cell::new(Row::LoginL, Reqwest, login_reqwest(root, "l")),
        same(Row::ReadS),
        same(Row::ReadSmall),
        same(Row::ReadM),
        same(Row::ReadL),
        same(Row::ReadAndFind),
        same(Row::Authorize),
    ]
}

fn same(row: Row) -> Cell {
    Cell::text(row, Reqwest, "the same")
}

fn read(body: String) -> impl FnMut(usize) -> Taken {
    let (cloud, user, now) = match body.contains("\"access\"") {
        true => ("https://keystone.example/v2.0", "user".into(), april_of_2020()),
        false => ("https://keystone.example/v3", user(), UtcDateTime::now()),
    };
    let credential = Credential::password(user, "password");
    let login = Login::new(&cloud_at(cloud), credential, Scope::default());
    let login = login.expect("the cloud takes passwords");
    move |times| {
        timed(inputs(times, || (login.clone(), answer(&body))), |(mut login, answer)| {
            login.handle_response(answer, now);
            assert!(matches!(login.poll(), Ok(Step::Done(_))));
        })
    }
}

fn read_and_find() -> impl FnMut(usize) -> Taken {
    let cloud = cloud_at("https://keystone.example/v3");
    let login = Login::new(&cloud, Credential::password(user(), "password"), Scope::default());
    let login = login.expect("the cloud takes passwords");
    let (body, want) = (answers::l(), wishes("l").pop().expect("there are two"));
    move |times| {
        timed(inputs(times, || (login.clone(), answer(&body))), |(mut login, answer)| {
            login.handle_response(answer, UtcDateTime::now());
            let Ok(Step::Done(token)) = login.poll() else { unreachable!("it is an answer") };
            black_box(cloud.endpoint(&token, &want).expect("it is there").url());
        })
    }
}

/// Sets the session's token on a request, as a driver does before each request.
fn authorize() -> impl FnMut(usize) -> Taken {
    let (account, scope) = (account(&answers::l()), Scope::default());
    move |times| {
        let mut requests = inputs(times, || {
            let url = "https://compute.example/v2.1/servers";
            let mut request = Request::get(url).body(()).expect("it is a request");
            *request.headers_mut() = floor::headers();
            request
        });
        timed(requests.iter_mut().collect(), |request| {
            let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
            let token = match account.poll(&scope, UtcDateTime::now()) {
                Action::Use(token) => token,
                other => unreachable!("{other:?}"),
            };
            account.cloud().authorize(&token, request).expect("it may go there");
        })
    }
}

/// The look-up of the core in a token.
fn find() -> impl FnMut(usize) -> Taken {
    let (account, wishes) = (account(&answers::l()), wishes("l"));
    let mut account = account.into_inner().unwrap_or_else(PoisonError::into_inner);
    let token = account.cached_token(&Scope::default(), UtcDateTime::now()).expect("it lives");
    move |times| {
        timed(wishes.iter().cycle().take(times).collect(), |want| {
            black_box(account.cloud().endpoint(&token, want).expect("it is there").url());
        })
    }
}

fn account(body: &str) -> Mutex<Session> {
    // The target must be a URL that may receive the token.
    let cloud = cloud_at("https://keystone.example/v3");
    let credential = Credential::password(user(), "password");
    let account = Session::new(cloud, credential, Settings::default());
    let mut account = account.expect("the cloud takes passwords");
    let now = UtcDateTime::now();
    match account.poll(&Scope::default(), now) {
        Action::Send(flight, _) => account.handle_response(flight, answer(body), now).expect("its own request"),
        other => unreachable!("{other:?}"),
    }
    Mutex::new(account)
}

fn answer(body: &str) -> Response<&[u8]> {
    let mut answer = Response::new(body.as_bytes());
    answer.headers_mut().insert("x-subject-token", HeaderValue::from_static(TOKEN));
    answer
}

fn find_ureq(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (client, wishes) = (client_ureq(root, "l"), wishes("l"));
    client.token().expect("it logs in");
    move |times| {
        timed(wishes.iter().cycle().take(times).collect(), |want| {
            client.endpoint(want).expect("it is there")
        })
    }
}

fn find_reqwest(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, client, wishes) = (runtime(), client_reqwest(root, "l"), wishes("l"));
    runtime.block_on(client.token()).expect("it logs in");
    move |times| {
        timed_on(&runtime, wishes.iter().cycle().take(times).collect(), async |want| {
            client.endpoint(want).await.expect("it is there")
        })
    }
}

fn call_ureq(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (client, url) = (client_ureq(root, "l"), format!("{root}/servers"));
    client.token().expect("it logs in");
    move |times| {
        timed(inputs(times, || url.as_str()), |url| {
            let mut answer = client.call(request(url)).expect("it answers");
            answer.body_mut().read_to_vec().expect("it is a whole answer")
        })
    }
}

fn call_reqwest(root: &str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, client) = (runtime(), client_reqwest(root, "l"));
    let url = format!("{root}/servers");
    runtime.block_on(client.token()).expect("it logs in");
    move |times| {
        timed_on(&runtime, inputs(times, || url.as_str()), async |url| {
            let answer = client.call(request(url)).await.expect("it answers");
            answer.bytes().await.expect("it is a whole answer")
        })
    }
}

fn request(url: &str) -> Request<&'static str> {
    Request::get(url).header("accept", "application/json").body("").expect("it is a request")
}

fn login_ureq(root: &str, name: &'static str) -> impl FnMut(usize) -> Taken + use<> {
    let (root, want) = (root.to_owned(), wishes(name).swap_remove(0));
    move |times| {
        timed(inputs(times, || ()), |()| {
            let client = client_ureq(&root, name);
            black_box(client.endpoint(&want).expect("it is there"));
        })
    }
}

fn login_reqwest(root: &str, name: &'static str) -> impl FnMut(usize) -> Taken + use<> {
    let (runtime, root) = (runtime(), root.to_owned());
    let want = wishes(name).swap_remove(0);
    move |times| {
        timed_on(&runtime, inputs(times, || ()), async |()| {
            let client = client_reqwest(&root, name);
            black_box(client.endpoint(&want).await.expect("it is there"));
        })
    }
}

fn client_ureq(root: &str, name: &str) -> auth_ureq::Client {
    let cloud = cloud_at(&format!("{root}/{name}/v3"));
    let credential = Credential::password(user(), "password");
    auth_ureq::Client::new(cloud, credential, project()).expect("the cloud takes passwords")
}

fn client_reqwest(root: &str, name: &str) -> auth_reqwest::Client {
    let cloud = cloud_at(&format!("{root}/{name}/v3"));
    let credential = Credential::password(user(), "password");
    auth_reqwest::Client::new(cloud, credential, project()).expect("the cloud takes passwords")
}

fn cloud_at(url: &str) -> Cloud {
    Cloud::keystone(url).expect("it is a URL")
}

fn user() -> UserRef {
    UserRef::name_in("user", DomainRef::name("Default"))
}

fn project() -> Scope {
    Scope::project_id(PROJECT)
}

fn wishes(name: &str) -> Vec<EndpointQuery> {
    let region = answers::region_of(name);
    answers::SERVICES.map(|service| EndpointQuery::new(service).region(&region)).into()
}

/// A time at which the documented token is valid.
fn april_of_2020() -> UtcDateTime {
    let date = Date::from_calendar_date(2020, Month::April, 29).expect("it is a date");
    UtcDateTime::new(date, Time::from_hms(9, 0, 0).expect("it is a time"))
}
