//! What happens to an account, told to `tracing` where that is wanted.

use auth_proto::Session;
#[cfg(feature = "tracing")]
use auth_proto::{Event, timestamp};

/// What has happened. Taken under the lock, and told without it.
#[must_use = "events that are taken are to be told"]
pub(crate) struct Events(#[cfg(feature = "tracing")] Vec<Event>);

#[cfg(not(feature = "tracing"))]
impl Events {
    pub(crate) fn of(_account: &mut Session) -> Self {
        Self()
    }

    pub(crate) fn tell(self) {}
}

#[cfg(feature = "tracing")]
impl Events {
    pub(crate) fn of(account: &mut Session) -> Self {
        Self(std::iter::from_fn(|| account.poll_event()).collect())
    }

    pub(crate) fn tell(self) {
        self.0.iter().for_each(tell);
    }
}

#[cfg(feature = "tracing")]
fn tell(event: &Event) {
    match event {
        Event::ClockJump { by } => tracing::warn!(%by, "clock jumped"),
        Event::CredentialRejected { scope, error, retry_at } => {
            let retry_at = retry_at.map(timestamp::format);
            tracing::error!(%scope, %error, retry_at, "credential refused");
        }
        Event::LoginFailed { scope, class, error, retry_at } => {
            let retry_at = timestamp::format(*retry_at);
            tracing::warn!(%scope, ?class, %error, retry_at, "login failed");
        }
        Event::LoginStarted { scope } => tracing::debug!(%scope, "login started"),
        Event::TokenRejected { scope } => tracing::warn!(%scope, "token refused by a service"),
        Event::TokenRenewed { scope, expires_at } => {
            let expires_at = timestamp::format(*expires_at);
            tracing::info!(%scope, expires_at, "token renewed");
        }
        event => tracing::info!("{event}"),
    }
}
