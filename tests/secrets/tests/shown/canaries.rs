//! The secrets that must not be seen, and who looks for them.

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

/// With everything in it that some spelling escapes.
pub(crate) const PASSWORD: &str = "t0ps3cret pa\"ss%+é\\word";
pub(crate) const PASSCODE: &str = "8314159";
pub(crate) const SECRET: &str = "t0ps3cret/of+an=application&credential";
pub(crate) const OWN_TOKEN: &str = "t0ps3cret~own+token/that==is&exchanged";
pub(crate) const PASSED_ON: &str = "t0ps3cret~token+that/is==passed&on";
pub(crate) const RECEIPT: &str = "gAAAAABt0ps3cret-receipt_of+a/login==";
pub(crate) const SUBJECT: &str = "gAAAAABt0ps3cret-subject_of+an/exchange==";
pub(crate) const TOKEN: &str = "gAAAAABt0ps3cret-token_that+was/given==";

/// One that is a host's name too.
pub(crate) const NAME: &str = "t0ps3cret-t0ps3cret-pass";

pub(crate) const ALL: [&str; 9] =
    [PASSWORD, PASSCODE, SECRET, OWN_TOKEN, PASSED_ON, RECEIPT, SUBJECT, TOKEN, NAME];

/// What of a canary can be seen in a text: its spelling, or a part of it.
pub(crate) fn seen_in(text: &str) -> Option<&'static str> {
    static NEEDLES: LazyLock<Needles> = LazyLock::new(|| Needles::new(&ALL));
    static PARTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let parts = ALL.iter().flat_map(|canary| canary.as_bytes().windows(PART));
        AhoCorasick::builder().ascii_case_insensitive(true).build(parts).unwrap()
    });
    let whole = NEEDLES.find(text.as_bytes()).next().map(|found| found.spelling);
    whole.or_else(|| PARTS.is_match(text).then_some("in part"))
}

/// So much of a secret is given away.
const PART: usize = 12;

/// All that an error shows, and what caused it.
pub(crate) fn shown(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        write!(text, "{error}\n{error:?}\n{error:#?}\n").unwrap();
        next = error.source();
    }
    text
}

/// Searches whatever is logged from now on.
pub(crate) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Trace);
        tracing_subscriber::registry().with(Listener).init();
    });
}

/// What has been found so far, but for what was planted, and for some headers of an answer that ureq
/// tells, which SECURITY.md says.
pub(crate) fn in_logs() -> Vec<String> {
    let is_known = |finding: &str| finding.contains(PLANTED) || finding.ends_with(" ureq::run");
    findings().into_iter().filter(|finding| !is_known(finding)).collect()
}

const PLANTED: &str = "planted";

fn findings() -> Vec<String> {
    FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

static FINDINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn hear(place: &str, text: &str) {
    if let Some(spelling) = seen_in(text) {
        let finding = format!("{spelling} in the log of {place}");
        FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }
}

struct Listener;

impl Log for Listener {
    /// What SECURITY.md names is left out: ureq shows the wire at `TRACE`.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() < log::Level::Trace || !metadata.target().starts_with("ureq")
    }

    fn log(&self, record: &Record<'_>) {
        if Log::enabled(self, record.metadata()) {
            hear(record.target(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

impl<S: tracing::Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        hear(event.metadata().target(), &fields.0);
    }

    fn on_new_span(
        &self,
        span: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        hear(span.metadata().target(), &fields.0);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

#[test]
fn what_is_logged_is_searched() {
    listen();
    log::debug!(target: PLANTED, "{PASSWORD}");
    tracing::trace!(target: "planted in tracing", code = PASSCODE);
    for place in ["plain in the log of planted", "plain in the log of planted in tracing"] {
        assert!(findings().iter().any(|finding| finding == place), "{place}");
    }
}
