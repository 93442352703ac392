use std::{
    convert::Infallible,
    fmt, io,
    net::{self, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use time::UtcDateTime;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{emulator::Emulator, system::System};

/// An [`Emulator`] on a loopback port, with the machine's clock, for as long as the value lives.
///
/// It speaks HTTP/1.1 from a thread of its own, so that blocking and asynchronous clients alike can
/// be tested against it. Dropping it closes the port and every connection.
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
    emulator: Arc<Mutex<Emulator>>,
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
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        // Not entered here, so that a caller may be inside a runtime of their own.
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let emulator = Arc::new(Mutex::new(emulator));
        let (running, stopped) = oneshot::channel();
        let served = Arc::clone(&emulator);
        let thread = thread::Builder::new().name("auth-emulator".to_owned()).spawn(move || {
            runtime.block_on(async {
                // Fails only outside of a runtime.
                if let Ok(listener) = TcpListener::from_std(listener) {
                    tokio::spawn(accept(listener, served));
                }
                // Nothing is ever sent: this ends when the sender is dropped.
                let _ = stopped.await;
            });
        })?;
        Ok(Self { address, emulator, running: Some(running), thread: Some(thread) })
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
        lock(&self.emulator)
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

async fn accept(listener: TcpListener, emulator: Arc<Mutex<Emulator>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely; they come back when clients hang up.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // An answer must not wait for the client to acknowledge the one before it.
        let _ = stream.set_nodelay(true);
        let Ok(here) = stream.local_addr() else {
            continue;
        };
        let emulator = Arc::clone(&emulator);
        tokio::spawn(async move {
            let answering = service_fn(move |request| answer(request, Arc::clone(&emulator), here));
            // A client that breaks off is no concern of the others.
            let _ = http1::Builder::new()
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(TokioIo::new(stream), answering)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    emulator: Arc<Mutex<Emulator>>,
    here: SocketAddr,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (mut head, mut incoming) = request.into_parts();
    if let Ok(host) = HeaderValue::try_from(here.to_string()) {
        head.headers.entry(HOST).or_insert(host);
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        // Bytes beyond what the emulator takes are read, so that the client can finish, but not
        // kept.
        if let Some(data) = frame?.data_ref()
            && body.len() < ENOUGH_BODY
        {
            body.extend_from_slice(data);
        }
    }
    let request = Request::from_parts(head, body.as_slice());
    Ok(lock(&emulator).handle(request, UtcDateTime::now()).map(|body| Full::new(body.into())))
}

fn lock(emulator: &Mutex<Emulator>) -> MutexGuard<'_, Emulator> {
    emulator.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for the longest token that the emulator issues, twice.
const LARGEST_HEAD: usize = 4 << 20;
/// More than the emulator takes.
const ENOUGH_BODY: usize = 1 << 20;
