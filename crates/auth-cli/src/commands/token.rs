use std::process::ExitCode;

use auth_proto::{Token, timestamp};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    args::OUTPUT,
    clouds::Clouds,
    failure::Failure,
    print,
    session::{AccountArgs, Session},
    shapes::DetailsShape,
};

#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    account: AccountArgs,

    /// Ask for a token without its catalog, which may be large; v2.0 clouds (nhn) send it all the
    /// same
    #[arg(long, help_heading = OUTPUT)]
    no_catalog: bool,

    /// How to print the token
    #[arg(long, value_enum, default_value_t = TokenFormat::Plain, help_heading = OUTPUT)]
    format: TokenFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    /// The token and nothing else
    Plain,
    /// The token, and a table of what it is good for
    Table,
    /// The token and what it is good for, for programs
    Json,
    /// A line for a shell that exports OS_TOKEN
    Shell,
}

#[derive(Serialize)]
struct TokenJson<'a> {
    token: &'a str,
    #[serde(flatten)]
    details: DetailsShape<'a>,
}

impl TokenArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = clouds.find(&self.account.cloud)?;
        let session = match self.no_catalog {
            false => Session::new(&place, &self.account)?,
            true => Session::without_catalog(&place, &self.account)?,
        };
        let token = session.token()?;
        let text = token.expose();
        match self.format {
            TokenFormat::Plain => print::text(&format!("{text}\n"))?,
            TokenFormat::Table => {
                print::text(&format!("{text}\n\n"))?;
                print::table(&["token", ""], details(&token))?;
            }
            TokenFormat::Json => {
                print::json(&TokenJson { token: text, details: DetailsShape::of(&token) })?;
            }
            TokenFormat::Shell => print::text(&format!("export OS_TOKEN={}\n", quoted(text)))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a token is good for, as the rows of a table.
pub(super) fn details(token: &Token) -> Vec<Vec<String>> {
    let named = |name: &Option<String>, id: &Option<String>| match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    let ends = match token.is_validated() {
        true => timestamp::format(token.expires_at()),
        false => "unknown: the cloud does not tell".to_owned(),
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

/// One word of a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_read_one_word() {
        assert_eq!(quoted("abc=="), "'abc=='");
        assert_eq!(quoted("a'b$(c)"), r"'a'\''b$(c)'");
    }
}
