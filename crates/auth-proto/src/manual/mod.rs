//! How a session behaves when something goes wrong: a page per topic, for operators.
//!
//! Everything here holds for each [`Session`](crate::Session), and so for each client of
//! `auth-ureq` and `auth-reqwest` with all its clones. Several processes are several sessions: they
//! share nothing, unless they have a [store](shared_tokens).
//!
//! * [`renewal`]: when a token is renewed, and who waits for it.
//! * [`outages`]: the identity service does not answer, or answers with an error.
//! * [`refused_credentials`]: a changed password, a lockout.
//! * [`rejected_tokens`]: a service answers 401.
//! * [`factors`]: one-time codes, and logins that need a person.
//! * [`root_tokens`]: one login for many scopes.
//! * [`token_credentials`]: tokens as credentials, and agencies.
//! * [`federation`]: logins with the token of an identity provider.
//! * [`many_scopes`]: many scopes in one session.
//! * [`shared_tokens`]: one login for many processes.
//! * [`clocks`]: a wrong clock, and requests without a response.
//! * [`events`]: what to log, and what to alert on.

#[doc = include_str!("renewal.md")]
pub mod renewal {}

#[doc = include_str!("outages.md")]
pub mod outages {}

#[doc = include_str!("refused_credentials.md")]
pub mod refused_credentials {}

#[doc = include_str!("rejected_tokens.md")]
pub mod rejected_tokens {}

#[doc = include_str!("factors.md")]
pub mod factors {}

#[doc = include_str!("root_tokens.md")]
pub mod root_tokens {}

#[doc = include_str!("token_credentials.md")]
pub mod token_credentials {}

#[doc = include_str!("federation.md")]
pub mod federation {}

#[doc = include_str!("many_scopes.md")]
pub mod many_scopes {}

#[doc = include_str!("shared_tokens.md")]
pub mod shared_tokens {}

#[doc = include_str!("clocks.md")]
pub mod clocks {}

#[doc = include_str!("events.md")]
pub mod events {}
