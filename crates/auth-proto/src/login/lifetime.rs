//! A token's life and the server's `Retry-After`, measured by the server's clocks.

use std::time::SystemTime;

use http::{HeaderMap, header};
use time::{Duration, UtcDateTime};

use crate::{limits, model::token::Token};

pub(crate) const MAX_LIFE: Duration = Duration::seconds(limits::TOKEN_LIFETIME.as_secs() as i64);
const MAX_PAUSE: Duration = Duration::seconds(limits::RETRY_AFTER.as_secs() as i64);

/// The remaining life of a new token when its response was sent; `None` if it had ended.
///
/// The start is the later of `issued_at` and the response's `Date`, so that the caller's clock need
/// not be right. A `Date` more than a day off `issued_at` comes from a proxy and is ignored. The
/// caller's clock counts only if both are missing.
pub(crate) fn life_of_new(
    token: &Token,
    headers: &HeaderMap,
    now: UtcDateTime,
) -> Option<Duration> {
    let sent = date(headers, header::DATE);
    let issued = token.issued_at();
    let sent = match (sent, issued) {
        (Some(sent), Some(issued)) if (sent - issued).abs() > Duration::DAY => None,
        (sent, _) => sent,
    };
    let rests = [sent, issued].into_iter().flatten().map(|start| token.expires_at() - start);
    let life = rests.min().unwrap_or_else(|| token.expires_at() - now).min(MAX_LIFE);
    life.is_positive().then_some(life)
}

/// The remaining life of an existing token when the response about it was sent; `None` if it had
/// ended. Measured from the response's `Date`, or from the caller's clock if it is missing.
pub(crate) fn life_of_existing(
    token: &Token,
    headers: &HeaderMap,
    now: UtcDateTime,
) -> Option<Duration> {
    let sent = date(headers, header::DATE).unwrap_or(now);
    let whole = token.issued_at().map(|issued| token.expires_at() - issued);
    let rest = token.expires_at() - sent;
    let life = whole.map_or(rest, |whole| whole.min(rest)).min(MAX_LIFE);
    life.is_positive().then_some(life)
}

/// The time in `Retry-After`, which is a number of seconds or a date; the latest if there are
/// several.
pub(crate) fn retry_after(headers: &HeaderMap, now: UtcDateTime) -> Option<UtcDateTime> {
    let values = headers.get_all(header::RETRY_AFTER).into_iter();
    let pauses = values.filter_map(|value| {
        let text = value.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // A number that does not fit is a long time as well.
            return Some(text.parse().map_or(MAX_PAUSE, Duration::seconds));
        }
        let until = http_date(text)?;
        Some(until - date(headers, header::DATE).unwrap_or(now))
    });
    let pause = pauses.max()?.clamp(Duration::ZERO, MAX_PAUSE);
    Some(now.checked_add(pause).unwrap_or(UtcDateTime::MAX))
}

