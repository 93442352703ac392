//! Entries and leases with changed bytes, other keys, or values that cannot be (S7).

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{
    trial::{call, count_calls, is_too_busy},
    world::{Address, Failed, Kind, World},
};
use crate::{
    harness::{Event, Fleet, Job, Sharing},
    scenario::{Case, Extent, Tally},
};

/// What precedes the text of a sealed file: a format, a generation, and a nonce.
const HEAD: [usize; 4] = [0, 1, 8, 9];
const TEXT: usize = 33;
const TAG: usize = 16;

pub(super) fn cases(extent: Extent) -> Vec<Case> {
    let each = "1 login for all after each damage; the event says why";
    let mut cases: Vec<Case> = ["entry", "lease"]
        .into_iter()
        .map(|end| {
            let name = format!("each part of the {end} is damaged in turn");
            Case::new("S7", name, "files", each, move |tally| in_files(end, extent, tally))
        })
        .collect();
    let name = "each part of the entry is damaged in turn";
    cases.push(Case::new("S7", name, "Redis", each, move |tally| in_redis(extent, tally)));
    let bound = "no call fails, at most 1 login after each damage";
    let name = "each number beside the entry is something else in turn";
    cases.push(Case::new("S7", name, "Redis", bound, move |tally| numbers(extent, tally)));
    for kind in [Kind::Files, Kind::Redis] {
        let name =
            "processes with two keys share a store, and one's entry is put in the other's place";
        let bound = "1 login for each key; a foreign entry is passed over";
        cases.push(Case::new("S7", name, kind.name(), bound, move |tally| keys(kind, tally)));
    }
    cases
}

/// A process after each damage, which finds no entry, and logs in.
struct Rounds {
    world: World,
    fleet: Fleet,
    job: Job,
    count: usize,
}

impl Rounds {
    fn new(kind: Kind) -> Result<Self, Failed> {
        let (world, fleet) = (World::new(kind)?, Fleet::new()?);
        let job = world.job(kind, Address::Proxy)?;
        let mut rounds = Self { world, fleet, job, count: 0 };
        rounds.newcomer()?;
        Ok(rounds)
    }

    /// A process starts, and calls.
    fn newcomer(&mut self) -> Result<(), Failed> {
        let process = self.fleet.start(&[], &self.job)?;
        call(&mut self.fleet, process)?;
        self.fleet.end(process);
        Ok(())
    }

    /// Something was damaged.
    fn next(&mut self) -> Result<(), Failed> {
        self.count += 1;
        self.newcomer()
    }

    fn events(&self, wanted: &str) -> usize {
        let is_wanted =
            |event: &Event| matches!(event, Event::Store { kind, .. } if kind == wanted);
        self.fleet.seen().iter().filter(|seen| is_wanted(&seen.event)).count()
    }

    fn end(&self, tally: &mut Tally) {
        count_calls(tally, &self.fleet);
        tally.logins = self.world.service.logins().len();
        tally.figure("damages", self.count as u64);
    }

    /// Each damage was seen, and cost one login, after which there is a whole entry.
    fn end_healed(mut self, tally: &mut Tally) -> Result<(), Failed> {
        self.newcomer()?;
        if is_too_busy(tally, &self.fleet) {
            return Ok(());
        }
        tally.exactly("damages that are said", self.events("PassedOver"), self.count);
        tally.exactly("questions without an answer", self.events("Silent"), 0);
        self.end(tally);
        tally.exactly("logins", tally.logins, self.count + 1);
        Ok(())
    }
}

fn in_files(end: &str, extent: Extent, tally: &mut Tally) -> Result<(), Failed> {
    let mut rounds = Rounds::new(Kind::Files)?;
    let length = fs::read(rounds.world.file(end)?)?.len();
    for place in places(length, extent) {
        let path = damaged(&rounds, end)?;
        let mut bytes = fs::read(&path)?;
        // The entry may be shorter than the first one was.
        let place = place.min(bytes.len() - 1);
        bytes[place] ^= 1;
        fs::write(&path, bytes)?;
        rounds.next()?;
    }
    for length in [0, 1, TEXT, TEXT + TAG, length - 1, length + 1, 2 * length] {
        let path = damaged(&rounds, end)?;
        let mut bytes = fs::read(&path)?;
        if length == bytes.len() {
            bytes.push(0);
        }
        bytes.resize(length, 0);
        fs::write(&path, bytes)?;
        rounds.next()?;
    }
    rounds.end_healed(tally)
}

/// The file to damage. While there is an entry, nobody looks at a lease.
fn damaged(rounds: &Rounds, end: &str) -> Result<PathBuf, Failed> {
    if end != "entry" {
        fs::remove_file(rounds.world.file("entry")?)?;
    }
    rounds.world.file(end)
}

/// The bytes to change: the first ones of each field, and some or all of the text.
fn places(length: usize, extent: Extent) -> Vec<usize> {
    let step = if extent.is_short { length / 3 } else { length / 100 };
    let text = (TEXT..length).step_by(step.max(1));
    HEAD.into_iter().chain(text).chain([length - TAG, length - 1]).collect()
}

