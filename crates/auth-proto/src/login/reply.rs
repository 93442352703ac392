//! The caller's replies to the questions of a login.

use secrecy::{ExposeSecret, SecretString};

use super::{Login, Phase};
use crate::{
    error::{Error, Misuse},
    limits,
    model::{credential::Factor, question::Reply},
};

impl Login {
    /// Answers a [`Step::Ask`](crate::Step::Ask), or replaces a factor that was refused: a code may have been
    /// mistyped.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if the login asks for nothing, for another factor, or for something else;
    /// [`ConfigError`](crate::ConfigError) if the reply cannot be sent.
    pub fn answer(&mut self, reply: impl Into<Reply>) -> Result<(), Error> {
        match reply.into() {
            Reply::Factor(factor) if self.wants_code() => self.submit_code(&factor),
            Reply::Factor(factor) => self.submit(factor),
            Reply::Secret(secret) => self.supply(secret),
        }
    }

    /// Takes the secret of an [`AskSecret`](Phase::AskSecret).
    fn supply(&mut self, secret: SecretString) -> Result<(), Error> {
        match self.phase {
            Phase::AskSecret(_) => {}
            Phase::Challenged(_) | Phase::Refused(..) => return Err(Misuse::WrongReply.into()),
            _ => return Err(Misuse::NoQuestion.into()),
        }
        let mut credential = self.credential.clone();
        credential.supply(secret);
        self.cloud.check(&credential, &self.scope)?;
        self.credential = credential;
        self.phase = self.first_phase()?;
        Ok(())
    }

    fn submit(&mut self, factor: Factor) -> Result<(), Error> {
        if let Phase::AskSecret(_) = self.phase {
            return Err(Misuse::WrongReply.into());
        }
        let (Phase::Challenged(challenge) | Phase::Refused(challenge, _)) = &self.phase else {
            return Err(Misuse::NoQuestion.into());
        };
        let method = factor.method();
        if !challenge.wants(method.kind().as_str()) {
            return Err(Misuse::WrongReply.into());
        }
        self.cloud.check(&self.credential.clone().with_fresh(&factor), &self.scope)?;
        let body = self.login_body(&[method])?;
        let challenge = challenge.clone();
        self.note_secret(factor.secret());
        let receipt = challenge.receipt.as_ref().and_then(|receipt| receipt.to_str().ok());
        receipt.iter().for_each(|receipt| self.note_secret(receipt));
        self.phase = Phase::Continue(challenge, body);
        self.answered = true;
        Ok(())
    }

    /// Notes a secret that a server may repeat in a later response.
    pub(super) fn note_secret(&mut self, secret: &str) {
        let known: usize = self.seen_secrets.iter().map(|seen| seen.expose_secret().len()).sum();
        // Beyond this limit no text is shown at all, so that further secrets need no entry.
        if known <= limits::SECRETS {
            self.seen_secrets.push(secret.into());
        }
    }
}
