//! A fleet: many processes that share their tokens by a store.

mod chaos;
mod model;
mod revoked;
mod simulation;

use std::time::Duration;

use auth_proto::{Credential, ErrorKind, Scope, SecretSource, UserRef};
use http::StatusCode;

use self::{
    model::world,
    simulation::{LEASE, Rng, World, password, settings},
};

const SEEDS: std::ops::Range<u64> = 0..20;
const HOUR: Duration = Duration::from_secs(3600);

/// A world with this many processes, and a caller in each.
fn cold(seed: u64, processes: usize) -> World {
    let mut world = world(seed);
    for _ in 0..processes {
        let process = world.start("good");
        world.call(process, "p");
    }
    world
}

#[test]
fn a_cold_fleet_logs_in_once() {
    for seed in SEEDS {
        let mut world = cold(seed, 60);
        world.run();
        let (failed, slowest) = world.outcome();
        assert_eq!((failed, world.service.with_password()), (0, 1), "seed {seed}");
        // The login, and the time until a process asks the store again.
        assert!(slowest < world.service.pace + Duration::from_secs(1), "seed {seed}: {slowest:?}");
    }
}

#[test]
fn a_thousand_runs_log_in_once() {
    let mut world = world(0);
    for _ in 0..1000 {
        let process = world.start("good");
        world.call(process, "p");
        world.run();
        assert_eq!(world.outcome().0, 0);
        world.processes.clear();
        world.run_for(Duration::from_secs(20));
    }
    assert_eq!(world.service.with_password(), 1);
}

#[test]
fn a_killed_leader_costs_one_login() {
    for seed in SEEDS {
        for kills in 1..=2 {
            let mut world = cold(seed, 20);
            world.service.pace = Duration::from_secs(3);
            for kill in 1..=kills {
                while world.leaders().is_empty() {
                    world.run_for(Duration::from_millis(100));
                }
                world.run_for(Duration::from_secs(1));
                let leader = world.leaders()[0];
                world.kill(leader);
                assert_eq!(world.service.with_password(), kill, "seed {seed}");
            }
            world.run();
            let (failed, slowest) = world.outcome();
            assert_eq!((failed, world.service.with_password()), (0, kills + 1), "seed {seed}");
            let longest = LEASE * kills as u32 + Duration::from_secs(3 + 2);
            assert!(slowest < longest, "seed {seed}: {slowest:?}");
        }
    }
}

#[test]
fn a_wrong_password_is_sent_once_by_a_fleet() {
    for seed in SEEDS {
        let mut world = world(seed);
        let mut rng = Rng::new(seed);
        let end = world.now + 12 * HOUR;
        while world.now < end {
            // Some processes stay, most come and go.
            for _ in 0..5 {
                let process = world.start("wrong");
                world.call(process, "p");
            }
            world.run_for(Duration::from_secs(30 + rng.below(300)));
            for (_, caller) in world.results() {
                let error = caller.result.unwrap().unwrap_err();
                let ErrorKind::Rejected(refusal) = error.kind() else { panic!("{error}") };
                assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
                // Each process gives the service's reason, and says when to try again.
                assert!(error.to_string().contains("requires authentication"), "{error}");
                assert!(error.retry_at().is_some(), "{error}");
            }
            world.processes.truncate(3);
        }
        let sent: Vec<_> = world.service.logins.iter().map(|login| login.at).collect();
        assert!(sent.len() <= 4, "seed {seed}: {sent:?}");
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= HOUR / 2), "seed {seed}: {sent:?}");
    }
}

#[test]
fn a_password_that_ends_is_sent_once_by_a_fleet() {
    for seed in SEEDS {
        let mut world = cold(seed, 20);
        world.run();
        world.service.passwords = vec!["new"];
        // The tokens live for eight hours, and each process renews its own at another time.
        for minute in 0..20 * 60 {
            world.run_for(HOUR / 60);
            if minute % 15 == 0 {
                (0..20).for_each(|process| world.call(process, "p"));
                world.run();
                let failed = world.outcome().0;
                assert!(failed == 0 || minute >= 6 * 60, "seed {seed}: {minute}");
            }
        }
        let refused = world.service.logins.iter().filter(|login| login.status == 401);
        let refused: Vec<_> = refused.map(|login| login.at).collect();
        assert!(!refused.is_empty());
        assert!(refused.windows(2).all(|pair| pair[1] - pair[0] >= HOUR / 2), "{refused:?}");
        assert!(refused.windows(5).all(|five| five[4] - five[0] >= 12 * HOUR), "{refused:?}");
    }
}

