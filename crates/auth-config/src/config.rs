//! All that is configured: files merged, variables made a cloud, a default chosen.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    cloud::CloudConfig,
    error::Error,
    keys,
    origin::Origin,
    rules,
    search::{self, Kind},
    source::{Choices, Files, Variables},
    text::shown_path,
    value::{Map, Node, Value, merge},
    warning::Warning,
    yaml,
};

/// All clouds that are configured. Holds secrets, and shows none of them.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) clouds: BTreeMap<String, Node>,
    /// What `clouds-public.yaml` holds. What is wrong with it matters to those who need it.
    pub(crate) public: Result<Map, Error>,
    /// The name of the cloud that variables define, whether they do or not.
    pub(crate) variables_name: String,
    pub(crate) home: Option<String>,
    pub(crate) warnings: Vec<Warning>,
    /// Files that everybody on this machine can read.
    pub(crate) open: Vec<PathBuf>,
    default: Option<String>,
    searched: String,
}

impl Config {
    /// The configuration that these files and variables make: `clouds.yaml` with `secure.yaml` laid
    /// over it, each the first of its kind along the search path, and a cloud made of the `OS_*`
    /// variables. It reads nothing else: the same input gives the same result.
    ///
    /// # Errors
    ///
    /// [`Error::Yaml`] and the like for a file that is found and cannot be understood: going on to
    /// the next one would log in as somebody else.
    pub fn merge(files: &Files, variables: &Variables) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let mut found = |kind| -> Result<(Option<PathBuf>, Map), Error> {
            let paths = search::paths(kind, files.directory(), files.system(), variables);
            let (file, unreadable) = files.first(&paths);
            warnings.extend(unreadable.into_iter().map(Warning::Unreadable));
            let Some((path, contents)) = file else { return Ok((None, Map::new())) };
            let root = root(kind, &path, contents, &mut warnings)?;
            Ok((Some(path), root))
        };
        let (path, mut root) = found(Kind::Clouds)?;
        let (secure_path, secure) = found(Kind::Secure)?;
        let public = found(Kind::Public).map(|(_, root)| root);
        merge(&mut root, secure);
        let mut clouds = root.remove("clouds").map_or(Ok(Map::new()), |n| mapping(n, "clouds"))?;

        let variables_name = variables.value("OS_CLOUD_NAME").unwrap_or("envvars").to_owned();
        if let (true, Some(path)) = (clouds.contains_key(&variables_name), path.or(secure_path)) {
            return Err(Error::CloudTwice { path, name: variables_name });
        }
        let mut default = variables.value("OS_CLOUD").map(str::to_owned);
        if let Some(cloud) = of_variables(variables) {
            default.get_or_insert_with(|| variables_name.clone());
            clouds.insert(variables_name.clone(), cloud);
        }
        if let (1, Some(only)) = (clouds.len(), clouds.keys().next()) {
            default.get_or_insert_with(|| only.clone());
        }
        let searched = search::directories(files.directory(), files.system(), variables);
        Ok(Self {
            clouds,
            public,
            variables_name,
            home: variables.value("HOME").map(str::to_owned),
            warnings,
            open: files.open(),
            default,
            searched: searched
                .iter()
                .map(|directory| shown_path(directory))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The names of all clouds, sorted. The one that variables define is called `envvars`, or as
    /// `OS_CLOUD_NAME` says.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.clouds.keys().map(String::as_str)
    }

    /// The cloud that is meant if nobody chooses: the one that `OS_CLOUD` names, the one that
    /// variables define, or the only one.
    pub fn default_name(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// One cloud in one region, with its profile and all defaults filled in. Whether that is enough
    /// to log in is said by [`CloudConfig::cloud`] and [`CloudConfig::credential`]; its warnings and
    /// settings are there in any case.
    ///
    /// # Errors
    ///
    /// If there is no such cloud or region, or a value of it cannot be understood.
    pub fn cloud(&self, choices: &Choices) -> Result<CloudConfig, Error> {
        let Some(name) = choices.cloud.as_deref().or_else(|| self.default_name()) else {
            return Err(match self.clouds.is_empty() {
                true => Error::CloudMissing { searched: self.searched.clone() },
                false => Error::CloudAmbiguous { names: self.names().map(str::to_owned).collect() },
            });
        };
        let Some(node) = self.clouds.get(name) else {
            let known = self.names().map(str::to_owned).collect();
            return Err(Error::CloudUnknown { name: name.to_owned(), known });
        };
        let own = mapping(node.clone(), &format!("clouds.{name}"))?;
        rules::resolve(self, name, own, choices)
    }
}

/// The root of a file, which has to be a mapping, or nothing.
fn root(
    kind: Kind,
    path: &Path,
    contents: &[u8],
    warnings: &mut Vec<Warning>,
) -> Result<Map, Error> {
    let (root, doubled) = yaml::read(path, contents)?;
    warnings.extend(doubled.into_iter().map(Warning::KeyTwice));
    let is_empty = root.is_null();
    let map = mapping(root, "the file")?;
    if kind != Kind::Public && !is_empty && !map.contains_key("clouds") {
        warnings.push(Warning::NoClouds(path.to_path_buf()));
    }
    for (key, node) in &map {
        if !keys::ROOT.contains(&key.as_str()) {
            let nearest = keys::nearest_of(key, keys::ROOT.iter().copied());
            let (key, origin) = (key.clone(), node.origin.clone());
            warnings.push(Warning::KeyUnknown { key, nearest, origin });
        }
    }
    Ok(map)
}

/// The mapping that has to be here. Nothing is an empty one.
pub(crate) fn mapping(node: Node, key: &str) -> Result<Map, Error> {
    match node.value {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        Value::List(_) | Value::Text(_) => Err(Error::Misplaced {
            key: key.to_owned(),
            problem: "has to be a mapping (key: value)",
            origin: node.origin,
        }),
    }
}

/// All `OS_*` variables as one cloud, unless there are only such as select one. A token alone, as a
/// shell has it after a login to some cloud, does not say where: it would hide the configured cloud.
fn of_variables(variables: &Variables) -> Option<Node> {
    let mut cloud = Map::new();
    let mut is_cloud = false;
    for (name, value) in variables.iter() {
        let Some(key) = name.strip_prefix("OS_") else { continue };
        let is_tests = ["LOG", "STD", "TEST"].iter().any(|start| key.starts_with(start));
        let selects = ["CLIENT_CONFIG_FILE", "CLIENT_SECURE_FILE", "CLOUD", "CLOUD_NAME"];
        if is_tests || selects.contains(&key) || variables.value(name).is_none() {
            continue;
        }
        is_cloud |= !["AUTH_TOKEN", "REGION_NAME", "TOKEN"].contains(&key);
        let origin = Origin::Variable(name.to_owned());
        cloud.insert(key.to_ascii_lowercase(), Node::text(value.clone(), origin));
    }
    is_cloud.then(|| Node { value: Value::Map(cloud), origin: Origin::Variable("OS_*".to_owned()) })
}
