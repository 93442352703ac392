//! What the server runs, and what it answers.
//!
//! All of a name is one hash, so that each script touches one key:
//!
//! | field | content |
//! | --- | --- |
//! | `last` | the generation of the last lease |
//! | `led`, `lease` | the time when it was given, and its length; 0 if it has come back |
//! | `entry` | the entry, sealed |
//! | `generation` | the generation of the entry |
//! | `told`, `life` | the time when it was written, and its life |
//!
//! Times are the server's, in milliseconds. A number that cannot be, and what is from the future because
//! the server's clock went back, count as absent. Lua's numbers are doubles: a generation stays below
//! 2^53. The key ends with its entry and its lease, and not before the clock has come to its last
//! generation, which is therefore never given twice.

use std::time::{Duration, SystemTime};

use auth_proto::limits;
use redis::{Cmd, Value, cmd};

use crate::{
    error::Problem,
    key::{NameHash, hex},
    seal::OVERHEAD,
};

/// What each script begins with. 2 s is what a clock that is adjusted may go back; a number may be two
/// years ahead of the clock.
macro_rules! script {
    ($body:literal) => {
        concat!(
            r"
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = redis.call('HMGET', key, 'last', 'led', 'lease', 'generation', 'told', 'life')
for at = 1, 6 do
  local number = tonumber(fields[at])
  local is_sane = number and number >= 0 and number < now + 63072000000
  fields[at] = is_sane and math.floor(number) or 0
end
local last, led, lease, generation, told, life = unpack(fields)
local is_led = last > 0 and led <= now + 2000 and now < led + lease
local lives = generation > 0 and told <= now + 2000 and now < told + life
local function expire()
  local ends = math.max(told + life, led + lease, last + 1, now + 1000)
  redis.call('PEXPIRE', key, ends - now)
end
local function found(newer_than, damaged, limit)
  if not lives or generation <= newer_than or generation == damaged then return false end
  local sealed = ''
  if redis.call('HSTRLEN', key, 'entry') <= limit then
    sealed = redis.call('HGET', key, 'entry')
  end
  return {1, generation, math.max(0, now - told), sealed}
end
",
            $body
        )
    };
}

const LOOK: &str = script!("return found(tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))");

const TAKE: &str = script!(
    r"
local newer_than = tonumber(ARGV[1])
local entry = found(newer_than, tonumber(ARGV[2]), tonumber(ARGV[3]))
if entry then return entry end
if is_led then return {2, last} end
last = math.max(math.max(last, generation, newer_than) + 1, now)
led, lease = now, tonumber(ARGV[4])
redis.call('HSET', key, 'last', last, 'led', led, 'lease', lease)
if not pcall(expire) then
  -- A lease of a user without this right would keep the others until it ends.
  redis.call('HSET', key, 'lease', 0)
  return redis.error_reply('NOPERM PEXPIRE')
end
return {3, last}
"
);

/// A lease of a later generation is another process's.
const PUT: &str = script!(
    r"
local own, newer = tonumber(ARGV[1]), 0
if ARGV[2] ~= '' then
  if lives and generation >= own then
    newer = generation
  else
    generation, told, life = own, now, tonumber(ARGV[3])
    redis.call('HSET', key, 'generation', own, 'told', told, 'life', life, 'entry', ARGV[2])
  end
end
if own >= last then
  last, lease = own, 0
  redis.call('HSET', key, 'last', last, 'lease', 0)
end
expire()
return newer
"
);

const KEEP: &str = script!(
    r"
if is_led and last == tonumber(ARGV[1]) then
  led, lease = now, tonumber(ARGV[2])
  redis.call('HSET', key, 'led', led, 'lease', lease)
  expire()
end
return 0
"
);

const FORGET: &str = script!(
    r"
if generation == tonumber(ARGV[1]) then
  redis.call('HDEL', key, 'generation', 'told', 'life', 'entry')
end
return 0
"
);

/// The most bytes of a sealed entry.
const ENTRY: usize = OVERHEAD + limits::ENTRY;
/// The first generation that a double does not keep apart from its neighbours.
const UNSAFE: u64 = 1 << 53;
/// A generation is a time in milliseconds, or a little more. The clocks of machines differ by days at
/// most.
const AHEAD: Duration = Duration::from_secs(366 * 24 * 3600);

