//! A session, compared with its reference model.

#[path = "../../crates/auth-proto/tests/it/model/simulation/mod.rs"]
mod simulation;

use simulation::{Call, Destination, Op, Reply, SHARED, STAMPS, Said, Stamps, Which};

use crate::choices::Input;

/// Any sequence of calls of a session. The first byte is the seed of its pauses; the top bit says that
/// the credential holds a one-time code, and the fifth one that there is a store. The other bytes are
/// steps.
pub fn session_model(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(first) = input.byte() else { return };
    let seed = first & 127;
    let has_store = seed & 16 != 0;
    let steps = std::iter::from_fn(|| step(&mut input, has_store)).take(LONGEST);
    match first {
        0..128 => simulation::run(seed.into(), steps),
        128.. => simulation::run_with_codes(seed.into(), steps),
    }
}

/// More steps than this find nothing new.
const LONGEST: usize = 200;

/// The lower five bits of a byte are the call, the others the scope.
fn step(input: &mut Input<'_>, has_store: bool) -> Option<Op> {
    let byte = input.byte()?;
    let which = usize::from(byte >> 5);
    let scope = which % 4;
    let holder = which % 5;
    Some(match byte & 31 {
        0..=2 => Op::Poll(scope, destination(input.byte()?)),
        3 => match which {
            0..4 => Op::PollFor(scope, destination(input.byte()?), input.word()?.into()),
            _ => Op::Secret(scope, u32::from(input.byte()?) % 3),
        },
        5 | 18 if has_store => Op::Taken(holder, said(input)?),
        4 if has_store && which == 5 => stale(input.byte()?),
        4 if has_store && which > 5 => Op::Insist(scope, said(input)?, 12, input.word()?.into()),
        4 | 5 => Op::Renew(scope),
        6..=8 => Op::Respond(holder, reply(input)?),
        9 => Op::LogIn(scope, input.word()?.into(), stamps(input.byte()?)),
        10 => Op::Clock(input.byte()?.into()),
        11 => Op::Clock(input.word()?.into()),
        12 => Op::Clock(i64::from(input.word()?) * 16_000),
        13 => Op::Clock(-i64::from(input.word()?) * 250),
        14 => match which {
            0 => Op::Clock(CENTURY),
            1 => Op::Clock(-CENTURY),
            _ => Op::Replace,
        },
        15 | 16 => Op::Until(i64::from(byte >> 6) - 1),
        17 | 18 => Op::Renewal(scope, i64::from(byte >> 6) - 1),
        19 => Op::Fail(holder, input.byte()?.into()),
        20 => Op::Head(holder, input.byte()?.into(), pause(input.byte()?)),
        21 => Op::Outage(scope, input.byte()?.into(), 12),
        22 => Op::Abandon(holder),
        23 => Op::Drop(holder),
        24 => match which {
            0..3 => Op::Doubt(which, input.byte()? & 1 == 1, reply(input)?),
            _ => Op::Late(which - 3),
        },
        25 => match which {
            0..4 => Op::Factor(scope),
            4 | 5 => Op::Reread(scope, u32::from(input.byte()?) % 3, which == 4),
            _ => Op::Factors(scope),
        },
        26 => Op::Interrupt(Which::Current(scope)),
        27 => Op::Accept(Which::Current(scope), which % 2, input.byte()?.into()),
        28 | 29 => refusal(Which::Current(scope), input.byte()?),
        30 => refusal(Which::Back(which), input.byte()?),
        _ => {
            let byte = input.byte()?;
            let rounds = if byte & 15 == 0 { 45 } else { byte & 3 };
            Op::Storm(scope, usize::from(byte >> 4) % 3, byte & 8 != 0, rounds, reply(input)?)
        }
    })
}

fn destination(byte: u8) -> Destination {
    match byte % 5 {
        0 => Destination::Later,
        1 => Destination::Unknown,
        origin => Destination::At(usize::from(origin) - 2),
    }
}

fn stale(byte: u8) -> Op {
    Op::Stale(usize::from(byte) % 4, usize::from(byte >> 2) % 3, byte >> 7 == 1)
}

fn refusal(which: Which, byte: u8) -> Op {
    let call = match byte >> 5 {
        0 => Call::OneShot,
        1 => Call::Retried,
        _ => Call::Replayable,
    };
    Op::Refuse(which, usize::from(byte) % 3, call)
}

/// A century in milliseconds.
const CENTURY: i64 = 100 * 365 * 86_400_000;

fn reply(input: &mut Input<'_>) -> Option<Reply> {
    let byte = input.byte()?;
    let high = byte >> 3;
    Some(match byte & 7 {
        0 => Reply::Odd(high.into(), pause(input.byte()?)),
        1 => Reply::Receipt(input.word()?.into()),
        2 => Reply::Refused(401, pause(high)),
        3 => Reply::Refused(403, pause(high)),
        4 => Reply::Token(input.byte()?.into(), stamps(high)),
        5 => Reply::Token(input.word()?.into(), stamps(high)),
        6 => Reply::Unavailable(0),
        _ => Reply::Unavailable(pause(input.byte()?)),
    })
}

fn said(input: &mut Input<'_>) -> Option<Said> {
    let byte = input.byte()?;
    let high = byte >> 3;
    Some(match byte & 7 {
        0..=2 => Said::Led,
        3 if high == 0 => Said::Silent,
        3 => Said::Busy(high & 1 == 1),
        4 => Said::Pause {
            generation: generation(high),
            status: [400, 401, 403, 404, 429, 503, 401, 503][usize::from(high) % 8],
            is_refusal: high & 8 != 0,
            rest: pause(input.byte()?),
            age: u32::from(input.byte()?) * 1000,
        },
        _ => Said::Token {
            generation: generation(high),
            which: SHARED[usize::from(high) % SHARED.len()],
            rest: input.word()?.into(),
            life: input.word()?.into(),
            age: u32::from(input.byte()?) * 100,
        },
    })
}

/// Of an entry: usually the next one.
fn generation(byte: u8) -> i64 {
    if byte & 24 == 24 { -i64::from(byte & 1) } else { 1 }
}

/// The seconds of a `Retry-After`: none, up to half a minute, up to two days.
fn pause(byte: u8) -> u32 {
    let number = u32::from(byte & 31);
    match byte >> 5 {
        0..=3 => 0,
        4 | 5 => number,
        _ => number * 6000,
    }
}

fn stamps(byte: u8) -> Stamps {
    STAMPS[usize::from(byte) % STAMPS.len()]
}
