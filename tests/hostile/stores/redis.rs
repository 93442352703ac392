//! Rows about [`RedisStore`](auth_store::RedisStore) and `AsyncRedisStore`: the server lies.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::{
    cloud::{CANARIES, Cloud, Login, Seen},
    judged, late,
    liar::{Answer, Asked, Liar, busy, found, led, now, told},
    scene::Events,
    verdict,
    victim::{Kind, Victim, Whose},
};

/// A name, the answer to a question, and the outcome.
pub(crate) struct Row {
    name: &'static str,
    take: fn(&Loot, u64) -> Answer,
    /// The answer to a note.
    note: fn() -> Answer,
    want: &'static str,
}

/// Entries that the server has seen, each with its generation.
#[derive(Clone, Default)]
pub(crate) struct Loot {
    pause: Sealed,
    revoked: [Sealed; 2],
    good: Sealed,
    other_scope: Sealed,
    other_user: Sealed,
    newest: Sealed,
}

type Sealed = (u64, Vec<u8>);

const fn row(name: &'static str, take: fn(&Loot, u64) -> Answer, want: &'static str) -> Row {
    Row { name, take, note: || Answer::Bytes(told()), want }
}

/// A row of raw bytes, each of which is a miss.
macro_rules! says {
    ($name:literal, $bytes:expr) => {
        row($name, |_, _| Answer::Bytes($bytes.to_vec()), "miss")
    };
}

