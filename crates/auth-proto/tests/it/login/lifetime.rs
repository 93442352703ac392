//! How long a session uses a token, by `issued_at`, `Date` and the caller's clock.

use auth_proto::{
    Action, Credential, ErrorKind, Login, ProtocolError, Scope, Session, Settings, timestamp,
};
use http::{Response, header};
use serde_json::json;
use time::{Duration, UtcDateTime};

use crate::support::{keystone, password};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// No token is believed to live longer.
const LONGEST: i64 = 30 * DAY;
/// The login fails: the token had ended.
const EXPIRED: i64 = 0;

/// `expires_at`, `issued_at`, `Date` and the caller's clock, then the life in seconds. A time alone
/// is one on 22 November 2026; an empty text is a field that is missing. The true time is 8:00 if
/// no comment says otherwise.
type Row = (&'static str, &'static str, &'static str, &'static str, i64);

#[rustfmt::skip]
const NEW: &[Row] = &[
    // All agree: the shortest life counts.
    ("09:00", "08:00", "08:00", "08:00", HOUR),
    ("20:00", "08:00", "08:00", "08:00", 12 * HOUR),
    ("09:00", "08:00:01", "08:00", "08:00", 3_599),
    ("09:00:20", "08:00:20", "08:00:25", "08:00", 3_595),
    ("09:00", "08:00", "08:00", "08:00:07", 3_593),
    // The edges of agreement.
    ("09:00", "08:00", "08:05", "08:00", 55 * MINUTE),
    ("09:00", "08:00", "08:05:01", "08:00", HOUR),
    ("09:00", "08:00", "08:00", "08:05", 55 * MINUTE),
    ("09:00", "08:00", "08:00", "08:05:01", HOUR),
    ("09:00", "08:05", "08:00", "08:00", 55 * MINUTE),
    ("09:00", "08:05:01", "08:00", "08:00", HOUR),
    ("09:00", "07:55", "07:55", "08:00", HOUR),
    ("09:00", "07:54:59", "07:54:59", "08:00", 65 * MINUTE + 1),
    // Each agrees with the one in the middle: none is contradicted by two.
    ("09:00", "08:00", "08:04", "08:08", 52 * MINUTE),
    ("09:00", "08:08", "08:04", "08:00", 52 * MINUTE),
    ("09:00", "08:04", "08:00", "08:08", 52 * MINUTE),

    // The caller's clock is wrong: neither shortens nor lengthens.
    ("09:00", "08:00", "08:00", "06:00", HOUR),
    ("09:00", "08:00", "08:00", "08:30", HOUR),
    ("09:00", "08:00", "08:00", "08:59:59", HOUR),
    ("09:00", "08:00", "08:00", "09:00", HOUR),
    ("09:00", "08:00", "08:00", "10:00", HOUR),
    ("20:00", "08:00", "08:00", "17:00", 12 * HOUR),
    ("20:00", "08:00", "08:00", "2026-11-21 23:00", 12 * HOUR),
    ("20:00", "08:00", "08:00", "1970-01-01 00:00", 12 * HOUR),
    ("20:00", "08:00", "08:00", "2038-01-19 03:14", 12 * HOUR),
    ("20:00", "08:00", "08:00", "9999-01-01 00:00", 12 * HOUR),
    ("20:00", "08:00", "08:00", "0001-01-01 00:00", 12 * HOUR),

    // `issued_at` is wrong: it does not outvote the other two.
    ("09:00", "1970-01-01 00:00", "08:00", "08:00", HOUR),
    ("09:00", "0001-01-01 00:00", "08:00", "08:00", HOUR),
    ("09:00", "2026-11-21 07:59", "08:00", "08:00", HOUR),
    ("2026-11-24 08:00", "2026-11-23 08:01", "08:00", "08:00", 2 * DAY),
    ("20:00", "10:00", "08:00", "08:00", 12 * HOUR),
    ("09:00", "08:59", "08:00", "08:00", HOUR),
    ("09:00", "09:00", "08:00", "08:00", HOUR),
    ("09:00", "09:01", "08:00", "08:00", HOUR),
    ("09:00", "9999-12-31 23:59", "08:00", "08:00", HOUR),
    // A service repeats an older token, or a gateway keeps one: half an hour is left.
    ("08:30", "07:30", "08:00", "08:00", 30 * MINUTE),

    // `Date` is wrong.
    ("09:00", "08:00", "1970-01-01 00:00", "08:00", HOUR),
    ("09:00", "08:00", "2100-01-01 00:00", "08:00", HOUR),
    ("09:00", "08:00", "06:00", "08:00", HOUR),
    ("09:00", "08:00", "08:30", "08:00", HOUR),
    ("09:00", "08:00", "09:00", "08:00", HOUR),
    ("2026-11-24 08:00", "08:00", "2026-11-23 08:00", "08:00", 2 * DAY),
    ("09:00", "08:00", "soon", "08:00", HOUR),

    // No two agree: the shortest life counts.
    ("09:00", "06:00", "08:00", "04:00", HOUR),
    ("09:00", "06:00", "08:00", "08:30", 30 * MINUTE),
    ("09:00", "08:00", "06:00", "04:00", HOUR),
    ("20:00", "10:00", "08:00", "06:00", 10 * HOUR),
    ("09:00", "2026-11-21 08:00", "08:00", "06:00", HOUR),
    ("09:00", "1970-01-01 00:00", "08:00", "06:00", HOUR),
    ("09:00", "1970-01-01 00:00", "08:00", "08:30", 30 * MINUTE),
    ("09:00", "08:00", "10:00", "06:00", EXPIRED),
    // By the caller's clock alone no token has ended.
    ("09:00", "06:00", "08:00", "10:00", HOUR),
    ("09:00", "1970-01-01 00:00", "08:00", "10:00", HOUR),
    ("09:00", "08:00", "1970-01-01 00:00", "10:00", HOUR),
    ("08:03", "08:00", "08:00", "08:04", 3 * MINUTE),
    ("08:03", "08:00", "08:00", "08:02", MINUTE),
    // By `Date` it has, unless the other two contradict it.
    ("07:59", "06:59", "08:00", "08:00", EXPIRED),
    ("08:00", "07:00", "08:00", "08:00", EXPIRED),
    ("07:00", "06:00", "08:00", "11:00", EXPIRED),
    ("09:00", "08:00", "2100-01-01 00:00", "2090-01-01 00:00", EXPIRED),
    ("08:03", "08:00", "11:00", "08:04", EXPIRED),
    // A service hands out what has ended.
    ("07:00", "08:00", "08:00", "08:00", EXPIRED),
    ("07:00", "08:00", "08:00", "05:00", EXPIRED),
    ("07:00", "08:00", "", "08:00", EXPIRED),

    // Without `Date`.
    ("09:00", "08:00", "", "08:00", HOUR),
    ("09:00", "08:00", "", "08:04", 56 * MINUTE),
    ("09:00", "08:00", "", "06:00", HOUR),
    ("09:00", "08:00", "", "08:30", 30 * MINUTE),
    ("09:00", "08:00", "", "10:00", HOUR),
    ("09:00", "06:00", "", "08:00", HOUR),
    ("09:00", "08:00", "", "2100-01-01 00:00", HOUR),
    ("09:00", "1970-01-01 00:00", "", "08:00", HOUR),
    ("09:00", "1970-01-01 00:00", "", "10:00", EXPIRED),
    ("09:00", "09:00", "", "08:00", EXPIRED),
    ("09:00", "10:00", "", "08:00", HOUR),
    // Without `issued_at`.
    ("09:00", "", "08:00", "08:00", HOUR),
    ("09:00", "", "08:00", "06:00", HOUR),
    ("09:00", "", "08:00", "08:30", 30 * MINUTE),
    ("09:00", "", "08:00", "10:00", HOUR),
    ("09:00", "", "1970-01-01 00:00", "08:00", HOUR),
    ("09:00", "", "10:00", "08:00", EXPIRED),
    // Without both.
    ("09:00", "", "", "08:00", HOUR),
    ("09:00", "", "", "09:00", EXPIRED),
    ("09:00", "", "", "1970-01-01 00:00", LONGEST),

    // Times that were never set agree with each other, and outvote nobody.
    ("09:00", "1970-01-01 00:00", "08:00", "1970-01-01 00:00", HOUR),
    ("09:00", "1970-01-01 00:00", "1970-01-01 00:00", "08:00", HOUR),
    ("09:00", "1970-01-01 00:00", "1970-01-01 00:00", "1970-01-01 00:00", LONGEST),
    // A life that no cloud gives.
    ("2026-12-22 08:00", "08:00", "08:00", "08:00", 30 * DAY),
    ("2026-12-22 08:01", "08:00", "08:00", "08:00", LONGEST),
    ("9999-12-31 23:59", "08:00", "08:00", "08:00", LONGEST),
    ("9999-12-31 23:59", "0001-01-01 00:00", "9999-12-31 23:58", "08:00", MINUTE),
    // Both of the server's times are an hour late, and outvote the caller's clock. That is the price
    // of a caller's clock that may be wrong. The life is never longer than the token's own.
    ("08:00", "07:00", "07:00", "08:00", HOUR),
];

