//! Responses of a hostile or broken server, over real sockets, to both adapters: each row is an error
//! of the right kind or the one good reading. No client panics, hangs, connects to another host, or
//! takes more memory than the limit.
//!
//! `cargo test -p hostile -- --nocapture` prints the rows. The rows that need no client are in the
//! tests of `auth-proto`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod clients;
mod environment;
mod federated;
mod http2;
mod memory;
mod rows;
mod tls;

use std::time::{Duration, Instant};

use auth_proto::{Cloud, limits};
use clients::{OneLogin, PASSWORD, Route, each, token};
use rows::{GOOD, ROWS};
use testing::{Adapter, Loopback, Reply, Served};

/// The timeout of a request, where the row is not about it.
const LONG: Duration = Duration::from_secs(9);
/// The timeout of a request in rows that end with it.
const SHORT: Duration = Duration::from_millis(400);

/// A server that finds a row by the number in the first segment of the path.
fn serve_rows() -> Loopback {
    Loopback::start(|request| {
        match request.segment().split_once('-').and_then(|(_, row)| row.parse::<usize>().ok()) {
            Some(row) => ROWS[row].1(),
            None => Reply::bytes(rows::good()),
        }
    })
}

fn cloud(server: &Loopback, path: &str) -> Cloud {
    Cloud::keystone(&format!("{}/{path}/v3", server.url())).unwrap()
}

/// The cloud of a row; the name of a row about v2.0 says so.
fn cloud_of(row: usize, server: &str, path: &str) -> Cloud {
    let version = if ROWS[row].0.ends_with("in v2.0") { "v2.0" } else { "v3" };
    Cloud::keystone(&format!("{server}/{path}/{version}")).unwrap()
}

#[test]
fn every_row_has_its_outcome() {
    let server = serve_rows();
    let all: Vec<_> =
        (0..ROWS.len()).flat_map(|row| Adapter::BOTH.map(|adapter| (row, adapter))).collect();
    let lines = in_parallel(&all, |(row, adapter)| line(&server, *row, *adapter));
    tls::finish(&lines, ROWS.len());
}

fn timeout(row: usize) -> Duration {
    if ROWS[row].1().is_slow() { SHORT } else { LONG }
}

/// The outcome of a row at a client, in a line. A late one has two more tries: the machine may have
/// been busy.
fn line(server: &Loopback, row: usize, adapter: Adapter) -> String {
    let mut line = try_once(server, row, adapter, 0);
    for number in 1..3 {
        if line.contains(LATE) {
            line = try_once(server, row, adapter, number);
        }
    }
    line
}

const LATE: &str = " after the limit";

fn try_once(server: &Loopback, row: usize, adapter: Adapter, number: usize) -> String {
    let (name, _, want) = ROWS[row];
    let path = format!("{adapter}{number}-{row}");
    let timeout = timeout(row);
    let started = Instant::now();
    let outcome = token(adapter, cloud_of(row, &server.url(), &path), timeout, &Route::Direct);
    let took = started.elapsed();
    let served = server.served(&path);
    let outcome = format!("{} {outcome}", served.len());
    let mut wrong = excess(&served, took, &outcome);
    let is_login = |request: &str| {
        !request.to_ascii_lowercase().contains("cookie:") && request.contains(PASSWORD)
    };
    if !served.iter().all(|served| is_login(&served.request)) {
        wrong += ", and another request was sent";
    }
    judged(name, adapter, &outcome, want, &wrong)
}

/// What is wrong with the time and the bytes that these replies took.
fn excess(served: &[Served], took: Duration, outcome: &str) -> String {
    let mut wrong = String::new();
    if took > 2 * LONG {
        wrong += &format!(", and took {took:?}");
    }
    if served.iter().any(|served| !served.is_over) {
        wrong += ", and never hung up";
    }
    let late = served.iter().filter_map(|served| served.read_past_limit).min();
    if let Some(late) = late.filter(|late| *late > Duration::from_secs(1)) {
        wrong += &format!(", and hung up {late:?}{LATE}");
    }
    // The sockets' buffers hold the rest. Until a timeout the server sends as much as it can.
    let sent = served.iter().map(|served| served.sent).max().unwrap_or_default();
    if sent > limits::BODY as u64 + (24 << 20) && !outcome.contains("Timeout") {
        wrong += &format!(", and took {sent} bytes");
    }
    wrong
}

/// The outcome of a row at a client in a line, which starts with WRONG if it is another one.
fn judged(name: &str, adapter: Adapter, outcome: &str, want: &str, wrong: &str) -> String {
    let want = match (want.split_once(" | "), adapter) {
        (None, _) => want,
        (Some((ureq, _)), Adapter::Ureq) => ureq,
        (Some((_, reqwest)), _) => reqwest,
    };
    // An outcome that is the beginning of another one ends with a dot.
    let fits =
        want.strip_suffix('.').map_or_else(|| outcome.starts_with(want), |want| outcome == want);
    let shown: String = outcome.chars().take(120).collect();
    match (fits, wrong) {
        (true, "") => format!("  {name}, {adapter}: {shown}"),
        (true, _) => format!("WRONG {name}, {adapter}: {shown}{wrong}"),
        (false, _) => format!("WRONG {name}, {adapter}: {shown}, not {want}{wrong}"),
    }
}

/// Some rows wait for a timeout, and the others are short.
const THREADS: usize = 6;

fn in_parallel<T: Sync, R: Send>(all: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    testing::in_parallel(THREADS, all, one)
}

/// A good response that is cut anywhere gives no token. With any byte changed it is refused or gives a
/// sound token.
#[test]
#[expect(clippy::print_stdout, reason = "the number of rows is printed")]
fn a_damaged_response_is_refused_or_sound() {
    let server = Loopback::start(|request| {
        let mut answer = rows::good();
        match request.segment().split_at(3) {
            ("cut", at) => answer.truncate(at.parse().unwrap()),
            (_, at) => {
                let at: usize = at.parse().unwrap();
                answer[at] ^= 1 << (at % 8);
            }
        }
        Reply::bytes(answer)
    });
    let length = rows::good().len();
    let head = length - GOOD.len();
    let kinds = ["cut", "bit"].into_iter().flat_map(|kind| (0..length).map(move |at| (kind, at)));
    let all: Vec<_> = kinds.collect();
    for adapter in Adapter::BOTH {
        let parts: Vec<_> = all.chunks(100).collect();
        let outcomes = in_parallel(&parts, |part| {
            let cloud = |(kind, at): &(&str, usize)| cloud(&server, &format!("{kind}{at}"));
            let logins: Vec<_> = part.iter().map(|row| OneLogin::at(&cloud(row))).collect();
            each(adapter, cloud(&part[0]), &logins)
        });
        let mut tokens = 0;
        for ((kind, at), outcome) in all.iter().zip(outcomes.into_iter().flatten()) {
            match outcome {
                Ok(token) => {
                    assert!(
                        *kind == "bit",
                        "{adapter}: a token although the response is cut at {at}"
                    );
                    assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
                    assert!(token.expires_at() > clients::NOW || *at > head, "{at}");
                    tokens += 1;
                }
                Err(error) => assert!(!error.contains("s3cret"), "{error}"),
            }
        }
        println!(
            "{} hostile rows at {adapter}, 0 wrong: {length} cuts and as many bits, {tokens} harmless",
            all.len()
        );
    }
}
