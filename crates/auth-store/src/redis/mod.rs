//! A store in a Redis server.
//!
//! One thread has the connection. It sends what waits together, and answers in order; callers wait for
//! it for 250 ms at most, whatever it waits for: the resolver, the handshake, a server that is stopped.

mod address;
mod engine;
mod link;
mod script;
mod tls;

use std::{
    fmt, iter, mem,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

#[cfg(feature = "redis-async")]
use auth_proto::AsyncStore;
use auth_proto::{Note, Store, Taken, Want};

use self::{
    address::Address,
    engine::{Engine, Job, Server, Task},
};
use crate::{
    answer::{Taking, answer, copy, lock, wait},
    error::{Problem, StoreError},
    event::StoreEvent,
    key::Key,
};

/// A [`Store`] in a Redis server, for the processes of many machines.
///
/// All clones are one store with one connection, which is made when it is needed. See the
/// [front page](crate#redis) for what the server has to be and to allow.
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
    listener: Option<Arc<Listener>>,
}

type Listener = dyn Fn(&StoreEvent) + Send + Sync;

struct Shared {
    server: Server,
    queue: Mutex<Option<Queue>>,
}

/// The way to the thread.
struct Queue {
    process: u32,
    jobs: SyncSender<Job>,
    /// Disconnected when the thread has ended.
    running: Receiver<()>,
}

/// The time that a caller waits.
const ANSWER: Duration = Duration::from_millis(250);
/// The jobs that wait for the thread.
const JOBS: usize = 1024;
/// The jobs of one round trip.
const BATCH: usize = 32;
/// A connection that was not used for so long is closed. What lies between may have forgotten it.
const IDLE: Duration = Duration::from_secs(60);

impl RedisStore {
    /// The store in the server of this URL: `redis://` or, with the feature `redis-tls`, `rediss://`,
    /// then `[USER][:PASSWORD]@` if needed, the host, `:PORT` unless it is 6379, and `/NUMBER` for a
    /// database other than 0. The user and the password are percent-encoded. Processes share their
    /// logins if they have the same database and the same key.
    ///
    /// It does not connect yet. With TLS, it reads the certificates that the platform trusts.
    ///
    /// # Errors
    ///
    /// [`Problem::BadUrl`]; [`Problem::NoTls`] without that feature; with TLS, the certificates cannot
    /// be read.
    pub fn open(url: &str, key: Key) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let tls = address.is_tls.then(tls::Client::new).transpose();
        let tls = tls.map_err(|problem| address.error(problem))?;
        let server = Server { address: Arc::new(address), tls, key };
        let shared = Shared { server, queue: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), listener: None })
    }

    /// Reports events to this function. The store's thread runs it: until it returns, all callers of
    /// the store wait. It must not panic. Clones made before do not have it.
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&StoreEvent) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Hands a task to the thread.
    fn submit(&self, task: Task) {
        let job = Job { deadline: engine::soon(), listener: self.listener.clone(), task };
        if let Err((job, problem)) = self.shared.submit(job) {
            self.shared.server.fail(job, problem);
        }
    }
}

impl Shared {
    fn submit(&self, job: Job) -> Result<(), (Job, Problem)> {
        let mut queue = lock(&self.queue);
        if queue.as_ref().is_some_and(|queue| queue.process != process::id()) {
            // This process was forked. The thread and its connection are the parent's, and so may be
            // the locks within.
            mem::forget(queue.take());
        }
        let jobs = match &mut *queue {
            Some(queue) => &queue.jobs,
            none => match Queue::new(self.server.clone()) {
                Ok(queue) => &none.insert(queue).jobs,
                Err(problem) => return Err((job, problem)),
            },
        };
        jobs.try_send(job).map_err(|error| match error {
            mpsc::TrySendError::Full(job) | mpsc::TrySendError::Disconnected(job) => {
                (job, Problem::TimedOut)
            }
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(Queue { process, jobs, running }) = lock(&self.queue).take() else { return };
        if process == process::id() {
            drop(jobs);
            // A program that ends now would take its last notes with it.
            let _ = running.recv_timeout(ANSWER);
        } else {
            mem::forget((jobs, running));
        }
    }
}

impl Queue {
    /// Starts the thread.
    fn new(server: Server) -> Result<Self, Problem> {
        let (jobs, queue) = mpsc::sync_channel(JOBS);
        let (is_running, running) = mpsc::sync_channel(0);
        let thread = thread::Builder::new().name("auth-store".to_owned());
        let serve = move || {
            serve(Engine::new(server), &queue);
            drop::<SyncSender<()>>(is_running);
        };
        thread.spawn(serve).map_err(Problem::Io)?;
        Ok(Self { process: process::id(), jobs, running })
    }
}

/// Does jobs until the store is dropped and none are left.
fn serve(mut engine: Engine, queue: &Receiver<Job>) {
    loop {
        match queue.recv_timeout(IDLE) {
            Ok(job) => {
                let jobs = iter::once(job).chain(queue.try_iter().take(BATCH - 1)).collect();
                // A panic, such as that of a function which gets events, must not end the thread.
                let _ = panic::catch_unwind(AssertUnwindSafe(|| engine.run(jobs)));
            }
            Err(RecvTimeoutError::Timeout) => engine.rest(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Store for RedisStore {
    fn take(&self, want: &Want) -> Taken {
        let deadline = Instant::now() + ANSWER;
        let (promise, answer) = answer();
        let taking = Taking { answer, tell: |note| self.submit(Task::Tell(note, None)) };
        self.submit(Task::Take(want.clone(), 0, promise));
        wait(taking, deadline).unwrap_or(Taken::Silent)
    }

    /// Waits for the server, for 250 ms at most, because the program may end after it.
    fn tell(&self, note: &Note) {
        let deadline = Instant::now() + ANSWER;
        let (promise, answer) = answer();
        self.submit(Task::Tell(copy(note), Some(promise)));
        wait(answer, deadline);
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.shared.server.address.to_string();
        f.debug_struct("RedisStore").field("server", &server).finish_non_exhaustive()
    }
}

/// An [`AsyncStore`] in a Redis server, for the processes of many machines: a [`RedisStore`] whose
/// callers are tasks. It needs no runtime. Dropping the last clone waits up to 250 ms, until all notes
/// are told.
#[cfg(feature = "redis-async")]
#[derive(Clone, Debug)]
pub struct AsyncRedisStore(RedisStore);

#[cfg(feature = "redis-async")]
impl AsyncRedisStore {
    /// As [`RedisStore::open`].
    ///
    /// # Errors
    ///
    /// As [`RedisStore::open`].
    pub fn open(url: &str, key: Key) -> Result<Self, StoreError> {
        RedisStore::open(url, key).map(Self)
    }

    /// As [`RedisStore::on_event`].
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&StoreEvent) + Send + Sync + 'static) -> Self {
        Self(self.0.on_event(listener))
    }
}

#[cfg(feature = "redis-async")]
impl AsyncStore for AsyncRedisStore {
    async fn take(&self, want: &Want) -> Taken {
        let (promise, answer) = answer();
        let taking = Taking { answer, tell: |note| self.0.submit(Task::Tell(note, None)) };
        self.0.submit(Task::Take(want.clone(), 0, promise));
        taking.await
    }

    fn tell(&self, note: &Note) {
        self.0.submit(Task::Tell(copy(note), None));
    }
}
