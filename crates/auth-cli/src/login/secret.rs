//! Secrets come from standard input, a variable or the terminal. Never from an argument: other
//! users of the machine can read those.

use std::{
    env::{self, VarError},
    io::{self, BufRead, IsTerminal},
};

use auth_proto::limits;
use clap::Args;
use secrecy::SecretString;

#[cfg(unix)]
use super::prompt::read;
use crate::{cloud::Authenticator, output::Failure};
#[cfg(not(unix))]
use rpassword::prompt_password as read;

/// The flags for the password, the application credential's secret, or an existing token.
#[derive(Args, Debug)]
#[command(
    next_help_heading = "Secret [default: the configured one, else a prompt on the terminal]"
)]
pub(crate) struct SecretArgs {
    /// Read the password or secret from the first line of standard input
    #[arg(long, group = "secret")]
    password_stdin: bool,

    /// Read the password or secret from the environment variable VAR
    #[arg(long, group = "secret", value_name = "VAR")]
    password_env: Option<String>,

    /// Use an existing token instead of a login, from the first line of standard input
    #[arg(long, groups = ["secret", "token"], conflicts_with_all = LOGIN)]
    token_stdin: bool,

    /// Use an existing token instead of a login, from the environment variable VAR, such as
    /// OS_TOKEN
    #[arg(long, groups = ["secret", "token"], conflicts_with_all = LOGIN, value_name = "VAR")]
    token_env: Option<String>,
}

/// The flags that have no meaning with an existing token.
const LOGIN: [&str; 4] = ["who", "key", "totp", "agency"];

impl SecretArgs {
    /// The password or secret of the flags.
    pub(crate) fn password(&self) -> Result<Option<SecretString>, Failure> {
        if self.password_stdin {
            return first_line(io::stdin().lock(), "password").map(Some);
        }
        let variable = self.password_env.as_deref();
        variable.map(|name| of_variable(name, "--password-env", "password")).transpose()
    }

    /// The existing token of the flags.
    pub(crate) fn token(&self) -> Result<SecretString, Failure> {
        match &self.token_env {
            Some(name) => of_variable(name, "--token-env", "token"),
            None => first_line(io::stdin().lock(), "token"),
        }
    }

    pub(crate) fn gives_token(&self) -> bool {
        self.token_stdin || self.token_env.is_some()
    }

    pub(crate) fn takes_input(&self) -> bool {
        self.password_stdin || self.token_stdin
    }
}

/// Asks on the terminal, without echo. The error says why that failed and what to do `instead`.
pub(crate) fn ask(what: &str, instead: &str) -> Result<SecretString, String> {
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        let what = what.to_lowercase();
        return Err(format!("cannot ask for the {what} without a terminal; {instead}"));
    }
    read(&format!("{what}: ")).map(SecretString::from).map_err(|why| {
        let what = what.to_lowercase();
        format!("cannot ask for the {what} on the terminal: {why}; {instead}")
    })
}

/// Asks for a one-time code, which has no flag. The prompt shows the code of an emulated cloud.
pub(crate) fn ask_for_code(
    what: &str,
    authenticator: Option<Authenticator>,
) -> Result<SecretString, String> {
    ask(&prompt(what, authenticator), "run the program on a terminal")
}

fn prompt(what: &str, authenticator: Option<Authenticator>) -> String {
    match authenticator {
        Some(code) => format!("{what} (the emulated authenticator shows {})", code()),
        None => what.to_owned(),
    }
}

/// The prompt for the first code.
pub(crate) const CODE: &str = "One-time code";

/// The value of a variable. Errors do not repeat its name: the user may have typed the password
/// there.
fn of_variable(name: &str, flag: &str, what: &str) -> Result<SecretString, Failure> {
    match env::var(name) {
        Ok(value) => Ok(value.into()),
        Err(VarError::NotPresent) => Err(Failure::usage(format!(
            "{flag}: the variable is not set; give the name of a variable, not the {what} itself"
        ))),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{flag}: the variable is not UTF-8; set it to the {what}")))
        }
    }
}

/// The first line without its line end. Blanks stay: they may be part of a password.
fn first_line(input: impl BufRead, what: &str) -> Result<SecretString, Failure> {
    // Room for the longest secret: a string that grows leaves copies in memory.
    let mut line = String::with_capacity(LONGEST + 3);
    let length = input.take(LONGEST as u64 + 3).read_line(&mut line).map_err(|why| {
        Failure::usage(format!(
            "cannot read the {what} from standard input: {why}; pipe in one line"
        ))
    })?;
    if length == 0 {
        return Err(Failure::usage(format!("no {what} on standard input; pipe in one line")));
    }
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Ok(line.into())
}

/// The longest secret that `auth-proto` takes.
const LONGEST: usize = if limits::TOKEN > limits::INPUT { limits::TOKEN } else { limits::INPUT };

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn one_line_end_is_stripped_from_the_first_line() {
        for (input, password) in [
            ("pw", "pw"),
            ("pw\n", "pw"),
            ("pw\r\n", "pw"),
            ("pw\nmore\n", "pw"),
            (" pw \n", " pw "),
            ("pw\r", "pw\r"),
            ("pw\r\r\n", "pw\r"),
            ("\n", ""),
        ] {
            assert_eq!(
                first_line(input.as_bytes(), "x").unwrap().expose_secret(),
                password,
                "{input:?}"
            );
        }
        assert!(first_line(&b""[..], "x").is_err());
        assert!(first_line(&b"\xff\n"[..], "x").is_err());
    }

    #[test]
    fn the_prompt_shows_an_emulated_code() {
        assert_eq!(prompt(CODE, None), "One-time code");
        let shown = prompt(CODE, Some(|| "123456".to_owned()));
        assert_eq!(shown, "One-time code (the emulated authenticator shows 123456)");
    }

    #[test]
    fn a_missing_variable_is_not_named() {
        let failure = of_variable("hunter2=", "--flag", "x").unwrap_err();
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
}
