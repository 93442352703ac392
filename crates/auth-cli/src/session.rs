//! A login that the flags describe, with a person at hand for one-time codes.

use auth_proto::{Challenge, Factor};
use auth_ureq::{Client, Error};

use crate::{failure::Failure, login::LoginArgs, secret, secret::SecretArgs};

/// A client whose cloud may ask for more.
pub(crate) struct Session(Client);

impl Session {
    pub(crate) fn new(login: &LoginArgs, secret: &SecretArgs) -> Result<Self, Failure> {
        // What is wrong with the flags is told before anybody is asked for a password.
        let (cloud, scope) = (login.cloud()?, login.scope());
        let password = secret.read(login.secret_name())?;
        let code =
            login.wants_code().then(|| ask_for_code().map_err(Failure::usage)).transpose()?;
        let credential = login.credential(password, code);
        Ok(Self(Client::new(cloud, credential, scope)?))
    }

    /// Does this, and gives the cloud the further factors that it asks for.
    pub(crate) fn with<T>(&self, act: impl Fn(&Client) -> Result<T, Error>) -> Result<T, Failure> {
        for _ in 0..CODES {
            match act(&self.0) {
                Err(Error::NeedFactor(challenge)) => self.answer(&challenge)?,
                done => return Ok(done?),
            }
        }
        Err(Failure::failed("the cloud goes on asking for one-time codes; try again later"))
    }

    fn answer(&self, challenge: &Challenge) -> Result<(), Failure> {
        if !challenge.missing().any(|factors| factors == ["totp"]) {
            let ways: Vec<_> = challenge.missing().map(|factors| factors.join(" and ")).collect();
            return Err(Failure::failed(format!(
                "the cloud wants more than the password: {}; this program can give a one-time \
                 code (totp) only",
                ways.join(", or ")
            )));
        }
        let code = ask_for_code().map_err(|why| {
            Failure::failed(format!("the cloud wants a one-time code (totp) as well, and {why}"))
        })?;
        Ok(self.0.answer(Factor::totp(code))?)
    }
}

fn ask_for_code() -> Result<secrecy::SecretString, String> {
    secret::ask("One-time code", "run the program where there is one")
}

/// A spent or mistyped code is asked for once more, and again, but not for ever.
const CODES: usize = 3;
