//! Secrets from files, variables and commands, with real files and processes. The test program
//! starts itself again in the row's working directory.

#[cfg(all(feature = "reqwest", feature = "ureq"))]
mod clients;
mod rows;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use auth_config::{Choices, Config};
use auth_proto::{Login, Question, Step};
use secrecy::ExposeSecret;

/// A configuration, its surroundings, and the outcome.
struct Row {
    name: &'static str,
    /// A script for sh that runs in an empty directory with the folders of [`FOLDERS`].
    setup: &'static str,
    /// The file of the configuration.
    file: &'static str,
    /// The keys beside the user.
    auth: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// The working directory.
    directory: &'static str,
    /// `secret: …` or the beginning of an error, with `$ROOT` for the row's directory.
    want: &'static str,
}

const FOLDERS: [&str; 3] = ["elsewhere", "home/.config/openstack", "here"];
/// The user's own configuration.
const OWN: &str = "home/.config/openstack/clouds.yaml";
/// One that is found because the program runs beside it.
const HERE: &str = "here/clouds.yaml";

#[test]
#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
fn every_source_has_its_outcome() {
    let outcomes: Vec<_> = thread::scope(|scope| {
        let start = |(index, row)| scope.spawn(move || (row, outcome(index, row)));
        let running: Vec<_> = rows::ROWS.iter().enumerate().map(start).collect();
        running.into_iter().map(|row| row.join().unwrap()).collect()
    });
    let mut wrong = 0;
    for (row, came) in &outcomes {
        let is_exact = row.want.starts_with("secret: ");
        let fits = if is_exact { came == row.want } else { came.starts_with(row.want) };
        if fits && !came.contains("s3cret") {
            println!("  {}: {came}", row.name);
        } else {
            println!("WRONG {}: {came}, not {}", row.name, row.want);
            wrong += 1;
        }
    }
    println!("{} hostile rows, {wrong} wrong", outcomes.len());
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

/// Everything that the child has written, which includes what its commands have leaked.
fn outcome(index: usize, row: &Row) -> String {
    let root = new_root(&format!("source-{index}"));
    let keys = format!("auth_url: 'https://k.example/v3', user_id: u, {}", row.auth);
    fs::write(root.join(row.file), format!("clouds: {{c: {{auth: {{{keys}}}}}}}")).unwrap();
    run(&root, row.setup);
    let came = load(&root, row.directory, row.variables);
    came.replace(&root.display().to_string(), "$ROOT")
}

fn run(directory: &Path, script: &str) {
    let done = Command::new("sh").args(["-ec", script]).current_dir(directory).status().unwrap();
    assert!(done.success(), "{script}");
}

fn new_root(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&root);
    FOLDERS.iter().for_each(|folder| fs::create_dir_all(root.join(folder)).unwrap());
    root
}

/// The text that a new process writes, which loads its configuration in this directory.
fn load(root: &Path, directory: &str, variables: &[(&str, &str)]) -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "sources::child", "--nocapture"])
        .env_clear()
        .envs([("AUTH_CONFIG_SOURCE", "1".into()), ("PATH", path)])
        .env("HOME", root.join("home"))
        .envs(variables.iter().copied())
        .current_dir(root.join(directory))
        .output()
        .unwrap();
    String::from_utf8(child.stderr).unwrap().trim_end().to_owned()
}

/// The child process: reads the secret that the first question of a login asks for.
#[test]
fn child() {
    if env::var_os("AUTH_CONFIG_SOURCE").is_none() {
        return;
    }
    let found = Config::load()
        .and_then(|config| config.cloud(&Choices::default()))
        .and_then(|cloud| Ok((cloud.credential()?, cloud)));
    let (credential, cloud) = match found {
        Ok(found) => found,
        Err(error) => return eprintln!("{error}"),
    };
    let login = Login::new(&cloud.cloud().unwrap(), credential, cloud.scope().unwrap()).unwrap();
    let Step::Ask(question @ Question::Secret(source)) = &login.poll().unwrap() else {
        return eprintln!("asks nothing");
    };
    let reader = cloud.secret_reader();
    match reader.read(source) {
        Ok(secret) => eprintln!("secret: {}", secret.expose_secret().escape_debug()),
        Err(error) => {
            // The clients show the same text.
            let failure = reader.reply(question).unwrap_err().to_string();
            assert!(failure.starts_with("cannot read a secret: "), "{failure}");
            eprintln!("{error}");
        }
    }
}

/// A mounted file that is rotated, and a command: each read gives the secret of that moment.
#[test]
fn a_secret_is_read_again_each_time() {
    let root = new_root("rotation");
    let mount = root.join("mount");
    let rotate = |version: &str| {
        // As Kubernetes does it: a new folder, and one link that is replaced.
        fs::create_dir_all(mount.join(version)).unwrap();
        fs::write(mount.join(version).join("token"), version).unwrap();
        run(&mount, &format!("ln -sfn {version} ..new; mv -T ..new ..data"));
    };
    rotate("one");
    run(&mount, "ln -s ..data/token token");
    let file = mount.join("token").display().to_string();
    let auth = format!("user_id: u, password_file: {file}, client_secret_command: [cat, {file}]");
    let files = auth_config::Files::in_directory(&root)
        .with("clouds.yaml", format!("clouds: {{c: {{auth: {{{auth}}}}}}}"));
    let named = [("OS_CLIENT_CONFIG_FILE", "clouds.yaml")];
    let reader = crate::support::of(&files, &named).unwrap().secret_reader();
    let read = |name: String| {
        let secret = reader.read(&auth_proto::SecretSource::new(name)).unwrap();
        secret.expose_secret().to_owned()
    };
    for version in ["one", "two", "three"] {
        rotate(version);
        assert_eq!(read(format!("password_file ({file})")), version);
        assert_eq!(read("client_secret_command (cat)".to_owned()), version);
    }
}
