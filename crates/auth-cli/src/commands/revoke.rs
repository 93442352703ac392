use std::process::ExitCode;

use auth_proto::Revoke;
use clap::Args;

use super::expect_v3;
use crate::{
    clouds::Clouds,
    failure::Failure,
    secret::SubjectArgs,
    session::{AccountArgs, Session},
};

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    account: AccountArgs,
}

impl RevokeArgs {
    /// Says nothing if all goes well: a token that is gone already is as good as one that is ended.
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = clouds.find(&self.account.cloud)?;
        expect_v3(
            &place.cloud,
            "cannot end a token; it ends by itself, or with the next change of the API password",
        )?;
        let given = self.subject.read()?;
        let session = Session::new(&place, &self.account)?;
        let own = session.token()?;
        let subject = given.unwrap_or_else(|| own.expose().into());
        session.run(&Revoke::new(&session.cloud(), subject))?;
        Ok(ExitCode::SUCCESS)
    }
}
