//! One connection, each use of which has a deadline and a most number of bytes.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use auth_proto::limits;
use redis::{Cmd, Parser, Value, cmd};
use zeroize::Zeroizing;

use super::{address::Address, refusal::refusal, tls};
use crate::error::Problem;

pub(super) struct Link {
    stream: tls::Stream,
    parser: Parser,
    /// Commands that go out before all others.
    greetings: Vec<Cmd>,
    /// Answers to them that have not come.
    unanswered: usize,
}

/// The most bytes of an answer, together with what has come of the next one.
const ANSWER: usize = limits::ENTRY + (1 << 20);

impl Link {
    /// Connects. The user and the database go out with the first commands.
    pub(super) fn open(
        address: &Address,
        tls: Option<&tls::Client>,
        deadline: Instant,
    ) -> Result<Self, Problem> {
        let bounded = Bounded::connect(address, deadline)?;
        let stream = tls::stream(bounded, tls, address)?;
        let mut greetings = Vec::new();
        if let Some(password) = &address.password {
            let mut auth = cmd("AUTH");
            auth.arg(address.user.as_deref()).arg(password.as_str());
            greetings.push(auth);
        }
        if address.database != 0 {
            let mut select = cmd("SELECT");
            select.arg(address.database);
            greetings.push(select);
        }
        let unanswered = greetings.len();
        Ok(Self { stream, parser: Parser::new(), greetings, unanswered })
    }

    /// Whether the server has neither closed the connection nor sent bytes without a question.
    pub(super) fn is_idle(&mut self) -> bool {
        let socket = &self.stream.bounded().socket;
        let looked = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut [0]));
        let is_idle = looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        is_idle && socket.set_nonblocking(false).is_ok()
    }

    pub(super) fn send(&mut self, commands: &[Cmd], deadline: Instant) -> Result<(), Problem> {
        let mut bytes = Zeroizing::new(Vec::new());
        let greetings = std::mem::take(&mut self.greetings);
        greetings
            .iter()
            .chain(commands)
            .for_each(|command| command.write_packed_command(&mut bytes));
        self.stream.bounded().allow(deadline);
        let sent = self.stream.write_all(&bytes).and_then(|()| self.stream.flush());
        sent.map_err(|error| self.problem(error))
    }

    /// The next answer. An error that the server names is one of it.
    pub(super) fn receive(&mut self, deadline: Instant) -> Result<Value, Problem> {
        while self.unanswered > 0 {
            let answer = self.receive_any(deadline)?;
            self.unanswered -= 1;
            match answer {
                Value::Okay => {}
                answer => return Err(refusal(&answer).unwrap_or(Problem::BadAnswer)),
            }
        }
        self.receive_any(deadline)
    }

    fn receive_any(&mut self, deadline: Instant) -> Result<Value, Problem> {
        self.stream.bounded().allow(deadline);
        let answer = self.parser.parse_value(&mut self.stream);
        answer.map_err(|error| {
            let is_cut = error.is_io_error();
            match self.stream.bounded().failed.take() {
                Some(problem) => problem,
                None if is_cut => Problem::Io(io::ErrorKind::UnexpectedEof.into()),
                None => Problem::BadAnswer,
            }
        })
    }

    fn problem(&mut self, error: io::Error) -> Problem {
        self.stream.bounded().failed.take().unwrap_or(Problem::Io(error))
    }
}

/// A socket whose reads and writes end at a deadline, all together.
pub(super) struct Bounded {
    socket: TcpStream,
    deadline: Instant,
    /// Bytes that may still come.
    budget: usize,
    /// Why a read or a write failed.
    failed: Option<Problem>,
}

impl Bounded {
    fn connect(address: &Address, deadline: Instant) -> Result<Self, Problem> {
        let places = address.resolve()?;
        let mut problem = Problem::Unresolved;
        for (at, place) in places.iter().enumerate() {
            let left = left(deadline).ok_or(Problem::TimedOut)?;
            // One address that does not answer leaves time for the others.
            let share = left / u32::try_from(places.len() - at).unwrap_or(u32::MAX);
            match TcpStream::connect_timeout(place, share) {
                Ok(socket) => {
                    socket.set_nodelay(true).map_err(Problem::Io)?;
                    return Ok(Self { socket, deadline, budget: ANSWER, failed: None });
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    problem = Problem::TimedOut;
                }
                Err(error) => problem = Problem::Io(error),
            }
        }
        Err(problem)
    }

    /// The next reads and writes have until then.
    fn allow(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.budget = ANSWER;
    }

    fn fail(&mut self, problem: Problem) -> io::Error {
        self.failed = Some(problem);
        io::ErrorKind::Other.into()
    }

    fn run<T>(&mut self, call: impl FnOnce(&mut TcpStream) -> io::Result<T>) -> io::Result<T> {
        call(&mut self.socket).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => self.fail(Problem::TimedOut),
            _ => self.fail(Problem::Io(error)),
        })
    }

    fn left(&mut self) -> io::Result<Duration> {
        left(self.deadline).ok_or_else(|| self.fail(Problem::TimedOut))
    }
}

/// The time until a deadline that has not passed.
fn left(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left()?;
        let room = buffer.len().min(self.budget);
        if room == 0 && !buffer.is_empty() {
            return Err(self.fail(Problem::TooLarge { limit: ANSWER }));
        }
        let read = self.run(|socket| {
            socket.set_read_timeout(Some(left))?;
            socket.read(&mut buffer[..room])
        })?;
        self.budget -= read;
        Ok(read)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left()?;
        self.run(|socket| {
            socket.set_write_timeout(Some(left))?;
            socket.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        // Closing the socket is not enough: a process that was forked meanwhile has it open, too.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}