#[rustfmt::skip]
const EXISTING: &[Row] = &[
    ("08:30", "07:30", "08:00", "08:00", 30 * MINUTE),
    ("08:30", "07:30", "08:04", "08:00", 26 * MINUTE),
    ("08:30", "07:30", "", "08:00", 30 * MINUTE),
    ("08:30", "", "08:00", "08:00", 30 * MINUTE),
    ("08:30", "", "", "08:00", 30 * MINUTE),
    // Not longer than the whole life: both clocks are before its start.
    ("08:30", "07:30", "06:00", "06:00", HOUR),
    ("08:30", "07:30", "1970-01-01 00:00", "1970-01-01 00:00", HOUR),
    ("08:30", "07:30", "", "06:00", HOUR),
    // An `issued_at` that cannot be right limits nothing.
    ("08:30", "08:31", "08:00", "08:00", 30 * MINUTE),
    ("08:30", "1970-01-01 00:00", "08:00", "08:00", 30 * MINUTE),
    // It agrees with a wrong clock by chance, and does not count.
    ("08:30", "07:30", "08:00", "07:30", 30 * MINUTE),
    ("08:30", "07:30", "07:30", "08:00", 30 * MINUTE),
    // The caller's clock is wrong.
    ("08:30", "07:30", "08:00", "06:00", 30 * MINUTE),
    ("08:30", "07:30", "08:00", "08:20", 10 * MINUTE),
    ("08:30", "07:30", "08:00", "10:00", 30 * MINUTE),
    // `Date` is wrong.
    ("08:30", "07:30", "1970-01-01 00:00", "08:00", 30 * MINUTE),
    ("08:30", "07:30", "06:00", "08:00", 30 * MINUTE),
    ("08:30", "07:30", "10:00", "08:00", EXPIRED),
    // The token has ended.
    ("07:59", "06:59", "08:00", "08:00", EXPIRED),
    ("08:00", "07:00", "", "08:00", EXPIRED),
    ("08:00", "", "", "08:00", EXPIRED),
    ("9999-12-31 23:59", "07:30", "08:00", "08:00", LONGEST),
];

