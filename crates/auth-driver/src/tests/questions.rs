//! A question to a person, whose reply takes longer than a lease.

use std::{
    future::{Future, poll_fn, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::Duration,
};

use auth_proto::{
    Body, Cloud, Credential, Failure, FailureKind, Note, Question, Reply, Scope, SecretSource,
    Session, Settings, Taken, UserRef, Want,
};
use http::{Request, Response};
use time::UtcDateTime;

use super::{
    executor::{after, block_on},
    store::{PATIENCE, wanted},
};
use crate::{blocking, driver::Driver, nonblocking};

/// A person who replies once the store was told that the lease goes on.
struct Person {
    store: super::store::Http,
    is_kept: Arc<AtomicBool>,
    /// The session's clock, in seconds.
    clock: Arc<AtomicU64>,
    ask: Box<blocking::Asked>,
}

/// The part of a lease after which the store has to hear of it.
const LATER: u64 = 7;

impl Person {
    fn new() -> (Arc<Self>, Arc<Driver>) {
        let (is_kept, clock) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let credential = Credential::password(UserRef::id("u"), SecretSource::new("a person"));
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let session = Session::new(cloud, credential, Settings::default().with_store()).unwrap();
        let (kept, seconds, start) = (Arc::clone(&is_kept), Arc::clone(&clock), UtcDateTime::now());
        let now = move || start + Duration::from_secs(seconds.load(SeqCst));
        let mut driver = Driver::new(session, now).with_store(move |note| {
            kept.fetch_or(matches!(note, Note::Keep { .. }), SeqCst);
        });
        driver.look_every = Duration::from_millis(20);
        let (kept, seconds) = (Arc::clone(&is_kept), Arc::clone(&clock));
        let ask = move |_: &Question| {
            seconds.fetch_add(LATER, SeqCst);
            while !kept.load(SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
            Ok(Some(Reply::Secret("pw".into())))
        };
        let store = super::store::Http::new();
        let person = Self { store, is_kept, clock, ask: Box::new(ask) };
        (Arc::new(person), Arc::new(driver))
    }
}

/// The login itself makes no difference.
fn failed() -> Result<Response<Body>, Failure> {
    Err(Failure::new(FailureKind::Tls, "unknown issuer"))
}

impl blocking::Transport for Person {
    fn send(&self, _: Request<Body>) -> Result<Response<Body>, Failure> {
        failed()
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn asked(&self) -> Option<&blocking::Asked> {
        Some(&*self.ask)
    }

    fn take(&self, want: &Want) -> Taken {
        self.store.taken(want)
    }
}

impl nonblocking::Transport for Person {
    fn send(
        &self,
        _: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        ready(failed())
    }

    fn ask(
        &self,
        _: &Question,
    ) -> impl Future<Output = Result<Option<Reply>, Failure>> + Send + 'static {
        self.clock.fetch_add(LATER, SeqCst);
        let is_kept = Arc::clone(&self.is_kept);
        poll_fn(move |_| match is_kept.load(SeqCst) {
            true => Poll::Ready(Ok(Some(Reply::Secret("pw".into())))),
            false => Poll::Pending,
        })
    }

    async fn take(&self, want: &Want) -> Taken {
        self.store.taken(want)
    }

    async fn sleep(&self, pause: Duration) {
        after(pause).await;
    }
}

#[test]
fn a_lease_is_kept_while_a_person_is_asked() {
    thread::scope(|threads| {
        for is_async in [false, true] {
            threads.spawn(move || {
                let ((person, driver), scope) = (Person::new(), Scope::project_id("p"));
                let (wanted, mode) = wanted(&scope);
                let result = match is_async {
                    false => blocking::grant(&driver, &person, wanted, mode, PATIENCE),
                    true => {
                        let grant = nonblocking::grant(&driver, &*person, wanted, mode, PATIENCE);
                        block_on(grant)
                    }
                };
                // The login comes after the reply.
                assert!(result.unwrap_err().to_string().contains("unknown issuer"));
                assert!(person.is_kept.load(SeqCst));
            });
        }
    });
}
