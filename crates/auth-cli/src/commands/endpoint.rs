use std::process::ExitCode;

use clap::Args;

use crate::{
    clouds::Clouds,
    failure::Failure,
    print,
    session::{AccountArgs, Session},
};

#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    /// The service's type, such as compute, network or object-store
    service: String,

    #[command(flatten)]
    account: AccountArgs,
}

impl EndpointArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let (place, want) = clouds.find_service(&self.service, &self.account)?;
        let session = Session::new(&place, &self.account)?.serving(Some(&want))?;
        let url = session.with(|client| client.endpoint(&want))?;
        print::text(&format!("{}\n", print::clean(&url)))?;
        Ok(ExitCode::SUCCESS)
    }
}
