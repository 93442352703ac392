use std::process::ExitCode;

use auth_proto::Validate;
use clap::Args;
use serde::Serialize;

use super::{expect_v3, not_good, own_token, token::details};
use crate::{
    account::AccountArgs,
    args::{Format, OUTPUT},
    clouds::Clouds,
    failure::Failure,
    print,
    session::Session,
    shapes::DetailsShape,
};

#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    account: AccountArgs,

    /// How to print what the token is good for
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

#[derive(Serialize)]
struct Validated<'a> {
    valid: bool,
    #[serde(flatten)]
    details: DetailsShape<'a>,
}

impl ValidateArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = self.account.place(clouds)?;
        expect_v3(
            &place.cloud,
            "cannot be asked about a token; try it on a service: `cloud-auth curl` with a whole URL",
        )?;
        let session = Session::new(&place, &self.account)?;
        let token = own_token(&session, &self.account)?;
        let token = session.run(&Validate::new(&session.cloud(), token.expose()))?;
        let token = token.ok_or_else(not_good)?;
        match self.format {
            Format::Json => {
                print::json(&Validated { valid: true, details: DetailsShape::of(&token) })?;
            }
            Format::Table => print::table(&["valid", "yes"], details(&token))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
