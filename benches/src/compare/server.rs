//! A server with little cost: a thread per connection, a token for every login, and a short response
//! without a body to every other request.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_proto::{Cloud, Credential, Scope, UserRef};

/// A server, until the process ends.
pub(crate) struct CheapServer {
    address: SocketAddr,
    seen: Arc<Seen>,
}

/// The server's counts.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    logins: AtomicUsize,
    /// Holds the response to a login back.
    hold: Option<Hold>,
    /// Why connections are not served.
    failure: OnceLock<String>,
}

#[derive(Default)]
struct Hold {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl CheapServer {
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_with(Seen::default())
    }

    /// A server that answers a login only after [`answer`](Self::answer).
    pub(crate) fn holding() -> io::Result<Self> {
        Self::start_with(Seen { hold: Some(Hold::default()), ..Seen::default() })
    }

    fn start_with(seen: Seen) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = Self { address: listener.local_addr()?, seen: Arc::new(seen) };
        let seen = Arc::clone(&server.seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                seen.connections.fetch_add(1, SeqCst);
                if let Err(why) = stream.map_err(|error| not(FILES, &error)).and_then(|stream| {
                    let seen = Arc::clone(&seen);
                    // A client may hang up early. The stack is small for thousands of threads.
                    let serve = move || serve(stream, &seen).unwrap_or(());
                    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(serve);
                    thread.map(drop).map_err(|error| not(THREADS, &error))
                }) {
                    // The listener closes, so that later connections are refused at once.
                    return seen.failure.set(why).unwrap_or(());
                }
            }
        });
        Ok(server)
    }

    /// Waits for a login to arrive.
    pub(crate) fn login_is_there(&self) -> Result<(), String> {
        until("no login", || self.logins() > 0)
    }

    /// Lets logins be answered.
    pub(crate) fn answer(&self) {
        if let Some(hold) = &self.seen.hold {
            *hold.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
            hold.opened.notify_all();
        }
    }

    /// The reason why the server stopped.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.seen.failure.get().cloned()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(SeqCst)
    }

    pub(crate) fn logins(&self) -> usize {
        self.seen.logins.load(SeqCst)
    }

    /// A service of the cloud.
    pub(crate) fn service(&self) -> String {
        format!("http://{}/v2.1/servers", self.address)
    }

    /// A cloud with this identity service.
    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::keystone(&format!("http://{}/v3", self.address)).expect("it is a URL")
    }

    /// A cloud, a credential and a scope for this server.
    pub(crate) fn login(&self) -> (Cloud, Credential, Scope) {
        (self.cloud(), Credential::password(UserRef::id("u"), "password"), Scope::default())
    }
}

/// A token of a common length.
pub(crate) const TOKEN: &str = "gAAAAABqQ0ZBMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA";

/// The longest wait of a measurement.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a condition; `missing` names it in the error.
pub(crate) fn until(missing: &str, is_so: impl Fn() -> bool) -> Result<(), String> {
    let started = Instant::now();
    while !is_so() {
        if started.elapsed() > PATIENCE {
            return Err(format!("{missing} after {PATIENCE:?}"));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

const FILES: &str = "no connection is accepted (open files have a limit, RLIMIT_NOFILE)";
const THREADS: &str = "no thread is started for a connection (threads have a limit, RLIMIT_NPROC)";

fn not(what: &str, error: &io::Error) -> String {
    format!("{what}: {error}")
}

fn serve(mut stream: TcpStream, seen: &Seen) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut heard, mut filled) = ([0; 8192], 0);
    loop {
        filled += match stream.read(&mut heard[filled..])? {
            0 => return Ok(()),
            more => more,
        };
        let request = &heard[..filled];
        let is_login = request.starts_with(b"POST");
        let is_whole = match is_login {
            true => request.ends_with(b"}}}"),
            false => request.ends_with(b"\r\n\r\n"),
        };
        if !is_whole {
            continue;
        }
        filled = 0;
        if is_login {
            seen.logins.fetch_add(1, SeqCst);
            if let Some(hold) = &seen.hold {
                let is_open = hold.is_open.lock().unwrap_or_else(PoisonError::into_inner);
                // The wait is bounded in case the measurement has failed.
                drop(hold.opened.wait_timeout_while(is_open, PATIENCE, |is_open| !*is_open));
            }
            stream.write_all(token().as_bytes())?;
        } else {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
}

fn token() -> String {
    let body = r#"{"token": {"expires_at": "2126-01-02T00:00:00.000000Z", "user": {"id": "u"},
        "issued_at": "2126-01-01T00:00:00.000000Z", "methods": ["password"]}}"#;
    let length = body.len();
    format!(
        "HTTP/1.1 201 Created\r\nX-Subject-Token: {TOKEN}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
