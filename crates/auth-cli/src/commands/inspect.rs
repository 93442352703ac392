use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
};

use auth_proto::ApiVersion;
use clap::{Args, ValueEnum};

use crate::{failure::Failure, inspect, print, raw};

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// The protocol that a token is read by
    #[arg(long, value_enum, default_value_t = DialectName::Auto)]
    api_version: DialectName,

    /// The response as `curl -i` prints it: status line, headers, blank line, body; standard input
    /// if there is none or it is `-`
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DialectName {
    /// Whichever it is
    Auto,
    /// v2.0: the token in the body
    V2,
    /// v3: the token in the X-Subject-Token header
    V3,
}

impl InspectArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let text = match &self.file {
            Some(file) if file.as_os_str() != "-" => File::open(file).and_then(read),
            _ => read(io::stdin().lock()),
        };
        let text = text.map_err(|why| {
            Failure::failed(format!("cannot read the response: {why}; name a readable file, or -"))
        })?;
        let report = inspect::inspect(&text, self.api_version());
        print::json(&report)?;
        Ok(if report.is_understood() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn api_version(&self) -> Option<ApiVersion> {
        match self.api_version {
            DialectName::Auto => None,
            DialectName::V2 => Some(ApiVersion::V2),
            DialectName::V3 => Some(ApiVersion::V3),
        }
    }
}

/// Reads one byte more than fits at most, which is enough to tell that it is too long.
fn read(input: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.take(raw::TEXT as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
