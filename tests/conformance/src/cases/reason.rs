//! Logins that the server refuses, and the proof that it is for the reason that is meant.

use crate::{
    case::{Case, Want, speaks},
    client::{Client, Through, Wish},
    keystone::{Keystone, Of},
};

/// Logins that are refused for the same reason.
#[derive(Clone, Copy)]
pub(crate) struct Reason {
    pub(crate) want: Want,
    pub(crate) why: Why,
    pub(crate) logins: &'static [(&'static str, Of<Result<Wish, String>>)],
}

impl Reason {
    pub(crate) fn cases(group: &'static str, reasons: &[Self]) -> Vec<Case> {
        let mut cases = Vec::new();
        for &Self { want, why, logins } in reasons {
            for &(name, wish) in logins {
                cases.push(Case::new(group, name, move |world, through| {
                    if through == Through::Core {
                        why.prove(world, wish(world)?)?;
                    }
                    let token =
                        Client::new(through, wish(world)?).and_then(|client| client.token());
                    want.judge(world, token.as_deref(), true)
                }));
            }
        }
        cases
    }
}

pub(crate) const NO: Want =
    Want::Refused(401, "check the user, the secret, the user's domain and the scope");

/// How it shows that they are refused for this reason and for no other: of nearly everything
/// Keystone says no more than 401, so that nobody learns who exists.
#[derive(Clone, Copy)]
pub(crate) enum Why {
    /// They work for as long as this is enabled: what it is, and its id.
    Disabled(&'static str, for<'a> fn(&'a Keystone) -> &'a str),
    /// The server that tells why says this.
    Told(&'static str),
}

impl Why {
    fn prove(self, world: &Keystone, wish: Wish) -> Result<(), String> {
        match self {
            Self::Disabled(kind, id) => {
                let log_in = || Client::new(Through::Core, wish)?.token();
                world.while_enabled(kind, id(world), log_in)??;
                Ok(())
            }
            Self::Told(says) => {
                let wish = Wish { cloud: world.telling()?, ..wish };
                let stop = Client::new(Through::Core, wish)?.token().err().ok_or("a token")?;
                speaks(&stop.to_string(), says)
            }
        }
    }
}
