//! The program itself, run as its users run it.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

mod commands;
mod demo;
mod failures;
mod inspect;
mod secrets;

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use auth_emulator::{Server, System, account};

/// How a run ended.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program with these arguments and this on its standard input.
fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run_with(arguments, input, &[])
}

fn run_with(arguments: &[&str], input: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloud-auth"))
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that wants no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    /// What it printed, if it went well.
    fn ok(self) -> String {
        assert!(self.code == 0 && self.err.is_empty(), "{self:?}");
        self.out
    }

    /// What it said, if it failed with this code and in this way.
    fn failed(self, code: i32, part: &str) -> String {
        assert!(self.code == code && self.out.is_empty(), "{self:?}");
        assert!(self.err.starts_with("error: ") && self.err.contains(part), "{self:?}");
        self.err
    }

    fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

/// The flags of a login that works at the emulator, but for the password.
fn nhn(server: &Server) -> Vec<String> {
    let url = server.url(System::NhnIaas);
    flags(&[
        "--cloud",
        "nhn",
        "--identity-url",
        &url,
        "--user",
        account::NHN_USER,
        "--tenant-id",
        account::NHN_TENANT,
    ])
}

fn otc(server: &Server) -> Vec<String> {
    let url = server.url(System::Otc);
    flags(&[
        "--cloud",
        "otc",
        "--identity-url",
        &url,
        "--user",
        account::OTC_USER,
        "--user-domain",
        account::OTC_DOMAIN,
    ])
}

fn kakao(server: &Server) -> Vec<String> {
    let url = server.url(System::Kakao);
    let key = account::KAKAO_KEY_ID;
    flags(&["--cloud", "kakao", "--identity-url", &url, "--application-credential-id", key])
}

fn flags(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// A command, its own arguments, and the flags of a login with the password on standard input.
fn with<'a>(command: &[&'a str], login: &'a [String]) -> Vec<&'a str> {
    let login = login.iter().map(String::as_str);
    command.iter().copied().chain(login).chain(["--password-stdin"]).collect()
}

/// Answers one login with this: its identity URL, and what is sent there.
fn serve_once(answer: impl Into<String>) -> (String, thread::JoinHandle<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", listener.local_addr().unwrap());
    let request = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, request)
}
