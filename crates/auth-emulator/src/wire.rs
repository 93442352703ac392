use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{
    fault::{Drip, Fault},
    lock::lock,
    traffic::{Counters, LoginInAir},
};

/// A connection's stream below all HTTP: it listens for canaries in the bytes that come in, and
/// does to the bytes that go out what the [`Line`] says.
pub(crate) struct Wire {
    stream: TcpStream,
    counters: Arc<Counters>,
    /// The end of what came in, where a canary may have begun.
    tail: Vec<u8>,
    line: Arc<Line>,
    /// The pause before the next piece of a drip.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, counters: Arc<Counters>, line: Arc<Line>) -> Self {
        Self { stream, counters, tail: Vec::new(), line, pause: None }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut answer = self.line.answer();
        let Some(answer) = answer.as_mut() else {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        };
        answer.end_if_cut(&self.stream)?;
        if let Some(drip) = answer.drip
            && answer.piece == 0
        {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(drip.every)));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
            answer.piece = drip.bytes;
        }
        let offered = pieces.iter().map(|piece| piece.len()).sum();
        let allowed = answer.allowed(offered);
        if allowed == offered && answer.complete {
            // These are the last bytes. A client that has them must not find its login still in
            // the air, and this thread may be slower than the client.
            answer.login = None;
        }
        let sent = ready!(poll_send_some(&mut self.stream, cx, pieces, allowed))?;
        answer.sent(sent);
        Poll::Ready(Ok(sent))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        this.counters.received(&mut this.tail, &buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Called whenever everything that was there to write is written.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        let mut answer = this.line.answer();
        if let Some(answer) = answer.as_mut() {
            answer.end_if_cut(&this.stream)?;
        }
        answer.take_if(|answer| answer.complete);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Where whoever answers tells the stream of the same connection what is wrong with the answer.
#[derive(Default)]
pub(crate) struct Line {
    /// The answer that is being written.
    answer: Mutex<Option<Answer>>,
}

impl Line {
    /// Announces the next answer to be written. The one before it is out: only then does hyper read
    /// the next request.
    pub(crate) fn announce(&self, fault: &Fault, login: Option<LoginInAir>) {
        *self.answer() = Some(Answer {
            cut: fault.cut.or_else(|| fault.reset.then_some(0)),
            reset: fault.reset,
            drip: fault.drip,
            piece: 0,
            complete: false,
            login,
        });
    }

    /// Everything of the announced answer has been made; some of it may still have to be written.
    pub(crate) fn complete(&self) {
        if let Some(answer) = self.answer().as_mut() {
            answer.complete = true;
        }
    }

    fn answer(&self) -> MutexGuard<'_, Option<Answer>> {
        lock(&self.answer)
    }
}

/// An answer that is being written.
struct Answer {
    /// How many bytes may still go out before the connection ends.
    cut: Option<usize>,
    reset: bool,
    drip: Option<Drip>,
    /// How much is left of the piece that is dripping.
    piece: usize,
    complete: bool,
    login: Option<LoginInAir>,
}

impl Answer {
    /// An error if the connection is over; the stream is then dropped, which closes it.
    fn end_if_cut(&mut self, stream: &TcpStream) -> io::Result<()> {
        if self.cut != Some(0) {
            return Ok(());
        }
        self.login = None;
        if self.reset {
            stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// How many of so many bytes may go out now.
    fn allowed(&self, bytes: usize) -> usize {
        let piece = self.drip.map_or(usize::MAX, |_| self.piece);
        bytes.min(piece).min(self.cut.unwrap_or(usize::MAX))
    }

    fn sent(&mut self, bytes: usize) {
        self.piece = self.piece.saturating_sub(bytes);
        self.cut = self.cut.map(|left| left - bytes);
    }
}

/// Sends no more than `allowed` bytes, and perhaps fewer.
fn poll_send_some(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
    allowed: usize,
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match pieces.iter().find(|piece| !piece.is_empty()) {
        Some(first) if pieces.iter().map(|piece| piece.len()).sum::<usize>() > allowed => {
            stream.poll_write(cx, &first[..first.len().min(allowed)])
        }
        _ => stream.poll_write_vectored(cx, pieces),
    }
}
