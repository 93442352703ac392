//! The events of a session, for an operator.

use auth_proto::{Event, Session};

/// Receives each event of a session.
pub(crate) type Listener = dyn Fn(&Event) + Send + Sync;

/// The events that a call caused. Taken under the lock, and reported without it.
#[must_use = "events that are taken have to be reported"]
pub(crate) struct Events<'a>(Option<(&'a Listener, Vec<Event>)>);

impl<'a> Events<'a> {
    pub(crate) fn take(session: &mut Session, listener: Option<&'a Listener>) -> Self {
        Self(
            listener
                .map(|listener| (listener, std::iter::from_fn(|| session.poll_event()).collect())),
        )
    }

    pub(crate) fn report(self) {
        if let Some((listener, events)) = self.0 {
            events.iter().for_each(listener);
        }
    }
}

/// The listener of a new driver.
#[cfg(not(feature = "tracing"))]
pub(crate) fn listener() -> Option<Box<Listener>> {
    None
}

/// The listener of a new driver.
#[cfg(feature = "tracing")]
pub(crate) fn listener() -> Option<Box<Listener>> {
    Some(Box::new(trace))
}

#[cfg(feature = "tracing")]
fn trace(event: &Event) {
    use auth_proto::timestamp;

    match event {
        Event::ClockJump { by } => tracing::warn!(%by, "clock jumped"),
        Event::CredentialRejected { scope, error, retry_at } => {
            let retry_at = retry_at.map(timestamp::format);
            tracing::error!(%scope, %error, retry_at, "credential refused");
        }
        Event::LeaseLost { scope } => tracing::warn!(%scope, "lease lost"),
        Event::LoginFailed { scope, class, error, retry_at } => {
            let retry_at = timestamp::format(*retry_at);
            tracing::warn!(%scope, ?class, %error, retry_at, "login failed");
        }
        Event::LoginStarted { scope } => tracing::debug!(%scope, "login started"),
        Event::PauseImported { scope, error, retry_at } => {
            let retry_at = retry_at.map(timestamp::format);
            tracing::warn!(%scope, %error, retry_at, "pause taken from the store");
        }
        Event::RefusalDelivered { origin, reason } => {
            tracing::warn!(origin, ?reason, "refusal delivered");
        }
        Event::ServiceAtOdds { scope, origin, until } => {
            let until = timestamp::format(*until);
            tracing::warn!(%scope, origin, until, "service at odds with the identity service");
        }
        Event::StoreSuspended { scope, reason, until } => {
            let until = timestamp::format(*until);
            tracing::warn!(%scope, ?reason, until, "store not used");
        }
        Event::TokenImported { scope, expires_at } => {
            let expires_at = timestamp::format(*expires_at);
            tracing::info!(%scope, expires_at, "token taken from the store");
        }
        Event::TokenRejected { scope, origin } => {
            tracing::warn!(%scope, origin, "token refused by a service");
        }
        Event::TokenRenewed { scope, expires_at } => {
            let expires_at = timestamp::format(*expires_at);
            tracing::info!(%scope, expires_at, "token renewed");
        }
        event => tracing::info!("{event}"),
    }
}
