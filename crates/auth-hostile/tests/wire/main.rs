//! What a hostile or broken server can send, over real sockets, to both adapters: each row is an
//! error of its own kind or the one good reading. Nothing panics, nothing hangs, nothing that was
//! not configured is asked for anything, and no answer takes more memory than it may.
//!
//! `cargo test -p auth-hostile -- --nocapture` prints the rows. What needs no client is in
//! `auth-proto/tests/hostile`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod clients;
mod environment;
mod http2;
mod memory;
mod rows;
mod server;
mod tls;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_proto::{Cloud, limits};
use clients::{Adapter, Async, Blocking, OneLogin, PASSWORD, Way};
use rows::{GOOD, ROWS};
use server::{Server, bytes};

const ADAPTERS: [&dyn Adapter; 2] = [&Blocking, &Async];

/// What a request to the server may take, where the row is not about that.
const LONG: Duration = Duration::from_secs(9);
/// And where it is.
const SHORT: Duration = Duration::from_millis(400);

/// Every row of this server's has the path of its number.
fn serve_rows() -> Server {
    Server::start(|row| match row.split_once('-').and_then(|(_, row)| row.parse::<usize>().ok()) {
        Some(row) => ROWS[row].1(),
        None => bytes(rows::good()),
    })
}

fn cloud(server: &Server, path: &str) -> Cloud {
    Cloud::keystone(&format!("{}/{path}/v3", server.url())).unwrap()
}

/// A row says by its name if it is about v2.0.
fn cloud_of(row: usize, server: &str, path: &str) -> Cloud {
    let version = if ROWS[row].0.ends_with("in v2.0") { "v2.0" } else { "v3" };
    Cloud::keystone(&format!("{server}/{path}/{version}")).unwrap()
}

#[test]
#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
fn every_row_comes_to_what_it_says() {
    let server = serve_rows();
    let all: Vec<_> =
        (0..ROWS.len()).flat_map(|row| ADAPTERS.map(|client| (row, client))).collect();
    let said = in_parallel(&all, |(row, client)| said(&server, *row, *client));
    let wrong = said.iter().filter(|line| line.starts_with("WRONG")).count();
    for line in &said {
        println!("{line}");
    }
    println!("{} hostile rows at two clients, {wrong} wrong", ROWS.len());
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

fn timeout(row: usize) -> Duration {
    if ROWS[row].1().is_slow { SHORT } else { LONG }
}

/// A row at a client, in a line. What was late has two more tries: the machine may have been busy.
fn said(server: &Server, row: usize, client: &dyn Adapter) -> String {
    let mut line = said_once(server, row, client, 0);
    for number in 1..3 {
        if line.contains(LATE) {
            line = said_once(server, row, client, number);
        }
    }
    line
}

const LATE: &str = " after the limit";

fn said_once(server: &Server, row: usize, client: &dyn Adapter, number: usize) -> String {
    let (name, _, want) = ROWS[row];
    let path = format!("{}{number}-{row}", client.name());
    let timeout = timeout(row);
    let started = Instant::now();
    let came = client.token(cloud_of(row, &server.url(), &path), timeout, &Way::Direct);
    let took = started.elapsed();
    let seen = server.seen(&path);
    let came = format!("{} {came}", seen.requests);
    let mut wrong = String::new();
    if took > 2 * LONG {
        wrong += &format!(", and took {took:?}");
    }
    if seen.ended < seen.requests {
        wrong += ", and never hung up";
    }
    if let Some(late) = seen.late.filter(|late| *late > Duration::from_secs(1)) {
        wrong += &format!(", and hung up {late:?}{LATE}");
    }
    // What lies between is the sockets' own. Where the time-out is what ends it, the server sends what
    // it can until then.
    if seen.sent > limits::BODY as u64 + (24 << 20) && !came.contains("Timeout") {
        wrong += &format!(", and took {} bytes", seen.sent);
    }
    if seen.request.contains("cookie:")
        || !seen.request.contains(PASSWORD) && !seen.request.is_empty()
    {
        wrong += ", and another request was sent";
    }
    judged(name, client, &came, want, &wrong)
}

/// A row at a client in a line, which starts with WRONG if it is.
fn judged(name: &str, client: &dyn Adapter, came: &str, want: &str, wrong: &str) -> String {
    let want = match (want.split_once(" | "), client.name()) {
        (None, _) => want,
        (Some((ureq, _)), "ureq") => ureq,
        (Some((_, reqwest)), _) => reqwest,
    };
    // A want that is another one's beginning ends with a dot.
    let fits = want.strip_suffix('.').map_or_else(|| came.starts_with(want), |want| came == want);
    let shown: String = came.chars().take(120).collect();
    match (fits, wrong) {
        (true, "") => format!("  {name}, {}: {shown}", client.name()),
        (true, _) => format!("WRONG {name}, {}: {shown}{wrong}", client.name()),
        (false, _) => format!("WRONG {name}, {}: {shown}, not {want}{wrong}", client.name()),
    }
}

/// Some rows wait for a time-out, and the others have little to do.
const THREADS: usize = 6;

/// The same for each of these, on some threads, in their order.
fn in_parallel<T: Sync, R: Send>(all: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                loop {
                    let index = next.fetch_add(1, SeqCst);
                    let Some(item) = all.get(index) else { break };
                    let result = one(item);
                    done.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A good answer that ends anywhere but at its end is none; with any of its bytes changed it is read
/// or refused, and what is read is sound.
#[test]
#[expect(clippy::print_stdout, reason = "how many rows there are is asked for")]
fn an_answer_that_is_cut_or_changed_anywhere_is_none_or_sound() {
    let server = Server::start(|row| {
        let mut answer = rows::good();
        match row.split_at(3) {
            ("cut", at) => answer.truncate(at.parse().unwrap()),
            (_, at) => {
                let at: usize = at.parse().unwrap();
                answer[at] ^= 1 << (at % 8);
            }
        }
        bytes(answer)
    });
    let length = rows::good().len();
    let head = length - GOOD.len();
    let kinds = ["cut", "bit"].into_iter().flat_map(|kind| (0..length).map(move |at| (kind, at)));
    let all: Vec<_> = kinds.collect();
    for client in ADAPTERS {
        let parts: Vec<_> = all.chunks(100).collect();
        let came = in_parallel(&parts, |part| {
            let cloud = |(kind, at): &(&str, usize)| cloud(&server, &format!("{kind}{at}"));
            let logins: Vec<_> = part.iter().map(|row| OneLogin::at(&cloud(row))).collect();
            client.each(cloud(&part[0]), &logins)
        });
        let mut tokens = 0;
        for ((kind, at), came) in all.iter().zip(came.into_iter().flatten()) {
            match came {
                Ok(token) => {
                    assert!(*kind == "bit", "{}: a token of an answer cut at {at}", client.name());
                    assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
                    assert!(token.expires_at() > clients::NOW || *at > head, "{at}");
                    tokens += 1;
                }
                Err(error) => assert!(!error.contains("s3cret"), "{error}"),
            }
        }
        println!(
            "{} hostile rows at {}, 0 wrong: {length} cuts and as many bits, {tokens} of which matter to nobody",
            all.len(),
            client.name()
        );
    }
}
