//! The clock of a scenario, which server, client and callers share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use time::UtcDateTime;

/// A clock that runs in real time and can be moved forward. Clones are the same clock.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Inner>);

struct Inner {
    began: UtcDateTime,
    started: Instant,
    /// How far the clock was moved forward, in milliseconds.
    ahead: AtomicU64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let (began, started) = (UtcDateTime::now(), Instant::now());
        Self(Arc::new(Inner { began, started, ahead: AtomicU64::new(0) }))
    }

    /// The time of day.
    pub(crate) fn now(&self) -> UtcDateTime {
        self.0.began + self.elapsed()
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.started.elapsed() + Duration::from_millis(self.0.ahead.load(SeqCst))
    }

    pub(crate) fn forward(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).expect("a scenario lasts days");
        self.0.ahead.fetch_add(by, SeqCst);
    }

    /// Moves the clock forward to this point, if it is still ahead.
    pub(crate) fn forward_to(&self, point: Duration) {
        self.forward(point.saturating_sub(self.elapsed()));
    }
}
