//! The search path: a list of paths for each kind of file, of which the first that exists is used.
//! Each kind is searched separately, so `secure.yaml` may be in another directory than
//! `clouds.yaml`.

use std::path::{Path, PathBuf};

use crate::input::{Platform, Variables};

/// A kind of configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Clouds,
    Public,
    Secure,
}

impl FileKind {
    pub(crate) const ALL: [Self; 3] = [Self::Clouds, Self::Public, Self::Secure];

    fn stem(self) -> &'static str {
        match self {
            Self::Clouds => "clouds",
            Self::Public => "clouds-public",
            Self::Secure => "secure",
        }
    }

    /// The variable that names the first file to try.
    pub(crate) fn variable(self) -> Option<&'static str> {
        match self {
            Self::Clouds => Some("OS_CLIENT_CONFIG_FILE"),
            Self::Public => None,
            Self::Secure => Some("OS_CLIENT_SECURE_FILE"),
        }
    }
}

/// The file that a variable names, which is tried first.
pub(crate) fn named(kind: FileKind, directory: &Path, variables: &Variables) -> Option<PathBuf> {
    let path = variables.value(kind.variable()?)?;
    Some(directory.join(path))
}

/// The paths of a kind of file, in the order of the search.
pub(crate) fn paths(
    kind: FileKind,
    directory: &Path,
    platform: Platform,
    variables: &Variables,
) -> Vec<PathBuf> {
    let named = named(kind, directory, variables);
    let usual = directories(directory, platform, variables).into_iter().flat_map(|directory| {
        ["yaml", "yml", "json"].map(|end| directory.join(format!("{}.{end}", kind.stem())))
    });
    named.into_iter().chain(usual).collect()
}

/// Whether a file was found only because the program runs in its directory: no variable names it,
/// and the directory is neither the user's nor the machine's.
pub(crate) fn is_found_here(
    kind: FileKind,
    path: &Path,
    directory: &Path,
    platform: Platform,
    variables: &Variables,
) -> bool {
    let is_named = named(kind, directory, variables).is_some_and(|named| named == path);
    let mut others = own_directories(directory, platform, variables).into_iter();
    !is_named && path.parent() == Some(directory) && !others.any(|own| own == directory)
}

/// The directories in the order of the search: the working directory, the user's, the machine's.
/// openstacksdk takes them from platformdirs.
pub(crate) fn directories(
    directory: &Path,
    platform: Platform,
    variables: &Variables,
) -> Vec<PathBuf> {
    let mut all = vec![directory.to_path_buf()];
    all.extend(own_directories(directory, platform, variables));
    let mut seen = Vec::new();
    all.retain(|path| {
        !seen.contains(path) && {
            seen.push(path.clone());
            true
        }
    });
    all
}

/// The directories of the user and of the machine.
fn own_directories(directory: &Path, platform: Platform, variables: &Variables) -> Vec<PathBuf> {
    let at = |name: &str| variables.value(name).map(|path| directory.join(path));
    let home = at("HOME");
    // Inside a snap, HOME is a directory of the snap.
    let dot_config = at("SNAP_REAL_HOME").or_else(|| home.clone());
    let dot_config = dot_config.map(|home| home.join(".config"));
    let (user, machine) = match platform {
        Platform::MacOs => {
            let support = Path::new("Library/Application Support");
            (home.map(|home| home.join(support)), Some(Path::new("/").join(support)))
        }
        Platform::Unix => (home.map(|home| home.join(".config")), Some("/etc/xdg".into())),
        Platform::Windows => {
            let vendor = |name| at(name).map(|parent| parent.join("OpenStack"));
            (vendor("LOCALAPPDATA"), vendor("PROGRAMDATA"))
        }
    };
    let xdg = |name| variables.value(name).filter(|_| platform != Platform::Windows);
    let user = xdg("XDG_CONFIG_HOME").and_then(absolute).or(user);
    let machines = xdg("XDG_CONFIG_DIRS").unwrap_or_default().split(':');
    let mut machines: Vec<_> = machines.filter_map(absolute).collect();
    if machines.is_empty() {
        machines.extend(machine);
    }
    let parents = user.into_iter().chain(dot_config).chain(machines);
    let all = parents.map(|parent| parent.join("openstack"));
    all.chain(["/etc/openstack".into()]).collect()
}

/// The path, if it is absolute: the XDG specification says to ignore relative ones.
fn absolute(path: &str) -> Option<PathBuf> {
    path.starts_with('/').then(|| path.into())
}

