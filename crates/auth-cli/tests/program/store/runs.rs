//! Runs that share a login.

use std::{
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use auth_emulator::{Fault, RequestKind, Server, System, account};
use rustix::process::{Pid, Signal, kill_process};

use super::{entries, files, logins, machine, token, with_user};
use crate::{otc_machine, run};
use testing::{Loopback, Reply};

#[test]
fn many_runs_make_one_login() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let first = token(&machine, &[]);
    for command in [
        &["token"][..],
        &["token", "--format", "json"],
        &["token", "--min-life", "10m"],
        &["catalog"],
        &["endpoint", "compute"],
        &["projects"],
        &["validate"],
        &["token", "--cloud", "c"],
    ] {
        let run = machine.run(command, "", &[]);
        assert!(run.code == 0 && run.err.is_empty(), "{command:?}: {run:?}");
        assert!(command != ["token"] || run.out == first);
    }
    assert_eq!(logins(&server), 1);
    // Another scope is another token, and one without a catalog is, too.
    assert_ne!(token(&machine, &["--unscoped"]), first);
    token(&machine, &["--no-catalog"]);
    assert_eq!(logins(&server), 3);
}

#[test]
fn services_are_called_with_the_stored_token() {
    let server = Server::start().unwrap();
    let machine = otc_machine(&server, "region_name: eu-de", "project_name: eu-de");
    for _ in 0..3 {
        machine.run(&["curl", "--service", "compute", "/servers"], "", &[]).ok();
    }
    assert_eq!(server.emulator().logins(System::Otc), 1);
}

#[test]
fn runs_at_once_make_one_login() {
    let server = Server::start().unwrap();
    server.script(|arrival| {
        let is_login = arrival.path.ends_with("/auth/tokens");
        is_login.then(|| Fault::new().delay(Duration::from_millis(700)))
    });
    let machine = machine(&server, "");
    let tokens: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(|| token(&machine, &[]))).collect();
        running.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(logins(&server), 1);
}

#[test]
fn a_run_without_the_store_leaves_nothing() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let first = token(&machine, &["--no-store"]);
    assert!(files(&machine).is_empty());
    let stored = token(&machine, &[]);
    assert_ne!(token(&machine, &["--no-store"]), stored);
    assert_eq!(token(&machine, &[]), stored);
    assert_eq!(logins(&server), 3);
    // An existing token is nobody's login, and an emulated cloud ends with the process.
    machine.run(&["validate", "--token-stdin"], &first, &[]).ok();
    machine.run(&["--emulator=otc", "token"], "", &[]).ok();
    assert_eq!(entries(&machine).len(), 1);
}

#[test]
fn a_fresh_token_replaces_the_stored_one() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let first = token(&machine, &[]);
    let second = token(&machine, &["--fresh"]);
    assert_ne!(second, first);
    assert_eq!(token(&machine, &[]), second);
    assert_eq!(logins(&server), 2);
    // Nothing is there to be replaced.
    token(&machine, &["--fresh", "--unscoped"]);
    assert_eq!(logins(&server), 3);
    run(&["token", "--fresh", "--token-env", "T"], "").failed(2, "cannot be used with");
}

/// A new token may be wanted while the old one is good. Other runs keep the old one, unless the password
/// is refused.
#[test]
fn a_fresh_login_that_fails() {
    for (status, code, keeps_token) in [(503, 5, true), (429, 5, true), (401, 3, false)] {
        let server = aged_then(3600, 0, Some(status));
        let machine = with_user(&format!("{}/v3", server.url()), "user_id: u, password: pw", "");
        assert_eq!(token(&machine, &[]), "t0\n");
        machine.run(&["token", "--fresh"], "", &[]).failed(code, &status.to_string());
        let next = machine.run(&["token"], "", &[]);
        assert_eq!(next.out == "t0\n", keeps_token, "{status}: {next:?}");
        assert_eq!(server.requests().len(), 2, "{status}");
    }
}

/// A token of this life, of which so much is over.
fn aged(life: u64, age: u64) -> Loopback {
    aged_then(life, age, None)
}

/// The same. Later logins fail with this status.
fn aged_then(life: u64, age: u64, later: Option<u16>) -> Loopback {
    let seconds = |seconds: i64| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let at = since.as_secs().saturating_add_signed(seconds);
        let output = std::process::Command::new("date")
            .args(["-u", "-d", &format!("@{at}"), "+%Y-%m-%dT%H:%M:%SZ"])
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    };
    let (issued, ends) = (seconds(-(age as i64)), seconds((life - age) as i64));
    let number = AtomicU64::new(0);
    Loopback::start(move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        if let Some(status) = later.filter(|_| number > 0) {
            return Reply::new(status, "Retry-After: 300\r\n", "{}");
        }
        let body = format!(r#"{{"token":{{"expires_at":"{ends}","issued_at":"{issued}"}}}}"#);
        Reply::new(201, &format!("X-Subject-Token: t{number}\r\n"), body)
    })
}

const SHORT: &str =
    "--min-life: this token lives for 29 min; the cloud gave none that lives longer";

