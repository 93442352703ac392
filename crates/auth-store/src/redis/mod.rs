//! A store in a Redis server.
//!
//! One thread has the connection. It sends all waiting jobs together, and answers in order. A caller
//! waits for 250 ms at most, also while the thread waits for the resolver, the handshake or a server that
//! is stopped.

mod address;
mod engine;
mod link;
mod refusal;
mod script;
mod tls;

use std::{
    fmt,
    future::Future,
    iter, mem,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
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
/// [front page](crate#redis) for the server's version and the rights that its user needs.
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
    listener: Option<Arc<Listener>>,
    patience: Duration,
}

type Listener = dyn Fn(&StoreEvent) + Send + Sync;

struct Shared {
    server: Server,
    queue: Mutex<Option<Queue>>,
}

/// The queue of the thread.
struct Queue {
    process: u32,
    jobs: SyncSender<Job>,
    /// Disconnected when the thread has ended.
    running: Receiver<()>,
}

/// The time that a caller waits.
const ANSWER: Duration = Duration::from_millis(250);
/// A caller waits for a note for this part of the time. A server that has stopped costs a call two
/// notes and a question.
const NOTES: u32 = 6;
/// The jobs that wait for the thread.
const JOBS: usize = 1024;
/// The jobs of one round trip.
const BATCH: usize = 32;
/// A connection that was not used for so long is closed. A firewall or proxy on the way may have dropped
/// it.
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
        Ok(Self { shared: Arc::new(shared), listener: None, patience: ANSWER })
    }

    /// Reports events to this function. The store's thread calls it, and all callers of the store wait
    /// until it returns. If a caller goes on without an answer, because its time is over or its task was
    /// dropped, the caller calls it with [`StoreEvent::Silent`]. It must not panic. Earlier clones do not
    /// call it.
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&StoreEvent) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Waits for the server for this time in place of 250 ms, for tests on busy machines. Clones made
    /// before do not.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks the thread. Dropped without its answer, it says so.
    fn ask(&self, want: &Want) -> impl Future<Output = Taken> + Send + Unpin {
        let (promise, answer) = answer();
        let taking = Taking { answer, leave: |note| self.leave(note) };
        self.submit(Task::Take(want.clone(), 0, promise));
        taking
    }

    /// A caller goes on without its answer, and a lease that has come is given back.
    fn leave(&self, note: Option<Note>) {
        let address = &self.shared.server.address;
        let silent = StoreEvent::Silent(address.error(address.delay()));
        engine::emit(self.listener.as_ref(), &[silent]);
        if let Some(note) = note {
            self.submit(Task::Tell(note, None));
        }
    }

    /// Hands a task to the thread.
    fn submit(&self, task: Task) {
        let job = Job::new(task, self.listener.clone(), self.patience);
        let server = &self.shared.server;
        let jobs = match self.shared.jobs() {
            Ok(jobs) => jobs,
            Err(problem) => return server.fail(job, problem),
        };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(job) {
            server.fail(job, Problem::TimedOut);
        }
    }
}

impl Shared {
    /// The way to the thread of this process, which is started if there is none.
    fn jobs(&self) -> Result<SyncSender<Job>, Problem> {
        let mut queue = lock(&self.queue);
        if queue.as_ref().is_some_and(|queue| queue.process != process::id()) {
            // This process was forked. The thread and its connection are the parent's, and so may be
            // the locks within.
            mem::forget(queue.take());
        }
        Ok(match &mut *queue {
            Some(queue) => queue.jobs.clone(),
            none => none.insert(Queue::new(self.server.clone())?).jobs.clone(),
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
        let deadline = Instant::now() + self.patience;
        wait(self.ask(want), deadline).unwrap_or(Taken::Silent)
    }

    /// Waits for the server for about 40 ms at most, because the program may end after it.
    fn tell(&self, note: &Note) {
        let deadline = Instant::now() + self.patience / NOTES;
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
/// are sent.
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

    /// As [`RedisStore::with_patience`].
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self(self.0.with_patience(patience))
    }
}

#[cfg(feature = "redis-async")]
impl AsyncStore for AsyncRedisStore {
    async fn take(&self, want: &Want) -> Taken {
        self.0.ask(want).await
    }

    fn tell(&self, note: &Note) {
        self.0.submit(Task::Tell(copy(note), None));
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use auth_proto::Name;

    use super::*;

    /// A process that was forked has the memory of its parent, and neither its thread nor its connection.
    #[test]
    fn a_forked_process_connects_by_itself() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("redis://{}", server.local_addr().unwrap());
        let store = RedisStore::open(&url, Key::new([1; 32])).unwrap();
        let note = Note::Forget { name: Name::new(b"name".to_vec().into()), generation: 1 };
        store.tell(&note);
        let (parent, _) = server.accept().unwrap();
        lock(&store.shared.queue).as_mut().unwrap().process += 1;
        store.tell(&note);
        let (child, _) = server.accept().unwrap();
        assert_ne!(parent.peer_addr().unwrap(), child.peer_addr().unwrap());
        assert_eq!(lock(&store.shared.queue).as_ref().unwrap().process, process::id());
    }
}
