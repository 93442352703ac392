//! The sources of secrets; no command prints one.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, process::Stdio};

use auth_emulator::{Server, System, account};

use crate::{Machine, Run, nhn, otc, run, run_with};

#[test]
fn passwords_come_from_input_or_a_variable() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    for end in ["", "\n", "\r\n", "\nanother line\n"] {
        let input = format!("{}{end}", account::NHN_PASSWORD);
        login.run_as(&["token"], input).ok();
    }
    // Blanks are part of the password.
    let blank = format!("{} \n", account::NHN_PASSWORD);
    login.run_as(&["token"], blank).failed(3, "401");

    let variable = ("CLOUD_AUTH_TEST_PASSWORD", account::NHN_PASSWORD);
    let arguments = login.bare(&["token", "--password-env", variable.0]);
    run_with(&arguments, "", &[variable]).ok();
    run_with(&arguments, "", &[]).failed(2, "the variable is not set");
}

#[test]
fn no_terminal_no_prompt() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    run(&login.bare(&["token"]), "").failed(2, "--password-stdin or --password-env");
    login.run_as(&["token"], "").failed(2, "no password on standard input");
    login.run_as(&["token"], "\n").failed(2, "credential.password: empty");
    assert_eq!(server.emulator().requests(System::NhnIaas), 0);
}

/// Wherever it stands, and also if it is not UTF-8.
#[test]
fn misplaced_secrets_are_not_echoed() {
    let machine = Machine::with("clouds: {}");
    for before in [
        &["token"][..],
        &["curl", "/", "-H"],
        &["curl", "/", "-H=X-Auth-Token:"],
        &["curl", "/", "-X"],
        &["token", "--password"],
        &["token", "--password="],
        &["token", "--format="],
        &["token", "--password-stdin="],
        &["token", "--password-env="],
        &["token", "--token-env"],
        &["token", "-p"],
        &["token", "--"],
        &["projects", "--timeout"],
        &["completions"],
        &["help"],
        &["--emulator"],
        &[],
    ] {
        for secret in [&b"t0ps3cret \x7f"[..], b"t0ps3cret\xff"] {
            let mut arguments: Vec<_> = before.iter().map(OsString::from).collect();
            let is_open =
                before.last().is_some_and(|last| last.ends_with(['=', ':']) || *last == "-p");
            let secret = OsString::from_vec(secret.to_vec());
            match arguments.last_mut().filter(|_| is_open) {
                Some(last) => last.push(&secret),
                None => arguments.push(secret),
            }
            let mut command = machine.command(&[], &[]);
            let run = Run::of(command.args(&arguments).stdin(Stdio::null()).output().unwrap());
            assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
            silent(&run, "t0ps3cret");
        }
    }
}

#[test]
fn a_password_is_not_an_argument() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    for flag in ["--password", "--secret", "--token", "--passcode"] {
        let flag = format!("{flag}={}", account::NHN_PASSWORD);
        let run = login.run_as(&["token", &flag], "");
        silent(&run, account::NHN_PASSWORD);
        run.failed(2, "unexpected argument");
    }
    login.run_as(&["token", "--password-stdin=t0ps3cret"], "").failed(2, "unexpected value");
    assert_eq!(server.emulator().requests(System::NhnIaas), 0);
    // A password in place of a variable's name is not repeated.
    let run = run(&login.bare(&["token", "--password-env", "t0ps3cret"]), "");
    silent(&run, "t0ps3cret");
    run.failed(2, "not the password itself");
}

#[test]
fn no_command_prints_a_password() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let token = login.run(&["token"]);
    silent(&token, account::NHN_PASSWORD);
    for command in [
        &["token", "--format", "json"][..],
        &["token", "--format", "table"],
        &["token", "--format", "shell"],
        &["catalog"],
        &["catalog", "--format", "json"],
        &["endpoint", "compute"],
        &["projects"],
    ] {
        silent(&login.run(command), account::NHN_PASSWORD);
    }
    for command in ["token", "catalog", "projects"] {
        silent(&login.run_as(&[command], "t0ps3cret"), "t0ps3cret");
    }
    let demo = run(&["demo", "--format", "json"], "");
    for secret in [account::NHN_PASSWORD, account::KAKAO_SECRET, account::HUAWEI_PASSWORD] {
        silent(&demo, secret);
    }
}

#[test]
fn an_existing_token_is_not_printed() {
    let server = Server::start().unwrap();
    let url = server.url(System::Otc);
    let project = ["--project", account::OTC_PROJECT_NAME];
    let login = otc(&server);
    let token = login.run(&[&["token"], &project[..]].concat()).ok();
    let token = token.trim_end();
    let own = format!("X-Subject-Token: {token}");
    for (command, code) in [
        (&["catalog"][..], 0),
        (&["catalog", "--format", "json"], 0),
        (&["endpoint", "compute"], 0),
        (&["endpoint", "nothing"], 4),
        (&["projects", "--format", "json"], 0),
        (&["validate"], 0),
        (&["validate", "--format", "json"], 0),
        (&["curl", "-i", "--service", "compute", "/servers"], 0),
        // The answer has the token in a header.
        (&["curl", "-i", "--service", "identity", "/auth/tokens", "-H", &own], 0),
        (&["curl", "-i", "http://elsewhere.example/"], 2),
        (&["config", "--cloud", "otc"], 0),
        (&["revoke"], 0),
        (&["validate"], 1),
        (&["catalog"], 3),
    ] {
        let given = ["--cloud", "otc", "--identity-url", &url, "--token-env", "T"];
        let given = if command[0] == "config" { &[] } else { &given[..] };
        let run = run_with(&[command, given].concat(), "", &[("T", token)]);
        assert_eq!(run.code, code, "{command:?}: {run:?}");
        silent(&run, token);
    }
}

#[test]
fn configured_secrets_are_not_printed() {
    for (profile, secret) in [
        ("federated", account::OIDC_CLIENT_SECRET),
        ("huawei", account::HUAWEI_PASSWORD),
        ("kakao", account::KAKAO_SECRET),
        ("nhn", account::NHN_PASSWORD),
    ] {
        let emulator = format!("--emulator={profile}");
        for command in [
            &["config"][..],
            &["config", "--format", "json"],
            &["validate"],
            &["revoke"],
            &["projects"],
            &["curl", "-i", "--service", "image", "/"],
            &["curl", "--service", "nothing", "/"],
        ] {
            silent(&run(&[&[emulator.as_str()], command].concat(), ""), secret);
        }
    }
    let typo = "clouds: {c: {auth: {auth_url: 'https://k.example', pasword: t0ps3cret}}}";
    let run = Machine::with(typo).run(&["config"], "", &[]);
    assert!(run.err.contains("did you mean password?"), "{run:?}");
    silent(&run, "t0ps3cret");
}

fn silent(run: &Run, secret: &str) {
    assert!(!run.out.contains(secret) && !run.err.contains(secret), "{run:?}");
}
