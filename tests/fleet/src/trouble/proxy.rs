//! A TCP proxy in front of Redis: it delays answers, and leads to another server when a test says so.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

/// It ends with the process.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Mutex<Route>>,
}

/// Where connections go.
struct Route {
    port: u16,
    delay: Duration,
    /// Both ends of each connection.
    open: Vec<[TcpStream; 2]>,
}

impl Proxy {
    /// A proxy that leads to this port of 127.0.0.1, and delays each piece of an answer by this time.
    pub(crate) fn start(port: u16, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let own = listener.local_addr()?.port();
        let shared = Arc::new(Mutex::new(Route { port, delay, open: Vec::new() }));
        let route = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is gone closes the client's connection.
                let _ = connect(client, &route);
            }
        });
        Ok(Self { port: own, shared })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Delays each piece of an answer by this time from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        lock(&self.shared).delay = delay;
    }

    /// Ends all connections. New ones lead to this port.
    pub(crate) fn switch(&self, port: u16) {
        let mut route = lock(&self.shared);
        route.port = port;
        for end in route.open.drain(..).flatten() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn connect(client: TcpStream, shared: &Arc<Mutex<Route>>) -> io::Result<()> {
    let mut route = lock(shared);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, route.port))?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    route.open.push([client.try_clone()?, server.try_clone()?]);
    drop(route);
    let (to_client, to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || copy(client, to_server, || Duration::ZERO));
    let shared = Arc::clone(shared);
    thread::spawn(move || copy(server, to_client, || lock(&shared).delay));
    Ok(())
}

/// Copies until one end is closed. Each piece comes as late as the last one, as on a long way.
fn copy(mut from: TcpStream, mut to: TcpStream, delay: impl Fn() -> Duration) {
    let (pieces, queue) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writing = thread::spawn(move || {
        for (at, piece) in queue {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if pieces.send((Instant::now() + delay(), piece[..length].to_vec())).is_err() {
            break;
        }
    }
    drop(pieces);
    let _ = from.shutdown(Shutdown::Both);
    let _ = writing.join();
}

fn lock(route: &Mutex<Route>) -> MutexGuard<'_, Route> {
    route.lock().unwrap_or_else(PoisonError::into_inner)
}
