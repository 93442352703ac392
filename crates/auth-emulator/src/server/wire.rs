//! A connection's byte stream, which counts canaries in requests and applies faults to responses.

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

use crate::server::{
    fault::{Drip, Fault},
    lock::lock,
    traffic::{Counters, LoginInFlight},
};

/// The stream below HTTP. [`ResponseControl`] holds the faults of the response that is written.
pub(crate) struct FaultyStream {
    stream: TcpStream,
    counters: Arc<Counters>,
    #[cfg(feature = "record")]
    record: crate::server::record::Inbound,
    /// The end of the received bytes, where a canary may have begun.
    tail: Vec<u8>,
    control: Arc<ResponseControl>,
    /// The pause before the next piece of a dripping response.
    pause: Option<Pin<Box<Sleep>>>,
}

impl FaultyStream {
    pub(crate) fn new(
        stream: TcpStream,
        counters: Arc<Counters>,
        control: Arc<ResponseControl>,
    ) -> Self {
        Self {
            #[cfg(feature = "record")]
            record: crate::server::record::Inbound::new(
                stream.local_addr().map_or(0, |address| address.port()),
            ),
            stream,
            counters,
            tail: Vec::new(),
            control,
            pause: None,
        }
    }

    /// Writes as many bytes as the faults of the current response allow now.
    fn poll_write_response(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut current = self.control.current();
        let Some(response) = current.as_mut() else {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        };
        response.end_if_cut(&self.stream)?;
        ready!(response.poll_piece(&mut self.pause, cx));
        let offered = buffers.iter().map(|buffer| buffer.len()).sum();
        let allowed = response.allowed(offered);
        if allowed == offered && response.complete {
            // The last bytes. The login ends before the write, because the client may look at the
            // traffic before this thread runs again.
            response.login = None;
        }
        let written = ready!(poll_write_at_most(&mut self.stream, cx, buffers, allowed))?;
        response.written(written);
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        let bytes = &buffer.filled()[before..];
        this.counters.received(&mut this.tail, bytes);
        #[cfg(feature = "record")]
        this.record.received(bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_response(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_response(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Ends a response that is complete. hyper flushes when it has written all available bytes.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        let mut current = this.control.current();
        if let Some(response) = current.as_mut() {
            response.end_if_cut(&this.stream)?;
        }
        current.take_if(|response| response.complete);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The faults of the current response, shared by the request handler and the connection's stream.
#[derive(Default)]
pub(crate) struct ResponseControl {
    current: Mutex<Option<OutgoingResponse>>,
}

impl ResponseControl {
    /// Starts the next response. The one before is written, because hyper reads the next request
    /// only then.
    pub(crate) fn start(&self, fault: &Fault, login: Option<LoginInFlight>) {
        *self.current() = Some(OutgoingResponse {
            cut: fault.cut.or_else(|| fault.reset.then_some(0)),
            reset: fault.reset,
            drip: fault.drip,
            piece: 0,
            complete: false,
            login,
        });
    }

    /// Marks the end of the current response's body. Some bytes may still have to be written.
    pub(crate) fn complete(&self) {
        if let Some(response) = self.current().as_mut() {
            response.complete = true;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<OutgoingResponse>> {
        lock(&self.current)
    }
}

/// A response that is being written.
struct OutgoingResponse {
    /// The number of bytes until the connection ends.
    cut: Option<usize>,
    reset: bool,
    drip: Option<Drip>,
    /// The number of bytes left in the current piece of a drip.
    piece: usize,
    complete: bool,
    login: Option<LoginInFlight>,
}

impl OutgoingResponse {
    /// Fails at the cut. hyper then drops the stream, which closes the connection.
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

    /// Waits for the next piece of a drip when the current one is written.
    fn poll_piece(
        &mut self,
        pause: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if let Some(drip) = self.drip
            && self.piece == 0
        {
            let waiting = pause.get_or_insert_with(|| Box::pin(sleep(drip.every)));
            ready!(waiting.as_mut().poll(cx));
            *pause = None;
            self.piece = drip.bytes;
        }
        Poll::Ready(())
    }

    /// The number of the offered bytes that may be written now.
    fn allowed(&self, offered: usize) -> usize {
        let piece = self.drip.map_or(usize::MAX, |_| self.piece);
        offered.min(piece).min(self.cut.unwrap_or(usize::MAX))
    }

    fn written(&mut self, bytes: usize) {
        self.piece = self.piece.saturating_sub(bytes);
        self.cut = self.cut.map(|left| left - bytes);
    }
}

/// Writes at most `allowed` bytes.
fn poll_write_at_most(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
    allowed: usize,
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match buffers.iter().find(|buffer| !buffer.is_empty()) {
        Some(first) if buffers.iter().map(|buffer| buffer.len()).sum::<usize>() > allowed => {
            stream.poll_write(cx, &first[..first.len().min(allowed)])
        }
        _ => stream.poll_write_vectored(cx, buffers),
    }
}
