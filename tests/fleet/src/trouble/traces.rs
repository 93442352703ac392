//! What others can see: the calls to the operating system, the commands to Redis, and all that both
//! stores keep (S11).

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

use auth_emulator::account;
use auth_proto::{Cloud, Credential, DomainRef, Factor, Scope, Store, UserRef};
use auth_store::{FileStore, Key, RedisStore};
use redis_server::Redis;

use super::{
    canaries::Canaries,
    strace,
    trial::{call, count_calls},
    world::Failed,
};
use crate::{
    harness::{Command, Fleet, Job, Login, Service, Sharing, random_key},
    scenario::{Case, Tally},
};

pub(super) fn cases() -> Vec<Case> {
    let secret = "no secret, no name, no host and no scope, in any spelling";
    vec![
        Case::new(
            "S11",
            "strace of a run, and all files that it leaves",
            "files",
            "no file ever readable by others; no secret and no name, in any spelling",
            files,
        ),
        Case::new(
            "S11",
            "MONITOR of a run, and all that the server keeps (its hashes, DUMP, AOF and RDB)",
            "Redis",
            secret,
            redis,
        ),
    ]
}

fn files(tally: &mut Tally) -> Result<(), Failed> {
    let place = tempfile::tempdir()?;
    let (directory, logs) = (place.path().join("store"), place.path().join("logs"));
    fs::create_dir(&logs)?;
    let service = Service::start()?;
    let key = random_key();
    let text = directory.to_string_lossy().into_owned();
    let job = service.job(Sharing::Files { directory: text, key: key.clone() }, false);
    // Each process has a log of its own, and the most generous mask.
    let log = logs.join("log").to_string_lossy().into_owned();
    // Some machines lack some calls.
    let calls = format!("--trace=?{}", strace::CALLS.join(",?"));
    let words = ["strace", "-ff", "-y", "-s", "4096", "-o", &log, &calls];
    let shell = ["sh", "-c", r#"umask 0; exec "$@""#, "sh"];
    let words: Vec<_> = shell.into_iter().chain(words).map(str::to_owned).collect();
    run(&service, &job, &words, tally)?;
    let store = || Ok(FileStore::open(&directory, Key::from_hex(&key)?)?);
    let mut canaries = canaries(&service, &job, store)?;
    canaries.add(&key);

    let mut log = String::new();
    for file in fs::read_dir(&logs)? {
        log += &fs::read_to_string(file?.path())?;
    }
    let report = strace::check(&log, &directory.to_string_lossy());
    for fault in report.faults {
        tally.holds(fault, false);
    }
    tally.holds("files are made, renamed and read", report.made >= 6 && report.renamed >= 2);
    tally.figure("files and directories made", report.made);
    for path in &report.paths {
        canaries.search(&format!("the path {path}"), path.as_bytes(), tally);
    }
    let mut kept = 0;
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        kept += canaries.search(&format!("{path:?}"), &fs::read(&path)?, tally);
        canaries.search(&format!("{path:?}"), path.to_string_lossy().as_bytes(), tally);
    }
    tally.figure("bytes kept", kept);
    tally.holds("something is kept", kept > 1_000);
    canaries.check(tally);
    tally.holds("an open file is seen", strace::sees_faults(&directory.to_string_lossy()));
    Ok(())
}

fn redis(tally: &mut Tally) -> Result<(), Failed> {
    let plain = ["--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no"];
    let aof = ["--aof-use-rdb-preamble", "no"];
    let redis = Redis::start(&[&plain[..], &aof].concat())?;
    redis.command(&["ACL", "SETUSER", "store-user", "on", ">store-password", "~*", "+@all"])?;
    let (service, key) = (Service::start()?, random_key());
    let url = format!("redis://store-user:store-password@127.0.0.1:{}", redis.port());
    let job = service.job(Sharing::Redis { url: url.clone(), key: key.clone() }, false);

    let mut monitor = TcpStream::connect(("127.0.0.1", redis.port()))?;
    monitor.write_all(b"MONITOR\r\n")?;
    let mut reading = monitor.try_clone()?;
    let heard = thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = reading.read_to_end(&mut heard);
        heard
    });
    run(&service, &job, &[], tally)?;
    let store = || Ok(RedisStore::open(&url, Key::from_hex(&key)?)?);
    let mut canaries = canaries(&service, &job, store)?;
    canaries.add(&key);
    thread::sleep(Duration::from_millis(200));
    monitor.shutdown(Shutdown::Both)?;
    let heard = heard.join().map_err(|_| "the monitor panicked")?;
    let commands = heard.split(|byte| *byte == b'\n').count() as u64;
    tally.figure("commands heard", commands);
    tally.holds("commands are heard", commands > 20);
    // The name of the store's user is not one of the cloud, and Redis hides the password itself.
    canaries.search("MONITOR", &heard, tally);

    let mut kept = 0;
    for name in redis.command(&["KEYS", "*"])?.lines() {
        kept += canaries.search("the names of keys", name.as_bytes(), tally);
        for words in [["DUMP", name], ["HGETALL", name]] {
            kept += canaries.search(words[0], redis.command(&words)?.as_bytes(), tally);
        }
    }
    let directory = redis.command(&["CONFIG", "GET", "dir"])?;
    let directory = Path::new(directory.lines().next_back().ok_or("no directory")?);
    redis.command(&["SAVE"])?;
    kept += canaries.search("the server's files", &all_bytes(directory)?, tally);
    tally.figure("bytes kept", kept);
    tally.holds("something is kept", kept > 10_000);
    canaries.check(tally);
    // What the server has written is searched: a password that is put there is found.
    redis.command(&["SET", "planted", account::KEYSTONE_PASSWORD])?;
    redis.command(&["SAVE"])?;
    tally.holds("a planted password is found", canaries.are_in(&all_bytes(directory)?));
    Ok(())
}

