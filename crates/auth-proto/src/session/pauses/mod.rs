//! Pauses: how long a session sends nothing after a failure or a refusal.

pub(crate) mod backoff;
pub(crate) mod failure_streak;
pub(crate) mod lockout;
pub(crate) mod unanswered;
