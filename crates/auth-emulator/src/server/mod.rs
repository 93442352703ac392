//! The emulator on a loopback port, with faults and traffic counters.

mod connection;
pub(crate) mod fault;
mod lock;
mod payload;
#[cfg(feature = "record")]
pub mod record;
pub(crate) mod traffic;
mod wire;

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
};

use time::UtcDateTime;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime,
    sync::oneshot,
};

use crate::{
    machine::Emulator,
    server::{
        connection::ServerState,
        fault::{Arrival, Fault},
        lock::lock,
        traffic::{Counters, Traffic},
    },
    system::{PROVIDER_PATH, System},
};

/// An [`Emulator`] on a loopback port with the system clock.
///
/// A second port is for the identity provider, so that a client sees two origins:
/// [`provider_url`](Self::provider_url).
///
/// The server speaks HTTP/1.1 from a separate thread, for blocking and asynchronous clients.
/// Dropping it closes the port and every connection.
///
/// A [`script`](Self::script) makes responses late, broken or wrong. [`traffic`](Self::traffic)
/// counts the requests that arrived.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream};
///
/// use auth_emulator::{Server, System};
///
/// let server = Server::start()?;
/// assert_eq!(server.url(System::Otc), format!("http://{}/otc/v3", server.address()));
///
/// let mut stream = TcpStream::connect(server.address())?;
/// stream.write_all(b"GET /otc/v3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
/// let mut response = String::new();
/// stream.read_to_string(&mut response)?;
/// assert!(response.starts_with("HTTP/1.1 200 OK"));
/// # std::io::Result::Ok(())
/// ```
pub struct Server {
    address: SocketAddr,
    provider: SocketAddr,
    shared: Arc<ServerState>,
    /// Dropped to stop the thread.
    running: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with a new [`Emulator`].
    pub fn start() -> io::Result<Self> {
        Self::start_with(Emulator::new())
    }

    /// Starts a server with a prepared [`Emulator`].
    pub fn start_with(emulator: Emulator) -> io::Result<Self> {
        Self::start_with_clock(emulator, UtcDateTime::now)
    }

    /// Starts a server with the caller's clock, which decides the times of tokens and the `Date` of
    /// responses.
    ///
    /// Delays and pauses of a [`Fault`] take real time.
    pub fn start_with_clock(
        emulator: Emulator,
        clock: impl Fn() -> UtcDateTime + Send + Sync + 'static,
    ) -> io::Result<Self> {
        // `block_on` would panic here, because the caller may be inside a runtime.
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (listener, second) = {
            let _entered = runtime.enter();
            (listen()?, listen()?)
        };
        let (address, provider) = (listener.local_addr()?, second.local_addr()?);
        #[cfg(feature = "record")]
        record::note(format_args!("plays {} {}", address.port(), provider.port()));
        let shared = Arc::new(ServerState {
            emulator: Mutex::new(emulator),
            clock: Box::new(clock),
            script: Mutex::new(Box::new(|_| None)),
            counters: Arc::new(Counters::default()),
        });
        let (running, stopped) = oneshot::channel();
        let accepting =
            [listener, second].map(|listener| connection::accept(listener, Arc::clone(&shared)));
        let thread = thread::Builder::new().name("auth-emulator".to_owned()).spawn(move || {
            runtime.block_on(async {
                accepting.into_iter().for_each(|accepting| drop(tokio::spawn(accepting)));
                // Ends when the sender is dropped.
                let _ = stopped.await;
            });
        })?;
        Ok(Self { address, provider, shared, running: Some(running), thread: Some(thread) })
    }

    /// The identity URL of a system, version included: `http://127.0.0.1:PORT/kakao/identity/v3`.
    pub fn url(&self, system: System) -> String {
        let (path, prefix, version) = (system.path(), system.prefix(), system.version());
        format!("http://{}{path}{prefix}{version}", self.address)
    }

    /// The URL of the [identity provider](crate::Provider): `http://127.0.0.1:PORT/provider`, with
    /// another port than that of [`url`](Self::url).
    ///
    /// Both ports serve the same paths. A script sees in the `Host` header which one a client used.
    pub fn provider_url(&self) -> String {
        format!("http://{}{PROVIDER_PATH}", self.provider)
    }

    /// The address of the server, the identity provider's apart.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The emulator, for its settings and counters.
    ///
    /// Requests wait while the guard exists.
    pub fn emulator(&self) -> MutexGuard<'_, Emulator> {
        lock(&self.shared.emulator)
    }

    /// Sets the script that chooses the fault of each response and replaces the previous script.
    /// `None` is a response without a fault.
    ///
    /// The script runs when a complete request has arrived, for one request at a time. All requests
    /// wait for it. It must not set another script.
    pub fn script(&self, script: impl FnMut(&Arrival<'_>) -> Option<Fault> + Send + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    /// Counts occurrences of a text, such as a password or a token, in [`Traffic::canary_bytes`].
    /// Any number of texts can be watched.
    pub fn watch(&self, canary: impl Into<Vec<u8>>) {
        self.shared.counters.watch(&canary.into());
    }

    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.counters.traffic()
    }

    /// Resets the traffic, except for the logins in flight.
    pub fn reset_traffic(&self) {
        self.shared.counters.reset();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread cannot be reported from a drop.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

/// The number of connections that wait to be accepted; the kernel may allow fewer.
const BACKLOG: u32 = 4096;
