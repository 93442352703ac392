//! Requests with an unproven password that got no status: each may have been refused.

use std::time::Duration;

use crate::{error::Error, session::pauses::failure_streak::PATIENCE};

/// The requests since the last proof or refusal of the credential, over all scopes.
///
/// Clouds lock a user after a few wrong passwords (Huawei Cloud and Open Telekom Cloud: five within
/// 15 minutes), and a response that is lost on its way counts like any other. So these requests
/// have a schedule: at 0, 1, 30 and 450 s, and then every 450 s.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// The failure of the last one.
    pub(crate) error: Error,
    requests: u32,
    /// Send times of the first and the last one.
    first: Duration,
    last: Duration,
}

/// The earliest time of the second request, the third, … after the first one.
const SCHEDULE: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(30), Duration::from_secs(450)];
/// The pause between all later ones.
const PAUSE: Duration = Duration::from_secs(450);

impl Unanswered {
    /// The record after another request without a status.
    pub(crate) fn after(before: Option<Self>, error: Error, sent_at: Duration) -> Self {
        match before {
            None => Self { error, requests: 1, first: sent_at, last: sent_at },
            Some(before) => Self {
                error,
                requests: before.requests.saturating_add(1),
                first: before.first,
                last: sent_at.max(before.last),
            },
        }
    }

    /// Whether callers wait for the next request. Otherwise they get the error at once.
    pub(crate) fn waits(&self) -> bool {
        self.next_at() <= self.first.saturating_add(PATIENCE)
    }

    /// The earliest time of the next request.
    pub(crate) fn next_at(&self) -> Duration {
        match SCHEDULE.get(self.requests.saturating_sub(1) as usize) {
            Some(after) => self.first.saturating_add(*after),
            None => self.last.saturating_add(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, FailureKind};

    #[test]
    fn requests_without_a_status_have_a_schedule() {
        let error = || Error::from(Failure::new(FailureKind::Timeout, "no response"));
        let mut record = None;
        let mut sent_at = Duration::from_secs(100);
        let mut sent = Vec::new();
        for _ in 0..7 {
            sent.push(sent_at.as_secs() - 100);
            let next = Unanswered::after(record, error(), sent_at);
            sent_at = next.next_at();
            record = Some(next);
        }
        assert_eq!(sent, [0, 1, 30, 450, 900, 1350, 1800]);
    }

    #[test]
    fn slow_failures_do_not_shorten_the_schedule() {
        let error = || Error::from(Failure::new(FailureKind::Timeout, "no response"));
        let record = Unanswered::after(None, error(), Duration::ZERO);
        let record = Unanswered::after(Some(record), error(), Duration::from_secs(40));
        assert_eq!(record.next_at(), Duration::from_secs(30));
        let record = Unanswered::after(Some(record), error(), Duration::from_secs(60));
        let record = Unanswered::after(Some(record), error(), Duration::from_secs(500));
        assert_eq!(record.next_at(), Duration::from_secs(950));
    }
}
