//! Timestamps and `Retry-After`.

use auth_proto::timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use time::{Duration, UtcDateTime};

use crate::{
    checks::check_error,
    input::{LOGIN, first_line, response},
};

/// Any text is a timestamp or invalid, as in a naive reader, and a written timestamp is read back.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = timestamp::parse(text);
    assert_eq!(read, naive(text), "{text:?}");
    if let Some(moment) = read {
        let written = timestamp::format(moment);
        assert_eq!(timestamp::parse(&written), Some(moment), "{text} as {written}");
    }
}

/// The same rules, by character and in plain arithmetic.
pub(crate) fn naive(text: &str) -> Option<UtcDateTime> {
    if !text.is_ascii() || !(19..=64).contains(&text.len()) {
        return None;
    }
    let number = |from: usize, length: usize| -> Option<i64> {
        let digits = &text.as_bytes()[from..from + length];
        digits.iter().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let is = |at: usize, c: u8| text.as_bytes()[at] == c;
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let is_split = is(10, b'T') || is(10, b't') || is(10, b' ');
    if !(is(4, b'-') && is(7, b'-') && is_split && is(13, b':') && is(16, b':')) {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month - 1).ok()?;
    if !(1..=*length.get(index)?).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = match text[19..].strip_prefix('.') {
        None => ("0", &text[19..]),
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
    };
    let nanoseconds: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    if fraction.is_empty() {
        return None;
    }
    let offset = offset(zone)?;
    let years = |of: i64| of * 365 + (of + 3) / 4 - (of + 99) / 100 + (of + 399) / 400;
    let days = years(year) + length[..index].iter().sum::<i64>() + day - 1 - years(1970);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset;
    if second == 60 {
        // A leap second occurs only at the end of a month, in UTC.
        let moment = UtcDateTime::from_unix_timestamp(seconds).ok().filter(in_range)?;
        let is_last = moment.date().next_day().is_none_or(|next| next.day() == 1);
        return (is_last && moment.as_hms() == (23, 59, 59)).then_some(moment);
    }
    let nanoseconds = i128::from(seconds) * 1_000_000_000 + nanoseconds;
    UtcDateTime::from_unix_timestamp_nanos(nanoseconds).ok().filter(in_range)
}

fn in_range(moment: &UtcDateTime) -> bool {
    (1..=9999).contains(&moment.year())
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = match zone.len() {
        5 => zone[1..].to_owned(),
        6 if zone.as_bytes()[3] == b':' => format!("{}{}", &zone[1..3], &zone[4..]),
        _ => return None,
    };
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Any pause that a server asks for. The first line is the time of the response in seconds since
/// 1970, and each other line is a header.
pub fn retry_after(data: &[u8]) {
    let Some((now, lines)) = first_line(data) else { return };
    let now = std::str::from_utf8(now).ok().and_then(|now| now.parse().ok());
    let Some(now) = now.and_then(|now| UtcDateTime::from_unix_timestamp(now).ok()) else { return };
    let mut response = response(b"503", b"");
    *response.headers_mut() = headers(lines);
    let expected = pause(response.headers(), now);
    let mut login = LOGIN.clone();
    login.handle_response(response, now);
    let error = login.poll().expect_err("503 is an error");
    check_error(&error);
    let at = expected.map(|pause| now.checked_add(pause).unwrap_or(UtcDateTime::MAX));
    assert_eq!(error.retry_at(), at);
}

fn headers(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The longest pause in the headers, at most a day. Dates count by the server's clock.
fn pause(headers: &HeaderMap, now: UtcDateTime) -> Option<Duration> {
    let date = |value: &HeaderValue| -> Option<UtcDateTime> {
        let moment = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
        let since = moment.duration_since(std::time::UNIX_EPOCH).ok()?;
        UtcDateTime::from_unix_timestamp(since.as_secs().try_into().ok()?).ok()
    };
    let server = headers.get(header::DATE).and_then(date).unwrap_or(now);
    let pause = |value: &HeaderValue| {
        let text = value.to_str().ok()?;
        let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        match is_number {
            true => Some(Duration::seconds(text.parse().unwrap_or(i64::MAX))),
            false => date(value).map(|until| until - server),
        }
    };
    let longest = headers.get_all(header::RETRY_AFTER).into_iter().filter_map(pause).max()?;
    Some(longest.clamp(Duration::ZERO, Duration::DAY))
}
