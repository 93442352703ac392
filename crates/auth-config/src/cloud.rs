//! One cloud, ready to be used.

use std::{path::PathBuf, time::Duration};

use auth_proto::{EndpointQuery, Interface};
use secrecy::SecretString;

use crate::{
    config::Config,
    error::Error,
    keys,
    load::expanded,
    login,
    origin::Origin,
    setting::{self, Setting},
    value::{AUTH, Map, Node, Value},
    warning::Warning,
};

/// One cloud in one region, with everything settled: what to log in with, and how to reach it.
///
/// `Debug` shows what [`settings`](Self::settings) shows: no secret.
#[derive(Clone)]
pub struct CloudConfig {
    pub(crate) name: String,
    pub(crate) profile: Option<String>,
    /// With `auth` in it.
    pub(crate) map: Map,
    regions: Vec<String>,
    interfaces: Vec<Interface>,
    timeout: Option<Duration>,
    tls: Tls,
    warnings: Vec<Warning>,
}

/// What is said about TLS. `~` in paths is expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the server's certificate is verified: unless `insecure` is true or `verify` false.
    pub verify: bool,
    /// A file of certificates to trust, instead of the usual ones.
    pub cacert: Option<PathBuf>,
    /// The client's certificate.
    pub cert: Option<PathBuf>,
    /// The client's key, if it is not in the same file.
    pub key: Option<PathBuf>,
}

