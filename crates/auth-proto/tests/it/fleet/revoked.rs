//! Revoked tokens that no service has accepted, and nodes whose clocks differ.

use std::time::Duration;

use super::{HOUR, SEEDS, cold};

#[test]
fn an_unused_token_costs_one_login() {
    for seed in SEEDS {
        let mut world = cold(seed, 20);
        world.run();
        world.outcome();
        for round in 1..=6 {
            // No process has used its token since the import.
            world.service.revoke();
            world.use_tokens("p");
            assert_eq!(world.service.with_password(), 1 + round, "seed {seed}");
            world.run_for(HOUR);
        }
    }
}

#[test]
fn a_slow_clock_costs_one_login() {
    for seed in SEEDS {
        let mut world = cold(seed, 20);
        world.service.ahead = HOUR / 6;
        world.run();
        world.outcome();
        assert_eq!(world.use_tokens("p"), 0, "seed {seed}");
        // A node gives the next token whose clock is right, so that it seems to be older.
        world.service.ahead = Duration::ZERO;
        world.service.revoke();
        for process in 0..20 {
            world.call_service(process, "p", "https://service.example/");
            world.run();
            assert_eq!(world.outcome().0, 0, "seed {seed}");
            world.run_for(Duration::from_secs(10));
        }
        assert_eq!(world.service.with_password(), 2, "seed {seed}");
    }
}
