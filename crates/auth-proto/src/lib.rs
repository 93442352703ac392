//! Logging in to Keystone-style clouds without doing any I/O.
//!
//! A user knows a **cloud**, a **credential** and a **scope**. This crate turns them into an
//! [`http::Request`], reads the [`http::Response`], and keeps the **token** and its **catalog**
//! until they must be renewed. It never touches a socket, a clock, a file, an environment
//! variable, a thread or a random source: all of these are arguments. Whoever has an HTTP client,
//! blocking, async or one of their own, drives the same machines, and every decision (when to
//! renew, what to retry, when to stop, which endpoint fits) is made here, once.
//!
//! ```text
//!   cloud + credential                                                    request to a service
//!         │                                                                      │
//!         ▼                                                                      ▼
//!  ┌───────────────┐  http::Request   ┌─────────────┐   X-Auth-Token    ┌─────────────────┐
//!  │    Session    │ ───────────────▶ │   driver    │ ────────────────▶ │     service     │
//!  │ a token per   │ ◀─────────────── │ auth-ureq,  │ ◀──────────────── │                 │
//!  │ scope, alive  │  http::Response  │ auth-reqwest│        401        └─────────────────┘
//!  │   ┌───────┐   │                  │ or your own │
//!  │   │ Login │   │ ◀─────────────── │             │   Call: replay once, with the new token,
//!  │   └───────┘   │ "token refused"  └─────────────┘         or deliver
//!  └───────────────┘
//!         │  Arc<Token> { issued_at, expires_at, scope, user, roles, catalog }
//!         ▼
//!   cloud.endpoint(&token, &EndpointQuery): overrides, the catalog, then the cloud's table
//! ```
//!
//! # A whole login
//!
//! [`Login`] is one login. The response here is the one that Huawei Cloud documents (*Obtaining a
//! User Token Through Password Authentication*, second example, shortened).
//!
//! ```
//! use auth_proto::{Cloud, Credential, DomainRef, Login, Scope, EndpointQuery, Step, UserRef};
//! use http::Response;
//! use time::{UtcDateTime, Month, Time, Date};
//!
//! let cloud = Cloud::huawei();
//! let user = UserRef::name_in("IAMUser", DomainRef::name("IAMDomain"));
//! let credential = Credential::password(user, "IAMPassword");
//! let mut login = Login::new(&cloud, credential, Scope::domain_name("IAMDomain"))?;
//!
//! // What to send.
//! let Step::Send(request) = login.poll()? else { unreachable!("a new login has to ask") };
//! assert_eq!(request.method(), "POST");
//! assert_eq!(request.uri(), "https://iam.myhuaweicloud.com/v3/auth/tokens");
//! assert_eq!(request.headers()["content-type"], "application/json");
//!
//! // What came back, by whatever means it was carried.
//! let response = Response::builder().status(201).header("X-Subject-Token", "MIIatAYJ").body(br#"{
//!     "token": {
//!         "catalog": [{
//!             "endpoints": [{
//!                 "interface": "public", "region": "*", "region_id": "*",
//!                 "url": "https://iam.myhuaweicloud.com/v3.0"
//!             }],
//!             "name": "iam", "type": "iam"
//!         }],
//!         "domain": {"id": "d78cbac186b744899480f25bd022f", "name": "IAMDomain"},
//!         "expires_at": "2020-01-04T09:08:49.965000Z",
//!         "issued_at": "2020-01-03T09:08:49.965000Z",
//!         "methods": ["password"],
//!         "user": {"id": "7116d09f88fa41908676fdd4b039e", "name": "IAMUser"}
//!     }
//! }"#)?;
//! let now = UtcDateTime::new(Date::from_calendar_date(2020, Month::January, 3)?, Time::from_hms(9, 8, 50)?);
//! login.handle_response(response, now);
//!
//! // A token, and where it leads.
//! let Step::Done(token) = login.poll()? else { unreachable!("a token has arrived") };
//! let endpoint = cloud.endpoint(&token, &EndpointQuery::new("identity").region("cn-north-1"))?;
//! assert_eq!(endpoint.url(), "https://iam.myhuaweicloud.com/v3.0");
//!
//! let mut call = http::Request::get(format!("{}/users", endpoint.url())).body(())?;
//! cloud.authorize(&token, &mut call)?;
//! assert_eq!(call.headers()["X-Auth-Token"], "MIIatAYJ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to go on
//!
//! * [`Cloud`], [`Credential`], [`Scope`], [`EndpointQuery`]: what you know and want.
//! * [`Login`]: one login, for programs that run once.
//! * [`Session`] and [`ServiceCall`]: tokens kept alive for programs that run on, and the rule for a 401.
//! * [`IdentityRequest`]: the other requests to an identity service.
//! * [`manual`]: what happens in an outage, after a change of password, at a lock-out. [`Event`]: how
//!   to see it.
//! * [`Error`]: what went wrong and what to do. [`limits`]: every bound that is kept.

#![forbid(unsafe_code)]

mod cloud;
mod error;
mod identity;
pub mod limits;
mod login;
#[doc = include_str!("manual.md")]
pub mod manual {}
mod model;
mod session;
pub mod text;
mod url;
mod wire;

pub use cloud::{Advice, Cloud, ScopeHint};
pub use error::{
    ConfigError, EndpointError, Error, ErrorKind, Failure, FailureKind, FieldProblem, Misuse,
    ProtocolError, Refusal, UrlProblem,
    fault::{Code, Fault},
};
pub use identity::{
    Check, Domains, FetchCatalog, IdentityRequest, IdentityResponse, Page, Projects, Revoke,
    SystemScopes, UserProjects, Validate, Versions,
};
pub use login::{Login, Step};
pub use model::{
    body::Body,
    catalog::{Catalog, Endpoint, Service},
    challenge::Challenge,
    credential::{Agency, Credential, Factor, UserRef},
    endpoint_query::{EndpointQuery, Interface},
    scope::{DomainRef, Scope},
    token::{Domain, Project, Role, Token, User},
    version::Version,
};
pub use session::{
    Session,
    action::{Action, PendingRequest},
    event::{Event, FailureClass},
    service_call::{RetryDecision, ServiceCall},
    settings::Settings,
};
pub use text::timestamp;
pub use url::ApiVersion;
