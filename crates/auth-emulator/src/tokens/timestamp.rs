//! The timestamp formats of the vendors. All are UTC.

use time::UtcDateTime;

/// `2020-01-04T09:05:22.701000Z`: `expires_at` and `issued_at` of v3 (document 004, Example
/// Response).
pub(crate) fn zoned(at: UtcDateTime) -> String {
    format!("{}.{:06}Z", whole(at), at.microsecond())
}

/// `2020-04-29T03:32:28.000405`: `issued_at` of v2.0, without a zone (documents 000 and 001,
/// Response).
pub(crate) fn naive(at: UtcDateTime) -> String {
    format!("{}.{:06}", whole(at), at.microsecond())
}

/// `2020-04-29T15:31:21Z`: `expires` of v2.0, without a fraction (documents 000 and 001, Response).
pub(crate) fn to_the_second(at: UtcDateTime) -> String {
    format!("{}Z", whole(at))
}

fn whole(at: UtcDateTime) -> String {
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.as_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use time::{Duration, UtcDateTime};

    use super::*;

    #[test]
    fn the_documented_formats() {
        let at = |seconds, microseconds| {
            UtcDateTime::UNIX_EPOCH
                + Duration::seconds(seconds)
                + Duration::microseconds(microseconds)
        };
        assert_eq!(zoned(at(1_578_128_722, 701_000)), "2020-01-04T09:05:22.701000Z");
        assert_eq!(naive(at(1_588_131_148, 405)), "2020-04-29T03:32:28.000405");
        assert_eq!(to_the_second(at(1_588_174_281, 0)), "2020-04-29T15:31:21Z");
    }
}
