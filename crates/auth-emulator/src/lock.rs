use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even after a panic, in a script say: nothing here is left half done by one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
