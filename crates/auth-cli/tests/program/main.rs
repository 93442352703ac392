//! The program, run as a user runs it.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

mod commands;
mod configured;
mod curl;
mod demo;
mod echo;
mod emulator;
mod failures;
mod federated;
mod inspect;
mod odd_configurations;
mod plain_http;
mod prompt;
mod proxies;
mod readme;
mod secrets;
mod snapshots;
mod store;
mod tls;
mod tokens;

use std::{
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use auth_emulator::{Server, System, account};
use tempfile::TempDir;

/// How a run ended.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    /// Without the line that says what the program waits for: a busy machine makes any run slow.
    err: String,
    /// That line.
    waited: String,
}

/// Runs the program with these arguments and this standard input, without a configuration.
fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run_with(arguments, input, &[])
}

fn run_with(arguments: &[&str], input: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> Run {
    Machine::with("clouds: {}").run(arguments, input, variables)
}

/// A home directory with this configuration, and nothing else.
struct Machine(TempDir);

impl Machine {
    /// The program searches the working directory first, so it reads no other file.
    fn with(clouds: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("clouds.yaml", clouds);
        machine.write("secure.yaml", "clouds: {}");
        machine.write("clouds-public.yaml", "public-clouds: {}");
        machine
    }

    /// Writes a file that only its owner can read.
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
        testing::configured::program(&mut command);
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
        // A program without input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(child.wait_with_output().unwrap())
    }
}

impl Run {
    fn of(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        let (waited, err) =
            err.split_inclusive('\n').partition(|line| line.starts_with("waiting for "));
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err,
            waited,
        }
    }

    /// The output of a successful run.
    fn ok(self) -> String {
        assert!(self.code == 0 && self.err.is_empty(), "{self:?}");
        self.out
    }

    /// The error text of a run that failed with this code, with this part in the text.
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

/// The flags of a login that works with the emulator, and its secret.
struct LoginFlags {
    flags: Vec<String>,
    secret: &'static str,
}

impl LoginFlags {
    fn new(cloud: &str, url: &str, user: [&str; 4], secret: &'static str) -> Self {
        let flags = ["--cloud", cloud, "--identity-url", url].into_iter().chain(user);
        let flags = flags.filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
        Self { flags, secret }
    }

    /// Runs a command with the secret on standard input.
    fn run(&self, command: &[&str]) -> Run {
        self.run_as(command, self.secret)
    }

    fn run_as(&self, command: &[&str], secret: impl AsRef<[u8]>) -> Run {
        run(&with(command, &self.flags), secret)
    }

    /// A command and the flags, without a source of the secret.
    fn bare<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        command.iter().copied().chain(self.flags.iter().map(String::as_str)).collect()
    }
}

fn nhn(server: &Server) -> LoginFlags {
    let user = ["--user", account::NHN_USER, "--tenant-id", account::NHN_TENANT];
    LoginFlags::new("nhn", &server.url(System::NhnIaas), user, account::NHN_PASSWORD)
}

fn otc(server: &Server) -> LoginFlags {
    let user = ["--user", account::OTC_USER, "--user-domain", account::OTC_DOMAIN];
    LoginFlags::new("otc", &server.url(System::Otc), user, account::OTC_PASSWORD)
}

fn kakao(server: &Server) -> LoginFlags {
    let key = ["--application-credential-id", account::KAKAO_KEY_ID, "", ""];
    LoginFlags::new("kakao", &server.url(System::Kakao), key, account::KAKAO_SECRET)
}

/// A user of a stock Keystone at this URL, who waits for the password.
fn stock<'a>(command: &'a str, url: &'a str) -> [&'a str; 8] {
    let cloud = ["--cloud", "keystone", "--identity-url", url];
    let [a, b, c, d] = cloud;
    [command, a, b, c, d, "--user-id", "u", "--password-stdin"]
}

/// A cloud `c` of Open Telekom Cloud with the documented user.
fn otc_machine(server: &Server, beside: &str, auth: &str) -> Machine {
    Machine::with(&format!(
        "clouds: {{c: {{profile: otc, {beside}, auth: {{auth_url: '{}', username: {}, \
         password: {}, user_domain_name: {}, {auth}}}}}}}",
        server.url(System::Otc),
        account::OTC_USER,
        account::OTC_PASSWORD,
        account::OTC_DOMAIN,
    ))
}

/// A command and the flags of a login, with the password on standard input.
fn with<'a>(command: &[&'a str], login: &'a [String]) -> Vec<&'a str> {
    let login = login.iter().map(String::as_str);
    command.iter().copied().chain(login).chain(["--password-stdin"]).collect()
}
