//! Calls of a session in an unusual order.
//!
//! A response without a request, or twice for one request, cannot occur: only the session makes a
//! pending request, and a caller hands it back once. No caller sets the counters of attempts.

use auth_proto::{
    Action, Credential, Factor, Failure, FailureKind, PendingRequest, Scope, Session, Settings,
    UserRef, timestamp,
};
use http::{Response, Uri};
use serde_json::json;
use time::{Duration, UtcDateTime};

use super::{PASSWORD, check_rows, cloud, result_summary, summary};
use crate::support::NOW;

/// Steps, each with its number of repetitions. See [`Sequence::take`].
type Steps = &'static [(usize, &'static str)];

#[rustfmt::skip]
const ROWS: &[(&str, Steps, &str)] = &[
    ("a login", &[(1, "poll ok:3600 poll")], "1 sent: send t1."),
    ("an answer after its time", &[(1, "poll +61 poll +10 poll first:ok:3600 poll last:ok:3600 poll")], "2 sent: send wait send wait t2."),
    ("an answer after its time, to another scope", &[(1, "poll +61 other first:ok:3600 poll")], "2 sent: send*2 wait."),
    ("an answer after the end", &[(1, "poll close ok:3600 poll")], "1 sent: send Closed."),
    ("a failure after the end", &[(1, "poll close broken poll")], "1 sent: send Closed."),
    ("an end after the end", &[(2, "close"), (1, "poll")], "0 sent: Closed."),
    ("an end with a token", &[(1, "poll ok:3600 close poll")], "1 sent: send Closed."),
    ("an end in a pause", &[(1, "poll broken close poll")], "1 sent: send Closed."),
    ("an end while refused", &[(1, "poll 401 close poll")], "1 sent: send Closed."),
    ("a new credential before the answer", &[(1, "poll replace ok:3600 poll")], "2 sent: send*2."),
    ("a new credential before a refusal of the old one", &[(1, "poll replace 401 poll ok:3600 poll")], "2 sent: send*2 t1."),
    ("a new credential after a refusal", &[(1, "poll 401 poll replace poll ok:3600 poll")], "2 sent: send refused send t1."),
    ("a 401 to the token before", &[(1, "poll ok:3600 poll +100 no:1 poll ok:3600 poll"), (100, "no:1 poll")], "2 sent: send t1 send t2*101."),
    ("ten thousand at once", &[(1, "poll ok:3600 poll +100"), (10_000, "no:1 poll"), (1, "ok:3600"), (10_000, "no:1 poll")], "2 sent: send t1 send wait*9999 t2*10000."),
    ("a 401 to a token a moment old", &[(1, "poll ok:3600 poll no:1 poll ok:3600 poll no:2 poll")], "3 sent: send t1 send t2 send"),
    ("a service that refuses every token", &[(600, "poll ok:3600 no:last +1")], "12 sent: send t1 send t2 send t2*60 send t2*60 send t2*60 send t2*60 send t2*60 send t2*60 send t2*60 send t2*60 send t2*60 send t2*46"),
    ("a clock that goes back a nanosecond", &[(1, "poll ok:3600 -1ns poll")], "1 sent: send t1."),
    ("a clock that goes back ten years", &[(1, "poll ok:3600 -10y poll +10y poll +3600 poll")], "2 sent: send t1 send wait."),
    ("a clock that goes back in a pause", &[(1, "poll 503 -10y poll +5 poll")], "2 sent: send wait send."),
    ("a clock that goes back in pending", &[(1, "poll -10y poll +61 poll")], "1 sent: send wait*2."),
    ("a clock that goes on by a hundred years", &[(1, "poll ok:3600 poll +100y poll")], "2 sent: send t1 send."),
    ("a clock that goes on in pending", &[(1, "poll +100y poll")], "1 sent: send wait."),
    ("a clock that swings by a year", &[(20, "+1y poll ok:3600 poll -1y poll ok:3600 poll")], "20 sent: send t1*3 send t2*3 "),
    ("a clock at the last moment", &[(1, "last-moment poll ok:3600 poll")], "1 sent: send t1."),
    ("a clock at the last moment, and a refusal", &[(1, "last-moment poll 401 poll")], "1 sent: send refused."),
    ("a clock at the last moment, and a pause", &[(1, "last-moment poll 503 poll")], "1 sent: send wait."),
    ("from the first moment to the last", &[(1, "first-moment poll ok:3600 poll last-moment poll")], "2 sent: send t1 send."),
    ("given up a thousand times", &[(1000, "poll abandon")], "1 sent: send wait*999"),
    ("dropped a thousand times", &[(1000, "poll drop")], "1000 sent: send*1000."),
    ("broken a thousand times", &[(1000, "poll broken")], "1 sent: send wait*999."),
    ("refused a thousand times", &[(1000, "poll 401")], "1 sent: send refused*999."),
    ("a token that has ended, a thousand times in an hour", &[(1000, "poll ok:0 +3.6")], "13 sent: send*2 Expired*83 send Expired*83 send Expired*83 send Expired*83 send Expired*83 send Expired*83 send Expired*83 send Expired*83 send Expired*83 send "),
    ("asked to come again at once, every half a minute for an hour", &[(120, "poll 503:0 +30")], "120 sent: send*120."),
    ("asked to come again in a day while a token lives", &[(1, "poll ok:7200 +6500 poll 503:86400"), (100, "poll +5")], "2 sent: send*2 t1*100."),
    // A server may issue such tokens on purpose.
    ("a token of four seconds, a thousand times in an hour", &[(1000, "poll ok:4 +3.6")], "1000 sent: send*1000."),
    ("a thousand invalid responses in an hour", &[(1000, "poll none +3.6")], "13 sent: send*2 Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Field*83 send Fiel"),
    ("refused while a token lives", &[(1, "poll ok:3600 +3300 poll 401"), (100, "poll")], "2 sent: send*2 t1*100."),
    ("out of order while a token lives", &[(1, "poll ok:3600 +3300 poll 503"), (100, "poll")], "2 sent: send*2 t1*100."),
    ("a shorter token while another lives", &[(1, "poll ok:3600 +3300 poll ok:60 poll +200 poll")], "3 sent: send*2 t1 send."),
    ("two scopes with a wrong password", &[(1, "poll other 401 poll other")], "1 sent: send wait refused*2."),
    ("a factor without a challenge", &[(1, "factor poll factor ok:3600 factor poll")], "1 sent: Misuse(NoQuestion) send Misuse(NoQuestion)*2 t1."),
];

