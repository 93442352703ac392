//! Where files are looked for: one list for each kind, the first that exists counts. The three
//! kinds are searched on their own: `secure.yaml` need not stand beside the `clouds.yaml` it
//! completes.

use std::path::{Path, PathBuf};

use crate::source::Variables;

/// Where files are looked for depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum System {
    /// macOS.
    MacOs,
    /// Linux and the like.
    #[default]
    Unix,
    /// Windows.
    Windows,
}

impl System {
    /// The one that this program was built for.
    pub const fn current() -> Self {
        match () {
            () if cfg!(target_os = "macos") => Self::MacOs,
            () if cfg!(windows) => Self::Windows,
            () => Self::Unix,
        }
    }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Clouds,
    Public,
    Secure,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Clouds, Self::Public, Self::Secure];

    fn stem(self) -> &'static str {
        match self {
            Self::Clouds => "clouds",
            Self::Public => "clouds-public",
            Self::Secure => "secure",
        }
    }

    /// The variable that names a file to be tried first.
    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Clouds => Some("OS_CLIENT_CONFIG_FILE"),
            Self::Public => None,
            Self::Secure => Some("OS_CLIENT_SECURE_FILE"),
        }
    }
}

/// The file that a variable names, to be tried first.
pub(crate) fn named(kind: Kind, directory: &Path, variables: &Variables) -> Option<PathBuf> {
    let path = variables.value(kind.variable()?)?;
    Some(directory.join(path))
}

/// The paths to try for a kind of file, in order.
pub(crate) fn paths(
    kind: Kind,
    directory: &Path,
    system: System,
    variables: &Variables,
) -> Vec<PathBuf> {
    let named = named(kind, directory, variables);
    let usual = directories(directory, system, variables).into_iter().flat_map(|directory| {
        ["yaml", "yml", "json"].map(|end| directory.join(format!("{}.{end}", kind.stem())))
    });
    named.into_iter().chain(usual).collect()
}

/// The working directory, the user's, the machine's; as openstacksdk takes them from platformdirs.
pub(crate) fn directories(directory: &Path, system: System, variables: &Variables) -> Vec<PathBuf> {
    let at = |name: &str| variables.value(name).map(|path| directory.join(path));
    let home = at("HOME");
    // Within a snap, HOME is the snap's own.
    let dot_config = at("SNAP_REAL_HOME").or_else(|| home.clone());
    let dot_config = dot_config.map(|home| home.join(".config"));
    let (user, machine) = match system {
        System::MacOs => {
            let support = Path::new("Library/Application Support");
            (home.map(|home| home.join(support)), Some(Path::new("/").join(support)))
        }
        System::Unix => (home.map(|home| home.join(".config")), Some("/etc/xdg".into())),
        System::Windows => {
            let vendor = |name| at(name).map(|parent| parent.join("OpenStack"));
            (vendor("LOCALAPPDATA"), vendor("PROGRAMDATA"))
        }
    };
    let xdg = |name| variables.value(name).filter(|_| system != System::Windows);
    let user = xdg("XDG_CONFIG_HOME").and_then(absolute).or(user);
    let machines = xdg("XDG_CONFIG_DIRS").unwrap_or_default().split(':');
    let mut machines: Vec<_> = machines.filter_map(absolute).collect();
    if machines.is_empty() {
        machines.extend(machine);
    }
    let parents = user.into_iter().chain(dot_config).chain(machines);
    let mut all = vec![directory.to_path_buf()];
    all.extend(parents.map(|parent| parent.join("openstack")));
    all.push("/etc/openstack".into());
    let mut seen = Vec::new();
    all.retain(|path| {
        !seen.contains(path) && {
            seen.push(path.clone());
            true
        }
    });
    all
}

/// Relative directories do not count, as XDG has it.
fn absolute(path: &str) -> Option<PathBuf> {
    path.starts_with('/').then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        found_on(System::Unix, variables)
    }

    fn found_on(system: System, variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().copied().collect();
        let all = directories(Path::new("/here"), system, &variables);
        all.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_order_is_here_user_machine() {
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
        // A relative directory would be another one in every working directory.
        assert_eq!(
            found(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x"), ("XDG_CONFIG_DIRS", "a:.")]),
            found(&[("HOME", "/h")])
        );
    }

    #[test]
    fn other_systems_have_other_places() {
        let home = ("HOME", "/Users/me");
        assert_eq!(
            found_on(System::MacOs, &[home]),
            [
                "/here",
                "/Users/me/Library/Application Support/openstack",
                "/Users/me/.config/openstack",
                "/Library/Application Support/openstack",
                "/etc/openstack",
            ]
        );
        assert_eq!(
            found_on(System::MacOs, &[home, ("XDG_CONFIG_HOME", "/x")])[1..3],
            ["/x/openstack", "/Users/me/.config/openstack"]
        );
        let data =
            [("LOCALAPPDATA", "/local"), ("PROGRAMDATA", "/data"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(
            found_on(System::Windows, &[&data[..], &[home]].concat()),
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
    fn a_named_file_comes_first_and_the_others_stay() {
        let variables = Variables::from_iter([("OS_CLIENT_SECURE_FILE", "s.txt")]);
        let all = paths(Kind::Secure, Path::new("/here"), System::Unix, &variables);
        assert_eq!(all[0], Path::new("/here/s.txt"));
        assert_eq!(
            all[1..4].iter().map(|p| p.file_name().unwrap()).collect::<Vec<_>>(),
            ["secure.yaml", "secure.yml", "secure.json"]
        );
        assert_eq!(
            paths(Kind::Public, Path::new("/here"), System::Unix, &variables)[0],
            Path::new("/here/clouds-public.yaml")
        );
    }
}
