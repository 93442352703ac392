//! Drivers and a store: who asks it, and who tells it.

use std::{
    future::{Future, pending, ready},
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
    time::Duration,
};

use auth_emulator::{Emulator, account};
use auth_proto::{
    Body, Cloud, Credential, Destination, Event, Failure, Note, Scope, Session, Settings, Taken,
    Want,
};
use http::{Request, Response, StatusCode, Uri};
use time::UtcDateTime;

use super::executor::block_on;
use crate::{
    blocking,
    call::Call,
    driver::{Driver, Mode, Step, Wanted},
    error::NoToken,
    nonblocking,
};
use model::ModelStore;

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../../auth-proto/tests/it/support/store.rs"]
mod model;

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What happened, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// An emulated cloud and a model store in this process, for both loops.
#[derive(Clone)]
pub(super) struct Http {
    emulator: Arc<Mutex<Emulator>>,
    pub(super) store: Arc<Mutex<ModelStore>>,
    takes: Arc<AtomicUsize>,
    /// Whether the store gives no answer.
    is_slow: bool,
}

impl Http {
    pub(super) fn new() -> Self {
        Self {
            emulator: Arc::default(),
            store: Arc::new(Mutex::new(ModelStore::at(Duration::from_secs(1000)))),
            takes: Arc::default(),
            is_slow: false,
        }
    }

    pub(super) fn handle(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.as_bytes());
        let response = self.emulator.lock().unwrap().handle(request, UtcDateTime::now());
        Ok(response.map(|body| Body::new(body.into())))
    }

    pub(super) fn logins(&self) -> u64 {
        self.emulator.lock().unwrap().logins(auth_emulator::System::Kakao)
    }

    pub(super) fn taken(&self, want: &Want) -> Taken {
        self.takes.fetch_add(1, SeqCst);
        self.store.lock().unwrap().take(want)
    }
}

impl blocking::Transport for Http {
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        self.handle(request)
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn take(&self, want: &Want) -> Taken {
        self.taken(want)
    }
}

impl nonblocking::Transport for Http {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        ready(self.handle(request))
    }

    async fn take(&self, want: &Want) -> Taken {
        if self.is_slow {
            self.takes.fetch_add(1, SeqCst);
            return pending().await;
        }
        self.taken(want)
    }

    /// Only the time of the store's answer ends.
    async fn sleep(&self, pause: Duration) {
        if pause != Duration::from_millis(250) {
            pending::<()>().await;
        }
    }
}

/// A driver whose notes and events go to a log. The store is told under no lock, and after the
/// wake-up.
fn driver(http: &Http) -> (Arc<Driver>, Log) {
    let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
    let session = Session::new(Cloud::kakao(), key, Settings::default().with_store()).unwrap();
    let (log, itself) = (Log::default(), Arc::new(OnceLock::<Weak<Driver>>::new()));
    let (store, notes, events) = (Arc::clone(&http.store), Arc::clone(&log), Arc::clone(&log));
    let own = Arc::clone(&itself);
    let driver = Driver::new(session, UtcDateTime::now)
        .with_store(move |note| {
            let driver = own.get().and_then(Weak::upgrade).unwrap();
            assert!(!driver.is_locked(), "told under the lock");
            notes.lock().unwrap().push(format!("{} at {:?}", kind(note), driver.epoch()));
            store.lock().unwrap().tell(note);
        })
        .with_listener(move |event| events.lock().unwrap().push(shown(event).to_owned()));
    let driver = Arc::new(driver);
    itself.set(Arc::downgrade(&driver)).unwrap();
    (driver, log)
}

pub(super) fn kind(note: &Note) -> &'static str {
    match note {
        Note::Forget { .. } => "forget",
        Note::Keep { .. } => "keep",
        Note::Put { entry: Some(_), .. } => "put an entry",
        Note::Put { entry: None, .. } => "put nothing",
    }
}

fn shown(event: &Event) -> &'static str {
    match event {
        Event::TokenRejected { .. } => "rejected",
        Event::StoreSuspended { .. } => "suspended",
        Event::TokenImported { .. } => "imported",
        Event::TokenRenewed { .. } => "renewed",
        _ => "another event",
    }
}

pub(super) fn wanted(scope: &Scope) -> (Wanted<'_>, Mode<'_>) {
    (Wanted::new(scope), Mode::Caller(Destination::Unknown))
}

fn blocking_token(driver: &Arc<Driver>, http: &Http) -> String {
    let scope = Scope::default();
    let (wanted, mode) = wanted(&scope);
    let grant = blocking::grant(driver, &Arc::new(http.clone()), wanted, mode, PATIENCE);
    grant.unwrap().token.expose().to_owned()
}

fn async_token(driver: &Driver, http: &Http) -> Result<String, NoToken> {
    let scope = Scope::default();
    let (wanted, mode) = wanted(&scope);
    let grant = block_on(nonblocking::grant(driver, http, wanted, mode, PATIENCE));
    Ok(grant?.token.expose().to_owned())
}

