//! The program with a store in a real Redis server.
//!
//! These tests need `redis-server`. `cargo test --workspace` passes without it; `.ci/run` names this
//! target.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

#[allow(dead_code, reason = "other tests need the rest of the file")]
#[path = "../machine/mod.rs"]
mod machine;

use auth_emulator::{Server, System};
use machine::Machine;
use redis_server::Redis;

const PLACE: &str = "CLOUD_AUTH_STORE";
const KEY: (&str, &str) =
    ("CLOUD_AUTH_STORE_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

/// A machine with a cloud `c` of the emulated Keystone.
fn machine(server: &Server) -> Machine {
    let user = "username: alice, password: alice-pw, user_domain_name: Default, \
                project_name: alpha, project_domain_name: Default";
    let url = server.url(System::Keystone);
    Machine::with(&format!("clouds: {{c: {{auth: {{auth_url: '{url}', {user}}}}}}}"))
}

/// Whether a machine has a store in files.
fn has_store(machine: &Machine) -> bool {
    machine.0.path().join(".cache/cloud-auth/key").exists()
}

fn logins(server: &Server) -> u64 {
    server.emulator().logins(System::Keystone)
}

#[test]
fn machines_share_a_login_by_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start(&[]).unwrap());
    let url = redis.url();
    let variables = [(PLACE, url.as_str()), KEY];
    let [one, other] = [machine(&server), machine(&server)];
    let first = one.run(&["token"], "", &variables).ok();
    assert_eq!(other.run(&["token"], "", &variables).ok(), first);
    assert_eq!(logins(&server), 1);
    assert!(!has_store(&one) && !has_store(&other));
    let second = one.run(&["token", "--fresh"], "", &variables).ok();
    assert_ne!(second, first);
    assert_eq!(other.run(&["token"], "", &variables).ok(), second);
    // With another key, a machine is for itself.
    other.run(&["token"], "", &variables[..1]).ok();
    assert_eq!(logins(&server), 3);
}

#[test]
fn logout_finds_the_configured_scope_in_redis() {
    let (server, redis) = (Server::start().unwrap(), Redis::start(&[]).unwrap());
    let machine = machine(&server);
    let url = redis.url();
    let variables = [(PLACE, url.as_str()), KEY];
    let run = |arguments: &[&str]| machine.run(arguments, "", &variables);
    let own = [run(&["token"]).ok(), run(&["token", "--no-catalog"]).ok()];
    let other = run(&["token", "--unscoped"]).ok();
    run(&["logout", "--all"]).failed(2, "which has no list of its entries");
    assert_eq!(run(&["logout"]).ok(), "2 tokens revoked, 0 forgotten\n");
    for token in own {
        machine.run(&["validate", "--token-stdin"], &token, &[]).failed(1, "is not valid");
    }
    assert_eq!(run(&["token", "--unscoped"]).ok(), other);
    assert_eq!(logins(&server), 3);
    assert_eq!(run(&["logout"]).ok(), "0 tokens revoked, 0 forgotten\n");
    // No lease is left behind, for which a run would wait.
    run(&["token"]).ok();
    assert_eq!(logins(&server), 4);

    let said = run(&["store", "--format", "json"]);
    assert_eq!((said.code, said.out.as_str()), (0, "[]\n"), "{said:?}");
    assert!(said.err.contains("a Redis store has no list of its entries"), "{said:?}");
    // Without the variables, the store is in files.
    assert!(!has_store(&machine));
    machine.run(&["token"], "", &[]).ok();
    assert!(has_store(&machine));
}