/// The answer to a look or a take.
pub(super) enum Reply {
    Busy(u64),
    Found(Found),
    Led(u64),
    Nothing,
}

/// An entry as the server has it.
pub(super) struct Found {
    pub(super) generation: u64,
    pub(super) age: Duration,
    pub(super) sealed: Vec<u8>,
}

/// The entry of a name, without a lease if there is none.
pub(super) fn look(name: &NameHash, newer_than: u64, damaged: u64) -> Cmd {
    let mut eval = eval(LOOK, name);
    eval.arg(newer_than).arg(damaged).arg(ENTRY);
    eval
}

/// The entry of a name, unless it is the damaged one, or else a lease.
pub(super) fn take(name: &NameHash, newer_than: u64, damaged: u64, lease: Duration) -> Cmd {
    let mut eval = eval(TAKE, name);
    eval.arg(newer_than).arg(damaged).arg(ENTRY).arg(milliseconds(lease));
    eval
}

/// The lease comes back, with an entry unless `sealed` is empty. The answer is the newer generation
/// that is there, or 0.
pub(super) fn put(name: &NameHash, generation: u64, sealed: &[u8], life: Duration) -> Cmd {
    let mut eval = eval(PUT, name);
    eval.arg(generation).arg(sealed).arg(milliseconds(life));
    eval
}

/// The lease ends only after this time from now on.
pub(super) fn keep(name: &NameHash, generation: u64, lease: Duration) -> Cmd {
    let mut eval = eval(KEEP, name);
    eval.arg(generation).arg(milliseconds(lease));
    eval
}

/// The entry goes, if it is of this generation.
pub(super) fn forget(name: &NameHash, generation: u64) -> Cmd {
    let mut eval = eval(FORGET, name);
    eval.arg(generation);
    eval
}

fn eval(script: &str, name: &NameHash) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg(script).arg(1).arg(format!("auth-store:{}", hex(name).as_str()));
    eval
}

/// No lease and no entry lasts longer than a believed token.
fn milliseconds(time: Duration) -> u64 {
    let time = time.min(limits::TOKEN_LIFETIME).as_millis();
    time.try_into().unwrap_or(u64::MAX)
}

/// What a look or a take has found.
pub(super) fn taken(value: Value) -> Result<Reply, Problem> {
    let parts = match value {
        Value::Nil => return Ok(Reply::Nothing),
        Value::Array(parts) => parts,
        _ => return Err(Problem::BadAnswer),
    };
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Value::Int(1)), Some(given), Some(Value::Int(age)), Some(sealed)) => {
            let age = Duration::from_millis(age.try_into().map_err(|_| Problem::BadAnswer)?);
            // Without its entry, the hash is damaged.
            let sealed = if let Value::BulkString(sealed) = sealed { sealed } else { Vec::new() };
            Ok(Reply::Found(Found { generation: generation(&given)?, age, sealed }))
        }
        (Some(Value::Int(2)), Some(given), None, None) => Ok(Reply::Busy(generation(&given)?)),
        (Some(Value::Int(3)), Some(given), None, None) => Ok(Reply::Led(generation(&given)?)),
        _ => Err(Problem::BadAnswer),
    }
}

/// What a note has come to: the newer generation in place of the entry.
pub(super) fn told(value: &Value) -> Result<Option<u64>, Problem> {
    match value {
        Value::Int(0) => Ok(None),
        newer => generation(newer).map(Some),
    }
}

/// A generation far ahead of the clock would make all that follow useless.
fn generation(value: &Value) -> Result<u64, Problem> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let latest = u64::try_from((now + AHEAD).as_millis()).unwrap_or(u64::MAX).min(UNSAFE);
    match value {
        Value::Int(generation) => {
            let generation = u64::try_from(*generation).unwrap_or_default();
            (0 < generation && generation < latest).then_some(generation)
        }
        _ => None,
    }
    .ok_or(Problem::BadAnswer)
}
