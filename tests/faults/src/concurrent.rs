//! Many callers at once: without a token, at a token's end, with a revoked token (F1, F2, F4).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use auth_emulator::Emulator;
use auth_proto::{Action, Scope, ServiceCall, Session, Settings, Token};
use http::{Request, StatusCode, Uri};

use crate::{
    callers::{AND_PLAIN_REQWEST, AND_PLAIN_UREQ, ClientKind},
    clock::Clock,
    request::{CallResult, CallerRequest},
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, SYSTEM, ScriptedReply, TestScope, Testbed},
};

pub(crate) fn cases(full: bool) -> Vec<Case> {
    let mut cases = Case::each(
        "F1",
        "many callers without a token, a login takes 200 ms",
        "1 login, 0 failed, slowest at most login + 100 ms",
        &AND_PLAIN_REQWEST,
        without_token,
    );
    cases.extend(Case::each(
        "F2",
        "the token ends while all callers are busy, 3 times",
        "1 login each, 0 lost, 0 auth errors",
        &AND_PLAIN_UREQ,
        busy_callers,
    ));
    let deaths = if full { 2000 } else { 100 };
    cases.push(Case::core(
        "F2",
        format!("the token ends or is refused while all callers are busy, {deaths} times"),
        "1 login each, 0 lost",
        move || busy_callers_of_the_core(deaths),
    ));
    for callers in [50, 200, 1000] {
        cases.extend(Case::each(
            "F4",
            format!("revoked token, {callers} callers get 401 over 300 ms, 3 rounds"),
            "1 login a round, 0 callers see the 401, 0 lost",
            &AND_PLAIN_UREQ,
            move |kind| revoked(kind, callers),
        ));
    }
    cases
}

fn without_token(kind: ClientKind) -> Tally {
    const LOGIN: Duration = Duration::from_millis(200);
    let testbed = Testbed::start();
    testbed.slow_logins(LOGIN);
    let callers = testbed.callers(kind, &ClientOptions::default());
    let outcomes =
        callers.all(vec![CallerRequest::token(); if kind.is_async() { 1000 } else { 256 }]);

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.traffic(&testbed.server.traffic());
    tally.exactly("logins", tally.logins, 1);
    tally.exactly("failed", outcomes.iter().filter(|outcome| !outcome.result.is_good()).count(), 0);
    tally.within("slowest", tally.slowest, LOGIN + Duration::from_millis(100));
    tally
}

/// Fifty callers that never pause, while the clock moves to the token's end.
fn busy_callers(kind: ClientKind) -> Tally {
    const CALLERS: usize = 50;
    const LIFE: Duration = Duration::from_secs(24 * 3600);
    let testbed = Testbed::start();
    testbed.slow_logins(Duration::from_millis(50));
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::default();
    tally.holds("a first login", callers.one(CallerRequest::token()).result.is_good());

    let over = Arc::new(AtomicBool::new(false));
    let ask = CallerRequest::call(testbed.request()).repeated(&over, Duration::ZERO);
    let mut per_end = Vec::new();
    let outcomes = callers.all_while(vec![ask; CALLERS], || {
        thread::sleep(Duration::from_millis(50));
        for _ in 0..3 {
            let before = testbed.count();
            testbed.clock.forward(LIFE);
            thread::sleep(Duration::from_millis(200));
            per_end.push(testbed.count() - before);
        }
        over.store(true, SeqCst);
    });

    tally.callers(&outcomes, &testbed.logins());
    tally.callers = CALLERS;
    tally.traffic(&testbed.server.traffic());
    for logins in per_end {
        tally.exactly("logins for one token's end", logins, 1);
    }
    tally.exactly("lost", tally.lost, 0);
    tally.exactly("auth errors", tally.auth_errors, 0);
    tally.exactly(
        "other results",
        outcomes.iter().filter(|seen| !seen.result.is_good()).count(),
        0,
    );
    tally
}

