//! Five documented cloud identity services in process, for testing clients of them.
//!
//! [`Emulator`] is one pure machine: an [`http::Request`] and a moment in, an [`http::Response`]
//! out. [`Server`] puts it on a loopback port with the machine's clock, where a [`Fault`] makes an
//! answer late, slow, cut off, silent or wrong, and [`Traffic`] says what arrived. None shares code
//! with any client library, so that it can judge what a client sends.
//!
//! | system | document | API | login |
//! | --- | --- | --- | --- |
//! | [`System::NhnIaas`] | 000, NHN Cloud, "IaaS Token" | v2.0 | password and tenant |
//! | [`System::NhnCompute`] | 001, NHN Cloud, "API v2 Preparations" | v2.0 | password and tenant |
//! | [`System::Otc`] | 002, Open Telekom Cloud, "Token Authentication" | v3 | password |
//! | [`System::Kakao`] | 003, KakaoCloud, "API Preparations" | v3 | access key |
//! | [`System::Huawei`] | 004, Huawei Cloud IAM, "Obtaining a User Token Through Password Authentication" | v3 | password |
//!
//! The v3 systems also exchange a token for one of another scope (KakaoCloud does not: its tokens
//! come from application credentials), serve `/v3/auth/catalog`, and two of them know an agency of
//! another account, [`account::AGENCY`].
//!
//! What a document prints is answered to the letter, but for the token and its times; the texts are
//! in [`documents`], the credentials in [`account`]. What the documents leave open is answered as
//! stock Keystone does. A request that the real service would refuse is refused: wrong credentials,
//! a wrong `Content-Type`, a scope where none may stand or none where one must, a body that is too
//! large. Knobs make the service slow to agree: [`Emulator::fail_next`],
//! [`Emulator::token_lifetime`], [`Emulator::revoke_all`] and others.
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
//! let answer = emulator.handle(login, now);
//! assert_eq!(answer.status(), StatusCode::CREATED);
//! let token = &answer.headers()["X-Subject-Token"];
//! assert!(token.as_bytes().starts_with(documents::HUAWEI_TOKEN_PREFIX.as_bytes()));
//!
//! // A service takes the token for the documented 24 hours.
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
//! and no secret. This is a test double; nothing here protects anything.

#![forbid(unsafe_code)]

mod agency;
mod answer;
mod call;
mod catalog;
mod connection;
mod content_type;
mod discovery;
mod emulator;
mod fault;
mod huawei;
mod kakao;
mod lock;
mod nhn;
mod otc;
mod password;
mod payload;
mod projects;
mod scopes;
mod server;
mod service;
mod stamp;
mod system;
mod tokens;
mod traffic;
mod v3;
mod wire;

pub mod account;
pub mod documents;

pub use emulator::Emulator;
pub use fault::{Arrival, Fault};
pub use server::Server;
pub use system::System;
pub use traffic::Traffic;
