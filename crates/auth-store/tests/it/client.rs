//! Sessions that ask a store, for threads and for tasks, without a runtime.

use std::{
    future::{Future, ready},
    sync::{Arc, Mutex, mpsc},
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use auth_driver::{Driver, Mode, Wanted, blocking, nonblocking};
use auth_emulator::{Emulator, account};
use auth_proto::{
    AsyncStore, Body, Cloud, Credential, Destination, Event, Failure, Scope, Session, Settings,
    Store, Taken, Want,
};
use http::{Request, Response};
use time::UtcDateTime;

use crate::wait::{LONG, wait};

/// Ready after this time.
fn after(pause: Duration) -> impl Future<Output = ()> + Send {
    let (wakers, given) = mpsc::channel::<Waker>();
    let over = Arc::new(Mutex::new(false));
    let is_over = Arc::clone(&over);
    thread::spawn(move || {
        thread::sleep(pause);
        let mut over = over.lock().unwrap();
        *over = true;
        given.try_iter().for_each(Waker::wake);
    });
    std::future::poll_fn(move |context| {
        let is_over = is_over.lock().unwrap();
        if *is_over {
            return Poll::Ready(());
        }
        let _ = wakers.send(context.waker().clone());
        Poll::Pending
    })
}

/// An identity service in this process, and a store.
struct Transport<S>(Arc<S>);

fn login(request: Request<Body>) -> Result<Response<Body>, Failure> {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head, body.as_bytes());
    let response = Emulator::default().handle(request, UtcDateTime::now());
    Ok(response.map(|body| Body::new(body.into())))
}

impl<S: Store + 'static> blocking::Transport for Transport<S> {
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        login(request)
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn take(&self, want: &Want) -> Taken {
        self.0.take(want)
    }
}

impl<S: AsyncStore> nonblocking::Transport for Transport<S> {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        ready(login(request))
    }

    fn take(&self, want: &Want) -> impl Future<Output = Taken> + Send {
        self.0.take(want)
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        after(pause)
    }
}

/// A session that notes why it does without its store.
fn driver(reasons: &Arc<Mutex<Vec<String>>>) -> Driver {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let session = Session::new(Cloud::kakao(), key, Settings::default().with_store()).unwrap();
    let reasons = Arc::clone(reasons);
    Driver::new(session, UtcDateTime::now).with_listener(move |event| {
        if let Event::StoreSuspended { reason, .. } = event {
            reasons.lock().unwrap().push(format!("{reason:?}"));
        }
    })
}

fn with_session<E: std::fmt::Debug, T>(
    grant: impl FnOnce(Driver, Wanted<'_>, Mode<'_>) -> Result<T, E>,
) -> Vec<String> {
    let (reasons, scope) = (Arc::default(), Scope::default());
    let mode = Mode::Caller(Destination::Unknown);
    grant(driver(&reasons), Wanted::new(&scope), mode).unwrap();
    std::mem::take(&mut *reasons.lock().unwrap())
}

/// A new session gets a token. Why it did without the store.
pub(crate) fn by_thread(store: &Arc<impl Store + 'static>) -> Vec<String> {
    let transport = Arc::new(Transport(Arc::clone(store)));
    with_session(|driver, wanted, mode| {
        let told = Arc::clone(store);
        let driver = Arc::new(driver.with_store(move |note| told.tell(note)));
        blocking::grant(&driver, &transport, wanted, mode, LONG)
    })
}

/// The same for a task.
pub(crate) fn by_task(store: &Arc<impl AsyncStore + 'static>) -> Vec<String> {
    let transport = Transport(Arc::clone(store));
    with_session(|driver, wanted, mode| {
        let told = Arc::clone(store);
        let driver = driver.with_store(move |note| told.tell(note));
        wait(nonblocking::grant(&driver, &transport, wanted, mode, LONG))
    })
}

/// This many at the same time. What each has given.
pub(crate) fn at_once(count: usize, run: impl Fn() -> Vec<String> + Sync) -> Vec<Vec<String>> {
    thread::scope(|threads| {
        let running: Vec<_> = (0..count).map(|_| threads.spawn(&run)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
