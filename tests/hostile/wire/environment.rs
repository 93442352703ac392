//! Environment variables and the clients of a process: each test starts a process.

use std::{
    env, fs,
    process::{Command, Output},
    sync::Arc,
};

use auth_proto::Cloud;

use testing::{
    Adapter, Authority, Loopback, Reply,
    configured::{self, Role},
};

use crate::{
    LONG,
    clients::{Route, token},
    rows, serve_rows,
};

/// Programs that support `SSLKEYLOGFILE` write the keys of their connections there. The clients do not.
#[test]
fn no_client_writes_tls_keys() {
    let directory = tempfile::tempdir().unwrap();
    for (who, writes) in [("a server that does", true), ("the clients", false)] {
        let file = directory.path().join(who);
        let path = file.to_str().unwrap();
        let child = child(&[(KEYS, &writes.to_string()), ("SSLKEYLOGFILE", path)]);
        assert_eq!(outcomes(&child), ["token t1", "token t1"], "{who}: {child:?}");
        let keys = fs::read_to_string(&file).ok();
        assert_eq!(keys.is_some_and(|keys| keys.contains("_SECRET")), writes, "{who}");
        assert_eq!(file.exists(), writes, "{who}");
    }
}

/// SECURITY.md says so: the proxy is asked for every host that `NO_PROXY` does not except, loopback
/// included.
#[test]
fn a_proxy_is_asked_unless_no_proxy_excepts_it() {
    let server = serve_rows();
    let url = format!("{}/good/v3", server.url());
    for (excepted, tokens) in [("iam.example", false), ("127.0.0.1", true)] {
        let refusing = Loopback::bytes(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
        let proxy = format!("http://s3cret:s3cret@127.0.0.1:{}", refusing.port());
        let child = child(&[(PLAIN, &url), ("HTTP_PROXY", &proxy), ("NO_PROXY", excepted)]);
        let outcomes = outcomes(&child);
        assert_eq!(outcomes.len(), Adapter::BOTH.len(), "{child:?}");
        let is_token = |outcome: &String| (outcome == "token t1") == tokens;
        assert!(outcomes.iter().all(is_token), "{excepted}: {outcomes:?}");
        let asked = refusing.connections();
        assert_eq!(asked > 1, !tokens, "{excepted}: {asked}");
        let shown = format!("{child:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

/// Makes the child log in at a TLS server, which writes its keys or does not.
const KEYS: &str = "AUTH_HOSTILE_KEYS";
/// Makes the child log in at this URL.
const PLAIN: &str = "AUTH_HOSTILE_PLAIN";

/// A process with these variables and without other proxy variables.
fn child(variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    child.args(["--exact", "environment::logs_in", "--nocapture"]);
    for (name, value) in variables {
        match *name {
            PLAIN => configured::party(Role::Identity, value),
            "HTTP_PROXY" => configured::party(Role::Proxy, value),
            _ => {}
        }
    }
    child.envs(variables.iter().copied()).output().unwrap()
}

/// The outcome of each client.
fn outcomes(child: &Output) -> Vec<String> {
    let output = String::from_utf8_lossy(&child.stdout);
    output.lines().filter_map(|line| line.strip_prefix("came to ")).map(str::to_owned).collect()
}

/// The child process.
#[test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn logs_in() {
    let plain = env::var(PLAIN).ok();
    let Some(keys) = env::var(KEYS).ok().or_else(|| plain.clone()) else { return };
    let ca = Authority::new();
    println!();
    for adapter in Adapter::BOTH {
        let mut config = ca.server("127.0.0.1");
        if keys == "true" {
            config.key_log = Arc::new(rustls::KeyLogFile::new());
        }
        let server = Loopback::start_tls(config, |_| Reply::bytes(rows::good()));
        let (url, route) = match &plain {
            Some(url) => (url.clone(), Route::Environment),
            None => (format!("{}/v3", server.url()), Route::Trusting(ca.pem())),
        };
        let outcome = token(adapter, Cloud::keystone(&url).unwrap(), LONG, &route);
        println!("came to {outcome}");
    }
}
