//! The pieces of work.

use std::hint::black_box;

use auth_proto::{Cloud, Credential, DomainRef, Login, Scope, Select, Step, Token, UserRef};
use benches::{
    bodies::{self, Spelling},
    naive,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde::de::IgnoredAny;
use time::{Date, Month, Time, UtcDateTime};

use crate::ALLOCATOR;

/// The work of this name.
pub(crate) fn named(name: &str) -> Option<Box<dyn Fn()>> {
    let (what, of) = name.split_once('-').unwrap_or((name, ""));
    Some(match what {
        "floor" => floor(body(of)?),
        "read" => read(body(of)?),
        "naive" => naive(body(of)?),
        "find" => find(),
        "check" => check(),
        "naivefind" => naive_find(),
        "authorize" => authorize(of.parse().ok()?),
        "insert" => insert(of.parse().ok()?),
        "login" => login(),
        "naivelogin" => naive_login(),
        _ => return None,
    })
}

/// Them all.
pub(crate) fn names() -> &'static str {
    "floor-BODY read-BODY naive-BODY (s m l pretty escaped v2, or a number of services, with an e \
     where they are escaped)\nfind check naivefind authorize-LENGTH insert-LENGTH login naivelogin"
}

/// Everything that is counted is done in here, which a profiler finds by its name.
#[inline(never)]
fn counted<T>(act: impl FnOnce() -> T) -> T {
    black_box(act())
}

/// Counts, and says what the allocator saw, beside an input of this size. What the work gives is
/// given back in the end, and that counts for the profiler: memory that is taken has to be.
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn told<T>(size: usize, act: impl FnOnce() -> T) {
    let (done, count) = ALLOCATOR.0.count(|| counted(act));
    println!("{count:?}, beside {size} bytes");
    counted(|| drop(done));
}

fn body(name: &str) -> Option<String> {
    Some(match name {
        "s" => bodies::S.to_owned(),
        "m" => bodies::m(),
        "l" => bodies::l(),
        "pretty" => bodies::l_pretty(),
        "escaped" => bodies::l_escaped(),
        "v2" => bodies::l_v2(),
        number => match number.strip_suffix('e') {
            Some(number) => bodies::of_services(number.parse().ok()?, Spelling::Escaped),
            None => bodies::of_services(number.parse().ok()?, Spelling::Plain),
        },
    })
}

/// What no reader goes below that takes serde_json: the text is checked, and its end is found.
fn floor(body: String) -> Box<dyn Fn()> {
    Box::new(move || {
        told(body.len(), || {
            let text = std::str::from_utf8(body.as_bytes()).expect("it is text");
            serde_json::from_str::<IgnoredAny>(text).expect("it is JSON")
        });
    })
}

/// The end of a login, from the answer to the token.
fn read(body: String) -> Box<dyn Fn()> {
    let login = asking(!body.contains("\"access\""));
    Box::new(move || {
        let mut login = login.clone();
        let mut answer = Response::new(body.as_bytes());
        let token = HeaderValue::from_static(bodies::TOKEN);
        answer.headers_mut().insert("x-subject-token", token);
        told(body.len(), || {
            login.handle_response(answer, now(&body));
            match login.poll() {
                Ok(Step::Done(token)) => token,
                other => unreachable!("{other:?}"),
            }
        });
    })
}

fn asking(v3: bool) -> Login {
    let (cloud, user) = match v3 {
        true => ("https://keystone.example/v3", user()),
        false => ("https://keystone.example/v2.0", "user".into()),
    };
    let cloud = Cloud::keystone(cloud).expect("it is a URL");
    let credential = Credential::password(user, "password");
    Login::new(&cloud, credential, Scope::default()).expect("the cloud takes passwords")
}

fn user() -> UserRef {
    UserRef::name_in("username", DomainRef::name("domainname"))
}

/// A moment in which the answer's token lives.
fn now(body: &str) -> UtcDateTime {
    let (year, month, day) = match body == bodies::S {
        true => (2020, Month::April, 29),
        false => (2026, Month::November, 22),
    };
    let date = Date::from_calendar_date(year, month, day).expect("it is a date");
    UtcDateTime::new(date, Time::from_hms(9, 0, 0).expect("it is a time"))
}

