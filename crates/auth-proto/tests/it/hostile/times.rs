//! Timestamps, and the lifetime of a token.

use auth_proto::{Action, Scope, Session, Settings, timestamp};
use http::Response;
use time::Duration;

use super::{check_rows, cloud, credential, outcome, summary, v3};
use crate::support::NOW;

#[rustfmt::skip]
const SPELLINGS: &[(&str, &str, &str)] = &[
    ("as Keystone writes it", "2026-11-22T20:00:00.000000Z", "2026-11-22T20:00:00Z."),
    ("without a zone", "2026-11-22T20:00:00.000405", "2026-11-22T20:00:00.000405Z."),
    ("without a zone or fraction", "2026-11-22T20:00:00", "2026-11-22T20:00:00Z."),
    ("a blank for the T", "2026-11-22 20:00:00Z", "2026-11-22T20:00:00Z."),
    ("small letters", "2026-11-22t20:00:00z", "2026-11-22T20:00:00Z."),
    ("an offset", "2026-11-22T20:00:00+09:00", "2026-11-22T11:00:00Z."),
    ("an offset without a colon", "2026-11-22T20:00:00+0000", "2026-11-22T20:00:00Z."),
    ("the widest offset", "2026-11-22T20:00:00+23:59", "2026-11-21T20:01:00Z."),
    ("the widest offset without a colon", "2026-11-22T20:00:00-2359", "2026-11-23T19:59:00Z."),
    ("an offset that is too wide", "2026-11-22T20:00:00+24:00", "none."),
    ("an offset of hours alone", "2026-11-22T20:00:00+09", "none."),
    ("an offset of 90 minutes", "2026-11-22T20:00:00+00:90", "none."),
    ("two signs", "2026-11-22T20:00:00+-9:00", "none."),
    // A leap second occurs only at the end of a month.
    ("a leap second at the end of a year", "2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z."),
    ("a leap second with a fraction", "2016-12-31T23:59:60.75Z", "2016-12-31T23:59:59Z."),
    ("a leap second in the middle of a day", "2026-11-22T20:00:60Z", "none."),
    ("two leap seconds", "2016-12-31T23:59:61Z", "none."),
    ("midnight at the end of a day", "2026-11-22T24:00:00Z", "none."),
    ("sixty minutes", "2026-11-22T20:60:00Z", "none."),
    ("February 30", "2026-02-30T20:00:00Z", "none."),
    ("February 29 in a year without", "2026-02-29T20:00:00Z", "none."),
    ("February 29 in a year with", "2028-02-29T20:00:00Z", "2028-02-29T20:00:00Z."),
    ("month 13", "2026-13-01T20:00:00Z", "none."),
    ("day 0", "2026-11-00T20:00:00Z", "none."),
    ("thirteen digits of a fraction", "2026-11-22T20:00:00.1234567890123Z", "2026-11-22T20:00:00.123456789Z."),
    ("forty digits of a fraction", "2026-11-22T20:00:00.0000000000000000000000000000000000000001Z", "2026-11-22T20:00:00Z."),
    ("as many digits as are looked at, and one", "2026-11-22T20:00:00.00000000000000000000000000000000000000000000Z", "none."),
    ("a fraction of no digits", "2026-11-22T20:00:00.Z", "none."),
    ("a fraction after a comma", "2026-11-22T20:00:00,5Z", "none."),
    ("the last moment of all", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z."),
    // The year 10000 is invalid in every spelling. A token until 9999 counts for 30 days.
    ("past the last moment, by its offset", "9999-12-31T23:59:59-23:59", "none."),
    ("the first moment of all", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z."),
    ("before the first, by its offset", "0001-01-01T00:00:00+23:59", "none."),
    ("year 0", "0000-01-01T00:00:00Z", "none."),
    ("year 10000", "10000-01-01T00:00:00Z", "none."),
    ("a year below zero", "-2026-11-22T20:00:00Z", "none."),
    ("a year with a sign", "+2026-11-22T20:00:00Z", "none."),
    ("digits of full width", "２０２６-11-22T20:00:00Z", "none."),
    ("Arabic digits", "٢٠٢٦-11-22T20:00:00Z", "none."),
    ("a blank at its end", "2026-11-22T20:00:00Z ", "none."),
    ("a blank at its start", " 2026-11-22T20:00:00Z", "none."),
    ("a line feed at its end", "2026-11-22T20:00:00Z\n", "none."),
    ("a NUL inside", "2026-11-22\x0020:00:00Z", "none."),
    ("an underline for the T", "2026-11-22_20:00:00Z", "none."),
    ("a date alone", "2026-11-22", "none."),
    ("seconds of Unix time", "1795377600", "none."),
    ("a date as HTTP writes it", "Sun, 22 Nov 2026 20:00:00 GMT", "none."),
    ("nothing", "", "none."),
    ("a word", "never", "none."),
];

#[test]
fn each_spelling_has_its_timestamp() {
    check_rows(SPELLINGS, |text| {
        timestamp::parse(text).map_or_else(|| "none".to_owned(), timestamp::format)
    });
    // In a token, an invalid timestamp is an error that names the field.
    for (name, text, expect) in SPELLINGS {
        let body = serde_json::json!({"token": {"expires_at": text, "project": {"id": "p1"}}});
        let got = login(&body.to_string(), None);
        let problem = "Field { field: \"token.expires_at\", problem: Timestamp }";
        assert_eq!(got.starts_with(problem), *expect == "none.", "{name}: {got}");
    }
}

fn login(body: &str, date: Option<&str>) -> String {
    let response = Response::builder().status(201).header("x-subject-token", "t1");
    let response = date.into_iter().fold(response, |response, date| response.header("date", date));
    outcome(v3(response.body(body).unwrap()))
}

/// The end and the issue of a token, as JSON, and the response's date. The outcome is the number of
/// minutes for which a session uses the token. It is 8:00.
type Clocks = (&'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
const LIVES: &[(&str, Clocks, &str)] = &[
    ("twelve hours", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", None), "720."),
    ("no end", ("null", "\"2026-11-22T08:00:00\"", None), "Field { field: \"token.expires_at\", problem: Missing }"),
    ("an end of nothing", ("\"\"", "\"2026-11-22T08:00:00\"", None), "Field { field: \"token.expires_at\", problem: Timestamp }"),
    ("no issue", ("\"2026-11-22T20:00:00Z\"", "null", None), "720."),
    ("an invalid issue", ("\"2026-11-22T20:00:00Z\"", "{\"s3cret\": 1}", None), "720."),
    ("ended when it was issued", ("\"2026-11-22T08:00:00Z\"", "\"2026-11-22T08:00:00\"", None), "Expired"),
    ("ended before", ("\"2026-11-22T07:59:59Z\"", "\"2026-11-22T08:00:00\"", None), "Expired"),
    ("over before it can be used", ("\"2026-11-22T08:00:02Z\"", "\"2026-11-22T08:00:00\"", None), "Expired"),
    ("issued an hour from now, with a date that is right", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T09:00:00\"", Some("Sun, 22 Nov 2026 08:00:00 GMT")), "720."),
    ("issued an hour from now, and all of it there", ("\"2026-11-22T21:00:00Z\"", "\"2026-11-22T09:00:00\"", Some("Sun, 22 Nov 2026 09:00:00 GMT")), "720."),
    ("a date that is an hour ahead of both other clocks", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", Some("Sun, 22 Nov 2026 09:00:00 GMT")), "720."),
    ("kept by a proxy for an hour", ("\"2026-11-22T19:00:00Z\"", "\"2026-11-22T07:00:00\"", Some("Sun, 22 Nov 2026 08:00:00 GMT")), "660."),
    ("a date in 1970", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", Some("Thu, 01 Jan 1970 00:00:00 GMT")), "720."),
    ("a date in 2100", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", Some("Fri, 01 Jan 2100 00:00:00 GMT")), "720."),
    ("an invalid date", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", Some("yesterday, at noon")), "720."),
    ("a date before all time", ("\"2026-11-22T20:00:00Z\"", "\"2026-11-22T08:00:00\"", Some("Thu, 01 Jan 0000 00:00:00 GMT")), "720."),
    ("a date in 1970 alone", ("\"2026-11-22T20:00:00Z\"", "null", Some("Thu, 01 Jan 1970 00:00:00 GMT")), "720."),
    ("until the year 9999", ("\"9999-12-31T23:59:59Z\"", "\"2026-11-22T08:00:00\"", None), "43200."),
    ("from the year 1 on", ("\"2026-11-22T20:00:00Z\"", "\"0001-01-01T00:00:00Z\"", None), "720."),
    ("all time there is", ("\"9999-12-31T23:59:59Z\"", "\"0001-01-01T00:00:00Z\"", Some("Fri, 31 Dec 9999 23:59:59 GMT")), "Expired"),
];

#[test]
fn each_token_has_its_lifetime() {
    check_rows(LIVES, |(end, issue, date)| {
        let body = format!(
            r#"{{"token": {{"expires_at": {end}, "issued_at": {issue}, "project": {{"id": "p1"}}}}}}"#
        );
        minutes(&body, *date)
    });
}

/// The minutes for which a session uses the token.
fn minutes(body: &str, date: Option<&str>) -> String {
    let mut session = Session::new(cloud(), credential(), Settings::default()).unwrap();
    let scope = Scope::project_id("p1");
    let Action::Send(pending, _) = session.poll(&scope, NOW) else { panic!("no request") };
    let response = Response::builder().status(201).header("x-subject-token", "t1");
    let response = date.into_iter().fold(response, |response, date| response.header("date", date));
    session.handle_response(pending, response.body(body).unwrap(), NOW).unwrap();
    if let Some(error) = session.last_error(&scope) {
        return summary(&error);
    }
    let mut minutes = 0..100_000;
    // The last two seconds do not count, because clocks may differ.
    let ended = minutes
        .find(|minute| session.cached_token(&scope, NOW + Duration::minutes(*minute)).is_none());
    ended.map_or_else(|| "no end".to_owned(), |minute| minute.to_string())
}
