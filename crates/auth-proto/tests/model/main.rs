//! Any sequence of what can happen to an account, held against a reference model after every step.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p auth-proto --test model` is a longer walk; the fuzz
//! target `account_model` is a walk that looks for ways nobody has gone yet.

mod world;

use proptest::prelude::*;
use world::{Answer, Op, walk, walk_with_codes};

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => prop_oneof![Just(0), 1..100_u32, 100..10_000_u32].prop_map(Answer::Token),
        2 => prop_oneof![Just(401), Just(403)].prop_map(Answer::Refused),
        2 => prop_oneof![Just(0), 1..100_u32, 1000..100_000_u32].prop_map(Answer::Unavailable),
        1 => prop_oneof![0..400_u32, 3000..8000_u32].prop_map(Answer::Receipt),
        2 => (0..8_usize).prop_map(Answer::Odd),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    const CENTURY: i64 = 100 * 365 * 86_400 * 4;
    let clock = prop_oneof![
        8 => 0..40_i64,
        8 => 0..2_000_i64,
        4 => 0..400_000_i64,
        1 => -400_000..0_i64,
        1 => prop_oneof![Just(CENTURY), Just(-CENTURY)],
    ];
    prop_oneof![
        12 => (0..3_usize).prop_map(Op::Poll),
        2 => (0..3_usize).prop_map(Op::Renew),
        10 => ((0..3_usize), answers()).prop_map(|(scope, answer)| Op::Answer(scope, answer)),
        6 => clock.prop_map(Op::Clock),
        2 => (0..3_usize).prop_map(Op::Fail),
        2 => (0..3_usize).prop_map(Op::Abandon),
        2 => (0..4_usize).prop_map(Op::Unauthorized),
        2 => (0..3_usize).prop_map(Op::Factor),
        1 => (0..4_usize).prop_map(Op::Late),
        1 => Just(Op::Replace),
    ]
}
proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn an_account_keeps_the_rules(seed: u64, ops in prop::collection::vec(ops(), 1..150)) {
        walk(seed, ops);
    }

    #[test]
    fn a_one_time_code_is_sent_once(ops in prop::collection::vec(ops(), 1..150)) {
        walk_with_codes(ops);
    }
}
