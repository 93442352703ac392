//! The command lines of the README.

use std::{env, path::Path};

use crate::{Machine, Run};

#[test]
fn every_command_line_works() {
    let readme = include_str!("../../../../README.md");
    let section = readme.split("## A program\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let block = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_cloud-auth")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
    assert!(block.lines().count() > 4, "{block}");
    // One after another in one shell, as they are pasted: what one exports, the next ones see. A
    // token alone leaves the configured cloud the default.
    let machine =
        Machine::with("clouds: {c: {auth: {auth_url: 'https://k.example/v3', username: u}}}");
    let after = "test -n \"$OS_TOKEN\"\ncloud-auth config --format json";
    let output = machine.shell(&format!("set -e\n{block}{after}"), &[("PATH", &path)]);
    assert!(output.code == 0 && output.err.is_empty(), "{output:?}");
    assert!(output.out.contains("\"cloud\": \"c\""), "{output:?}");
}

impl Machine {
    fn shell(&self, line: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", line]).env_clear().env("HOME", self.0.path());
        let output = command.current_dir(self.0.path()).envs(variables.iter().copied()).output();
        Run::of(output.unwrap())
    }
}
