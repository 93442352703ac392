use std::process::ExitCode;

use auth_proto::Interface;
use clap::Args;

use crate::{
    account::AccountArgs,
    args::{Format, OUTPUT},
    clouds::Clouds,
    failure::Failure,
    print,
    session::Session,
    shapes::{self, EndpointShape, ServiceShape},
};

#[derive(Args, Debug)]
pub(crate) struct CatalogArgs {
    /// Only services of this type or name; may be given several times
    #[arg(long, value_name = "TYPE")]
    service: Vec<String>,

    #[command(flatten)]
    account: AccountArgs,

    /// How to print the catalog
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

impl CatalogArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let place = self.account.place(clouds)?;
        let session = Session::new(&place, &self.account)?;
        let token = session.token()?;
        let Some(catalog) = token.catalog() else {
            return Err(Failure::failed(match self.account.secret.gives_token() {
                true => {
                    "the cloud does not tell what the token is good for; log in for a catalog, or \
                     give `cloud-auth curl` a whole URL"
                }
                false => {
                    "the token came without a catalog; ask for the scope of a project or domain"
                }
            }));
        };
        let services = self.wanted(shapes::services(catalog))?;
        match self.format {
            Format::Json => print::json(&services)?,
            Format::Table => {
                let header = ["type", "name", "interface", "region", "url"];
                print::table(&header, services.iter().flat_map(rows))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What is left when the flags have said what is wanted. What is configured cuts nothing off: a
    /// catalog is looked at to see what there is.
    fn wanted<'a>(&self, all: Vec<ServiceShape<'a>>) -> Result<Vec<ServiceShape<'a>>, Failure> {
        let region = self.account.cloud.region();
        let interfaces = self.account.cloud.interfaces();
        let is_all = self.service.is_empty() && region.is_none() && interfaces.is_empty();
        if is_all {
            return Ok(all);
        }
        let types: Vec<_> = all.iter().map(|service| service.service_type.to_owned()).collect();
        let by_name = |service: &ServiceShape<'_>| {
            let is = |want: &String| service.service_type == want || service.name == Some(want);
            self.service.is_empty() || self.service.iter().any(is)
        };
        let left: Vec<_> = all
            .into_iter()
            .filter(by_name)
            .map(|mut service| {
                service.endpoints.retain(|endpoint| fits(endpoint, region, &interfaces));
                service
            })
            .filter(|service| !service.endpoints.is_empty())
            .collect();
        match left.is_empty() {
            false => Ok(left),
            true => Err(Failure::not_found(format!(
                "the catalog has no such endpoint; it has services of the types {}; ask for fewer \
                 of --service, --region and --interface",
                types.join(", ")
            ))),
        }
    }
}

/// Region `*`, and none, serve every region.
fn fits(endpoint: &EndpointShape, region: Option<&str>, interfaces: &[Interface]) -> bool {
    let own = endpoint.region.as_deref().filter(|own| *own != "*");
    let in_region = region.is_none() || own.is_none() || own == region;
    let is = |wanted: &Interface| endpoint.interface == wanted.as_str();
    in_region && (interfaces.is_empty() || interfaces.iter().any(is))
}

fn rows(service: &ServiceShape<'_>) -> Vec<Vec<String>> {
    let row = |interface: &str, region: &str, url: &str| {
        let name = service.name.unwrap_or_default();
        [service.service_type, name, interface, region, url].map(str::to_owned).to_vec()
    };
    if service.endpoints.is_empty() {
        return vec![row("", "", "")];
    }
    let of = |endpoint: &EndpointShape| {
        row(&endpoint.interface, endpoint.region.as_deref().unwrap_or_default(), &endpoint.url)
    };
    service.endpoints.iter().map(of).collect()
}
