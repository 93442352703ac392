//! A wrong password whose 401 cannot be read to its end (F38).

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use testing::{
    Connection, Loopback, Reply,
    http2::{self, END_STREAM, field},
};

use crate::{
    callers::{AND_NAIVE_UREQ, ClientKind},
    clock::Clock,
    request::CallerRequest,
    scenario::{Case, Tally},
    testbed::{ClientOptions, TestScope, Testbed, WRONG_PASSWORD},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for refusal in Refusal::ALL {
        for scopes in [1, 4, 16] {
            let kinds: &[ClientKind] = match refusal {
                Refusal::LargeHttp2 => &[ClientKind::Reqwest, ClientKind::NaiveReqwest],
                _ => &AND_NAIVE_UREQ,
            };
            for &kind in kinds {
                let is_seen = refusal.is_seen_by(kind);
                let bound = if is_seen { SEEN } else { UNSEEN };
                let scenario = format!("wrong password, {scopes} scopes, {}", refusal.text());
                let run = move |kind| refused(kind, refusal, scopes, is_seen);
                let case = Case::each("F38", scenario, bound, &[kind], run).remove(0);
                let case = case.beside("minutes");
                cases.push(match (refusal, scopes) {
                    (Refusal::Cut, 4) => case.in_readme(
                        "wrong password, 4 scopes, the body of the 401 is cut; half an hour",
                    ),
                    _ => case,
                });
            }
        }
    }
    cases
}

const SEEN: &str = "1 login in half an hour: the status is seen";
const UNSEEN: &str = "no status: at most 4 logins in 15 minutes, then at most 3 in any 15";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Whole,
    Cut,
    Stalled,
    BadlyChunked,
    /// After the identity time-out.
    Late,
    Large,
    LargeHttp2,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::Whole,
        Self::Cut,
        Self::Stalled,
        Self::BadlyChunked,
        Self::Late,
        Self::Large,
        Self::LargeHttp2,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Whole => "401 whole",
            Self::Cut => "401 with a body that is cut",
            Self::Stalled => "401 with a body that stalls",
            Self::BadlyChunked => "401 with a bad chunk",
            Self::Late => "401 after the time-out",
            Self::Large => "401 with headers of 100 KiB",
            Self::LargeHttp2 => "401 with headers of 100 KiB over HTTP/2",
        }
    }

    /// Whether the HTTP client hands the status on. ureq and h2 refuse headers past their limit
    /// without it; hyper reads on.
    fn is_seen_by(self, kind: ClientKind) -> bool {
        match self {
            Self::Late | Self::LargeHttp2 => false,
            Self::Large => kind.is_async(),
            _ => true,
        }
    }

    fn reply(self) -> Reply {
        const BODY: &str = r#"{"error": {"code": 401, "message": "Unauthorized"}}"#;
        let refusal = Reply::status(401, "Content-Type: application/json\r\nConnection: close\r\n");
        match self {
            Self::Whole => refusal.body(BODY),
            Self::Cut => refusal.body_of(BODY.len() + 100, BODY),
            Self::Stalled => refusal.body_of(BODY.len() + 100, BODY).hold(),
            Self::BadlyChunked => {
                refusal.then("Transfer-Encoding: chunked\r\n\r\n5\r\n{\"err\r\nnot a chunk\r\n")
            }
            Self::Late => Reply::bytes("").pause(TIMEOUT * 2).then(
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            Self::Large | Self::LargeHttp2 => {
                refusal.then(format!("X-Large: {}\r\n", "x".repeat(LARGE))).body(BODY)
            }
        }
    }
}

const LARGE: usize = 100 * 1024;
/// Long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The times of the logins, by the scenario's clock.
type Arrivals = Arc<Mutex<Vec<Duration>>>;

fn server(refusal: Refusal, clock: Clock, arrivals: &Arrivals) -> Loopback {
    let arrivals = Arc::clone(arrivals);
    let arrived = move || {
        arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(clock.elapsed());
    };
    match refusal {
        Refusal::LargeHttp2 => {
            Loopback::accept(None, move |connection| refuse_by_http2(connection, &arrived))
        }
        _ => Loopback::start(move |request| {
            if request.method() == "POST" {
                arrived();
            }
            refusal.reply()
        }),
    }
}

/// Answers every request with 401 and a large header.
fn refuse_by_http2(connection: &mut Connection, arrived: &dyn Fn()) -> io::Result<()> {
    http2::serve(connection, |connection, stream, _| {
        arrived();
        let fields = [field(":status", "401"), field("x-large", &"x".repeat(LARGE))].concat();
        connection.write_all(&http2::fields(stream, END_STREAM, &fields))
    })
}

/// Each scope is asked every second for a minute, and every ten seconds afterwards.
fn refused(kind: ClientKind, refusal: Refusal, scopes: u8, is_seen: bool) -> Tally {
    const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);
    // More than any bound; the naive client would go on.
    const MANY: usize = 40;
    let (testbed, arrivals) = (Testbed::start(), Arrivals::default());
    let server = server(refusal, testbed.clock.clone(), &arrivals);
    let options = ClientOptions {
        password: WRONG_PASSWORD,
        identity_timeout: TIMEOUT,
        port: Some(server.port()),
        http2: refusal == Refusal::LargeHttp2,
        ..ClientOptions::default()
    };
    let callers = testbed.callers(kind, &options);
    let mut tally = Tally::default();
    let arrived = || arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone();
    while testbed.clock.elapsed() < HALF_AN_HOUR && arrived().len() < MANY {
        let before = testbed.clock.elapsed();
        let ask = |scope| CallerRequest::token_for(TestScope::Numbered(scope)).within(2 * TIMEOUT);
        let outcomes = match scopes {
            1 => vec![callers.one(ask(0))],
            _ => callers.all((0..scopes).map(ask).collect()),
        };
        tally.callers(&outcomes, &[]);
        let good = outcomes.iter().any(|outcome| outcome.result.is_good());
        tally.holds("a wrong password gives no token", !good);
        let step = if before < Duration::from_secs(60) { 1 } else { 10 };
        testbed.clock.forward_to(before + Duration::from_secs(step));
    }
    let arrived = arrived();
    tally.logins = arrived.len() as u64;
    tally.stopped = arrived.len() >= MANY;
    match is_seen {
        true => tally.exactly("POSTs in half an hour", tally.logins, 1),
        false => windows(&mut tally, &arrived),
    }
    tally
}

/// A second is left for the way of a request.
fn windows(tally: &mut Tally, arrived: &[Duration]) {
    const WINDOW: Duration = Duration::from_secs(15 * 60 - 1);
    let Some(&first) = arrived.first() else { return tally.holds("a login", false) };
    let (early, later): (Vec<_>, Vec<_>) =
        arrived.iter().copied().partition(|at| *at < first + WINDOW);
    tally.at_most("POSTs in the first 15 minutes", early.len(), 4);
    let within =
        |start: Duration| later.iter().filter(|at| (start..start + WINDOW).contains(*at)).count();
    let most = later.iter().map(|start| within(*start)).max().unwrap_or_default();
    tally.at_most("POSTs in 15 later minutes", most, 3);
}
