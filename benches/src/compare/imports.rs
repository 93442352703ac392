//! Tokens of another process, from a store.

use std::sync::Arc;

use auth_proto::{Action, Cloud, Credential, Scope, Session, Settings, Store, Token, UserRef};
use auth_store::{FileStore, Key};
use benches::{
    bodies,
    inputs::{answer, cloud, now},
};
use http::HeaderValue;
use tempfile::TempDir;
use time::UtcDateTime;

use crate::work::{Work, measured};

/// A process without a token, and the store in which it finds one.
pub(crate) struct Process {
    session: Session,
    now: UtcDateTime,
}

impl Process {
    pub(crate) fn start(body: &str) -> Self {
        let cloud: Cloud = cloud();
        let credential = Credential::password(UserRef::id("u1"), "password");
        let settings = Settings::default().with_store();
        let session = Session::new(cloud, credential, settings).expect("the cloud takes passwords");
        Self { session, now: now(body) }
    }

    /// A token, by a login if the store has none.
    pub(crate) fn token(&mut self, store: &dyn Store, body: &str) -> Arc<Token> {
        let scope = Scope::project_id(bodies::PROJECT);
        loop {
            match self.session.poll(&scope, self.now) {
                Action::Use(token) => return token,
                Action::Take(pending, want) => {
                    let taken = store.take(&want);
                    let handed = self.session.handle_taken(pending, taken, self.now);
                    handed.expect("the session gave the question out");
                }
                Action::Send(pending, _) => {
                    let token = HeaderValue::from_static(bodies::TOKEN);
                    let answer = answer(body, token);
                    let handed = self.session.handle_response(pending, answer, self.now);
                    handed.expect("the session gave the request out");
                }
                other => unreachable!("{other:?}"),
            }
            while let Some(note) = self.session.poll_note() {
                store.tell(&note);
            }
        }
    }
}

/// A file store that has the token of this response.
fn filled(body: &str) -> Option<(TempDir, FileStore)> {
    // In memory, if there is such a directory. The name is as long each time.
    let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).ok()?;
    let store = FileStore::open(place.path().join("store"), Key::new([7; 32])).ok()?;
    Process::start(body).token(&store, body);
    Some((place, store))
}

/// The first token of a process whose store has it: the session asks, the store reads and opens the
/// file, and the session reads the response in it.
pub(crate) fn from_file(body: String) -> Option<Work> {
    let (place, store) = filled(&body)?;
    Some(Box::new(move || {
        let _place = &place;
        let mut process = Process::start(&body);
        measured(|| process.token(&store, "a login would fail"))
    }))
}
