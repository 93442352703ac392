//! What can be said on the command line.

use std::path::PathBuf;

use auth_proto::{Dialect, Interface};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{login::LoginArgs, secret::SecretArgs};

/// Log in to Keystone-style clouds: NHN Cloud, Open Telekom Cloud, KakaoCloud, Huawei Cloud, and
/// any other with a Keystone
#[derive(Debug, Parser)]
#[command(
    name = "cloud-auth",
    version,
    max_term_width = 100,
    after_help = "\
Example:
  cloud-auth demo

Exit code: 0 if all went well, 1 if something was refused or failed, 2 if it was called wrongly."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, and list the services that the token is good for
    #[command(after_help = "\
Example:
  cloud-auth catalog --cloud huawei --user IAMUser --user-domain IAMDomain --project cn-north-1")]
    Catalog(CatalogArgs),

    /// Log in to an emulator of each documented cloud, by every documented way
    #[command(after_help = "\
Example:
  cloud-auth demo --format json

It needs no account and no network but the loopback interface.")]
    Demo(DemoArgs),

    /// Log in, and print the URL of a service
    #[command(after_help = "\
Example:
  cloud-auth endpoint compute --region KR1 --cloud nhn --user user@example.com \\
      --tenant-id f5073eaa26b64cffbee89411df94ce01")]
    Endpoint(EndpointArgs),

    /// Tell what an identity service's answer says, as JSON and without its secrets
    #[command(after_help = "\
Example:
  curl -si https://keystone.example.org/v3 | cloud-auth inspect

A token is shown as the SHA-256 of its text. The exit code is 0 if the answer was understood (a
refusal is understood too) and 1 if it was not.")]
    Inspect(InspectArgs),

    /// Log in, and list the projects of the user
    #[command(after_help = "\
Example:
  cloud-auth projects --cloud kakao --application-credential-id KEY_ID --password-env KEY_SECRET")]
    Projects(ProjectsArgs),

    /// Log in, and print the token
    #[command(after_help = "\
Examples:
  curl -H \"X-Auth-Token: $(cloud-auth token --cloud otc --user me --user-domain corp \\
      --project eu-de)\" https://ecs.eu-de.otc.t-systems.com/v2.1/
  eval \"$(cloud-auth token --format shell --cloud nhn --user user@example.com \\
      --tenant-id f5073eaa26b64cffbee89411df94ce01)\"")]
    Token(TokenArgs),
}

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// The protocol that a token is read by
    #[arg(long, value_enum, default_value_t = DialectName::Auto)]
    dialect: DialectName,

    /// The response as `curl -i` prints it: status line, headers, blank line, body; standard input
    /// if there is none or it is `-`
    pub(crate) file: Option<PathBuf>,
}

impl InspectArgs {
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        match self.dialect {
            DialectName::Auto => None,
            DialectName::V2 => Some(Dialect::V2),
            DialectName::V3 => Some(Dialect::V3),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DialectName {
    /// Whichever it is
    Auto,
    /// v2.0: the token in the body
    V2,
    /// v3: the token in the X-Subject-Token header
    V3,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How to print the logins
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct CatalogArgs {
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,

    /// How to print the catalog
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    /// The service's type, such as compute, network or object-store
    pub(crate) service: String,

    /// Only in this region, such as KR1 or eu-de; by default the first one that the cloud lists
    #[arg(long)]
    pub(crate) region: Option<String>,

    /// The interfaces that will do, the preferred one first
    #[arg(long, value_enum, value_delimiter = ',', default_value = "public")]
    interface: Vec<InterfaceName>,

    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

impl EndpointArgs {
    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        let interface = |name: &InterfaceName| match name {
            InterfaceName::Admin => Interface::Admin,
            InterfaceName::Internal => Interface::Internal,
            InterfaceName::Public => Interface::Public,
        };
        self.interface.iter().map(interface).collect()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InterfaceName {
    /// From an administrative network
    Admin,
    /// From inside the cloud
    Internal,
    /// From everywhere
    Public,
}

#[derive(Args, Debug)]
pub(crate) struct ProjectsArgs {
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,

    /// How to print the projects
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = OUTPUT)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,

    /// Ask for a token without its catalog, which may be large; v2.0 clouds (nhn) send it all the
    /// same
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) no_catalog: bool,

    /// How to print the token
    #[arg(long, value_enum, default_value_t = TokenFormat::Plain, help_heading = OUTPUT)]
    pub(crate) format: TokenFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The token and nothing else
    Plain,
    /// The token, and a table of what it is good for
    Table,
    /// The token and what it is good for, for programs
    Json,
    /// A line for a shell that exports OS_TOKEN
    Shell,
}

const OUTPUT: &str = "Output";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        let cli = Cli::command();
        for command in cli.get_subcommands().chain([&cli]) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Example"), "{}", command.get_name());
        }
    }
}