/// A thousand callers that poll in turn. Every second time the token is refused instead of ending.
fn busy_callers_of_the_core(deaths: usize) -> Tally {
    const CALLERS: usize = 1000;
    const MINUTE: Duration = Duration::from_secs(61);
    let (clock, mut emulator) = (Clock::start(), Emulator::new());
    let options = ClientOptions::default();
    let cloud = auth_proto::Cloud::huawei();
    let session = Session::new(cloud, options.credential(), Settings::default());
    let (mut session, scope) =
        (session.expect("a sound configuration"), TestScope::Project.scope());
    let mut tally = Tally::from(Counts { callers: CALLERS, max_in_flight: 1, ..Counts::default() });
    let mut token = log_in(&mut session, &scope, &mut emulator, &clock, &mut tally);
    for death in 0..deaths {
        let Some(old) = token else { break };
        let before = emulator.logins(SYSTEM);
        match death % 2 {
            0 => clock.forward(Duration::from_secs(24 * 3600)),
            _ => refuse(&mut session, &old, &clock),
        }
        token = log_in(&mut session, &scope, &mut emulator, &clock, &mut tally);
        for caller in 0..CALLERS {
            if caller == CALLERS / 2 {
                clock.forward(MINUTE);
            }
            // A late 401 for the old token must not drop the new one.
            refuse(&mut session, &old, &clock);
            if !matches!(session.poll(&scope, clock.now()), Action::Use(_)) {
                tally.auth_errors += 1;
            }
        }
        let logins = emulator.logins(SYSTEM) - before;
        tally.exactly(format_args!("logins for end {death}"), logins, 1);
        clock.forward(MINUTE);
    }
    tally.logins = emulator.logins(SYSTEM);
    // Every failure here is a lost caller: a login is always in pending.
    tally.lost = tally.auth_errors;
    tally.exactly("lost", tally.lost, 0);
    tally
}

/// A service refuses a token that it has accepted before.
fn refuse(session: &mut Session, token: &Token, clock: &Clock) {
    let service = Uri::from_static("https://ecs.cn-north-1.myhuaweicloud.com/v1/servers");
    let _ = ServiceCall::is_refusal(token, &service, StatusCode::OK);
    let _ = session.handle_unauthorized(token, &service, clock.now());
}

/// One caller logs in and all others wait; then the response arrives.
fn log_in(
    session: &mut Session,
    scope: &Scope,
    emulator: &mut Emulator,
    clock: &Clock,
    tally: &mut Tally,
) -> Option<Arc<Token>> {
    let Action::Send(pending, request) = session.poll(scope, clock.now()) else {
        tally.holds("the first caller logs in", false);
        return None;
    };
    for _ in 1..tally.callers {
        let waits = matches!(session.poll(scope, clock.now()), Action::Wait(_));
        tally.auth_errors += usize::from(!waits);
    }
    let (head, body) = request.into_parts();
    let answer = emulator.handle(Request::from_parts(head, body.as_bytes()), clock.now());
    session.handle_response(pending, answer, clock.now()).expect("its own request");
    match session.poll(scope, clock.now()) {
        Action::Use(token) => Some(token),
        _ => {
            tally.holds("the login gives a token", false);
            None
        }
    }
}

/// All callers send the old token at once; the server refuses each after a random delay.
fn revoked(kind: ClientKind, count: usize) -> Tally {
    let testbed = Testbed::start();
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::default();
    tally.holds("a first login", callers.one(CallerRequest::token()).result.is_good());
    for round in 1..=3 {
        testbed.server.emulator().revoke_all();
        testbed.server.reset_traffic();
        refuse_slowly(&testbed, count);
        let outcomes = callers.all(vec![CallerRequest::call(testbed.request()); count]);

        let traffic = testbed.server.traffic();
        tally.callers(&outcomes, &testbed.logins());
        tally.traffic(&traffic);
        tally.exactly(format_args!("logins in round {round}"), traffic.logins, 1);
        let good = outcomes
            .iter()
            .filter(|outcome| outcome.result == CallResult::Response(StatusCode::OK));
        tally.exactly(format_args!("good responses in round {round}"), good.count(), count);
        // On a busy machine late callers have the new token from the start.
        if traffic.unauthorized < count as u64 / 2 {
            tally.late.push(format!("in round {round} only {} were refused", traffic.unauthorized));
        }
    }
    tally.exactly("lost", tally.lost, 0);
    tally
}

/// Answers requests with the first request's token over 300 ms, after all callers could send theirs.
fn refuse_slowly(testbed: &Testbed, count: usize) {
    const LOGIN: Duration = Duration::from_millis(50);
    let (mut random, mut old) = (fastrand::Rng::with_seed(4), None);
    let first = 200 + count as u64;
    testbed.script(move |arrival| {
        if arrival.login.is_some() {
            return ScriptedReply::Good(LOGIN);
        }
        let token = arrival.headers.get("x-auth-token").cloned();
        match *old.get_or_insert_with(|| token.clone()) == token {
            true => ScriptedReply::Good(Duration::from_millis(random.u64(first..first + 300))),
            false => ScriptedReply::Good(Duration::ZERO),
        }
    });
}
