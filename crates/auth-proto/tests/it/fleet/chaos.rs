//! Everything at once, in random order.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    LEASE,
    world::{Rng, World, password, settings},
};
use crate::support::cases;

/// One history: kills, revocations, wipes, outages, silence, and clocks that differ.
fn history(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut world = World::new(seed);
    let processes = 3 + rng.below(6) as usize;
    for _ in 0..processes {
        let skew = time::Duration::minutes(rng.below(2 * 28 * 60) as i64 - 28 * 60);
        world.start_with(password("good"), settings(), skew);
    }
    for _ in 0..40 {
        let process = rng.below(processes as u64) as usize;
        match rng.below(12) {
            0 => world.kill(process),
            1 => world.service.revoke(),
            2 => world.wipe_store(),
            3 => world.store.damage(b"?"),
            4 => world.store.set_silent(true),
            5 => world.store.set_silent(false),
            6 => world.service.fault = [None, Some(503), Some(429)][rng.below(3) as usize],
            _ => world.call(process, "p"),
        }
        world.run_for(Duration::from_millis(rng.below(20_000)));
        for (_, caller) in world.results() {
            let Some(Ok(token)) = caller.result else { continue };
            assert_eq!(token.project().unwrap().id.as_deref(), Some("p"));
        }
    }
    // A calm: after the longest pause and lease, everybody has a good token after one 401 at most.
    world.service.fault = None;
    world.store.set_silent(false);
    world.run_for(Duration::from_secs(330) + LEASE);
    world.results();
    world.use_tokens("p");
    for process in 0..processes {
        world.call(process, "p");
    }
    world.run();
    assert_eq!(world.outcome().0, 0, "seed {seed}");
    assert_eq!(world.use_tokens("p"), 0, "seed {seed}");
    // The token may be one of a login without the store: then the next process logs in, and it is
    // the last one.
    let before = world.service.with_password();
    for _ in 0..3 {
        let late = world.start("good");
        world.call(late, "p");
        world.run();
        assert_eq!(world.outcome().0, 0, "seed {seed}");
    }
    assert!(world.service.with_password() <= before + 1, "seed {seed}");
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_fleet_recovers(seed in any::<u64>()) {
        history(seed);
    }
}
