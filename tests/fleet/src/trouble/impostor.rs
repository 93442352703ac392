//! Servers in the place of Redis that are none.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What a server on Redis's port does.
#[derive(Clone, Copy)]
pub(crate) enum Impostor {
    /// Answers each command with this.
    Answers(&'static [u8]),
    /// The kernel's queue of connections is full, so that no attempt to connect comes to an end.
    BlackHole,
    /// Closes each connection at once.
    Closes,
    /// Sends these bytes again and again, whatever comes in.
    Floods(&'static [u8]),
    /// Accepts connections and never answers.
    Silent,
    /// Sends a byte of an answer that never ends, ten times a second.
    Trickles,
}

/// A server that runs until the process ends.
pub(crate) struct Place {
    port: u16,
    /// Connections that fill the queue of a black hole.
    _waiting: Vec<TcpStream>,
}

impl Impostor {
    /// Starts at this port, or at a free one if it is 0.
    pub(crate) fn start(self, port: u16) -> io::Result<Place> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let mut waiting = Vec::new();
        if let Self::BlackHole = self {
            rustix::net::listen(&listener, 0)?;
            let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300));
            while let Ok(connection) = connect() {
                waiting.push(connection);
            }
        }
        thread::spawn(move || {
            if let Self::BlackHole = self {
                // The listener stays open, and nobody accepts.
                thread::sleep(Duration::MAX);
            }
            for connection in listener.incoming().flatten() {
                thread::spawn(move || self.serve(connection));
            }
        });
        Ok(Place { port: address.port(), _waiting: waiting })
    }

    /// Ends with the connection.
    fn serve(self, mut connection: TcpStream) -> io::Result<()> {
        match self {
            Self::Answers(answer) => {
                let mut input = BufReader::new(connection.try_clone()?);
                while read_command(&mut input)? {
                    connection.write_all(answer)?;
                }
                Ok(())
            }
            Self::BlackHole | Self::Closes => Ok(()),
            Self::Floods(bytes) => loop {
                connection.write_all(bytes)?;
            },
            Self::Silent => io::copy(&mut connection, &mut io::sink()).map(drop),
            Self::Trickles => {
                connection.write_all(b"$1000000\r\n")?;
                loop {
                    connection.write_all(b"x")?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }
}

impl Place {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Reads one command: an array of strings. `false` at the end of the connection.
fn read_command(input: &mut impl BufRead) -> io::Result<bool> {
    let length = |input: &mut dyn BufRead| {
        let mut line = String::new();
        input.read_line(&mut line)?;
        Ok::<_, io::Error>(line.get(1..).and_then(|number| number.trim_end().parse::<u64>().ok()))
    };
    let Some(strings) = length(input)? else { return Ok(false) };
    for _ in 0..strings {
        let Some(bytes) = length(input)? else { return Ok(false) };
        io::copy(&mut input.by_ref().take(bytes + 2), &mut io::sink())?;
    }
    Ok(true)
}
