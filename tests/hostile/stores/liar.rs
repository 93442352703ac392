//! A Redis server that answers what a row says. It knows no key.

use std::{
    io::{self, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use testing::{Connection, Loopback};

/// A command of a store, as far as a server can read it.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Take {
        key: Vec<u8>,
        newer_than: u64,
    },
    Put {
        key: Vec<u8>,
        generation: u64,
        sealed: Vec<u8>,
    },
    /// Any other command.
    Other,
}

/// An answer.
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// After this time.
    Late(u64, Vec<u8>),
    /// A byte in so many milliseconds.
    Drip(u64, Vec<u8>),
    /// These bytes over and over.
    Flood(&'static [u8]),
    Never,
    /// These bytes, and the end of the connection.
    Cut(Vec<u8>),
}

type Lie = dyn FnMut(&Asked) -> Answer + Send;

pub(crate) struct Liar {
    server: Loopback,
    lie: Arc<Mutex<Box<Lie>>>,
}

impl Liar {
    pub(crate) fn start(lie: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let lie: Arc<Mutex<Box<Lie>>> = Arc::new(Mutex::new(Box::new(lie)));
        let shared = Arc::clone(&lie);
        let server = Loopback::accept(None, move |connection| serve(connection, &shared));
        Self { server, lie }
    }

    pub(crate) fn tell(&self, lie: impl FnMut(&Asked) -> Answer + Send + 'static) {
        *lock(&self.lie) = Box::new(lie);
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }
}

fn serve(connection: &mut Connection, lie: &Mutex<Box<Lie>>) -> io::Result<()> {
    let mut input = Input { connection, bytes: Vec::new() };
    while let Some(words) = input.command()? {
        let asked = read(&words);
        let answer = lock(lie)(&asked);
        match answer {
            Answer::Bytes(bytes) => input.connection.write_all(&bytes)?,
            Answer::Late(milliseconds, bytes) => {
                thread::sleep(Duration::from_millis(milliseconds));
                input.connection.write_all(&bytes)?;
            }
            Answer::Drip(milliseconds, bytes) => {
                for byte in bytes {
                    input.connection.write_all(&[byte])?;
                    thread::sleep(Duration::from_millis(milliseconds));
                }
            }
            Answer::Flood(bytes) => loop {
                input.connection.write_all(bytes)?;
            },
            Answer::Never => {}
            Answer::Cut(bytes) => return input.connection.write_all(&bytes),
        }
    }
    Ok(())
}

/// A command as its words.
struct Input<'a> {
    connection: &'a mut Connection,
    bytes: Vec<u8>,
}

impl Input<'_> {
    fn command(&mut self) -> io::Result<Option<Vec<Vec<u8>>>> {
        let Some(count) = self.number(b'*')? else { return Ok(None) };
        let mut words = Vec::new();
        for _ in 0..count {
            let Some(length) = self.number(b'$')? else { return Ok(None) };
            let Some(mut word) = self.take(length + 2)? else { return Ok(None) };
            word.truncate(length);
            words.push(word);
        }
        Ok(Some(words))
    }

    /// The number of a line that begins with this letter.
    fn number(&mut self, letter: u8) -> io::Result<Option<usize>> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|end| end == b"\r\n") {
                let line: Vec<u8> = self.bytes.drain(..end + 2).collect();
                let digits = line.strip_prefix(&[letter]).unwrap_or_default();
                let number =
                    std::str::from_utf8(digits).ok().and_then(|text| text.trim().parse().ok());
                return number.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, count: usize) -> io::Result<Option<Vec<u8>>> {
        while self.bytes.len() < count {
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(Some(self.bytes.drain(..count).collect()))
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 8192];
        let count = self.connection.read(&mut buffer)?;
        self.bytes.extend(&buffer[..count]);
        Ok(count > 0)
    }
}

/// `EVAL script 1 key argument...`: a question has four arguments, an entry three.
fn read(words: &[Vec<u8>]) -> Asked {
    let number = |word: &Vec<u8>| std::str::from_utf8(word).ok()?.parse().ok();
    let asked = match words {
        [eval, _, _, key, newer_than, _, _, _] if eval == b"EVAL" => {
            number(newer_than).map(|newer_than| Asked::Take { key: key.clone(), newer_than })
        }
        [eval, _, _, key, generation, sealed, _] if eval == b"EVAL" => {
            let (key, sealed) = (key.clone(), sealed.clone());
            number(generation).map(|generation| Asked::Put { key, generation, sealed })
        }
        _ => None,
    };
    asked.unwrap_or(Asked::Other)
}

/// The time of the server, as a generation.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    now.as_millis().try_into().unwrap()
}

pub(crate) fn found(generation: impl ToString, age: impl ToString, sealed: &[u8]) -> Vec<u8> {
    let (generation, age) = (generation.to_string(), age.to_string());
    let head = format!("*4\r\n:1\r\n:{generation}\r\n:{age}\r\n${}\r\n", sealed.len());
    [head.as_bytes(), sealed, b"\r\n"].concat()
}

pub(crate) fn led(generation: impl ToString) -> Vec<u8> {
    format!("*2\r\n:3\r\n:{}\r\n", generation.to_string()).into_bytes()
}

pub(crate) fn busy(generation: impl ToString) -> Vec<u8> {
    format!("*2\r\n:2\r\n:{}\r\n", generation.to_string()).into_bytes()
}

/// The answer to a note.
pub(crate) fn told() -> Vec<u8> {
    b":0\r\n".to_vec()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
