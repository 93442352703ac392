//! A blocking store for tasks.

use std::{
    fmt,
    future::Future,
    io,
    marker::PhantomData,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use auth_proto::{AsyncStore, Lease, Note, Store, Taken, Want};

/// An [`AsyncStore`] that calls a blocking [`Store`] on two threads of its own. It needs no runtime.
///
/// What the threads cannot keep up with is silent, and never waits. A lease that comes too late, because
/// its caller has gone, is given back. Dropping it waits up to 250 ms, until all notes are told.
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
    Take(Want, Arc<Mutex<Answer>>),
    Tell(Note),
}

/// The place for an answer.
#[derive(Default)]
struct Answer {
    taken: Option<Taken>,
    is_abandoned: bool,
    waker: Option<Waker>,
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
    let (want, answer) = match job {
        Job::Tell(note) => {
            let _ = caught(|| store.tell(&note));
            return;
        }
        Job::Take(want, answer) => (want, answer),
    };
    if lock(&answer).is_abandoned {
        return;
    }
    let taken = caught(|| store.take(&want)).unwrap_or(Taken::Silent);
    let mut answer = lock(&answer);
    if answer.is_abandoned {
        drop(answer);
        give_back(Some(taken), |note| drop(caught(|| store.tell(&note))));
        return;
    }
    answer.taken = Some(taken);
    let waker = answer.waker.take();
    drop(answer);
    waker.into_iter().for_each(Waker::wake);
}

/// A panic, such as that of a function which gets events, must not end the thread: its askers would wait
/// for ever.
fn caught<T>(call: impl FnOnce() -> T) -> thread::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(call))
}

/// Nobody waits for the lease any more.
fn give_back(taken: Option<Taken>, tell: impl FnOnce(Note)) {
    if let Some(Taken::Led(lease)) = taken {
        tell(Note::Put { lease, entry: None });
    }
}

/// The answer to come.
struct Waiting<'a> {
    answer: Arc<Mutex<Answer>>,
    jobs: &'a SyncSender<Job>,
}

impl Future for Waiting<'_> {
    type Output = Taken;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Taken> {
        let mut answer = lock(&self.answer);
        match answer.taken.take() {
            Some(taken) => Poll::Ready(taken),
            None => {
                answer.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut answer = lock(&self.answer);
        answer.is_abandoned = true;
        give_back(answer.taken.take(), |note| drop(self.jobs.try_send(Job::Tell(note))));
    }
}

impl<S: Store> AsyncStore for Blocking<S> {
    async fn take(&self, want: &Want) -> Taken {
        let Some(jobs) = &self.jobs else { return Taken::Silent };
        let answer = Arc::default();
        match jobs.try_send(Job::Take(want.clone(), Arc::clone(&answer))) {
            Ok(()) => Waiting { answer, jobs }.await,
            Err(_) => Taken::Silent,
        }
    }

    fn tell(&self, note: &Note) {
        let note = match note {
            Note::Forget { name, generation } => {
                Note::Forget { name: name.clone(), generation: *generation }
            }
            Note::Keep { name, generation, lease } => {
                Note::Keep { name: name.clone(), generation: *generation, lease: *lease }
            }
            Note::Put { lease, entry } => {
                let lease = Lease::new(lease.name().clone(), lease.generation());
                Note::Put { lease, entry: entry.clone() }
            }
        };
        // A note that is lost costs a login at most.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.try_send(Job::Tell(note));
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
