//! The answers of the identity service.

use std::time::Duration;

use auth_proto::timestamp;
use http::Response;
use serde_json::{Value, json};
use time::UtcDateTime;

use super::{
    PROJECTS,
    ops::{ODD, Reply, Stamps},
    reference::Witnesses,
};

/// The answer to the login of a scope whose `Date` and stamps are those of `witnesses`.
pub(super) fn answer(
    reply: &Reply,
    index: usize,
    text: &str,
    witnesses: &Witnesses,
    is_v2: bool,
) -> Response<Vec<u8>> {
    let mut response = match *reply {
        Reply::Odd(which, _) => {
            let (status, body, _) = ODD[which % ODD.len()];
            let mut response = plain(status, body);
            response.headers_mut().insert("x-subject-token", "odd".parse().unwrap());
            response
        }
        Reply::Receipt(_) if is_v2 => plain(401, ""),
        Reply::Receipt(life) => receipt(life, witnesses.caller),
        Reply::Refused(status, _) => plain(status, ""),
        Reply::Token(tens, stamps) => {
            let times = (witnesses.issued_at, end(tens, stamps, witnesses.caller));
            let body = token_body(PROJECTS.get(index), "u1", text, times, is_v2);
            let mut response = plain(201, &body.to_string());
            response.headers_mut().insert("x-subject-token", text.parse().unwrap());
            if let Some(date) = witnesses.date {
                response.headers_mut().insert("date", http_date(date).parse().unwrap());
            }
            response
        }
        Reply::Unavailable(_) => plain(503, ""),
    };
    if let Some(asked) = asked(reply) {
        let asked = asked.as_secs().to_string();
        response.headers_mut().insert("retry-after", asked.parse().unwrap());
    }
    response
}

/// The body of an answer with this token of this user.
pub(super) fn token_body(
    project: Option<&&str>,
    user: &str,
    text: &str,
    (issued_at, expires_at): (Option<UtcDateTime>, UtcDateTime),
    is_v2: bool,
) -> Value {
    let (issued_at, expires_at) = (issued_at.map(timestamp::format), timestamp::format(expires_at));
    let project = project.map(|id| json!({"id": id}));
    match is_v2 {
        true => json!({"access": {
            "token": {"id": text, "expires": expires_at, "issued_at": issued_at, "tenant": project},
            "user": {"id": user},
        }}),
        false => json!({"token": {
            "expires_at": expires_at, "issued_at": issued_at, "project": project,
            "user": {"id": user},
        }}),
    }
}

/// The `Retry-After` of an answer.
pub(super) fn asked(reply: &Reply) -> Option<Duration> {
    match *reply {
        Reply::Odd(_, asked) | Reply::Refused(_, asked) | Reply::Unavailable(asked) => {
            seconds_asked(asked)
        }
        Reply::Receipt(_) | Reply::Token(..) => None,
    }
}

pub(super) fn seconds_asked(asked: u32) -> Option<Duration> {
    Some(Duration::from_secs(asked.into())).filter(|asked| !asked.is_zero())
}

/// When a token ends, by the server's clock.
pub(super) fn end(tens: u32, stamps: Stamps, now: UtcDateTime) -> UtcDateTime {
    server_clock(stamps, now) + Duration::from_secs(10 * u64::from(tens))
}

const HOUR: time::Duration = time::Duration::HOUR;

fn server_clock(stamps: Stamps, now: UtcDateTime) -> UtcDateTime {
    match stamps {
        Stamps::Ahead | Stamps::AheadWithoutDate => now + HOUR,
        Stamps::Behind | Stamps::BehindWithoutDate => now - HOUR,
        _ => now,
    }
}

/// What the witnesses say when the caller's clock shows `now`.
pub(super) fn witnesses(tens: u32, stamps: Stamps, now: UtcDateTime) -> Witnesses {
    let clock = server_clock(stamps, now);
    let year = time::Duration::days(365);
    let issued_at = match stamps {
        Stamps::EarlyIssue => Some(clock - 24 * HOUR),
        Stamps::LateIssue => Some(end(tens, stamps, now) + HOUR),
        Stamps::OldIssue => Some(clock - year),
        Stamps::OnlyDate | Stamps::Unstamped => None,
        _ => Some(clock),
    };
    let date = match stamps {
        Stamps::OldDate => Some(clock - year),
        Stamps::AheadWithoutDate
        | Stamps::BehindWithoutDate
        | Stamps::OnlyIssue
        | Stamps::Unstamped => None,
        _ => Some(clock),
    };
    // The format of `Date` has whole seconds, and no years before 1970.
    let date = date.and_then(|date| date.replace_nanosecond(0).ok());
    let date = date.filter(|date| *date >= UtcDateTime::UNIX_EPOCH);
    Witnesses { issued_at, date, caller: now }
}

fn receipt(life: u32, clock: UtcDateTime) -> Response<Vec<u8>> {
    let body = json!({
        "receipt": {
            "methods": ["password"],
            "issued_at": timestamp::format(clock),
            "expires_at": timestamp::format(clock + Duration::from_secs(life.into())),
        },
        "required_auth_methods": [["password", "totp"]],
    });
    let mut response = plain(401, &body.to_string());
    response.headers_mut().insert("openstack-auth-receipt", "r".parse().unwrap());
    response
}

/// As `Sun, 22 Nov 2026 08:00:00 GMT`.
fn http_date(at: UtcDateTime) -> String {
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    let (hour, minute, second) = at.as_hms();
    let (weekday, month, day, year) = (&weekday[..3], &month[..3], at.day(), at.year());
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

fn plain(status: u16, body: &str) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}
