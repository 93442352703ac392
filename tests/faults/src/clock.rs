//! The clock of a scenario: the server's, the client's and the callers'.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use time::UtcDateTime;

/// It runs as time does, and can be put forward besides. Clones are the same clock.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Inner>);

struct Inner {
    began: UtcDateTime,
    started: Instant,
    /// In milliseconds.
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

    /// How long ago it was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.started.elapsed() + Duration::from_millis(self.0.ahead.load(SeqCst))
    }

    pub(crate) fn forward(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).expect("scenarios last days, not ages");
        self.0.ahead.fetch_add(by, SeqCst);
    }

    /// Puts it forward to this point, if that is still ahead.
    pub(crate) fn forward_to(&self, point: Duration) {
        self.forward(point.saturating_sub(self.elapsed()));
    }
}
