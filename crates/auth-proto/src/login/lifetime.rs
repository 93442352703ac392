//! A token's remaining life, by the clocks of the server and the caller.

use http::HeaderMap;
use time::{Duration, UtcDateTime};

use crate::{limits, model::token::Token, wire::http_time};

pub(crate) const MAX_LIFE: Duration = Duration::seconds(limits::TOKEN_LIFETIME.as_secs() as i64);

/// Two witnesses that differ by no more than this agree. It leaves room for a slow login and for
/// clocks that drift, and is what Kerberos and signed requests allow clocks to differ by. A clock in
/// the wrong time zone is further off.
const AGREEMENT: Duration = Duration::minutes(5);

/// The remaining life of a new token when its login was sent; `None` if it had ended.
///
/// Three witnesses say what time it was: the token's `issued_at`, the response's `Date`, and the
/// caller's clock when it sent the login (`sent`). Each of them may be wrong: a service repeats the
/// `issued_at` of an older token, a proxy writes its own `Date`, the caller's machine has lost its
/// time.
///
/// 1. A witness that cannot be right is ignored:
///    - one that is more than 30 days before `expires_at`, because no cloud's token lives that long
///      (a time that was never set is 1970);
///    - `issued_at` after `expires_at`;
///    - the caller's clock at or after `expires_at`, because the service has just handed the token
///      out, but not if it is the only witness left.
/// 2. If exactly two witnesses agree, the third one is ignored.
/// 3. The shortest life by the remaining ones counts.
///
/// So one wrong witness outvotes no two right ones, in neither direction. If only one is right, the
/// session at worst renews the token too early. Of two witnesses that agree neither is ignored, so
/// that no token outlives the `expires_at` that `Date` and the caller's clock agree on.
pub(crate) fn life_of_new(
    token: &Token,
    headers: &HeaderMap,
    sent: UtcDateTime,
) -> Option<Duration> {
    let issued = token.issued_at().filter(|issued| *issued <= token.expires_at());
    remaining(token.expires_at(), issued, http_time::date(headers), sent)
}

/// The remaining life of an existing token when the request about it was sent; `None` if it had
/// ended.
///
/// The `issued_at` of such a token does not say what time it was when the service answered. It only
/// says how long the token lives in all, and the remaining life is not longer than that. The other
/// two witnesses are weighed as for a new token.
pub(crate) fn life_of_existing(
    token: &Token,
    headers: &HeaderMap,
    sent: UtcDateTime,
) -> Option<Duration> {
    let rest = remaining(token.expires_at(), None, http_time::date(headers), sent)?;
    let whole = token.issued_at().map(|issued| token.expires_at() - issued);
    Some(whole.filter(|whole| whole.is_positive()).map_or(rest, |whole| whole.min(rest)))
}

fn remaining(
    end: UtcDateTime,
    issued: Option<UtcDateTime>,
    date: Option<UtcDateTime>,
    sent: UtcDateTime,
) -> Option<Duration> {
    let [issued, date, sent] = [issued, date, Some(sent)]
        .map(|witness| witness.filter(|witness| end - *witness <= MAX_LIFE));
    let is_alone = issued.is_none() && date.is_none();
    let sent = sent.filter(|sent| *sent < end || is_alone);

    let agree = |one: Option<UtcDateTime>, other: Option<UtcDateTime>| {
        one.zip(other).is_some_and(|(one, other)| (one - other).abs() <= AGREEMENT)
    };
    let believed = match (agree(issued, date), agree(date, sent), agree(sent, issued)) {
        (true, false, false) => [issued, date, None],
        (false, true, false) => [None, date, sent],
        (false, false, true) => [issued, None, sent],
        _ => [issued, date, sent],
    };
    let latest = believed.into_iter().flatten().max();
    let life = latest.map_or(MAX_LIFE, |latest| end - latest);
    life.is_positive().then_some(life)
}