#[test]
fn each_sequence_has_its_outcome() {
    check_rows(ROWS, |steps| {
        let mut sequence = Sequence::new();
        for (times, steps) in *steps {
            (0..*times).for_each(|_| steps.split(' ').for_each(|step| sequence.take(step)));
        }
        format!("{} sent: {}", sequence.sent, sequence.shown())
    });
}

/// A session, and its actions so far.
struct Sequence {
    session: Session,
    now: UtcDateTime,
    pending_requests: Vec<PendingRequest>,
    tokens: Vec<std::sync::Arc<auth_proto::Token>>,
    sent: usize,
    issued: usize,
    /// The results of polls, and their repetitions.
    seen: Vec<(String, usize)>,
}

impl Sequence {
    fn new() -> Self {
        Self {
            session: Session::new(cloud(), credential(), Settings::default()).unwrap(),
            now: NOW,
            pending_requests: Vec::new(),
            tokens: Vec::new(),
            sent: 0,
            issued: 0,
            seen: Vec::new(),
        }
    }

    /// * `poll`, `other`: a caller polls, for this scope or the other one.
    /// * `ok:N`, `none`, `401`, `503:N`, `broken`, `abandon`: the last pending request gets a token of
    ///   N seconds, an invalid response, a status with or without `Retry-After`, or no response. With
    ///   `first:` it is the first one. Without a pending request the step does nothing.
    /// * `no:N`, `no:last`: a service refuses a token.
    /// * `+N`, `-N`, with `y` and `ns`, `first-moment`, `last-moment`: the clock moves.
    /// * `replace`, `close`, `factor`: the call of that name.
    fn take(&mut self, step: &str) {
        let (step, from) = match step.split_once(':') {
            Some(("first", step)) => (step, 0),
            Some(("last", step)) => (step, self.pending_requests.len().saturating_sub(1)),
            _ => (step, self.pending_requests.len().saturating_sub(1)),
        };
        match step.split_once(':').unwrap_or((step, "")) {
            ("poll", _) => self.poll("p1"),
            ("other", _) => self.poll("p2"),
            ("no", which) => self.refuse(which),
            ("first-moment", _) => self.now = UtcDateTime::MIN,
            ("last-moment", _) => self.now = UtcDateTime::MAX,
            ("close", _) => self.session.close(),
            ("replace", _) => self.session.replace_credential(credential()).unwrap(),
            ("factor", _) => {
                let submitted = self.session.answer(&scope("p1"), Factor::totp("123456"), self.now);
                self.note(result_summary(submitted));
            }
            _ if step.starts_with(['+', '-']) => self.now += moved(step),
            (end, life) if from < self.pending_requests.len() => {
                let pending = self.pending_requests.remove(from);
                self.finish(pending, end, life);
            }
            _ => {}
        }
    }

