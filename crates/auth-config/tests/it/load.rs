//! `Config::load` with real files and variables. The test program starts itself again in another
//! directory, because variables and the working directory belong to the process.

use std::{env, ffi::OsString, fs, path::Path, path::PathBuf, process::Command};

use auth_config::{Choices, Config, limits};
use secrecy::ExposeSecret;

/// The child process: prints the loaded cloud.
#[test]
fn child() {
    if env::var_os("AUTH_CONFIG_CHILD").is_none() {
        return;
    }
    let found = Config::load().and_then(|config| config.cloud(&Choices::default()));
    match found {
        Err(error) => eprintln!("error: {error}"),
        Ok(cloud) => {
            let password = cloud.secret("password").map(|password| password.expose_secret());
            eprintln!("found {} with {}", cloud.name(), password.unwrap_or("none"));
            cloud.store().into_iter().for_each(|store| eprintln!("store: {store:?}"));
            cloud.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
        }
    }
}

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{name}"));
        let _ = fs::remove_dir_all(&root);
        for directory in ["work", "home/.config/openstack"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        Self(root)
    }

    fn file(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>, mode: u32) {
        let path = self.0.join(path);
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn load(&self, variables: &[(&str, OsString)]) -> String {
        let out = Command::new(env::current_exe().unwrap())
            .args(["--exact", "load::child", "--nocapture"])
            .env_clear()
            .env("AUTH_CONFIG_CHILD", "1")
            .env("HOME", self.0.join("home"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.0.join("work"))
            .output()
            .unwrap();
        String::from_utf8(out.stderr).unwrap()
    }
}

const CLOUDS: &str = "clouds: {mine: {auth: {username: me, password: file}}}";
const SECURE: &str = "clouds: {mine: {auth: {password: secure}}}";

#[test]
fn working_directory_and_user_files_are_found() {
    let place = Place::new("both");
    place.file("work/clouds.yaml", CLOUDS, 0o644);
    place.file("home/.config/openstack/secure.yaml", SECURE, 0o600);
    assert_eq!(place.load(&[]), "found mine with secure\n");
}

#[cfg(unix)]
#[test]
fn the_file_mode_is_checked() {
    let place = Place::new("mode");
    place.file("work/clouds.yaml", CLOUDS, 0o604);
    let said = place.load(&[]);
    assert!(said.contains("clouds.yaml: holds a secret and is readable by others"), "{said}");
    place.file("work/clouds.yaml", CLOUDS, 0o640);
    assert_eq!(place.load(&[]), "found mine with file\n");
}

#[test]
fn only_known_prefixes_are_read() {
    let place = Place::new("variables");
    let said = place.load(&[("OS_PASSWORD", "variable".into()), ("PASSWORD", "other".into())]);
    assert_eq!(said, "found envvars with variable\n");
    let elsewhere = place.0.join("c.yaml");
    place.file("c.yaml", CLOUDS, 0o600);
    let said = place.load(&[("OS_CLIENT_CONFIG_FILE", elsewhere.into())]);
    assert_eq!(said, "found mine with file\n");
    // The other prefix: for all clouds.
    place.file("work/clouds.yaml", CLOUDS, 0o600);
    let said = place.load(&[("CLOUD_AUTH_STORE", "redis://:s3cret@h".into())]);
    let shown = "found mine with file\nstore: Redis(SecretBox<str>([REDACTED]))\n";
    assert_eq!(said, shown);
    assert_eq!(place.load(&[("CLOUD_AUTH_PLACE", "file".into())]), "found mine with file\n");
}

#[cfg(unix)]
#[test]
fn a_non_unicode_variable_is_named_only() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new("unicode");
    let said = place.load(&[("OS_PASSWORD", OsString::from_vec(b"hunter2\xff".to_vec()))]);
    assert_eq!(said, "error: variable OS_PASSWORD: not valid Unicode; set it again\n");
    let said = place.load(&[("CLOUD_AUTH_STORE", OsString::from_vec(b"hunter2\xff".to_vec()))]);
    assert_eq!(said, "error: variable CLOUD_AUTH_STORE: not valid Unicode; set it again\n");
    let said =
        place.load(&[("OS_CLOUD", "x".into()), ("OTHER", OsString::from_vec(b"\xff".to_vec()))]);
    assert!(said.contains("cloud x: not configured"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_only_where_it_is_named() {
    let place = Place::new("pipe");
    place.file("home/.config/openstack/clouds.yaml", CLOUDS, 0o600);
    let pipe = place.0.join("work/clouds.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = place.load(&[]);
    assert!(said.contains("found mine with file"), "{said}");
    assert!(said.contains("work/clouds.yaml: cannot be read"), "{said}");

    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, SECURE).unwrap()
    });
    let said = place.load(&[("OS_CLIENT_CONFIG_FILE", pipe.into())]);
    writer.join().unwrap();
    assert!(said.contains("found mine with secure"), "{said}");
}

/// A file that a variable names, and that exists, is read or refused: another one on the search
/// path may log in as another user.
#[cfg(unix)]
#[test]
fn a_named_file_is_read_or_refused() {
    let place = Place::new("named");
    place.file("home/.config/openstack/clouds.yaml", CLOUDS, 0o600);
    let at = |name: &str| place.0.join(name);
    fs::create_dir(at("directory")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    fs::File::create(at("sparse")).unwrap().set_len(1 << 30).unwrap();
    assert!(Command::new("mkfifo").arg(at("silent")).status().unwrap().success());
    let rows = [
        ("directory", "is a directory; name a file"),
        ("socket", "is a socket; name a regular file or a pipe"),
        ("/dev/zero", "is a device; name a regular file or a pipe"),
        ("sparse", "larger than 1048576 bytes; check that it is the right file"),
        ("silent", "has no end within 5 s; check the program that writes to this pipe"),
    ];
    std::thread::scope(|scope| {
        for (name, says) in rows {
            for variable in ["OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"] {
                let (place, path) = (&place, at(name));
                scope.spawn(move || {
                    let said = place.load(&[(variable, path.clone().into())]);
                    let path = path.display();
                    assert_eq!(said, format!("error: {variable}: {path}: {says}\n"));
                });
            }
        }
    });
    let said = place.load(&[("OS_CLIENT_CONFIG_FILE", at("nosuch").into())]);
    assert_eq!(said, "found mine with file\n");
}

#[test]
fn json_files_are_found() {
    let place = Place::new("json");
    place.file("work/clouds.json", r#"{"clouds": {"mine": {"auth": {"username": "me"}}}}"#, 0o600);
    let secure = r#"{"clouds": {"mine": {"auth": {"password": "k\ud83d\udd11"}}}}"#;
    place.file("home/.config/openstack/secure.json", secure, 0o600);
    assert_eq!(place.load(&[]), "found mine with k\u{1f511}\n");
    place.file("work/clouds.json", "{\"clouds\":\n {\"mine\": s3cret}}", 0o600);
    let said = place.load(&[]);
    assert!(said.contains("clouds.json:2:11: not valid JSON"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn unreadable_and_too_large_files_are_reported() {
    let place = Place::new("large");
    fs::create_dir(place.0.join("work/clouds.yaml")).unwrap();
    place.file("home/.config/openstack/clouds.yaml", CLOUDS, 0o600);
    let said = place.load(&[]);
    assert!(said.starts_with("found mine with file\nwarning: "), "{said}");
    assert!(said.contains("work/clouds.yaml: cannot be read"), "{said}");
    for (length, says) in [
        (limits::FILE, "no cloud is configured"),
        (limits::FILE + 1, "clouds.yaml: larger than 1048576 bytes"),
        (2 << 20, "clouds.yaml: larger than 1048576 bytes"),
    ] {
        place.file("home/.config/openstack/clouds.yaml", vec![b'\n'; length], 0o600);
        let said = place.load(&[]);
        assert!(said.contains(says), "{length}: {said}");
    }
    assert!(!place.load(&[("OS_CLOUD", "x".into())]).contains("found"));
}
