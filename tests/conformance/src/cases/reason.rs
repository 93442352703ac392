//! Logins that the server refuses, with proof that it refuses them for the intended reason.

use crate::{
    case::{Case, Want, speaks},
    keystone::{Keystone, Of},
    wish::Wish,
};
use testing::Adapter;

/// Logins that the server refuses for the same reason.
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
                    if through == Adapter::Core {
                        why.prove(world, wish(world)?)?;
                    }
                    let token = wish(world)?.token(through);
                    want.judge(world, token.as_deref(), true)
                }));
            }
        }
        cases
    }
}

pub(crate) const NO: Want =
    Want::Refused(401, "check the user, the secret, the user's domain and the scope");

/// The proof of the reason. Keystone answers nearly every refused login with a bare 401, so that
/// clients cannot find out which users exist.
#[derive(Clone, Copy)]
pub(crate) enum Why {
    /// The logins work while this resource is enabled: its kind and its id.
    Disabled(&'static str, for<'a> fn(&'a Keystone) -> &'a str),
    /// The server that explains refusals gives this text.
    Explained(&'static str),
}

impl Why {
    fn prove(self, world: &Keystone, wish: Wish) -> Result<(), String> {
        match self {
            Self::Disabled(kind, id) => {
                let log_in = || wish.token(Adapter::Core);
                world.while_enabled(kind, id(world), log_in)??;
                Ok(())
            }
            Self::Explained(says) => {
                let wish = Wish { cloud: world.explaining()?, ..wish };
                let stop = wish.token(Adapter::Core).err().ok_or("a token")?;
                speaks(&stop.to_string(), says)
            }
        }
    }
}
