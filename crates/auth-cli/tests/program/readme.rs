//! The command lines of the README at the top of the repository.

use std::{env, path::Path, process::Command};

use crate::{Machine, Run};

#[test]
fn the_command_lines_of_the_readme_work() {
    let readme = include_str!("../../../../README.md");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block: String = blocks.filter(|block| block.contains("cloud-auth --emulator")).collect();
    assert!(block.lines().count() >= 3, "{block}");
    // All lines run in one shell, as a user pastes them, so that later lines see exported
    // variables. An exported token leaves the configured cloud the default.
    let after = "test -n \"$OS_TOKEN\"\ncloud-auth config --format json";
    let script = format!("set -e\n{block}{after}");
    let machine =
        Machine::with("clouds: {c: {auth: {auth_url: 'https://k.example/v3', username: u}}}");
    let program = Path::new(env!("CARGO_BIN_EXE_cloud-auth")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
    let home = machine.0.path();
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env_clear().env("HOME", home).env("PATH", path).current_dir(home);
    let run = Run::of(shell.output().unwrap());
    assert!(run.code == 0 && run.err.is_empty(), "{run:?}");
    assert!(run.out.contains("\"cloud\": \"c\""), "{run:?}");
}
