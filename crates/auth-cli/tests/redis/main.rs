//! The program with a store in a real Redis server.
//!
//! These tests need `redis-server`. `cargo test --workspace` passes without it; `.ci/run` names this
//! target.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

use std::{
    fs::{self, Permissions},
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use auth_emulator::{Server, System};
use tempfile::TempDir;

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
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A home directory with a cloud `c` of the emulated Keystone.
struct Machine(TempDir);

impl Machine {
    fn new(server: &Server) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        let path = machine.0.path().join("clouds.yaml");
        let user = "username: alice, password: alice-pw, user_domain_name: Default, \
                    project_name: alpha, project_domain_name: Default";
        let url = server.url(System::Keystone);
        fs::write(&path, format!("clouds: {{c: {{auth: {{auth_url: '{url}', {user}}}}}}}"))
            .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        machine
    }

    fn run(&self, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-auth"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        testing::configured::program(&mut command);
        let mut child = command.spawn().unwrap();
        // A program without input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let err = err.split_inclusive('\n').filter(|line| !line.starts_with("waiting for "));
        Run { code: output.status.code().unwrap(), out, err: err.collect() }
    }

    /// Whether there is a store in files.
    fn has_store(&self) -> bool {
        self.0.path().join(".cache/cloud-auth/key").exists()
    }
}

/// How a run ended.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    /// Without the line that says what the program waits for.
    err: String,
}

impl Run {
    fn ok(self) -> String {
        assert!(self.code == 0 && self.err.is_empty(), "{self:?}");
        self.out
    }

    fn failed(self, code: i32, part: &str) {
        assert!(self.code == code && self.out.is_empty() && self.err.contains(part), "{self:?}");
    }
}

fn logins(server: &Server) -> u64 {
    server.emulator().logins(System::Keystone)
}

#[test]
fn machines_share_a_login_by_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start());
    let url = redis.url();
    let variables = [(PLACE, url.as_str()), KEY];
    let [one, other] = [Machine::new(&server), Machine::new(&server)];
    let first = one.run(&["token"], "", &variables).ok();
    assert_eq!(other.run(&["token"], "", &variables).ok(), first);
    assert_eq!(logins(&server), 1);
    assert!(!one.has_store() && !other.has_store());
    let second = one.run(&["token", "--fresh"], "", &variables).ok();
    assert_ne!(second, first);
    assert_eq!(other.run(&["token"], "", &variables).ok(), second);
    // With another key, a machine is for itself.
    other.run(&["token"], "", &variables[..1]).ok();
    assert_eq!(logins(&server), 3);
}

#[test]
fn logout_finds_the_configured_scope_in_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start());
    let machine = Machine::new(&server);
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
    // Without the variables, the store is in files.
    assert!(!machine.has_store());
    machine.run(&["token"], "", &[]).ok();
    assert!(machine.has_store());
}
