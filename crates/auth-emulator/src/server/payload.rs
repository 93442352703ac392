//! The bodies of responses.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::server::wire::ResponseControl;

/// The body of a response. Its drop marks the response as complete.
pub(crate) struct Payload {
    content: Content,
    control: Arc<ResponseControl>,
}

impl Payload {
    pub(crate) fn new(content: Content, control: Arc<ResponseControl>) -> Self {
        Self { content, control }
    }
}

pub(crate) enum Content {
    Text(Bytes),
    /// This number of spaces, which are valid padding in JSON.
    Spaces(usize),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Spaces(count) => *count,
        }
    }

    fn take(&mut self) -> Bytes {
        match self {
            Self::Text(text) => std::mem::take(text),
            Self::Spaces(count) => {
                let piece = SPACES.len().min(*count);
                *count -= piece;
                Bytes::from_static(&SPACES[..piece])
            }
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let more = !self.is_end_stream();
        Poll::Ready(more.then(|| Ok(Frame::data(self.content.take()))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.len() as u64)
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.control.complete();
    }
}

static SPACES: [u8; 64 << 10] = [b' '; 64 << 10];
