//! An account, held against its reference model.

#[path = "../../crates/auth-proto/tests/model/world/mod.rs"]
mod world;

use world::{Answer, Op};

use crate::choices::Input;

/// Any sequence of what can happen to an account. The first byte is the seed of its pauses, or, with
/// the top bit, says that the credential holds a one-time code; the others are steps.
pub fn account_model(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(first) = input.byte() else { return };
    let steps = std::iter::from_fn(|| step(&mut input)).take(LONGEST);
    match first {
        0..128 => world::walk(first.into(), steps),
        128.. => world::walk_with_codes(steps),
    }
}

/// More steps than this find nothing that fewer do not.
const LONGEST: usize = 200;

/// The upper half of a byte names the scope, the lower what happens to it.
fn step(input: &mut Input<'_>) -> Option<Op> {
    let byte = input.byte()?;
    let which = usize::from(byte >> 4);
    let scope = which % 3;
    Some(match byte & 15 {
        0 | 1 => Op::Poll(scope),
        2 => Op::Renew(scope),
        3..=5 => Op::Answer(scope, answer(input)?),
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

/// In quarters of a second.
const CENTURY: i64 = 100 * 365 * 86_400 * 4;

fn answer(input: &mut Input<'_>) -> Option<Answer> {
    let byte = input.byte()?;
    Some(match byte & 7 {
        0 => Answer::Odd((byte >> 3).into()),
        1 => Answer::Receipt(input.word()?.into()),
        2 => Answer::Refused(401),
        3 => Answer::Refused(403),
        4 => Answer::Token(input.byte()?.into()),
        5 => Answer::Token(input.word()?.into()),
        6 => Answer::Unavailable(0),
        _ => Answer::Unavailable(u32::from(input.byte()?) << (byte >> 4)),
    })
}
