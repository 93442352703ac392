//! A login of the async loop: a future that outlives the caller that started it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use auth_proto::{Body, Failure, Question, Reply, Scope};
use http::Response;

use crate::{
    driver::Driver,
    in_flight::{Flight, InFlightGuard},
};

/// A request or a question under way, which any caller can carry on. It must not hold the driver,
/// which may hold it.
pub(crate) struct Login {
    pub(crate) flight: Box<Flight>,
    pub(crate) under_way: UnderWay,
}

/// A request that is being sent, or a question that is being asked.
pub(crate) type UnderWay = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What came of it.
pub(crate) enum Outcome {
    Answered(Result<Option<Reply>, Failure>, Question),
    Sent(Result<Response<Body>, Failure>),
}

impl Outcome {
    /// Whether it is that of a question.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Answered(..))
    }
}

/// The logins that no caller carries at the moment.
#[derive(Default)]
pub(crate) struct Parked {
    /// The number of logins, so that a caller with a valid token takes no lock.
    count: AtomicUsize,
    lot: Mutex<Lot>,
}

#[derive(Default)]
struct Lot {
    logins: Vec<Login>,
    is_closed: bool,
}

impl Parked {
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(SeqCst) == 0
    }

    /// Takes the first login that fits.
    pub(crate) fn take(&self, fits: impl Fn(&Login) -> bool) -> Option<Login> {
        if self.is_empty() {
            return None;
        }
        let mut lot = self.lock();
        let index = lot.logins.iter().position(fits)?;
        let login = lot.logins.swap_remove(index);
        self.count.store(lot.logins.len(), SeqCst);
        Some(login)
    }

    /// Parks a login, or drops it if the session is closed.
    pub(crate) fn park(&self, login: Login) {
        let mut lot = self.lock();
        if lot.is_closed {
            drop(lot);
            return drop(login);
        }
        lot.logins.push(login);
        self.count.store(lot.logins.len(), SeqCst);
    }

    /// Drops all logins, and each one that comes later.
    pub(crate) fn close(&self) {
        let mut lot = self.lock();
        lot.is_closed = true;
        self.count.store(0, SeqCst);
        let logins = std::mem::take(&mut lot.logins);
        // Dropping a future may run any code: never under the lock.
        drop(lot);
        drop(logins);
    }

    fn lock(&self) -> MutexGuard<'_, Lot> {
        self.lot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A login in the hands of a caller, which polls it. Dropped before its response, it is parked for
/// another caller.
pub(crate) struct Carried<'a> {
    driver: &'a Driver,
    /// Empty while it is polled, and after its response.
    login: Option<Login>,
}

impl<'a> Carried<'a> {
    pub(crate) fn new(driver: &'a Driver, login: Login) -> Self {
        Self { driver, login: Some(login) }
    }

    /// Takes up a parked login that fits.
    pub(crate) fn take_up(driver: &'a Driver, fits: impl Fn(&Login) -> bool) -> Option<Self> {
        driver.parked.take(fits).map(|login| Self::new(driver, login))
    }

    pub(crate) fn is_for(&self, scope: &Scope) -> bool {
        self.login.as_ref().is_some_and(|login| login.flight.scope == *scope)
    }
}

impl<'a> Future for Carried<'a> {
    type Output = (InFlightGuard<'a>, Outcome);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(Login { flight, mut under_way }) = self.login.take() else {
            return Poll::Pending;
        };
        // If the future panics, it is dropped, and the guard gives the login up.
        let guard = InFlightGuard::sent(self.driver, flight);
        match under_way.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready((guard, outcome)),
            Poll::Pending => {
                self.login = guard.into_flight().map(|flight| Login { flight, under_way });
                Poll::Pending
            }
        }
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        if let Some(login) = self.login.take() {
            self.driver.parked.park(login);
            self.driver.wake();
        }
    }
}