fn in_redis(extent: Extent, tally: &mut Tally) -> Result<(), Failed> {
    const CHANGE: &str = "local text = redis.call('HGET', KEYS[1], 'entry') \
        local at = math.min(tonumber(ARGV[1]) + 1, #text) \
        text = text:sub(1, at - 1) .. string.char(bit.bxor(text:byte(at), 1)) .. text:sub(at + 1) \
        return redis.call('HSET', KEYS[1], 'entry', text)";
    let mut rounds = Rounds::new(Kind::Redis)?;
    let key = rounds.world.redis_key()?;
    let length = rounds.world.redis()?.command(&["HSTRLEN", &key, "entry"])?.parse()?;
    for place in places(length, extent) {
        let place = place.to_string();
        let changed = rounds.world.redis()?.command(&["EVAL", CHANGE, "1", &key, &place])?;
        tally.exactly("an answer to a change", changed.as_str(), "0");
        rounds.next()?;
    }
    for text in ["", "x", "a text that is longer than a seal, and is none for all that it says"] {
        rounds.world.redis()?.command(&["HSET", &key, "entry", text])?;
        rounds.next()?;
    }
    rounds.end_healed(tally)
}

/// Some of these values make a store useless for a while. Nothing fails.
fn numbers(extent: Extent, tally: &mut Tally) -> Result<(), Failed> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let in_a_day = (now + Duration::from_secs(24 * 3600)).as_millis().to_string();
    let in_years = (now + Duration::from_secs(700 * 24 * 3600)).as_millis().to_string();
    let values =
        ["", "x", "-1", "0", "1.5", "nan", "1e999", "9007199254740993", &in_a_day, &in_years];
    let mut rounds = Rounds::new(Kind::Redis)?;
    let key = rounds.world.redis_key()?;
    let step = if extent.is_short { 3 } else { 1 };
    for field in ["last", "led", "lease", "generation", "told", "life"] {
        for value in values.into_iter().step_by(step) {
            // A number that is a year ahead is not mended: the key has to go.
            rounds.world.redis()?.command(&["DEL", &key])?;
            rounds.newcomer()?;
            let before = rounds.world.service.logins().len();
            rounds.world.redis()?.command(&["HSET", &key, field, value])?;
            rounds.next()?;
            let logins = rounds.world.service.logins().len() - before;
            tally.at_most(format!("logins after {field} = {value}"), logins, 1);
        }
    }
    let silent = rounds.events("Silent") as u64;
    rounds.end(tally);
    tally.figure("questions without an answer", silent);
    Ok(())
}

fn keys(kind: Kind, tally: &mut Tally) -> Result<(), Failed> {
    let (world, mut fleet) = (World::new(kind)?, Fleet::new()?);
    let job = world.job(kind, Address::Proxy)?;
    let other = with_another_key(&job);
    for job in [&job, &job, &other, &other] {
        let process = fleet.start(&[], job)?;
        call(&mut fleet, process)?;
    }
    if is_too_busy(tally, &fleet) {
        return Ok(());
    }
    tally.exactly("logins before", world.service.logins().len(), 2);
    exchange(&world)?;
    world.service.revoke();
    for process in 0..4 {
        call(&mut fleet, process)?;
    }
    let seen = fleet.seen();
    let is_damage = |event: &Event| matches!(event, Event::Store { kind, text } if kind == "PassedOver" && text.contains("Damaged"));
    tally.holds("a foreign entry is passed over", seen.iter().any(|seen| is_damage(&seen.event)));
    count_calls(tally, &fleet);
    tally.logins = world.service.logins().len();
    tally.exactly("logins", tally.logins, 4);
    Ok(())
}

fn with_another_key(job: &Job) -> Job {
    let mut other = job.clone();
    let (Sharing::Files { key, .. } | Sharing::Redis { key, .. }) = &mut other.sharing else {
        return other;
    };
    let first = if key.starts_with('0') { "1" } else { "0" };
    key.replace_range(..1, first);
    other
}

/// Puts the entry of each key in the place of the other one's.
fn exchange(world: &World) -> Result<(), Failed> {
    if world.redis.is_some() {
        let keys = world.redis()?.command(&["KEYS", "*"])?;
        let [one, other] = keys.lines().collect::<Vec<_>>()[..] else {
            return Err("not two keys".into());
        };
        for words in [["RENAME", one, "aside"], ["RENAME", other, one], ["RENAME", "aside", other]]
        {
            world.redis()?.command(&words)?;
        }
        return Ok(());
    }
    let entries: Vec<_> = fs::read_dir(world.directory())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "entry"))
        .collect();
    let [one, other] = &entries[..] else { return Err("not two entries".into()) };
    let aside = one.with_extension("aside");
    fs::rename(one, &aside)?;
    fs::rename(other, one)?;
    Ok(fs::rename(aside, other)?)
}
