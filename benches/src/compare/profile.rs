//! Instruction counts by valgrind, which are the same in every run on any machine load.

use std::{env, io::ErrorKind, process::Command};

/// The instructions of one run of a workload inside this function.
///
/// The workload runs once and three times, and half of the difference is one run. This leaves out the
/// first run, which initialises the allocator.
pub(crate) fn instructions(work: &str, function: &str) -> Result<u64, String> {
    let (once, thrice) = (run(work, function, 1)?, run(work, function, 3)?);
    match thrice.saturating_sub(once) / 2 {
        0 => Err(format!("{work}: no instruction was counted in {function}: was it renamed?")),
        one => Ok(one),
    }
}

/// The C library picks the fastest memory functions of the processor. The tunables disable those that
/// only some processors have.
fn run(work: &str, function: &str, times: u32) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={function}"))
        .arg(program)
        .args(["work", work, &times.to_string()])
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS")
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => "valgrind is missing: apt-get install valgrind".to_owned(),
            _ => format!("valgrind: {error}"),
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.split_once("Collected : "));
    let counted = counted.and_then(|(_, number)| number.trim().parse().ok());
    counted.filter(|_| output.status.success()).ok_or_else(|| format!("{work}: {said}"))
}
