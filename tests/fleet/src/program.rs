//! Runs of the program `cloud-auth` (S2).

use std::{
    env,
    error::Error,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use auth_emulator::account;
use tempfile::TempDir;

use crate::{
    harness::{Service, StoreKind, TestStore},
    scenario::{Case, Extent, Tally},
};

/// Runs at the same time.
const AT_ONCE: usize = 64;
/// What a run may cost beyond that of `cloud-auth --version`.
const COST: Duration = Duration::from_millis(10);

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let (runs, rounds) = if extent.is_short { (150, 3) } else { (1_000, 20) };
    let in_a_row = Case::each(
        "S2",
        format!("{runs} runs of `cloud-auth token` in a row"),
        "1 login; mean and median at most 10 ms over `cloud-auth --version`",
        &StoreKind::BLOCKING,
        move |kind, tally| in_a_row(kind, runs, tally),
    );
    let at_once = Case::each(
        "S2",
        format!("{AT_ONCE} runs of `cloud-auth token` at once, {rounds} times"),
        "1 login; mean and median of a run at most 10 ms over `cloud-auth --version`",
        &StoreKind::BLOCKING,
        move |kind, tally| at_once(kind, rounds, tally),
    );
    let scenario = "10 runs of `openstack token issue`, for comparison";
    let beside = (!extent.is_short).then(|| Case::new("S2", scenario, "none", "none", openstack));
    in_a_row.into_iter().chain(at_once).chain(beside).collect()
}

/// The program, with its configuration and its caches in a directory of its own.
struct Program {
    path: PathBuf,
    home: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Program {
    fn new(store: &TestStore, service: &Service) -> Result<Self, Box<dyn Error>> {
        let path = env::current_exe()?.with_file_name("cloud-auth");
        if !path.exists() {
            return Err("cloud-auth is missing: cargo build --release -p auth-cli".into());
        }
        let home = tempfile::tempdir()?;
        let place = store.redis.as_ref().map_or_else(|| "file".to_owned(), |redis| redis.url());
        let mut variables = account(service);
        variables.push(("CLOUD_AUTH_STORE", place));
        variables.push(("HOME", home.path().to_string_lossy().into_owned()));
        Ok(Self { path, home, variables })
    }

    fn command(&self, argument: &str) -> Command {
        let mut command = Command::new(&self.path);
        command
            .arg(argument)
            .env_clear()
            .envs(self.variables.iter().map(|(key, value)| (key, value)));
        command.current_dir(self.home.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The time of one run, and its output.
    fn run(&self, argument: &str) -> Result<(Duration, Output), Box<dyn Error>> {
        let started = Instant::now();
        let output = self.command(argument).output()?;
        Ok((started.elapsed(), output))
    }

    /// The time of runs that start together, divided by their number, and their outputs.
    fn run_at_once(&self, argument: &str) -> Result<(Duration, Vec<Output>), Box<dyn Error>> {
        let started = Instant::now();
        let running: Result<Vec<_>, _> =
            (0..AT_ONCE).map(|_| self.command(argument).spawn()).collect();
        let ended: Result<Vec<_>, _> =
            running?.into_iter().map(|child| child.wait_with_output()).collect();
        Ok((started.elapsed() / AT_ONCE as u32, ended?))
    }
}

/// The variables of openstacksdk for the user with a password.
fn account(service: &Service) -> Vec<(&'static str, String)> {
    vec![
        ("OS_AUTH_URL", service.url()),
        ("OS_USERNAME", account::KEYSTONE_USER.to_owned()),
        ("OS_PASSWORD", account::KEYSTONE_PASSWORD.to_owned()),
        ("OS_USER_DOMAIN_NAME", account::KEYSTONE_DOMAIN.to_owned()),
        ("OS_PROJECT_ID", account::KEYSTONE_PROJECT_ID.to_owned()),
    ]
}

fn in_a_row(kind: StoreKind, runs: usize, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service) = (TestStore::start(kind)?, Service::start()?);
    let program = Program::new(&store, &service)?;
    let (mut bare, mut took, mut tokens) = (Vec::new(), Vec::new(), Tokens::default());
    for _ in 0..runs {
        // One after the other, so that both have the same neighbours.
        bare.push(program.run("--version")?.0);
        let (time, output) = program.run("token")?;
        took.push(time);
        tokens.add(&output, tally);
    }
    // The first one logs in.
    tally.processes = runs;
    tally.slowest = took[1..].iter().max().copied().unwrap_or_default();
    tokens.judge(runs, &service, tally);
    compare(&bare, &took[1..], tally);
    Ok(())
}

fn at_once(kind: StoreKind, rounds: usize, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service) = (TestStore::start(kind)?, Service::start()?);
    // So that all start before it ends.
    service.slow_logins(Duration::from_millis(500));
    let program = Program::new(&store, &service)?;
    let mut tokens = Tokens::default();
    let (cold, outputs) = program.run_at_once("token")?;
    outputs.iter().for_each(|output| tokens.add(output, tally));
    tally.figure("ms cold, all of them", (cold * AT_ONCE as u32).as_millis() as u64);
    let (mut bare, mut took) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(program.run_at_once("--version")?.0);
        let (time, outputs) = program.run_at_once("token")?;
        took.push(time);
        outputs.iter().for_each(|output| tokens.add(output, tally));
    }
    tally.processes = (rounds + 1) * AT_ONCE;
    tally.slowest = took.iter().max().copied().unwrap_or_default() * AT_ONCE as u32;
    tokens.judge(tally.processes, &service, tally);
    compare(&bare, &took, tally);
    Ok(())
}

