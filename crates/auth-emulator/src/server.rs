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
    connection::{self, Shared},
    emulator::Emulator,
    fault::{Arrival, Fault},
    lock::lock,
    system::System,
    traffic::{Counters, Traffic},
};

/// An [`Emulator`] on a loopback port, with the machine's clock, for as long as the value lives.
///
/// It speaks HTTP/1.1 from a thread of its own, so that blocking and asynchronous clients alike can
/// be tested against it. Dropping it closes the port and every connection.
///
/// A [`script`](Self::script) makes its answers late, broken or wrong, and
/// [`traffic`](Self::traffic) says what arrived, whatever became of the answers.
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
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK"));
/// # std::io::Result::Ok(())
/// ```
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropped to stop the thread.
    running: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with a fresh [`Emulator`].
    pub fn start() -> io::Result<Self> {
        Self::start_with(Emulator::new())
    }

    /// Starts a server with an [`Emulator`] whose knobs are already turned.
    pub fn start_with(emulator: Emulator) -> io::Result<Self> {
        Self::start_with_clock(emulator, UtcDateTime::now)
    }

    /// Starts a server that lives by a clock of the caller's: tokens are issued, dated and ended by
    /// it, and it is the `Date` of each answer.
    ///
    /// Delays and pauses of a [`Fault`] take as long as they say all the same.
    pub fn start_with_clock(
        emulator: Emulator,
        clock: impl Fn() -> UtcDateTime + Send + Sync + 'static,
    ) -> io::Result<Self> {
        // Not blocked on here, so that a caller may be inside a runtime of their own.
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            listen()?
        };
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            emulator: Mutex::new(emulator),
            clock: Box::new(clock),
            script: Mutex::new(Box::new(|_| None)),
            counters: Arc::new(Counters::default()),
        });
        let (running, stopped) = oneshot::channel();
        let accepting = connection::accept(listener, Arc::clone(&shared));
        let thread = thread::Builder::new().name("auth-emulator".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(accepting);
                // Nothing is ever sent: this ends when the sender is dropped.
                let _ = stopped.await;
            });
        })?;
        Ok(Self { address, shared, running: Some(running), thread: Some(thread) })
    }

    /// The identity URL of a system, version included: `http://127.0.0.1:PORT/kakao/identity/v3`.
    pub fn url(&self, system: System) -> String {
        let (path, prefix, version) = (system.path(), system.prefix(), system.version());
        format!("http://{}{path}{prefix}{version}", self.address)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The emulator, to turn its knobs and read its counters while it runs.
    ///
    /// Requests wait while the guard is held.
    pub fn emulator(&self) -> MutexGuard<'_, Emulator> {
        lock(&self.shared.emulator)
    }

    /// Has a script say what goes wrong with the answer to every request from now on, in place of
    /// the script before it. `None` is a good answer.
    ///
    /// The script is asked when a request has arrived whole, one request at a time, and all requests
    /// wait for it. It must not set another script.
    pub fn script(&self, script: impl FnMut(&Arrival<'_>) -> Option<Fault> + Send + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    /// Counts the arrivals of a text, such as a password or a token, in
    /// [`Traffic::canary_bytes`]. Any number of texts can be watched for.
    pub fn watch(&self, canary: impl Into<Vec<u8>>) {
        self.shared.counters.watch(&canary.into());
    }

    /// What has been seen so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.counters.traffic()
    }

    /// Sets the traffic to zero, but for the logins that are in the air.
    pub fn reset_traffic(&self) {
        self.shared.counters.reset();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // The thread has nothing to report, and a drop has nobody to report it to.
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

/// How many clients may knock at once; the kernel may take fewer.
const BACKLOG: u32 = 4096;
