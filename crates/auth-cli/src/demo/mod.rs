//! The demonstration: every documented login, through both adapters, to the emulator.

mod logins;
mod run;

use std::process::ExitCode;

use auth_emulator::Server;
use auth_inspect::sha256;
use auth_proto::{Token, timestamp};
use clap::Args;
use serde::Serialize;

use crate::output::{Failure, Format, OUTPUT, print};
use logins::DemoLogin;

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How to print the logins
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

impl DemoArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let server = Server::start().map_err(|why| {
            Failure::failed(format!(
                "cannot start the emulator: {why}; allow this program to listen on loopback"
            ))
        })?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| {
                Failure::failed(format!(
                    "cannot start an asynchronous runtime: {why}; check the process limits"
                ))
            })?;
        let mut rows = Vec::new();
        for login in logins::all(&server)? {
            rows.push(LoginResult::new(&login, "ureq", run::ureq(&login)));
            rows.push(LoginResult::new(&login, "reqwest", runtime.block_on(run::reqwest(&login))));
        }
        match self.format {
            Format::Json => print::json(&rows)?,
            Format::Table => print::table(&HEADER, rows.iter().map(LoginResult::cells))?,
        }
        Ok(if rows.iter().all(|row| row.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The result of one login through one adapter.
#[derive(Serialize)]
struct LoginResult {
    system: &'static str,
    document: &'static str,
    method: &'static str,
    scope: &'static str,
    adapter: &'static str,
    ok: bool,
    token_sha256: Option<String>,
    expires_at: Option<String>,
    endpoints: usize,
    error: Option<String>,
    #[serde(skip)]
    lifetime: String,
}

impl LoginResult {
    fn new(login: &DemoLogin, adapter: &'static str, outcome: run::Outcome) -> Self {
        let token = outcome.token.as_deref();
        Self {
            system: login.cloud.name(),
            document: login.system.document().unwrap_or_default(),
            method: login.method,
            scope: login.scope_name,
            adapter,
            ok: outcome.error.is_none(),
            token_sha256: token.map(|token| sha256(token.expose())),
            expires_at: token.map(|token| timestamp::format(token.expires_at())),
            endpoints: token.map(endpoints).unwrap_or_default(),
            error: outcome.error,
            lifetime: token.map(lifetime).unwrap_or_default(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let result = self.error.as_deref().unwrap_or("ok");
        let endpoints = self.endpoints.to_string();
        [
            self.system,
            self.document,
            self.method,
            self.scope,
            self.adapter,
            result,
            &self.lifetime,
            &endpoints,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

const HEADER: [&str; 8] =
    ["system", "document", "method", "scope", "adapter", "result", "lifetime", "endpoints"];

/// The number of endpoints in the token's catalog.
fn endpoints(token: &Token) -> usize {
    let services = token.catalog().into_iter().flat_map(|catalog| catalog.services());
    services.map(|service| service.endpoints().len()).sum()
}

/// The time from issue to end as hours, minutes and seconds; rounded up, because NHN Cloud writes
/// the end without a fraction.
fn lifetime(token: &Token) -> String {
    let Some(issued_at) = token.issued_at() else { return String::new() };
    let lifetime = token.expires_at() - issued_at;
    let seconds = lifetime.whole_seconds() + i64::from(lifetime.subsec_nanoseconds() > 0);
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
