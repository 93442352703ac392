//! What the variables of a process make of its clients: each in a process of its own.

use std::{
    env, fs,
    process::{Command, Output},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use auth_proto::Cloud;

use crate::{
    ADAPTERS, LONG,
    clients::Way,
    serve_rows,
    tls::{Authority, Speaks, start},
};

/// Programs that know `SSLKEYLOGFILE` write the keys of their connections there. The clients do not.
#[test]
fn no_keys_are_written_down() {
    let directory = tempfile::tempdir().unwrap();
    for (who, writes) in [("a server that does", true), ("the clients", false)] {
        let file = directory.path().join(who);
        let path = file.to_str().unwrap();
        let child = child(&[(KEYS, &writes.to_string()), ("SSLKEYLOGFILE", path)]);
        assert_eq!(said(&child), ["token t1", "token t1"], "{who}: {child:?}");
        let keys = fs::read_to_string(&file).ok();
        assert_eq!(keys.is_some_and(|keys| keys.contains("_SECRET")), writes, "{who}");
        assert_eq!(file.exists(), writes, "{who}");
    }
}

/// As both HTTP clients have it, which SECURITY.md says: a proxy is asked for everything that is not
/// excepted, be it on this machine.
#[test]
fn a_proxy_is_asked_unless_it_is_excepted() {
    let server = serve_rows();
    let url = format!("{}/good/v3", server.url());
    for (excepted, tokens) in [("iam.example", false), ("127.0.0.1", true)] {
        let (port, connections) =
            start(Speaks::Bytes(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"));
        let proxy = format!("http://s3cret:s3cret@127.0.0.1:{port}");
        let child = child(&[(PLAIN, &url), ("HTTP_PROXY", &proxy), ("NO_PROXY", excepted)]);
        let said = said(&child);
        assert_eq!(said.len(), ADAPTERS.len(), "{child:?}");
        assert!(said.iter().all(|said| (said == "token t1") == tokens), "{excepted}: {said:?}");
        let asked = connections.load(SeqCst);
        assert_eq!(asked > 1, !tokens, "{excepted}: {asked}");
        let shown = format!("{child:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

/// A login at a server of TLS, which writes its keys down or does not.
const KEYS: &str = "AUTH_HOSTILE_KEYS";
/// A login at this URL.
const PLAIN: &str = "AUTH_HOSTILE_PLAIN";

/// A process with these variables, and none that would make it another one.
fn child(variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    child.args(["--exact", "environment::logs_in", "--nocapture"]);
    child.envs(variables.iter().copied()).output().unwrap()
}

/// What each client came to.
fn said(child: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&child.stdout);
    said.lines().filter_map(|line| line.strip_prefix("came to ")).map(str::to_owned).collect()
}

/// What such a process does.
#[test]
#[expect(clippy::print_stdout, reason = "that is how the parent is told")]
fn logs_in() {
    let plain = env::var(PLAIN).ok();
    let Some(keys) = env::var(KEYS).ok().or_else(|| plain.clone()) else { return };
    let ca = Authority::new();
    println!();
    for client in ADAPTERS {
        let mut config = ca.config("127.0.0.1", |_| {});
        if keys == "true" {
            config.key_log = Arc::new(rustls::KeyLogFile::new());
        }
        let (port, _) = start(Speaks::Tls(Arc::new(config)));
        let (url, way) = match &plain {
            Some(url) => (url.clone(), Way::Environment),
            None => (format!("https://127.0.0.1:{port}/v3"), Way::Trusting(ca.pem())),
        };
        println!("came to {}", client.token(Cloud::keystone(&url).unwrap(), LONG, &way));
    }
}
