//! Renewal in the background, so that no caller ever pays for a login.

use std::time::Duration;

use auth_proto::{ErrorKind, Scope, Session};
use time::UtcDateTime;
use tokio::time::timeout;

use crate::{
    drive::{Carry, Shared},
    error::Error,
};

impl<C: Carry> Shared<C> {
    /// Keeps this scope's token alive until the account is closed.
    pub(crate) async fn renew(&self, scope: &Scope) {
        loop {
            // Before the account is asked, so that nothing falls between that and the wait.
            let landed = self.landed();
            let next = match self.token(scope, Duration::MAX, Session::renew).await {
                Ok(_) => self.lock().renew_at(scope),
                Err(Error::Auth(error)) if *error.kind() == ErrorKind::Closed => return,
                Err(Error::Auth(error)) => error.retry_at(),
                // A person is asked.
                Err(_) => None,
            };
            let pause = self.pause(next);
            // Woken or not, the account is asked again.
            let _ = timeout(pause, landed).await;
        }
    }

    fn pause(&self, next: Option<UtcDateTime>) -> Duration {
        let Some(next) = next else { return LONGEST };
        let left = next - self.now();
        left.try_into().unwrap_or(Duration::ZERO).clamp(SHORTEST, LONGEST)
    }
}

/// Whatever the account says, nothing spins.
const SHORTEST: Duration = Duration::from_secs(1);
/// A clock that was set, or a machine that slept, is noticed after so long.
const LONGEST: Duration = Duration::from_secs(60);
