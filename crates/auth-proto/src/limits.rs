//! Every limit of the crate, in one place.
//!
//! Input from servers and callers is checked against these limits before it is parsed, so that no
//! response can make the core use unbounded memory or time. The limits are generous: the largest
//! documented token has 32,768 characters (Huawei Cloud, service manuals), and real catalogs hold
//! about a hundred services.

use std::{ops::RangeInclusive, time::Duration};

/// Bytes of a response's body. A driver reads at most one byte more and passes the body on; the
/// core refuses it.
pub const BODY: usize = 4 * 1024 * 1024;

/// Bytes of a [store's entry](crate::Entry), for a store that reads it from somewhere.
pub const ENTRY: usize = 14 + 3 * (2 + SHOWN_BYTES) + TOKEN + BODY;

/// Events that a session keeps until they are polled; older ones are dropped.
pub const EVENTS: usize = 32;

/// Bytes of an error response's body; of a longer one only the status is reported.
pub const ERROR_BODY: usize = 64 * 1024;

/// How long a request may stay unanswered before it counts as lost: the range of
/// [`Settings::with_response_timeout`](crate::Settings::with_response_timeout).
pub const RESPONSE_TIMEOUT: RangeInclusive<Duration> =
    RangeInclusive::new(Duration::from_secs(1), Duration::from_secs(3600));

/// Bytes of a name for which an error suggests a similar one.
pub const SUGGESTION_INPUT: usize = 48;

/// Bytes of a response's headers that an HTTP client must accept, so that the largest token fits.
pub const HEADERS: usize = 64 * 1024;

/// Bytes of an id that becomes part of a URL's path.
pub const PATH_ID: usize = 1024;

/// Bytes of a caller's name, id or secret.
pub const INPUT: usize = 32 * 1024;

/// The longest believed life of a token. A token with a longer one is renewed by then.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// Entries of any list in a response: services, endpoints of all services together, roles,
/// projects, methods.
pub const LIST: usize = 10_000;

/// Bytes of a login's body, which contains all names and secrets. Keystone refuses more than 112
/// KiB and closes the connection before it has read them.
pub const LOGIN_REQUEST: usize = 64 * 1024;

/// Methods in a receipt, and in each of its rules.
pub const METHODS: usize = 32;

/// How long a question may stay without a reply before another caller gets it.
pub const QUESTION: Duration = Duration::from_secs(600);

/// The longest believed `Retry-After`.
pub const RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The longest believed life of a receipt.
pub const RECEIPT_LIFETIME: Duration = Duration::from_secs(3600);

/// Origins for which a token remembers whether they accepted it. All further origins share one mark.
pub const ORIGINS: usize = 64;

/// Rules of a receipt: alternative combinations of methods.
pub const RULES: usize = 32;

/// Bytes of a server's text that are searched for secrets; the rest is cut off.
pub const REDACTION_INPUT: usize = 8 * 1024;

/// Bytes of all secrets together that an error's text is searched for: the largest token, and the
/// other secrets of a login. If a response's headers contain more, the text is left out.
pub const SECRETS: usize = 40 * 1024;

/// Scopes that one [`Session`](crate::Session) keeps tokens for, unless
/// [`Settings::with_max_scopes`](crate::Settings::with_max_scopes) lowers it. A scope that no caller
/// has polled for two minutes can be replaced by another one.
pub const SCOPES: usize = 10_000;

/// Characters of a server's text in an error.
pub const ERROR_TEXT: usize = 256;

/// Bytes of the longest text of that kind: each character escaped, and the mark of a cut.
pub(crate) const SHOWN_BYTES: usize = ERROR_TEXT * r"\u{e0041}".len() + '…'.len_utf8();

/// Characters of a timestamp in a response.
pub const TIMESTAMP: usize = 64;

/// Characters of a token or a receipt.
pub const TOKEN: usize = 32 * 1024;

/// Characters of a URL, configured or from a response.
pub const URL: usize = 8 * 1024;
