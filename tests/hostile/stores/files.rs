//! Rows about [`FileStore`](auth_store::FileStore): the attacker writes what they like into its directory.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{CWD, FileType, Mode, makedev, mknodat},
    process::geteuid,
};

use crate::scene::{Scene, write};

/// A name, the machine's clock when the process starts, what the attacker does before, what they do over
/// and over while it runs, and the outcome.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) clock: fn() -> SystemTime,
    pub(crate) before: fn(&Scene),
    pub(crate) meanwhile: Option<fn(&Scene)>,
    pub(crate) want: &'static str,
}

const fn row(name: &'static str, before: fn(&Scene), want: &'static str) -> Row {
    Row { name, clock: SystemTime::now, before, meanwhile: None, want }
}

const fn at(
    clock: fn() -> SystemTime,
    name: &'static str,
    before: fn(&Scene),
    want: &'static str,
) -> Row {
    Row { clock, ..row(name, before, want) }
}

const fn active(name: &'static str, meanwhile: fn(&Scene), want: &'static str) -> Row {
    Row { meanwhile: Some(meanwhile), ..row(name, meanwhile, want) }
}

/// Half an hour later a refusal is over.
fn half_an_hour_later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(31 * 60)
}

/// Three days later a token is over.
fn days_later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3 * 24 * 3600)
}

fn an_hour_before() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3600)
}

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("nothing", |_| (), "found"),
    // Bytes.
    row("a bit of the format", |scene| flip(scene, 0), "miss"),
    row("a bit of the generation", |scene| flip(scene, 8), "miss"),
    row("a bit of the nonce", |scene| flip(scene, 12), "miss"),
    row("a bit of the time", |scene| flip(scene, 34), "miss"),
    row("a bit of the token", |scene| flip(scene, 70), "miss"),
    row("a bit of the last byte", |scene| flip(scene, scene.loot.newest.len() - 1), "miss"),
    row("the greatest generation, in clear", |scene| forge(scene, u64::MAX), "miss"),
    row("the generation before, in clear", |scene| forge(scene, 1), "miss"),
    row("an entry without its end", |scene| scene.replay(&scene.loot.newest[..100]), "miss"),
    row("an entry and a byte", |scene| scene.replay(&[&scene.loot.newest[..], b"\0"].concat()), "miss"),
    row("nothing in the entry", |scene| scene.replay(b""), "miss"),
    row("noise", |scene| scene.replay(&[1; 4096]), "miss"),
    row("an entry that is not sealed", |scene| scene.replay(b"\x01\x03\0\0\0\0\x0a\0\0\0\0\0\0\x08t0ps3cre{}"), "miss"),
    row("10 GiB of nothing", |scene| File::create(scene.entry()).unwrap().set_len(10 << 30).unwrap(), "miss"),
    // Entries of others.
    row("the entry of another scope", |scene| scene.replay(&scene.loot.other_scope), "miss"),
    row("the entry of another user", |scene| scene.replay(&scene.loot.other_user), "miss"),
    row("a lease for an entry", |scene| scene.replay(&scene.loot.lease), "miss"),
    row("no entry", |scene| drop(scene.without_entry()), "miss"),
    // Replays.
    row("an older token that is good", |scene| scene.replay(&scene.loot.good), "found"),
    row("an older token that was revoked", |scene| scene.replay(&scene.loot.revoked[0]), "heals"),
    active("a revoked token, again and again", |scene| scene.replay(&scene.loot.revoked[0]), "heals"),
    row("two revoked tokens, one after the other", revoked, "401"),
    row("a pause that lasts", |scene| scene.replay(&scene.loot.pause), "pause"),
    at(half_an_hour_later, "a pause that is over", |scene| scene.replay(&scene.loot.pause), "miss"),
    at(days_later, "a token that is over", |scene| scene.replay(&scene.loot.good), "miss"),
    at(an_hour_before, "a token from the future", |scene| scene.replay(&scene.loot.good), "miss"),
    at(an_hour_before, "a pause from the future", |scene| scene.replay(&scene.loot.pause), "miss"),
    // Leases.
    row("the entry for a lease, locked", |scene| lease(scene, &scene.loot.newest), "miss"),
    row("a lease of another name, locked", |scene| lease(scene, &scene.loot.other_lease), "miss"),
    row("a lease of noise, locked", |scene| lease(scene, &[1; 65]), "miss"),
    row("a lease without its end, locked", |scene| lease(scene, &scene.loot.lease[..64]), "miss"),
    row("a lease for ever, in clear, locked", |scene| lease(scene, &[&scene.loot.lease[..41], &[0xff; 24]].concat()), "miss"),
    row("a lease that is not locked", |scene| { scene.without_entry(); write(&scene.file("lease"), &scene.loot.lease); }, "miss"),
    at(half_an_hour_later, "a lease that is over, locked", |scene| lease(scene, &scene.loot.lease), "miss"),
    at(an_hour_before, "a lease from the future, locked", |scene| lease(scene, &scene.loot.lease), "miss"),
    row("a lease that is a pipe", |scene| { scene.without_entry(); pipe(&scene.file("lease")); }, "miss"),
    // Locks.
    row("the lock is held", |scene| { scene.without_entry(); hold(&scene.gate()); }, "miss"),
    row("the lock is held, with an entry", |scene| hold(&scene.gate()), "found"),
    row("all locks are held", |scene| { scene.without_entry(); (0..256).for_each(|byte| hold(&scene.directory().join(format!("{byte:02x}.lock")))); }, "miss"),
    row("the lock is a pipe", |scene| { scene.without_entry(); fs::remove_file(scene.gate()).unwrap(); pipe(&scene.gate()); }, "miss"),
    row("the lock is a directory", |scene| { scene.without_entry(); fs::remove_file(scene.gate()).unwrap(); fs::create_dir(scene.gate()).unwrap(); }, "miss"),
    row("the lock is a link to the user's file", |scene| { scene.without_entry(); fs::remove_file(scene.gate()).unwrap(); symlink(scene.own(), scene.gate()).unwrap(); }, "miss"),
    row("the lock is the user's file", |scene| { scene.without_entry(); fs::remove_file(scene.gate()).unwrap(); fs::hard_link(scene.own(), scene.gate()).unwrap(); }, "miss"),
    active("the lock is another file each time", |scene| { scene.without_entry(); write(&scene.gate(), b""); }, "miss"),
    // Other things in the place of files.
    row("a pipe", |scene| pipe(&scene.without_entry()), "miss"),
    row("a device", |scene| device(&scene.without_entry()), "miss"),
    row("a directory", |scene| fs::create_dir(scene.without_entry()).unwrap(), "miss"),
    row("a link to /etc/passwd", |scene| symlink("/etc/passwd", scene.without_entry()).unwrap(), "miss"),
    row("a link to /dev/zero", |scene| symlink("/dev/zero", scene.without_entry()).unwrap(), "miss"),
    row("a link to the user's file", |scene| symlink(scene.own(), scene.without_entry()).unwrap(), "miss"),
    row("a link to a good entry", |scene| { write(&scene.beside("copy"), &scene.loot.newest); symlink(scene.beside("copy"), scene.without_entry()).unwrap(); }, "miss"),
    row("the user's file", |scene| fs::hard_link(scene.own(), scene.without_entry()).unwrap(), "miss"),
    row("an entry that others may read", |scene| fs::set_permissions(scene.entry(), Permissions::from_mode(0o644)).unwrap(), "miss"),
    row("the temporary file is the user's", |scene| { scene.without_entry(); fs::hard_link(scene.own(), scene.file("tmp")).unwrap(); }, "miss"),
    row("the temporary file is a link to it", |scene| { scene.without_entry(); symlink(scene.own(), scene.file("tmp")).unwrap(); }, "miss"),
    row("the temporary file is a directory", |scene| { scene.without_entry(); fs::create_dir(scene.file("tmp")).unwrap(); }, "miss"),
    // The directory.
    row("no directory", |scene| fs::remove_dir_all(scene.directory()).unwrap(), "miss"),
    row("an empty directory", |scene| { move_away(scene); private(&scene.directory()); }, "miss"),
    row("a directory that others may enter", |scene| fs::set_permissions(scene.directory(), Permissions::from_mode(0o755)).unwrap(), "miss"),
    row("a link to a directory", |scene| { move_away(scene); symlink(scene.beside("away"), scene.directory()).unwrap(); }, "miss"),
    row("a file for a directory", |scene| { move_away(scene); write(&scene.directory(), b""); }, "miss"),
    row("20,000 old files", |scene| old_files(scene, 20_000), "miss"),
    active("all is removed, again and again", |scene| remove_all(&scene.directory()), "miss"),
    active("the directory is another one, again and again", |scene| { let _ = fs::remove_dir_all(scene.beside("away")); let _ = fs::rename(scene.directory(), scene.beside("away")); let _ = fs::create_dir(scene.directory()); }, "miss"),
];

