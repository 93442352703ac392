//! A session, compared with its reference model.

#[path = "../../crates/auth-proto/tests/it/model/simulation/mod.rs"]
mod simulation;

use simulation::{Op, Reply};

use crate::choices::Input;

/// Any sequence of calls of a session. The first byte is the seed of its pauses, or, with the top bit,
/// says that the credential holds a one-time code. The other bytes are steps.
pub fn session_model(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(first) = input.byte() else { return };
    let steps = std::iter::from_fn(|| step(&mut input)).take(LONGEST);
    match first {
        0..128 => simulation::run(first.into(), steps),
        128.. => simulation::run_with_codes(steps),
    }
}

/// More steps than this find nothing new.
const LONGEST: usize = 200;

/// The upper half of a byte is the scope, the lower half the call.
fn step(input: &mut Input<'_>) -> Option<Op> {
    let byte = input.byte()?;
    let which = usize::from(byte >> 4);
    let scope = which % 3;
    Some(match byte & 15 {
        0 | 1 => Op::Poll(scope),
        2 => Op::Renew(scope),
        3..=5 => Op::Respond(scope, reply(input)?),
        6 => Op::Clock(input.byte()?.into()),
        7 => Op::Clock(input.word()?.into()),
        8 => Op::Clock(i64::from(input.word()?) * 64),
        9 => Op::Clock(-i64::from(input.word()?)),
        10 => Op::Fail(scope),
        11 => Op::Abandon(scope),
        12 => Op::Unauthorized(which),
        13 => Op::Factor(scope),
        14 => Op::Late(which),
        _ => match which {
            0 => Op::Clock(CENTURY),
            1 => Op::Clock(-CENTURY),
            _ => Op::Replace,
        },
    })
}

/// A century in quarters of a second.
const CENTURY: i64 = 100 * 365 * 86_400 * 4;

fn reply(input: &mut Input<'_>) -> Option<Reply> {
    let byte = input.byte()?;
    Some(match byte & 7 {
        0 => Reply::Odd((byte >> 3).into()),
        1 => Reply::Receipt(input.word()?.into()),
        2 => Reply::Refused(401),
        3 => Reply::Refused(403),
        4 => Reply::Token(input.byte()?.into()),
        5 => Reply::Token(input.word()?.into()),
        6 => Reply::Unavailable(0),
        _ => Reply::Unavailable(u32::from(input.byte()?) << (byte >> 4)),
    })
}
