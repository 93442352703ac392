//! Real processes that share a directory.

use std::{
    fs,
    os::unix::fs::chown,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Fault, Server, System, account};
use auth_proto::{Note, Store, Taken};
use auth_store::{FileStore, Key};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::{
    entries::{entry, found, want},
    support::files,
    worker::Worker,
};

/// A directory for a store, and a server.
struct World {
    directory: TempDir,
    server: Server,
}

impl World {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), server: Server::start().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    fn store(&self) -> FileStore {
        let key = Key::from_file(self.path().with_extension("key")).unwrap();
        FileStore::open(self.path(), key).unwrap()
    }

    /// A process that gets a token from a client with the store.
    fn client(&self, before: &[&str]) -> Worker {
        let url = self.server.url(System::Keystone);
        Worker::start(before, "token", &[self.path().to_str().unwrap(), &url])
    }

    /// A process that takes the lease for this long.
    fn leader(&self, milliseconds: &str) -> Worker {
        let mut worker = Worker::start(&[], "lead", &[self.path().to_str().unwrap(), milliseconds]);
        worker.line("led");
        worker
    }

    fn logins(&self) -> u64 {
        self.server.traffic().logins
    }

    fn wait_for_login(&self) {
        wait_for(|| self.server.traffic().logins_in_flight > 0);
    }
}

/// Waits until this is so.
fn wait_for(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(10));
    }
}

fn signal(worker: &Worker, signal: Signal) {
    kill_process(Pid::from_child(&worker.process), signal).unwrap();
}

#[test]
fn sixty_cold_processes_log_in_once() {
    let world = World::new();
    // A login that takes a while, so that all start before it ends.
    world.server.script(|_| Some(Fault::new().delay(Duration::from_millis(500))));
    let workers: Vec<Worker> = (0..60).map(|_| world.client(&[])).collect();
    let mut tokens: Vec<_> =
        workers.into_iter().flat_map(|worker| worker.finish("token")).collect();
    assert_eq!(tokens.len(), 60);
    tokens.dedup();
    assert_eq!((tokens.len(), world.logins()), (1, 1));
    // One that starts later sends nothing either.
    assert_eq!(world.client(&[]).finish("token"), tokens);
    assert_eq!(world.logins(), 1);
}

#[test]
fn nothing_secret_is_written() {
    let world = World::new();
    let token = world.client(&[]).line("token");
    let key = fs::read_to_string(world.path().with_extension("key")).unwrap();
    let url = world.server.url(System::Keystone);
    let secrets: [&str; 7] = [
        &token,
        &key,
        account::KEYSTONE_PASSWORD,
        account::KEYSTONE_USER,
        account::KEYSTONE_PROJECT_ID,
        account::KEYSTONE_DOMAIN,
        &url,
    ];
    let files = files(&world.path());
    assert_eq!(files.len(), 3, "a lock, a lease, an entry");
    for path in files {
        let text = [path.to_str().unwrap().as_bytes(), &fs::read(&path).unwrap()].concat();
        for secret in secrets.map(str::trim) {
            let is_it = |part: &[u8]| part.eq_ignore_ascii_case(secret.as_bytes());
            assert!(!text.windows(secret.len()).any(is_it), "{secret} in {path:?}");
        }
    }
}

#[test]
fn processes_agree_on_one_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let start = || Worker::start(&[], "key", &[path.to_str().unwrap()]);
    let workers: Vec<Worker> = (0..20).map(|_| start()).collect();
    let store = path.with_extension("store");
    workers.into_iter().for_each(|worker| assert_eq!(worker.finish("opened"), ["true"]));
    crate::entries::put(&FileStore::open(store, Key::from_file(&path).unwrap()).unwrap(), "t");
    assert_eq!(start().finish("opened"), ["true"]);
}

#[test]
fn a_user_has_a_store() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().to_str().unwrap();
    let cache = format!("{root}/cache");
    let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = format!("{root}/home");
    let rows = [
        (&cache[..], &home[..], format!("{cache}/cloud-auth")),
        ("", &home, format!("{home}/{caches}/cloud-auth")),
        ("relative", &home, format!("{home}/{caches}/cloud-auth")),
    ];
    for (cache, home, directory) in rows {
        let variables = [format!("XDG_CACHE_HOME={cache}"), format!("HOME={home}")];
        let started = Worker::start(&["env", &variables[0], &variables[1]], "user", &[]);
        assert_eq!(started.finish("user"), [format!("FileStore {{ path: {directory:?}, .. }}")]);
        Key::from_file(format!("{directory}/key")).unwrap();
        let mut names: Vec<_> = files(directory.as_ref());
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
    }
    // Another process has the same key, and an open directory is an error.
    let variable = format!("XDG_CACHE_HOME={cache}");
    let start = || Worker::start(&["env", &variable], "user", &[]).finish("user");
    let key = fs::read(format!("{cache}/cloud-auth/key")).unwrap();
    assert!(start()[0].starts_with("FileStore"));
    assert_eq!(fs::read(format!("{cache}/cloud-auth/key")).unwrap(), key);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(format!("{cache}/cloud-auth"), open).unwrap();
    assert!(start()[0].contains("is open to other users (mode 0755)"));
}

