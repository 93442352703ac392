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
#[path = "../machine/mod.rs"]
mod machine;
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

use auth_emulator::{Server, System, account};

use machine::{Machine, Run};

/// Runs the program with these arguments and this standard input, without a configuration.
fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run_with(arguments, input, &[])
}

fn run_with(arguments: &[&str], input: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> Run {
    Machine::with("clouds: {}").run(arguments, input, variables)
}

impl Run {
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
