//! How often those who wait for a login are woken: once, when it has landed.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Builder},
    time::{Duration, Instant},
};

use time::UtcDateTime;

use crate::{row::Row, server::Server};

/// The rows of both adapters.
pub(crate) fn rows() -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (name, woken) in [
        ("auth-reqwest", reqwest as fn(&Server) -> Result<Vec<usize>, String>),
        ("auth-ureq", ureq),
    ] {
        let server = Server::holding().map_err(|error| error.to_string())?;
        let woken = woken(&server)?;
        let most = woken.iter().copied().max().unwrap_or_default();
        // Who was not woken at all did not wait, and proves nothing.
        let never = WAITING - woken.iter().filter(|woken| **woken > 0).count();
        let row = |goal, what: &str, value: usize| {
            let name = format!("1,000 waiting for one login, {what}, {name}");
            Row::at_most(goal, name, value as f64)
        };
        rows.extend([
            row(1.0, "wake-ups, the most of any", most),
            row(0.0, "never woken", never),
            row(1.0, "logins", server.logins()),
        ]);
    }
    Ok(rows)
}

const WAITING: usize = 1_000;

/// The wake-ups of each task, by its own waker.
fn reqwest(server: &Server) -> Result<Vec<usize>, String> {
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
    server.pass();
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let future = Box::pin(token(client.clone()));
            let woken = Arc::new(AtomicUsize::new(0));
            let asked = Arc::clone(&asked);
            let counted = Watched { future, woken: Arc::clone(&woken), asked, is_new: true };
            (woken, runtime.spawn(counted))
        })
        .collect();
    until(|| asked.load(SeqCst) == WAITING)?;
    server.pass();
    runtime.block_on(async {
        login.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let mut counts = Vec::new();
        for (woken, task) in waiting {
            task.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            counts.push(woken.load(SeqCst));
        }
        Ok(counts)
    })
}

/// A future whose wake-ups are counted.
struct Watched<F> {
    future: Pin<Box<F>>,
    woken: Arc<AtomicUsize>,
    /// How many were polled at least once.
    asked: Arc<AtomicUsize>,
    is_new: bool,
}

impl<F: Future> Future for Watched<F> {
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
    /// How often this thread looked at the account.
    static LOOKED: Cell<usize> = const { Cell::new(0) };
}

/// The wake-ups of each thread: how often it looked at the account after the first time. It reads the
/// clock whenever it does.
fn ureq(server: &Server) -> Result<Vec<usize>, String> {
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
        server.pass();
        let before = asked.load(SeqCst);
        let waiting: Result<Vec<_>, _> = (0..WAITING)
            .map(|_| Builder::new().stack_size(256 * 1024).spawn_scoped(threads, token))
            .collect();
        let all_wait = until(|| asked.load(SeqCst) == before + WAITING);
        server.pass();
        let waiting = waiting.map_err(|error| error.to_string())?;
        all_wait?;
        joined(login.join())?;
        waiting.into_iter().map(|thread| joined(thread.join()).map(|looked| looked - 1)).collect()
    })
}

fn joined<T>(thread: thread::Result<Result<T, String>>) -> Result<T, String> {
    thread.unwrap_or_else(|_| Err("a caller panicked".to_owned()))
}

fn until(is_so: impl Fn() -> bool) -> Result<(), String> {
    let started = Instant::now();
    while !is_so() {
        if started.elapsed() > Duration::from_secs(20) {
            return Err("not all who should wait do".to_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
