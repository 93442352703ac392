//! Configurations that name files of every kind: each run ends by itself, with a documented exit
//! code, in little memory.

use std::{
    fs,
    os::unix::net::UnixListener,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use testing::{Authority, Loopback, Reply};

use crate::{Machine, Run};

const RUNS: usize = 200;

/// The memory that a run may take for data, in KiB.
const MEMORY: usize = 64 * 1024;

/// Ends a run that hangs. One that waits for a pipe takes 5 s.
const HANGS: &str = "60";

#[test]
#[expect(clippy::print_stdout, reason = "the exit codes show that the runs differ")]
fn any_file_ends_in_an_exit_code() {
    let authority = Authority::new();
    let server = Loopback::start_tls(authority.mutual_server("localhost"), |_| {
        let token = r#"{"token":{"expires_at":"2999-01-01T00:00:00Z"}}"#;
        Reply::new(201, "X-Subject-Token: t\r\nConnection: close\r\n", token)
    });
    let url = format!("https://localhost:{}/v3", server.port());
    let machine = Machine::with("clouds: {}");
    let _listener = files(&machine, &authority);
    let (next, codes) = (AtomicUsize::new(0), [const { AtomicUsize::new(0) }; 6]);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Relaxed)).filter(|n| *n < RUNS) {
                    let (clouds, variables) = configuration(number, &url);
                    let run = run(machine.0.path(), number, &clouds, &variables);
                    let code = usize::try_from(run.code).ok().and_then(|code| codes.get(code));
                    let Some(code) = code else { panic!("{clouds} {variables:?}: {run:?}") };
                    assert!(!run.err.contains("panicked"), "{clouds} {variables:?}: {run:?}");
                    code.fetch_add(1, Relaxed);
                }
            });
        }
    });
    println!("{RUNS} runs by exit code: {codes:?}");
    let count = |code: usize| codes[code].load(Relaxed);
    assert!(count(0) > 0 && count(2) > RUNS / 2, "too few kinds of outcome: {codes:?}");
}

/// Usable certificates come first, so that some of the runs log in.
const CERTS: [&str; 13] = [
    "both.pem",
    "cert.pem",
    "key.pem",
    "other.pem",
    "garbage.pem",
    "empty.pem",
    "nosuch.pem",
    "directory",
    "socket",
    "silent.fifo",
    "/dev/zero",
    "sparse.pem",
    "unreadable.pem",
];

/// The files of [`CERTS`], and of [`configuration`].
fn files(machine: &Machine, authority: &Authority) -> UnixListener {
    let at = |name: &str| machine.0.path().join(name);
    let (cert, key) = authority.issue("me");
    machine.write("ca.pem", &authority.pem());
    machine.write("both.pem", &format!("{cert}{key}"));
    machine.write("cert.pem", &cert);
    machine.write("key.pem", &key);
    let (_, other) = authority.issue("me");
    machine.write("other.pem", &format!("{cert}{other}"));
    let section = |label| format!("-----BEGIN {label}-----\nTUlJQ2Fu\n-----END {label}-----\n");
    machine.write("garbage.pem", &(section("CERTIFICATE") + &section("PRIVATE KEY")));
    machine.write("empty.pem", "");
    machine.write("unreadable.pem", &cert);
    Command::new("chmod").arg("000").arg(at("unreadable.pem")).status().unwrap();
    fs::create_dir(at("directory")).unwrap();
    fs::File::create(at("sparse.pem")).unwrap().set_len(1 << 30).unwrap();
    assert!(Command::new("mkfifo").arg(at("silent.fifo")).status().unwrap().success());
    UnixListener::bind(at("socket")).unwrap()
}

/// The clouds.yaml of a run, and its variables.
fn configuration(number: usize, url: &str) -> (String, Vec<(&'static str, &'static str)>) {
    // A generator of pseudo-random numbers: the same runs each time.
    let mut state = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let mut settings = vec![format!("auth: {{auth_url: '{url}', user_id: u, password: pw}}")];
    let any = |random: &mut dyn FnMut(usize) -> usize| CERTS[random(CERTS.len())];
    match random(4) {
        0 => settings.push(format!("cacert: '{}'", any(&mut random))),
        _ => settings.push("cacert: ca.pem".to_owned()),
    }
    match random(4) {
        0 => settings.push("cert: both.pem".to_owned()),
        1 => settings.push(format!("cert: cert.pem, key: '{}'", any(&mut random))),
        2 => settings.push(format!("cert: '{}'", any(&mut random))),
        _ => settings.push(format!("cert: '{}', key: '{}'", any(&mut random), any(&mut random))),
    }
    let mut variables = Vec::new();
    if random(6) == 0 {
        variables.push(("OS_CLIENT_CONFIG_FILE", any(&mut random)));
    }
    if random(6) == 0 {
        variables.push(("OS_CLIENT_SECURE_FILE", any(&mut random)));
    }
    (format!("clouds: {{c: {{{}}}}}", settings.join(", ")), variables)
}

/// Each run has a working directory of its own, in which the names of the files are links.
fn run(files: &Path, number: usize, clouds: &str, variables: &[(&str, &str)]) -> Run {
    let directory = files.join(format!("run{number}"));
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("clouds.yaml"), clouds).unwrap();
    for name in CERTS.iter().chain(&["ca.pem"]).filter(|name| !name.starts_with('/')) {
        std::os::unix::fs::symlink(files.join(name), directory.join(name)).unwrap();
    }
    let limited = format!("ulimit -d {MEMORY}; exec timeout {HANGS} \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_cloud-auth"), "token", "--cloud", "c"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &directory)
        .envs(variables.iter().copied())
        .current_dir(&directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::of(output)
}
