//! Any sequence of calls of a session, compared with a reference model after each step.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p auth-proto --test it model::` runs more cases. The fuzz
//! target `session_model` runs the same simulation, guided by coverage.

mod simulation;

use proptest::prelude::*;
use simulation::{Op, Reply, run, run_with_codes};

fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        6 => prop_oneof![Just(0), 1..100_u32, 100..10_000_u32].prop_map(Reply::Token),
        2 => prop_oneof![Just(401), Just(403)].prop_map(Reply::Refused),
        2 => prop_oneof![Just(0), 1..100_u32, 1000..100_000_u32].prop_map(Reply::Unavailable),
        1 => prop_oneof![0..400_u32, 3000..8000_u32].prop_map(Reply::Receipt),
        2 => (0..8_usize).prop_map(Reply::Odd),
    ]
}

fn steps() -> impl Strategy<Value = Op> {
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
        10 => ((0..3_usize), replies()).prop_map(|(scope, reply)| Op::Respond(scope, reply)),
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
    fn a_session_keeps_the_rules(seed: u64, ops in prop::collection::vec(steps(), 1..150)) {
        run(seed, ops);
    }

    #[test]
    fn each_one_time_code_is_sent_once(ops in prop::collection::vec(steps(), 1..150)) {
        run_with_codes(ops);
    }
}