impl CloudConfig {
    pub(crate) fn new(
        config: &Config,
        name: &str,
        profile: Option<String>,
        regions: Vec<String>,
        map: Map,
        mut warnings: Vec<Warning>,
    ) -> Result<Self, Error> {
        let tls = tls(&map, config.home.as_deref(), &mut warnings)?;
        let interfaces = interfaces(&map, "interface")?;
        let timeout = timeout(&map)?;
        let mut cloud = Self {
            name: name.to_owned(),
            profile,
            map,
            regions,
            interfaces,
            timeout,
            tls,
            warnings,
        };
        cloud.tell_open(&config.open);
        cloud.tell_elsewhere();
        cloud.warnings.extend(login::ignored_scopes(&cloud.map, cloud.auth()));
        Ok(cloud)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region that was chosen, or the first.
    pub fn region(&self) -> Option<&str> {
        self.get("region_name")
    }

    /// All regions that are configured, the first being the default.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The interfaces that will do, the preferred one first.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The endpoint of a service in the configured region and interface; what is said for the
    /// service alone (`compute_interface`, `compute_region_name`) goes first. Where the catalog has
    /// another type for it, that is asked for (`database_service_type`).
    ///
    /// # Errors
    ///
    /// [`Error::Misplaced`] for an interface that there is not.
    pub fn select(&self, service: &str) -> Result<EndpointQuery, Error> {
        let own = interfaces(&self.map, &of_service(service, "interface"))?;
        let service_type = self.get(&of_service(service, "service_type")).unwrap_or(service);
        let select = EndpointQuery::new(service_type).interfaces(if own.is_empty() {
            &self.interfaces
        } else {
            &own
        });
        let region = self.get(&of_service(service, "region_name")).or_else(|| self.region());
        Ok(match region {
            Some(region) => select.region(region),
            None => select,
        })
    }

    /// Where a service is, whatever the catalog says: `compute_endpoint_override`. The cloud of
    /// [`cloud`](Self::cloud) knows it, with its placeholders filled in.
    pub fn endpoint_override(&self, service: &str) -> Option<&str> {
        self.get(&of_service(service, "endpoint_override"))
    }

    /// The version of a service's interface: `compute_api_version`.
    pub fn api_version(&self, service: &str) -> Option<&str> {
        self.get(&of_service(service, "api_version"))
    }

    /// How long a request may take: `api_timeout`, in seconds.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How the server's certificate is verified, and which one the client has.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The text of any other known key that holds no secret, such as `auth_type` or `auth.auth_url`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (map, key) = match key.split_once('.') {
            Some((AUTH, key)) => (self.auth(), key),
            _ => (&self.map, key),
        };
        map.get(key).filter(|_| keys::is_public(key)).and_then(Node::as_text)
    }

    /// A secret under `auth`, such as `password`, for those who log in by other means than
    /// [`credential`](Self::credential).
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        self.auth().get(key).and_then(Node::as_secret)
    }

    /// The same with this secret under `auth`, over a configured one: for a `password`, an
    /// `application_credential_secret` or a `passcode` that a person was asked for, where
    /// [`credential`](Self::credential) says that it is missing.
    #[must_use]
    pub fn with_secret(mut self, key: &str, secret: SecretString) -> Self {
        if let Some(Node { value: Value::Map(auth), .. }) = self.map.get_mut(AUTH) {
            auth.insert(key.to_owned(), Node::text(secret, Origin::Choice));
        }
        self
    }

    /// Everything that holds for this cloud, sorted by key, with origins and without secrets: for
    /// people, who want to know where a value comes from.
    pub fn settings(&self) -> Vec<Setting<'_>> {
        setting::all(&self.map)
    }

    /// What is odd about the configuration.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub(crate) fn auth(&self) -> &Map {
        static NONE: Map = Map::new();
        self.map.get(AUTH).and_then(Node::as_map).unwrap_or(&NONE)
    }

    /// A file with a secret of this cloud in it is nobody else's business.
    fn tell_open(&mut self, open: &[PathBuf]) {
        let secret =
            |(key, node): &(&String, &Node)| !keys::is_public(key) && node.as_text().is_some();
        let nodes = self.map.iter().chain(self.auth()).filter(secret);
        let files = nodes.filter_map(|(_, node)| match &node.origin {
            Origin::File { path, .. } => Some(path.to_path_buf()),
            _ => None,
        });
        let mut files: Vec<_> = files.filter(|path| open.contains(path)).collect();
        files.sort();
        files.dedup();
        self.warnings.extend(files.into_iter().map(Warning::ReadableByOthers));
    }

    /// Each kind of file is looked for on its own, so that the `clouds.yaml` of a directory that
    /// somebody else has filled can name the URL that the user's own `secure.yaml` goes to.
    fn tell_elsewhere(&mut self) {
        let Some(url) = self.auth().get("auth_url").map(|node| node.origin.clone()) else { return };
        let is_elsewhere = |secret: &Origin| match (secret.directory(), url.directory()) {
            (Some(secret), Some(url)) => secret != url,
            _ => false,
        };
        let secrets = self.auth().iter().filter(|(key, _)| keys::is_secret(key));
        let elsewhere = secrets.filter(|(_, node)| is_elsewhere(&node.origin));
        let told: Vec<_> = elsewhere
            .map(|(key, node)| Warning::SecretFromElsewhere {
                key: key.clone(),
                secret: node.origin.clone(),
                url: url.clone(),
            })
            .collect();
        self.warnings.extend(told);
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

/// A service's own key: its type, with underscores.
fn of_service(service: &str, key: &str) -> String {
    format!("{}_{key}", service.replace('-', "_"))
}

fn tls(map: &Map, home: Option<&str>, warnings: &mut Vec<Warning>) -> Result<Tls, Error> {
    let flag = |key: &str| map.get(key).map_or(Ok(None), |node| node.as_bool(key));
    let (insecure, verify) = (flag("insecure")?.unwrap_or(false), flag("verify")?.unwrap_or(true));
    let path = |key: &str| Some(expanded(map.get(key)?.as_text()?, home));
    let tls = Tls {
        verify: verify && !insecure,
        cacert: path("cacert"),
        cert: path("cert"),
        key: path("key"),
    };
    let origin = |key: &str| map.get(key).map(|node| node.origin.clone());
    if !tls.verify {
        let switch = if insecure { "insecure" } else { "verify" };
        warnings.extend(origin(switch).map(Warning::Unverified));
        warnings
            .extend(tls.cacert.as_ref().and_then(|_| origin("cacert")).map(Warning::CacertUnused));
    }
    Ok(tls)
}

fn interfaces(map: &Map, key: &str) -> Result<Vec<Interface>, Error> {
    let Some(node) = map.get(key) else { return Ok(Vec::new()) };
    let misplaced = |origin: &Origin| Error::Misplaced {
        key: key.to_owned(),
        problem: "has to be public, internal or admin, or a list of these",
        origin: origin.clone(),
    };
    if matches!(node.value, Value::Map(_)) {
        return Err(misplaced(&node.origin));
    }
    let interface = |(name, origin): (&str, &Origin)| {
        // publicURL and the like are as the first version of the protocol had them.
        match name.strip_suffix("URL").unwrap_or(name) {
            "admin" => Ok(Interface::Admin),
            "internal" => Ok(Interface::Internal),
            "public" => Ok(Interface::Public),
            _ => Err(misplaced(origin)),
        }
    };
    node.as_list().into_iter().map(interface).collect()
}

fn timeout(map: &Map) -> Result<Option<Duration>, Error> {
    let Some(node) = map.get("api_timeout").filter(|node| !node.is_null()) else { return Ok(None) };
    let seconds = node.as_text().and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|&seconds: &f64| seconds > 0.0);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.map(Some).ok_or_else(|| Error::Misplaced {
        key: "api_timeout".to_owned(),
        problem: "has to be a number of seconds above 0",
        origin: node.origin.clone(),
    })
}
