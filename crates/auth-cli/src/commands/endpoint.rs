use std::process::ExitCode;

use auth_proto::{Cloud, EndpointError, EndpointQuery, Error, ErrorKind, Token};
use clap::Args;

use crate::{
    cloud::{Clouds, warn_of_plain_http},
    login::{Context, LoginArgs},
    output::{Failure, failure::remedy, print},
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
        let (token, cloud) = (context.token()?, context.cloud());
        let url = match cloud.endpoint(&token, &query) {
            Err(why) => url_of_refused(cloud.clone(), &token, &query, why)?,
            Ok(endpoint) => {
                warn_of_plain_http(endpoint.url());
                endpoint.url().to_owned()
            }
        };
        print::text(&format!("{}\n", print::clean(&url)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The URL of an endpoint that a token must not be sent to. This command sends none, so it only
/// warns.
fn url_of_refused(
    cloud: Cloud,
    token: &Token,
    query: &EndpointQuery,
    why: Error,
) -> Result<String, Failure> {
    let ErrorKind::Endpoint(EndpointError::Refused { origin, why }) = why.kind() else {
        return Err(why.into());
    };
    print::warning(&format!("{origin}: no token is sent there: {why}{}", remedy(why)));
    Ok(cloud.allow_origin(origin)?.endpoint(token, query)?.url().to_owned())
}
