//! What holds in each history of a fleet.

use std::{collections::BTreeMap, time::Duration};

use super::{
    PATIENCE, START,
    service::{Login, NO_ROLE},
    world::{Rng, World},
};

/// What goes wrong in one history, and how often it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storm {
    /// The identity service fails, and answers are lost.
    pub(crate) fails: bool,
    /// Passwords are refused.
    pub(crate) refuses: bool,
    /// Processes are killed and stopped, and callers go away, in the middle of a login.
    pub(crate) interrupts: bool,
    /// The store loses entries.
    pub(crate) loses: bool,
    /// The store is silent, or belongs to an adversary.
    pub(crate) hides: bool,
    /// A service refuses good tokens.
    pub(crate) is_odd: bool,
    pub(crate) revokes: bool,
    /// A login may take longer than a lease.
    pub(crate) is_slow: bool,
    /// The history lasts for many hours.
    pub(crate) is_long: bool,
    pub(crate) revocations: usize,
    pub(crate) losses: usize,
    pub(crate) odds: usize,
    pub(crate) starts: usize,
    /// The answers that were given up because the process got another password.
    pub(crate) replaced: usize,
    /// The answers that were lost. A process does not know that its password was refused.
    pub(crate) lost: usize,
}

const HALF_HOUR: Duration = Duration::from_secs(1800);
const HALF_DAY: Duration = Duration::from_secs(12 * 3600);

impl Storm {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let mut draw = || rng.one_in(2);
        Self {
            fails: draw(),
            refuses: draw(),
            interrupts: draw(),
            loses: draw(),
            hides: draw(),
            is_odd: draw(),
            revokes: draw(),
            is_slow: draw() && draw(),
            is_long: draw(),
            revocations: 0,
            losses: 0,
            odds: 0,
            starts: 0,
            replaced: 0,
            lost: 0,
        }
    }

    /// Whether a call may fail. What goes wrong with the store is no reason.
    pub(crate) fn may_fail(&self) -> bool {
        self.fails || self.refuses
    }
}

/// The longest wait of a caller in whose wait all tokens were revoked so often, while the identity
/// service is healthy and takes this long for a request.
pub(crate) fn longest(storm: Storm, pace: Duration, revoked: usize) -> Duration {
    // A machine's login at its provider and at the identity service, an exchange, and a question.
    let login = 4 * pace + Duration::from_secs(1);
    // After a 401 it waits for another token, and once more if a revocation ends that before its use.
    let rounds = 2 + revoked as u32;
    match storm {
        Storm { fails: true, .. } | Storm { refuses: true, .. } => Duration::MAX,
        // Callers of one process who go away in the middle of a login, one after the other.
        Storm { interrupts: true, .. } => rounds * PATIENCE + (2 + rounds) * login,
        Storm { hides: true, .. } => rounds * (PATIENCE + login),
        _ => rounds * (PATIENCE.min(login) + login),
    }
}

/// The logins and exchanges of each name: of each secret and project. Exchanges of tokens that have
/// ended have no secret.
fn by_name(world: &World) -> BTreeMap<(&str, Option<&str>), Vec<&Login>> {
    let mut names = BTreeMap::<_, Vec<_>>::new();
    for login in world.service.logins.iter().filter(|login| !login.password.is_empty()) {
        names.entry((&*login.password, login.project.as_deref())).or_default().push(login);
    }
    names
}

/// A leader that is killed or stopped costs one login, beside those that renew a token in the second
/// half of its life. (The token of an exchange lives no longer than its root.) If requests were given up or
/// processes stopped before, there may be one exchange more, in one history of some ten thousands.
pub(crate) fn check_strike(world: &World, storm: Storm, project: &str) {
    let Storm { fails, refuses, hides, is_odd, is_slow, interrupts, .. } = storm;
    let most = if interrupts { 3 } else { 2 };
    if fails || refuses || hides || is_odd || is_slow {
        return;
    }
    for ((secret, name), logins) in by_name(world) {
        let renews = |pair: &&[&Login]| {
            pair[0].ends.is_some_and(|ends| ends < pair[1].at + world.service.life / 2)
        };
        let counted = logins.len() - logins.windows(2).filter(renews).count();
        assert!(name != Some(project) || counted <= most, "{counted} logins: {secret} {project}");
    }
}

/// A refused password is sent once by all processes.
pub(crate) fn check_refused(world: &World, storm: Storm, project: &str) {
    if storm.hides || storm.is_slow {
        return;
    }
    for ((secret, name), logins) in by_name(world) {
        let refused = logins.iter().filter(|login| login.status == 401 && !login.is_exchange);
        let sent = refused.count();
        assert!(name != Some(project) || sent <= 1, "{sent} refusals: {secret} {project}");
    }
}

/// Checks the number of logins of a fleet whose store has worked all the time, and in which no login
/// was interrupted.
pub(crate) fn check(world: &World, storm: Storm, processes: usize) {
    if storm.hides || storm.interrupts || storm.is_slow {
        return;
    }
    for ((secret, project), logins) in by_name(world) {
        let granted = logins.iter().filter(|login| login.status == 201).count();
        // A login may be under way when all tokens are revoked. Its token is refused, too.
        let revoked = 2 * storm.revocations;
        // Each process does a login before it asks whether the service or the token is wrong.
        let odd = storm.odds * (processes + storm.starts);
        let elapsed = world.now - START;
        let renewed = (elapsed.as_secs() / (shortest_life(world).as_secs() / 4)) as usize;
        // Those who have a token from before do not put it back.
        let lost = 2 * storm.losses;
        let most = 1 + revoked + odd + renewed + storm.replaced + lost;
        assert!(
            storm.fails || granted <= most,
            "{granted} logins, not {most}: {secret} {project:?} {storm:?}"
        );
        // After a revocation each process in turn asks about its root token. If that takes too long, the
        // last ones go on without the store, and do not see the pause of the root.
        let in_turn = 2 * world.service.pace * processes as u32;
        let is_quick = storm.revocations == 0 || in_turn < PATIENCE;
        if project != Some(NO_ROLE) && storm.lost + storm.losses == 0 && is_quick {
            check_refusals(&logins);
        }
    }
}

/// The shortest life that a process believes a token to have: a clock that is up to five minutes ahead
/// agrees with the server's, and the later one counts.
fn shortest_life(world: &World) -> Duration {
    let skews = world.processes.iter().map(|process| process.plan.skew);
    let ahead = skews.filter(|skew| *skew <= time::Duration::minutes(5)).max();
    let ahead = ahead.and_then(|skew| skew.try_into().ok()).unwrap_or(Duration::ZERO);
    world.service.life.saturating_sub(ahead).max(Duration::from_secs(4))
}

/// A refused password is sent once in half an hour, and four times in half a day.
fn check_refusals(logins: &[&Login]) {
    let mut refused: Vec<Duration> = Vec::new();
    for login in logins.iter().filter(|login| !login.is_exchange) {
        match login.status {
            201 => refused.clear(),
            401 => refused.push(login.at),
            _ => {}
        }
        let is_early = |pair: &[Duration]| pair[1] - pair[0] < HALF_HOUR;
        assert!(!refused.windows(2).any(is_early), "{refused:?}");
        let are_many = |five: &[Duration]| five[4] - five[0] < HALF_DAY;
        assert!(!refused.windows(5).any(are_many), "{refused:?}");
    }
}
