//! The search for secrets in all logs, errors and panics. No text is kept.

use std::{
    cell::Cell,
    error::Error,
    fmt::{self, Write},
    panic,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use log::{Level, LevelFilter, Log, Metadata, Record};
use testing::needles::{Dump, Found, Needles};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter as TracingFilter,
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{events, scenario::Subject};

/// A leaked secret, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) subject: Subject,
    /// The log target, `an error` or `a panic`.
    pub(crate) place: String,
    pub(crate) level: &'static str,
    pub(crate) found: Found,
}

/// Searches all logs, at `TRACE`, and all panic messages from now on. A panic whose message begins with
/// [`PLANNED`] is not printed.
pub(crate) fn install(canaries: &[&str]) {
    if CAPTURE.set(Capture::new(canaries)).is_err() {
        return;
    }
    log::set_max_level(LevelFilter::Trace);
    log::set_logger(&Messages).expect("there is no other logger");
    tracing_subscriber::registry().with(Messages).init();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| payload.downcast_ref().copied()).unwrap_or_default();
        search("a panic", "ERROR", format_args!("{message}"));
        if !message.starts_with(PLANNED) {
            usual(panic);
        }
    }));
}

/// Attributes all findings from now on to a subject.
pub(crate) fn attribute_to(subject: Subject) {
    if let Some(capture) = CAPTURE.get() {
        capture.subject.store(subject as usize, Relaxed);
    }
}

/// The targets that are searched at `TRACE`. All other levels are always searched.
#[derive(Clone, Copy)]
pub(crate) enum TraceFilter {
    /// All but `ureq_proto`, which dumps the wire at this level.
    AllButWire,
    /// All but `ureq_proto` and `ureq`, which logs a `Location` at this level.
    AllButUreq,
    Everything,
}

/// Runs `act` with another filter.
pub(crate) fn with_filter<T>(filter: TraceFilter, act: impl FnOnce() -> T) -> T {
    let hear = |filter| {
        if let Some(capture) = CAPTURE.get() {
            capture.filter.store(filter as usize, Relaxed);
        }
    };
    hear(filter);
    let done = act();
    hear(TraceFilter::AllButWire);
    done
}

/// Searches a caller's error and its sources, as `Display` and `Debug` print them.
pub(crate) fn search_error(error: &dyn Error) {
    if let Some(capture) = CAPTURE.get() {
        capture.errors.fetch_add(1, Relaxed);
    }
    let mut next = Some(error);
    while let Some(error) = next {
        search("an error", "ERROR", format_args!("{error}"));
        search("an error", "ERROR", format_args!("{error:?} {error:#?}"));
        next = error.source();
    }
}

/// The findings so far, and the numbers of searched messages and errors.
pub(crate) fn findings() -> (Vec<Finding>, u64, u64) {
    let Some(capture) = CAPTURE.get() else { return Default::default() };
    let findings = capture.findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (findings, capture.messages.load(Relaxed), capture.errors.load(Relaxed))
}

/// The beginning of a planned panic's message.
pub(crate) const PLANNED: &str = "planned: ";

struct Capture {
    needles: Needles,
    findings: Mutex<Vec<Finding>>,
    subject: AtomicUsize,
    filter: AtomicUsize,
    messages: AtomicU64,
    errors: AtomicU64,
}

static CAPTURE: OnceLock<Capture> = OnceLock::new();

impl Capture {
    fn new(canaries: &[&str]) -> Self {
        Self {
            needles: Needles::new(canaries),
            findings: Mutex::default(),
            subject: AtomicUsize::default(),
            filter: AtomicUsize::new(TraceFilter::AllButWire as usize),
            messages: AtomicU64::default(),
            errors: AtomicU64::default(),
        }
    }

    fn search(&self, place: &str, level: &'static str, text: &str, dump: &mut Dump) {
        self.messages.fetch_add(1, Relaxed);
        let dumped = dump.add(text, &self.needles);
        for found in self.needles.find(text.as_bytes()).chain(dumped) {
            let subject = Subject::ALL[self.subject.load(Relaxed)];
            let finding = Finding { subject, place: place.to_owned(), level, found };
            self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
        }
    }
}

thread_local! {
    /// A thread's buffer for messages, and the hex dump that it has begun.
    static BUFFERS: Cell<(String, Dump)> = Cell::default();
}

fn search(place: &str, level: &'static str, message: fmt::Arguments<'_>) {
    let Some(capture) = CAPTURE.get() else { return };
    // A message that is logged while another one is formatted, or at the end of its thread, gets
    // fresh buffers.
    let (mut text, mut dump) = BUFFERS.try_with(Cell::take).unwrap_or_default();
    text.clear();
    // Fails only if a value's `Display` fails, which leaves no text to search.
    let _ = text.write_fmt(message);
    capture.search(place, level, &text, &mut dump);
    let _ = BUFFERS.try_with(|buffers| buffers.set((text, dump)));
}

fn is_captured(metadata: &Metadata<'_>) -> bool {
    if metadata.level() < Level::Trace {
        return true;
    }
    let filter = CAPTURE.get().map_or(0, |capture| capture.filter.load(Relaxed));
    let silenced = match filter {
        all if all == TraceFilter::Everything as usize => None,
        most if most == TraceFilter::AllButWire as usize => Some("ureq_proto"),
        _ => Some("ureq"),
    };
    silenced.is_none_or(|target| !metadata.target().starts_with(target))
}

struct Messages;

impl Log for Messages {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_captured(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if is_captured(record.metadata()) {
            search(record.target(), record.level().as_str(), *record.args());
        }
    }

    fn flush(&self) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Messages {
    fn on_new_span(&self, span: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut fields = Fields::default();
        span.record(&mut fields);
        fields.search(span.metadata());
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(span) = context.span(id) {
            fields.search(span.metadata());
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target() == "auth_driver::events" {
            events::count(&fields.0);
        }
        fields.search(event.metadata());
    }

    fn max_level_hint(&self) -> Option<TracingFilter> {
        Some(TracingFilter::TRACE)
    }
}

/// The fields of an event or a span, as a subscriber prints them.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn search(&self, metadata: &tracing::Metadata<'_>) {
        search(metadata.target(), metadata.level().as_str(), format_args!("{}", self.0));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} {value:?} ", field.name());
    }
}
