//! Random texts.

use auth_inspect::{inspect, read_response};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(text in prop::collection::vec(any::<u8>(), 0..512)) {
        check(&text)?;
    }

    #[test]
    fn no_answer_causes_a_panic(
        status in "HTTP/[0-9.]{0,3}[ 0-9a-z]{0,8}",
        lines in prop::collection::vec("(X-Subject-Token|Openstack-Auth-Receipt|a)?:? ?[ -~]{0,8}\r?", 0..4),
        body in r#"\{"(token|access|versions|projects|catalog|error|receipt)":[\[\]{}":,a-z0-9]{0,40}"#,
        end in "\r?\n",
    ) {
        let head = lines.join("\n");
        check(format!("{status}{end}{head}{end}{end}{body}").as_bytes())?;
    }

    #[test]
    fn a_response_reads_back_in_every_style(
        status in 100..1000_u16,
        headers in prop::collection::vec((name(), value()), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..64).prop_filter(
            "would be another header block",
            |body| !body.starts_with(b"HTTP/"),
        ),
        ends in prop::collection::vec(any::<bool>(), 10),
    ) {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().append(name, value);
        }
        let mixed = ends.iter().map(|crlf| if *crlf { "\r\n" } else { "\n" }).cycle();
        let styles: [Vec<_>; 3] = [
            vec!["\n"; 10],
            vec!["\r\n"; 10],
            mixed.take(10).collect(),
        ];
        for style in styles {
            let read = read_response(&written(&response, &style)).unwrap();
            prop_assert_eq!(read.status(), response.status());
            prop_assert_eq!(read.headers(), response.headers());
            prop_assert_eq!(read.body(), response.body());
        }
    }
}

/// The report is JSON of a known kind.
fn check(text: &[u8]) -> Result<(), TestCaseError> {
    let report = inspect(text, None);
    let json = serde_json::to_value(&report).unwrap();
    let kinds = ["catalog", "error", "malformed", "projects", "receipt", "token", "versions"];
    prop_assert!(kinds.iter().any(|kind| json["kind"] == *kind), "{}", json);
    prop_assert_eq!(report.is_understood(), json["kind"] != "malformed");
    Ok(())
}

fn written(response: &Response<Vec<u8>>, ends: &[&str]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut lines = vec![format!("HTTP/1.1 {} reason", response.status().as_u16()).into_bytes()];
    for (name, value) in response.headers() {
        lines.push([name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
    }
    lines.push(Vec::new());
    for (line, end) in lines.iter().zip(ends) {
        text.extend_from_slice(line);
        text.extend_from_slice(end.as_bytes());
    }
    text.extend_from_slice(response.body());
    text
}

fn name() -> impl Strategy<Value = HeaderName> {
    "[a-zA-Z][a-zA-Z0-9-]{0,12}".prop_map(|name| HeaderName::from_bytes(name.as_bytes()).unwrap())
}

/// Visible characters at both ends, where a reader trims, and any characters of HTTP between them.
fn value() -> impl Strategy<Value = HeaderValue> {
    let visible = prop_oneof![0x21..0x7f_u8, 0x80..=0xff_u8];
    let inner = prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8];
    let value = (visible.clone(), prop::collection::vec(inner, 0..12), visible);
    value.prop_map(|(first, mut rest, last)| {
        rest.insert(0, first);
        rest.push(last);
        HeaderValue::from_bytes(&rest).unwrap()
    })
}

/// A server may repeat the token in any field.
#[test]
fn a_repeated_token_is_not_shown() {
    let token = "gAAAAABn0tARealT0ken";
    let named =
        format!(r#"{{"id": "{token}", "name": "a {token} b", "domain": {{"id": "{token}"}}}}"#);
    let body = format!(
        r#"{{"token": {{"expires_at": "2026-11-30T08:00:00Z", "methods": ["{token}"],
            "user": {named}, "project": {named}, "roles": [{{"name": "{token}"}}],
            "catalog": [{{"type": "{token}", "name": "{token}", "endpoints": [
                {{"interface": "public", "region": "{token}", "url": "https://h.example/{token}"}}
            ]}}]}}}}"#
    );
    let answer = format!("HTTP/1.1 201 Created\nX-Subject-Token: {token}\n\n{body}");
    let json = serde_json::to_string(&inspect(answer.as_bytes(), None)).unwrap();
    assert!(json.contains(r#""kind":"token""#) && json.contains("(the token)"), "{json}");
    assert!(!json.contains(token), "{json}");
}
