//! The flags of a login, and the client that they make.

use std::time::Duration;

use auth_proto::{EndpointQuery, Login, ScopeHint, limits};
use auth_ureq::{Builder, Client};
use clap::Args;
use secrecy::SecretString;

use super::{
    credential::Sources,
    secret::{self, SecretArgs},
    store::RunStore,
    user::{ScopeArgs, UserArgs},
};
use crate::{
    cloud::{Authenticator, ChosenCloud, CloudArgs, Clouds},
    output::{Failure, print},
};

/// The flags of a login: cloud, user, scope, secret.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    cloud: CloudArgs,
    #[command(flatten)]
    user: UserArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    secret: SecretArgs,

    /// Log in without the store: take no token and no refusal that another run left there, and leave
    /// none for the next run
    #[arg(long, help_heading = STORE)]
    no_store: bool,
}

const STORE: &str = "Store [default: auth_store in clouds.yaml, else files in the cache directory]";

impl LoginArgs {
    /// The flags for the cloud.
    pub(crate) fn cloud_args(&self) -> &CloudArgs {
        &self.cloud
    }

    /// Whether the flags name an existing token, to be used in place of a login.
    pub(crate) fn gives_token(&self) -> bool {
        self.secret.gives_token()
    }

    /// Whether the secret is read from standard input.
    pub(crate) fn takes_input(&self) -> bool {
        self.secret.takes_input()
    }

    /// The cloud to log in to.
    pub(crate) fn cloud(&self, clouds: &Clouds) -> Result<ChosenCloud, Failure> {
        clouds.find(&self.cloud)
    }

    /// The cloud to log in to, and a query for one of its services. A scope of the flags overrides
    /// the scope that the service usually needs.
    pub(crate) fn service(
        &self,
        clouds: &Clouds,
        service: &str,
    ) -> Result<(ChosenCloud, EndpointQuery), Failure> {
        let mut chosen = self.cloud(clouds)?;
        let query = chosen.endpoint_query(service, &self.cloud)?;
        if self.scope.names_scope() {
            // By the type that the configuration looks up for this service.
            chosen.cloud = chosen.cloud.with_scope_hint(query.service(), ScopeHint::Project);
        }
        Ok((chosen, query))
    }

    /// The store of this login. A store that cannot be opened is no reason to fail: the user hears of
    /// it if they have configured it.
    pub(super) fn store(&self, chosen: &ChosenCloud, is_fresh: bool) -> Option<RunStore> {
        if self.no_store || self.gives_token() {
            return None;
        }
        match chosen.place.open() {
            Ok(store) => Some(RunStore::new(store?, is_fresh)),
            Err(why) => {
                if chosen.place.is_configured() {
                    print::warning(&format!("no store, so this run logs in by itself: {why}"));
                }
                None
            }
        }
    }

    /// A client for this login. Sends nothing, but may ask for a secret on the terminal.
    pub(super) fn client(&self, chosen: &ChosenCloud) -> Result<Builder, Failure> {
        let configured = chosen.configured.as_ref();
        let is_token = self.secret.gives_token();
        let sources = Sources { flags: &self.user, cloud: &chosen.cloud, configured, is_token };
        let scope = sources.scope(&self.scope)?;
        // A login with a placeholder in place of the secret fails for every other reason, so the
        // user types a password only for a login that can work.
        let placeholder = sources.credential(&mut |_, _| Ok("any".into()))?;
        Login::new(&chosen.cloud, placeholder, scope.clone())?;

        let credential = sources.credential(&mut |key, configured| {
            self.secret(key, configured, chosen.authenticator)
        })?;
        Ok(Client::builder(chosen.cloud.clone(), credential, scope))
    }

    /// The secret for a key of clouds.yaml: from the flags, the configuration, or the terminal.
    fn secret(
        &self,
        key: &str,
        configured: Option<SecretString>,
        authenticator: Option<Authenticator>,
    ) -> Result<SecretString, Failure> {
        let given = match key {
            "passcode" => None,
            "token" => Some(self.secret.token()?),
            _ => self.secret.password()?,
        };
        match given.or(configured) {
            Some(secret) => Ok(secret),
            None => ask_for(key, authenticator).map_err(Failure::usage),
        }
    }
}

/// A time with a unit, such as `90s`, `30m`, `12h` or `1d`; without a unit, seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(NO_DURATION.to_owned()),
    };
    let digits = number.bytes().all(|digit| digit.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| digits).ok_or(NO_DURATION)?;
    let duration = number.checked_mul(seconds).map(Duration::from_secs);
    duration.filter(|it| *it <= limits::TOKEN_LIFETIME).ok_or_else(|| "at most 30d".to_owned())
}

const NO_DURATION: &str = "write a number and s, m, h or d, such as 90m";

fn ask_for(key: &str, authenticator: Option<Authenticator>) -> Result<SecretString, String> {
    let instead = "use --password-stdin or --password-env";
    match key {
        "passcode" => secret::ask_for_code(secret::CODE, authenticator),
        "password" => secret::ask("Password", instead),
        _ => secret::ask("Secret of the application credential", instead),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("90s", Some(90)),
            ("30m", Some(1800)),
            ("12h", Some(43_200)),
            ("30d", Some(2_592_000)),
            ("31d", None),
            ("18446744073709551615d", None),
            ("99999999999999999999", None),
            ("", None),
            ("h", None),
            ("+1h", None),
            ("-1h", None),
            ("1.5h", None),
            ("1h30m", None),
            ("1 h", None),
            ("1H", None),
            ("1ms", None),
            ("1é", None),
        ] {
            let read = duration(text).ok().map(|it| it.as_secs());
            assert_eq!(read, seconds, "{text:?}");
        }
    }
}
