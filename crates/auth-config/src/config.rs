//! All configured clouds: files are merged, variables become a cloud, and a default is chosen.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    cloud::{
        CloudConfig,
        store::{CommonStore, TokenStore},
    },
    input::{
        Choices, Files, Surroundings, Variables, parse,
        search::{self, FileKind},
    },
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    rules,
    text::shown_path,
    value::{Map, Node, Value, keys, mapping, merge},
};

/// All configured clouds. Holds secrets, which `Debug` hides.
#[derive(Clone, Debug)]
pub struct Config {
    clouds: BTreeMap<String, Node>,
    /// The contents of `clouds-public.yaml`. An error in it concerns only clouds with a profile.
    public: Result<Map, Error>,
    /// The name of the cloud of the variables, whether or not they define one.
    variables_name: String,
    store: CommonStore,
    surroundings: Arc<Surroundings>,
    warnings: Vec<Warning>,
    default: Option<String>,
    searched: String,
}

impl Config {
    /// Merges files and variables: `clouds.yaml` with `secure.yaml` laid over it, each the first of
    /// its kind on the search path, and a cloud of the `OS_*` variables. The result depends on
    /// nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`], [`Error::File`] or [`Error::InvalidValue`] for a file that cannot be used.
    /// The next file on the search path is not tried: it may log in as another user.
    /// [`Error::CloudDuplicate`] if a file and the variables define a cloud of the same name.
    pub fn merge(files: &Files, variables: &Variables) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let is_found_here = |kind, path: &Path| {
            search::is_found_here(kind, path, files.directory(), files.platform(), variables)
        };
        let mut found_here = Vec::new();
        let mut read = |kind| {
            let (path, root) = read_first(kind, files, variables, &mut warnings)?;
            found_here.extend(path.iter().filter(|path| is_found_here(kind, path)).cloned());
            Ok((path, root))
        };
        let (clouds_path, mut root) = read(FileKind::Clouds)?;
        let (secure_path, secure) = read(FileKind::Secure)?;
        let public = read(FileKind::Public).map(|(_, root)| root);
        merge(&mut root, secure);
        let mut clouds = root.remove("clouds").map_or(Ok(Map::new()), |n| mapping(n, "clouds"))?;
        let store = CommonStore::new(root, variables, &mut warnings)?;

        let variables_name = variables.value("OS_CLOUD_NAME").unwrap_or("envvars").to_owned();
        let path = clouds_path.or(secure_path);
        if let (true, Some(path)) = (clouds.contains_key(&variables_name), path) {
            return Err(Error::CloudDuplicate { path, name: variables_name });
        }
        let from_variables = cloud_of_variables(variables);
        let default = variables
            .value("OS_CLOUD")
            .or_else(|| from_variables.as_ref().map(|_| variables_name.as_str()))
            .map(str::to_owned);
        clouds.extend(from_variables.map(|cloud| (variables_name.clone(), cloud)));
        let only = clouds.keys().next().filter(|_| clouds.len() == 1).cloned();

