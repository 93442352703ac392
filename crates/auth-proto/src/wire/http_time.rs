//! The times in a response's headers: `Date` and `Retry-After`.

use std::time::SystemTime;

use http::{HeaderMap, header};
use time::{Duration, UtcDateTime};

use crate::limits;

const MAX_PAUSE: Duration = Duration::seconds(limits::RETRY_AFTER.as_secs() as i64);

/// The time of the response by the server's clock.
pub(crate) fn date(headers: &HeaderMap) -> Option<UtcDateTime> {
    http_date(headers.get(header::DATE)?.to_str().ok()?)
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
        Some(until - date(headers).unwrap_or(now))
    });
    let pause = pauses.max()?.clamp(Duration::ZERO, MAX_PAUSE);
    Some(now.checked_add(pause).unwrap_or(UtcDateTime::MAX))
}

/// Whether the server says when to try again. A `Retry-After` that cannot be read says nothing.
pub(crate) fn has_retry_after(headers: &HeaderMap) -> bool {
    retry_after(headers, UtcDateTime::UNIX_EPOCH).is_some()
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
            assert_eq!(has_retry_after(&headers), want.is_some(), "{values:?}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, "Sun, 22 Nov 2026 10:01:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, NOW), Some(NOW + Duration::minutes(1)));
    }
}
