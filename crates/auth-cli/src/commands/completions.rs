use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::{Failure, print};

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete for
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(crate) fn run(&self, mut program: Command) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "cloud-auth", &mut script);
        let script = String::from_utf8_lossy(&script);
        // clap_complete spells the hyphen of the program's name in two ways, so that Bash knows no
        // flag of a command: https://github.com/clap-rs/clap/issues/6421.
        print::text(&script.replace("cloud__subcmd__auth", "cloud__auth"))?;
        Ok(ExitCode::SUCCESS)
    }
}
