//! A process that asks a store: a client of either adapter, or a loop over the bare session.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use auth_proto::{
    AsyncStore, Credential, Destination, ErrorKind, Note, Scope, Store, Taken, UserRef, Want,
};
use auth_store::{AsyncRedisStore, Blocking, RedisStore, StoreEvent};
use http::{Request, StatusCode};
use testing::{Adapter, Client, Executor, fixtures};

use crate::{
    bare::{Bare, Sockets},
    cloud::Cloud,
    scene::key,
};

/// What carries the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Core,
    Reqwest,
    Ureq,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Core, Self::Ureq, Self::Reqwest];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "core",
            Self::Reqwest => "reqwest",
            Self::Ureq => "ureq",
        })
    }
}

/// Whose token a process wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    /// Another project's.
    OtherScope,
    /// Another user's, who has another password.
    OtherUser,
}

/// A process with a store.
pub(crate) struct Victim {
    client: Carrier,
    url: String,
    waits: Waits,
}

enum Carrier {
    Adapter(Client),
    Core(Box<Mutex<Bare>>),
}

/// The time that callers have spent in the store.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<Duration>>);

impl Waits {
    fn add(&self, started: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += started.elapsed();
    }

    pub(crate) fn take(&self) -> Duration {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A store whose calls are timed.
pub(crate) struct Timed<S>(pub(crate) S, pub(crate) Waits);

impl<S: Store> Store for Timed<S> {
    fn take(&self, want: &Want) -> Taken {
        let started = Instant::now();
        let taken = self.0.take(want);
        self.1.add(started);
        taken
    }

    fn tell(&self, note: &Note) {
        let started = Instant::now();
        self.0.tell(note);
        self.1.add(started);
    }
}

/// Adds the time also if the driver gives the wait up.
struct Adds<'a>(&'a Waits, Instant);

impl Drop for Adds<'_> {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

impl<S: AsyncStore> AsyncStore for Timed<S> {
    async fn take(&self, want: &Want) -> Taken {
        let _adds = Adds(&self.1, Instant::now());
        self.0.take(want).await
    }

    fn tell(&self, note: &Note) {
        let started = Instant::now();
        self.0.tell(note);
        self.1.add(started);
    }
}

impl Victim {
    pub(crate) fn start(
        kind: Kind,
        cloud: &Cloud,
        whose: Whose,
        store: impl Store + 'static,
    ) -> Self {
        let waits = Waits::default();
        match kind {
            Kind::Reqwest => {
                let store = Blocking::new(store).unwrap();
                Self::start_async(cloud, whose, Timed(store, waits.clone()), waits)
            }
            _ => Self::start_blocking(kind, cloud, whose, Timed(store, waits.clone()), waits),
        }
    }

    /// A process with a store in the Redis server at this port of this machine.
    pub(crate) fn of_redis(
        kind: Kind,
        cloud: &Cloud,
        whose: Whose,
        port: u16,
        listener: impl Fn(&StoreEvent) + Send + Sync + 'static,
    ) -> Self {
        let (waits, url) = (Waits::default(), format!("redis://127.0.0.1:{port}"));
        if kind == Kind::Reqwest {
            let store = AsyncRedisStore::open(&url, key()).unwrap().on_event(listener);
            return Self::start_async(cloud, whose, Timed(store, waits.clone()), waits);
        }
        let store = RedisStore::open(&url, key()).unwrap().on_event(listener);
        Self::start_blocking(kind, cloud, whose, Timed(store, waits.clone()), waits)
    }

    fn start_blocking(
        kind: Kind,
        cloud: &Cloud,
        whose: Whose,
        store: impl Store + 'static,
        waits: Waits,
    ) -> Self {
        let (credential, scope) = whose.login();
        let of = cloud.server.cloud();
        let client = if kind == Kind::Core {
            let bare = Bare::new(of, credential, scope, Some(Box::new(store)), Box::new(Sockets));
            Carrier::Core(Box::new(Mutex::new(bare)))
        } else {
            let builder = Adapter::Ureq.client(of, credential, scope).ureq().store(store);
            Carrier::Adapter(Client::Ureq(builder.build().unwrap()))
        };
        Self { client, url: format!("{}/thing", cloud.server.url()), waits }
    }

    /// A process of auth-reqwest.
    pub(crate) fn start_async(
        cloud: &Cloud,
        whose: Whose,
        store: impl AsyncStore + 'static,
        waits: Waits,
    ) -> Self {
        let (credential, scope) = whose.login();
        let builder = Adapter::Reqwest.client(cloud.server.cloud(), credential, scope);
        let client = builder.reqwest().store(store).build().unwrap();
        let client = Carrier::Adapter(Client::Reqwest(client, Executor::alone()));
        Self { client, url: format!("{}/thing", cloud.server.url()), waits }
    }

    /// The time that callers have spent in the store since the last call.
    pub(crate) fn waited(&self) -> Duration {
        self.waits.take()
    }

    /// A token, without a use of it.
    pub(crate) fn log_in(&self) -> Outcome {
        match &self.client {
            Carrier::Adapter(client) => of(client.token().map(|_| StatusCode::OK)),
            Carrier::Core(bare) => {
                of_core(bare.lock().unwrap().token(Destination::Unknown).map(|_| StatusCode::OK))
            }
        }
    }

    /// A call of the service.
    pub(crate) fn call(&self) -> Outcome {
        match &self.client {
            Carrier::Adapter(client) => {
                let request = Request::get(&self.url).body(Vec::new()).unwrap();
                of(client.call(request).map(|response| response.status()))
            }
            Carrier::Core(bare) => of_core(bare.lock().unwrap().call(&self.url)),
        }
    }

    /// Ends as a program does.
    pub(crate) fn close(&self) {
        match &self.client {
            Carrier::Adapter(client) => client.close(),
            Carrier::Core(bare) => {
                let mut bare = bare.lock().unwrap();
                bare.close();
            }
        }
    }
}

/// What a caller gets: a status, or an error, as `Debug` and `Display` show it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: &'static str,
    pub(crate) shown: String,
}

fn of(result: Result<StatusCode, testing::Error>) -> Outcome {
    match result {
        Ok(status) => of_status(status),
        Err(error) => match error.auth() {
            Some(core) => Outcome { result: kind_of(core.kind()), shown: error.shown() },
            None => Outcome { result: "failed", shown: error.shown() },
        },
    }
}

fn of_core(result: Result<StatusCode, auth_proto::Error>) -> Outcome {
    match result {
        Ok(status) => of_status(status),
        Err(error) => {
            Outcome { result: kind_of(error.kind()), shown: format!("{error} {error:?}") }
        }
    }
}

fn of_status(status: StatusCode) -> Outcome {
    let result = match status.as_u16() {
        200 => "good",
        401 => "401",
        _ => "another status",
    };
    Outcome { result, shown: status.to_string() }
}

fn kind_of(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Rejected(_) => "refused",
        ErrorKind::Unavailable(_) => "unavailable",
        _ => "failed",
    }
}

impl Whose {
    fn login(self) -> (Credential, Scope) {
        let password = match self {
            Self::OtherUser => crate::cloud::OTHER_PASSWORD,
            Self::Ours | Self::OtherScope => fixtures::PASSWORD,
        };
        let project = if self == Self::OtherScope { "p2" } else { "p1" };
        (Credential::password(UserRef::id("u1"), password), Scope::project_id(project))
    }
}