    fn poll(&mut self, project: &str) {
        let result = match self.session.poll(&scope(project), self.now) {
            Action::Fail(error) => summary(&error).split([' ', '(']).next().unwrap().to_owned(),
            Action::Ask(..) => "ask".to_owned(),
            Action::Send(pending, _) => {
                self.pending_requests.push(pending);
                self.sent += 1;
                "send".to_owned()
            }
            Action::Take(..) => unreachable!("the session has no store"),
            Action::Use(token) => {
                let text = token.expose().to_owned();
                self.tokens.push(token);
                text
            }
            Action::Wait(until) => {
                assert!(until >= self.now && until - self.now <= Duration::minutes(1), "{until}");
                "wait".to_owned()
            }
        };
        self.note(result);
    }

    fn note(&mut self, what: String) {
        match self.seen.last_mut() {
            Some((before, times)) if *before == what => *times += 1,
            _ => self.seen.push((what, 1)),
        }
    }

    fn finish(&mut self, pending: PendingRequest, end: &str, life: &str) {
        let respond = |status, body: String| {
            let response = Response::builder().status(status).header("x-subject-token", body.len());
            response.body(body.into_bytes()).unwrap()
        };
        match end {
            "abandon" => self.session.handle_abandoned(pending).unwrap(),
            "drop" => drop(pending),
            "broken" => {
                let failure = Failure::new(FailureKind::Io, "broken");
                self.session.handle_failure(pending, failure, self.now).unwrap();
            }
            "none" => {
                self.session
                    .handle_response(pending, respond(200, "[]".to_owned()), self.now)
                    .unwrap();
            }
            "ok" => {
                self.issued += 1;
                let response = token(self.issued, life.parse().unwrap());
                self.session.handle_response(pending, response, self.now).unwrap();
            }
            status => {
                let mut response = respond(status.parse().unwrap(), String::new());
                if !life.is_empty() {
                    response.headers_mut().insert("retry-after", life.parse().unwrap());
                }
                self.session.handle_response(pending, response, self.now).unwrap();
            }
        }
    }

    fn refuse(&mut self, which: &str) {
        let token = match which {
            "last" => self.tokens.last(),
            number => {
                let name = format!("t{number}");
                self.tokens.iter().find(|token| token.expose() == name)
            }
        };
        if let Some(token) = token {
            let url = Uri::from_static("https://service.example/");
            let _ = self.session.handle_unauthorized(token, &url, self.now);
        }
    }

    fn shown(&self) -> String {
        let shown = self.seen.iter().map(|(what, times)| match times {
            1 => what.clone(),
            _ => format!("{what}*{times}"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }
}

fn scope(project: &str) -> Scope {
    Scope::project_id(project)
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), PASSWORD)
}

/// A token of this many seconds, from a server whose clock is right.
fn token(number: usize, life: i64) -> Response<Vec<u8>> {
    let stamp = |offset| timestamp::format(NOW + Duration::seconds(offset));
    let body = json!({"token": {"issued_at": stamp(0), "expires_at": stamp(life), "project": {}}});
    let response = Response::builder().status(201).header("x-subject-token", format!("t{number}"));
    response.body(body.to_string().into_bytes()).unwrap()
}

fn moved(step: &str) -> Duration {
    let number = |unit: &str| step.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok());
    match (number("ns"), number("y")) {
        (Some(nanos), _) => Duration::nanoseconds(nanos as i64),
        (_, Some(years)) => Duration::days(365 * years as i64),
        _ => Duration::seconds_f64(number("").unwrap()),
    }
}
