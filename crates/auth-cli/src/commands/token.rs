use std::{process::ExitCode, time::Duration};

use auth_inspect::TokenView;
use auth_proto::{Token, timestamp};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs, TokenWish, duration},
    output::{Failure, OUTPUT, print, shell},
};

#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    login: LoginArgs,

    /// Request a token without its catalog, which may be large; v2.0 clouds (nhn) send the catalog
    /// anyway
    #[arg(long, help_heading = TOKEN)]
    no_catalog: bool,

    /// Log in although the store has a token, after a change of the user's roles, or if a service
    /// refuses it; the new token replaces the stored one for all runs. A refused password is not sent
    /// earlier: `cloud-auth logout` forgets the refusal
    #[arg(long, conflicts_with = "token", help_heading = TOKEN)]
    fresh: bool,

    /// Ask for a token that lives for this time at least, such as 90m or 12h; a time above nine tenths
    /// of a token's life in this cloud counts as nine tenths. A shorter token is printed with a warning
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = TOKEN)]
    min_life: Option<Duration>,

    /// How to print the token
    #[arg(long, value_enum, default_value_t = TokenFormat::Plain, help_heading = OUTPUT)]
    format: TokenFormat,
}

const TOKEN: &str = "Token";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    /// The token only
    Plain,
    /// The token, and a table of its user, scope and end
    Table,
    /// The token with its user, scope and end, for programs
    Json,
    /// A command that exports OS_TOKEN, for eval in bash, dash, zsh and fish
    Shell,
}

#[derive(Serialize)]
struct TokenJson<'a> {
    token: &'a str,
    #[serde(flatten)]
    details: TokenView<'a>,
}

impl TokenArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let chosen = self.login.cloud(clouds)?;
        let wish = TokenWish {
            no_catalog: self.no_catalog,
            is_fresh: self.fresh,
            life: self.min_life.unwrap_or_default(),
        };
        let context = Context::wishing(&chosen, &self.login, wish)?;
        let token = context.token()?;
        context.warn_of_short_life(&token);
        let text = token.expose();
        match self.format {
            TokenFormat::Plain => print::text(&format!("{text}\n"))?,
            TokenFormat::Table => {
                print::text(&format!("{text}\n\n"))?;
                print::table(&["token", ""], details(&token))?;
            }
            TokenFormat::Json => {
                print::json(&TokenJson { token: text, details: TokenView::new(&token) })?;
            }
            TokenFormat::Shell => print::text(&shell::export("OS_TOKEN", text)?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A token's user, scope and end, as the rows of a table.
pub(super) fn details(token: &Token) -> Vec<Vec<String>> {
    let named = |name: &Option<String>, id: &Option<String>| match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    let ends = match token.is_validated() {
        true => timestamp::format(token.expires_at()),
        false => "unknown".to_owned(),
    };
    let mut rows = vec![("expires at", ends)];
    rows.extend(token.issued_at().map(|at| ("issued at", timestamp::format(at))));
    rows.push(("user", named(&token.user().name, &token.user().id)));
    rows.extend(token.project().map(|it| ("project", named(&it.name, &it.id))));
    rows.extend(token.domain().map(|it| ("domain", named(&it.name, &it.id))));
    rows.extend(token.trust_id().map(|id| ("trust", id.to_owned())));
    rows.extend(token.is_system().then(|| ("system", "all".to_owned())));
    let roles: Vec<_> = token.roles().iter().filter_map(|role| role.name.as_deref()).collect();
    rows.push(("roles", roles.join(", ")));
    rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect()
}