fn flip(scene: &Scene, byte: usize) {
    let mut bytes = scene.loot.newest.clone();
    bytes[byte] ^= 0x10;
    scene.replay(&bytes);
}

/// Writes a generation into the head of the entry.
fn forge(scene: &Scene, generation: u64) {
    let mut bytes = scene.loot.newest.clone();
    bytes[1..9].copy_from_slice(&generation.to_be_bytes());
    scene.replay(&bytes);
}

/// One token after the other, as soon as the last one is found to be of no use.
fn revoked(scene: &Scene) {
    let [first, second] = &scene.loot.revoked;
    scene.replay(first);
    let (entry, second) = (scene.entry(), second.clone());
    scene.cloud.at_refusal(move |number| match number {
        1 => write(&entry, &second),
        _ => drop(fs::remove_file(&entry)),
    });
}

/// A lease of these bytes that the attacker's process holds.
fn lease(scene: &Scene, bytes: &[u8]) {
    scene.without_entry();
    write(&scene.file("lease"), bytes);
    hold(&scene.file("lease"));
}

/// Locks a file for as long as the test runs.
pub(crate) fn hold(path: &Path) {
    let options = &mut File::options();
    let file = options.create(true).truncate(false).write(true).open(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    file.lock().unwrap();
    std::mem::forget(file);
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    mknodat(CWD, path, FileType::Fifo, Mode::from(0o600), 0).unwrap();
}

/// A device that never ends, or another pipe if the test may make none.
fn device(path: &Path) {
    let zero = makedev(1, 5);
    let made = mknodat(CWD, path, FileType::CharacterDevice, Mode::from(0o600), zero);
    if !geteuid().is_root() || made.is_err() {
        pipe(path);
    }
}

fn private(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}

fn move_away(scene: &Scene) {
    fs::rename(scene.directory(), scene.beside("away")).unwrap();
}

fn remove_all(directory: &Path) {
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let _ = fs::remove_file(file.path());
    }
}

/// Files that the next login sweeps away.
fn old_files(scene: &Scene, count: u128) {
    scene.without_entry();
    let old = SystemTime::now() - Duration::from_secs(40 * 24 * 3600);
    for number in 0..count {
        let file = File::create(scene.directory().join(format!("{number:032x}.tmp"))).unwrap();
        file.set_modified(old).unwrap();
    }
}

/// The pause between two acts of an attacker who does the same over and over.
pub(crate) fn pause() {
    thread::sleep(Duration::from_millis(1));
}
