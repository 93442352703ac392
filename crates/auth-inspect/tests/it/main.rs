//! Reports on documented answers, on other answers, and on random texts.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

mod answers;
mod documented;
mod hostile;
mod lines;

use auth_inspect::inspect;
use auth_proto::ApiVersion;

/// The report on a text, as JSON.
fn report(text: impl AsRef<[u8]>) -> String {
    report_as(text, None)
}

fn report_as(text: impl AsRef<[u8]>, api_version: Option<ApiVersion>) -> String {
    let report = inspect(text.as_ref(), api_version);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(report.is_understood(), !json.starts_with(r#"{"kind":"malformed""#), "{json}");
    json
}

/// The reason in a report of the kind `malformed`.
fn reason(text: impl AsRef<[u8]>) -> String {
    let report: serde_json::Value = serde_json::from_str(&report(text)).unwrap();
    assert_eq!(report["kind"], "malformed", "{report}");
    report["reason"].as_str().unwrap().to_owned()
}
