//! Lost callers: they failed although a later login succeeded before their deadline.

use std::time::Duration;

/// A caller with an authentication error. All times are by the scenario's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) at: Duration,
    /// The end of the caller's timeout.
    pub(crate) deadline: Duration,
}

/// A login as the server saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    pub(crate) started: Duration,
    /// The time of the response, if that was a token.
    pub(crate) granted: Option<Duration>,
}

/// The number of callers for which a login started after their failure and succeeded before their
/// deadline: their error came too early.
pub(crate) fn lost(failed: impl Iterator<Item = Failed>, logins: &[Login]) -> usize {
    let is_lost = |failed: &Failed| {
        logins.iter().any(|login| {
            let in_time = login.granted.is_some_and(|granted| granted < failed.deadline);
            login.started > failed.at && in_time
        })
    };
    failed.filter(is_lost).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_login_in_time_makes_a_caller_lost() {
        let second = Duration::from_secs;
        let failed = Failed { at: second(10), deadline: second(30) };
        for (started, granted, want) in [
            (11, Some(29), 1),
            // The login had started before the failure.
            (9, Some(29), 0),
            (10, Some(29), 0),
            (11, Some(30), 0),
            (11, None, 0),
        ] {
            let login = Login { started: second(started), granted: granted.map(second) };
            assert_eq!(lost([failed].into_iter(), &[login]), want, "{login:?}");
        }
        assert_eq!(lost([failed].into_iter(), &[]), 0);
    }

    #[test]
    fn a_caller_is_lost_once() {
        let second = Duration::from_secs;
        let logins = [11, 12].map(|at| Login { started: second(at), granted: Some(second(at)) });
        let failed = |at| Failed { at: second(at), deadline: second(30) };
        assert_eq!(lost([failed(10), failed(11), failed(12)].into_iter(), &logins), 2);
    }
}
