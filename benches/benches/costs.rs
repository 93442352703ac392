//! Times of the work whose instructions `compare` counts. Times depend on the machine, so no test
//! bounds them.

#![allow(missing_docs, reason = "divan's macros make public items")]
#![forbid(unsafe_code)]

use std::hint::black_box;

use auth_proto::{Step, Token};
use benches::{
    bodies,
    inputs::{CALLED, answer, call, cloud, login, login_before, now, selects, token, wishes},
    naive,
};
use divan::{Bencher, counter::BytesCount};
use http::{HeaderName, HeaderValue};

fn main() {
    divan::main();
}

/// From the response to the token, beside the lower bound and the usual implementation.
mod read {
    use super::*;

    const V3: [&str; 4] = ["M", "L", "L pretty", "L escaped"];
    const ALL: [&str; 6] = ["M", "L", "L pretty", "L escaped", "L v2.0", "S"];

    #[divan::bench(args = ALL)]
    fn floor(bencher: Bencher<'_, '_>, name: &str) {
        let body = body(name);
        let bencher = bencher.counter(BytesCount::of_str(&*body));
        bencher.bench(|| naive::floor(black_box(body.as_bytes())).expect("it is JSON"));
    }

    #[divan::bench(args = ALL)]
    fn ours(bencher: Bencher<'_, '_>, name: &str) {
        let body = body(name);
        let (login, now) = (login_before(&body), now(&body));
        let header = || HeaderValue::from_static(bodies::TOKEN);
        bencher
            .counter(BytesCount::of_str(&*body))
            .with_inputs(|| (login.clone(), answer(&body, header())))
            .bench_values(|(mut login, answer)| {
                login.handle_response(answer, now);
                match login.poll() {
                    Ok(Step::Done(token)) => token,
                    other => unreachable!("{other:?}"),
                }
            });
    }

    #[divan::bench(args = V3)]
    fn usual(bencher: Bencher<'_, '_>, name: &str) {
        let body = body(name);
        let bencher = bencher.counter(BytesCount::of_str(&*body));
        bencher.bench(|| naive::read(black_box(body.as_bytes())).expect("it is an answer"));
    }

    fn body(name: &str) -> String {
        match name {
            "M" => bodies::m(),
            "L pretty" => bodies::l_pretty(),
            "L escaped" => bodies::l_escaped(),
            "L v2.0" => bodies::l_v2(),
            "S" => bodies::S.to_owned(),
            _ => bodies::l(),
        }
    }
}

/// One look-up in the large catalog, each time of another service.
#[divan::bench_group(sample_size = 1_000)]
mod look_up {
    use super::*;

    #[divan::bench]
    fn ours(bencher: Bencher<'_, '_>) {
        let (cloud, token, wishes) = (cloud(), token(&bodies::l(), 64), selects());
        let mut wishes = wishes.iter().cycle();
        bencher.bench_local(|| {
            let want = wishes.next().expect("it is a cycle");
            black_box(cloud.endpoint(&token, want).expect("it is there"));
        });
    }

    #[divan::bench]
    fn usual(bencher: Bencher<'_, '_>) {
        let answer = naive::read(bodies::l().as_bytes()).expect("it is an answer");
        let wishes = wishes();
        let mut wishes = wishes.iter().cycle();
        bencher.bench_local(|| {
            let (kind, region) = wishes.next().expect("it is a cycle");
            black_box(naive::find(&answer, kind, "public", region).expect("it is there"));
        });
    }
}

/// A token set on a request whose headers have room.
#[divan::bench_group(sample_size = 1_000)]
mod authorize {
    use super::*;

    const LENGTHS: [usize; 2] = [32, 3_072];

    #[divan::bench(args = LENGTHS)]
    fn ours(bencher: Bencher<'_, '_>, length: usize) {
        let (cloud, token) = (cloud(), of(length));
        bencher.with_inputs(|| call(CALLED)).bench_refs(|call| {
            cloud.authorize(black_box(&token), call).expect("it may go there");
        });
    }

    #[divan::bench(args = LENGTHS)]
    fn floor(bencher: Bencher<'_, '_>, length: usize) {
        let token = of(length);
        bencher.with_inputs(|| call(CALLED)).bench_refs(|call| {
            let name = HeaderName::from_static("x-auth-token");
            call.headers_mut().insert(name, black_box(&token).header().clone());
        });
    }

    fn of(length: usize) -> Token {
        token(&bodies::m(), length)
    }
}

/// The first request of a login.
#[divan::bench_group(sample_size = 1_000)]
mod login_request {
    use super::*;

    #[divan::bench]
    fn ours(bencher: Bencher<'_, '_>) {
        let login = login();
        bencher.bench(|| black_box(&login).poll().expect("there is a request"));
    }

    #[divan::bench]
    fn usual(bencher: Bencher<'_, '_>) {
        bencher.bench(|| {
            let identity = black_box("https://keystone.example/v3");
            naive::login(identity, "username", "domainname", "password", bodies::PROJECT)
                .expect("it is a request")
        });
    }
}
