//! The log events of the adapters, as lines: `LEVEL message field=value ...`.

use std::{
    fmt,
    sync::{Arc, Mutex, Once},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{set_global_default, with_default},
};

/// Runs `work` and returns the events that this thread emitted meanwhile.
pub fn lines<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let done = with_listener(move |line| written.lock().unwrap().push(line), work);
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (done, lines)
}

/// Runs `work` and hands each event that this thread emits meanwhile to `listener`.
pub fn with_listener<T>(
    listener: impl Fn(String) + Send + Sync + 'static,
    work: impl FnOnce() -> T,
) -> T {
    with_default(Listener(listener), work)
}

/// Hands each event of the whole process to `listener`, which is its first subscriber.
pub fn listen_with(listener: impl Fn(String) + Send + Sync + 'static) {
    let _ = set_global_default(Listener(listener));
}

/// Makes every thread listen from now on, and drops what it hears. A place in the code that is
/// reached for the first time while no thread listens may stay silent for good, if a listener comes
/// at that moment. [`Builder::build`](crate::Builder::build) calls it.
pub fn listen() {
    static LISTENING: Once = Once::new();
    // The test program's own subscriber stays.
    LISTENING.call_once(|| drop(set_global_default(Listener(|_| {}))));
}

struct Listener<F>(F);

impl<F: Fn(String) + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("auth_")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        (self.0)(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0 += &format!(" {value:?}"),
            name => self.0 += &format!(" {name}={value:?}"),
        }
    }
}