#[test]
fn a_new_password_works_beside_the_old_one() {
    for seed in SEEDS {
        let mut world = world(seed);
        for number in 0..40 {
            let process = world.start(if number % 2 == 0 { "good" } else { "old" });
            world.call(process, "p");
        }
        world.run();
        let results = world.results();
        let failed = results.iter().filter(|(_, caller)| matches!(caller.result, Some(Err(_))));
        assert_eq!(failed.count(), 20, "seed {seed}");
        for password in ["good", "old"] {
            let sent = world.service.logins.iter().filter(|login| login.password == password);
            assert_eq!(sent.count(), 1, "seed {seed}: {password}");
        }
        // A process that gets the new password uses the others' token.
        world.processes[1].session.replace_credential(password("good")).unwrap();
        world.drain(1);
        world.call(1, "p");
        world.run();
        assert_eq!((world.outcome().0, world.service.logins.len()), (0, 2), "seed {seed}");
    }
}

#[test]
fn a_revoked_token_costs_one_login() {
    for seed in SEEDS {
        let mut world = cold(seed, 50);
        world.run();
        world.outcome();
        for round in 1..=3 {
            assert_eq!(world.use_tokens("p"), 0, "seed {seed}");
            world.service.revoke();
            assert_eq!(world.use_tokens("p"), 0, "seed {seed}");
            assert_eq!(world.service.with_password(), 1 + round, "seed {seed}");
        }
        // A process that starts now gets the newest token.
        let process = world.start("good");
        world.call(process, "p");
        world.run();
        assert_eq!(world.outcome().0, 0);
        assert_eq!((world.use_tokens("p"), world.service.with_password()), (0, 4));
    }
}

#[test]
fn nobody_is_given_a_token_that_was_refused() {
    for seed in SEEDS {
        let mut world = cold(seed, 2);
        world.run();
        world.outcome();
        // One process learns that the token is revoked. Before its login ends, another one starts.
        world.service.revoke();
        world.service.pace = Duration::from_secs(3);
        world.refuse_tokens("p");
        world.run_for(Duration::from_secs(1));
        let late = world.start("good");
        world.call(late, "p");
        world.run();
        for (_, caller) in world.results() {
            assert!(world.is_good(&caller, "p"), "seed {seed}");
        }
        assert_eq!(world.service.with_password(), 2, "seed {seed}");
    }
}

#[test]
fn a_silent_store_costs_logins_only() {
    for seed in SEEDS {
        let mut world = cold(seed, 10);
        world.store.set_silent(true);
        world.store_takes = Duration::from_millis(250);
        world.run();
        let (failed, slowest) = world.outcome();
        assert_eq!((failed, world.service.with_password()), (0, 10), "seed {seed}");
        let longest = world.service.pace + Duration::from_millis(350);
        assert!(slowest <= longest, "seed {seed}: {slowest:?}");
        // For half a minute no process asks it again.
        for (after, questions) in [(1, 10), (20, 10), (20, 20)] {
            world.run_for(Duration::from_secs(after));
            for process in 0..10 {
                world.call(process, &format!("q{}", world.now.as_secs()));
            }
            world.run();
            assert_eq!((world.outcome().0, world.store.questions), (0, questions), "seed {seed}");
        }
    }
}

#[test]
fn a_wiped_store_costs_one_login() {
    for seed in SEEDS {
        let mut world = cold(seed, 20);
        world.run();
        world.wipe_store();
        for _ in 0..20 {
            let process = world.start("good");
            world.call(process, "p");
        }
        world.run();
        assert_eq!((world.outcome().0, world.service.with_password()), (0, 2), "seed {seed}");
        // The processes from before know that later generations are newer.
        world.service.revoke();
        assert_eq!((world.use_tokens("p"), world.service.with_password()), (0, 3), "seed {seed}");
    }
}

