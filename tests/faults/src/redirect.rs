//! Redirects of requests with a secret (F18).

use std::{
    slice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use auth_emulator::{Arrival, Fault};
use http::{Method, Request, StatusCode};

use crate::{
    callers::ClientKind,
    request::{CallResult, CallerRequest},
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, PASSWORD, SYSTEM, ScriptedReply, TOKEN, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let bound = "0 canary bytes at the other origin, no redirect followed";
    let kinds =
        [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainUreq, ClientKind::PlainReqwest];
    let scenario = "a call with a token, GET and POST, redirected by 300 to 308 to both origins";
    let mut cases = Case::each("F18", scenario, bound, &kinds, redirected_calls);
    // Plain ureq does not redirect a POST.
    let kinds = [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainReqwest];
    let scenario = "a login, redirected by 300 to 308 to both origins";
    cases.extend(Case::each("F18", scenario, bound, &kinds, redirected_logins));
    cases
}

const STATUSES: [StatusCode; 7] = [
    StatusCode::MULTIPLE_CHOICES,
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::USE_PROXY,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

/// The target host of redirects.
const ELSEWHERE: &str = "elsewhere.myhuaweicloud.com";

/// The origin that redirects, and a second origin that looks for secrets.
struct Origins {
    home: Testbed,
    other: Testbed,
    /// Requests to a redirect's target at the first origin.
    followed: Arc<AtomicU64>,
}

fn redirected_calls(kind: ClientKind) -> Tally {
    let origins = Origins::start();
    let mut tally = Tally::from(Counts { callers: 1, ..Counts::default() });
    let callers = origins.home.callers(kind, &ClientOptions::default());
    for (status, target) in origins.ways() {
        origins.redirect(status, target, |arrival| arrival.login.is_none());
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method).uri(origins.home.request().uri());
            let request = request.body(Vec::new()).expect("a URL of our own");
            let outcome = callers.one(CallerRequest::call(request));
            tally.callers(slice::from_ref(&outcome), &origins.home.logins());
            tally.holds(
                format_args!("a {status} is returned to the caller"),
                outcome.result == CallResult::Response(status),
            );
        }
    }
    origins.check(&mut tally);
    tally
}

fn redirected_logins(kind: ClientKind) -> Tally {
    let origins = Origins::start();
    let mut tally = Tally::from(Counts { callers: 1, ..Counts::default() });
    for (status, target) in origins.ways() {
        origins.redirect(status, target, |arrival| arrival.login.is_some());
        // A new session, because a session remembers the last redirect.
        let callers = origins.home.callers(kind, &ClientOptions::default());
        let outcome = callers.one(CallerRequest::token());
        tally.callers(slice::from_ref(&outcome), &origins.home.logins());
        let is_error = matches!(outcome.result, CallResult::Failed { .. });
        tally.holds(format_args!("a {status} is an error"), is_error);
    }
    origins.check(&mut tally);
    tally
}

impl Origins {
    fn start() -> Self {
        let (home, other) = (Testbed::start(), Testbed::start());
        other.server.watch(PASSWORD);
        other.server.watch(TOKEN);
        Self { home, other, followed: Arc::default() }
    }

    /// Every status with a target at either origin.
    fn ways(&self) -> impl Iterator<Item = (StatusCode, &Testbed)> {
        let to = |status| [&self.home, &self.other].map(|target| (status, target));
        STATUSES.into_iter().flat_map(to)
    }

    fn redirect(
        &self,
        status: StatusCode,
        target: &Testbed,
        hit: impl Fn(&Arrival<'_>) -> bool + Send + 'static,
    ) {
        let address = target.server.address();
        let location = format!("http://{address}/service/{SYSTEM}/{ELSEWHERE}/v1");
        let followed = Arc::clone(&self.followed);
        self.home.script(move |arrival| {
            if arrival.path.contains(ELSEWHERE) {
                followed.fetch_add(1, SeqCst);
            } else if hit(arrival) {
                return ScriptedReply::Fault(Fault::new().redirect(status, &location));
            }
            ScriptedReply::Good(Duration::ZERO)
        });
    }

    fn check(&self, tally: &mut Tally) {
        tally.traffic(&self.home.server.traffic());
        let other = self.other.server.traffic();
        tally.canary_bytes += other.canary_bytes;
        tally.exactly("canary bytes at the other origin", other.canary_bytes, 0);
        tally.exactly("requests at the other origin", other.requests, 0);
        tally.exactly("redirects followed at home", self.followed.load(SeqCst), 0);
    }
}
