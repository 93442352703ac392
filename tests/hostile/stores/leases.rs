//! Leases that never end. A caller of either adapter waits 30 s at most: one that gets a token has not
//! waited longer for them.

use std::thread;

use crate::{
    cloud::Cloud,
    finish, judged,
    liar::{Answer, Asked, Liar, busy, now, told},
    scene::{Events, Scene, write},
    verdict,
    victim::{Kind, Victim, Whose},
};

/// How an attacker keeps a lease.
#[derive(Clone, Copy)]
enum Row {
    /// The server says so, of one lease or of one after the other.
    Redis(&'static str, fn(u64) -> u64),
    /// Another process has locked the file of the last lease.
    File,
}

const ROWS: [Row; 3] = [
    Row::Redis("busy for ever", |_| 7),
    Row::Redis("busy with one process after the other", |number| number),
    Row::File,
];

fn line(row: Row, kind: Kind) -> String {
    match row {
        Row::Redis(name, generation) => of_redis(name, generation, kind),
        Row::File => {
            let scene = Scene::new();
            let victim = Victim::start(kind, &scene.cloud, Whose::Ours, scene.store());
            scene.without_entry();
            write(&scene.file("lease"), &scene.loot.lease);
            crate::files::hold(&scene.file("lease"));
            let outcome = victim.call();
            let faults = scene.faults();
            let verdict = verdict(&outcome, &scene.cloud.seen());
            judged("a lease that lasts, locked", kind, &verdict, "miss", &faults)
        }
    }
}

fn of_redis(name: &str, generation: fn(u64) -> u64, kind: Kind) -> String {
    let (cloud, events, mut number) = (Cloud::start(), Events::default(), 0);
    let from = now();
    let liar = Liar::start(move |asked| {
        Answer::Bytes(match asked {
            Asked::Take { .. } => {
                number += 1;
                busy(from + generation(number))
            }
            Asked::Put { .. } | Asked::Other => told(),
        })
    });
    let victim = Victim::of_redis(kind, &cloud, Whose::Ours, liar.port(), events.listener());
    let outcome = victim.call();
    judged(name, kind, &verdict(&outcome, &cloud.seen()), "miss", &[])
}

#[test]
fn a_lease_that_never_ends_costs_time() {
    let running: Vec<_> = ROWS
        .iter()
        .flat_map(|row| Kind::ALL.map(|kind| thread::spawn(move || line(*row, kind))))
        .collect();
    let lines: Vec<_> = running.into_iter().map(|running| running.join().unwrap()).collect();
    finish(&lines, ROWS.len());
}
