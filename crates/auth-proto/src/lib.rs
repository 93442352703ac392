//! Logins to Keystone-style clouds, without I/O.
//!
//! Give this crate a **cloud**, a **credential** and a **scope**. It builds the [`http::Request`]
//! of the login, reads the [`http::Response`], and keeps the **token** and its **catalog** until
//! they must be renewed. It opens no socket and reads no clock, file, environment variable or
//! random source; it starts no thread. The caller sends the requests with any HTTP client, blocking
//! or async. The crate decides when to renew, what to retry, when to stop, and which endpoint to
//! use.
//!
//! ```text
//!   cloud + credential                                                    request to a service
//!         │                                                                      │
//!         ▼                                                                      ▼
//!  ┌───────────────┐  http::Request   ┌─────────────┐   X-Auth-Token    ┌─────────────────┐
//!  │    Session    │ ───────────────▶ │   driver    │ ────────────────▶ │     service     │
//!  │   one token   │ ◀─────────────── │ auth-ureq,  │ ◀──────────────── │                 │
//!  │   per scope   │  http::Response  │ auth-reqwest│        401        └─────────────────┘
//!  │   ┌───────┐   │                  │ or your own │
//!  │   │ Login │   │ ◀─────────────── │             │   ServiceCall: send the request once more
//!  │   └───────┘   │ "token refused"  └─────────────┘   with a new token, or return the 401
//!  └───────────────┘
//!         │  Arc<Token> { issued_at, expires_at, scope, user, roles, catalog }
//!         ▼
//!   cloud.endpoint(&token, &EndpointQuery): overrides, then the catalog, then the built-in table
//! ```
//!
//! The driver is the part that does I/O. `auth-ureq` (blocking) and `auth-reqwest` (async) are
//! drivers that are ready to use. `auth-driver` helps to write one for another HTTP client.
//!
//! # A whole login
//!
//! [`Login`] is one login. The response in this example is the one that Huawei Cloud documents
//! (*Obtaining a User Token Through Password Authentication*, second example, shortened).
//!
//! ```
//! use auth_proto::{Cloud, Credential, DomainRef, EndpointQuery, Login, Scope, Step, UserRef};
//! use http::Response;
//! use time::macros::utc_datetime;
//!
//! let cloud = Cloud::huawei();
//! let user = UserRef::name_in("IAMUser", DomainRef::name("IAMDomain"));
//! let credential = Credential::password(user, "IAMPassword");
//! let mut login = Login::new(&cloud, credential, Scope::domain_name("IAMDomain"))?;
//!
//! // The request.
//! let Step::Send(request) = login.poll()? else { unreachable!("a new login sends a request") };
//! assert_eq!(request.method(), "POST");
//! assert_eq!(request.uri(), "https://iam.myhuaweicloud.com/v3/auth/tokens");
//! assert_eq!(request.headers()["content-type"], "application/json");
//!
//! // The response, from any HTTP client.
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
//! login.handle_response(response, utc_datetime!(2020-01-03 09:08:50));
//!
//! // The token, and the endpoint of a service.
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
//! # What to read next
//!
//! * [`tutorial`]: from the first login to a driver, step by step.
//! * [`manual`]: outages, refused passwords, lockouts, renewal and clocks, for operators.
//! * [`Cloud`], [`Credential`], [`Scope`], [`EndpointQuery`]: the input. [`Federation`]: a login with
//!   the token of an identity provider.
//! * [`Login`]: one login, for a program that runs once.
//! * [`Session`] and [`ServiceCall`]: tokens kept alive for a program that keeps running, and the
//!   rule for a 401.
//! * [`IdentityRequest`]: validate, revoke, list projects, and the other requests to an identity
//!   service.
//! * [`Error`]: what went wrong and what to do. [`Event`]: what happened. [`limits`]: every limit.
//!
//! # Types from other crates
//!
//! Some public types come from other crates. Use the major versions of this table. If one of these
//! crates has a new major version, this crate needs a new major version to support it.
//!
//! | crate | version | types in this API |
//! | --- | --- | --- |
//! | [`http`] | 1 | `Request`, `Response`, `StatusCode`, `Uri`, `HeaderValue` |
//! | [`time`] | 0.3 | `UtcDateTime`, `Duration` |
//! | [`secrecy`] | 0.10 | `SecretString` |
//! | [`zeroize`] | 1 | `Zeroizing`, in [`Body::new`] |
//!
//! The adapters also show types of their HTTP client: `auth-ureq` of ureq 3, `auth-reqwest` of
//! reqwest 0.13 and bytes 1. A new major version of the HTTP client needs a new major version of its
//! adapter only. All other dependencies are private and can change in any
//! release.

#![forbid(unsafe_code)]

mod cloud;
mod error;
mod identity;
pub mod limits;
mod login;
pub mod manual;
mod model;
mod session;
pub mod text;
pub mod tutorial;
mod url;
mod wire;

pub use cloud::{Advice, Cloud, ScopeHint};
pub use error::{
    ConfigError, ConfigField, EndpointError, Error, ErrorKind, Failure, FailureKind,
    FederationProblem, FieldProblem, MethodKind, Misuse, ProtocolError, ProviderDocument, Refusal,
    ScopeKind, UrlProblem,
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
    entry::{Entry, Label},
    federation::{Federation, OidcClient},
    question::{Question, Reply},
    scope::{DomainRef, Scope},
    secret::{Secret, SecretSource},
    token::{Domain, Project, Role, Token, User},
    version::Version,
};
pub use session::{
    Session,
    action::{Action, Destination, PendingRequest},
    event::{Counts, Event, FailureClass, RefusalReason, SuspensionReason},
    service_call::{RetryDecision, ServiceCall},
    settings::Settings,
    store::{AsyncStore, Lease, Name, Note, Store, Taken, Want},
};
pub use text::timestamp;
pub use url::ApiVersion;

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
