//! Where secrets come from: never from an argument, which every user of the machine can read.

use std::io::{self, BufRead, IsTerminal};

use auth_proto::limits;
use clap::Args;
use secrecy::SecretString;

use crate::failure::Failure;

/// The password or the application credential's secret, by one of two ways; else it is asked for.
#[derive(Args, Debug)]
#[command(next_help_heading = "Secret (asked for on the terminal by default)")]
pub(crate) struct SecretArgs {
    /// Read the password or secret from the first line of standard input
    #[arg(long, group = "secret")]
    password_stdin: bool,

    /// Read the password or secret from this environment variable
    #[arg(long, group = "secret", value_name = "VAR")]
    password_env: Option<String>,
}

impl SecretArgs {
    pub(crate) fn read(&self, what: &str) -> Result<SecretString, Failure> {
        if self.password_stdin {
            return first_line(io::stdin().lock());
        }
        match &self.password_env {
            Some(variable) => of_variable(variable),
            None => ask(what, "use --password-stdin or --password-env").map_err(Failure::usage),
        }
    }
}

/// Asks on the terminal, without echo. If there is no terminal, the text says so, and what to do
/// `instead`.
pub(crate) fn ask(what: &str, instead: &str) -> Result<SecretString, String> {
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Err(format!("there is no terminal to ask for the {what} on; {instead}"));
    }
    rpassword::prompt_password(format!("{what}: "))
        .map(SecretString::from)
        .map_err(|why| format!("cannot ask for the {what} on the terminal ({why}); {instead}"))
}

/// The value of a variable. Its name is not repeated: it may be the password, in the wrong place.
fn of_variable(name: &str) -> Result<SecretString, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(value.into()),
        Err(std::env::VarError::NotPresent) => Err(Failure::usage(
            "the variable that --password-env names is not set; give a variable's name, not the \
             password",
        )),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage("the variable that --password-env names is not UTF-8"))
        }
    }
}

/// The first line without its line end. A blank may be part of a password.
fn first_line(input: impl BufRead) -> Result<SecretString, Failure> {
    // Room for the longest, so that no copy is left behind when it grows.
    let mut line = String::with_capacity(limits::INPUT + 3);
    let length = input
        .take(limits::INPUT as u64 + 3)
        .read_line(&mut line)
        .map_err(|why| Failure::usage(format!("cannot read the password: {why}")))?;
    if length == 0 {
        return Err(Failure::usage("there is no password on standard input"));
    }
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Ok(line.into())
}

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
                first_line(input.as_bytes()).unwrap().expose_secret(),
                password,
                "{input:?}"
            );
        }
        assert!(first_line(&b""[..]).is_err());
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }

    #[test]
    fn a_missing_variable_is_not_named() {
        let failure = of_variable("hunter2=").unwrap_err();
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
}