/// The notes since the last call, in which epoch each was told, and all events.
pub(super) fn drain(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn two_drivers_share_a_token() {
    let http = Http::new();
    let tokens = [
        blocking_token(&driver(&http).0, &http),
        async_token(&driver(&http).0, &http).unwrap(),
        blocking_token(&driver(&http).0, &http),
    ];
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!((http.logins(), http.takes.load(SeqCst)), (1, 3));
}

#[test]
fn the_store_is_told_after_waking_and_before_events() {
    for is_async in [false, true] {
        let http = Http::new();
        let (driver, log) = driver(&http);
        let before = driver.epoch();
        match is_async {
            false => drop(blocking_token(&driver, &http)),
            true => drop(async_token(&driver, &http).unwrap()),
        }
        assert_ne!(before, driver.epoch());
        let told = format!("put an entry at {:?}", driver.epoch());
        assert_eq!(drain(&log), ["another event", told.as_str(), "renewed"]);
    }
}

#[test]
fn each_change_tells_the_store_at_once() {
    type Change = fn(&Arc<Driver>, &Http);
    let changes: [(&str, bool, &str, Change); 5] = [
        ("a report", true, "forget", |driver, _| {
            let token = driver.peek().cached_token(&Scope::default(), UtcDateTime::now()).unwrap();
            let url = Uri::from_static("https://network.example/");
            let _ = driver.report(&token, &url, StatusCode::UNAUTHORIZED);
        }),
        ("a call", true, "forget", |driver, http| {
            let head = Request::get("https://network.example/").body(()).unwrap();
            let scope = Scope::default();
            let (mut call, ()) = Call::new(driver, Wanted::new(&scope), head).unwrap();
            blocking::authorize(&mut call, &Arc::new(http.clone()), PATIENCE, |_| ()).unwrap();
            let _ = call.decide(StatusCode::UNAUTHORIZED, true);
        }),
        ("another credential", false, "put nothing", |driver, http| {
            lead(driver, http);
            let key = Credential::application_credential(account::KAKAO_KEY_ID, "another");
            driver.change(|session| session.replace_credential(key)).unwrap();
        }),
        ("the end", false, "put nothing", |driver, http| {
            lead(driver, http);
            driver.close();
        }),
        ("an answer that comes too late", false, "put nothing", |driver, http| {
            let scope = Scope::default();
            let (wanted, mode) = wanted(&scope);
            let Step::Take(guard, want) = driver.next(wanted, mode, PATIENCE) else { panic!() };
            let taken = http.taken(&want);
            driver.close();
            guard.taken(taken);
        }),
    ];
    for (what, has_token, note, change) in changes {
        let http = Http::new();
        let (driver, log) = driver(&http);
        if has_token {
            blocking_token(&driver, &http);
        }
        drain(&log);
        change(&driver, &http);
        let told = drain(&log);
        let last = told.iter().rev().find(|line| line.contains(" at ")).expect(what);
        assert!(last.starts_with(note), "{what}: {told:?}");
    }
}

/// Takes the lease, and lets the login wait.
fn lead(driver: &Arc<Driver>, http: &Http) {
    let scope = Scope::default();
    let (wanted, mode) = wanted(&scope);
    let Step::Take(guard, want) = driver.next(wanted, mode, PATIENCE) else { panic!() };
    let taken = http.taken(&want);
    assert!(matches!(taken, Taken::Led(_)), "{taken:?}");
    guard.taken(taken);
}

#[test]
fn a_slow_store_costs_a_quarter_of_a_second() {
    let http = Http { is_slow: true, ..Http::new() };
    let (driver, log) = driver(&http);
    async_token(&driver, &http).unwrap();
    assert_eq!((http.logins(), http.takes.load(SeqCst)), (1, 1));
    // It has given no lease, so it is told nothing.
    assert_eq!(drain(&log), ["suspended", "another event", "renewed"]);
}

#[test]
fn a_cancelled_question_goes_to_the_next_caller() {
    let (http, slow) = (Http::new(), Http { is_slow: true, ..Http::new() });
    let (driver, _) = driver(&http);
    let scope = Scope::default();
    {
        let (wanted, mode) = wanted(&scope);
        // The first poll asks the store, and the future is dropped.
        let never = Never(slow.clone());
        let asking = nonblocking::grant(&driver, &never, wanted, mode, PATIENCE);
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(asking).as_mut().poll(&mut context).is_pending());
    }
    async_token(&driver, &http).unwrap();
    assert_eq!((slow.takes.load(SeqCst), http.takes.load(SeqCst), http.logins()), (1, 1, 1));
}

/// A transport whose timer never ends.
struct Never(Http);

impl nonblocking::Transport for Never {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        nonblocking::Transport::send(&self.0, request)
    }

    fn take(&self, want: &Want) -> impl Future<Output = Taken> + Send {
        nonblocking::Transport::take(&self.0, want)
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        pending()
    }
}
