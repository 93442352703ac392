//! The number of wake-ups of callers that wait for a login: one each.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Builder},
};

use time::UtcDateTime;

use crate::{
    row::CostRow,
    server::{CheapServer, PATIENCE, until},
};

/// The rows of both adapters.
pub(crate) fn rows() -> Vec<CostRow> {
    let mut rows = Vec::new();
    for (name, woken) in [
        ("auth-reqwest", reqwest as fn(&CheapServer) -> Result<Vec<usize>, String>),
        ("auth-ureq", ureq),
    ] {
        let seen = seen(woken);
        let row = |goal, what: &str, value: fn(&Seen) -> usize| {
            let name = format!("1,000 waiting for one login, {what}, {name}");
            CostRow::tried(goal, name, seen.as_ref().map(|seen| value(seen) as f64))
        };
        rows.extend([
            row(1.0, "wake-ups, the most of any", |seen| seen.most),
            row(0.0, "never woken", |seen| seen.never),
            row(1.0, "logins", |seen| seen.logins),
        ]);
    }
    rows
}

struct Seen {
    most: usize,
    /// A caller that was not woken did not wait, which proves nothing.
    never: usize,
    logins: usize,
}

fn seen(woken: fn(&CheapServer) -> Result<Vec<usize>, String>) -> Result<Seen, String> {
    let server = CheapServer::holding().map_err(|error| error.to_string())?;
    let woken = woken(&server).map_err(|why| server.last_error().unwrap_or(why))?;
    let most = woken.iter().copied().max().unwrap_or_default();
    let never = WAITING - woken.iter().filter(|woken| **woken > 0).count();
    Ok(Seen { most, never, logins: server.logins() })
}

const WAITING: usize = 1_000;
const NOT_ALL: &str = "some callers do not wait";

/// The wake-ups of each task, by its own waker.
fn reqwest(server: &CheapServer) -> Result<Vec<usize>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let asked = Arc::new(AtomicUsize::new(0));
    let (cloud, credential, scope) = server.login();
    let client = auth_reqwest::Client::builder(cloud, credential, scope)
        .http(|| reqwest::Client::builder().no_proxy())
        .build()
        .map_err(|error| error.to_string())?;
    let token = |client: auth_reqwest::Client| async move { client.token().await.map(drop) };
    let login = runtime.spawn(token(client.clone()));
    server.login_is_there()?;
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let future = Box::pin(token(client.clone()));
            let woken = Arc::new(AtomicUsize::new(0));
            let asked = Arc::clone(&asked);
            let counted = WokenFuture { future, woken: Arc::clone(&woken), asked, is_new: true };
            (woken, runtime.spawn(counted))
        })
        .collect();
    until(NOT_ALL, || asked.load(SeqCst) >= WAITING)?;
    server.answer();
    let counts = async {
        login.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let mut counts = Vec::new();
        for (woken, task) in waiting {
            task.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            counts.push(woken.load(SeqCst));
        }
        Ok(counts)
    };
    let counts = runtime.block_on(async { tokio::time::timeout(PATIENCE, counts).await });
    counts.unwrap_or_else(|_| Err(format!("some callers have no token after {PATIENCE:?}")))
}

/// A future whose wake-ups are counted.
struct WokenFuture<F> {
    future: Pin<Box<F>>,
    woken: Arc<AtomicUsize>,
    /// The number of futures that were polled at least once.
    asked: Arc<AtomicUsize>,
    is_new: bool,
}

impl<F: Future> Future for WokenFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let bell = Bell { woken: Arc::clone(&self.woken), waker: context.waker().clone() };
        let waker = Waker::from(Arc::new(bell));
        let polled = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        if std::mem::take(&mut self.is_new) {
            self.asked.fetch_add(1, SeqCst);
        }
        polled
    }
}

struct Bell {
    woken: Arc<AtomicUsize>,
    waker: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
        self.waker.wake_by_ref();
    }
}

thread_local! {
    /// The number of this thread's looks at the session.
    static LOOKED: Cell<usize> = const { Cell::new(0) };
}

/// The wake-ups of each thread: its looks at the session after the first. Each look reads the clock.
fn ureq(server: &CheapServer) -> Result<Vec<usize>, String> {
    let asked = Arc::new(AtomicUsize::new(0));
    let (cloud, credential, scope) = server.login();
    let count = Arc::clone(&asked);
    let client = auth_ureq::Client::builder(cloud, credential, scope)
        .http(ureq::Agent::config_builder().proxy(None))
        .clock(move || {
            LOOKED.set(LOOKED.get() + 1);
            count.fetch_add(1, SeqCst);
            UtcDateTime::now()
        })
        .build()
        .map_err(|error| error.to_string())?;
    thread::scope(|threads| {
        let token = || client.token().map(|_| LOOKED.get()).map_err(|error| error.to_string());
        let login = threads.spawn(token);
        // The response is sent in any case, so that the callers end.
        server.login_is_there().inspect_err(|_| server.answer())?;
        let before = asked.load(SeqCst);
        let waiting: Result<Vec<_>, _> = (0..WAITING)
            .map(|_| Builder::new().stack_size(256 * 1024).spawn_scoped(threads, token))
            .collect();
        let all_wait = match waiting {
            Ok(_) => until(NOT_ALL, || asked.load(SeqCst) >= before + WAITING),
            Err(_) => Ok(()),
        };
        server.answer();
        let waiting = waiting.map_err(|error| {
            format!("no thread for each of {WAITING} callers (RLIMIT_NPROC is the limit): {error}")
        })?;
        all_wait?;
        joined(login.join())?;
        waiting.into_iter().map(|thread| joined(thread.join()).map(|looked| looked - 1)).collect()
    })
}

fn joined<T>(thread: thread::Result<Result<T, String>>) -> Result<T, String> {
    thread.unwrap_or_else(|_| Err("a caller panicked".to_owned()))
}