fn naive(body: String) -> Box<dyn Fn()> {
    Box::new(move || {
        told(body.len(), || naive::read(body.as_bytes()).expect("it is an answer"));
    })
}

/// Every service in every region of the large catalog, in no order.
fn wishes() -> Vec<(String, String)> {
    let (services, regions) = (250, 12);
    let all = services * regions;
    // Coprime to the number of wishes, so that each comes once.
    let shuffled = (0..all).map(|number| number * 1_237 % all);
    shuffled.map(|at| (bodies::kind(at / regions), bodies::region(at % regions))).collect()
}

fn find() -> Box<dyn Fn()> {
    let cloud = Cloud::keystone("https://keystone.example/v3").expect("it is a URL");
    let token = token(&bodies::l(), 64);
    let wishes: Vec<_> =
        wishes().iter().map(|(kind, region)| Select::new(kind).region(region)).collect();
    Box::new(move || {
        told(0, || {
            for want in &wishes {
                black_box(cloud.endpoint(&token, want).expect("it is there"));
            }
        });
    })
}

/// What [`find`] does beside the look-up itself: every URL is read, and it is asked whether a token
/// may go there.
fn check() -> Box<dyn Fn()> {
    let cloud = Cloud::keystone("https://keystone.example/v3").expect("it is a URL");
    let token = token(&bodies::l(), 64);
    Box::new(move || {
        let services = token.catalog().into_iter().flat_map(|catalog| catalog.services());
        let urls: Vec<_> = services.flat_map(|service| service.endpoints()).collect();
        told(0, || {
            for url in &urls {
                let url = black_box(url.url()).parse().expect("it is a URL");
                cloud.check_target(&url).expect("it may go there");
            }
        });
    })
}

fn naive_find() -> Box<dyn Fn()> {
    let (wishes, answer) = (wishes(), naive::read(bodies::l().as_bytes()).expect("it is one"));
    Box::new(move || {
        told(0, || {
            for (kind, region) in &wishes {
                black_box(naive::find(&answer, kind, "public", region).expect("it is there"));
            }
        });
    })
}

/// A token of this length, with what this answer says of it.
fn token(body: &str, length: usize) -> Token {
    let mut login = asking(true);
    let mut answer = Response::new(body.as_bytes());
    let text = HeaderValue::from_str(&"t".repeat(length)).expect("it is a header's value");
    answer.headers_mut().insert("x-subject-token", text);
    login.handle_response(answer, now(body));
    match login.poll() {
        Ok(Step::Done(token)) => (*token).clone(),
        other => unreachable!("{other:?}"),
    }
}

/// A request whose map of headers has room.
fn call() -> Request<()> {
    let url = "https://compute-analytics-0.cn-north-1.services.example-cloud.com/v2.1/servers";
    let mut call = Request::get(url).body(()).expect("it is a request");
    *call.headers_mut() = HeaderMap::with_capacity(16);
    call
}

fn authorize(length: usize) -> Box<dyn Fn()> {
    let cloud = Cloud::keystone("https://keystone.example/v3").expect("it is a URL");
    let token = token(&bodies::m(), length);
    Box::new(move || {
        let mut call = call();
        told(0, || cloud.authorize(&token, &mut call).expect("it may go there"));
    })
}

fn insert(length: usize) -> Box<dyn Fn()> {
    let token = token(&bodies::m(), length);
    Box::new(move || {
        let mut call = call();
        let name = HeaderName::from_static("x-auth-token");
        told(0, || call.headers_mut().insert(name, token.header().clone()));
    })
}

fn login() -> Box<dyn Fn()> {
    let cloud = Cloud::keystone("https://keystone.example/v3").expect("it is a URL");
    let credential = Credential::password(user(), "password");
    let scope = Scope::project_id(bodies::PROJECT);
    let login = Login::new(&cloud, credential, scope).expect("the cloud takes passwords");
    Box::new(move || {
        told(0, || login.poll().expect("there is a request"));
    })
}

fn naive_login() -> Box<dyn Fn()> {
    Box::new(|| {
        told(0, || {
            let identity = black_box("https://keystone.example/v3");
            naive::login(identity, "username", "domainname", "password", bodies::PROJECT)
                .expect("it is a request")
        });
    })
}
