//! The program itself, run as its users run it.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

mod commands;
mod configured;
mod curl;
mod demo;
mod echo;
mod emulator;
mod failures;
mod inspect;
mod readme;
mod secrets;
mod snapshots;
mod tls;
mod tokens;

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
};

use auth_emulator::{Server, System, account};
use tempfile::TempDir;

/// How a run ended.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program with these arguments and this on its standard input, where nothing is configured.
fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run_with(arguments, input, &[])
}

fn run_with(arguments: &[&str], input: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> Run {
    Machine::with("clouds: {}").run(arguments, input, variables)
}

/// A home with this configuration, and with nothing of the developer's own.
struct Machine(TempDir);

impl Machine {
    /// The working directory is searched first, so that no file elsewhere is read.
    fn with(clouds: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("clouds.yaml", clouds);
        machine.write("secure.yaml", "clouds: {}");
        machine.write("clouds-public.yaml", "public-clouds: {}");
        machine
    }

    /// A file that only its owner can read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-auth"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command.envs(variables.iter().copied());
        command
    }

    fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> Run {
        let mut child = self
            .command(arguments, variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that wants no input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(child.wait_with_output().unwrap())
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

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

/// The commands that `--help` lists.
fn commands(help: &str) -> Vec<&str> {
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = commands.lines().filter(|line| !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap());
    names.filter(|command| *command != "help").collect()
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
