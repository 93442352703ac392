//! A blocking store for tasks.

use std::{
    fmt, io,
    marker::PhantomData,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use auth_proto::{AsyncStore, Note, Store, Taken, Want};

use crate::answer::{Promise, Taking, answer, copy, give_back, lock};

/// An [`AsyncStore`] that calls a blocking [`Store`] on two threads of its own. It needs no runtime.
///
/// If more calls come than the threads can do, the answer is [`Taken::Silent`], and no caller waits: the
/// session reports [`StoreSuspended`](auth_proto::Event::StoreSuspended), and the store no event. A lease
/// whose caller has gone is given back. Dropping it waits up to 250 ms, until the store has all notes.
///
/// ```no_run
/// use auth_store::{Blocking, FileStore};
///
/// let store = Blocking::new(FileStore::of_user()?)?;
/// // auth_reqwest::Client::builder(cloud, credential, scope).store(store)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Blocking<S> {
    /// Dropped to end the threads.
    jobs: Option<SyncSender<Job>>,
    /// Disconnected when they have ended.
    running: Mutex<Receiver<()>>,
    store: PhantomData<fn() -> S>,
}

enum Job {
    Take(Want, Promise<Taken>),
    Tell(Note),
}

const THREADS: usize = 2;
/// Jobs that wait for a thread.
const JOBS: usize = 1024;
/// The time that a store has for an answer.
const ANSWER: Duration = Duration::from_millis(250);

impl<S: Store + 'static> Blocking<S> {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn new(store: S) -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel(JOBS);
        let (is_running, running) = mpsc::sync_channel(0);
        let work = Arc::new((store, Mutex::new(queue)));
        for _ in 0..THREADS {
            let (work, is_running) = (Arc::clone(&work), is_running.clone());
            thread::Builder::new().name("auth-store".to_owned()).spawn(move || {
                let (store, queue) = &*work;
                while let Ok(job) = next(queue) {
                    run(store, job);
                }
                drop(is_running);
            })?;
        }
        Ok(Self { jobs: Some(jobs), running: Mutex::new(running), store: PhantomData })
    }
}

/// The next job. It blocks.
fn next(queue: &Mutex<Receiver<Job>>) -> Result<Job, mpsc::RecvError> {
    lock(queue).recv()
}

fn run(store: &impl Store, job: Job) {
    let (want, promise) = match job {
        Job::Tell(note) => {
            let _ = caught(|| store.tell(&note));
            return;
        }
        Job::Take(want, promise) => (want, promise),
    };
    if promise.is_abandoned() {
        return;
    }
    let taken = caught(|| store.take(&want)).unwrap_or(Taken::Silent);
    if let Some(note) = promise.give(taken).and_then(give_back) {
        let _ = caught(|| store.tell(&note));
    }
}

/// A panic, such as that of a function which gets events, must not end the thread: later callers would
/// wait for ever.
fn caught<T>(call: impl FnOnce() -> T) -> thread::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(call))
}

impl<S: Store> AsyncStore for Blocking<S> {
    async fn take(&self, want: &Want) -> Taken {
        let Some(jobs) = &self.jobs else { return Taken::Silent };
        let (promise, answer) = answer();
        let give_back = |note| drop(jobs.try_send(Job::Tell(note)));
        let taking =
            Taking { answer, leave: |note: Option<Note>| note.into_iter().for_each(give_back) };
        match jobs.try_send(Job::Take(want.clone(), promise)) {
            Ok(()) => taking.await,
            Err(_) => Taken::Silent,
        }
    }

    fn tell(&self, note: &Note) {
        // A note that is lost costs a login at most.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.try_send(Job::Tell(copy(note)));
        }
    }
}

impl<S> Drop for Blocking<S> {
    fn drop(&mut self) {
        self.jobs = None;
        // A program that ends now would take its last notes with it.
        let _ = lock(&self.running).recv_timeout(ANSWER);
    }
}

impl<S> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}
