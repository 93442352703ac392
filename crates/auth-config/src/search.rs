//! Where files are looked for: one list for each kind, the first that exists counts. The three
//! kinds are searched on their own: `secure.yaml` need not stand beside the `clouds.yaml` it
//! completes.

use std::path::{Path, PathBuf};

use crate::source::Variables;

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

/// The paths to try for a kind of file, in order.
pub(crate) fn paths(kind: Kind, directory: &Path, variables: &Variables) -> Vec<PathBuf> {
    let named = kind.variable().and_then(|name| variables.value(name));
    let named = named.map(|path| directory.join(path));
    let usual = directories(directory, variables).into_iter().flat_map(|directory| {
        ["yaml", "yml", "json"].map(|end| directory.join(format!("{}.{end}", kind.stem())))
    });
    named.into_iter().chain(usual).collect()
}

/// The working directory, the user's, the machine's.
pub(crate) fn directories(directory: &Path, variables: &Variables) -> Vec<PathBuf> {
    let at = |name: &str| variables.value(name).map(|path| directory.join(path));
    let home = at("HOME").map(|home| home.join(".config"));
    let user = at("XDG_CONFIG_HOME").or_else(|| home.clone());
    // Within a snap, HOME is the snap's own.
    let dot_config = at("SNAP_REAL_HOME").map(|home| home.join(".config")).or(home);
    let site = variables.value("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    let site = site.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    let parents = user.into_iter().chain(dot_config).chain(site);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().copied().collect();
        let all = directories(Path::new("/here"), &variables);
        all.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_order_is_here_user_machine() {
        assert_eq!(
            found(&[("HOME", "/home/me")]),
            ["/here", "/home/me/.config/openstack", "/etc/xdg/openstack", "/etc/openstack"]
        );
        assert_eq!(
            found(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x"), ("XDG_CONFIG_DIRS", "/a:/b")]),
            [
                "/here",
                "/x/openstack",
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
    }

    #[test]
    fn a_named_file_comes_first_and_the_others_stay() {
        let variables = Variables::from_iter([("OS_CLIENT_SECURE_FILE", "s.txt")]);
        let all = paths(Kind::Secure, Path::new("/here"), &variables);
        assert_eq!(all[0], Path::new("/here/s.txt"));
        assert_eq!(
            all[1..4].iter().map(|p| p.file_name().unwrap()).collect::<Vec<_>>(),
            ["secure.yaml", "secure.yml", "secure.json"]
        );
        assert_eq!(
            paths(Kind::Public, Path::new("/here"), &variables)[0],
            Path::new("/here/clouds-public.yaml")
        );
    }
}
