use std::process::ExitCode;

use auth_proto::Revoke;
use clap::Args;

use super::{expect_v3, own_token};
use crate::{
    clouds::Clouds,
    failure::Failure,
    session::{AccountArgs, Session},
};

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    account: AccountArgs,
}

impl RevokeArgs {
    /// Says nothing if all goes well.
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = clouds.find(&self.account.cloud)?;
        expect_v3(
            &place.cloud,
            "cannot end a token; it ends by itself, or with the next change of the API password",
        )?;
        let session = Session::without_catalog(&place, &self.account)?;
        let token = own_token(&session, &self.account)?;
        session.run(&Revoke::new(&session.cloud(), token.expose()))?;
        Ok(ExitCode::SUCCESS)
    }
}