#[test]
fn a_new_tokens_life_is_what_two_clocks_say() {
    assert!(NEW.len() >= 60);
    check(NEW, &password(), 201);
}

#[test]
fn an_existing_tokens_life_is_what_is_left() {
    check(EXISTING, &Credential::existing_token("t"), 200);
}

#[test]
fn a_login_refuses_what_has_ended() {
    for row in NEW {
        let mut login = Login::new(&keystone(), password(), Scope::default()).unwrap();
        login.handle_response(response(row, 201), clock_of(row));
        let expired = matches!(&login.poll(), Err(error)
            if *error.kind() == ErrorKind::Protocol(ProtocolError::Expired));
        assert_eq!(expired, row.4 == EXPIRED, "{row:?}");
    }
}

#[track_caller]
fn check(rows: &[Row], credential: &Credential, status: u16) {
    let wrong: Vec<_> = rows
        .iter()
        .map(|row| (row, seconds_of_use(row, credential, status)))
        .filter(|((.., life), got)| got != &used_of(*life))
        .map(|(row, got)| format!("{row:?}: used for {got} s"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// A session does not use the last two seconds of a token's life.
fn used_of(life: i64) -> i64 {
    if life == EXPIRED { 0 } else { life - 2 }
}

/// For how many seconds a session uses this token.
fn seconds_of_use(row: &Row, credential: &Credential, status: u16) -> i64 {
    let (mut used, mut unused) = (0, LONGEST + 2 * DAY);
    while used < unused {
        let middle = (used + unused) / 2;
        match is_used_after(middle, row, credential, status) {
            true => used = middle + 1,
            false => unused = middle,
        }
    }
    used
}

fn is_used_after(seconds: i64, row: &Row, credential: &Credential, status: u16) -> bool {
    let (now, scope) = (clock_of(row), Scope::default());
    let mut session = Session::new(keystone(), credential.clone(), Settings::default()).unwrap();
    let Action::Send(pending, _) = session.poll(&scope, now) else { panic!("no request") };
    session.handle_response(pending, response(row, status), now).unwrap();
    let Some(later) = now.checked_add(Duration::seconds(seconds)) else { return false };
    session.cached_token(&scope, later).is_some()
}

fn clock_of((.., clock, _): &Row) -> UtcDateTime {
    moment(clock).expect("every row has a clock")
}

fn response((expires, issued, date, ..): &Row, status: u16) -> Response<String> {
    let mut token = json!({"expires_at": timestamp::format(moment(expires).unwrap())});
    if let Some(issued) = moment(issued) {
        token["issued_at"] = timestamp::format(issued).into();
    }
    let mut response = Response::builder().status(status).header("x-subject-token", "t");
    match moment(date) {
        Some(date) => {
            let date = httpdate::fmt_http_date(std::time::SystemTime::from(date));
            response = response.header(header::DATE, date);
        }
        None if !date.is_empty() => response = response.header(header::DATE, *date),
        None => {}
    }
    response.body(json!({"token": token}).to_string()).unwrap()
}

fn moment(text: &str) -> Option<UtcDateTime> {
    let day = if text.contains('-') { "" } else { "2026-11-22 " };
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    timestamp::parse(&format!("{day}{text}{seconds}"))
}
