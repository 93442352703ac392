//! The command line. The flags of a command are in its file in `commands`.

use std::env;

use clap::{
    Parser, Subcommand,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

use crate::{
    cloud::EmulatorProfile,
    commands::{
        catalog::CatalogArgs, completions::CompletionsArgs, config::ConfigArgs, curl::CurlArgs,
        endpoint::EndpointArgs, inspect::InspectArgs, logout::LogoutArgs, projects::ProjectsArgs,
        revoke::RevokeArgs, store::StoreArgs, token::TokenArgs, validate::ValidateArgs,
    },
    demo::DemoArgs,
};

/// Log in to Keystone clouds: NHN Cloud, Open Telekom Cloud, KakaoCloud, Huawei Cloud, OpenStack
#[derive(Debug, Parser)]
#[command(
    name = "cloud-auth",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  cloud-auth --emulator=otc catalog
  cloud-auth --emulator=keystone token --user mfa
  OS_CLOUD=work cloud-auth curl --service compute /servers

Tokens are kept for the next run, sealed in files of this user in $XDG_CACHE_HOME/cloud-auth (or
~/.cache/cloud-auth), so that many runs make one login; a refused password is sent once in half an
hour. --no-store, auth_store: off in clouds.yaml and CLOUD_AUTH_STORE=off turn that off.
CLOUD_AUTH_STORE=redis://HOST:PORT shares tokens between machines that have the same key:
auth_store_key_file in clouds.yaml, or 64 hexadecimal digits in CLOUD_AUTH_STORE_KEY (openssl rand
-hex 32). `cloud-auth store` lists the entries, `cloud-auth logout` ends them.

Exit codes:
  0  success
  1  an error without a code below, or a negative answer: an invalid token (validate), a redirect
     or an HTTP status of 400 or above (curl), an answer that cannot be read (inspect)
  2  wrong arguments or a wrong configuration
  3  the cloud refused the login or the token
  4  the cloud has no such service, endpoint or region
  5  no answer, or a temporary failure: the same command may work later"
)]
pub(crate) struct Cli {
    /// Run the command against an emulated cloud, without an account and without a network; the
    /// emulator runs in this process and replaces the configuration
    #[arg(long, global = true, value_enum, value_name = "PROFILE")]
    pub(crate) emulator: Option<EmulatorProfile>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The arguments of this process. Prints the help and ends the process if they ask for it, and
    /// an error if they are wrong.
    pub(crate) fn of_process() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
            without_values(error, &arguments.collect::<Vec<_>>()).exit()
        })
    }
}

/// The same error without the user's text: any argument may be a secret that was put in the wrong
/// place. The flag stays, if it is a known one, and the number of the argument.
fn without_values(mut error: Error, arguments: &[String]) -> Error {
    // The tips repeat the argument.
    if error.get(ContextKind::Suggested).is_some() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(Vec::new()));
    }
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        // These errors name a flag as it is defined. An empty value was left out.
        let is_known =
            kind == ContextKind::InvalidArg && error.kind() != ErrorKind::UnknownArgument;
        if is_known || text.is_empty() {
            continue;
        }
        let is_it = |argument: &String| {
            argument == text
                || argument.strip_prefix(text).is_some_and(|rest| rest.starts_with('='))
        };
        let hidden = match arguments.iter().position(is_it) {
            Some(at) => format!("(hidden: argument {at})"),
            None => "(hidden)".to_owned(),
        };
        error.insert(kind, ContextValue::String(hidden));
    }
    error
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in, and list the services of the token's catalog
    #[command(after_help = "\
Examples:
  cloud-auth catalog --cloud huawei --user IAMUser --user-domain IAMDomain --project cn-north-1
  cloud-auth catalog --service compute --service image --region eu-de")]
    Catalog(CatalogArgs),

    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  cloud-auth completions bash > ~/.local/share/bash-completion/completions/cloud-auth")]
    Completions(CompletionsArgs),

    /// Show the settings of a cloud without secrets, and the source of each value
    #[command(after_help = "\
