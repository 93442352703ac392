//! Everything at once, in random order.

use std::time::Duration;

use auth_proto::Scope;

use super::{
    LEASE,
    process::{Back, Plan, machine, password, settings},
    rules::{self, Storm},
    service::{CLIENT_SECRET, NO_ROLE, ODD},
    store::Engine,
    world::{Rng, World},
};

const SERVICE: &str = "https://service.example/";
const PASSWORDS: [&str; 2] = ["good", "old"];
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What becomes of one fleet.
struct History {
    world: World,
    rng: Rng,
    storm: Storm,
    /// The secrets that each process has had since its start.
    secrets: Vec<Vec<&'static str>>,
    /// The kind and the secret of most processes.
    usual: (u64, &'static str),
    /// The number of projects that were new.
    projects: usize,
    /// When all tokens were revoked.
    revoked: Vec<Duration>,
}

impl History {
    fn new(engine: Box<dyn Engine>, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let storm = Storm::draw(&mut rng);
        let mut world = World::new(engine, seed);
        world.service.life = [HOUR / 12, HOUR, 8 * HOUR][rng.below(3) as usize];
        // Sometimes a login takes longer than a lease.
        let slowest = if storm.is_slow { 30_000 } else { 3000 };
        world.service.pace = Duration::from_millis(1 + rng.below(slowest));
        world.service.passwords = PASSWORDS.to_vec();
        let usual = (rng.below(4), PASSWORDS[rng.below(2) as usize]);
        let (secrets, revoked) = (Vec::new(), Vec::new());
        let mut history = Self { world, rng, storm, secrets, usual, projects: 0, revoked };
        for _ in 0..3 + history.rng.below(6) {
            history.start();
        }
        history
    }

    /// Starts a process of any kind.
    fn start(&mut self) {
        let rng = &mut self.rng;
        let any = (rng.below(4), PASSWORDS[rng.below(2) as usize]);
        let (kind, secret) = if rng.one_in(4) { any } else { self.usual };
        let (credential, secret, settings, has_root) = match kind {
            0 => (machine(), CLIENT_SECRET, settings(), true),
            1 => (password(secret), secret, settings().with_root(Scope::unscoped()), true),
            _ => (password(secret), secret, settings(), false),
        };
        let renews = if rng.one_in(3) { vec!["p"] } else { Vec::new() };
        let skew = time::Duration::minutes(rng.below(2 * 28 * 60) as i64 - 28 * 60);
        self.world.start_as(Plan { credential, settings, has_root, skew, renews });
        self.secrets.push(vec![secret]);
    }

    /// One event.
    fn act(&mut self) {
        let process = self.rng.below(self.secrets.len() as u64) as usize;
        let storm = self.storm;
        let (world, rng) = (&mut self.world, &mut self.rng);
        let is_idle = !world.processes[process].is_busy();
        match rng.below(32) {
            0 if storm.interrupts || is_idle => self.restart(process),
            1 if storm.revokes => {
                world.service.revoke();
                self.revoked.push(world.now);
                self.storm.revocations += 1;
            }
            2 if storm.loses => {
                world.wipe_store();
                self.storm.losses += 1;
            }
            3 if storm.loses => {
                world.store.damage();
                self.storm.losses += 1;
            }
            4 | 5 if storm.hides => world.store.set_silent(rng.one_in(2)),
            6 | 7 if storm.hides => {
                world.store.is_hostile = rng.one_in(2);
                world.store.holds_leases = rng.one_in(4);
            }
            8 | 9 if storm.fails => {
                world.service.fault = [None, Some(503), Some(429)][rng.below(3) as usize];
            }
            10 if storm.fails => {
                let flights = world.processes[process].flights.iter_mut();
                let sent = flights.filter(|flight| matches!(flight.back, Back::Response(_)));
                for flight in sent {
                    flight.back = Back::Lost;
                    self.storm.lost += 1;
                }
            }
            11 if storm.interrupts => {
                let pause = Duration::from_secs(1 + rng.below(90));
                world.processes[process].stopped_until = world.now + pause;
            }
            12 | 13 if storm.interrupts => self.give_up(process),
            14 if storm.is_odd => {
                world.service.is_at_odds = rng.one_in(2);
                self.storm.odds += usize::from(world.service.is_at_odds);
            }
            15 if storm.refuses => {
                let accepted = [&PASSWORDS[..1], &PASSWORDS[1..], &PASSWORDS];
                world.service.passwords = accepted[rng.below(3) as usize].to_vec();
            }
            16 if storm.refuses => self.refuse(),
            17 => self.replace(process),
            18 => self.close(process),
            19 if storm.interrupts => self.strike(),
            20 => (0..self.secrets.len()).for_each(|process| self.call(process)),
            21..=23 if storm.is_long => {
                let pause = MINUTE * rng.below(200) as u32;
                world.run_for(pause);
            }
            _ => self.call(process),
        }
    }

