//! Emulates five identity services in process, as their vendors document them, a stock Keystone, and
//! an OpenID provider whose tokens log in to it, for testing clients.
//!
//! ```toml
//! [dev-dependencies]
//! auth-emulator = "0.1"
//! http = "1"
//! time = "0.3"
//! ```
//!
//! [`Emulator`] is a pure state machine: an [`http::Request`] and a time in, an [`http::Response`]
//! out. [`Server`] puts it on a loopback port with the system clock. There, a [`Fault`] makes a
//! response late, slow, incomplete, silent or wrong, and [`Traffic`] counts the requests. The crate
//! shares no code with any client library, so that both cannot have the same mistake.
//!
//! | system | document | API | login |
//! | --- | --- | --- | --- |
//! | [`System::NhnIaas`] | 000, NHN Cloud, "IaaS Token" | v2.0 | password and tenant |
//! | [`System::NhnCompute`] | 001, NHN Cloud, "API v2 Preparations" | v2.0 | password and tenant |
//! | [`System::Otc`] | 002, Open Telekom Cloud, "Token Authentication" | v3 | password, ID token |
//! | [`System::Kakao`] | 003, KakaoCloud, "API Preparations" | v3 | access key |
//! | [`System::Huawei`] | 004, Huawei Cloud IAM, "Obtaining a User Token Through Password Authentication" | v3 | password, ID token |
//! | [`System::Keystone`] | none: a real Keystone 30 | v3 | password, one-time code, token, application credential, identity provider |
//!
//! The vendors' v3 systems also exchange a token for one of another scope and serve `/v3/auth/catalog`.
//! KakaoCloud is the exception: its tokens come from application credentials and cannot be
//! exchanged. Huawei Cloud and Open Telekom Cloud have an agency of another account,
//! [`account::AGENCY`].
//!
//! Responses equal the documents to the byte, except for the token and its times. The texts are in
//! [`documents`], the credentials in [`account`]. Where the documents are silent, the response is
//! that of stock Keystone. The emulator refuses every request that the real service would refuse:
//! wrong credentials, a wrong `Content-Type`, a missing or forbidden scope, a body that is too
//! large. Settings change the behaviour: [`Emulator::fail_next`], [`Emulator::token_lifetime`],
//! [`Emulator::revoke_all`] and others.
//!
//! ```
//! use auth_emulator::{Emulator, System, documents};
//! use http::{Request, StatusCode};
//! use time::{Duration, UtcDateTime};
//!
//! let mut emulator = Emulator::new();
//! let now = UtcDateTime::UNIX_EPOCH;
//!
//! // The documented login, to the documented host.
//! let login = Request::post("https://iam.myhuaweicloud.com/v3/auth/tokens")
//!     .header("Content-Type", "application/json;charset=utf8")
//!     .body(documents::HUAWEI_PROJECT_REQUEST.as_bytes())?;
//! let response = emulator.handle(login, now);
//! assert_eq!(response.status(), StatusCode::CREATED);
//! let token = &response.headers()["X-Subject-Token"];
//! assert!(token.as_bytes().starts_with(documents::HUAWEI_TOKEN_PREFIX.as_bytes()));
//!
//! // A service accepts the token for the documented 24 hours.
//! let servers = "https://ecs.cn-north-1.myhuaweicloud.com/v1/servers";
//! let call = Request::get(servers).header("X-Auth-Token", token).body(&b""[..])?;
//! let expired = now + Duration::hours(24);
//! assert_eq!(emulator.handle(call.clone(), now).status(), StatusCode::OK);
//! assert_eq!(emulator.handle(call, expired).status(), StatusCode::UNAUTHORIZED);
//! assert_eq!((emulator.logins(System::Huawei), emulator.requests(System::Huawei)), (1, 3));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # The stock Keystone
//!
//! [`System::Keystone`] has what the documented systems lack: domains, users with second factors,
//! application credentials by id and by name, and tokens for a project, a domain, the system, or
//! nothing. A user's password is the name and `-pw`.
//!
//! | user | domain | roles | login |
//! | --- | --- | --- | --- |
//! | `alice` | `Default` | projects `alpha` and `beta`, domains `Default` and `Corp`, the system | password; the application credentials `plain`, `unrestricted`, `one-role` |
//! | `bob` | `Default` | project `alpha`, the default project | password |
//! | `mfa` | `Default` | project `alpha` | password and one-time code |
//! | `totp` | `Default` | project `alpha` | password or one-time code |
//! | `carol` | `Default` | none | password |
//! | `disabled` | `Default` | project `alpha` | refused |
//! | `alice` | `Corp` | that domain's project `alpha` | password |
//!
//! A login that lacks a factor is answered with 401 and a receipt, which the client sends with the
//! missing one. [`totp_code`] computes the code; an authenticator app shows the same one for
//! [`account::KEYSTONE_TOTP_SECRET`].
//!
//! ```
//! use auth_emulator::{Emulator, account, totp_code};
//! use http::{Request, StatusCode};
//! use time::UtcDateTime;
//!
//! let (mut emulator, now) = (Emulator::new(), UtcDateTime::now());
//! let login = |method: &str, field: &str, value: &str, receipt: &str| {
//!     let id = account::KEYSTONE_MFA_USER_ID;
//!     let user = format!(r#"{{"user": {{"id": "{id}", "{field}": "{value}"}}}}"#);
//!     let identity = format!(r#"{{"methods": ["{method}"], "{method}": {user}}}"#);
//!     Request::post("http://localhost/keystone/v3/auth/tokens")
//!         .header("Content-Type", "application/json")
//!         .header("Openstack-Auth-Receipt", receipt)
//!         .body(format!(r#"{{"auth": {{"identity": {identity}}}}}"#))
//! };
//! let mut send = |request: Request<String>| {
//!     let (head, body) = request.into_parts();
//!     emulator.handle(Request::from_parts(head, body.as_bytes()), now)
//! };
//!
//! let asked = send(login("password", "password", account::KEYSTONE_MFA_PASSWORD, "")?);
//! assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
//! let receipt = asked.headers()["Openstack-Auth-Receipt"].to_str()?;
//! let answer = send(login("totp", "passcode", &totp_code(now), receipt)?);
//! assert_eq!(answer.status(), StatusCode::CREATED);
//! assert!(answer.headers().contains_key("X-Subject-Token"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Federated logins
//!
//! The stock Keystone has one identity provider, [`account::FEDERATION_PROVIDER`], and one protocol,
//! [`account::FEDERATION_PROTOCOL`]. [`Provider`] is the other side: an OpenID provider with these
//! clients and users. A password is the name and `-pw`.
//!
//! | client or user | login at the provider | in Keystone |
//! | --- | --- | --- |
//! | `service` | client with the secret `service-secret`: every grant, `client_credentials` for itself | user `service` |
//! | `cli` | client without a secret: password, device code, refresh token | |
//! | `fred` | password | user `fred` |
//! | `otto` | password and one-time code, in the form field `totp` | user `otto` |
//! | `stranger` | password | 401: no rule of the mapping matches |
//! | `bare` | password | 401: the claims are missing |
//!
//! The three users are members of the projects `alpha` and `beta`, and of those that
//! [`Emulator::projects`] adds. The gate before Keystone takes access tokens; [`Emulator::gate`]
//! changes that. Huawei Cloud and Open Telekom Cloud take ID tokens, at
//! `/v3.0/OS-AUTH/id-token/tokens`. A login gives a token without a scope; the token of a scope is
//! exchanged for it and expires with it, but is not revoked with it.
//!
//! [`RequestKind`] tells these logins, exchanges, and questions about tokens apart, for counters and
//! for the script of a [`Server`].
//!
//! # Record
//!
//! With the feature `record`, a server appends the bytes that it receives to a file, if the variable
//! `AUTH_EMULATOR_RECORD` names a folder. A test can then check where a client's secrets went, in
//! programs that start a server of their own, too. The file holds these secrets.
//!
//! # Tokens
//!
//! Tokens are computed from a counter: they are unique within one emulator, the same in every run,
//! and not secret.

#![forbid(unsafe_code)]

mod clouds;
mod directory;
mod keystone;
mod machine;
mod message;
mod provider;
mod server;
mod system;
mod tokens;
mod totp;

pub mod account;
pub mod documents;

pub use keystone::settings::Gate;
pub use machine::{Emulator, resource::RequestKind};
pub use provider::Provider;
#[cfg(feature = "record")]
pub use server::record;
pub use server::{
    Server,
    fault::{Arrival, Fault},
    traffic::Traffic,
};
pub use system::System;
pub use totp::totp_code;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct EmulatorReadme;