#[test]
fn a_token_lives_as_long_as_wanted() {
    let server = aged(3600, 1800);
    let url = format!("{}/v3", server.url());
    let machine = with_user(&url, "user_id: u, password: pw", "");
    assert_eq!(token(&machine, &[]), "t0\n");
    assert_eq!(token(&machine, &["--min-life", "20m"]), "t0\n");
    // This cloud's new tokens are no better.
    let run = machine.run(&["token", "--min-life", "40m"], "", &[]);
    assert!(run.out == "t1\n" && run.err.contains(SHORT), "{run:?}");
    assert_eq!(server.requests().len(), 2);
    let run = machine.run(&["token", "--min-life", "2h"], "", &[]);
    assert!(run.code == 0 && run.err.contains("tokens of this cloud live for 60 min"), "{run:?}");
    // The service is busy: the old token is better than none.
    let server = aged_then(3600, 1800, Some(503));
    let machine = with_user(&format!("{}/v3", server.url()), "user_id: u, password: pw", "");
    assert_eq!(machine.run(&["token", "--min-life", "20m"], "", &[]).err, "");
    let run = machine.run(&["token", "--min-life", "40m"], "", &[]);
    assert!(run.code == 0 && run.out == "t0\n" && run.err.contains(SHORT), "{run:?}");
    for wrong in ["1y", "31d", "", "-1", "1h30m"] {
        machine.run(&["token", &format!("--min-life={wrong}")], "", &[]).failed(2, "--min-life");
    }
}

#[test]
fn another_password_works_at_once() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let first = token(&machine, &[]);
    machine.run(&["token", "--password-stdin"], "wrong-pw", &[]).failed(3, "refused with 401");
    assert_eq!(token(&machine, &[]), first);
    let again = machine.run(&["token", "--password-stdin"], account::KEYSTONE_PASSWORD, &[]);
    assert_eq!(again.ok(), first);
    assert_eq!(logins(&server), 2);
}

/// A signal in the middle of a login ends the lease, and nobody waits for it. (Not Ctrl-C's, which
/// programs in the background inherit as ignored.)
#[test]
fn an_interrupted_login_leaves_no_lease() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let held = std::sync::Arc::new(AtomicU64::new(0));
    let count = held.clone();
    server.script(move |arrival| {
        let is_first =
            arrival.path.ends_with("/auth/tokens") && count.fetch_add(1, Ordering::Relaxed) == 0;
        is_first.then(|| Fault::new().delay(Duration::from_secs(20)))
    });
    let mut child = machine
        .command(&["token"], &[])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while held.load(Ordering::Relaxed) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    // A lease would make this run wait; it says so after a second.
    let run = machine.run(&["token"], "", &[]);
    assert!(run.code == 0 && run.err.is_empty(), "{run:?}");
    assert_eq!(held.load(Ordering::Relaxed), 2);
}

#[test]
fn a_revoked_token_is_replaced() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let first = token(&machine, &[]);
    assert_eq!(machine.run(&["revoke"], "", &[]).ok(), "");
    assert_eq!(logins(&server), 1);
    assert!(entries(&machine).is_empty());
    machine.run(&["validate", "--token-stdin"], &first, &[]).failed(1, "is not valid");
    let second = token(&machine, &[]);
    assert_ne!(second, first);
    // Revoked elsewhere: the program learns it from the first service that refuses the token.
    machine.run(&["revoke", "--token-stdin"], &second, &[]).ok();
    assert_eq!(token(&machine, &[]), second);
    machine.run(&["projects"], "", &[]).ok();
    let third = token(&machine, &[]);
    assert_ne!(third, second);
    assert_eq!(logins(&server), 3);
}

const LOGIN: RequestKind = RequestKind::Login(System::Keystone);

/// One root token serves all scopes of all runs.
#[test]
fn scopes_share_a_root_token() {
    let server = Server::start().unwrap();
    let machine = with_user(&server.url(System::Keystone), super::ALICE, "");
    let clouds = std::fs::read_to_string(machine.0.path().join("clouds.yaml")).unwrap();
    machine.write("clouds.yaml", &clouds.replace("c: {", "c: {auth_root: unscoped, "));
    let beta = account::KEYSTONE_BETA_ID;
    for _ in 0..2 {
        token(&machine, &[]);
        token(&machine, &["--project-id", beta]);
    }
    assert_eq!(server.emulator().count(LOGIN), 1);
    assert_eq!(entries(&machine).len(), 3);
    // A new root, and a new token of the scope.
    let old = token(&machine, &[]);
    assert_ne!(token(&machine, &["--fresh"]), old);
    assert_eq!(server.emulator().count(LOGIN), 2);
}

#[test]
fn secrets_and_names_are_not_written() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    let stored = token(&machine, &[]);
    machine.run(&["token", "--password-stdin"], "wr0ng-pw", &[]).failed(3, "401");
    assert_eq!(entries(&machine).len(), 2);
    for path in files(&machine) {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for needle in [stored.trim(), "alice", "alice-pw", "wr0ng-pw", "127.0.0.1", "keystone"] {
            assert!(!text.contains(needle), "{path:?} has {needle}");
            assert!(!path.to_str().unwrap().contains(needle) || needle == "keystone");
        }
    }
}