    fn call(&mut self, process: usize) {
        let has_root = self.world.processes[process].plan.has_root;
        let project = match self.rng.below(8) {
            0 if has_root => NO_ROLE,
            0..4 => "q",
            _ => "p",
        };
        let url = if self.rng.one_in(3) { ODD } else { SERVICE };
        self.world.call_service(process, project, url);
    }

    /// A password ends, and all processes need a token of a new project.
    fn refuse(&mut self) {
        let (gone, project) = (self.rng.below(2) as usize, self.new_project());
        self.world.service.passwords = vec![PASSWORDS[1 - gone]];
        self.call_all(&project);
        self.world.run_for(4 * self.world.service.pace + Duration::from_secs(5));
        rules::check_refused(&self.world, self.storm, &project);
    }

    fn new_project(&mut self) -> String {
        self.projects += 1;
        format!("new-{}", self.projects)
    }

    fn call_all(&mut self, project: &str) {
        let all = 0..self.world.processes.len();
        all.for_each(|process| self.world.call_service(process, project, SERVICE));
    }

    /// All processes need a token of a new project. The one that logs in is killed, or stopped for longer
    /// than its lease lasts. Then one starts again, which gets what the store has.
    fn strike(&mut self) {
        let project = self.new_project();
        self.call_all(&project);
        let pace = self.world.service.pace;
        self.world.run_for(pace / 2 + Duration::from_millis(10));
        let leaders = self.world.leaders();
        let Some(leader) = leaders.get(self.rng.below(leaders.len().max(1) as u64) as usize) else {
            return;
        };
        let pause = LEASE + 2 * pace + Duration::from_secs(1 + self.rng.below(10));
        match self.rng.one_in(2) {
            true => self.restart(*leader),
            false => self.world.processes[*leader].stopped_until = self.world.now + pause,
        }
        self.world.run_for(pause + Duration::from_secs(5));
        let late = self.rng.below(self.secrets.len() as u64) as usize;
        if !self.world.processes[late].is_busy() {
            self.restart(late);
        }
        self.call_all(&project);
        self.world.run_for(Duration::from_secs(5));
        rules::check_strike(&self.world, self.storm, &project);
    }

    fn is_machine(&self, process: usize) -> bool {
        self.secrets[process][0] == CLIENT_SECRET
    }

    /// A caller goes away with its request, or with its question to the store.
    fn give_up(&mut self, process: usize) {
        let (number, is_sent) = (self.rng.below(3) as usize, self.rng.one_in(2));
        let (process, mut outside) = self.world.split(process);
        if number < process.flights.len() {
            process.give_up(number, is_sent, &mut outside);
        }
    }

    /// The process gets another password.
    fn replace(&mut self, process: usize) {
        if self.is_machine(process) {
            return;
        }
        let secret = PASSWORDS[self.rng.below(2) as usize];
        let own = &mut self.world.processes[process];
        self.storm.replaced += usize::from(own.is_sending());
        own.plan.credential = password(secret);
        own.session.replace_credential(password(secret)).unwrap();
        self.world.drain(process);
        self.secrets[process].push(secret);
    }

