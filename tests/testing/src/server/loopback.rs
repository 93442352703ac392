use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use auth_proto::Cloud;
use rustls::ServerConfig;

use super::{Connection, Reply};

/// A server on a free port of 127.0.0.1, with a thread for each connection. It ends with the process.
pub struct Loopback {
    address: SocketAddr,
    is_tls: bool,
    log: Arc<Log>,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its number, from 0 on, among all requests of the server.
    pub number: usize,
    /// Head and body.
    pub text: String,
}

impl Received {
    /// The method.
    pub fn method(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// The target as the client spelled it.
    pub fn target(&self) -> &str {
        self.text.split(' ').nth(1).unwrap_or_default()
    }

    /// The first segment of the path.
    pub fn segment(&self) -> &str {
        segment(&self.text)
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.text, name)
    }

    /// The body; chunks stay as they came in.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// The first header of this name, in any case, of a request as it came in.
pub fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().skip(1).take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn segment(request: &str) -> &str {
    let target = request.split(' ').nth(1).unwrap_or_default();
    target.split('/').nth(1).unwrap_or_default()
}

/// What became of one request.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// Head and body of the request.
    pub request: String,
    /// Whether the reply is over: it was sent whole, or the client closed the connection.
    pub is_over: bool,
    /// The bytes that were sent for it.
    pub sent: u64,
    /// How long the client read on after more bytes than any response may have.
    pub read_past_limit: Option<Duration>,
}

#[derive(Default)]
pub(crate) struct Log {
    state: Mutex<LogState>,
    arrived: Condvar,
}

#[derive(Default)]
pub(crate) struct LogState {
    pub(crate) connections: usize,
    pub(crate) protocols: Vec<Option<String>>,
    pub(crate) served: Vec<Served>,
}

impl Log {
    pub(crate) fn lock(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, request: String) -> usize {
        let mut state = self.lock();
        state.served.push(Served { request, ..Served::default() });
        self.arrived.notify_all();
        state.served.len() - 1
    }
}

impl Loopback {
    /// Plain HTTP/1.1: a function gives the reply to each request.
    pub fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::accept(None, move |connection| connection.serve(&reply))
    }

    /// The same over TLS.
    pub fn start_tls(
        config: ServerConfig,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::accept(Some(config), move |connection| connection.serve(&reply))
    }

    /// Reads what comes first, at most 16 KiB, sends these bytes, and waits for the client to close
    /// the connection.
    pub fn bytes(raw: &'static [u8]) -> Self {
        Self::accept(None, move |connection| {
            io::Read::read(connection, &mut [0; 16_384])?;
            io::Write::write_all(connection, raw)?;
            connection.finish_writing()?;
            connection.hold()
        })
    }

    /// Accepts connections and never sends a byte.
    pub fn silent() -> Self {
        Self::accept(None, Connection::hold)
    }

    /// Hands each connection, after its TLS handshake if there is one, to a function on a separate
    /// thread, and closes it when the function returns. The server counts the connections.
    pub fn accept(
        tls: Option<ServerConfig>,
        serve: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (is_tls, log) = (tls.is_some(), Arc::<Log>::default());
        let (shared, tls, serve) = (Arc::clone(&log), tls.map(Arc::new), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, tls, serve) = (Arc::clone(&shared), tls.clone(), Arc::clone(&serve));
                log.lock().connections += 1;
                let answer = move |stream: TcpStream| {
                    let mut connection = Connection::open(stream, tls, log)?;
                    let served = serve(&mut connection);
                    connection.close();
                    served
                };
                // A client may hang up early: tests look at the client's side of that.
                thread::spawn(move || drop(answer(stream)));
            }
        });
        Self { address, is_tls, log }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL without a path or a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// A cloud whose identity service is this server, at `/v3`.
    pub fn cloud(&self) -> Cloud {
        Cloud::keystone(&format!("{}/v3", self.url())).unwrap()
    }

    /// The number of accepted connections.
    pub fn connections(&self) -> usize {
        self.log.lock().connections
    }

    /// The protocol of each TLS connection, as ALPN agreed on it.
    pub fn protocols(&self) -> Vec<Option<String>> {
        self.log.lock().protocols.clone()
    }

    /// All requests so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.log.lock().served.iter().map(|served| served.request.clone()).collect()
    }

    /// The last request.
    ///
    /// # Panics
    ///
    /// Before the first request.
    pub fn last(&self) -> String {
        self.log.lock().served.last().map(|served| served.request.clone()).unwrap()
    }

    /// Waits until this number of requests has come in.
    ///
    /// # Panics
    ///
    /// After 20 seconds.
    pub fn wait_for(&self, requests: usize) {
        let state = self.log.lock();
        let missing = |state: &mut LogState| state.served.len() < requests;
        let waited = self.log.arrived.wait_timeout_while(state, Duration::from_secs(20), missing);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{} of {requests} requests came in", state.served.len());
    }

    /// The requests whose path begins with this segment, once their replies are over. Waits for that
    /// at most 10 seconds.
    pub fn served(&self, segment: &str) -> Vec<Served> {
        let started = Instant::now();
        loop {
            let served: Vec<_> = {
                let state = self.log.lock();
                let all = state.served.iter();
                all.filter(|served| self::segment(&served.request) == segment).cloned().collect()
            };
            if served.iter().all(|served| served.is_over)
                || started.elapsed() > Duration::from_secs(10)
            {
                return served;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}
