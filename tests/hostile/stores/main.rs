//! Stores in the hands of an attacker who writes what they like and has not the key. A process without a
//! token starts beside one that has had a token since before; both call a service.
//!
//! | outcome | the process that starts |
//! | --- | --- |
//! | found | uses a good token of another process |
//! | miss | logs in once |
//! | heals | gets one 401 from the service, which its caller does not see, and logs in once |
//! | pause | gets the refusal that another process really got, while it lasts |
//! | 401 | gets two revoked tokens one after the other, and its caller the second 401; the next call heals |
//!
//! In every row the process that has a token goes on without asking anybody, no token reaches another
//! place, no secret is in a file or an event, and a caller spends at most 350 ms in the store.
//!
//! `cargo test -p hostile --test stores -- --nocapture` prints the rows.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod bare;
mod bounds;
mod cloud;
mod files;
mod keys;
mod leases;
mod liar;
mod redis;
mod scene;
mod victim;

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Duration,
};

use cloud::Seen;
use files::{ROWS, Row};
use scene::Scene;
use testing::in_parallel;
use victim::{Kind, Outcome, Victim, Whose};

/// The time in the store, for one start.
const LIMIT: Duration = Duration::from_millis(350);

#[test]
fn every_file_row_has_its_outcome() {
    let all: Vec<_> = ROWS.iter().flat_map(|row| Kind::ALL.map(|kind| (row, kind))).collect();
    finish(&in_parallel(THREADS, &all, |(row, kind)| retried(|| try_once(row, *kind))), ROWS.len());
}

#[test]
fn every_redis_row_has_its_outcome() {
    let all: Vec<_> =
        redis::ROWS.iter().flat_map(|row| Kind::ALL.map(|kind| (row, kind))).collect();
    finish(
        &in_parallel(THREADS, &all, |(row, kind)| retried(|| redis::line(row, *kind))),
        redis::ROWS.len(),
    );
}

/// A row at a process, in a line. One that is late has two more tries: the machine may have been busy.
fn retried(try_once: impl Fn() -> String) -> String {
    let mut line = String::new();
    for _ in 0..3 {
        line = try_once();
        if !line.contains(LATE) {
            break;
        }
    }
    line
}

const LATE: &str = " in the store";

fn try_once(row: &Row, kind: Kind) -> String {
    let scene = Scene::new();
    let store = scene.store().with_clock(row.clock);
    let victim = Victim::start(kind, &scene.cloud, Whose::Ours, store);
    (row.before)(&scene);
    let mut faults = Vec::new();
    let lives = scene.living.call();
    if lives.result != "good" || scene.cloud.seen() != Seen::default() {
        faults.push(format!("the other process: {lives:?}, {:?}", scene.cloud.seen()));
    }
    let over = AtomicBool::new(false);
    let outcome = thread::scope(|threads| {
        if let Some(act) = row.meanwhile {
            let (over, scene) = (&over, &scene);
            threads.spawn(move || {
                while !over.load(SeqCst) {
                    act(scene);
                    files::pause();
                }
            });
        }
        let outcome = victim.call();
        over.store(true, SeqCst);
        outcome
    });
    let (waited, seen) = (victim.waited(), scene.cloud.seen());
    victim.close();
    faults.extend(seen.wrong.iter().cloned());
    faults.extend(scene.faults());
    faults.extend(late(waited));
    judged(row.name, kind, &verdict(&outcome, &seen), row.want, &faults)
}

fn late(waited: Duration) -> Option<String> {
    (waited > LIMIT).then(|| format!("{waited:?}{LATE}"))
}

/// What became of a process that started.
fn verdict(outcome: &Outcome, seen: &Seen) -> String {
    match (outcome.result, seen.logins, seen.refusals) {
        ("good", 0, 0) => "found".to_owned(),
        ("good", 1, 0) => "miss".to_owned(),
        ("good", 1, 1) => "heals".to_owned(),
        ("refused", 0, 0) => "pause".to_owned(),
        ("401", 0, 2) => "401".to_owned(),
        (result, logins, refusals) => {
            format!("{result}, {logins} logins, {refusals} refusals: {}", outcome.shown)
        }
    }
}

fn judged(name: &str, kind: Kind, outcome: &str, want: &str, faults: &[String]) -> String {
    let shown: String = outcome.chars().take(200).collect();
    match (outcome == want, faults) {
        (true, []) => format!("  {name}, {kind}: {shown}"),
        _ => format!("WRONG {name}, {kind}: {shown}, not {want}; {}", faults.join("; ")),
    }
}

#[expect(clippy::print_stdout, reason = "the rows are printed")]
fn finish(lines: &[String], rows: usize) {
    lines.iter().for_each(|line| println!("{line}"));
    let wrong: Vec<_> = lines.iter().filter(|line| line.starts_with("WRONG")).collect();
    println!("{rows} rows, {} processes, {} wrong", lines.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const THREADS: usize = 4;
