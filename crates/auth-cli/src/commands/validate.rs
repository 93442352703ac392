use std::process::ExitCode;

use auth_proto::Validate;
use clap::Args;
use serde::Serialize;

use super::{expect_v3, token::details};
use crate::{
    args::{Format, OUTPUT},
    clouds::Clouds,
    failure::Failure,
    print,
    secret::SubjectArgs,
    session::{AccountArgs, Session},
    shapes::DetailsShape,
};

#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    subject: SubjectArgs,

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
        let place = clouds.find(&self.account.cloud)?;
        expect_v3(
            &place.cloud,
            "cannot be asked about a token; try the token on a service, with curl",
        )?;
        let given = self.subject.read()?;
        let session = Session::new(&place, &self.account)?;
        let own = session.token()?;
        let subject = given.unwrap_or_else(|| own.expose().into());
        let Some(token) = session.run(&Validate::new(&session.cloud(), subject))? else {
            return Err(Failure::failed(
                "the token is not good: it has ended, was revoked, or is of another cloud; get a \
                 new one with `cloud-auth token`",
            ));
        };
        match self.format {
            Format::Json => {
                print::json(&Validated { valid: true, details: DetailsShape::of(&token) })?;
            }
            Format::Table => print::table(&["valid", "yes"], details(&token))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
