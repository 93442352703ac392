//! Round trips to a Redis server, as a server counts them that answers when the client has nothing more to
//! send.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, SystemTime},
};

use auth_store::{Key, RedisStore};
use benches::bodies;

use crate::{imports::Process, row::CostRow};

pub(crate) fn rows() -> Vec<CostRow> {
    let name = "import from Redis, round trips, connecting included";
    vec![CostRow::tried(2.0, name, round_trips())]
}

/// The entries by their keys: the generation and the sealed bytes.
type Entries = Mutex<HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>>;

/// The round trips of a process that finds its first token in Redis: the handshake of TCP, and each
/// time that the client waits for an answer. The server wants a user, a password and a database.
fn round_trips() -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("redis://user:password@{}/1", listener.local_addr()?);
    let (entries, turns) = (Arc::<Entries>::default(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&turns);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, SeqCst);
            let (entries, turns) = (Arc::clone(&entries), Arc::clone(&counted));
            thread::spawn(move || serve(stream, &entries, &turns));
        }
    });
    let open = || RedisStore::open(&url, Key::new([7; 32])).map_err(io::Error::other);
    let body = bodies::m();
    Process::start(&body).token(&open()?, &body);
    let (store, before) = (open()?, turns.load(SeqCst));
    Process::start(&body).token(&store, "a login would fail");
    Ok((turns.load(SeqCst) - before) as f64)
}

/// The time without a byte after which a client waits.
const QUIET: Duration = Duration::from_millis(20);

fn serve(mut stream: TcpStream, entries: &Entries, turns: &AtomicUsize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let (mut input, mut buffer) = (Vec::new(), [0; 16 << 10]);
        stream.set_read_timeout(None)?;
        while let Ok(count) = stream.read(&mut buffer) {
            if count == 0 {
                return Ok(());
            }
            input.extend(&buffer[..count]);
            stream.set_read_timeout(Some(QUIET))?;
        }
        turns.fetch_add(1, SeqCst);
        let (mut rest, mut answers) = (&input[..], Vec::new());
        while let Some(words) = command(&mut rest) {
            answers.extend(answer(&words, entries));
        }
        stream.write_all(&answers)?;
    }
}

/// The words of a command.
fn command<'a>(input: &mut &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let count = number(input, b'*')?;
    (0..count).map(|_| word(input)).collect()
}

fn word<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(input, b'$')?;
    let (word, rest) = input.split_at_checked(length)?;
    *input = rest.strip_prefix(b"\r\n")?;
    Some(word)
}

fn number(input: &mut &[u8], letter: u8) -> Option<usize> {
    let end = input.windows(2).position(|end| end == b"\r\n")?;
    let (line, rest) = input.split_at(end);
    *input = &rest[2..];
    std::str::from_utf8(line.strip_prefix(&[letter])?).ok()?.parse().ok()
}

/// An honest answer. A question has four arguments, an entry three.
fn answer(words: &[&[u8]], entries: &Entries) -> Vec<u8> {
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    match words {
        [b"EVAL", _, _, key, generation, sealed, _] => {
            entries.insert(key.to_vec(), (generation.to_vec(), sealed.to_vec()));
            b":0\r\n".to_vec()
        }
        [b"EVAL", _, _, key, _, _, _, _] => match entries.get(*key) {
            Some((generation, sealed)) => {
                let length = sealed.len().to_string();
                let parts: [&[u8]; 7] = [
                    b"*4\r\n:1\r\n:",
                    generation,
                    b"\r\n:0\r\n$",
                    length.as_bytes(),
                    b"\r\n",
                    sealed,
                    b"\r\n",
                ];
                parts.concat()
            }
            None => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                format!("*2\r\n:3\r\n:{}\r\n", now.unwrap_or_default().as_millis()).into_bytes()
            }
        },
        [b"EVAL", ..] => b":0\r\n".to_vec(),
        _ => b"+OK\r\n".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_two_round_trips() {
        assert_eq!(round_trips().unwrap(), 2.0);
    }
}
