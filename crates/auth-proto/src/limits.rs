//! Every bound that the crate keeps, in one place.
//!
//! What comes from a server or a caller is measured against these before it is parsed, so that no
//! answer can make the core use unbounded memory or time. The figures are wide: the largest
//! documented token is 32,768 characters (Huawei Cloud, service manuals), real catalogs hold some
//! hundred services.

use std::{ops::RangeInclusive, time::Duration};

/// Bytes of an identity answer's body. A driver reads at most one byte more and hands it over;
/// the core refuses it.
pub const BODY: usize = 4 * 1024 * 1024;

/// Events that an account keeps for whoever asks; older ones are forgotten.
pub const EVENTS: usize = 32;

/// Bytes of an error answer's body that are looked at; a longer one is reported by status alone.
pub const ERROR_BODY: usize = 64 * 1024;

/// How long a request may stay unanswered before it is presumed lost, by
/// [`Settings::with_response_timeout`](crate::Settings::with_response_timeout).
pub const RESPONSE_TIMEOUT: RangeInclusive<Duration> =
    RangeInclusive::new(Duration::from_secs(1), Duration::from_secs(3600));

/// Bytes of a name whose misspelling an error guesses at.
pub const SUGGESTION_INPUT: usize = 48;

/// Bytes that an HTTP client must accept as one answer's headers, so that the largest token fits.
pub const HEADERS: usize = 64 * 1024;

/// Bytes of an id that becomes part of a URL's path.
pub const PATH_ID: usize = 1024;

/// Characters of a name, an id or a secret that a caller may give.
pub const INPUT: usize = 32 * 1024;

/// How long a token is believed to live. One that lives longer is renewed by then.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// Entries of any list in an answer: services, endpoints of all services together, roles, projects,
/// methods.
pub const LIST: usize = 10_000;

/// Bytes of a login's request, that is of all names and secrets in it together. Keystone refuses
/// more than 112 KiB, and hangs up before it has read them.
pub const LOGIN_REQUEST: usize = 64 * 1024;

/// Methods that a receipt names, and that any one of its rules names.
pub const METHODS: usize = 32;

/// How long a server that asks to be left alone is believed.
pub const RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How long a receipt is believed to live.
pub const RECEIPT_LIFETIME: Duration = Duration::from_secs(3600);

/// Rules of a receipt: combinations of methods, any one of which would do.
pub const RULES: usize = 32;

/// Bytes of a server's text that are searched for secrets; what comes behind is left out.
pub const REDACTION_INPUT: usize = 8 * 1024;

/// Bytes of all secrets together that an error's text is searched for: the largest token, and what
/// else a login knows. Where a server has put more into its answer's headers, the text is left out.
pub const SECRETS: usize = 40 * 1024;

/// Scopes that one [`Session`](crate::Session) keeps tokens for. One that nobody has asked for in two
/// minutes makes room for another.
pub const SCOPES: usize = 64;

/// Characters of a server's text that an error shows.
pub const ERROR_TEXT: usize = 256;

/// Characters of a moment in an answer.
pub const TIMESTAMP: usize = 64;

/// Characters of a token or a receipt.
pub const TOKEN: usize = 32 * 1024;

/// Characters of a URL, configured or from an answer.
pub const URL: usize = 8 * 1024;
