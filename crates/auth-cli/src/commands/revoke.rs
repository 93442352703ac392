use std::process::ExitCode;

use auth_proto::Revoke;
use clap::Args;

use super::{expect_v3, own_token};
use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs},
    output::Failure,
};

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    login: LoginArgs,
}

impl RevokeArgs {
    /// Prints nothing on success.
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let chosen = self.login.cloud(clouds)?;
        expect_v3(
            &chosen.cloud,
            "cannot revoke a token; the token expires, or ends when the API password changes",
        )?;
        let context = Context::new(&chosen, &self.login)?;
        let token = own_token(&context, &self.login)?;
        context.run(&Revoke::new(&context.cloud(), token.expose()))?;
        context.forget();
        Ok(ExitCode::SUCCESS)
    }
}
