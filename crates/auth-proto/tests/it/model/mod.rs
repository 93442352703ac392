//! Any sequence of calls of a session, compared with a reference model after each step.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p auth-proto --test it model::` runs more cases.
//! The fuzz target `session_model` runs the same simulation, guided by coverage.

mod simulation;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use simulation::{
    Call, Destination, Op, Reply, SHARED, STAMPS, Said, Stamps, Which, coverage, run,
    run_with_codes,
};

fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        6 => (lives(), stamps()).prop_map(|(tens, stamps)| Reply::Token(tens, stamps)),
        2 => (prop_oneof![Just(401), Just(403)], pauses())
            .prop_map(|(status, asked)| Reply::Refused(status, asked)),
        2 => pauses().prop_map(Reply::Unavailable),
        1 => prop_oneof![0..400_u32, 3000..8000_u32].prop_map(Reply::Receipt),
        2 => (0..9_usize, pauses()).prop_map(|(which, asked)| Reply::Odd(which, asked)),
    ]
}

/// Tens of seconds.
fn lives() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(0), 20 => 1..100_u32, 20 => 100..10_000_u32, 1 => Just(400_000)]
}

fn stamps() -> impl Strategy<Value = Stamps> {
    prop_oneof![4 => Just(Stamps::AllRight), 4 => prop::sample::select(STAMPS.to_vec())]
}

/// Seconds of a `Retry-After`.
fn pauses() -> impl Strategy<Value = u32> {
    prop_oneof![6 => Just(0), 2 => 1..100_u32, 1 => 1000..100_000_u32]
}

/// What a store says.
fn said() -> impl Strategy<Value = Said> {
    let newer = || prop_oneof![12 => 1..4_i64, 1 => -1..1_i64];
    let ages = || prop_oneof![3 => Just(0), 3 => 0..2000_u32, 1 => 0..10_000_000_u32];
    let lives_of_tokens = || prop_oneof![1 => Just(0), 2 => lives()];
    let statuses = prop::sample::select(vec![400, 401, 403, 404, 429, 503]);
    prop_oneof![
        6 => Just(Said::Led),
        2 => any::<bool>().prop_map(Said::Busy),
        1 => Just(Said::Silent),
        6 => (newer(), prop::sample::select(SHARED.to_vec()), lives(), lives_of_tokens(), ages())
            .prop_map(|(generation, which, rest, life, age)| {
                Said::Token { generation, which, rest, life, age }
            }),
        2 => (newer(), statuses, any::<bool>(), pauses(), ages()).prop_map(
            |(generation, status, is_refusal, rest, age)| {
                Said::Pause { generation, status, is_refusal, rest, age }
            }
        ),
    ]
}

fn destinations() -> impl Strategy<Value = Destination> {
    prop_oneof![
        3 => (0..3_usize).prop_map(Destination::At),
        1 => Just(Destination::Later),
        3 => Just(Destination::Unknown),
    ]
}

