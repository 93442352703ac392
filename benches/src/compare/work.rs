//! The counted workloads: the library's and those beside it.

use std::{
    cell::RefCell,
    hint::black_box,
    time::{Duration, Instant},
};

use auth_proto::{Action, Cloud, EndpointQuery, Step};
use benches::{
    allocator::HeapCount,
    bodies::{self, Spelling},
    inputs::{self, CALLED, answer, call, cloud, login_before, now, selects, token, wishes},
    naive,
};
use http::{HeaderName, HeaderValue};

use crate::{ALLOCATOR, imports};

/// Runs a workload once on prepared input, and returns its allocations and its time.
pub(crate) type Work = Box<dyn Fn() -> (HeapCount, Duration)>;

/// The number of look-ups of the workloads `endpoint` and `naivefind`.
pub(crate) const LOOK_UPS: u64 = inputs::WISHES as u64;

/// The workload with this name, such as `read-l` or `insert-32`.
pub(crate) fn named(name: &str) -> Option<Work> {
    let (what, of) = name.split_once('-').unwrap_or((name, ""));
    Some(match what {
        "floor" => floor(body(of)?),
        "read" => read(body(of)?),
        "naive" => naive(body(of)?),
        "endpoint" => endpoint(),
        "naivefind" => naive_find(),
        "authorize" => authorize(of)?,
        "insert" => insert(of.parse().ok()?),
        "login" => login(),
        "naivelogin" => naive_login(),
        "poll" => poll(of.parse().ok()?),
        "import" => imports::from_file(body(of)?)?,
        _ => return None,
    })
}

/// The body with this name: `s`, `m`, `l`, `pretty`, `escaped`, `v2`, `longurl`, or a number of
/// services, followed by an `e` if they are escaped.
pub(crate) fn body(name: &str) -> Option<String> {
    Some(match name {
        "s" => bodies::S.to_owned(),
        "m" => bodies::m(),
        "l" => bodies::l(),
        "pretty" => bodies::l_pretty(),
        "escaped" => bodies::l_escaped(),
        "v2" => bodies::l_v2(),
        "longurl" => bodies::of_a_long_url(),
        number => match number.strip_suffix('e') {
            Some(number) => bodies::of_services(number.parse().ok()?, Spelling::Escaped),
            None => bodies::of_services(number.parse().ok()?, Spelling::Plain),
        },
    })
}

/// Looks up every service in each of the regions, and returns the number of wrong results.
pub(crate) fn wrong_look_ups(regions: usize) -> usize {
    let (cloud, token) = (cloud(), token(&bodies::of_regions(regions), 64));
    let all = (0..8).flat_map(|service| (0..regions).map(move |region| (service, region)));
    let is_wrong = |(service, region): &(usize, usize)| {
        let (kind, region) = (bodies::kind(*service), bodies::region(*region));
        let want = EndpointQuery::new(&kind).region(&region);
        let found = cloud.endpoint(&token, &want);
        found.map_or(true, |found| found.url() != bodies::url(&kind, &region))
    };
    all.filter(is_wrong).count()
}

/// The profiler counts this function and [`counted_drop`], which it finds by name.
#[inline(never)]
fn counted_act<T>(act: impl FnOnce() -> T) -> T {
    black_box(act())
}

/// Drops the result of a workload.
#[inline(never)]
fn counted_drop<T>(done: T) {
    drop(black_box(done));
}

/// Counts and times a workload. The profiler also counts the drop of its result, because each allocation
/// needs one.
pub(crate) fn measured<T>(act: impl FnOnce() -> T) -> (HeapCount, Duration) {
    let started = Instant::now();
    let (done, count) = ALLOCATOR.0.count(|| counted_act(act));
    let took = started.elapsed();
    counted_drop(done);
    (count, took)
}

fn floor(body: String) -> Work {
    Box::new(move || measured(|| naive::floor(body.as_bytes()).expect("it is JSON")))
}

/// The end of a login, from the response to the token.
fn read(body: String) -> Work {
    let login = login_before(&body);
    Box::new(move || {
        let mut login = login.clone();
        let answer = answer(&body, HeaderValue::from_static(bodies::TOKEN));
        measured(|| {
            login.handle_response(answer, now(&body));
            match login.poll() {
                Ok(Step::Done(token)) => token,
                other => unreachable!("{other:?}"),
            }
        })
    })
}

fn naive(body: String) -> Work {
    Box::new(move || measured(|| naive::read(body.as_bytes()).expect("it is an answer")))
}

/// The look-up and the check of the target.
fn endpoint() -> Work {
    let (cloud, token) = (cloud(), token(&bodies::l(), 64));
    let wishes = selects();
    Box::new(move || {
        measured(|| {
            for want in &wishes {
                black_box(cloud.endpoint(&token, want).expect("it is there"));
            }
        })
    })
}

fn naive_find() -> Work {
    let (wishes, answer) = (wishes(), naive::read(bodies::l().as_bytes()).expect("it is one"));
    Box::new(move || {
        measured(|| {
            for (kind, region) in &wishes {
                black_box(naive::find(&answer, kind, "public", region).expect("it is there"));
            }
        })
    })
}

/// A call with a catalog and a token of these sizes (`s3072`), or to a special host: with a port,
/// in upper case, or on loopback over plain http.
fn authorize(of: &str) -> Option<Work> {
    let (local, https) = ("http://127.0.0.1:5000/v3", "https://keystone.example/v3");
    let (identity, url, body, length) = match of {
        "port" => (https, "https://compute.example.com:8774/v2.1/servers", "m", 3_072),
        "upper" => (https, "https://Compute.Example.COM/v2.1/servers", "m", 3_072),
        "loopback" => (local, "http://127.0.0.1:8774/v2.1/servers", "m", 3_072),
        _ => (https, CALLED, of.get(..1)?, of.get(1..)?.parse().ok()?),
    };
    let cloud = Cloud::keystone(identity).expect("it is a URL");
    let token = token(&self::body(body)?, length);
    Some(Box::new(move || {
        let mut call = call(url);
        measured(|| cloud.authorize(&token, &mut call).expect("it may go there"))
    }))
}

/// The lower bound of setting a header.
fn insert(length: usize) -> Work {
    let token = token(&bodies::m(), length);
    Box::new(move || {
        let mut call = call(CALLED);
        let name = HeaderName::from_static("x-auth-token");
        measured(|| call.headers_mut().insert(name, token.header().clone()))
    })
}

/// The first request of a login.
fn login() -> Work {
    let login = inputs::login();
    Box::new(move || measured(|| login.poll().expect("there is a request")))
}

/// A poll for a valid token, in a session with tokens for this many scopes.
fn poll(scopes: usize) -> Work {
    let session = RefCell::new(inputs::session(scopes));
    let (scope, now) = (inputs::project(scopes / 2), inputs::session_time());
    Box::new(move || {
        let mut session = session.borrow_mut();
        measured(|| match session.poll(&scope, now) {
            Action::Use(token) => token,
            other => unreachable!("{other:?}"),
        })
    })
}

fn naive_login() -> Work {
    Box::new(|| {
        measured(|| {
            let identity = black_box("https://keystone.example/v3");
            naive::login(identity, "username", "domainname", "password", bodies::PROJECT)
                .expect("it is a request")
        })
    })
}
