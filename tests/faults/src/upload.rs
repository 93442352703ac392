//! An upload with a revoked token, to a server that does not read it to its end (F39).

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use http::{Method, Request, StatusCode};
use testing::{
    Connection, Loopback, Reply,
    configured::{self, Role},
};

use crate::{
    callers::{AND_NAIVE_UREQ, ClientKind},
    request::{CallResult, CallerRequest, Upload},
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, ScriptedReply, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases: Vec<_> = Case::each(
        "F39",
        "upload of 50 MB from a file, the token is revoked, the server answers early and closes",
        "201, at most one failed try, 1 login",
        &AND_NAIVE_UREQ,
        |kind| run(kind, Manner::AnswersEarly),
    )
    .into_iter()
    .map(|case| case.in_readme("an upload of 50 MB with a revoked token; the server closes early"))
    .collect();
    cases.extend(Case::each(
        "F39",
        "the same, the server resets without an answer; then a call",
        "the identity service is asked about the token before it is used again; the call succeeds",
        &AND_NAIVE_UREQ,
        |kind| run(kind, Manner::Resets),
    ));
    cases
}

const LENGTH: u64 = 50 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    AnswersEarly,
    Resets,
}

/// What the servers saw, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A question about a token, to the identity service.
    Question,
    Login,
    /// A request to the service with the revoked token.
    OldToken,
    /// The same with another token.
    NewToken,
    /// The end of a connection without an answer.
    Reset,
}

type Record = Arc<Mutex<Vec<Seen>>>;

fn record(record: &Record, seen: Seen) {
    record.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
}

fn run(kind: ClientKind, manner: Manner) -> Tally {
    let (testbed, seen) = (Testbed::start(), Record::default());
    let at_identity = Arc::clone(&seen);
    testbed.script(move |arrival| {
        if arrival.login.is_some() {
            record(&at_identity, Seen::Login);
        } else if arrival.path.ends_with("/auth/tokens") && arrival.method != Method::DELETE {
            record(&at_identity, Seen::Question);
        }
        ScriptedReply::Good(Duration::ZERO)
    });
    let (server, revoked) = service(manner, &seen);
    configured::party(Role::Service, &server.url());
    let callers = testbed.callers(kind, &ClientOptions::default());
    let call = || CallerRequest::call(Request::get(url(&server)).body(Vec::new()).expect("a URL"));
    let mut tally = Tally::from(Counts { callers: 1, ..Counts::default() });
    tally.holds("a call before", callers.one(call()).result.is_good());
    testbed.server.emulator().revoke_all();
    testbed.server.reset_traffic();
    seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    revoked.store(1, SeqCst);

    let file = TemporaryFile::new(kind, manner);
    let uri = url(&server).parse().expect("a valid URL");
    let upload = Upload { uri, file: file.0.clone(), length: LENGTH };
    let outcome = callers.one(CallerRequest::upload(upload));
    tally.slowest = outcome.took;
    if manner == Manner::AnswersEarly {
        let created = outcome.result == CallResult::Response(StatusCode::CREATED);
        tally.holds(format_args!("201, not {:?}", outcome.result), created);
    } else {
        tally.holds("the next call succeeds", callers.one(call()).result.is_good());
    }
    tally.traffic(&testbed.server.traffic());
    tally.exactly("logins", tally.logins, 1);

    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let old = seen.iter().filter(|seen| **seen == Seen::OldToken).count();
    tally.figure("failed tries", old as u64);
    tally.at_most("tries with the revoked token", old, 1);
    if manner == Manner::Resets {
        let after = seen.iter().skip_while(|seen| **seen != Seen::Reset).skip(1);
        let before_use = after.take_while(|seen| **seen != Seen::OldToken);
        let asked = before_use.clone().any(|seen| *seen == Seen::Question);
        tally.holds(format_args!("a question before the next use: {seen:?}"), asked);
    }
    tally
}

fn url(server: &Loopback) -> String {
    format!("{}/v1/container/object", server.url())
}

/// A service that knows the first token as revoked once the number is 1.
fn service(manner: Manner, seen: &Record) -> (Loopback, Arc<AtomicU64>) {
    let (revoked, first) = (Arc::new(AtomicU64::new(0)), Mutex::new(None::<String>));
    let (is_revoked, seen) = (Arc::clone(&revoked), Arc::clone(seen));
    let server = Loopback::accept(None, move |connection| {
        let (head, already) = read_head(connection)?;
        let token = testing::header(&head, "x-auth-token").unwrap_or_default().to_owned();
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = *first.get_or_insert_with(|| token.clone()) == token;
        drop(first);
        if is_old && is_revoked.load(SeqCst) == 1 {
            record(&seen, Seen::OldToken);
            return refuse(connection, manner, &head, &seen);
        }
        record(&seen, Seen::NewToken);
        if testing::header(&head, "expect").is_some() {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let length = testing::header(&head, "content-length").and_then(|text| text.parse().ok());
        drain(connection, length.unwrap_or(0_u64).saturating_sub(already))?;
        let status = if head.starts_with("GET") { 200 } else { 201 };
        connection.reply(&Reply::new(status, "", ""))
    });
    (server, revoked)
}

/// Closes with most of the request unread, so that the client's writes fail.
fn refuse(
    connection: &mut Connection,
    manner: Manner,
    head: &str,
    seen: &Record,
) -> io::Result<()> {
    if manner == Manner::AnswersEarly || head.starts_with("GET") {
        // In a network the answer is there before the reset that the unread bytes cause.
        return connection.reply(&Reply::new(401, "", "").pause(Duration::from_millis(100)));
    }
    drain(connection, 1 << 20)?;
    record(seen, Seen::Reset);
    connection.record(head.to_owned());
    connection.reply(&Reply::bytes("").reset())
}

/// The head of a request, and how much of the body came with it.
fn read_head(connection: &mut Connection) -> io::Result<(String, u64)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = connection.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
            return Ok((head, (bytes.len() - end - 4) as u64));
        }
    }
}

fn drain(connection: &mut Connection, bytes: u64) -> io::Result<()> {
    io::copy(&mut connection.take(bytes), &mut io::sink()).map(drop)
}

/// Zeros, in the file system's sparse way. Removed when dropped.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(kind: ClientKind, manner: Manner) -> Self {
        let manner = if manner == Manner::Resets { "reset" } else { "early" };
        let name = format!("faults-{}-{kind:?}-{manner}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = File::create(&path).and_then(|file| file.set_len(LENGTH));
        made.expect("room for a file of 50 MB");
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
