//! A refused password, and a fleet whose processes come and go for twelve hours.

use std::{error::Error, ops::Range, time::Duration};

use auth_emulator::System;
use redis_server::Clock;

use crate::{
    harness::{
        Command, Event, Fleet, Job, Login, Seen, Service, StoreKind, TestStore, token_results,
    },
    scenario::{Case, Extent, Tally},
};

const BOUND: &str = "1 POST in 30 min, 4 in 12 h; 1 login with the new password";
const HALF_HOUR: Duration = Duration::from_secs(30 * 60);
const HALF_DAY: Duration = Duration::from_secs(12 * 3600);
/// Processes that start together, at each moment one after the other.
const WAVE: usize = 10;
/// What a wave has for its start and its answers.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let (processes, moments) = if extent.is_short { (20, 12) } else { (200, 30) };
    let scenario =
        format!("a refused password, {processes} processes at {moments} moments of 12 h");
    let run = move |kind: StoreKind, tally: &mut Tally| {
        let clock = Clock::start()?;
        let history = History {
            store: TestStore::start_behind(kind, &clock.words()?)?,
            service: Service::start()?,
            clock,
            sent: Vec::new(),
            silences: 0,
        };
        history.run(processes, &moments_of(moments, extent.seed), tally)
    };
    let cases = Case::each("S5", scenario, BOUND, &StoreKind::BLOCKING, run);
    cases.into_iter().map(|case| case.beside("refused")).collect()
}

/// One moment in each part of the twelve hours, at any time of it.
fn moments_of(count: u32, seed: u64) -> Vec<Duration> {
    let (mut rng, part) = (fastrand::Rng::with_seed(seed), HALF_DAY / count);
    (0..count).map(|number| part * number + part.mul_f64(rng.f64())).collect()
}

struct History {
    clock: Clock,
    store: TestStore,
    service: Service,
    /// The logins so far: when they came by the moved clock, and whether the password was the new
    /// one.
    sent: Vec<(Duration, bool)>,
    /// The times that the store gave no answer or heard no note in time. Each may cost a login.
    silences: usize,
}

impl History {
    fn run(
        mut self,
        processes: usize,
        moments: &[Duration],
        tally: &mut Tally,
    ) -> Result<(), Box<dyn Error>> {
        // Longer than the history, so that nobody renews a token.
        self.service.server.emulator().token_lifetime(System::Keystone, time::Duration::DAY);
        for (number, at) in moments.iter().enumerate() {
            self.clock.set_ahead(*at)?;
            // From the middle on, half of the fleet has the new password.
            let is_changed = number >= moments.len() / 2;
            for first in (0..processes).step_by(WAVE) {
                self.wave(first..processes.min(first + WAVE), is_changed, *at, tally)?;
            }
        }
        let is_old = |sent: &&(Duration, bool)| !sent.1;
        let old: Vec<_> = self.sent.iter().filter(is_old).map(|(at, _)| *at).collect();
        let is_early = |pair: &[Duration]| pair[1] - pair[0] < HALF_HOUR;
        let are_early = self.silences == 0 && old.windows(2).any(is_early);
        tally.holds(format!("no second POST in 30 min: {old:?}"), !are_early);
        tally.holds("the refused password was sent", !old.is_empty());
        tally.at_most("POSTs of the refused password", old.len(), 4 + self.silences);
        tally.logins = self.sent.len() - old.len();
        tally.holds("the new password was sent", tally.logins > 0);
        tally.at_most("logins with the new password", tally.logins, 1 + self.silences);
        tally.figure("refused", old.len() as u64);
        tally.figure("without store", self.silences as u64);
        Ok(())
    }

    fn note_silence(&mut self, seen: &[Seen]) {
        for seen in seen {
            if let Event::Store { kind, text } = &seen.event
                && ["NotTold", "Silent"].contains(&kind.as_str())
            {
                if self.silences == 0 {
                    eprintln!("went without the store: {text}");
                }
                self.silences += 1;
            }
        }
    }

    /// Processes that start together, want a token, and end.
    fn wave(
        &mut self,
        processes: Range<usize>,
        is_changed: bool,
        at: Duration,
        tally: &mut Tally,
    ) -> Result<(), Box<dyn Error>> {
        let (mut fleet, before) = (Fleet::new()?, self.service.logins().len());
        let right = self.service.job(self.store.sharing(), false);
        let wrong = Job { login: Login::Password("an earlier one".to_owned()), ..right.clone() };
        let is_new = |process: usize| is_changed && process.is_multiple_of(2);
        let words = self.clock.words()?;
        for process in 0..processes.len() {
            fleet.start(&words, if is_new(process) { &right } else { &wrong })?;
        }
        fleet.send_all(Command::Token(0));
        let have_ended = fleet.wait_for_tokens(fleet.len(), PATIENCE);
        tally.holds(format!("each process has an answer within {PATIENCE:?}"), have_ended);
        let seen = fleet.seen();
        for (seen, took, result) in token_results(&seen) {
            match result {
                Ok(_) => tally.holds("the old password gets no token", is_new(seen.process)),
                Err(error) if is_new(seen.process) => {
                    tally.lost += 1;
                    tally.holds(format!("the new password works: {error}"), false);
                }
                // Each process gives the service's reason.
                Err(error) => tally.holds(error, error.contains("401")),
            }
            tally.slowest = tally.slowest.max(took);
        }
        tally.processes += fleet.len();
        self.note_silence(&seen);
        for login in &self.service.logins()[before..] {
            self.sent.push((at, login.process.is_some_and(is_new)));
        }
        Ok(())
    }
}
