//! A store of any type.

use std::pin::Pin;

use auth_proto::{AsyncStore, Note, Taken, Want};

/// An [`AsyncStore`] behind a pointer.
pub(crate) trait AnyStore: Send + Sync {
    fn take<'a>(&'a self, want: &'a Want) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>>;
    fn tell(&self, note: &Note);
}

impl<S: AsyncStore> AnyStore for S {
    fn take<'a>(&'a self, want: &'a Want) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>> {
        Box::pin(AsyncStore::take(self, want))
    }

    fn tell(&self, note: &Note) {
        AsyncStore::tell(self, note);
    }
}