#[test]
fn a_killed_leader_costs_one_login() {
    let world = World::new();
    // The first login gets no answer for ever.
    world.server.script(|arrival| (arrival.number == 0).then(|| Fault::new().silence()));
    let leader = world.client(&[]);
    world.wait_for_login();
    let followers: Vec<Worker> = (0..20).map(|_| world.client(&[])).collect();
    signal(&leader, Signal::KILL);
    let mut tokens: Vec<_> =
        followers.into_iter().flat_map(|worker| worker.finish("token")).collect();
    assert_eq!(tokens.len(), 20);
    tokens.dedup();
    assert_eq!((tokens.len(), world.logins()), (1, 2));
}

#[test]
fn a_killed_leader_frees_its_lease_at_once() {
    let world = World::new();
    let mut leader = world.leader("3600000");
    let store = world.store();
    let Taken::Busy { generation } = store.take(&want(0)) else { panic!("not busy") };
    signal(&leader, Signal::KILL);
    leader.process.wait().unwrap();
    let Taken::Led(lease) = store.take(&want(0)) else { panic!("not free") };
    assert!(lease.generation() > generation);
}

#[test]
fn a_stopped_leader_loses_its_lease() {
    let world = World::new();
    let mut leader = world.leader("1500");
    signal(&leader, Signal::STOP);
    let store = world.store();
    let mut lease = None;
    wait_for(|| {
        match store.take(&want(0)) {
            Taken::Busy { .. } => {}
            Taken::Led(led) => lease = Some(led),
            other => panic!("{other:?}"),
        }
        lease.is_some()
    });
    let lease = lease.unwrap();
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry("next")) });
    // It goes on, and comes too late.
    signal(&leader, Signal::CONT);
    leader.go_on();
    assert_eq!(leader.finish("event"), ["over"]);
    assert_eq!(found(&store), (entry("next"), generation));
}

#[test]
fn a_full_disk_fails_no_call() {
    let world = World::new();
    let shell = ["sh", "-c", r#"ulimit -f 0; exec "$@""#, "sh"];
    Key::from_file(world.path().with_extension("key")).unwrap();
    for logins in 1..=2 {
        let worker = world.client(&shell);
        assert_eq!(worker.finish("event"), ["silent: FileTooLarge"]);
        assert_eq!(world.logins(), logins);
    }
    // What is there is found.
    let token = world.client(&[]).finish("token");
    assert_eq!(world.client(&shell).finish("token"), token);
    assert_eq!(world.logins(), 3);
}

#[test]
fn a_read_only_store_fails_no_call() {
    let world = World::new();
    let token = world.client(&[]).finish("token");
    let make_read_only = |is_read_only: bool| {
        let mode = if is_read_only { 0o500 } else { 0o700 };
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(world.path(), mode).unwrap();
    };
    // Root may write everywhere, so its store becomes another user's, who runs the process.
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let before: &[&str] = if geteuid().is_root() { &nobody } else { &[] };
    if geteuid().is_root() {
        for path in [world.directory.path().to_owned(), world.path().with_extension("key")]
            .into_iter()
            .chain([world.path()])
            .chain(files(&world.path()))
        {
            chown(path, Some(65_534), Some(65_534)).unwrap();
        }
    }
    make_read_only(true);
    assert_eq!(world.client(before).finish("token"), token);
    files(&world.path()).into_iter().filter(|path| path.extension().unwrap() != "lock").for_each(
        |path| {
            make_read_only(false);
            fs::remove_file(path).unwrap();
            make_read_only(true);
        },
    );
    assert_eq!(world.client(before).finish("event"), ["silent: PermissionDenied"]);
    assert_eq!(world.logins(), 2);
}

#[test]
fn no_file_is_ever_open_to_others() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: strace is missing");
        return;
    }
    let world = World::new();
    let log = world.directory.path().join("log");
    let calls = "--trace=open,openat,creat,mkdir,mkdirat,mknod,mknodat,chmod,fchmod,fchmodat";
    // The most generous mask.
    let shell = ["sh", "-c", r#"umask 0; exec "$@""#, "sh"];
    let strace = ["strace", "-f", "-o", log.to_str().unwrap(), calls];
    world.client(&[&shell[..], &strace].concat()).finish("token");
    let log = fs::read_to_string(log).unwrap();
    let made: Vec<_> = log
        .lines()
        .filter(|line| {
            ["O_CREAT", "mkdir", "mknod", "chmod", "creat("].iter().any(|call| line.contains(call))
        })
        .collect();
    // The directory, the key with its lock, an entry and a lease with their lock.
    assert!(made.len() >= 6, "{log}");
    for line in made {
        let mode = if line.contains("mkdir") { ", 0700" } else { ", 0600" };
        assert!(line.contains(mode), "{line}");
    }
}
