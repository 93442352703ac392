//! The entries that a login has in the store.

use std::time::SystemTime;

use auth_proto::{
    Action, ApiVersion, Entry, Label, Name, Note, Scope, Session, Settings, Store, Taken,
};
use secrecy::SecretString;

use super::{credential::Sources, user::UserArgs};
use crate::{cloud::ChosenCloud, output::Failure};

/// A user of a cloud, by the flags and the configuration, who need not log in.
pub(crate) struct StoredLogin<'a> {
    sources: Sources<'a>,
    chosen: &'a ChosenCloud,
    label: Label,
}

/// An entry that was found by its name.
pub(crate) struct Found {
    name: Name,
    generation: u64,
    pub(crate) entry: Entry,
}

impl Found {
    /// Removes the entry, unless another run has replaced it.
    pub(crate) fn remove(self, store: &dyn Store) {
        let Self { name, generation, .. } = self;
        store.tell(&Note::Forget { name, generation });
    }
}

impl<'a> StoredLogin<'a> {
    pub(crate) fn new(flags: &'a UserArgs, chosen: &'a ChosenCloud) -> Result<Self, Failure> {
        let configured = chosen.configured.as_ref();
        let sources = Sources { flags, cloud: &chosen.cloud, configured, is_token: false };
        // A label has no secret.
        let credential = sources.credential(&mut |_, _| Ok("any".into()))?;
        let session = Session::new(chosen.cloud.clone(), credential, Settings::default())?;
        let label = session.label(&Scope::default());
        Ok(Self { sources, chosen, label })
    }

    /// Whether an entry is of this user: of any scope, and of the agency that the user acts as.
    pub(crate) fn is_of(&self, label: &Label) -> bool {
        let agency = self.label.user().strip_prefix(label.user());
        label.identity_service() == self.label.identity_service()
            && agency.is_some_and(|rest| rest.is_empty() || rest.starts_with(" as agency "))
    }

    /// The entries of the configured scope, and of the root that it is got by, with and without a
    /// catalog: a store without a list has to be asked for each by its name, which contains the secret.
    pub(crate) fn entries(&self, store: &dyn Store) -> Result<Vec<Found>, Failure> {
        let credential = self.sources.credential(&mut secret_of_configuration)?;
        let configured = self.chosen.configured.as_ref();
        let scope = configured.map_or(Ok(Scope::default()), |cloud| cloud.scope())?;
        let mut found = Vec::new();
        for version in [ApiVersion::V3, ApiVersion::V2] {
            let cloud = self.chosen.cloud.clone();
            let is_known = cloud.api_version().is_none_or(|known| known == version);
            for settings in [Settings::default(), Settings::default().without_catalog()] {
                let settings = match configured {
                    Some(configured) => configured.session_settings(settings),
                    None => settings,
                };
                let cloud = cloud.clone().with_api_version(version);
                if is_known
                    && let Ok(mut session) =
                        Session::new(cloud, credential.clone(), settings.with_store())
                {
                    found.extend(found_by(&mut session, &scope, store)?);
                }
            }
        }
        Ok(found)
    }
}

fn secret_of_configuration(
    key: &'static str,
    configured: Option<SecretString>,
) -> Result<SecretString, Failure> {
    configured.ok_or_else(|| {
        Failure::usage(format!(
            "a Redis store has no list of its entries, and finds them by their secrets: {key} is not \
             configured"
        ))
    })
}

/// Asks the store as a login would, and ends where the login would begin.
fn found_by(
    session: &mut Session,
    scope: &Scope,
    store: &dyn Store,
) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    while let Action::Take(pending, want) = session.poll(scope, SystemTime::now().into()) {
        let taken = store.take(&want);
        match &taken {
            Taken::Found { entry, generation, .. } => found.push(Found {
                name: want.name().clone(),
                generation: *generation,
                entry: entry.clone(),
            }),
            Taken::Silent => {
                return Err(Failure::unavailable("the store does not answer"));
            }
            Taken::Busy { .. } | Taken::Led(_) => {}
        }
        let is_over = !matches!(&taken, Taken::Found { .. });
        session.handle_taken(pending, taken, SystemTime::now().into())?;
        if is_over {
            break;
        }
    }
    // A lease goes back.
    session.close();
    while let Some(note) = session.poll_note() {
        store.tell(&note);
    }
    Ok(found)
}
