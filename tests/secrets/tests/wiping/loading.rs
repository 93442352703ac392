//! A configuration as a program loads it. Files and variables are a whole process's, so that one is
//! started for it.

use std::{env, fs, hint::black_box, path::Path, process::Command};

use auth_config::{Choices, Config};

use crate::{
    PASSCODE, PASSWORD, TOKEN,
    allocator::{is_of, looked_into, watch},
    core::LIBRARIES,
};

pub(crate) fn is_watched() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wiping");
    fs::create_dir_all(&directory).unwrap();
    let auth = format!("{{auth_url: 'https://k.example/v3', username: u, password: '{TOKEN}'}}");
    // More than is read at once.
    let clouds = format!("clouds: {{mine: {{auth: {auth}}}}}\n{}", "# \n".repeat(30_000));
    fs::write(directory.join("clouds.yaml"), clouds).unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "loading::child", "--nocapture"])
        .env_clear()
        .envs([(CHILD, "1"), ("OS_CLOUD", "mine"), ("OS_PASSWORD", PASSWORD), ("OS_TOKEN", TOKEN)])
        .env("OS_PASSCODE", PASSCODE)
        .current_dir(&directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("found 0 blocks"), "{said}{child:?}");
}

const CHILD: &str = "AUTH_WIPING_CHILD";

/// What the process that is started does.
#[test]
#[expect(clippy::print_stdout, reason = "that is how the parent is told")]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let before = looked_into();
    let ((), found) = watch(|| {
        let config = Config::load().unwrap();
        let cloud = config.cloud(&Choices::default()).unwrap();
        black_box((cloud.credential().unwrap(), cloud.secret("token").is_some()));
    });
    assert!(looked_into() > before + 100);
    let own: Vec<_> = found.iter().filter(|trace| !is_of(trace, &LIBRARIES)).collect();
    println!("found {} blocks", own.len());
    own.first().into_iter().for_each(|trace| println!("the first one by\n{trace}"));
}
