//! A server that costs little: a thread a connection, a token for every login, and a short answer
//! without a body for everything else.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use auth_proto::{Cloud, Credential, Scope, UserRef};

/// A server, until the process ends.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

/// What it counts.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    logins: AtomicUsize,
    /// Passed twice by each login: when it is there, and when it may be answered.
    hold: Option<Barrier>,
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_with(Seen::default())
    }

    /// One that answers a login when [`pass`](Self::pass) was called a second time.
    pub(crate) fn holding() -> io::Result<Self> {
        Self::start_with(Seen { hold: Some(Barrier::new(2)), ..Seen::default() })
    }

    fn start_with(seen: Seen) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = Self { address: listener.local_addr()?, seen: Arc::new(seen) };
        let seen = Arc::clone(&server.seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                seen.connections.fetch_add(1, SeqCst);
                let seen = Arc::clone(&seen);
                // Whoever hangs up has had what it wanted. Thousands of these wait at once.
                let serve = move || stream.and_then(|stream| serve(stream, &seen)).unwrap_or(());
                let thread = thread::Builder::new().stack_size(64 * 1024).spawn(serve);
                thread.expect("the system has room for a thread");
            }
        });
        Ok(server)
    }

    /// Waits for a login to be there, and the second time lets it go on.
    pub(crate) fn pass(&self) {
        self.seen.hold.as_ref().map(Barrier::wait);
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

    /// The cloud whose identity service it is.
    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::keystone(&format!("http://{}/v3", self.address)).expect("it is a URL")
    }

    /// Who may log in there, and for what.
    pub(crate) fn login(&self) -> (Cloud, Credential, Scope) {
        (self.cloud(), Credential::password(UserRef::id("u"), "password"), Scope::default())
    }
}

/// As long as many are.
pub(crate) const TOKEN: &str = "gAAAAABqQ0ZBMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA";

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
            for _ in 0..2 {
                seen.hold.as_ref().map(Barrier::wait);
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
