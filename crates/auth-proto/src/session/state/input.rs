//! What changes a scope.

use std::time::Duration;

use crate::{
    error::Error,
    session::{
        pauses::failure_streak::Probe,
        state::live_token::LiveToken,
        state::phase::{Asking, Checking, Doubted, InFlight, Pending, Taking},
        store::{Lease, Name},
    },
};

/// Everything that can change a scope's phase.
pub(crate) enum Input {
    /// The request came to nothing, and says nothing about the service: its sender was cancelled, or
    /// its result makes no difference any more.
    Abandoned,
    /// A caller takes a question to a person or a file.
    Asks(Asking),
    /// Another process has the lease. The scope follows since the first time, and asks the store again
    /// at the second one.
    Busy(Duration, Duration),
    /// A caller sends a question about the token.
    Checks(Checking),
    /// The exchange of the root token was refused, which may be the scope's fault or the token's.
    Doubted(Doubted),
    /// The login needs a further factor or another request.
    Pending(Pending),
    /// No response, or one without a token.
    Failed(Error),
    /// The credential is a token, which serves as the root token until the service refuses it.
    Given(LiveToken),
    /// The scope has the lease until this time.
    Led(Lease, Duration),
    /// Another process' login has failed, and pauses until this time.
    Paused(Error, Duration),
    /// The store has an entry of this generation.
    Seen(u64),
    /// A caller asks the store.
    Takes(Taking),
    /// The token of another process, and the name and generation of its entry.
    Taken(LiveToken, Name, u64),
    /// The service's API version is known now. The login starts again with it.
    VersionFound,
    /// A caller sends a request.
    Started(InFlight),
    /// A user supplied a wrong factor. The receipt is still valid for another try.
    FactorRejected(Pending, Error),
    /// The service refused the credential.
    Refused(Error, Probe),
    /// The service refused the credential of another process, which is the same.
    RefusedElsewhere(Error, Probe),
    /// The user replaced the credential. A valid token stays.
    Replaced,
    /// A new token.
    Token(LiveToken),
}
