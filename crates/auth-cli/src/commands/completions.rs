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
        print::bytes(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