const LIFE: u64 = 48 * 3600 * 1000;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("nothing", |loot, _| replay(&loot.newest, 0), "found"),
    // Bytes.
    says!("an error", b"-ERR t0ps3cret-password\r\n"),
    says!("an error without a word", b"-\r\n"),
    says!("a refusal", b"-NOPERM no\r\n"),
    says!("a replica", b"-READONLY no\r\n"),
    says!("another place", b"-MOVED 1 evil.example:6379\r\n"),
    says!("a text", b"+OK\r\n"),
    says!("nil", b"$-1\r\n"),
    says!("an empty array", b"*0\r\n"),
    says!("an array of nil", b"*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"),
    says!("a length below nil", b"*-7\r\n"),
    says!("a number past all others", b":99999999999999999999999\r\n"),
    says!("a map", b"%1\r\n:1\r\n:2\r\n"),
    says!("a push", b">2\r\n+invalidate\r\n:1\r\n"),
    says!("noise", [0x80; 512]),
    says!("a page", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    row("100,000 brackets", |_, _| Answer::Bytes(b"*1\r\n".repeat(100_000)), "miss"),
    says!("a billion elements", b"*1000000000\r\n:1\r\n"),
    says!("a text of 2 GiB", b"$2147483647\r\nx"),
    row("a text without end", |_, _| Answer::Flood(b"$536870912\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "miss"),
    row("nothing, and the end", |_, _| Answer::Cut(Vec::new()), "miss"),
    row("half an answer, and the end", |loot, _| Answer::Cut(found(loot.newest.0, 0, &loot.newest.1)[..60].to_vec()), "miss"),
    row("two answers", |_, newer_than| Answer::Bytes([led(now().max(newer_than + 1)), led(now() + 1)].concat()), "miss"),
    // Time.
    row("never", |_, _| Answer::Never, "miss"),
    row("a byte every 20 ms", |loot, _| Answer::Drip(20, found(loot.newest.0, 0, &loot.newest.1)), "miss"),
    row("an entry, late", |loot, _| Answer::Late(200, found(loot.newest.0, 0, &loot.newest.1)), "found"),
    row("an entry, too late", |loot, _| Answer::Late(300, found(loot.newest.0, 0, &loot.newest.1)), "miss"),
    Row { note: || Answer::Never, ..row("the lease, and no word about notes", |_, _| Answer::Bytes(led(now())), "miss") },
    Row { note: || Answer::Late(150, told()), ..row("the lease, and slow with notes", |_, _| Answer::Late(150, led(now())), "miss") },
    Row { note: || Answer::Late(230, told()), ..row("the lease, and both late", |_, _| Answer::Late(230, led(now())), "miss") },
    Row { note: || Answer::Never, ..row("a revoked token, then never", |loot, newer_than| if newer_than == 0 { replay(&loot.revoked[0], 0) } else { Answer::Never }, "heals") },
    // Leases.
    row("the lease for everybody", |_, newer_than| Answer::Bytes(led(now().max(newer_than + 1))), "miss"),
    row("the lease of generation 0", |_, _| Answer::Bytes(led(0)), "miss"),
    row("the lease of the greatest generation", |_, _| Answer::Bytes(led(i64::MAX)), "miss"),
    row("the lease of a generation below 0", |_, _| Answer::Bytes(led(-5)), "miss"),
    row("the lease of a known generation", |_, newer_than| Answer::Bytes(led(newer_than)), "miss"),
    row("busy with the greatest generation", |_, _| Answer::Bytes(busy(i64::MAX)), "miss"),
    row("busy with no generation", |_, _| Answer::Bytes(busy(0)), "miss"),
    Row { note: || Answer::Bytes(b"-OOM full\r\n".to_vec()), ..row("the lease, and no room", |_, _| Answer::Bytes(led(now())), "miss") },
    Row { note: || Answer::Bytes(b":9223372036854775807\r\n".to_vec()), ..row("the lease, and a newer entry", |_, _| Answer::Bytes(led(now())), "miss") },
    // Entries.
    row("the entry of another scope", |loot, _| replay(&loot.other_scope, 0), "miss"),
    row("the entry of another user", |loot, _| replay(&loot.other_user, 0), "miss"),
    row("another generation", |loot, _| Answer::Bytes(found(loot.newest.0 + 1, 0, &loot.newest.1)), "miss"),
    row("the greatest generation of an entry", |loot, _| Answer::Bytes(found(i64::MAX, 0, &loot.newest.1)), "miss"),
    row("a generation below 0", |loot, _| Answer::Bytes(found(-1, 0, &loot.newest.1)), "miss"),
    row("an age below 0", |loot, _| Answer::Bytes(found(loot.newest.0, -1, &loot.newest.1)), "miss"),
    row("an age past the life", |loot, _| replay(&loot.newest, LIFE + 1), "miss"),
    row("the greatest age", |loot, _| replay(&loot.newest, i64::MAX as u64), "miss"),
    row("an age that leaves a second", |loot, _| replay(&loot.newest, LIFE - 1000), "miss"),
    row("an empty entry", |loot, _| Answer::Bytes(found(loot.newest.0, 0, b"")), "miss"),
    row("a bit of the nonce", |loot, _| flip(&loot.newest, 12), "miss"),
    row("a bit of the text", |loot, _| flip(&loot.newest, 60), "miss"),
    row("an entry without its end", |loot, _| Answer::Bytes(found(loot.newest.0, 0, &loot.newest.1[..90])), "miss"),
    row("an entry and a byte", |loot, _| Answer::Bytes(found(loot.newest.0, 0, &[&loot.newest.1[..], b"\0"].concat())), "miss"),
    row("an entry of 8 MiB", |loot, _| Answer::Bytes(found(loot.newest.0, 0, &[1; 8 << 20])), "miss"),
    row("an older token that is good", |loot, _| replay(&loot.good, 0), "found"),
    row("a revoked token", |loot, _| replay(&loot.revoked[0], 0), "heals"),
    row("two revoked tokens, one after the other", |loot, newer_than| replay(&loot.revoked[usize::from(newer_than >= loot.revoked[0].0)], 0), "401"),
    row("a pause that was real once", |loot, _| replay(&loot.pause, 0), "pause"),
    row("a pause whose rest is over", |loot, _| replay(&loot.pause, 30 * 60 * 1000), "miss"),
];

fn replay((generation, sealed): &Sealed, age: u64) -> Answer {
    Answer::Bytes(found(generation, age, sealed))
}

fn flip((generation, sealed): &Sealed, byte: usize) -> Answer {
    let mut sealed = sealed.clone();
    sealed[byte] ^= 0x10;
    Answer::Bytes(found(generation, 0, &sealed))
}

/// A row at a process, in a line.
pub(crate) fn line(row: &Row, kind: Kind) -> String {
    let (cloud, events) = (Cloud::start(), Events::default());
    let (liar, loot, living) = history(&cloud);
    let (take, note) = (row.take, row.note);
    liar.tell(move |asked| match asked {
        Asked::Take { newer_than, .. } => take(&loot, *newer_than),
        Asked::Put { .. } | Asked::Other => note(),
    });
    let mut faults = Vec::new();
    let lives = living.call();
    if lives.result != "good" || cloud.seen() != Seen::default() {
        faults.push(format!("the other process: {lives:?}, {:?}", cloud.seen()));
    }
    let victim = Victim::of_redis(kind, &cloud, Whose::Ours, liar.port(), events.listener());
    let outcome = victim.call();
    let (waited, seen) = (victim.waited(), cloud.seen());
    victim.close();
    faults.extend(seen.wrong.iter().cloned());
    faults.extend(late(waited));
    let texts = [events.text(), outcome.shown.clone()];
    for secret in CANARIES.iter().filter(|secret| texts.iter().any(|text| text.contains(*secret))) {
        faults.push(format!("{secret} is shown: {texts:?}"));
    }
    judged(row.name, kind, &verdict(&outcome, &seen), row.want, &faults)
}

/// A server that was honest so far, what it has seen, and a process that has a token.
fn history(cloud: &Cloud) -> (Liar, Loot, Victim) {
    let kept = Arc::new(Mutex::new(HashMap::<Vec<u8>, Sealed>::new()));
    let entries = Arc::clone(&kept);
    let liar = Liar::start(move |asked| {
        let mut entries = entries.lock().unwrap();
        Answer::Bytes(match asked {
            Asked::Take { key, .. } => match entries.get(key) {
                Some((generation, sealed)) => found(generation, 0, sealed),
                None => led(now()),
            },
            Asked::Put { key, generation, sealed } => {
                entries.insert(key.clone(), (*generation, sealed.clone()));
                told()
            }
            Asked::Other => told(),
        })
    });
    // On a busy machine a process may go without the store. Then another one has its turn.
    let process = |whose| loop {
        let victim = Victim::of_redis(Kind::Ureq, cloud, whose, liar.port(), |_| ());
        let outcome = victim.log_in();
        for _ in 0..500 {
            if let Some((_, entry)) = kept.lock().unwrap().drain().next() {
                return (outcome.result, victim, entry);
            }
            thread::sleep(Duration::from_millis(1));
        }
    };
    let log_in = |whose| {
        let (result, victim, entry) = process(whose);
        assert_eq!(result, "good");
        (victim, entry)
    };
    cloud.answer_logins(Login::Refused);
    let (_, _, pause) = process(Whose::Ours);
    cloud.answer_logins(Login::Granted);
    let revoked = [log_in(Whose::Ours).1, log_in(Whose::Ours).1];
    cloud.revoke_all();
    let good = log_in(Whose::Ours).1;
    let (other_scope, other_user) = (log_in(Whose::OtherScope).1, log_in(Whose::OtherUser).1);
    let (living, newest) = log_in(Whose::Ours);
    cloud.forget();
    (liar, Loot { pause, revoked, good, other_scope, other_user, newest }, living)
}