/// The tokens that runs have printed.
#[derive(Default)]
struct Tokens {
    printed: Vec<Vec<u8>>,
    without_store: usize,
}

impl Tokens {
    fn add(&mut self, output: &Output, tally: &mut Tally) {
        let text = String::from_utf8_lossy(&output.stderr);
        self.without_store += usize::from(text.contains("the store is of no use to this run"));
        match output.status.success() {
            true => self.printed.push(output.stdout.clone()),
            false => {
                tally.holds(format!("a run succeeds: {}", text.trim()), false);
            }
        }
    }

    fn judge(mut self, runs: usize, service: &Service, tally: &mut Tally) {
        tally.is_starved |= self.without_store > 0;
        tally.figure("without store", self.without_store as u64);
        tally.lost = runs - self.printed.len();
        self.printed.sort();
        self.printed.dedup();
        tally.exactly("different tokens", self.printed.len(), 1);
        tally.logins = service.logins().len();
        tally.exactly("logins", tally.logins, 1);
    }
}

/// The cost of a run beside that of a bare start.
fn compare(bare: &[Duration], took: &[Duration], tally: &mut Tally) {
    let both = |average: fn(&[Duration]) -> Duration| (average(bare), average(took));
    for (name, (bare, took)) in [("median", both(median)), ("mean", both(mean))] {
        tally.figure(format!("µs bare, {name}"), bare.as_micros() as u64);
        tally.figure(format!("µs a run, {name}"), took.as_micros() as u64);
        tally.within(format!("a run over the bare start, {name}"), took.saturating_sub(bare), COST);
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / times.len().max(1) as u32
}

/// The same with Python's client, if it is installed. Each of its runs logs in.
fn openstack(tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let service = Service::start()?;
    let mut took = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        let mut command = Command::new("openstack");
        command.args(["token", "issue", "-f", "value", "-c", "id"]).envs(account(&service));
        let Ok(output) = command.output() else {
            tally.figure("runs: `openstack` is not installed", 0);
            return Ok(());
        };
        took.push(started.elapsed());
        tally.lost += usize::from(!output.status.success());
    }
    tally.processes = took.len();
    tally.logins = service.logins().len();
    tally.slowest = took.iter().max().copied().unwrap_or_default();
    tally.figure("µs a run, median", median(&took).as_micros() as u64);
    tally.figure("µs a run, mean", mean(&took).as_micros() as u64);
    Ok(())
}
