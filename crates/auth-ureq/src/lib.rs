//! Keystone-style clouds over [`ureq`]: log in, keep the token valid, call services. Blocking.
//!
//! The pure core, [`auth_proto`], makes every decision: when to renew, what to retry, where a token
//! may be sent. [`auth_driver`] lets callers wait for a login that another caller sends. This crate
//! sends the requests. Its async twin, with the same interface, is `auth-reqwest`.
//!
//! ```toml
//! [dependencies]
//! auth-ureq = "0.1"
//! ```
//!
//! The crate re-exports [`auth_proto`] and [`http`], whose types its methods take.
//!
//! ```no_run
//! use auth_ureq::{
//!     Client,
//!     auth_proto::{Cloud, Credential, EndpointQuery, Scope},
//!     http::Request,
//! };
//!
//! let client = Client::new(
//!     Cloud::nhn(),
//!     Credential::password("user@example.com", "secretsecret"),
//!     Scope::project_id("f5073eaa26b64cffbee89411df94ce01"),
//! )?;
//! let compute = client.endpoint(&EndpointQuery::new("compute").region("KR1"))?;
//!
//! // ureq's own response, with any status. After a 401, the second one, with a new token.
//! let mut response = client.call(Request::get(format!("{compute}/servers")).body("")?)?;
//! println!("{} {}", response.status(), response.body_mut().read_to_string()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Client`] is cheap to clone and to share between threads. All its clones, and all clients
//! that [`Client::scoped`] returns, share one session and one connection pool. However many threads
//! ask, each scope has at most one login under way. A login that may take longer than its caller has
//! time gets a thread of its own, so that it goes on for the next caller.
//!
//! # Services
//!
//! [`Client::service`] returns a client for one service. Its calls need only a path:
//!
//! ```no_run
//! # use http::Request;
//! # fn example(client: &auth_ureq::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let (compute, identity) = (client.service("compute"), client.service("identity"));
//! let servers = compute.call(Request::get("/servers?limit=10").body("")?)?;
//! let users = identity.call(Request::get("/users").body("")?)?;
//! # Ok(())
//! # }
//! ```
//!
//! The core chooses the scope. A global service of Huawei Cloud or Open Telekom Cloud, such as
//! `identity`, gets a token for the user's domain if the client's own scope is a project; the
//! session keeps both tokens valid. [`Cloud::with_scope_hint`](auth_proto::Cloud::with_scope_hint)
//! changes this for one service, and [`Client::scoped`] for all calls of a client.
//!
//! # Requests and answers
//!
//! With the feature `json`, a request takes path segments, a query and a JSON body, and an answer
//! has a type. The same traits serve all calls of [`Client`] and [`ServiceClient`]:
//!
//! ```toml
//! [dependencies]
//! auth-ureq = { version = "0.1", features = ["json"] }
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
#![cfg_attr(feature = "json", doc = "```no_run")]
#![cfg_attr(not(feature = "json"), doc = "```ignore")]
//! use auth_ureq::{Client, Error, RequestExt, ResponseExt, http::Request};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Servers {
//!     servers: Vec<Server>,
//! }
//!
//! #[derive(Deserialize, Serialize)]
//! struct Server {
//!     id: String,
//!     name: String,
//! }
//!
//! # fn example(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
//! let compute = client.service("compute");
//! let request = Request::get("/servers").query([("limit", "10"), ("name", "a&b")]).body("")?;
//! let list: Servers = compute.call(request)?.read_json()?;
//!
//! for server in list.servers {
//!     let renamed = Server { name: "a/b".into(), ..server };
//!     let request = Request::put("/servers").segment(&renamed.id)?.json(&renamed)?;
//!     match compute.call(request)?.read_json::<Server>() {
//!         Ok(server) => println!("{}", server.name),
//!         // "the service answered 404 Not Found (404: itemNotFound: Instance … could not be found.)"
//!         Err(error @ Error::Status { .. }) => println!("{error}"),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`RequestExt::segment`] and [`RequestExt::query`] percent-encode everything that has a meaning in
//! a URL. [`Error::Status`] has the service's reason, at most 256 characters, without the token.
//! [`Error::Json`] says what was expected and where, and shows no value of the answer.
//!
//! # Refused tokens
//!
//! Clouds revoke tokens before they expire. So a 401 is judged by what is known of the token:
//!
//! * If the service has accepted this token before, the token is dead. One login follows for all
//!   callers, and the request is sent once more.
//! * If it has not, one login follows too. If the service refuses the new token as well, the
//!   identity service is asked about it. If that calls the token valid, the two services disagree:
//!   for a minute the callers get this service's 401s, and no login follows.
//! * Other services keep the token until there is a new one.
//!
//! A 401 that reaches a caller is an [event](#events) with its reason. A program that sends requests
//! without this client takes part with [`Client::token_at`] and [`Client::report`].
//!
//! # Uploads
//!
//! | the body | method | after a 401 | after a connection that broke |
//! | --- | --- | --- | --- |
//! | bytes in memory | [`Client::call`] | sent again | an error |
//! | a file that can be opened again | [`Client::call_with`] | sent again | sent again |
//! | a stream that can be read once | [`Client::call_once`] | the 401 | an error |
//!
//! A request is sent twice at most. A service that refuses a token may answer before the body is
//! there, and close the connection: ureq then sees no answer, only a connection that broke. The
//! client asks the identity service about the token before it uses it again.
//!
//! So that a large body is not sent for nothing, `call_with` and `call_once` send
//! `Expect: 100-continue` with `PATCH`, `POST` and `PUT`, unless `Content-Length` is set and is at
//! most 64 KiB. Then the service answers before the body. A service that does not know this header
//! costs one second, after which ureq sends the body (`timeout_await_100`).
//! [`Builder::expect_continue`] turns it off.
//!
//! # Questions
//!
//! Some logins need something that the credential does not have: a one-time code, or a secret that a
//! file [holds now](auth_proto::Secret::Asked). [`Builder::asked`] takes a function that knows the
//! answers:
//!
//! ```no_run
//! use std::fs;
//!
//! use auth_ureq::{
//!     Client,
//!     auth_proto::{Cloud, Credential, Failure, FailureKind, Question, Reply, Scope, SecretSource},
//! };
//!
//! # fn example(cloud: Cloud) -> Result<(), auth_ureq::Error> {
//! // The key is mounted into a container, and changes from time to time.
//! let secret = SecretSource::new("/run/secrets/cloud-key");
//! let key = Credential::application_credential("key id", secret);
//! let client = Client::builder(cloud, key, Scope::default())
//!     .asked(|question| match question {
//!         Question::Secret(source) => match fs::read_to_string(source.name()) {
//!             Ok(text) => Ok(Some(Reply::Secret(text.trim_end().into()))),
//!             Err(error) => Err(Failure::new(FailureKind::Source, error.to_string())),
//!         },
//!         // The callers get it.
//!         _ => Ok(None),
//!     })
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! The source is read before each login, and again after a refusal: a changed secret is tried at
//! once, an unchanged one is not sent again. One caller asks for all callers. Without a function, and
//! for a question that it passes on (`None`), callers without a token get [`Error::Ask`];
//! [`Client::answer`] takes the reply. `auth-config` has such a function for the files, variables and
//! commands of a configuration.
//!
//! # Tokens that last
//!
//! A long upload, or a job that passes its token on, needs a token that does not end on the way:
//! `client.lasting(Duration::from_secs(3600))` is the same client with tokens that live for another
//! hour at least, if the cloud gives such tokens.
//!
//! # Sharing tokens with other processes
//!
//! Programs that run often, or on many machines, can share their tokens, so that only one of them
//! logs in: [`Builder::store`] takes a [`Store`](auth_proto::Store). The caller that would log in
//! asks it on its own thread, for a quarter of a second at most. A store that does not answer, or
//! that has lost everything, costs logins and never fails a call. A refused password is shared like a
//! token: a whole fleet sends it once in half an hour.
//!
//! # Background renewal
//!
//! By default, callers renew a token when it is due: one sends the login, the others go on with the
//! old token. To keep logins off the request path, run a background renewal for each scope in use:
//!
//! ```no_run
//! use std::thread;
//!
//! # fn example(client: &auth_ureq::Client) {
//! thread::spawn(client.refresh_loop());
//! # }
//! ```
//!
//! The loop logs in at once, renews early, and goes on after outages and refused tokens. It ends
//! when the session is closed or its last client is dropped. If the thread dies, callers renew again,
//! shortly before the token ends.
//!
//! # Events
//!
//! A caller that gets no token gets the reason as an error; [`Error::Deadline`] holds the error of
//! the last login. With the feature `tracing`, the log has the events of all callers:
//!
//! | level | message | fields |
//! | --- | --- | --- |
//! | `DEBUG` | `login started` | `scope` |
//! | `INFO` | `token renewed` | `scope`, `expires_at` |
//! | `WARN` | `login failed` | `scope`, `class`, `error`, `retry_at` |
//! | `WARN` | `token refused by a service` | `scope`, `origin` |
//! | `WARN` | `refusal delivered` | `origin`, `reason` |
//! | `WARN` | `service at odds with the identity service` | `scope`, `origin`, `until` |
//! | `WARN` | `clock jumped` | `by` |
//! | `ERROR` | `credential refused` | `scope`, `error`, `retry_at` |
//!
//! The target of all events is `auth_driver::events`. With a subscriber such as
//! `tracing_subscriber::fmt().init()`, an outage looks like this:
//!
//! ```text
//! WARN auth_driver::events: login failed scope=project p1 class=Transient error=the service is
//!     unavailable: 503 (…); try again later retry_at="2026-11-22T09:18:08Z"
//! INFO auth_driver::events: token renewed scope=project p1 expires_at="2026-11-23T09:18:09Z"
//! ```
//!
//! No event contains a secret. The caller that caused an event writes it to the log, after all
//! waiting callers were woken. The [manual](auth_proto::manual) explains each event, and which
//! ones to watch.
//!
//! # HTTP settings
//!
//! [`Builder::http`] takes a builder of ureq's configuration, with your TLS roots, client
//! certificate, proxy, user agent, time-outs and middleware. The client overrides some settings,
//! because the safety of tokens and passwords depends on them:
//!
//! * It follows no redirect: ureq would send `X-Auth-Token` to any other host. You get the 3xx
//!   response. This also applies to a request with [its own settings].
//! * It returns every status as a response, because the core must read refusals.
//! * It sends only https, if the identity URL, all allowed origins and the URLs of the identity
//!   provider are https.
//! * It accepts 64 KiB of response headers, so that the largest token fits, and requests no
//!   compression.
//!
//! Requests to the identity service, including those of [`Client::run`], have a total time-out
//! ([`Builder::identity_timeout`], 15 s) and 5 s to connect, or half the total if that is shorter.
//! [`Client::call`] has the time-outs of the builder; by default ureq has none.
//!
//! [its own settings]: ureq::Agent::configure_request
//!
//! # Many threads
//!
//! ureq keeps at most 3 idle connections to a host, and 10 in all. It closes further ones after each
//! response and opens new ones for the next requests. Give the pool room for all threads, with
//! `ureq = "3"` among your dependencies:
//!
//! ```no_run
//! # use auth_ureq::{Client, auth_proto::{Cloud, Credential, Scope}};
//! # fn example(cloud: Cloud, credential: Credential) -> Result<(), auth_ureq::Error> {
//! let http = ureq::Agent::config_builder()
//!     .max_idle_connections_per_host(64)
//!     .max_idle_connections(256);
//! let client = Client::builder(cloud, credential, Scope::default()).http(http).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! Measured with 64 threads of 100 calls each, 20 ms for a response and 20 ms between the calls of a
//! thread: 1,925 connections by default, 65 with this setting, of which one is the login's.
//!
//! # Proxies
//!
//! ureq takes one proxy for all requests from `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY`: the first
//! that has a value, also in lower case. It silently ignores a value that is not the URL of a proxy,
//! and a SOCKS proxy without the feature `socks`: the connection would be direct. So
//! [`Builder::build`] returns [`Error::Proxy`], which names the variable. If `NO_PROXY` names the
//! identity service's host, the client is built, and calls to other hosts get this error.
//!
//! A proxy of [`Builder::http`] replaces that of the environment, and `proxy(None)` turns it off. If
//! no variable has a usable value, ureq does not show that it was turned off: call
//! [`Builder::check_proxies`] too.
//!
//! ureq uses a proxy from the environment for loopback addresses too, unless `NO_PROXY` lists them.
//! Then a plain http request to this machine goes through the proxy.
//!
//! # Secrets
//!
//! Errors of this crate show no URL, header or body, except a service's reason in
//! [`Error::Status`], from which the tokens are removed. The token's header is marked sensitive.
//! Two leaks are outside its control:
//!
//! * At level `TRACE`, the log target `ureq_proto` prints the bytes on the wire, with tokens and
//!   passwords, and `ureq` prints the `Location` of a redirect unchanged. Filter out both wherever
//!   logs are stored.
//! * ureq's feature `cookies`, if another crate enables it, keeps one cookie jar for all calls of a
//!   client.
//!
//! # Features
//!
//! * `rustls`, on by default: TLS by rustls with the roots that browsers trust.
//! * `json`: [requests and answers](#requests-and-answers) in JSON.
//! * `socks`: SOCKS [proxies](#proxies).
//! * `tracing`: reports [events](#events) to `tracing`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod builder;
mod client;
mod error;
#[cfg(feature = "json")]
mod json;
mod send;
mod service;
#[cfg(feature = "rustls")]
mod tls;

#[cfg(feature = "json")]
pub use auth_driver::{RequestError, RequestExt};
pub use builder::Builder;
pub use client::Client;
pub use error::Error;
#[cfg(feature = "json")]
pub use json::ResponseExt;
pub use service::ServiceClient;
#[cfg(feature = "rustls")]
pub use tls::check_tls;
pub use {auth_proto, http};

/// The examples of README.md.
#[cfg(all(doctest, feature = "json"))]
#[doc = include_str!("../README.md")]
mod readme {}
