//! The help and the error texts, word for word.

use std::net::TcpListener;

use auth_emulator::{Server, account};
use insta::assert_snapshot;

use crate::{Machine, Run, commands, nhn, otc, run, stock, with};

#[test]
fn help() {
    let top = run(&["--help"], "").ok();
    for command in commands(&top) {
        assert_snapshot!(format!("help_{command}"), run(&[command, "--help"], "").ok());
    }
    assert_snapshot!("help", top);
}

#[test]
fn wrong_calls() {
    let clouds = Machine::with("clouds: {a: {}, b: {}}");
    let bad = Machine::with("clouds: {a: {auth: {auth_url: 'https://k.example', token: x}}");
    let server = Server::start().unwrap();
    let (nhn, otc) = (nhn(&server), otc(&server));
    let nothing = Machine::with("clouds: {}");
    let said = [
        nothing.run(&["token", "--cloud", "ohc"], "", &[]),
        nothing.run(&["token", "--cloud", "nhn"], "", &[]),
        nothing.run(&["token", "--cloud", "keystone"], "", &[]),
        nothing.run(&["token", "--cloud", "citycloud", "--user-id", "u"], "", &[]),
        clouds.run(&["token"], "", &[]),
        clouds.run(&["token", "--cloud", "a"], "", &[]),
        bad.run(&["token"], "", &[]),
        nothing.run(&with(&["token", "--project", "p"], &nhn.flags[..6]), "", &[]),
        nothing.run(&with(&["token", "--system"], &otc.flags), "", &[]),
        nothing.run(&with(&["token"], &otc.flags), "", &[]),
        nothing.run(&["token", "--emulator=otc", "--password-env", "NO"], "", &[]),
        nothing.run(&["validate", "--emulator=otc", "--token-env", "NO"], "", &[]),
        nothing.run(&["curl", "--emulator=otc", "/servers"], "", &[]),
        nothing.run(&["curl", "--emulator=otc", "-H", "A", "https://k.example"], "", &[]),
        nothing.run(&["token", "--emulator=kakao", "--totp"], "", &[]),
        nothing.run(&["config", "--cloud", "keystone"], "", &[]),
        nothing.run(&["curl", "--emulator=otc", "ftp://k.example"], "", &[]),
        nothing.run(&["curl", "--emulator=otc", "http://k.example"], "", &[]),
        nothing.run(&["tokn"], "", &[]),
    ];
    assert!(said.iter().all(|run| run.code == 2), "{said:#?}");
    assert_snapshot!(all(&said, &[&clouds, &bad, &nothing]));
}

#[test]
fn refusals() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", closed.local_addr().unwrap());
    drop(closed);
    let said = [
        run(&["--emulator=nhn", "token", "--password-stdin"], "wrong"),
        run(&["--emulator=otc", "token", "--project", "eu-nl"], ""),
        run(
            &["--emulator=kakao", "token", "--application-credential-id", "k", "--password-stdin"],
            "s",
        ),
        run(&["--emulator=otc", "endpoint", "compte"], ""),
        run(&["--emulator=nhn", "catalog", "--service", "nothing"], ""),
        run(&["--emulator=nhn", "validate"], ""),
        run(&["--emulator=otc", "validate", "--token-stdin"], account::OTC_PASSWORD),
        run(&stock("token", &url), "pw"),
    ];
    let text = all(&said, &[])
        .replace(" (os error 111)", "")
        .replace(&url["http://".len()..url.len() - "/v3".len()], "[HOST]");
    assert_snapshot!(text);
}

/// The error texts with their exit codes, without the temporary paths.
fn all(said: &[Run], machines: &[&Machine]) -> String {
    let mut text = String::new();
    for run in said {
        assert!(run.out.is_empty() && run.err.starts_with("error: "), "{run:?}");
        text.push_str(&format!("exit code {}\n{}\n", run.code, run.err));
    }
    for machine in machines {
        text = text.replace(&machine.0.path().display().to_string(), "[HOME]");
    }
    text
}
