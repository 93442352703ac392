//! One cloud in one region, with all rules applied.

mod agency;
#[cfg(any(feature = "reqwest", feature = "ureq"))]
mod client;
mod exposure;
mod federation;
mod login;
mod overrides;
mod secrets;
pub(crate) mod store;
pub(crate) mod transport;

use std::{path::PathBuf, sync::Arc, time::Duration};

use auth_proto::{EndpointQuery, Interface, Scope};
use secrecy::SecretString;

use crate::{
    cloud::{store::TokenStore, transport::Tls},
    input::Surroundings,
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    rules::{Resolved, credential, scope},
    value::{
        AUTH, Map, Node, Value, keys,
        setting::{self, Setting},
    },
};

/// One cloud in one region: its login, endpoints, time-out and TLS settings. `Debug` hides secrets.
#[derive(Clone)]
pub struct CloudConfig {
    name: String,
    profile: Option<String>,
    /// All settings, with `auth` as one of them.
    map: Map,
    regions: Vec<String>,
    surroundings: Arc<Surroundings>,
    interfaces: Vec<Interface>,
    plain_http: bool,
    root: Option<Scope>,
    store: Option<TokenStore>,
    store_key_file: Option<PathBuf>,
    timeout: Option<Duration>,
    tls: Tls,
    warnings: Vec<Warning>,
}

impl CloudConfig {
    pub(crate) fn new(
        name: &str,
        resolved: Resolved,
        surroundings: &Arc<Surroundings>,
        mut warnings: Vec<Warning>,
    ) -> Result<Self, Error> {
        let Resolved { profile, regions, settings: map, public_profile, host_parts } = resolved;
        let tls = transport::tls(&map, surroundings.home.as_deref(), &mut warnings)?;
        let plain_http = transport::plain_http(&map, &mut warnings)?;
        let interfaces = interfaces(&map, "interface")?;
        let timeout = transport::timeout(&map)?;
        let root = root(&map)?;
        let (store, store_key_file) = store::read(&map, surroundings)?;
        let mut cloud = Self {
            name: name.to_owned(),
            profile,
            map,
            regions,
            surroundings: surroundings.clone(),
            interfaces,
            plain_http,
            root,
            store,
            store_key_file,
            timeout,
            tls,
            warnings,
        };
        let auth = cloud.auth();
        let mut more =
            exposure::readable_secrets(&cloud.map, auth, &surroundings.readable_by_others);
        let public_profile = public_profile.as_ref();
        if let (Some(name), Some(public_profile)) = (&cloud.profile, public_profile) {
            exposure::check_vendor_url(name, public_profile, &cloud.map, auth, cloud.region())?;
        }
        let map = &cloud.map;
        more.extend(exposure::secrets_from_elsewhere(map, auth, &host_parts, public_profile));
        more.extend(scope::ignored_scopes(&cloud.map, auth));
        more.extend(credential::ignored_credentials(&cloud.map, auth));
        more.extend(credential::missing_bearer(&cloud.map));
        cloud.warnings.extend(more);
        Ok(cloud)
    }

    /// The cloud's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chosen region, or the first.
    pub fn region(&self) -> Option<&str> {
        self.get("region_name")
    }

    /// All configured regions. The first is the default.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The accepted interfaces, in order of preference.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The query for a service's endpoint in the configured region and interface. The service's own
    /// settings win (`compute_interface`, `compute_region_name`), and `database_service_type`
    /// replaces the type in the query.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] for an unknown interface.
    pub fn endpoint_query(&self, service: &str) -> Result<EndpointQuery, Error> {
        let own = interfaces(&self.map, &of_service(service, "interface"))?;
        let service_type = self.get(&of_service(service, "service_type")).unwrap_or(service);
        let query = EndpointQuery::new(service_type).interfaces(if own.is_empty() {
            &self.interfaces
        } else {
            &own
        });
        let region = self.get(&of_service(service, "region_name")).or_else(|| self.region());
        Ok(match region {
            Some(region) => query.region(region),
            None => query,
        })
    }

