//! A store in a Redis server.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use auth_emulator::Server;
use tempfile::TempDir;

use super::{entries, files, logins, machine, token};

const PLACE: &str = "CLOUD_AUTH_STORE";
const KEY: (&str, &str) =
    ("CLOUD_AUTH_STORE_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

/// A `redis-server` that ends with the value.
struct Redis {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Redis {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--save", "", "--bind", "127.0.0.1"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut redis = Self { child, port, folder };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(redis.child.try_wait().unwrap().is_none(), "{}", redis.folder.path().display());
            thread::sleep(Duration::from_millis(5));
        }
        redis
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn machines_share_a_login_by_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start());
    let url = redis.url();
    let variables = [(PLACE, url.as_str()), KEY];
    let [one, other] = [machine(&server, ""), machine(&server, "")];
    let first = one.run(&["token"], "", &variables).ok();
    assert_eq!(other.run(&["token"], "", &variables).ok(), first);
    assert_eq!(logins(&server), 1);
    assert!(files(&one).is_empty() && files(&other).is_empty());
    let second = one.run(&["token", "--fresh"], "", &variables).ok();
    assert_ne!(second, first);
    assert_eq!(other.run(&["token"], "", &variables).ok(), second);
    // With another key, a machine is for itself.
    other.run(&["token"], "", &variables[..1]).ok();
    assert_eq!(logins(&server), 3);
}

#[test]
fn a_redis_that_is_gone_is_no_failure() {
    let (server, mut redis) = (Server::start().unwrap(), Redis::start());
    let machine = machine(&server, "");
    let url = redis.url().replace("://", "://:s3cret@");
    redis.stop();
    for count in 1..3 {
        let run = machine.run(&["token"], "", &[(PLACE, &url), KEY]);
        assert!(run.code == 0 && run.err.lines().count() == 1, "{run:?}");
        let start = "warning: the store is of no use to this run: ";
        assert!(run.err.starts_with(start) && !run.err.contains("s3cret"), "{run:?}");
        assert_eq!(logins(&server), count);
    }
    let run = machine.run(&["logout"], "", &[(PLACE, &url), KEY]);
    assert!(run.code == 5 && run.err.contains("error: the store does not answer"), "{run:?}");
}

#[test]
fn logout_finds_the_configured_scope_in_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start());
    let machine = machine(&server, "");
    let url = redis.url();
    let variables = [(PLACE, url.as_str()), KEY];
    let run = |arguments: &[&str]| machine.run(arguments, "", &variables);
    let own = [run(&["token"]).ok(), run(&["token", "--no-catalog"]).ok()];
    let other = run(&["token", "--unscoped"]).ok();
    run(&["logout", "--all"]).failed(2, "which has no list of its entries");
    assert_eq!(run(&["logout"]).ok(), "2 tokens revoked, 0 forgotten\n");
    for token in own {
        machine.run(&["validate", "--token-stdin"], &token, &[]).failed(1, "is not valid");
    }
    assert_eq!(run(&["token", "--unscoped"]).ok(), other);
    assert_eq!(logins(&server), 3);
    assert_eq!(run(&["logout"]).ok(), "0 tokens revoked, 0 forgotten\n");
    // No lease is left behind, for which a run would wait.
    run(&["token"]).ok();
    assert_eq!(logins(&server), 4);

    let said = run(&["store", "--format", "json"]);
    assert_eq!((said.code, said.out.as_str()), (0, "[]\n"), "{said:?}");
    assert!(said.err.contains("a Redis store has no list of its entries"), "{said:?}");
    token(&machine, &[]);
    assert_eq!(entries(&machine).len(), 1);
}
