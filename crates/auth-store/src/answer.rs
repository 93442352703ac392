//! An answer that one thread gives, and a task or another thread awaits.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};
#[cfg(feature = "redis")]
use std::{
    pin::pin,
    task::Wake,
    thread::{self, Thread},
    time::Instant,
};

use auth_proto::{Note, Taken};

/// The side that gives the answer. Dropping it without one ends the wait, too.
pub(crate) struct Promise<T>(Arc<Mutex<State<T>>>);

/// The side that waits. It is `None` if there will be no answer.
pub(crate) struct Answer<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    value: Option<T>,
    /// No other value will come.
    is_over: bool,
    is_abandoned: bool,
    waker: Option<Waker>,
}

pub(crate) fn answer<T>() -> (Promise<T>, Answer<T>) {
    let state = State { value: None, is_over: false, is_abandoned: false, waker: None };
    let state = Arc::new(Mutex::new(state));
    (Promise(Arc::clone(&state)), Answer(state))
}

impl<T> Promise<T> {
    /// Whether the caller has gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        lock(&self.0).is_abandoned
    }

    /// Gives the answer, which comes back if the caller has gone. The caller gets it when the promise
    /// is dropped: what is reported before comes before what the caller does.
    pub(crate) fn give(&self, value: T) -> Option<T> {
        let mut state = lock(&self.0);
        if state.is_abandoned {
            return Some(value);
        }
        state.value = Some(value);
        None
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_over = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T> Answer<T> {
    /// Stops waiting. `None` if the wait was over; else the answer, if it has come.
    fn abandon(&self) -> Option<Option<T>> {
        let mut state = lock(&self.0);
        state.is_abandoned = true;
        let is_awaited = state.value.is_some() || !state.is_over;
        is_awaited.then(|| state.value.take())
    }
}

impl<T> Future for Answer<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = lock(&self.0);
        if state.is_over {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Waits for a store's answer.
pub(crate) struct Taking<F: FnMut(Option<Note>)> {
    pub(crate) answer: Answer<Taken>,
    /// Called if the caller goes without an answer, with the note that gives a lease back which has
    /// come. A lease that comes later is given back by the one who has the promise.
    pub(crate) leave: F,
}

impl<F: FnMut(Option<Note>) + Unpin> Future for Taking<F> {
    type Output = Taken;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Taken> {
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|taken| taken.unwrap_or(Taken::Silent))
    }
}

impl<F: FnMut(Option<Note>)> Drop for Taking<F> {
    fn drop(&mut self) {
        match self.answer.abandon() {
            // The one who was silent says why.
            None | Some(Some(Taken::Silent)) => {}
            Some(answer) => (self.leave)(answer.and_then(give_back)),
        }
    }
}

/// The note for a lease whose caller has gone.
pub(crate) fn give_back(taken: Taken) -> Option<Note> {
    match taken {
        Taken::Led(lease) => Some(Note::Put { lease, entry: None }),
        _ => None,
    }
}

/// Notes are not `Clone`, because a lease ends once: the store gets the copy in place of this one.
pub(crate) fn copy(note: &Note) -> Note {
    match note {
        Note::Forget { name, generation } => {
            Note::Forget { name: name.clone(), generation: *generation }
        }
        Note::Keep { name, generation, lease } => {
            Note::Keep { name: name.clone(), generation: *generation, lease: *lease }
        }
        Note::Put { lease, entry } => {
            let lease = auth_proto::Lease::new(lease.name().clone(), lease.generation());
            Note::Put { lease, entry: entry.clone() }
        }
    }
}

/// Waits for a future on this thread. `None` at the deadline.
#[cfg(feature = "redis")]
pub(crate) fn wait<T>(future: impl Future<Output = T>, deadline: Instant) -> Option<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