/// All files of a directory, one after the other.
fn all_bytes(place: &Path) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        bytes.extend(if path.is_dir() { all_bytes(&path)? } else { fs::read(&path)? });
    }
    Ok(bytes)
}

/// Processes that log in, share, lose their token, and come by way of an identity provider. A refused
/// password leaves a pause.
fn run(service: &Service, job: &Job, words: &[String], tally: &mut Tally) -> Result<(), Failed> {
    let mut fleet = Fleet::new()?;
    let jobs = [
        job.clone(),
        job.clone(),
        Job { is_async: true, ..job.clone() },
        Job { login: Login::Provider(service.server.provider_url()), ..job.clone() },
    ];
    for job in &jobs {
        let process = fleet.start(words, job)?;
        if process < 3 {
            call(&mut fleet, process)?;
        }
    }
    fleet.send(3, Command::Token(0));
    fleet.wait_for_tokens(1, Duration::from_secs(40));
    service.revoke();
    for process in 0..3 {
        call(&mut fleet, process)?;
    }
    let refused = Job { login: Login::Password(REFUSED.to_owned()), ..job.clone() };
    let process = fleet.start(words, &refused)?;
    fleet.send(process, Command::Token(0));
    fleet.wait_for_tokens(2, Duration::from_secs(40));
    (0..fleet.len()).for_each(|process| fleet.end(process));
    count_calls(tally, &fleet);
    tally.logins = service.logins().len();
    Ok(())
}

const REFUSED: &str = "a-wrong-password";

/// What may be seen nowhere: secrets, users, scopes and hosts, those of the tokens among them. Further
/// clients of this process store tokens of other credentials.
fn canaries<S: Store + 'static>(
    service: &Service,
    job: &Job,
    store: impl Fn() -> Result<S, Failed>,
) -> Result<Canaries, Failed> {
    let mut canaries = Canaries::default();
    let user = UserRef::name_in(account::KEYSTONE_USER, DomainRef::name(account::KEYSTONE_DOMAIN));
    let mfa = UserRef::name_in("totp", DomainRef::name(account::KEYSTONE_DOMAIN));
    let project = || Scope::project_id(account::KEYSTONE_PROJECT_ID);
    let key = account::KEYSTONE_KEY_ID;
    let credentials = [
        (job.credential(), project()),
        (job.credential(), Scope::default()),
        (Credential::application_credential(key, account::KEYSTONE_SECRET), Scope::default()),
        (Credential::password(user, account::KEYSTONE_PASSWORD), Scope::system()),
        (Credential::password(mfa, "totp-pw").and(Factor::totp(code())), Scope::default()),
    ];
    for (credential, scope) in credentials {
        let cloud = Cloud::keystone(&job.url)?;
        let client =
            auth_ureq::Client::builder(cloud, credential, scope).store(store()?).build()?;
        // A code that is refused leaves a pause.
        if let Ok(token) = client.token() {
            canaries.add(token.expose());
        }
    }
    let origin = job.url.split("/keystone").next().unwrap_or_default();
    let address = origin.trim_start_matches("http://");
    for text in [
        account::KEYSTONE_PASSWORD,
        account::KEYSTONE_SECRET,
        account::KEYSTONE_KEY_ID,
        account::KEYSTONE_USER_ID,
        account::KEYSTONE_PROJECT_ID,
        account::OIDC_CLIENT_SECRET,
        "alice\"",
        "\"alpha\"",
        "keystone.example",
        "regionone",
        "X-Subject-Token",
        "application_credential",
        "expires_at",
        "project id",
        "user name",
        "/keystone/v3",
        REFUSED,
        "totp-pw",
        address,
        &service.server.provider_url(),
        origin,
        "store-password",
    ] {
        canaries.add(text);
    }
    Ok(canaries)
}

fn code() -> String {
    auth_emulator::totp_code(time::UtcDateTime::now())
}
