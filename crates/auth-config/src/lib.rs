//! `clouds.yaml`, `secure.yaml`, `clouds-public.yaml` and `OS_*` variables, by openstacksdk's rules.
//!
//! What other OpenStack clients find configured on a machine is found here, too, and leads to the
//! values that [`auth_proto`] and its adapters take:
//!
//! ```no_run
//! use auth_config::{Choices, Config};
//!
//! let cloud = Config::load()?.cloud(&Choices::default())?;
//! for warning in cloud.warnings() {
//!     eprintln!("warning: {warning}");
//! }
//! let (at, who, what) = (cloud.cloud()?, cloud.credential()?, cloud.scope()?);
//! // let client = auth_ureq::Client::new(at, who, what)?;
//! // let compute = client.service(cloud.select("compute")?);
//! # Ok::<(), auth_config::Error>(())
//! ```
//!
//! The rules themselves are a function of [`Files`], [`Variables`] and [`Choices`] and read nothing
//! else; [`Config::load`] only collects the real ones. So they can be tried out:
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
//! // Every value knows where it came from, and no secret is shown.
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
//! * Files are `clouds`, `secure` and `clouds-public`, each ending in `.yaml`, `.yml` or `.json`. Each
//!   kind is looked for on its own, and the first that exists counts: where `OS_CLIENT_CONFIG_FILE`
//!   (or `OS_CLIENT_SECURE_FILE`) points, in the working directory, in `$XDG_CONFIG_HOME/openstack`,
//!   `~/.config/openstack`, each of `$XDG_CONFIG_DIRS` with `/openstack` (`/etc/xdg`), and
//!   `/etc/openstack`. Without these variables macOS has `~/Library/Application Support/openstack`
//!   and `/Library/Application Support/openstack`; Windows has, whatever they are,
//!   `%LOCALAPPDATA%\OpenStack\openstack` and `%PROGRAMDATA%\OpenStack\openstack`.
//! * `secure.yaml` is laid over `clouds.yaml`, key by key at every depth; lists are replaced.
//! * `OS_*` variables make a cloud of their own, called `envvars` or as `OS_CLOUD_NAME` says, and
//!   change no other. `OS_CLOUD`, `OS_REGION_NAME`, a token and the names of files alone make none.
//! * The cloud is the one that was chosen, that `OS_CLOUD` names, that the variables make, or that is
//!   the only one.
//! * A cloud's `profile` stands below its own entry; one of `clouds-public.yaml` goes before the
//!   built-in one of the same name.
//! * `regions` (or `region_name`) lists what may be chosen; the first is the default. The values of a
//!   region stand above those of its cloud.
//! * With a project, `domain_id` and `domain_name` are short for the domains of the user and of the
//!   project; without one they are the scope. `tenant_*` is `project_*`, `*endpoint_type` is
//!   `*interface`, a hyphen in a key is an underscore.
//! * What belongs under `auth` may stand beside it.
//!
//! # Kinds of login
//!
//! `auth_type` is `password`, `token` (each also with `v2` or `v3` before it),
//! `v3applicationcredential`, `v3totp`, `v3multifactor`, and
//!
//! * `agency`, a password and what another account of Huawei Cloud or Open Telekom Cloud has
//!   delegated to its user, by the keys of python-otcextensions: `target_agency_name`,
//!   `target_domain_name` or `_id`, `target_project_name` or `_id` (without one the token is for the
//!   domain). `target_agency_name` does the same for the other kinds. `agency_name`,
//!   `agency_domain_name` and `delegated_project` are gophertelekomcloud's names for these;
//! * `admin_token` or `token_endpoint`, a `token` that is used as it is, never exchanged. Its
//!   services are found in the catalog at `auth_url`, or by overrides.
//!
//! # Where it differs, on purpose
//!
//! * Text stays as it was written. A project `0123` is not 83, and a password `1:30` is not 90.
//! * `insecure` and `verify` take `true`, `yes`, `on`, `1` and their opposites, quoted or not, in any
//!   case, and anything else is an error: never a guess.
//! * A file that is found and cannot be understood is an error, with line and column. Going on to the
//!   next file would log in as somebody else.
//! * `OS_TOKEN` alone, as `export OS_TOKEN=…` leaves it in a shell, makes no cloud. It does not say
//!   where, and the cloud of the files would no longer be the default.
//! * Unknown keys are warned of, with the key that was probably meant; the same goes for a file with
//!   a secret in it that everybody can read.
//! * Profiles are never fetched from the network. All clouds of [`Cloud::ids`](auth_proto::Cloud::ids)
//!   are built in, with their rules, which also come with a documented `auth_url` alone.
//! * A `*_endpoint_override` may hold `%(project_id)s` as well as `{project_id}`.
//! * Files are bounded in size, depth and aliases: see [`limits`].
//!
//! All differences stand with their reasons in `compare/cases.yaml`, which `compare/run` holds against
//! openstacksdk itself.
//!
//! # TLS
//!
//! `cacert`, `cert`, `key`, `insecure` and `verify` are in [`CloudConfig::tls`]. Each adapter takes
//! them as its HTTP client does, in some fifteen lines: `examples/script.rs` of this workspace has
//! them for `auth-ureq`, `examples/service.rs` for `auth-reqwest`.
//!
//! # Secrets
//!
//! Whatever was read is wiped when it is dropped. `Debug`, [`CloudConfig::settings`], warnings and
//! errors show values only under keys that are known to hold no secret: a misspelled `pasword` is
//! one all the same.
//!
//! As with openstacksdk, a `clouds.yaml` in the working directory decides where a password in
//! `~/.config/openstack/secure.yaml` is sent to. [`Warning::SecretFromElsewhere`] tells of it: who
//! starts a program in a directory that others can write to should heed it, or set `OS_AUTH_URL`
//! and the like instead.

#![forbid(unsafe_code)]

mod agency;
mod cloud;
mod config;
mod error;
mod keys;
pub mod limits;
mod load;
mod login;
mod origin;
mod overrides;
mod profile;
mod region;
mod rules;
mod search;
mod setting;
mod source;
mod template;
mod text;
mod value;
mod vendor;
mod warning;
mod yaml;

pub use cloud::{CloudConfig, Tls};
pub use config::Config;
pub use error::Error;
pub use origin::Origin;
pub use search::System;
pub use setting::Setting;
pub use source::{Choices, Files, Variables};
pub use warning::Warning;
