//! HTTP clients with the configured certificates and time-outs.

#[cfg(feature = "reqwest")]
mod for_reqwest;
#[cfg(feature = "ureq")]
mod for_ureq;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
    time::Duration,
};

use auth_proto::Settings;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::{
    cloud::{
        CloudConfig,
        transport::{Pem, Tls},
    },
    input::file,
    report::error::Error,
    text::shown_path,
};

impl CloudConfig {
    /// These session settings, with the configured [`root`](Self::root), and with a response
    /// time-out above the configured [`timeout`](Self::timeout). For a builder that gets settings of
    /// your own.
    pub fn session_settings(&self, settings: Settings) -> Settings {
        let settings = match self.root() {
            Some(root) => settings.with_root(root.clone()),
            None => settings,
        };
        let Some(timeout) = self.timeout() else { return settings };
        let longer = settings.response_timeout().max(timeout + Duration::from_secs(1));
        settings.with_response_timeout(longer)
    }

    /// The default settings of a builder, as configured.
    fn default_settings(&self) -> Settings {
        let seed = RandomState::new().build_hasher().finish();
        self.session_settings(Settings::default().with_seed(seed))
    }
}

/// The certificates and the key of the TLS settings, read but not parsed.
struct Material {
    roots: Option<Loaded>,
    pair: Option<Pair>,
}

impl Material {
    fn read(tls: &Tls) -> Result<Self, Error> {
        let roots = tls.cacert.as_ref().filter(|_| tls.verify);
        let roots = roots.map(|pem| Loaded::read("cacert", pem)).transpose()?;
        if let Some(roots) = &roots {
            roots.require(CERTIFICATE)?;
        }
        let pair = match (&tls.cert, &tls.key) {
            (Some(cert), key) => Some(Pair::read(cert, key.as_ref())?),
            (None, None) => None,
            (None, Some(_)) => {
                let problem = "set without cert; set cert, too".to_owned();
                return Err(Error::Pem { setting: "key", path: None, problem });
            }
        };
        Ok(Self { roots, pair })
    }
}

/// A client certificate and its private key.
struct Pair {
    cert: Loaded,
    /// `None` if the key is in `cert`.
    key: Option<Loaded>,
}

impl Pair {
    fn read(cert: &Pem, key: Option<&Pem>) -> Result<Self, Error> {
        let cert = Loaded::read("cert", cert)?;
        cert.require(CERTIFICATE)?;
        let key = key.map(|key| Loaded::read("key", key)).transpose()?;
        let pair = Self { cert, key };
        if pair.key().has("ENCRYPTED") {
            let problem = "the private key is encrypted; decrypt it with openssl pkey";
            return Err(pair.key().error(problem));
        }
        pair.key().require(PRIVATE_KEY)?;
        Ok(pair)
    }

    fn key(&self) -> &Loaded {
        self.key.as_ref().unwrap_or(&self.cert)
    }

    /// The error of a pair that the TLS library refuses. Names both files.
    fn error(&self, reason: &str) -> Error {
        match self.key.as_ref().and_then(|key| key.path.as_ref()) {
            Some(key) => self.cert.error(&format!("{reason} (key: {})", shown_path(key))),
            None => self.cert.error(reason),
        }
    }
}

/// A PEM text and where it comes from.
struct Loaded {
    setting: &'static str,
    path: Option<PathBuf>,
    text: Zeroizing<Vec<u8>>,
}

impl Loaded {
    fn read(setting: &'static str, pem: &Pem) -> Result<Self, Error> {
        let (path, text) = match pem {
            Pem::File(path) => match file::read(path) {
                Ok(contents) => (Some(path.clone()), contents.bytes),
                Err(problem) => {
                    let (setting, path) = (Some(setting.to_owned()), path.clone());
                    return Err(Error::File { setting, path, problem });
                }
            },
            Pem::Text(text) => (None, Zeroizing::new(text.expose_secret().as_bytes().to_vec())),
        };
        Ok(Self { setting, path, text })
    }

    /// An error unless there is a section whose label ends in this.
    fn require(&self, label: &str) -> Result<(), Error> {
        if self.has(&format!("{label}-----")) {
            return Ok(());
        }
        let what = label.trim_start_matches("BEGIN ").to_ascii_lowercase();
        Err(self.error(&format!("no {what} in it; name a PEM file that has one")))
    }

    fn has(&self, text: &str) -> bool {
        self.text.windows(text.len()).any(|part| part == text.as_bytes())
    }

    fn error(&self, problem: &str) -> Error {
        let (setting, path, problem) = (self.setting, self.path.clone(), problem.to_owned());
        Error::Pem { setting, path, problem }
    }
}

/// The problem of a text whose certificates the TLS library passes over, such as one that begins with a
/// byte order mark.
const UNREADABLE: &str = "no certificate in it can be read; write it again with openssl x509";

/// The TLS libraries skip other labels, such as `TRUSTED CERTIFICATE`.
const CERTIFICATE: &str = "BEGIN CERTIFICATE";
const PRIVATE_KEY: &str = "PRIVATE KEY";
