//! The list of the store's entries.

use std::fs;

use auth_emulator::{Server, System};

use super::{ALICE, directory, entries, machine, token, trusted};
use crate::{Machine, run};

#[test]
fn the_list_names_everything_but_secrets() {
    let server = Server::start().unwrap();
    let url = server.url(System::Keystone);
    let machine = machine(&server, "");
    assert_eq!(machine.run(&["store", "--format", "json"], "", &[]).ok(), "[]\n");
    let stored = token(&machine, &[]);
    machine.run(&["token", "--unscoped", "--password-stdin"], "wr0ng-pw", &[]).failed(3, "401");
    fs::write(directory(&machine).join("0123456789abcdef0123456789abcdef.entry"), "?").unwrap();
    let list = machine.run(&["store", "--format", "json"], "", &[]).json();
    let mut list = list.as_array().unwrap().clone();
    list.sort_by_key(|entry| entry["kind"].as_str().unwrap().to_owned());
    let [pause, token, unreadable] = &list[..] else { panic!("{list:?}") };
    for (entry, kind, scope, most) in [
        (pause, "pause", "unscoped", 1800),
        (token, "token", "project alpha in domain Default", 3600),
    ] {
        assert_eq!((&entry["kind"], &entry["cloud"]), (&kind.into(), &"c".into()), "{entry}");
        assert_eq!(entry["user"], "alice in domain Default", "{entry}");
        assert_eq!(entry["scope"], scope, "{entry}");
        assert_eq!(entry["identity_service"], url.trim_end_matches("/v3"), "{entry}");
        let remaining = entry["remaining_s"].as_u64().unwrap();
        assert!(remaining > most / 4 && remaining <= most, "{entry}");
        assert!(entry["generation"].as_u64().unwrap() > 1_000_000_000_000, "{entry}");
        assert!(entry["age_s"].as_u64().unwrap() < 600, "{entry}");
    }
    assert_eq!(unreadable["kind"], "unreadable");
    assert_eq!((&unreadable["size"], &unreadable["user"]), (&1.into(), &serde_json::Value::Null));

    let table = machine.run(&["store"], "", &[]).ok();
    assert_eq!(table.lines().count(), 4, "{table}");
    let header = table.lines().next().unwrap();
    let columns: Vec<_> = header.split_whitespace().collect();
    let want = ["cloud", "user", "scope", "kind", "remaining", "age", "bytes", "generation"];
    assert_eq!(columns, want);
    assert!(table.contains(&format!("c ({})", url.trim_end_matches("/v3"))), "{table}");
    for secret in [stored.trim(), "alice-pw", "wr0ng-pw"] {
        assert!(!table.contains(secret) && !list.iter().any(|it| it.to_string().contains(secret)));
    }
}

#[test]
fn a_cloud_is_named_if_it_is_the_only_one() {
    let server = Server::start().unwrap();
    let url = server.url(System::Keystone);
    let machine = machine(&server, "");
    token(&machine, &[]);
    let cloud = |clouds: &str| {
        machine.write("clouds.yaml", clouds);
        machine.run(&["store", "--format", "json"], "", &[]).json()[0]["cloud"].clone()
    };
    let auth = format!("auth: {{auth_url: '{url}'}}");
    // Spelled in another way.
    let capitals = auth.replace("http://127.0.0.1", "HTTP://127.0.0.1").replace("/v3", "/");
    assert_eq!(cloud(&format!("clouds: {{d: {{{capitals}}}}}")), "d");
    assert_eq!(
        cloud(&format!("clouds: {{d: {{{auth}}}, e: {{{auth}}}}}")),
        serde_json::Value::Null
    );
    assert_eq!(
        cloud("clouds: {d: {auth: {auth_url: 'https://k.example'}}}"),
        serde_json::Value::Null
    );
    assert_eq!(cloud("clouds: {d: {auth_store: memcached}}"), serde_json::Value::Null);
}

#[test]
fn the_entries_of_all_keys_are_listed() {
    let server = Server::start().unwrap();
    let (url, user) = (server.url(System::Keystone), ALICE);
    let cloud =
        |name: &str, key: &str| format!("{name}: {{auth: {{auth_url: '{url}', {user}}}{key}}}");
    let clouds = [cloud("a", ""), cloud("b", ", auth_store_key_file: b.key")].join(", ");
    let machine = Machine::with(&format!("clouds: {{{clouds}}}"));
    let path = trusted(&machine);
    let trusted = [("OS_CLIENT_CONFIG_FILE", path.as_str())];
    for name in ["a", "b"] {
        machine.run(&["token", "--cloud", name], "", &trusted).ok();
    }
    assert_eq!(entries(&machine).len(), 2);
    let list = machine.run(&["store", "--format", "json"], "", &trusted).json();
    let kinds: Vec<_> = list.as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["token", "token"], "{list}");
}

#[test]
fn a_store_that_cannot_be_read_is_named() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    token(&machine, &[]);
    let key = directory(&machine).join("key");
    fs::write(&key, "s3cret").unwrap();
    let said = machine.run(&["store"], "", &[]).failed(1, "has no key");
    assert!(!said.contains("s3cret"), "{said}");
    run(&["--emulator=otc", "store"], "").failed(2, "--emulator: has no store");
}
