//! Instructions, which valgrind counts: the same in every run, however busy the machine is.

use std::{env, io::ErrorKind, process::Command};

/// How many instructions one time of a piece of work takes inside of this function.
///
/// It is done once, and three times: half of the difference is one time. So the first one is not
/// counted, which puts the allocator in order.
pub(crate) fn instructions(work: &str, function: &str) -> Result<u64, String> {
    let (once, thrice) = (run(work, function, 1)?, run(work, function, 3)?);
    match thrice.saturating_sub(once) / 2 {
        0 => Err(format!("{work}: nothing is counted in {function}, which has another name now")),
        one => Ok(one),
    }
}

/// The C library copies and compares memory as the processor can best, and that would be counted. So it
/// is told to do without what only some have.
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
