//! The store of a scenario.

use std::{error::Error, path::PathBuf};

use auth_proto::{Action, Session, Settings, Store, Taken};
use auth_store::{FileStore, Key, RedisStore};
use redis_server::Redis;
use tempfile::TempDir;
use time::UtcDateTime;

use super::job::{Job, Sharing, print};

/// A store and the form of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Files,
    FilesAsync,
    Redis,
    RedisAsync,
}

/// A store that nobody else has.
pub(crate) struct TestStore {
    pub(crate) redis: Option<Redis>,
    key: String,
    place: TempDir,
}

/// The entry of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) generation: u64,
    /// The print of its token.
    pub(crate) print: String,
}

/// The questions to a store before it counts as silent.
const LOOKS: usize = 20;

/// A key of a store, as hexadecimal digits.
pub(crate) fn random_key() -> String {
    (0..64).map(|_| fastrand::digit(16)).collect()
}

impl StoreKind {
    pub(crate) const ALL: [Self; 4] =
        [Self::Files, Self::FilesAsync, Self::Redis, Self::RedisAsync];
    pub(crate) const BLOCKING: [Self; 2] = [Self::Files, Self::Redis];

    pub(crate) fn is_async(self) -> bool {
        matches!(self, Self::FilesAsync | Self::RedisAsync)
    }

    pub(crate) fn is_redis(self) -> bool {
        matches!(self, Self::Redis | Self::RedisAsync)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::FilesAsync => "files, async",
            Self::Redis => "Redis",
            Self::RedisAsync => "Redis, async",
        }
    }
}

impl TestStore {
    pub(crate) fn start(kind: StoreKind) -> Result<Self, Box<dyn Error>> {
        Self::start_behind(kind, &[])
    }

    /// A store whose server, if it has one, runs behind these words.
    pub(crate) fn start_behind(kind: StoreKind, words: &[String]) -> Result<Self, Box<dyn Error>> {
        let place = tempfile::tempdir()?;
        let redis = kind.is_redis().then(|| Redis::start_behind(words, &[])).transpose()?;
        let key = random_key();
        Ok(Self { redis, key, place })
    }

    /// The directory of a store of files.
    pub(crate) fn directory(&self) -> PathBuf {
        self.place.path().join("store")
    }

    pub(crate) fn sharing(&self) -> Sharing {
        match &self.redis {
            Some(redis) => Sharing::Redis { url: redis.url(), key: self.key.clone() },
            None => {
                let directory = self.directory().to_string_lossy().into_owned();
                Sharing::Files { directory, key: self.key.clone() }
            }
        }
    }

    /// The entry that a process with this job would take, if there is one.
    pub(crate) fn look(&self, job: &Job) -> Result<Option<Kept>, Box<dyn Error>> {
        let key = Key::from_hex(&self.key)?;
        let store: Box<dyn Store> = match &self.redis {
            Some(redis) => Box::new(RedisStore::open(&redis.url(), key)?),
            None => Box::new(FileStore::open(self.directory(), key)?),
        };
        let settings = Settings::default().with_store();
        let mut session = Session::new(job.cloud()?, job.credential(), settings)?;
        let (scope, now) = (job.scope(0), UtcDateTime::now());
        let Action::Take(pending, want) = session.poll(&scope, now) else {
            return Err("the session does not ask the store".into());
        };
        // On a busy machine it may be silent for a moment.
        let mut answers = (0..LOOKS).map(|_| store.take(&want));
        let taken = answers.find(|taken| !matches!(taken, Taken::Silent));
        let taken = taken.ok_or("the store is silent")?;
        let generation = match &taken {
            Taken::Found { generation, .. } => Some(*generation),
            _ => None,
        };
        session.handle_taken(pending, taken, now)?;
        let token = match generation {
            Some(_) => session.cached_token(&scope, now),
            None => None,
        };
        // A lease comes back at once.
        session.close();
        while let Some(note) = session.poll_note() {
            store.tell(&note);
        }
        Ok(generation
            .zip(token)
            .map(|(generation, token)| Kept { generation, print: print(&token) }))
    }
}
