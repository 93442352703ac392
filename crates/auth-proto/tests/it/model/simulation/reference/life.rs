//! Rule 7: how long a token lives, by agreement of witnesses.

use std::time::Duration;

use time::UtcDateTime;

use super::{super::coverage::reach, seconds};

/// Who says what time it was when a token was handed out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Witnesses {
    pub(crate) issued_at: Option<UtcDateTime>,
    pub(crate) date: Option<UtcDateTime>,
    pub(crate) caller: UtcDateTime,
}

/// The witnesses of a walk differ by less, or by much more.
const AGREEMENT: time::Duration = time::Duration::minutes(5);
/// No token lives longer.
const LONGEST: Duration = seconds(30 * 86_400);

impl Witnesses {
    /// The life of a token that ends at `expires_at`, from its request on.
    pub(crate) fn life(&self, expires_at: UtcDateTime) -> Duration {
        let is_possible = |witness: &UtcDateTime| expires_at - *witness <= LONGEST;
        let issued_at = self.issued_at.filter(|at| *at <= expires_at).filter(is_possible);
        let date = self.date.filter(is_possible);
        // A token that the service has just handed out has not ended.
        let is_needed = issued_at.is_none() && date.is_none();
        let caller = Some(self.caller).filter(|at| *at < expires_at || is_needed);
        let caller = caller.filter(is_possible);
        let witnesses: Vec<_> = [issued_at, date, caller].into_iter().flatten().collect();
        let agrees = |one: &UtcDateTime| {
            witnesses.iter().filter(|other| (**other - *one).abs() <= AGREEMENT).count() > 1
        };
        let agreeing: Vec<_> = witnesses.iter().copied().filter(agrees).collect();
        let latest = match agreeing.is_empty() {
            false => {
                if agreeing.len() < witnesses.len() {
                    reach("7: a contradicted witness");
                }
                agreeing.into_iter().max()
            }
            true => {
                if witnesses.len() > 1 {
                    reach("7: no agreement");
                }
                witnesses.into_iter().max()
            }
        };
        let life = latest.map_or(Ok(LONGEST), |latest| (expires_at - latest).try_into());
        life.unwrap_or_default()
    }

    /// Whether the server's `Date` and the caller's clock agree.
    pub(crate) fn clocks_agree(&self) -> bool {
        self.date.is_some_and(|date| (date - self.caller).abs() <= AGREEMENT)
    }
}