Examples:
  cloud-auth config --cloud work
  cloud-auth config --names

The command sends nothing.")]
    Config(ConfigArgs),

    /// Log in, send one request to a service, and print the answer
    #[command(after_help = "\
Examples:
  cloud-auth curl --service compute /servers
  cloud-auth curl --service network -X POST --json '{\"network\": {\"name\": \"n\"}}' /v2.0/networks
  cloud-auth curl --service object-store -X PUT -d @backup.tar /container/backup.tar

The exit code is 1 if the answer's status is 400 or above, or a redirect; redirects are not followed.
The token is sent to https URLs and to the identity service's host only.
The service has one minute to begin its answer, unless clouds.yaml sets api_timeout.")]
    Curl(CurlArgs),

    /// Try every documented login with the emulator, through both HTTP clients
    #[command(after_help = "\
Example:
  cloud-auth demo --format json

The demo needs no account and no network beyond the loopback interface.")]
    Demo(DemoArgs),

    /// Log in, and print the URL of a service
    #[command(after_help = "\
Example:
  cloud-auth endpoint compute --region KR1 --cloud nhn --user user@example.com \\
      --tenant-id f5073eaa26b64cffbee89411df94ce01")]
    Endpoint(EndpointArgs),

    /// Show a recorded answer of an identity service as JSON, without secrets
    #[command(after_help = "\
Example:
  curl -si https://keystone.example.org/v3 | cloud-auth inspect

A token is shown as its SHA-256. The exit code is 0 if the answer can be read, even if it is a
refusal, and 1 if it cannot.")]
    Inspect(InspectArgs),

    /// Revoke and forget the tokens that the store has
    #[command(after_help = "\
Examples:
  cloud-auth logout --cloud work
  cloud-auth logout --all

The command ends the tokens of the chosen user, of all scopes, and forgets that a password was
refused, so that the next run sends it again. It never logs in. A token that cannot be revoked, because
the identity service does not answer, is forgotten all the same; the exit code is then 5. Tokens of
v2.0 clouds (nhn) are only forgotten. A Redis store has no list: the command ends the tokens of the
configured scope and password, and --all is refused.")]
    Logout(LogoutArgs),

    /// Log in, and list the projects that the user has access to
    #[command(after_help = "\
Example:
  cloud-auth projects --cloud kakao --application-credential-id KEY_ID --password-env KEY_SECRET

v2.0 clouds (nhn) have no list of projects.")]
    Projects(ProjectsArgs),

    /// Revoke a token
    #[command(after_help = "\
Example:
  cloud-auth revoke --cloud work --token-env OS_TOKEN

Without --token-stdin or --token-env, the command revokes the token that `cloud-auth token` prints;
with --no-store, it logs in and revokes the new token, to show whether the cloud allows it. v2.0
clouds (nhn) do not.")]
    Revoke(RevokeArgs),

    /// List the entries of the store, without secrets
    #[command(after_help = "\
Example:
  cloud-auth store --format json

The entry of a token has the rest of its life. The entry of a pause has the time until a refused
login is sent again. An unreadable entry is damaged or sealed with another key. Entries in Redis are
not listed.")]
    Store(StoreArgs),

    /// Log in, and print the token
    #[command(after_help = "\
Examples:
  curl -H \"X-Auth-Token: $(cloud-auth token --cloud otc --user me --user-domain corp \\
      --project eu-de)\" https://ecs.eu-de.otc.t-systems.com/v2.1/
  eval \"$(cloud-auth token --format shell --cloud nhn --user user@example.com \\
      --tenant-id f5073eaa26b64cffbee89411df94ce01)\"
  cloud-auth token --format shell --cloud work | source       # fish")]
    Token(TokenArgs),

    /// Ask the cloud whether a token is valid, and show its user, scope and end
    #[command(after_help = "\
Example:
  cloud-auth validate --cloud work --token-env OS_TOKEN

