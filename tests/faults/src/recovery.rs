//! How soon a cold process has a token after an outage of the identity service (F41).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use auth_emulator::Fault;
use http::StatusCode;

use crate::{
    callers::{AND_NAIVE_UREQ, ClientKind},
    request::CallerRequest,
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, ScriptedReply, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for outage in [Outage::Busy, Outage::Resets, Outage::Hangs] {
        for seconds in [3, 60, 600] {
            // A service that takes the password and goes silent may have refused it, so the
            // next attempts are at 1, 30 and 450 s. That is too long to wait for.
            let real = seconds == 3 || (seconds == 60 && outage == Outage::Busy);
            let run = if real { in_real_time } else { on_the_clock };
            let clock = if real { "" } else { " on the clock" };
            cases.extend(Case::each(
                "F41",
                format!("identity {} for {seconds} s{clock}, cold, 100 callers", outage.text()),
                outage.bound(),
                &AND_NAIVE_UREQ,
                move |kind| run(kind, outage, Duration::from_secs(seconds)),
            ));
        }
    }
    cases.into_iter().map(|case| case.beside("minutes")).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// 503.
    Busy,
    Hangs,
    /// Resets the connection when it has read the request.
    Resets,
}

impl Outage {
    fn text(self) -> &'static str {
        match self {
            Self::Busy => "gives 503",
            Self::Hangs => "takes the password and hangs",
            Self::Resets => "takes the password and resets",
        }
    }

    fn bound(self) -> &'static str {
        match self.has_no_status() {
            false => "first token within 20 s of recovery",
            true => "a password was sent and got no status: first token within 450 s of recovery",
        }
    }

    fn has_no_status(self) -> bool {
        self != Self::Busy
    }

    fn longest(self) -> Duration {
        Duration::from_secs(if self.has_no_status() { 450 } else { 20 })
    }

    fn begin(self, testbed: &Testbed) {
        testbed.script(move |arrival| match arrival.login {
            None => ScriptedReply::Good(Duration::ZERO),
            Some(_) => ScriptedReply::Fault(match self {
                Self::Busy => Fault::new().status(StatusCode::SERVICE_UNAVAILABLE),
                Self::Hangs => Fault::new().silence(),
                Self::Resets => Fault::new().reset(),
            }),
        });
    }
}

const CALLERS: usize = 100;

/// A hundred callers wait, each up to its patience of 30 s, and begin again.
fn in_real_time(kind: ClientKind, outage: Outage, length: Duration) -> Tally {
    let testbed = Testbed::start();
    outage.begin(&testbed);
    let callers = testbed.callers(kind, &ClientOptions::default());
    let over = Arc::new(AtomicBool::new(false));
    let ask = CallerRequest::token().repeated(&over, Duration::from_millis(500));
    let mut recovered = Duration::ZERO;
    callers.all_while(vec![ask; CALLERS], || {
        thread::sleep(length);
        testbed.script(|_| ScriptedReply::Good(Duration::ZERO));
        recovered = testbed.clock.elapsed();
        let most = outage.longest().min(Duration::from_secs(60));
        while first_token(&testbed).is_none() && testbed.clock.elapsed() < recovered + most {
            thread::sleep(Duration::from_millis(20));
        }
        over.store(true, SeqCst);
    });
    judged(&testbed, outage, recovered)
}

/// One caller a second and a hundred every ten seconds; where a recovery takes minutes, only these
/// after the first minute.
fn on_the_clock(kind: ClientKind, outage: Outage, length: Duration) -> Tally {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let testbed = Testbed::start();
    outage.begin(&testbed);
    let options = ClientOptions { identity_timeout: TIMEOUT, ..ClientOptions::default() };
    let callers = testbed.callers(kind, &options);
    let mut recovered = None;
    let step = |now: Duration| match outage.has_no_status() && now.as_secs() >= 60 {
        true => 10,
        false => 1,
    };
    loop {
        let now = testbed.clock.elapsed();
        if recovered.is_none() && now >= length {
            testbed.script(|_| ScriptedReply::Good(Duration::ZERO));
            recovered = Some(testbed.clock.elapsed());
        }
        let patience = if outage == Outage::Hangs { 2 * TIMEOUT } else { TIMEOUT / 6 };
        let ask = CallerRequest::token().within(patience);
        match now.as_secs() % 10 {
            0 => drop(callers.all(vec![ask; CALLERS])),
            _ => drop(callers.one(ask)),
        }
        let most = outage.longest() + Duration::from_secs(30);
        if first_token(&testbed).is_some() || recovered.is_some_and(|at| now > at + most) {
            break;
        }
        testbed.clock.forward_to(now + Duration::from_secs(step(now)));
    }
    judged(&testbed, outage, recovered.unwrap_or_default())
}

fn first_token(testbed: &Testbed) -> Option<Duration> {
    testbed.logins().iter().find_map(|login| login.granted)
}

fn judged(testbed: &Testbed, outage: Outage, recovered: Duration) -> Tally {
    let mut tally = Tally::from(Counts { callers: CALLERS, ..Counts::default() });
    tally.traffic(&testbed.server.traffic());
    let Some(granted) = first_token(testbed) else {
        tally.holds("a token", false);
        return tally;
    };
    let took = granted.saturating_sub(recovered).as_secs();
    tally.figure("s to the first token", took);
    // A caller comes once a second or, where the bound is 450 s, once in ten.
    tally.at_most(
        "seconds to the first token",
        took,
        outage.longest().as_secs() + if outage.has_no_status() { 10 } else { 1 },
    );
    tally
}