fn date(headers: &HeaderMap, name: header::HeaderName) -> Option<UtcDateTime> {
    http_date(headers.get(name)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<UtcDateTime> {
    let since =
        httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    UtcDateTime::from_unix_timestamp(since.as_secs().try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;

    const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

    #[test]
    fn retry_after_in_both_forms() {
        for (values, seconds) in [
            (&["30"][..], Some(30)),
            (&["0"], Some(0)),
            (&[" 7 "], Some(7)),
            (&["99999999999999999999"], Some(86_400)),
            (&["Sun, 22 Nov 2026 08:01:00 GMT"], Some(60)),
            (&["Sun, 22 Nov 2026 07:01:00 GMT"], Some(0)),
            (&["30", "Sun, 22 Nov 2026 08:01:00 GMT"], Some(60)),
            (&["+5"], None),
            (&["-1"], None),
            (&["1e3"], None),
            (&[""], None),
            (&["Mon, 22 Nov 2026 08:01:00 GMT"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::RETRY_AFTER, value.parse().unwrap());
            }
            let want = seconds.map(|seconds| NOW + Duration::seconds(seconds));
            assert_eq!(retry_after(&headers, NOW), want, "{values:?}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, "Sun, 22 Nov 2026 10:01:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, NOW), Some(NOW + Duration::minutes(1)));
    }

    /// A token and the headers of its response; times are seconds relative to [`NOW`].
    fn token(expires: i64, issued: Option<i64>, date: Option<&str>) -> (Token, HeaderMap) {
        let stamp = |offset: i64| crate::text::timestamp::format(NOW + Duration::seconds(offset));
        let mut token = serde_json::json!({"expires_at": stamp(expires)});
        if let Some(issued) = issued {
            token["issued_at"] = stamp(issued).into();
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-subject-token", "t".parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        let body = serde_json::json!({"token": token}).to_string();
        (crate::wire::v3::read_token(&headers, body.as_bytes()).unwrap(), headers)
    }

    /// The remaining life in seconds.
    fn life(expires: i64, issued: Option<i64>, date: Option<&str>) -> Option<i64> {
        let (token, headers) = token(expires, issued, date);
        life_of_new(&token, &headers, NOW).map(Duration::whole_seconds)
    }

    #[test]
    fn a_life_is_measured_by_the_servers_clocks() {
        const DAY: i64 = 86_400;
        for (expires, issued, date, want) in [
            (3600, Some(0), None, Some(3600)),
            // A wrong clock of the caller does not matter.
            (3600 - 7200, Some(-7200), None, Some(3600)),
            (3600 + 7200, Some(7200), Some("Sun, 22 Nov 2026 10:00:00 GMT"), Some(3600)),
            // A delayed response: less is left.
            (3600, Some(0), Some("Sun, 22 Nov 2026 08:10:00 GMT"), Some(3000)),
            // An exchanged token, with the rest of the first one's life.
            (600, Some(0), Some("Sun, 22 Nov 2026 07:59:00 GMT"), Some(600)),
            (3600, None, Some("Sun, 22 Nov 2026 08:10:00 GMT"), Some(3000)),
            // A `Date` that is not the server's.
            (3600, Some(0), Some("Thu, 01 Jan 1970 00:00:00 GMT"), Some(3600)),
            (3600, Some(0), Some("Mon, 23 Nov 2026 08:00:01 GMT"), Some(3600)),
            (2 * DAY, Some(0), Some("Mon, 23 Nov 2026 08:00:00 GMT"), Some(DAY)),
            (3600, Some(0), Some("soon"), Some(3600)),
            // Without both, the caller's clock decides.
            (3600, None, None, Some(3600)),
            (-1, None, None, None),
            (0, Some(0), None, None),
            (3600, Some(0), Some("Sun, 22 Nov 2026 09:00:00 GMT"), None),
            // Limited to the longest believed life.
            (400 * DAY, Some(0), None, Some(30 * DAY)),
        ] {
            assert_eq!(life(expires, issued, date), want, "{expires} {issued:?} {date:?}");
        }
    }

    #[test]
    fn a_remaining_life_is_measured_from_the_response() {
        // Seconds from now to its end and to its issue; the `Date`; the seconds left.
        for (expires, issued, date, want) in [
            (600, Some(-3000), None, Some(600)),
            (600, Some(-3000), Some("Sun, 22 Nov 2026 08:05:00 GMT"), Some(300)),
            // The caller's clock is two hours wrong.
            (7800, Some(4200), Some("Sun, 22 Nov 2026 10:00:00 GMT"), Some(600)),
            // Limited to its whole life: one of the clocks is wrong.
            (7200, Some(3600), None, Some(3600)),
            (600, None, None, Some(600)),
            (0, Some(-3600), None, None),
            (40 * 86_400, None, None, Some(30 * 86_400)),
        ] {
            let (token, headers) = token(expires, issued, date);
            let got = life_of_existing(&token, &headers, NOW).map(Duration::whole_seconds);
            assert_eq!(got, want, "{expires} {issued:?} {date:?}");
        }
    }
}