        let searched = search::directories(files.directory(), files.platform(), variables);
        let searched: Vec<_> = searched.iter().map(|directory| shown_path(directory)).collect();
        Ok(Self {
            clouds,
            public,
            variables_name,
            store,
            surroundings: Arc::new(Surroundings {
                directory: files.directory().to_path_buf(),
                found_here,
                home: variables.value("HOME").map(str::to_owned),
                readable_by_others: files.readable_by_others(),
            }),
            warnings,
            default: default.or(only),
            searched: searched.join(", "),
        })
    }

    /// The names of all clouds, sorted. The cloud of the variables is called `envvars`, or as
    /// `OS_CLOUD_NAME` says.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.clouds.keys().map(String::as_str)
    }

    /// The cloud that is used without a choice: the one that `OS_CLOUD` names, else the cloud of
    /// the variables, else the only cloud.
    pub fn default_name(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// The store that the files ask for at their top level, or the environment, for a cloud that is
    /// not configured; `None` if neither says. A configured cloud has
    /// [its own](CloudConfig::store).
    ///
    /// # Errors
    ///
    /// As for a cloud: a value that is no store, or one that may not come from this file.
    pub fn store(&self) -> Result<Option<TokenStore>, Error> {
        Ok(self.store.read(&self.surroundings)?.0)
    }

    /// The file with the key of that [`store`](Self::store), as [`CloudConfig::store_key_file`].
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store).
    pub fn store_key_file(&self) -> Result<Option<PathBuf>, Error> {
        Ok(self.store.read(&self.surroundings)?.1)
    }

    /// One cloud in one region, with its profile and the defaults filled in. It may still lack a
    /// value that a login needs: [`CloudConfig::cloud`] and [`CloudConfig::credential`] report
    /// that.
    ///
    /// # Errors
    ///
    /// [`Error::CloudMissing`], [`Error::CloudAmbiguous`] or [`Error::CloudUnknown`] if no cloud
    /// can be chosen, [`Error::RegionUnknown`] if it has no such region, and other errors for
    /// values that cannot be used.
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
        let source = rules::ProfileSource {
            public: self.public.as_ref(),
            variables_name: &self.variables_name,
        };
        let mut warnings = self.warnings.clone();
        let mut resolved = rules::resolve(name, own, choices, &source, &mut warnings)?;
        self.store.add_to(&mut resolved.settings);
        CloudConfig::new(name, resolved, &self.surroundings, warnings)
    }
}

/// The path and contents of the first file of a kind that can be read. Reports the unreadable files
/// before it.
fn read_first(
    kind: FileKind,
    files: &Files,
    variables: &Variables,
    warnings: &mut Vec<Warning>,
) -> Result<(Option<PathBuf>, Map), Error> {
    let paths = search::paths(kind, files.directory(), files.platform(), variables);
    let (file, unreadable) = files.first(&paths);
    warnings.extend(unreadable.into_iter().map(Warning::Unreadable));
    let Some((path, contents)) = file else { return Ok((None, Map::new())) };
    let root = root(kind, &path, contents, warnings)?;
    Ok((Some(path), root))
}

/// The root of a file, which must be a mapping or empty.
fn root(
    kind: FileKind,
    path: &Path,
    contents: &[u8],
    warnings: &mut Vec<Warning>,
) -> Result<Map, Error> {
    let (root, duplicates) = parse::read(path, contents)?;
    warnings.extend(duplicates.into_iter().map(Warning::KeyDuplicate));
    let is_empty = root.is_null();
    let map = mapping(root, "the file")?;
    if kind != FileKind::Public && !is_empty && !map.contains_key("clouds") {
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

/// The `OS_*` variables as a cloud. Variables that only choose a cloud or a region define none, and
/// neither does a token: a shell may keep one after a login, it names no cloud, and a cloud made of
/// it would replace the configured default.
fn cloud_of_variables(variables: &Variables) -> Option<Node> {
    const FOR_TEST_TOOLS: [&str; 3] = ["LOG", "STD", "TEST"];
    const CHOICES: [&str; 4] = ["CLIENT_CONFIG_FILE", "CLIENT_SECURE_FILE", "CLOUD", "CLOUD_NAME"];
    const NOT_ENOUGH: [&str; 7] = [
        "ACCESS_TOKEN",
        "ALLOW_PLAIN_HTTP",
        "AUTH_STORE",
        "AUTH_STORE_KEY_FILE",
        "AUTH_TOKEN",
        "REGION_NAME",
        "TOKEN",
    ];
    let mut cloud = Map::new();
    let mut is_cloud = false;
    for (name, value) in variables.iter() {
        let Some(key) = name.strip_prefix("OS_") else { continue };
        let is_for_tests = FOR_TEST_TOOLS.iter().any(|start| key.starts_with(start));
        if is_for_tests || CHOICES.contains(&key) || variables.value(name).is_none() {
            continue;
        }
        is_cloud |= !NOT_ENOUGH.contains(&key);
        let origin = ValueOrigin::Variable(name.to_owned());
        cloud.insert(key.to_ascii_lowercase(), Node::text(value.clone(), origin));
    }
    let origin = ValueOrigin::Variable("OS_*".to_owned());
    is_cloud.then(|| Node { value: Value::Map(cloud), origin })
}
