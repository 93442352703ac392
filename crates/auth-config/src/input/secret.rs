//! Secrets that are read at each login: from a file, a variable, or the output of a command.

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use auth_proto::{Failure, FailureKind, Question, Reply, SecretSource};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    input::{command, file},
    limits,
    report::{
        error::Error,
        problem::{FileProblem, SecretProblem},
    },
};

/// Where a secret is read.
#[derive(Clone)]
pub(crate) enum Place {
    /// The standard output of a program.
    Command { program: PathBuf, arguments: Vec<SecretString>, folder: PathBuf },
    /// A file. If `within` is set, the file is inside this folder with all its links followed.
    File { path: PathBuf, within: Option<PathBuf> },
    /// An environment variable.
    Variable(String),
}

/// Reads the secrets that a configuration does not hold itself: `password_file`,
/// `access_token_command` and the like. A clone is cheap.
///
/// The clients of [`ureq_builder`](crate::CloudConfig::ureq_builder) and
/// [`reqwest_builder`](crate::CloudConfig::reqwest_builder) read with it at each login. A client with
/// a builder of its own takes it as `asked`:
///
/// ```no_run
/// # #[cfg(feature = "ureq")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_config::{Choices, Config};
/// use auth_ureq::Client;
///
/// let config = Config::load()?.cloud(&Choices::default())?;
/// let reader = config.secret_reader();
/// let client = Client::builder(config.cloud()?, config.credential()?, config.scope()?)
///     .asked(move |question| reader.reply(question))
///     .build()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "ureq"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct SecretReader(Arc<BTreeMap<String, Place>>);

impl SecretReader {
    pub(crate) fn new(places: BTreeMap<String, Place>) -> Self {
        Self(Arc::new(places))
    }

    /// Reads a secret, without the line end after it. Blocks: up to
    /// [`limits::FILE_TIMEOUT`] for a file, and up to [`limits::COMMAND_TIMEOUT`] for a command.
    ///
    /// # Errors
    ///
    /// [`Error::Secret`], without a secret and without a text that a command has printed.
    pub fn read(&self, source: &SecretSource) -> Result<SecretString, Error> {
        let name = source.name();
        let place = self.0.get(name).ok_or(SecretProblem::Unknown);
        let secret = place.and_then(Place::read);
        secret.map_err(|problem| Error::Secret { name: name.to_owned(), problem })
    }

    /// The reply to a question for a secret; `None` if the question is for a person. For the `asked`
    /// of a client's builder. Blocks as [`read`](Self::read) does.
    ///
    /// # Errors
    ///
    /// A failure of the kind [`Source`](FailureKind::Source), with the text of [`Error::Secret`].
    pub fn reply(&self, question: &Question) -> Result<Option<Reply>, Failure> {
        let Question::Secret(source) = question else { return Ok(None) };
        match self.read(source) {
            Ok(secret) => Ok(Some(secret.into())),
            Err(error) => Err(Failure::new(FailureKind::Source, error.to_string())),
        }
    }
}

impl fmt::Debug for SecretReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretReader").field(&self.0.keys()).finish()
    }
}

impl Place {
    fn read(&self) -> Result<SecretString, SecretProblem> {
        text(match self {
            Self::Command { program, arguments, folder } => {
                command::output(program, arguments, folder, limits::COMMAND_TIMEOUT)?
            }
            Self::File { path, within: None } => contents(path)?,
            Self::File { path, within: Some(folder) } => contents(&inside(path, folder)?)?,
            Self::Variable(name) => match env::var_os(name) {
                None => return Err(SecretProblem::Unset),
                Some(value) => Zeroizing::new(value.into_encoded_bytes()),
            },
        })
    }
}

fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretProblem> {
    Ok(file::read(path).map_err(SecretProblem::File)?.bytes)
}

/// The path with all links followed, unless it leads out of the folder.
fn inside(path: &Path, folder: &Path) -> Result<PathBuf, SecretProblem> {
    let followed = |path| {
        fs::canonicalize(path)
            .map_err(|error| SecretProblem::File(FileProblem::Unreadable(error.kind())))
    };
    let (path, folder) = (followed(path)?, followed(folder)?);
    if path.starts_with(folder) { Ok(path) } else { Err(SecretProblem::Outside) }
}

/// The bytes as a text, without one line end after it.
fn text(bytes: Zeroizing<Vec<u8>>) -> Result<SecretString, SecretProblem> {
    let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0'));
    let text = text.ok_or(SecretProblem::NotText)?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() { Err(SecretProblem::Empty) } else { Ok(text.into()) }
}