/// A path of the configuration, with a leading `~` replaced by the home directory.
pub(crate) fn expanded(path: &str, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.into(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        found_on(Platform::Unix, variables)
    }

    fn found_on(platform: Platform, variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().copied().collect();
        let all = directories(Path::new("/here"), platform, &variables);
        all.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_order_is_working_directory_user_machine() {
        assert_eq!(
            found(&[("HOME", "/home/me")]),
            ["/here", "/home/me/.config/openstack", "/etc/xdg/openstack", "/etc/openstack"]
        );
        assert_eq!(
            found(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x:y"), ("XDG_CONFIG_DIRS", "/a::/b")]),
            [
                "/here",
                "/x:y/openstack",
                "/h/.config/openstack",
                "/a/openstack",
                "/b/openstack",
                "/etc/openstack"
            ]
        );
        assert_eq!(
            found(&[("HOME", "/snap"), ("SNAP_REAL_HOME", "/h")])[1..3],
            ["/snap/.config/openstack", "/h/.config/openstack"]
        );
        assert_eq!(
            found(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x"), ("XDG_CONFIG_DIRS", "a:.")]),
            found(&[("HOME", "/h")])
        );
    }

    #[test]
    fn each_platform_has_its_directories() {
        let home = ("HOME", "/Users/me");
        assert_eq!(
            found_on(Platform::MacOs, &[home]),
            [
                "/here",
                "/Users/me/Library/Application Support/openstack",
                "/Users/me/.config/openstack",
                "/Library/Application Support/openstack",
                "/etc/openstack",
            ]
        );
        assert_eq!(
            found_on(Platform::MacOs, &[home, ("XDG_CONFIG_HOME", "/x")])[1..3],
            ["/x/openstack", "/Users/me/.config/openstack"]
        );
        let data =
            [("LOCALAPPDATA", "/local"), ("PROGRAMDATA", "/data"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(
            found_on(Platform::Windows, &[&data[..], &[home]].concat()),
            [
                "/here",
                "/local/OpenStack/openstack",
                "/Users/me/.config/openstack",
                "/data/OpenStack/openstack",
                "/etc/openstack",
            ]
        );
    }

    #[test]
    fn only_the_working_directory_is_here() {
        let here = |kind, path: &str, directory: &str, variables: &[(&str, &str)]| {
            let variables = variables.iter().copied().collect();
            is_found_here(kind, Path::new(path), Path::new(directory), Platform::Unix, &variables)
        };
        let (clouds, secure) = (FileKind::Clouds, FileKind::Secure);
        let named = ("OS_CLIENT_CONFIG_FILE", "clouds.yaml");
        let home = ("HOME", "/home/me");
        let own = "/home/me/.config/openstack";
        assert!(here(clouds, "/w/clouds.yaml", "/w", &[home]));
        // A name for one file is none for another.
        assert!(here(secure, "/w/secure.yaml", "/w", &[home, named]));
        assert!(here(clouds, "/w/clouds.yml", "/w", &[home, named]));
        assert!(!here(clouds, "/w/clouds.yaml", "/w", &[home, named]));
        assert!(!here(clouds, &format!("{own}/clouds.yaml"), "/w", &[home]));
        // The program runs in the user's or the machine's own directory.
        assert!(!here(clouds, &format!("{own}/clouds.yaml"), own, &[home]));
        assert!(!here(clouds, "/etc/openstack/clouds.yaml", "/etc/openstack", &[]));
        assert!(here(clouds, &format!("{own}/clouds.yaml"), own, &[("HOME", "/home/you")]));
        assert!(!here(
            clouds,
            "/x/openstack/clouds.yaml",
            "/x/openstack",
            &[("XDG_CONFIG_HOME", "/x")]
        ));
    }

    #[test]
    fn a_named_file_comes_first() {
        let variables = Variables::from_iter([("OS_CLIENT_SECURE_FILE", "s.txt")]);
        let all = paths(FileKind::Secure, Path::new("/here"), Platform::Unix, &variables);
        assert_eq!(all[0], Path::new("/here/s.txt"));
        assert_eq!(
            all[1..4].iter().map(|p| p.file_name().unwrap()).collect::<Vec<_>>(),
            ["secure.yaml", "secure.yml", "secure.json"]
        );
        assert_eq!(
            paths(FileKind::Public, Path::new("/here"), Platform::Unix, &variables)[0],
            Path::new("/here/clouds-public.yaml")
        );
    }
}
