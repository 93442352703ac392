//! Timestamps in the spellings of identity services.

use std::borrow::Cow;

use time::{OffsetDateTime, UtcDateTime, format_description::well_known::Rfc3339};

use crate::limits;

/// Parses a timestamp in any spelling of the documented clouds. `None` for any other text.
///
/// | spelling | where |
/// | --- | --- |
/// | `2020-04-29T15:31:21Z` | NHN Cloud, `expires` |
/// | `2020-04-29T03:32:28.000405` | NHN Cloud, `issued_at`: without a zone, which means UTC |
/// | `2020-01-04T09:05:22.701000Z` | Huawei Cloud and every Keystone v3 |
/// | `2020-01-04T09:05:22+0000`, `…+00:00`, `…-06:00` | Keystone's own tools, other v2.0 clouds |
///
/// A timestamp outside the years 1 to 9999 in UTC is refused. The function never panics.
pub fn parse(text: &str) -> Option<UtcDateTime> {
    const SECONDS: usize = "2020-04-29T15:31:21".len();
    const DATE: usize = "2020-04-29".len();
    if !text.is_ascii() || text.len() < SECONDS || text.len() > limits::TIMESTAMP {
        return None;
    }
    // `time` accepts any byte between date and time, even NUL.
    if !matches!(text.as_bytes()[DATE], b'T' | b't' | b' ') {
        return None;
    }
    let fraction = match text[SECONDS..].strip_prefix('.') {
        None => 0,
        Some(rest) => 1 + rest.bytes().take_while(u8::is_ascii_digit).count(),
    };
    let (seconds, zone) = text.split_at(SECONDS + fraction);
    let whole = match zone.as_bytes() {
        [] => Cow::Owned([seconds, "Z"].concat()),
        [b'+' | b'-', _, _, _, _] => format!("{seconds}{}:{}", &zone[..3], &zone[3..]).into(),
        _ => text.into(),
    };
    let parsed = OffsetDateTime::parse(&whole, &Rfc3339).ok()?;
    // `to_utc` panics if the offset leads out of range; a conversion by Unix time does not.
    let utc = UtcDateTime::from_unix_timestamp_nanos(parsed.unix_timestamp_nanos()).ok()?;
    // `time` reads a leap second as 59.999999999; the fraction is not in the text.
    let utc =
        if &text[SECONDS - 2..SECONDS] == "60" { utc.replace_nanosecond(0).ok()? } else { utc };
    (1..=9999).contains(&utc.year()).then_some(utc)
}

/// Formats a timestamp by RFC 3339 in UTC, with `Z` and without trailing zeros in the fraction.
pub fn format(moment: UtcDateTime) -> String {
    // RFC 3339 has no years outside 0 to 9999, and `parse` returns none.
    moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string())
}

/// As [`format()`], without a fraction, for people.
pub(crate) fn in_seconds(moment: UtcDateTime) -> String {
    format(moment.replace_nanosecond(0).unwrap_or(moment))
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;

    #[test]
    fn documented_spellings() {
        for (text, want) in [
            ("2020-04-29T15:31:21Z", utc_datetime!(2020-04-29 15:31:21)),
            ("2020-04-29T03:32:28.000405", utc_datetime!(2020-04-29 03:32:28.000405)),
            ("2020-01-04T09:05:22.701000Z", utc_datetime!(2020-01-04 09:05:22.701)),
            ("2012-02-05T00:00:00", utc_datetime!(2012-02-05 00:00:00)),
            ("2012-02-05t00:00:00z", utc_datetime!(2012-02-05 00:00:00)),
            ("2012-02-05 00:00:00+0000", utc_datetime!(2012-02-05 00:00:00)),
            ("2012-02-05T00:00:00-06:00", utc_datetime!(2012-02-05 06:00:00)),
            ("2012-02-05T12:00:00.5+0530", utc_datetime!(2012-02-05 06:30:00.5)),
            ("2016-12-31T23:59:60Z", utc_datetime!(2016-12-31 23:59:59)),
            ("2012-02-05T12:00:00.0123456789012Z", utc_datetime!(2012-02-05 12:00:00.012345678)),
        ] {
            assert_eq!(parse(text), Some(want), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "2020-04-29",
            "2020-04-29T15:31",
            "2020-04-29T15:31:21 ",
            " 2020-04-29T15:31:21",
            "2020-04-29T15:31:21.Z",
            "2020-02-30T00:00:00Z",
            "2020-02-03T24:00:00Z",
            "0000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "0001-01-01T00:00:00+23:59",
            "2020-04-29T15:31:21+00",
            "２０２０-04-29T15:31:21Z",
            "2020-04-29\x0015:31:21Z",
            "2020-04-29_15:31:21Z",
            "1588174281",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn format_is_read_back() {
        let moment = utc_datetime!(2020-04-29 03:32:28.000405);
        assert_eq!(format(moment), "2020-04-29T03:32:28.000405Z");
        assert_eq!(parse(&format(moment)), Some(moment));
    }
}
