//! The program in a home directory of its own.

use std::{
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A home directory with this configuration, and nothing else.
pub(crate) struct Machine(pub(crate) TempDir);

impl Machine {
    /// The program searches the working directory first, so it reads no other file.
    pub(crate) fn with(clouds: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("clouds.yaml", clouds);
        machine.write("secure.yaml", "clouds: {}");
        machine.write("clouds-public.yaml", "public-clouds: {}");
        machine
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-auth"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command.envs(variables.iter().copied());
        testing::configured::program(&mut command);
        command
    }

    pub(crate) fn run(
        &self,
        arguments: &[&str],
        input: impl AsRef<[u8]>,
        variables: &[(&str, &str)],
    ) -> Run {
        let mut child = self
            .command(arguments, variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program without input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(child.wait_with_output().unwrap())
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    /// Without the line that says what the program waits for: a busy machine makes any run slow.
    pub(crate) err: String,
    /// That line.
    pub(crate) waited: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        let (waited, err) =
            err.split_inclusive('\n').partition(|line| line.starts_with("waiting for "));
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err,
            waited,
        }
    }

    /// The output of a successful run.
    pub(crate) fn ok(self) -> String {
        assert!(self.code == 0 && self.err.is_empty(), "{self:?}");
        self.out
    }

    /// The error text of a run that failed with this code, with this part in the text.
    pub(crate) fn failed(self, code: i32, part: &str) -> String {
        assert!(self.code == code && self.out.is_empty(), "{self:?}");
        assert!(self.err.starts_with("error: ") && self.err.contains(part), "{self:?}");
        self.err
    }
}
