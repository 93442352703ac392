//! `clouds.yaml`, `secure.yaml`, `clouds-public.yaml` and `OS_*` variables, by openstacksdk's rules.
//!
//! The crate finds the same configuration as other OpenStack clients on a machine, and gives the
//! values that [`auth_proto`] and its adapters take:
//!
//! ```toml
//! [dependencies]
//! auth-config = "0.1"
//! auth-proto = "0.1"
//! ```
//!
//! ```no_run
//! use auth_config::{Choices, Config};
//!
//! let cloud = Config::load()?.cloud(&Choices::default())?;
//! for warning in cloud.warnings() {
//!     eprintln!("warning: {warning}");
//! }
//! let (identity, credential, scope) = (cloud.cloud()?, cloud.credential()?, cloud.scope()?);
//! # Ok::<(), auth_config::Error>(())
//! ```
//!
//! With a [feature](#http-clients), it builds the whole client.
//!
//! The rules are a pure function of [`Files`], [`Variables`] and [`Choices`]. [`Config::load`] reads
//! the files and variables of the machine; a test can pass its own:
//!
//! ```
//! use auth_config::{Choices, Config, Files, Variables};
//! use auth_proto::{Cloud, Scope};
//!
//! let files = Files::in_directory("/home/me")
//!     .with("clouds.yaml", "
//! clouds:
//!   work:
//!     profile: otc
//!     auth: {username: me, user_domain_name: OTC0042, project_name: eu-nl}
//! ")
//!     .with("secure.yaml", "clouds: {work: {auth: {password: hunter2}}}");
//! let config = Config::merge(&files, &Variables::default())?;
//! let cloud = config.cloud(&Choices::default().region("eu-nl"))?;
//!
//! assert_eq!(cloud.cloud()?.identity_url(), Cloud::otc("eu-nl")?.identity_url());
//! assert_eq!(cloud.scope()?, Scope::project_name("eu-nl"));
//! assert!(cloud.credential().is_ok());
//!
//! // Every value knows where it is set, and no secret is shown.
//! let settings: Vec<_> = cloud.settings().iter().map(ToString::to_string).collect();
//! assert!(settings.contains(&"auth.password: (hidden)  # /home/me/secure.yaml:1, \
//!     clouds.work.auth.password".to_owned()));
//! assert!(settings.contains(&"auth.auth_url: https://iam.eu-nl.otc.t-systems.com/v3  # \
//!     built-in profile otc".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rules
//!
//! * The files are `clouds`, `secure` and `clouds-public`, each ending in `.yaml`, `.yml` or `.json`.
//!   Each kind is searched separately, and the first file that exists is used. The search starts with
//!   the file that `OS_CLIENT_CONFIG_FILE` (or `OS_CLIENT_SECURE_FILE`) names, followed by the working
//!   directory, `$XDG_CONFIG_HOME/openstack`, `~/.config/openstack`, the directory `openstack` in each
//!   of `$XDG_CONFIG_DIRS` (`/etc/xdg`), and `/etc/openstack`. On macOS, the defaults of the XDG
//!   variables are `~/Library/Application Support` and `/Library/Application Support`. Windows ignores
//!   these variables and searches `%LOCALAPPDATA%\OpenStack\openstack` and
//!   `%PROGRAMDATA%\OpenStack\openstack`.
//! * `secure.yaml` is merged over `clouds.yaml`, key by key at every depth; lists are replaced.
//! * `OS_*` variables define a separate cloud, called `envvars` or as `OS_CLOUD_NAME` says, and change
//!   no other cloud. `OS_CLOUD`, `OS_REGION_NAME`, a token and the names of files alone define none.
//! * The cloud is the caller's choice. Without one, it is the cloud that `OS_CLOUD` names, or else the
//!   cloud of the variables, or else the only configured cloud.
//! * A cloud's entry is merged over its `profile`. A profile in `clouds-public.yaml` replaces the
//!   built-in one of the same name.
//! * `regions` (or `region_name`) lists the regions; the first is the default. The settings of a region
//!   win over those of its cloud.
//! * With a project, `domain_id` and `domain_name` are short for the domains of the user and of the
//!   project; without a project they are the scope. `tenant_*` is a synonym of `project_*`,
//!   `*endpoint_type` of `*interface`. A hyphen in a key means an underscore.
//! * A key of `auth` may also be set one level higher, beside `auth`.
//!
//! # The identity service
//!
//! * A URL of `auth_url` that a vendor documents gets the vendor's rules, in every spelling: with
//!   `:443`, with capitals, with a slash or the path of a login at the end (`/v3/auth/tokens`), and
//!   without a version. Requests are sent to the URL as it is written.
//! * The version of the Identity API is that of the kind of login (`v3password`), else that of the
//!   URL, else the vendor's, else `identity_api_version` (`2`, `2.0` or `3`, also with a `v` before
//!   it). If none of them says it, the first login discovers it. Version 2.0 has no domains: the
//!   configured ones are not sent.
//!
//! # Kinds of login
//!
//! Without an `auth_type`, the configured credential says the kind of login: a password, else an
//! application credential, else a token (with an `endpoint` and without an `auth_url`: `admin_token`),
//! else a one-time code, else an `access_token` with an `identity_provider`, else a `client_secret`
//! with a `client_id`, else an `oauth2_client_secret` with an `oauth2_client_id`. A complete credential
//! that the kind of login does not use is a [`Warning::CredentialIgnored`].
//!
//! `auth_type` is `password`, `token` (each also with `v2` or `v3` before it),
//! `v3applicationcredential`, `v3totp`, `v3multifactor`, or one of these:
//!
//! * `v3oidcclientcredentials`, `v3oidcpassword` and `v3oidcaccesstoken`: logins with the token of an
//!   OpenID Connect provider, by the keys of keystoneauth: `identity_provider`, `protocol`,
//!   `client_id`, `client_secret`, `access_token_endpoint` or `discovery_endpoint`, `openid_scope`
//!   (`openid profile` by default), `access_token_type` (`access_token` or `id_token`), `username`,
//!   `password`, `idp_otp_key` (the form's field for a one-time code) and `access_token`. The
//!   [recipes] have examples.
//! * `v3idtoken`: the ID token in `access_token` of an `identity_provider` at Huawei Cloud or Open
//!   Telekom Cloud.
//! * `v3oauth2clientcredential`: an application credential by other names, `oauth2_client_id` and
//!   `oauth2_client_secret`. keystoneauth also sends a header `Authorization: Bearer`;
//!   [`Warning::BearerNotSent`] reports that this crate does not.
//! * `agency`: a password login that assumes the agency of another account of Huawei Cloud or Open
//!   Telekom Cloud, by the keys of python-otcextensions: `target_agency_name`, `target_domain_name` or
//!   `_id`, `target_project_name` or `_id` (without a project the token is for the domain).
//!   `target_agency_name` has the same effect for other kinds of login. `agency_name`,
//!   `agency_domain_name` and `delegated_project` are gophertelekomcloud's names of these keys.
//! * `admin_token` or `token_endpoint`: the `token` is used directly, without a login. All services are
//!   at `endpoint` (`url` is an older name of it), or else in the catalog at `auth_url`.
//! * `http_basic`: `username` and `password` are sent with each request to `endpoint`.
//! * `none`: the services at `endpoint` ask for no secret.
//!
//! `v3oidcauthcode`, `v3oidcdeviceauthz`, `v3oidcrefreshtoken` and `v3websso` are logins of a person,
//! with a browser. They are not supported yet: [`Error::AuthTypeInteractive`] says what to use instead.
//!
//! The last three kinds of the list need no identity service, as with a standalone Ironic or Cinder. A
//! service's own `*_endpoint_override` wins over `endpoint`, and may stand without it.
//!
//! # Secrets that are read at each login
//!
//! A secret that changes is not in the configuration, but in a file, a variable, or the output of a
//! command. `password`, `access_token`, `client_secret` and `application_credential_secret` have three
//! more keys each, which other clients do not know:
//!
//! ```yaml
//! password_file: /run/secrets/password
//! password_env: CLOUD_PASSWORD
//! password_command: [vault, kv, get, -field=password, kv/cloud]
//! ```
//!
//! One of them, or the secret itself, may be set. The clients of this crate read the secret at each
//! login; another client asks a [`SecretReader`]. One line end after the secret is removed.
//!
//! * A file is read by the rules of [files](#files), with all links followed. A relative path starts at
//!   the file that sets it, and for a variable at the working directory.
//! * A command is a list of the program and its arguments, which no shell reads. The program is
//!   searched in `PATH`, or starts at the folder of the configuration if it is a relative path. It runs
//!   in that folder, with the variables of this process and without input. It has 30 s and prints at
//!   most 64 KiB ([`limits`]); then it is stopped, with the processes that it has started. Its standard
//!   error is never shown.
//!
//! A `clouds.yaml` that is only found in the working directory may be another user's, and decides where
//! the secret is sent. It may name a file in its folder, by a relative path without `..` and
//! without links that lead out. A command, a variable, or another file is
//! [`Error::SecretUntrusted`] there. They belong in the user's or the machine's configuration, or in a
//! file that `OS_CLIENT_CONFIG_FILE` or `OS_CLIENT_SECURE_FILE` names. This holds for `secure.yaml` and
//! `clouds-public.yaml`, too.
//!
//! # A store for tokens
//!
//! Processes can [share their tokens](auth_proto::manual::shared_tokens), so that one login serves all of
//! them. [`CloudConfig::store`] says where, and [`CloudConfig::store_key_file`] with which key. The
//! clients of this crate use a store only if their builder gets one.
//!
//! ```yaml
//! auth_store: redis://:s3cret@tokens.example:6379
//! auth_store_key_file: store.key
//! clouds:
//!   mine:
//!     auth_store: file
//! ```
//!
//! | `auth_store` | store |
//! | --- | --- |
//! | `file` | files in the user's cache directory |
//! | `redis://HOST:PORT`, with TLS `rediss://HOST:PORT` | a Redis or Valkey server; a user, a password (both with percent encoding) and the number of a database may be in the URL |
//! | `off` | none |
//!
//! * The variable `CLOUD_AUTH_STORE` wins over all files. In the files, a cloud's own setting wins over
//!   that of the top level of `clouds.yaml` or `secure.yaml`, and this one over openstacksdk's `cache: {auth: true}`,
//!   which means `file` (`false` means `off`). The other keys of `cache` are about openstacksdk's cache
//!   of resources.
//! * `auth_store_key_file` is in a cloud or at the top level. A relative path starts at the file that
//!   sets it.
//! * Any other value is [`Error::Store`]. It names the scheme of a URL, and no other part.
//! * A `clouds.yaml` that is only found in the working directory may be another user's, who would get
//!   the tokens. It may set `file` or `off`. A server or a key file is [`Error::StoreUntrusted`] there,
//!   in `secure.yaml` and `clouds-public.yaml`, too. In any other directory than that of the secret it is
//!   a [`Warning::SecretFromElsewhere`].
//!
//! # Deliberate differences from openstacksdk
//!
//! * A value without quotes stays text: a project `0123` is not the number 83, and a password `1:30`
//!   is not 90.
//! * `insecure` and `verify` accept `true`, `yes`, `on`, `1` and their opposites, quoted or not, in any
//!   case. Any other value is an error.
//! * A file that cannot be parsed is an error, with line and column, and so is a file that a variable
//!   names and that exists, but cannot be read. The next file on the search path is not tried: it may
//!   log in as another user.
//! * `cache.auth` accepts the same words, and a `cache` without a value counts as absent. openstacksdk
//!   keeps the tokens in a keyring, which this crate does not read.
//! * `key` without `cert` is an error.
//! * `OS_TOKEN` or `OS_ACCESS_TOKEN` alone, for example left over from `export OS_TOKEN=…`, defines no
//!   cloud. A token does not say which cloud it is for, and this cloud would replace the default one of the files.
//! * Warnings report unknown keys, with a suggestion, and files with a secret that every user can read.
//! * Profiles are never fetched from the network. All clouds of [`Cloud::ids`](auth_proto::Cloud::ids)
//!   are built in. Their rules also apply if only the documented `auth_url` is configured.
//! * An `auth_url` beside `auth`, where `OS_AUTH_URL` is, wins over the URL of a profile.
//! * Without an `auth_type`, a configured application credential, token or one-time code is used. The
//!   kind is not always `password`.
//! * A profile in `clouds-public.yaml` with the name of a built-in one may have another `auth_url`, an
//!   `endpoint`, or the endpoints of an identity provider, only for a secret of the same directory
//!   ([`Error::ProfileMoved`]).
//! * A `*_endpoint_override` may contain `%(project_id)s` as well as `{project_id}`.
//! * Files have limits on size, depth and aliases: see [`limits`].
//!
//! `against-openstacksdk/cases.yaml` in the source repository lists all differences with their reasons,
//! and `vendors.yaml` beside it has the vendors' documented configurations.
//! `against-openstacksdk/run` compares this crate with openstacksdk.
//!
//! # Files
//!
//! Every file that the configuration names is a regular file or a pipe, such as
//! `OS_CLIENT_CONFIG_FILE=<(sops -d clouds.yaml)`. It is at most 1 MiB, and its end comes within 5 s:
//! see [`limits`]. Devices, sockets, directories and larger files are refused. A pipe is read only if
//! a variable or a setting names it. The thread that waits for a silent pipe stays until the process
//! ends.
//!
//! `cacert`, `cert` and `key` name a PEM file, or hold the PEM text itself, as with Terraform's
//! OpenStack provider. The line ends of such a text may be spelled `\n`. openstacksdk takes only a
//! file.
//!
//! A file whose name ends in `.json` is read as JSON, any other as YAML.
//!
//! # HTTP clients
//!
//! With the feature `ureq`, [`CloudConfig::ureq_builder`] returns a builder of a blocking client; with
//! the feature `reqwest`, [`CloudConfig::reqwest_builder`] returns one of an async client:
//!
//! ```no_run
//! # #[cfg(feature = "ureq")]
//! # fn blocking() -> Result<(), Box<dyn std::error::Error>> {
//! use auth_config::{Choices, Config};
//!
//! let cloud = Config::load()?.cloud(&Choices::default())?;
//! let client = cloud.ureq_builder()?.build()?;
//! let compute = client.service(cloud.endpoint_query("compute")?);
//! # Ok(())
//! # }
//! ```
//!
//! The builder has the cloud, the credential and the scope, the reader of
//! [secrets](#secrets-that-are-read-at-each-login), and these settings:
//!
//! | setting | effect |
//! | --- | --- |
//! | `cacert` | these certificates are trusted instead of those that the HTTP client trusts by default |
//! | `cert`, `key` | the client certificate; without `key`, the private key is in `cert` |
//! | `verify: false`, `insecure: true` | the server's certificate is not verified; a warning reports it |
//! | `auth_root: unscoped` | one login without a scope, whose token is exchanged for those of all scopes ([`auth_proto::Settings::with_root`]); `off` is the default. Logins with an identity provider do so in any case |
//! | `api_timeout` | the time for a connection, for the silence of a service, and for a whole request to the identity service |
//! | `HTTPS_PROXY` and the like | the proxy, by the rules of the HTTP client |
//!
//! The files are read, and the certificates and the key are tried, before the builder is returned.
//! [`Error::File`] and [`Error::Pem`] name the setting, the file and the reason: for example, the
//! private key belongs to another certificate, or is encrypted.
//!
//! `ureq_http` and `reqwest_http` return only the settings of the HTTP client, for a builder with
//! another cloud or credential, and for other settings beside these. For another HTTP client,
//! [`CloudConfig::tls`] and [`CloudConfig::timeout`] have the values.
//!
//! # Plain http
//!
//! An `auth_url` with plain http is refused unless its host is this machine, and so are plain http
//! endpoints of the catalog. `allow_plain_http: true` in a cloud's entry (`OS_ALLOW_PLAIN_HTTP` for the
//! cloud of the variables, [`Choices::allow_plain_http`] in code) allows both, for laboratories and for
//! clouds without another network. Everyone on the way can read the password and the tokens;
//! [`Warning::PlainHttp`] reports this. Loopback, link-local and metadata addresses of a catalog stay
//! refused. Other clients do not know the key.
//!
//! # Secrets
//!
//! All input is wiped from memory when it is dropped. `Debug`, [`CloudConfig::settings`], warnings
//! and errors show values only under known keys that hold no secret: an unknown key may be a
//! misspelled `password`.
//!
//! As with openstacksdk, a `clouds.yaml` in the working directory decides which URL a password in
//! `~/.config/openstack/secure.yaml` is sent to. [`Warning::SecretFromElsewhere`] reports this, for
//! every setting that decides who receives a secret or its token: `auth_url` and what fills its
//! placeholders, the endpoints of an identity provider, a `profile` of `clouds-public.yaml`, the URLs
//! of services, `endpoint`, a server for tokens and the file with its key, `cacert`, `verify` and
//! `insecure`. The environment counts as another directory. A program that runs in a
//! directory that other users can write to should refuse to continue on this warning.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod cloud;
mod config;
mod input;
pub mod limits;
mod load;
#[doc = include_str!("recipes.md")]
pub mod recipes {}
mod report;
mod rules;
mod text;
mod value;

pub use cloud::{
    CloudConfig,
    store::TokenStore,
    transport::{Pem, Tls},
};
pub use config::Config;
pub use input::{Choices, Files, Platform, Variables, secret::SecretReader};
pub use report::{
    error::Error,
    origin::ValueOrigin,
    problem::{FileProblem, SecretProblem},
    warning::Warning,
};
pub use value::setting::Setting;

/// The examples of the README.
#[cfg(all(doctest, feature = "ureq"))]
#[doc = include_str!("../README.md")]
struct Readme;
