//! HTTP responses as text.

use auth_inspect::{MAX_HEADERS, MAX_RESPONSE, ResponseError, inspect, read_response};
use auth_proto::IdentityResponse;
use http::Response;
use serde_json::Value;

use crate::{
    checks::{check_hidden, check_text},
    input::expanded,
};

/// Any text, read as an HTTP response.
///
/// The reader takes it or gives a reason. What it takes reads the same when written again, and its
/// report is JSON without the token.
pub fn http_response(data: &[u8]) {
    let data = expanded(data);
    let report = serde_json::to_string(&inspect(&data, None)).expect("a report is JSON");
    let parsed: Value = serde_json::from_str(&report).expect("a report is JSON");
    let understood = parsed["kind"] != "malformed";
    assert_eq!(inspect(&data, None).is_understood(), understood);
    let response = match read_response(&data) {
        Ok(response) => response,
        Err(problem) => {
            check_text(&problem.to_string(), 200);
            assert_eq!(problem == ResponseError::TooLong, data.len() > MAX_RESPONSE);
            let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(problem != ResponseError::Headers || lines > MAX_HEADERS, "{lines} lines");
            return assert!(!understood);
        }
    };
    assert!(data.len() <= MAX_RESPONSE && response.headers().len() <= MAX_HEADERS);
    assert!(response.headers().values().all(http::HeaderValue::is_sensitive));
    assert!(data.ends_with(response.body()), "the body is the end of the text");
    assert_eq!(response.headers().len(), header_lines(&data, response.body()));

    let again = read_response(&written(&response)).expect("what was read is written so");
    assert_eq!(again.status(), response.status());
    assert_eq!(again.headers(), response.headers());
    assert_eq!(again.body(), response.body());

    if let Ok(IdentityResponse::Token(_, token)) = IdentityResponse::read(&response, None) {
        assert!(understood);
        let token = token.expose();
        let is_word = token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_word && token.len() >= 24 && times(token, &response) <= 1 {
            check_hidden(token, [report.as_str()]);
        }
    }
}

/// The number of header lines after the last status line.
fn header_lines(text: &[u8], body: &[u8]) -> usize {
    let head = &text[..text.len() - body.len()];
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).rev();
    lines.take_while(|line| !line.starts_with(b"HTTP/")).filter(|line| !line.is_empty()).count()
}

/// How often the token occurs in the response. A report may show a project that is named like it.
fn times(token: &str, response: &Response<Vec<u8>>) -> usize {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let headers = response.headers().get_all("x-subject-token").into_iter();
    headers.filter(|value| value.as_bytes().trim_ascii() == token.as_bytes()).count().min(1)
        + body.to_string().matches(token).count()
}

fn written(response: &Response<Vec<u8>>) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {}\r\n", response.status().as_u16()).into_bytes();
    for (name, value) in response.headers() {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(response.body());
    text
}
