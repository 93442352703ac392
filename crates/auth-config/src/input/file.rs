//! Reads the files that a configuration names, with limits on kind, size and time.

use std::{
    fs::{self, File, FileType, Metadata},
    io::Read,
    path::Path,
    sync::mpsc,
    thread,
};

use zeroize::Zeroizing;

use crate::{limits, report::problem::FileProblem};

/// The contents of a file, and whether every user of the machine can read it.
pub(crate) struct Contents {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) readable_by_others: bool,
}

/// Reads a regular file, or a pipe such as `<(sops -d …)`.
///
/// A pipe may block, while it is opened too. The standard library has no time-out for that, so a
/// thread reads the file, and its caller stops waiting for it. The thread of a pipe that stays
/// silent ends with the pipe's writer, or with the process.
pub(crate) fn read(path: &Path) -> Result<Contents, FileProblem> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_path_buf();
    thread::Builder::new()
        .spawn(move || {
            // If the reader has gone, the contents are wiped here.
            let _ = sender.send(contents(&path));
        })
        .map_err(|error| FileProblem::Unreadable(error.kind()))?;
    receiver.recv_timeout(limits::FILE_TIMEOUT).unwrap_or(Err(FileProblem::Slow))
}

fn contents(path: &Path) -> Result<Contents, FileProblem> {
    let unreadable = |error: std::io::Error| FileProblem::Unreadable(error.kind());
    // Before the file is opened, because to open a device may change its state.
    check(&fs::metadata(path).map_err(unreadable)?)?;
    let file = File::open(path).map_err(unreadable)?;
    // Another file may have taken its place.
    let metadata = file.metadata().map_err(unreadable)?;
    check(&metadata)?;
    // Allocated once: a growing vector leaves copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limits::FILE + 1));
    file.take(limits::FILE as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limits::FILE {
        return Err(FileProblem::TooLarge);
    }
    Ok(Contents { bytes, readable_by_others: is_readable_by_others(&metadata) })
}

fn check(metadata: &Metadata) -> Result<(), FileProblem> {
    match metadata.file_type() {
        kind if kind.is_dir() => Err(FileProblem::Directory),
        kind if !kind.is_file() => check_special(kind),
        _ if metadata.len() > limits::FILE as u64 => Err(FileProblem::TooLarge),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn check_special(kind: FileType) -> Result<(), FileProblem> {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => Ok(()),
        kind if kind.is_socket() => Err(FileProblem::Socket),
        _ => Err(FileProblem::Device),
    }
}

#[cfg(not(unix))]
fn check_special(_: FileType) -> Result<(), FileProblem> {
    Err(FileProblem::Device)
}

#[cfg(unix)]
fn is_readable_by_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Metadata) -> bool {
    false
}