    /// The process ends as it should, and starts again.
    fn close(&mut self, process: usize) {
        if self.storm.interrupts || !self.world.processes[process].is_busy() {
            self.world.processes[process].session.close();
            self.world.drain(process);
            self.restart(process);
        }
    }

    fn restart(&mut self, process: usize) {
        self.world.kill(process);
        self.storm.starts += 1;
        let last = self.secrets[process].pop();
        self.secrets[process] = last.into_iter().collect();
    }

    /// Checks all results since the last call. Returns how many calls have got no good token.
    fn check(&mut self) -> usize {
        let mut bad = 0;
        for (process, caller) in self.world.results() {
            match &caller.result {
                Some(Ok(token)) => {
                    let given = self.world.service.given(token.expose());
                    let user = if self.is_machine(process) { "robot" } else { "alice" };
                    assert_eq!(Scope::project_id(given.project.as_deref().unwrap()), caller.scope);
                    assert_eq!(given.user, user);
                    assert!(self.secrets[process].contains(&&*given.secret), "{given:?}");
                }
                Some(Err(error)) => {
                    let has_role = caller.scope != Scope::project_id(NO_ROLE);
                    assert!(!has_role || self.storm.may_fail(), "{error}");
                }
                None => unreachable!("only callers with a result"),
            }
            let was_stopped = self.world.processes[process].stopped_until > caller.since;
            let end = caller.since + caller.waited;
            let revoked = self.revoked.iter().filter(|at| (caller.since..end).contains(*at));
            let pace = self.world.service.pace;
            let longest = rules::longest(self.storm, pace, revoked.count());
            assert!(was_stopped || caller.waited < longest, "{:?} {:?}", caller.waited, self.storm);
            bad += usize::from(caller.is_refused || !matches!(caller.result, Some(Ok(_))));
        }
        bad
    }

    /// Nothing goes wrong any more. After the longest pause and lease, each process has a good
    /// token, after two refusals at most.
    fn calm_down(&mut self) {
        let world = &mut self.world;
        world.service.fault = None;
        world.service.is_at_odds = false;
        world.service.passwords = PASSWORDS.to_vec();
        world.store.set_silent(false);
        world.store.is_hostile = false;
        let longest = if self.storm.refuses { 6 * HOUR } else { 330 * MINUTE / 60 };
        world.run_for(longest + LEASE + 2 * MINUTE);
        self.check();
        let mut bad = 0;
        for _ in 0..4 {
            for process in 0..self.secrets.len() {
                self.world.call_service(process, "p", SERVICE);
                self.world.call_service(process, "q", SERVICE);
            }
            self.world.run();
            bad = self.check();
            // A service that has refused three tokens is not believed for a minute.
            self.world.run_for(MINUTE + Duration::from_secs(1));
        }
        assert_eq!(bad, 0);
    }
}

/// What has happened in a history.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The processes that were started.
    pub(crate) processes: usize,
    /// The logins and exchanges that the identity service has received.
    pub(crate) logins: usize,
    /// The questions to the store.
    pub(crate) questions: usize,
}

/// Panics if a promise is broken in the history of this seed.
pub(crate) fn run(engine: Box<dyn Engine>, seed: u64) -> Summary {
    let mut history = History::new(engine, seed);
    for _ in 0..40 {
        history.act();
        let pause = Duration::from_millis(history.rng.below(20_000));
        history.world.run_for(pause);
        history.check();
    }
    rules::check(&history.world, history.storm, history.secrets.len());
    history.calm_down();
    // The token may be one of a login without the store: then the next process logs in. Another one
    // may find that it is time for a renewal.
    history.world.kill_all();
    history.secrets.clear();
    let before = history.world.service.logins.len();
    for _ in 0..3 {
        let late = history.world.start("good");
        history.secrets.push(vec!["good"]);
        history.world.call(late, "p");
        history.world.run();
        assert_eq!(history.check(), 0);
    }
    assert!(history.world.service.logins.len() <= before + 2);
    Summary {
        processes: history.world.store.connections(),
        logins: history.world.service.logins.len(),
        questions: history.world.store.questions,
    }
}
