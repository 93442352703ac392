use std::process::ExitCode;

use auth_inspect::TokenView;
use auth_proto::Validate;
use clap::Args;
use serde::Serialize;

use super::{expect_v3, not_valid, own_token, token::details};
use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs},
    output::{Failure, Format, OUTPUT, print},
};

#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    login: LoginArgs,

    /// How to print the token's user, scope and end
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

#[derive(Serialize)]
struct Validated<'a> {
    valid: bool,
    #[serde(flatten)]
    details: TokenView<'a>,
}

impl ValidateArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let chosen = self.login.cloud(clouds)?;
        expect_v3(
            &chosen.cloud,
            "cannot validate a token; call a service instead: `cloud-auth curl` with a full URL",
        )?;
        let context = Context::new(&chosen, &self.login)?;
        let token = own_token(&context, &self.login)?;
        let token = context.run(&Validate::new(&context.cloud(), token.expose()))?;
        let token = token.ok_or_else(not_valid)?;
        match self.format {
            Format::Json => {
                print::json(&Validated { valid: true, details: TokenView::new(&token) })?;
            }
            Format::Table => print::table(&["valid", "yes"], details(&token))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