Without --token-stdin or --token-env, the command validates the token that `cloud-auth token`
prints. The exit code is 1 if the token is not valid. v2.0 clouds (nhn) have no validation.")]
    Validate(ValidateArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    proptest! {
        #[test]
        fn wrong_arguments_are_refused_with_help(words in vec(word(), 0..8)) {
            let given = [vec!["cloud-auth".to_owned()], words].concat();
            // The version, which some random words ask for, is no refusal.
            let refused = Cli::try_parse_from(&given).err().filter(clap::Error::use_stderr);
            if let Some(why) = refused {
                let said = without_values(why, &given).to_string();
                prop_assert!(said.contains("Usage:") || said.contains("--help"), "{said}");
                prop_assert!(!said.contains(SECRET), "{said}");
            }
        }
    }

    const SECRET: &str = "t0ps3cret";

    /// A known flag or command, with or without a value, or any text.
    fn word() -> impl Strategy<Value = String> {
        let cli = Cli::command();
        let flags = cli.get_subcommands().chain([&cli]).flat_map(|command| command.get_arguments());
        let flags = flags.filter_map(|flag| flag.get_long()).map(|long| format!("--{long}"));
        let names = cli.get_subcommands().map(|command| command.get_name().to_owned());
        let known: Vec<String> = flags.chain(names).collect();
        let flag = select(known.clone());
        let short =
            select(&["-H", "-X", "-d", "-i", "-p", "-t", "-", "--", "--password", "--tokn"][..]);
        prop_oneof![
            3 => select(known),
            2 => (flag, "=[ -~]{0,8}").prop_map(|(flag, value)| flag + &value),
            1 => any::<String>(),
            1 => "[ -~]{0,3}".prop_map(|before| before + SECRET),
            2 => (short, "[=: ]?").prop_map(|(flag, between)| format!("{flag}{between}{SECRET}")),
        ]
    }

    #[test]
    fn refused_values_are_not_echoed() {
        for (arguments, part) in [
            (
                &["curl", "-HX-Auth-Token:SECRET", "/"][..],
                "'--header <NAME: VALUE>': this program adds",
            ),
            (&["curl", "-H", "X-Auth-Token:SECRET", "/"], "leave out the header"),
            (&["curl", "--header=SECRET", "/"], "write it as NAME: VALUE"),
            (&["curl", "-X", "SECRET\u{7f}", "/"], "'--request <METHOD>'"),
            (&["token", "SECRET"], "unexpected argument '(hidden: argument 2)'"),
            (
                &["token", "--password=SECRET"],
                "'(hidden: argument 2)' found\n\n  tip: a similar argument",
            ),
            (&["token", "--SECRET"], "(hidden: argument 2)"),
            (&["token", "--user", "u", "-pSECRET"], "(hidden)"),
            (&["token", "--totp=SECRET"], "'--totp'"),
            (&["token", "--format", "SECRET"], "'--format <FORMAT>'\n  [possible values: plain"),
            (&["token", "--interface=public,SECRET"], "'--interface <INTERFACE>'"),
            (&["--emulator", "SECRET", "token"], "'--emulator <PROFILE>'"),
            (&["SECRET"], "unrecognized subcommand '(hidden: argument 1)'"),
            (&["help", "SECRET"], "(hidden: argument 2)"),
            (&["completions", "SECRET"], "(hidden: argument 2)"),
            (&["config", "--names", "--cloud", "SECRET"], "cannot be used with"),
            (&["token", "--password-env"], "a value is required for '--password-env <VAR>'"),
        ] {
            let given = [&["cloud-auth"][..], arguments].concat();
            let given: Vec<_> = given.iter().map(|text| text.replace("SECRET", SECRET)).collect();
            let said = without_values(Cli::try_parse_from(&given).unwrap_err(), &given).to_string();
            assert!(said.contains(part) && !said.contains(SECRET), "{arguments:?}: {said}");
        }
    }

    #[test]
    fn the_flags_pass_clap_checks() {
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
