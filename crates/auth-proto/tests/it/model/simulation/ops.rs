//! The steps of a walk.

use auth_proto::FailureKind;

use super::reference::{Cause, Destination};

/// A call of the session, or an answer of a server, usually for one of three scopes.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Abandon(usize),
    /// A service answers a request with this token with anything but a 401.
    Accept(Which, usize, usize),
    /// The clock moves, by milliseconds.
    Clock(i64),
    /// The exchange for this scope is refused, after the root token was replaced or not. The identity
    /// service gives this answer to the question that follows.
    Doubt(usize, bool, Reply),
    /// The caller drops the request.
    Drop(usize),
    Factor(usize),
    /// The service wants a further factor for this scope and the next one.
    Factors(usize),
    Fail(usize, usize),
    /// A status without a body, with this `Retry-After` unless it is 0.
    Head(usize, usize, u32),
    /// Polls, so many of them. The store says the same each time, requests are dropped, and the clock
    /// moves on by milliseconds.
    Insist(usize, Said, u8, i64),
    /// A request with this token breaks off.
    Interrupt(Which),
    /// A response to a request that no longer counts.
    Late(usize),
    /// A poll, and a token that lives this many tens of seconds.
    LogIn(usize, u32, Stamps),
    /// Polls and failures of one kind in turn, each at the time that the session names.
    Outage(usize, usize, u8),
    Poll(usize, Destination),
    /// A poll of a caller who needs the token for this many tens of seconds.
    PollFor(usize, Destination, u32),
    /// A service refuses this token.
    Refuse(Which, usize, Call),
    Renew(usize),
    /// The clock moves to the renewal of this scope's token, and by milliseconds from there.
    Renewal(usize, i64),
    Replace,
    /// A login with this secret is refused, and the source has the same one or another.
    Reread(usize, u32, bool),
    Respond(usize, Reply),
    /// The source has this secret.
    Secret(usize, u32),
    /// The store gives old tokens of this scope, and a service refuses one after the other: beginning with
    /// one of a login without the store, or not.
    Stale(usize, usize, bool),
    /// A service refuses tokens of this scope in turn, which it has accepted or not. The identity
    /// service gives this answer to each question, and a token to each login.
    Storm(usize, usize, bool, u8, Reply),
    /// The store answers the question of this scope.
    Taken(usize, Said),
    /// The clock moves to the last time that the session has named, and by milliseconds from there.
    Until(i64),
}

/// One of the tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// Counted from the newest.
    Back(usize),
    Current(usize),
}

/// What a caller of a service does with a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    OneShot,
    Replayable,
    /// It sends the request twice.
    Retried,
}

/// The response of an identity service. The last number of some is their `Retry-After`, unless it
/// is 0.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Odd(usize, u32),
    /// A receipt that lives this many seconds.
    Receipt(u32),
    Refused(u16, u32),
    /// A token that lives this many tens of seconds.
    Token(u32, Stamps),
    Unavailable(u32),
}

/// What the store says. A generation is the difference to the one that the session knows to be of no
/// use.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// Another process has the same lease as when the store last said so, or another one.
    Busy(bool),
    Led,
    Pause {
        generation: i64,
        status: u16,
        is_refusal: bool,
        /// Seconds.
        rest: u32,
        /// Milliseconds.
        age: u32,
    },
    Silent,
    Token {
        generation: i64,
        which: Shared,
        /// Tens of seconds, when the store was told.
        rest: u32,
        /// Tens of seconds from the token's `issued_at`, which it lacks if this is 0.
        life: u32,
        /// Milliseconds.
        age: u32,
    },
}

/// The token of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// The one that the scope has.
    Again,
    Fits,
    /// The scope's last one before.
    Old,
    OtherScope,
    OtherUser,
    OtherVersion,
    /// The scope's last one that was refused.
    Refused,
    Unreadable,
}

pub(crate) const SHARED: [Shared; 8] = [
    Shared::Again,
    Shared::Fits,
    Shared::Old,
    Shared::OtherScope,
    Shared::OtherUser,
    Shared::OtherVersion,
    Shared::Refused,
    Shared::Unreadable,
];

/// The times in the answer with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamps {
    /// `issued_at` and `Date` are right, and the caller's clock is.
    AllRight,
    /// The server's clock is an hour ahead of the caller's.
    Ahead,
    /// The same, without a `Date`.
    AheadWithoutDate,
    /// The server's clock is an hour behind.
    Behind,
    /// The same, without a `Date`.
    BehindWithoutDate,
    /// `issued_at` is a day too early, `Date` is right.
    EarlyIssue,
    /// `issued_at` is after the end, `Date` is right.
    LateIssue,
    /// `issued_at` is right, `Date` is a year too early.
    OldDate,
    /// `issued_at` was never set, `Date` is right.
    OldIssue,
    /// `Date` is right.
    OnlyDate,
    /// `issued_at` is right.
    OnlyIssue,
    /// Neither.
    Unstamped,
}

pub(crate) const STAMPS: [Stamps; 12] = [
    Stamps::AllRight,
    Stamps::Ahead,
    Stamps::AheadWithoutDate,
    Stamps::Behind,
    Stamps::BehindWithoutDate,
    Stamps::EarlyIssue,
    Stamps::LateIssue,
    Stamps::OldDate,
    Stamps::OldIssue,
    Stamps::OnlyDate,
    Stamps::OnlyIssue,
    Stamps::Unstamped,
];

/// Responses that are neither a token nor a refusal of the credential.
pub(super) const ODD: [(u16, &str, Cause); 9] = [
    (200, "<html>", Cause::Unreadable),
    (200, "", Cause::Unreadable),
    (
        201,
        r#"{"token": {"expires_at": "2026-11-30T08:00:00Z", "project": {"id": "other"}},
            "access": {"token": {"id": "odd", "expires": "2026-11-30T08:00:00Z",
                "tenant": {"id": "other"}}}}"#,
        Cause::Redirected,
    ),
    (201, r#"{"token": {"expires_at": "soon"}}"#, Cause::Unreadable),
    (302, "", Cause::Redirected),
    (400, r#"{"error": {"code": 400, "message": "no"}}"#, Cause::Permanent),
    (404, "", Cause::Missing),
    (413, "", Cause::Permanent),
    (429, "", Cause::Unavailable),
];

/// Statuses without a body, and what they mean.
pub(super) const HEADS: [(u16, Option<Cause>); 7] = [
    (401, Some(Cause::Refused)),
    (403, Some(Cause::Refused)),
    (404, Some(Cause::Missing)),
    (502, Some(Cause::Unavailable)),
    (429, Some(Cause::Unavailable)),
    (201, None),
    // With a receipt.
    (401, None),
];

pub(super) const KINDS: [FailureKind; 5] = [
    FailureKind::Io,
    FailureKind::Timeout,
    FailureKind::Connect,
    FailureKind::Dns,
    FailureKind::Tls,
];

/// Statuses of a service, and whether they show that it has accepted the token.
pub(super) const STATUSES: [(u16, bool); 8] = [
    (200, true),
    (302, true),
    (403, true),
    (404, true),
    (407, false),
    (429, false),
    (500, false),
    (503, false),
];