fn tokens() -> impl Strategy<Value = Which> {
    prop_oneof![
        6 => (0..4_usize).prop_map(Which::Current),
        1 => (0..4_usize).prop_map(Which::Back),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![6 => Just(Call::Replayable), 1 => Just(Call::OneShot), 1 => Just(Call::Retried)]
}

/// Milliseconds.
fn steps_of_time() -> impl Strategy<Value = i64> {
    const CENTURY: i64 = 100 * 365 * 86_400_000;
    prop_oneof![
        12 => 0..500_i64,
        12 => 0..10_000_i64,
        12 => 0..100_000_i64,
        4 => 0..2_000_000_i64,
        2 => 0..100_000_000_i64,
        2 => -100_000_000..0_i64,
        1 => prop_oneof![Just(CENTURY), Just(-CENTURY)],
    ]
}

fn steps() -> impl Strategy<Value = Op> {
    let scopes = || 0..4_usize;
    // Those of requests, too, of which one belongs to a root that no scope leads to.
    let holders = || 0..5_usize;
    let origins = || 0..3_usize;
    let rounds = prop_oneof![8 => 1..5_u8, 1 => Just(45_u8)];
    prop_oneof![
        12 => (scopes(), destinations()).prop_map(|(scope, to)| Op::Poll(scope, to)),
        2 => (scopes(), destinations(), lives())
            .prop_map(|(scope, to, tens)| Op::PollFor(scope, to, tens)),
        3 => (scopes(), 0..3_u32).prop_map(|(scope, number)| Op::Secret(scope, number)),
        3 => scopes().prop_map(Op::Renew),
        10 => (holders(), replies()).prop_map(|(scope, reply)| Op::Respond(scope, reply)),
        10 => (holders(), said()).prop_map(|(scope, said)| Op::Taken(scope, said)),
        1 => (scopes(), said(), 1..12_u8, 0..20_000_i64)
            .prop_map(|(scope, said, n, millis)| Op::Insist(scope, said, n, millis)),
        6 => steps_of_time().prop_map(Op::Clock),
        3 => (-1..=1_i64).prop_map(Op::Until),
        2 => (holders(), 0..5_usize).prop_map(|(scope, kind)| Op::Fail(scope, kind)),
        1 => (holders(), 0..7_usize, pauses())
            .prop_map(|(scope, which, asked)| Op::Head(scope, which, asked)),
        1 => holders().prop_map(Op::Abandon),
        1 => holders().prop_map(Op::Drop),
        2 => (tokens(), origins(), 0..8_usize).prop_map(|(which, at, how)| Op::Accept(which, at, how)),
        4 => (tokens(), origins(), calls()).prop_map(|(which, at, call)| Op::Refuse(which, at, call)),
        1 => tokens().prop_map(Op::Interrupt),
        2 => scopes().prop_map(Op::Factor),
        1 => (0..4_usize).prop_map(Op::Late),
        2 => (0..3_usize, any::<bool>(), replies())
            .prop_map(|(scope, is_replaced, reply)| Op::Doubt(scope, is_replaced, reply)),
        1 => scopes().prop_map(Op::Factors),
        1 => (scopes(), 0..3_u32, any::<bool>())
            .prop_map(|(scope, number, is_same)| Op::Reread(scope, number, is_same)),
        1 => Just(Op::Replace),
        4 => (scopes(), lives(), stamps())
            .prop_map(|(scope, tens, stamps)| Op::LogIn(scope, tens, stamps)),
        3 => (scopes(), -1..=1_i64).prop_map(|(scope, millis)| Op::Renewal(scope, millis)),
        1 => (scopes(), 0..5_usize, 1..12_u8).prop_map(|(scope, kind, n)| Op::Outage(scope, kind, n)),
        1 => (scopes(), origins(), any::<bool>())
            .prop_map(|(scope, at, is_own)| Op::Stale(scope, at, is_own)),
        1 => (scopes(), origins(), any::<bool>(), rounds, replies())
            .prop_map(|(scope, at, accept, n, reply)| Op::Storm(scope, at, accept, n, reply)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_session_keeps_the_rules(seed: u64, ops in prop::collection::vec(steps(), 1..150)) {
        run(seed, ops);
    }

    #[test]
    fn each_one_time_code_is_sent_once(seed: u64, ops in prop::collection::vec(steps(), 1..150)) {
        run_with_codes(seed, ops);
    }
}

/// Walks from a fixed seed reach every branch of the rules. `-- --nocapture` shows how often.
#[test]
#[expect(clippy::print_stdout, reason = "the numbers are part of the output")]
fn a_walk_reaches_every_branch() {
    let mut runner = TestRunner::deterministic();
    let ops = prop::collection::vec(steps(), 1..150);
    let cases = ProptestConfig::default().cases.max(2000);
    for n in 0..u64::from(cases) {
        let ops = ops.new_tree(&mut runner).unwrap().current();
        match n % 4 {
            0 => run_with_codes(n / 4, ops),
            _ => run(n / 4, ops),
        }
    }
    let reached = coverage::reached();
    reached.iter().for_each(|(branch, count)| println!("{count:>10}  {branch}"));
    for (branch, count) in reached {
        assert!(count > 0 || branch.starts_with('0'), "no step has reached: {branch}");
    }
}
