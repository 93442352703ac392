//! Processes and servers whose clocks are 28 hours apart (S8).

use std::{
    env,
    io::{self, Write},
    process,
    time::{Duration, SystemTime},
};

use redis_server::{Redis, shifted};

use super::{
    trial::{count_calls, is_too_busy},
    world::Failed,
};
use crate::{
    harness::{Command, Event, Fleet, Service, Sharing, random_key, token_results},
    scenario::{Case, Extent, Tally, count_fleet},
};

const HOURS: i64 = 28;
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose clocks are wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Files,
    Redis,
    RedisAsync,
    /// The server's clock goes ahead of all others, too.
    RedisAhead,
    RedisBehind,
}

pub(super) fn cases(extent: Extent) -> Vec<Case> {
    let processes = if extent.is_short { 15 } else { 201 };
    let mut settings = vec![
        (Setting::Redis, "Redis"),
        (Setting::RedisAhead, "Redis"),
        (Setting::RedisBehind, "Redis"),
        (Setting::Files, "files"),
    ];
    if !extent.is_short {
        settings.push((Setting::RedisAsync, "Redis, async"));
    }
    let case = |(setting, store): (Setting, &'static str)| {
        let server = match setting {
            Setting::RedisAhead => ", the server's 28 h ahead",
            Setting::RedisBehind => ", the server's 28 h behind",
            _ => "",
        };
        let name = format!(
            "{processes} processes, clocks at -28 h, 0 and +28 h{server}: cold, then revoked"
        );
        let bound = match setting {
            Setting::Files => "no call fails (the clocks of a machine are one)",
            _ => "1 login, then 1 more; no caller sees a 401",
        };
        Case::new("S8", name, store, bound, move |tally| apart(setting, processes, tally))
    };
    settings.into_iter().map(case).collect()
}

/// Prints the time of this process's clock, in seconds since 1970.
pub(crate) fn tell_time() -> io::Result<()> {
    writeln!(io::stdout(), "{}", seconds())
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs().try_into().unwrap_or(i64::MAX)
}

/// Whether a process of this program goes by the clock that it is given.
fn is_moved(words: &[String], hours: i64) -> Result<bool, Failed> {
    let own = env::current_exe()?;
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let output = process::Command::new(program).args(arguments).arg(own).arg("clock").output()?;
    let theirs: i64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok((theirs - seconds() - hours * 3600).abs() < 60)
}

fn apart(setting: Setting, processes: usize, tally: &mut Tally) -> Result<(), Failed> {
    let service = Service::start()?;
    service.slow_logins(Duration::from_millis(500));
    let words = [shifted(-HOURS)?, shifted(0)?, shifted(HOURS)?];
    for (words, hours) in words.iter().zip([-HOURS, 0, HOURS]) {
        tally.holds(format!("a clock moves by {hours} h"), is_moved(words, hours)?);
    }
    let place = tempfile::tempdir()?;
    let before: &[String] = match setting {
        Setting::RedisAhead => &words[2],
        Setting::RedisBehind => &words[0],
        _ => &[],
    };
    let key = random_key();
    let redis =
        (setting != Setting::Files).then(|| Redis::start_behind(before, &[])).transpose()?;
    let sharing = match &redis {
        Some(redis) => Sharing::Redis { url: redis.url(), key },
        None => {
            let directory = place.path().join("store").to_string_lossy().into_owned();
            Sharing::Files { directory, key }
        }
    };
    let (job, mut fleet) = (service.job(sharing, setting == Setting::RedisAsync), Fleet::new()?);
    for process in 0..processes {
        fleet.start(&words[process % 3], &job)?;
    }
    let ready = |event: &Event| matches!(event, Event::Ready);
    fleet.wait(PATIENCE, |seen| seen.iter().filter(|seen| ready(&seen.event)).count() >= processes);
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(processes, PATIENCE);
    let cold = service.logins().len();
    calls(&mut fleet, processes);

    service.revoke();
    fleet.send_all(Command::Refused(10));
    calls(&mut fleet, 2 * processes);
    fleet.send_all(Command::Refused(10));
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(2 * processes, PATIENCE);
    count_fleet(tally, &fleet, 2 * processes);
    tally.logins = service.logins().len();
    if setting == Setting::Files {
        tally.figure("cold logins", cold as u64);
    } else if !is_too_busy(tally, &fleet) {
        tally.exactly("cold logins", cold, 1);
        tally.exactly("logins with the one after the revocation", tally.logins, 2);
        let seen = fleet.seen();
        let mut last: Vec<_> =
            token_results(&seen).skip(processes).map(|(.., token)| token).collect();
        last.dedup();
        tally.exactly("different tokens at the end", last.len(), 1);
    }
    count_calls(tally, &fleet);
    Ok(())
}

/// All processes call the service. Waits until there were this many calls.
fn calls(fleet: &mut Fleet, count: usize) {
    fleet.send_all(Command::Call);
    let called = |event: &Event| matches!(event, Event::Called { .. });
    fleet.wait(PATIENCE, |seen| seen.iter().filter(|seen| called(&seen.event)).count() >= count);
}
