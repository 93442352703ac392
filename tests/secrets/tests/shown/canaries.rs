//! The secrets that no text may contain, and the search for them in texts and logs.

use std::{
    error::Error,
    fmt::{self, Write},
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use aho_corasick::AhoCorasick;
use log::{LevelFilter, Log, Metadata, Record};
use testing::needles::Needles;
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// With the characters that JSON, URLs, HTML and Python escape.
pub(crate) const PASSWORD: &str = "t0ps3cret pa\"ss%+é\\word";
pub(crate) const PASSCODE: &str = "8314159";
pub(crate) const SECRET: &str = "t0ps3cret/of+an=application&credential";
pub(crate) const OWN_TOKEN: &str = "t0ps3cret~own+token/that==is&exchanged";
pub(crate) const EXISTING_TOKEN: &str = "t0ps3cret~token+that/is==existing&on";
pub(crate) const RECEIPT: &str = "gAAAAABt0ps3cret-receipt_of+a/login==";
pub(crate) const SUBJECT: &str = "gAAAAABt0ps3cret-subject_of+an/exchange==";
pub(crate) const TOKEN: &str = "gAAAAABt0ps3cret-token_that+was/given==";

/// A secret that is a valid host name.
pub(crate) const NAME: &str = "t0ps3cret-t0ps3cret-pass";

pub(crate) const ALL: [&str; 9] =
    [PASSWORD, PASSCODE, SECRET, OWN_TOKEN, EXISTING_TOKEN, RECEIPT, SUBJECT, TOKEN, NAME];

/// The spelling of a canary that a text contains, or `in part` for 12 bytes of one.
pub(crate) fn seen_in(text: &str) -> Option<&'static str> {
    static NEEDLES: LazyLock<Needles> = LazyLock::new(|| Needles::new(&ALL));
    static PARTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let parts = ALL.iter().flat_map(|canary| canary.as_bytes().windows(PART));
        AhoCorasick::builder().ascii_case_insensitive(true).build(parts).unwrap()
    });
    let whole = NEEDLES.find(text.as_bytes()).next().map(|found| found.spelling);
    whole.or_else(|| PARTS.is_match(text).then_some("in part"))
}

/// The shortest part of a secret that counts as a leak (see SECURITY.md).
const PART: usize = 12;

/// The error and its sources, as `Display` and `Debug` print them.
pub(crate) fn shown(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        write!(text, "{error}\n{error:?}\n{error:#?}\n").unwrap();
        next = error.source();
    }
    text
}

/// Searches all log messages, spans and events from now on.
pub(crate) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Trace);
        tracing_subscriber::registry().with(Listener).init();
    });
}

/// The secrets found in logs so far, without the planted ones and without the response headers that
/// ureq logs (SECURITY.md names them).
pub(crate) fn in_logs() -> Vec<String> {
    let is_known = |finding: &str| finding.contains(PLANTED) || finding.ends_with(" ureq::run");
    findings().into_iter().filter(|finding| !is_known(finding)).collect()
}

const PLANTED: &str = "planted";

fn findings() -> Vec<String> {
    FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

static FINDINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn search(target: &str, text: &str) {
    if let Some(spelling) = seen_in(text) {
        let finding = format!("{spelling} in the log of {target}");
        FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }
}

struct Listener;

impl Log for Listener {
    /// Without ureq's wire dump at `TRACE`, which SECURITY.md names.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() < log::Level::Trace || !metadata.target().starts_with("ureq")
    }

    fn log(&self, record: &Record<'_>) {
        if Log::enabled(self, record.metadata()) {
            search(record.target(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

impl<S: tracing::Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        search(event.metadata().target(), &fields.0);
    }

    fn on_new_span(
        &self,
        span: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        search(span.metadata().target(), &fields.0);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

#[test]
fn planted_secrets_are_found_in_logs() {
    listen();
    log::debug!(target: PLANTED, "{PASSWORD}");
    tracing::trace!(target: "planted in tracing", code = PASSCODE);
    for place in ["plain in the log of planted", "plain in the log of planted in tracing"] {
        assert!(findings().iter().any(|finding| finding == place), "{place}");
    }
}