#[test]
fn clocks_may_differ_by_a_day() {
    // A process whose clock is wrong cannot tell how long a token lives if nobody says what time it
    // is. Its token is renewed too early, by the next process.
    for (seed, has_date) in SEEDS.flat_map(|seed| [(seed, true), (seed, false)]) {
        let mut rng = Rng::new(seed);
        let mut world = world(seed);
        world.service.has_date = has_date;
        let most = if has_date { 1 } else { 2 };
        for _ in 0..30 {
            let skew = time::Duration::minutes(rng.below(2 * 28 * 60) as i64 - 28 * 60);
            let process = world.start_with(password("good"), settings(), skew);
            world.call(process, "p");
        }
        world.run();
        let first = world.service.with_password();
        assert!(world.outcome().0 == 0 && first <= most, "seed {seed}: {first}");
        world.service.revoke();
        assert_eq!(world.use_tokens("p"), 0, "seed {seed}");
        let second = world.service.with_password() - first;
        assert!(second <= most, "seed {seed}: {second}");
    }
}

#[test]
fn an_outage_fails_nobody_who_has_a_token() {
    for seed in SEEDS {
        let mut world = cold(seed, 20);
        world.service.life = HOUR;
        world.run();
        world.outcome();
        // In the time of the renewal, for ten minutes.
        world.run_for(HOUR * 3 / 4);
        world.service.fault = Some(503);
        for _ in 0..20 {
            world.run_for(Duration::from_secs(30));
            // A process that starts in the outage has the token, too.
            let process = world.start("good");
            for process in 0..=process {
                world.call(process, "p");
            }
            world.run_for(Duration::from_secs(2));
            assert_eq!(world.outcome().0, 0, "seed {seed}");
        }
    }
}

#[test]
fn a_fleet_backs_off_as_one_process() {
    for seed in SEEDS {
        let mut world = world(seed);
        world.service.fault = Some(503);
        for _ in 0..30 {
            let process = world.start("good");
            world.call(process, "p");
        }
        world.run_for(Duration::from_secs(600));
        // One process alone sends up to 36 requests in this time.
        let sent = world.service.logins.len();
        assert!(sent <= 60, "seed {seed}: {sent}");
        world.outcome();
        world.service.fault = None;
        world.run_for(Duration::from_secs(60));
        for process in 0..30 {
            world.call(process, "p");
        }
        world.run();
        assert_eq!(world.outcome().0, 0, "seed {seed}");
        assert!(world.service.logins.len() <= sent + 2, "seed {seed}");
    }
}

#[test]
fn a_root_serves_the_scopes_of_a_fleet() {
    for seed in SEEDS {
        let mut world = world(seed);
        let settings = settings().with_root(Scope::unscoped());
        for _ in 0..20 {
            let process =
                world.start_with(password("good"), settings.clone(), time::Duration::ZERO);
            for project in 0..10 {
                world.call(process, &format!("p{project}"));
            }
        }
        world.run();
        assert_eq!(world.outcome().0, 0, "seed {seed}");
        assert_eq!((world.service.with_password(), world.service.logins.len()), (1, 11));
    }
}

#[test]
fn one_person_is_asked_by_a_fleet() {
    let is_asked = |world: &World| world.processes.iter().position(|process| process.is_sending());
    for (seed, is_killed) in SEEDS.flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut world = world(seed);
        for _ in 0..20 {
            let credential =
                Credential::password(UserRef::id("alice"), SecretSource::new("a person"));
            let process = world.start_with(credential, settings(), time::Duration::ZERO);
            world.call(process, "p");
        }
        world.run_for(Duration::from_secs(120));
        assert_eq!(world.service.asked, 1, "seed {seed}");
        if is_killed {
            // The lease ends with its process, and the next one asks its person.
            world.kill(is_asked(&world).unwrap());
            world.run_for(LEASE + Duration::from_secs(1));
            assert_eq!(world.service.asked, 2, "seed {seed}");
        }
        world.run();
        let asked = 1 + usize::from(is_killed);
        assert_eq!((world.outcome().0, world.service.logins.len()), (0, 1), "seed {seed}");
        assert_eq!(world.service.asked, asked, "seed {seed}");
    }
}

#[test]
fn a_lease_is_given_back() {
    for replaces in [false, true] {
        let mut world = cold(0, 2);
        world.service.pace = Duration::from_secs(10);
        world.run_for(Duration::from_secs(1));
        let [leader] = world.leaders()[..] else { panic!("no leader") };
        let session = &mut world.processes[leader].session;
        match replaces {
            true => session.replace_credential(password("other")).unwrap(),
            false => session.close(),
        }
        world.drain(leader);
        world.processes[leader].callers.clear();
        world.run_for(Duration::from_secs(1));
        // The other process does not wait for the lease to end.
        assert_eq!(world.service.logins.len(), 2);
        assert!(world.service.logins.iter().all(|login| login.password == "good"));
    }
}
