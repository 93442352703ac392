//! The async loops on an executor of a few lines, and on timers that are threads: no runtime.

use std::{
    future::{Future, pending, poll_fn},
    mem,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use auth_emulator::{Emulator, account};
use auth_proto::{Body, Cloud, Credential, Destination, Failure, Scope, Session, Settings};
use http::{Request, Response};
use time::UtcDateTime;

use crate::{
    driver::{Driver, Mode, Wanted},
    error::NoToken,
    nonblocking::{Transport, grant, refresh_loop},
};

/// Runs a future on this thread, which sleeps until a waker unparks it.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Ready after this time. The timer is a thread.
pub(super) async fn after(pause: Duration) {
    let (is_over, mut is_started) = (Arc::new(AtomicBool::new(false)), false);
    let waker = Arc::new(Mutex::new(Waker::noop().clone()));
    poll_fn(|context| {
        // Another caller may poll it than the one before.
        waker.lock().unwrap().clone_from(context.waker());
        if is_over.load(SeqCst) {
            return Poll::Ready(());
        }
        if !mem::replace(&mut is_started, true) {
            let (is_over, waker) = (Arc::clone(&is_over), Arc::clone(&waker));
            thread::spawn(move || {
                thread::sleep(pause);
                is_over.store(true, SeqCst);
                waker.lock().unwrap().wake_by_ref();
            });
        }
        Poll::Pending
    })
    .await;
}

/// An emulated cloud in this process.
#[derive(Default)]
struct Http {
    emulator: Arc<Mutex<Emulator>>,
    sent: AtomicUsize,
    is_silent: bool,
}

impl Transport for Http {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        self.sent.fetch_add(1, SeqCst);
        let (emulator, is_silent) = (Arc::clone(&self.emulator), self.is_silent);
        async move {
            if is_silent {
                return pending().await;
            }
            after(MOMENT).await;
            let (head, body) = request.into_parts();
            let request = Request::from_parts(head, body.as_bytes());
            let response = emulator.lock().unwrap().handle(request, UtcDateTime::now());
            Ok(response.map(|body| Body::new(body.into())))
        }
    }

    /// A long pause never ends, so that only a wake-up ends a wait.
    async fn sleep(&self, pause: Duration) {
        match pause > MOMENT {
            true => pending().await,
            false => after(pause).await,
        }
    }
}

const MOMENT: Duration = Duration::from_millis(50);
/// Only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);

fn driver() -> Driver {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let session = Session::new(Cloud::kakao(), key, Settings::default()).unwrap();
    Driver::new(session, UtcDateTime::now)
}

async fn token(driver: &Driver, http: &Http, patience: Duration) -> Result<String, NoToken> {
    let scope = Scope::default();
    let wanted = Wanted::new(&scope);
    let mode = Mode::Caller(Destination::Unknown);
    let grant = grant(driver, http, wanted, mode, patience).await?;
    Ok(grant.token.expose().to_owned())
}

#[test]
fn the_async_loop_needs_no_runtime() {
    const CALLERS: usize = 8;
    let shared = Arc::new((driver(), Http::default()));
    let (ended, results) = mpsc::channel();
    for _ in 0..CALLERS {
        let (shared, ended) = (Arc::clone(&shared), ended.clone());
        thread::spawn(move || ended.send(block_on(token(&shared.0, &shared.1, LONG))));
    }
    let mut tokens: Vec<_> =
        (0..CALLERS).map(|_| results.recv_timeout(LONG).unwrap().unwrap()).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(shared.1.sent.load(SeqCst), 1);
}

#[test]
fn a_deadline_needs_no_runtime() {
    let http = Http { is_silent: true, ..Http::default() };
    let error = block_on(token(&driver(), &http, MOMENT)).unwrap_err();
    assert!(matches!(error, NoToken::Deadline { last: None }), "{error}");
}

#[test]
fn the_refresh_loop_needs_no_runtime() {
    let shared = Arc::new((driver(), Http::default()));
    let (ended, end) = mpsc::channel();
    let of_loop = Arc::clone(&shared);
    thread::spawn(move || {
        block_on(refresh_loop(&of_loop.0, &of_loop.1, &Scope::default()));
        ended.send(())
    });
    block_on(token(&shared.0, &shared.1, LONG)).unwrap();
    shared.0.close();
    end.recv_timeout(LONG).unwrap();
}
