//! What can be said on the command line. Each command's own flags are beside it, in `commands`.

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    commands::{
        catalog::CatalogArgs, completions::CompletionsArgs, config::ConfigArgs, curl::CurlArgs,
        endpoint::EndpointArgs, inspect::InspectArgs, projects::ProjectsArgs, revoke::RevokeArgs,
        token::TokenArgs, validate::ValidateArgs,
    },
    demo::DemoArgs,
    emulated::Profile,
};

/// Log in to Keystone-style clouds: NHN Cloud, Open Telekom Cloud, KakaoCloud, Huawei Cloud, and
/// any other with a Keystone
#[derive(Debug, Parser)]
#[command(
    name = "cloud-auth",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  cloud-auth --emulator=otc catalog
  OS_CLOUD=work cloud-auth curl --service compute /servers

Exit codes:
  0  all went well
  1  something failed, or the answer is a no: a token that is not good (validate), an HTTP status
     of 400 or above or a redirect (curl), an answer that was not understood (inspect)
  2  the program was called, or is configured, in a way that cannot work
  3  the cloud refused the login or the token
  4  the cloud has no such service, endpoint or region
  5  no answer, or the cloud cannot answer now: the same may work later"
)]
pub(crate) struct Cli {
    /// Run the command against an emulator of this cloud in this process, which needs no account
    /// and no network: the account of the vendor's documents is the configured one
    #[arg(long, global = true, value_enum, value_name = "PROFILE")]
    pub(crate) emulator: Option<Profile>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, and list the services that the token is good for
    #[command(after_help = "\
Examples:
  cloud-auth catalog --cloud huawei --user IAMUser --user-domain IAMDomain --project cn-north-1
  cloud-auth catalog --service compute --service image --region eu-de")]
    Catalog(CatalogArgs),

    /// Print a script that lets a shell complete commands and flags
    #[command(after_help = "\
Example:
  cloud-auth completions bash > ~/.local/share/bash-completion/completions/cloud-auth")]
    Completions(CompletionsArgs),

    /// Show what is configured for a cloud, without its secrets, and where each value came from
    #[command(after_help = "\
Examples:
  cloud-auth config --cloud work
  cloud-auth config --names

Nothing is sent.")]
    Config(ConfigArgs),

    /// Send one request to a service, with the token, and print the answer
    #[command(after_help = "\
Examples:
  cloud-auth curl --service compute /servers
  cloud-auth curl --service network -X POST --json '{\"network\": {\"name\": \"n\"}}' /v2.0/networks
  cloud-auth curl --service object-store -X PUT -d @backup.tar /container/backup.tar

The exit code is 1 if the answer's status is 400 or above, or a redirect, which is never followed.
The token goes to https endpoints only, and to the identity service's own host.
A service has a minute to begin its answer, unless api_timeout is configured.")]
    Curl(CurlArgs),

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

    /// Log in, and list the projects that the user may work in
    #[command(after_help = "\
Example:
  cloud-auth projects --cloud kakao --application-credential-id KEY_ID --password-env KEY_SECRET

v2.0 clouds (nhn) have no such list.")]
    Projects(ProjectsArgs),

    /// End a token before its time
    #[command(after_help = "\
Example:
  cloud-auth revoke --cloud work --token-env OS_TOKEN

Without --token-stdin or --token-env, the token of a fresh login is ended, which shows whether the
cloud allows it. v2.0 clouds (nhn) do not.")]
    Revoke(RevokeArgs),

    /// Log in, and print the token
    #[command(after_help = "\
Examples:
  curl -H \"X-Auth-Token: $(cloud-auth token --cloud otc --user me --user-domain corp \\
      --project eu-de)\" https://ecs.eu-de.otc.t-systems.com/v2.1/
  eval \"$(cloud-auth token --format shell --cloud nhn --user user@example.com \\
      --tenant-id f5073eaa26b64cffbee89411df94ce01)\"")]
    Token(TokenArgs),

    /// Ask the cloud whether a token is good, and what for
    #[command(after_help = "\
Example:
  cloud-auth validate --cloud work --token-env OS_TOKEN

Without --token-stdin or --token-env, the token of a fresh login is asked about. The exit code is 1
if the token is not good. v2.0 clouds (nhn) cannot be asked.")]
    Validate(ValidateArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(crate) const OUTPUT: &str = "Output";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    proptest! {
        #[test]
        fn any_arguments_are_taken_or_refused_with_help(words in vec(word(), 0..8)) {
            let given = [vec!["cloud-auth".to_owned()], words].concat();
            if let Err(why) = Cli::try_parse_from(given) {
                let said = why.to_string();
                prop_assert!(said.contains("Usage:") || said.contains("--help"), "{said}");
            }
        }
    }

    /// A flag or command that there is, with or without a value, or anything.
    fn word() -> impl Strategy<Value = String> {
        let cli = Cli::command();
        let flags = cli.get_subcommands().chain([&cli]).flat_map(|command| command.get_arguments());
        let flags = flags.filter_map(|flag| flag.get_long()).map(|long| format!("--{long}"));
        let names = cli.get_subcommands().map(|command| command.get_name().to_owned());
        let known: Vec<String> = flags.chain(names).collect();
        let flag = select(known.clone());
        prop_oneof![
            3 => select(known),
            2 => (flag, "=[ -~]{0,8}").prop_map(|(flag, value)| flag + &value),
            1 => any::<String>(),
        ]
    }

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
