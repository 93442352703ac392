//! The memory that a response takes, as the kernel counts it. Each row has a process, so that neither
//! the server nor another row is counted.
#![cfg(target_os = "linux")]

use std::{env, fs, process::Command};

use auth_proto::{Cloud, limits};
use testing::{
    Adapter,
    configured::{self, Role},
};

use crate::{
    LONG,
    clients::{Route, token},
    cloud_of, in_parallel,
    rows::ROWS,
    serve_rows, timeout,
};

/// Memory beside the body itself.
const ROOM: usize = 16 << 20;

/// The rows that a careless client would keep whole, or expand.
const LARGE: [&str; 20] = [
    "one of a mebibyte",
    "ten thousand headers",
    "a header of a mebibyte",
    "headers without end",
    "a header without end",
    "a length of 10 GiB, and all of it",
    "an extension without end",
    "chunks without end",
    "small chunks without end",
    "trailers without end",
    "hints, a mebibyte of them",
    "a status line without end",
    "a body as large as the limit",
    "200 megabytes without a length",
    "as many endpoints as fit",
    "one region of three URLs in v2.0",
    "a page without end",
    "a redirect without end of a body",
    "64 MiB in gzip",
    "NULs without end",
];

#[test]
#[expect(clippy::print_stdout, reason = "the memory of each row is printed")]
fn no_response_takes_more_memory_than_the_limit() {
    let server = serve_rows();
    configured::party(Role::Identity, &server.url());
    let rows = LARGE.map(|name| ROWS.iter().position(|(row, ..)| *row == name).expect(name));
    let all: Vec<_> = rows.into_iter().flat_map(|row| [(row, 0), (row, 1)]).collect();
    let took = in_parallel(&all, |(row, client)| {
        let path = format!("{}-{row}", Adapter::BOTH[*client]);
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "memory::child", "--nocapture"])
            .env(CHILD, format!("{client} {} {path} {row}", server.url()))
            .output()
            .unwrap();
        let output = String::from_utf8(child.stdout).unwrap();
        let grown = output.lines().find_map(|line| line.split_once("grown by ")?.1.parse().ok());
        (path, grown.unwrap_or_else(|| panic!("{output}{:?}", child.stderr)))
    });
    let limit = limits::BODY + ROOM;
    for ((row, _), (path, grown)) in all.iter().zip(&took) {
        let grown: &usize = grown;
        let (client, _) = path.split_once('-').unwrap();
        println!("  {}, {client}: {} KiB", ROWS[*row].0, grown >> 10);
    }
    let wrong = took.iter().filter(|(_, grown)| *grown > limit).count();
    println!("{} hostile rows, {wrong} wrong: none may take {} KiB", took.len(), limit >> 10);
    assert_eq!(wrong, 0);
}

const CHILD: &str = "AUTH_HOSTILE_CHILD";

/// The child process: a good login, which makes all allocations that happen once, and then the row.
#[test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn child() {
    let Ok(asked) = env::var(CHILD) else { return };
    let [client, url, path, row]: [&str; 4] =
        asked.split(' ').collect::<Vec<_>>().try_into().expect("four words");
    let adapter = Adapter::BOTH[client.parse::<usize>().unwrap()];
    let good = Cloud::keystone(&format!("{url}/good/v3")).unwrap();
    assert_eq!(token(adapter, good, LONG, &Route::Direct), "token t1");
    let before = status("VmRSS:");
    let row = row.parse().unwrap();
    let outcome = token(adapter, cloud_of(row, url, path), timeout(row), &Route::Direct);
    // The peak of the whole process, which is at least the peak since then.
    println!("{outcome}, grown by {}", status("VmHWM:") - before);
}

/// A figure of this process, in bytes.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}
