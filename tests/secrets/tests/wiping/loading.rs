//! A configuration loaded from files and variables of a process, which the test starts for it.

use std::{env, fs, hint::black_box, path::Path, process::Command};

use auth_config::{Choices, Config};

use crate::{
    PASSCODE, PASSWORD, TOKEN,
    allocator::{is_of, searched_blocks, watch},
    core::LIBRARIES,
};

pub(crate) fn is_watched() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wiping");
    fs::create_dir_all(&directory).unwrap();
    let auth = format!("{{auth_url: 'https://k.example/v3', username: u, password: '{TOKEN}'}}");
    // Larger than one read.
    let clouds = format!("clouds: {{mine: {{auth: {auth}}}}}\n{}", "# \n".repeat(30_000));
    fs::write(directory.join("clouds.yaml"), clouds).unwrap();
    // Only the decoded text holds the password.
    let escaped: String =
        PASSWORD.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect();
    let secure = format!(r#"{{"clouds": {{"mine": {{"auth": {{"password": "{escaped}"}}}}}}}}"#);
    fs::write(directory.join("secure.json"), secure).unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "loading::child", "--nocapture"])
        .env_clear()
        .envs([(CHILD, "1"), ("OS_CLOUD", "mine"), ("OS_PASSWORD", PASSWORD), ("OS_TOKEN", TOKEN)])
        .env("OS_PASSCODE", PASSCODE)
        .env("CLOUD_AUTH_STORE", format!("redis://:{TOKEN}@h"))
        .current_dir(&directory)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains("found 0 blocks"), "{output}{child:?}");
}

const CHILD: &str = "AUTH_WIPING_CHILD";

/// Runs in the process that the test starts.
#[test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let before = searched_blocks();
    let ((), found) = watch(|| {
        let config = Config::load().unwrap();
        let cloud = config.cloud(&Choices::default()).unwrap();
        black_box((
            cloud.credential().unwrap(),
            cloud.secret("token").is_some(),
            cloud.store().unwrap(),
        ));
    });
    assert!(searched_blocks() > before + 100);
    let own: Vec<_> = found.iter().filter(|trace| !is_of(trace, &LIBRARIES)).collect();
    println!("found {} blocks", own.len());
    own.first().into_iter().for_each(|trace| println!("the first one by\n{trace}"));
}
