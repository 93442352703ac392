//! Emulates five identity services in process, as their vendors document them, for testing clients.
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
//! | [`System::Otc`] | 002, Open Telekom Cloud, "Token Authentication" | v3 | password |
//! | [`System::Kakao`] | 003, KakaoCloud, "API Preparations" | v3 | access key |
//! | [`System::Huawei`] | 004, Huawei Cloud IAM, "Obtaining a User Token Through Password Authentication" | v3 | password |
//!
//! The v3 systems also exchange a token for one of another scope and serve `/v3/auth/catalog`.
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
//! Tokens are computed from a counter: they are unique within one emulator, the same in every run,
//! and not secret.

#![forbid(unsafe_code)]

mod clouds;
mod directory;
mod keystone;
mod machine;
mod message;
mod server;
mod system;
mod tokens;
mod totp;

pub mod account;
pub mod documents;

pub use machine::Emulator;
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