    /// The configured URL of a service (`compute_endpoint_override`), which replaces the catalog's.
    /// [`cloud`](Self::cloud) includes it.
    pub fn endpoint_override(&self, service: &str) -> Option<&str> {
        self.get(&of_service(service, "endpoint_override"))
    }

    /// The configured API version of a service: `compute_api_version`.
    pub fn api_version(&self, service: &str) -> Option<&str> {
        self.get(&of_service(service, "api_version"))
    }

    /// The scope of the one login that serves all scopes ([`auth_proto::Settings::with_root`]):
    /// unscoped with `auth_root: unscoped`, else `None`.
    pub fn root(&self) -> Option<&Scope> {
        self.root.as_ref()
    }

    /// The time-out of a request: `api_timeout`, in seconds. At most 3,500 s.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The TLS settings.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The text of a known key that holds no secret, such as `auth_type` or `auth.auth_url`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (map, key) = match key.split_once('.') {
            Some((AUTH, key)) => (self.auth(), key),
            _ => (&self.map, key),
        };
        map.get(key).filter(|node| node.is_public(key)).and_then(Node::as_text)
    }

    /// A secret under `auth`, such as `password`, for a login without
    /// [`credential`](Self::credential).
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        self.auth().get(key).and_then(Node::as_secret)
    }

    /// Sets or replaces a secret under `auth`: a `password`, an `application_credential_secret` or
    /// a `passcode` that the user has typed, because [`credential`](Self::credential) reported that
    /// it is missing. A source of it, such as `password_file`, is then not read.
    #[must_use]
    pub fn with_secret(mut self, key: &str, secret: SecretString) -> Self {
        if let Some(Node { value: Value::Map(auth), .. }) = self.map.get_mut(AUTH) {
            for source in keys::sources(key) {
                auth.remove(&source);
            }
            auth.insert(key.to_owned(), Node::text(secret, ValueOrigin::Choice));
        }
        self
    }

    /// All settings of this cloud, sorted by key, with origins and without secrets.
    pub fn settings(&self) -> Vec<Setting<'_>> {
        setting::all(&self.map)
    }

    /// Likely mistakes in the configuration.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn auth(&self) -> &Map {
        static NONE: Map = Map::new();
        self.map.get(AUTH).and_then(Node::as_map).unwrap_or(&NONE)
    }
}

impl std::fmt::Debug for CloudConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudConfig")
            .field("name", &self.name)
            .field("profile", &self.profile)
            .field("settings", &self.settings())
            .finish_non_exhaustive()
    }
}

/// The key of a service's setting. Hyphens in its type become underscores.
fn of_service(service: &str, key: &str) -> String {
    format!("{}_{key}", service.replace('-', "_"))
}

fn root(map: &Map) -> Result<Option<Scope>, Error> {
    let Some(node) = map.get("auth_root") else { return Ok(None) };
    match node.as_text() {
        None | Some("off") => Ok(None),
        Some("unscoped") => Ok(Some(Scope::unscoped())),
        Some(_) => {
            let (key, origin) = ("auth_root".to_owned(), node.origin.clone());
            Err(Error::InvalidValue { key, problem: "must be unscoped or off", origin })
        }
    }
}

fn interfaces(map: &Map, key: &str) -> Result<Vec<Interface>, Error> {
    let Some(node) = map.get(key) else { return Ok(Vec::new()) };
    let invalid = |origin: &ValueOrigin| Error::InvalidValue {
        key: key.to_owned(),
        problem: "must be public, internal or admin, or a list of these",
        origin: origin.clone(),
    };
    if matches!(node.value, Value::Map(_)) {
        return Err(invalid(&node.origin));
    }
    let interface = |(name, origin): (&str, &ValueOrigin)| {
        // Identity API v2.0 writes `publicURL`.
        match name.strip_suffix("URL").unwrap_or(name) {
            "admin" => Ok(Interface::Admin),
            "internal" => Ok(Interface::Internal),
            "public" => Ok(Interface::Public),
            _ => Err(invalid(origin)),
        }
    };
    node.as_list().into_iter().map(interface).collect()
}
