use std::process::ExitCode;

use clap::Args;

use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs},
    output::{Failure, print},
};

#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    /// The service type, such as compute, network or object-store
    service: String,

    #[command(flatten)]
    login: LoginArgs,
}

impl EndpointArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let (chosen, query) = self.login.service(clouds, &self.service)?;
        let context = Context::new(&chosen, &self.login)?.for_service(Some(&query))?;
        let url = context.with(|client| client.endpoint(&query))?;
        print::text(&format!("{}\n", print::clean(&url)))?;
        Ok(ExitCode::SUCCESS)
    }
}
