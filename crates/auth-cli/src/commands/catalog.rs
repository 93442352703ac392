use std::process::ExitCode;

use auth_inspect::{EndpointView, ServiceView};
use auth_proto::Interface;
use clap::Args;

use crate::{
    cloud::Clouds,
    login::{Context, LoginArgs},
    output::{Failure, Format, OUTPUT, print},
};

#[derive(Args, Debug)]
pub(crate) struct CatalogArgs {
    /// List only services of this type or name; repeat the flag for several
    #[arg(long, value_name = "TYPE")]
    service: Vec<String>,

    #[command(flatten)]
    login: LoginArgs,

    /// How to print the catalog
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    format: Format,
}

impl CatalogArgs {
    pub(crate) fn run(&self, clouds: &Clouds) -> Result<ExitCode, Failure> {
        let chosen = self.login.cloud(clouds)?;
        let context = Context::new(&chosen, &self.login)?;
        let token = context.token()?;
        let Some(catalog) = token.catalog() else {
            return Err(Failure::failed(match self.login.gives_token() {
                true => {
                    "catalog: not available for an existing token of this cloud; log in to get one, or \
                     use `cloud-auth curl` with a full URL"
                }
                false => "catalog: missing from the token; request a project or domain scope",
            }));
        };
        let services = self.wanted(auth_inspect::services(catalog))?;
        match self.format {
            Format::Json => print::json(&services)?,
            Format::Table => {
                let header = ["type", "name", "interface", "region", "url"];
                print::table(&header, services.iter().flat_map(rows))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The services that match the flags. The configured region and interfaces do not filter: the
    /// command shows the whole catalog by default.
    fn wanted<'a>(&self, all: Vec<ServiceView<'a>>) -> Result<Vec<ServiceView<'a>>, Failure> {
        let region = self.login.cloud_args().region();
        let interfaces = self.login.cloud_args().interfaces();
        let is_all = self.service.is_empty() && region.is_none() && interfaces.is_empty();
        if is_all {
            return Ok(all);
        }
        let types: Vec<_> = all.iter().map(|service| service.service_type.to_owned()).collect();
        let by_name = |service: &ServiceView<'_>| {
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
                "no endpoint matches --service, --region and --interface; the catalog has the \
                 service types {}",
                types.join(", ")
            ))),
        }
    }
}

/// Region `*` and no region match every region.
fn fits(endpoint: &EndpointView, region: Option<&str>, interfaces: &[Interface]) -> bool {
    let own = endpoint.region.as_deref().filter(|own| *own != "*");
    let in_region = region.is_none() || own.is_none() || own == region;
    let is = |wanted: &Interface| endpoint.interface == wanted.as_str();
    in_region && (interfaces.is_empty() || interfaces.iter().any(is))
}

fn rows(service: &ServiceView<'_>) -> Vec<Vec<String>> {
    let row = |interface: &str, region: &str, url: &str| {
        let name = service.name.unwrap_or_default();
        [service.service_type, name, interface, region, url].map(str::to_owned).to_vec()
    };
    if service.endpoints.is_empty() {
        return vec![row("", "", "")];
    }
    let of = |endpoint: &EndpointView| {
        row(&endpoint.interface, endpoint.region.as_deref().unwrap_or_default(), &endpoint.url)
    };
    service.endpoints.iter().map(of).collect()
}
