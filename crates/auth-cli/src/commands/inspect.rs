use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
};

use auth_proto::ApiVersion;
use clap::{Args, ValueEnum};

use crate::output::{Failure, print};

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// The API version in which to read a token
    #[arg(long, value_enum, default_value_t = VersionName::Auto)]
    api_version: VersionName,

    /// A file with the response as `curl -i` prints it: status line, headers, blank line, body
    /// [default: -, standard input]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VersionName {
    /// Detect the version
    Auto,
    /// v2.0: token in the body
    V2,
    /// v3: token in the X-Subject-Token header
    V3,
}

impl InspectArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let text = match &self.file {
            Some(file) if file.as_os_str() != "-" => File::open(file).and_then(read),
            _ => read(io::stdin().lock()),
        };
        let text = text.map_err(|why| {
            Failure::failed(format!(
                "cannot read the response: {why}; name a readable file, or - for standard input"
            ))
        })?;
        let report = auth_inspect::inspect(&text, self.api_version());
        print::json(&report)?;
        Ok(if report.is_understood() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn api_version(&self) -> Option<ApiVersion> {
        match self.api_version {
            VersionName::Auto => None,
            VersionName::V2 => Some(ApiVersion::V2),
            VersionName::V3 => Some(ApiVersion::V3),
        }
    }
}

/// Reads one byte more than the limit, so that a longer text is refused.
fn read(input: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    input.take(auth_inspect::MAX_RESPONSE as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
