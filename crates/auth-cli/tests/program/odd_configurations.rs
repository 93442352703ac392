//! Random configurations that name odd files: the program ends with a documented exit code, soon
//! and in little memory.
//!
//! `ODD_CONFIGURATIONS` is their number, `ODD_SEED` the seed of the first.
#![cfg(target_os = "linux")]

use std::{
    env,
    fs::{self, File, Permissions},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Server, System, account};
use fastrand::Rng;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;
use testing::{Authority, Loopback, Reply};

/// The longest time and the most memory, in KiB, that a run may take.
const LONGEST: Duration = Duration::from_secs(10);
const MEMORY: usize = 64 * 1024;

/// Most runs wait, if they take any time.
const AT_ONCE: usize = 8;

#[test]
#[expect(clippy::print_stdout, reason = "the exit codes show that the runs differ")]
fn any_configuration_ends_with_a_known_code() {
    let number = |name: &str, usual| env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (count, first) = (number("ODD_CONFIGURATIONS", 20), number("ODD_SEED", 1));
    let world = World::new();
    let (next, ends) = (AtomicU64::new(first), [const { AtomicU64::new(0) }; 6]);
    let wrong = thread::scope(|scope| {
        let worker = || {
            let mut wrong = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return wrong;
                }
                match Configuration::new(&world, seed).run() {
                    Ok(code) => drop(ends[code].fetch_add(1, Ordering::Relaxed)),
                    Err(why) => wrong.push(format!("ODD_SEED={seed}: {why}")),
                }
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    println!("{count} configurations; by exit code: {ends:?}; wrong: {}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The servers and the files that all configurations share.
struct World {
    _emulator: Server,
    home: TempDir,
    /// The section `auth`: half of the logins work, half are refused over TLS.
    logins: Vec<serde_json::Value>,
    /// Regular files.
    files: Vec<PathBuf>,
    /// Others, and one that is too large.
    odd: Vec<PathBuf>,
}

impl World {
    fn new() -> Self {
        let (emulator, authority, other) =
            (Server::start().unwrap(), Authority::new(), Authority::new());
        // A server that asks for a client's certificate would make a login without one wait.
        let tls = Loopback::start_tls(authority.server("localhost"), |_| Reply::new(401, "", "no"));
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let ((certificate, key), (_, other_key)) = (authority.issue("me"), other.issue("me"));
        for (name, text) in [
            ("ca.pem", authority.pem()),
            ("other-ca.pem", other.pem()),
            ("cert.pem", certificate.clone()),
            ("key.pem", key.clone()),
            ("both.pem", format!("{certificate}{key}")),
            ("other-key.pem", other_key),
            ("empty.pem", String::new()),
            ("cut.pem", certificate[..certificate.len() / 2].to_owned()),
            ("cut-key.pem", key.replace("PRIVATE", "EC PRIVATE")),
            ("broken.pem", certificate.replace(['A', 'B', 'C'], "!")),
            ("garbage.pem", pem("CERTIFICATE", "AAAA")),
            ("garbage-key.pem", pem("PRIVATE KEY", "AAAA")),
            ("garbage-rsa.pem", pem("RSA PRIVATE KEY", "MAMCAQA=")),
            (
                "rsa1024.pem",
                include_str!("../../../auth-config/tests/it/pem/rsa1024.pem").to_owned(),
            ),
            ("encrypted.pem", pem("ENCRYPTED PRIVATE KEY", "AAAA")),
            ("many.pem", authority.pem().repeat(500)),
            ("text", "a\n".repeat(1000)),
            ("odd.yaml", "a: &a [*a, {b: [c".to_owned()),
            ("deep.yaml", "[".repeat(5000)),
            ("odd.json", r#"{"clouds": {"c": {"auth": "\ud83d"}}}"#.to_owned()),
            ("unreadable", "x".to_owned()),
        ] {
            fs::write(at(name), text).unwrap();
        }
        fs::write(at("bytes"), [0xff, 0xfe, 0, 1, 2, 0x80]).unwrap();
        fs::set_permissions(at("unreadable"), Permissions::from_mode(0o0)).unwrap();
        File::create(at("sparse")).unwrap().set_len(1 << 30).unwrap();
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        fs::create_dir(at("directory")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("/dev/zero", at("zeros")).unwrap();
        drop(UnixListener::bind(at("socket")).unwrap());
        let files = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        let (mut files, mut odd): (Vec<_>, Vec<_>) =
            files.partition(|path| fs::symlink_metadata(path).unwrap().is_file());
        odd.extend(DEVICES.map(PathBuf::from));
        odd.push(at("sparse"));
        files.sort();
        odd.sort();
        let mut logins = vec![
            serde_json::json!({
                "auth_url": emulator.url(System::NhnIaas),
                "username": account::NHN_USER,
                "password": account::NHN_PASSWORD,
                "project_id": account::NHN_TENANT,
            }),
            serde_json::json!({
                "auth_url": emulator.url(System::Otc),
                "username": account::OTC_USER,
                "user_domain_name": account::OTC_DOMAIN,
                "password": account::OTC_PASSWORD,
            }),
        ];
        let url = format!("https://localhost:{}/v3", tls.port());
        let refused = serde_json::json!({"auth_url": url, "user_id": "u", "password": "pw"});
        logins.extend([refused.clone(), refused]);
        Self { _emulator: emulator, home, logins, files, odd }
    }
}

fn pem(label: &str, base64: &str) -> String {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

/// A directory with a configuration, and a command.
struct Configuration {
    directory: TempDir,
    command: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Configuration {
    fn new(world: &World, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let directory = tempfile::tempdir().unwrap();
        let file = |rng: &mut Rng| {
            let files = if rng.bool() { &world.files } else { &world.odd };
            rng.choice(files).unwrap().display().to_string()
        };
        let login = rng.choice(&world.logins).unwrap().clone();

        let mut cloud = serde_json::json!({"auth": login});
        for (key, likely) in LIKELY {
            match rng.u8(..5) {
                0 => {}
                1 | 2 => {
                    let name = rng.choice(likely).unwrap();
                    cloud[key] = world.home.path().join(name).display().to_string().into();
                }
                _ => cloud[key] = file(&mut rng).into(),
            }
        }
        if rng.u8(..8) == 0 {
            cloud["auth"][*rng.choice(&AUTH_KEYS).unwrap()] = odd_value(&mut rng);
        }
        if rng.u8(..3) == 0 {
            cloud[*rng.choice(&KEYS).unwrap()] = odd_value(&mut rng);
        }
        let clouds = serde_json::json!({"clouds": {"c": cloud}}).to_string();
        let end = *rng.choice(&["yaml", "yml", "json"]).unwrap();
        // YAML reads JSON, too; a cut text is broken in both.
        let cut = if rng.u8(..20) == 0 { rng.usize(..clouds.len()) } else { clouds.len() };
        fs::write(directory.path().join(format!("clouds.{end}")), &clouds.as_bytes()[..cut])
            .unwrap();
        for kind in ["secure", "clouds-public"] {
            if rng.u8(..10) == 0 {
                let end = *rng.choice(&["yaml", "yml", "json"]).unwrap();
                symlink(file(&mut rng), directory.path().join(format!("{kind}.{end}"))).unwrap();
            }
        }

        let mut variables = Vec::new();
        for name in
            ["OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE", "OS_CACERT", "OS_CERT", "OS_KEY"]
        {
            if rng.u8(..20) == 0 {
                variables.push((name.to_owned(), file(&mut rng)));
            }
        }
        let command = *rng.choice(&COMMANDS).unwrap();
        let command = command.split(' ').map(str::to_owned).collect();
        Self { directory, command, variables }
    }

    /// The exit code, if it is a documented one.
    fn run(&self) -> Result<usize, String> {
        let errors = self.directory.path().join("errors");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-auth"));
        command
            .args(&self.command)
            .env_clear()
            .env("HOME", self.directory.path())
            .envs(self.variables.iter().cloned())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap());
        testing::configured::program(&mut command);
        let end = end_of(command.spawn().unwrap());
        let said = String::from_utf8_lossy(&fs::read(&errors).unwrap()).into_owned();
        match &end {
            Ok(Some(code @ 0..=5)) if !said.contains("panicked") => Ok(*code as usize),
            _ => Err(format!("{end:?}: {said}\n{}", self.description())),
        }
    }

    fn description(&self) -> String {
        let Self { directory, command, variables } = self;
        let files = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path());
        let shown = |path: PathBuf| match fs::read_link(&path) {
            Ok(target) => format!("{} -> {}", path.display(), target.display()),
            Err(_) => format!("{}: {}", path.display(), text_of(&path)),
        };
        format!("{command:?} {variables:?}\n{}", files.map(shown).collect::<Vec<_>>().join("\n"))
    }
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The exit code, if there is one. A program that takes too long or too much is killed.
fn end_of(mut child: Child) -> Result<Option<i32>, &'static str> {
    let started = Instant::now();
    // Until the program replaces it, the memory is that of this process, so one reading proves nothing.
    let mut last = None;
    loop {
        let peak = peak_memory(child.id());
        let before = std::mem::replace(&mut last, peak);
        if let Some(status) = child.try_wait().unwrap() {
            return Ok(status.code());
        }
        let why = match peak {
            Some(peak) if peak.min(before.unwrap_or(0)) > MEMORY => "takes more than 64 MiB",
            _ if started.elapsed() > LONGEST => "takes more than 10 s",
            _ => {
                thread::sleep(Duration::from_millis(2));
                continue;
            }
        };
        child.kill().unwrap();
        child.wait().unwrap();
        return Err(why);
    }
}

/// The most memory of a process so far, in KiB. A process that has ended has none.
fn peak_memory(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

const DEVICES: [&str; 6] =
    ["/dev/zero", "/dev/null", "/dev/full", "/dev/tty", "/proc/self/mem", "/nosuch"];

/// Files with the sections that a key needs; not every pair fits together.
const LIKELY: [(&str, &[&str]); 3] = [
    ("cacert", &["ca.pem", "many.pem"]),
    ("cert", &["cert.pem", "both.pem", "garbage.pem", "rsa1024.pem"]),
    ("key", &["key.pem", "other-key.pem", "garbage-key.pem", "encrypted.pem", "rsa1024.pem"]),
];

const COMMANDS: [&str; 8] = [
    "token",
    "token --cloud c --format json",
    "catalog --cloud c",
    "endpoint compute --cloud c",
    "config",
    "config --names",
    "projects --cloud c",
    "curl --cloud c --service compute /",
];

const KEYS: [&str; 16] = [
    "allow_plain_http",
    "api_timeout",
    "auth",
    "auth_type",
    "cacert",
    "cert",
    "compute_endpoint_override",
    "insecure",
    "interface",
    "key",
    "profile",
    "region_name",
    "regions",
    "verify",
    "\u{0}",
    "unknown",
];

const AUTH_KEYS: [&str; 6] =
    ["auth_url", "domain_id", "passcode", "password", "system_scope", "token"];

fn odd_value(rng: &mut Rng) -> serde_json::Value {
    let values = [
        serde_json::Value::Null,
        true.into(),
        false.into(),
        0.into(),
        (-1).into(),
        1e300.into(),
        "".into(),
        "\u{0}".into(),
        "otc".into(),
        "v3token".into(),
        "~/nosuch".into(),
        "{region_name}".into(),
        "https://[::1".into(),
        "x".repeat(100_000).into(),
        serde_json::json!([]),
        serde_json::json!([null, {}, [["a"]]]),
        serde_json::json!({"a": {"b": {}}}),
    ];
    rng.choice(values).unwrap()
}
