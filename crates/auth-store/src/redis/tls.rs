//! TLS, if the crate is built with it.

use std::io::{self, Read, Write};

use super::{address::Address, link::Bounded};
use crate::error::Problem;

pub(super) use with_feature::Client;

/// A connection with or without TLS.
pub(super) enum Stream {
    Plain(Bounded),
    #[cfg(feature = "redis-tls")]
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, Bounded>>),
}

/// The connection, whose handshake comes with the first bytes.
pub(super) fn stream(
    socket: Bounded,
    client: Option<&Client>,
    address: &Address,
) -> Result<Stream, Problem> {
    match client {
        None => Ok(Stream::Plain(socket)),
        Some(client) => client.stream(socket, address),
    }
}

impl Stream {
    pub(super) fn bounded(&mut self) -> &mut Bounded {
        match self {
            Self::Plain(bounded) => bounded,
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.get_mut(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bounded) => bounded.read(buffer),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bounded) => bounded.write(bytes),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(bounded) => bounded.flush(),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}

#[cfg(feature = "redis-tls")]
mod with_feature {
    use std::sync::Arc;

    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, StreamOwned,
        crypto::{CryptoProvider, ring},
        pki_types::ServerName,
    };

    use super::{Address, Bounded, Problem, Stream, io};

    /// The roots that servers are checked by.
    #[derive(Clone)]
    pub(in crate::redis) struct Client(Arc<ClientConfig>);

    impl Client {
        /// With the certificates that the platform trusts.
        pub(in crate::redis) fn new() -> Result<Self, Problem> {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            if roots.add_parsable_certificates(found.certs).0 == 0 {
                let reason = found.errors.first().map(ToString::to_string);
                let reason = reason.unwrap_or_else(|| "no trusted certificates found".to_owned());
                return Err(Problem::Io(io::Error::other(reason)));
            }
            // The adapters choose the same provider.
            let provider = CryptoProvider::get_default().cloned();
            let provider = provider.unwrap_or_else(|| ring::default_provider().into());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| Problem::Io(io::Error::other(error)))?;
            let config = config.with_root_certificates(roots).with_no_client_auth();
            Ok(Self(Arc::new(config)))
        }

        pub(super) fn stream(&self, socket: Bounded, address: &Address) -> Result<Stream, Problem> {
            let invalid = |_| Problem::BadUrl { part: "host or port" };
            let name = ServerName::try_from(address.host.clone()).map_err(invalid)?;
            let connection = ClientConnection::new(Arc::clone(&self.0), name)
                .map_err(|error| Problem::Io(io::Error::other(error)))?;
            Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
        }
    }
}

#[cfg(not(feature = "redis-tls"))]
mod with_feature {
    use super::{Address, Bounded, Problem, Stream};

    /// None can be made.
    #[derive(Clone)]
    pub(in crate::redis) enum Client {}

    impl Client {
        pub(in crate::redis) fn new() -> Result<Self, Problem> {
            Err(Problem::NoTls)
        }

        pub(super) fn stream(&self, _: Bounded, _: &Address) -> Result<Stream, Problem> {
            match *self {}
        }
    }
}
