//! Where the store is, its key, and a store that cannot be used.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use auth_emulator::Server;

use super::{directory, entries, logins, machine, trusted};
use crate::{Machine, nhn, with};

const KEY: &str = "CLOUD_AUTH_STORE_KEY";
const PLACE: &str = "CLOUD_AUTH_STORE";
const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Two runs with these settings at the top of the file and these variables: the logins, and the
/// warnings.
fn two_runs(top: &str, variables: &[(&str, &str)], prepare: &str) -> (u64, String) {
    let server = Server::start().unwrap();
    let machine = machine(&server, top);
    let script = format!("mkdir -p .cache; {prepare}");
    let home = machine.0.path();
    let prepared = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(home)
        .env("HOME", home)
        .output()
        .unwrap();
    assert!(prepared.status.success(), "{prepared:?}");
    let mut said = String::new();
    let path = trusted(&machine);
    let variables = [&[("OS_CLIENT_CONFIG_FILE", path.as_str())], variables].concat();
    for _ in 0..2 {
        let run = machine.run(&["token"], "", &variables);
        assert_eq!(run.code, 0, "{run:?}");
        said += &run.err;
    }
    fs::set_permissions(home.join(".cache"), Permissions::from_mode(0o700)).unwrap();
    (logins(&server), said)
}

#[test]
fn the_configuration_says_where() {
    for (top, variables, count) in [
        ("", &[][..], 1),
        ("auth_store: file", &[], 1),
        ("auth_store: off", &[], 2),
        ("cache: {auth: true}", &[], 1),
        ("cache: {auth: false}", &[], 2),
        ("", &[(PLACE, "off")], 2),
        ("auth_store: off", &[(PLACE, "file")], 1),
        ("auth_store_key_file: my.key", &[], 1),
        ("", &[(KEY, DIGITS)], 1),
        ("", &[(KEY, "")], 1),
        ("auth_store_key_file: my.key", &[(KEY, DIGITS)], 1),
    ] {
        let came = two_runs(top, variables, "");
        assert_eq!(came, (count, String::new()), "{top} {variables:?}");
    }
}

/// Only a store that the user has chosen is worth a warning, once in a run. No run fails.
#[test]
fn a_store_of_no_use_is_no_failure() {
    let closed = "rmdir .cache; touch .cache";
    let open = "mkdir .cache/cloud-auth; chmod 777 .cache/cloud-auth";
    let link = "mkdir other; ln -s ../other .cache/cloud-auth";
    let bad_key = "umask 77; mkdir .cache/cloud-auth; echo s3cret > .cache/cloud-auth/key";
    let file = "auth_store: file";
    for (top, variables, prepare, warning) in [
        ("", &[][..], closed, ""),
        ("", &[], open, ""),
        ("", &[], link, ""),
        ("", &[], bad_key, ""),
        (file, &[], closed, "is no directory"),
        (file, &[], open, "is open to other users"),
        (file, &[], link, "is no directory"),
        (file, &[], bad_key, "has no key: write 64 hexadecimal digits"),
        ("", &[(PLACE, "file")], closed, "is no directory"),
        ("", &[(KEY, "s3cret")], "", "the variable CLOUD_AUTH_STORE_KEY has no key"),
        ("auth_store_key_file: my.key", &[], "echo s3cret > my.key; chmod 644 my.key", "my.key"),
        ("auth_store_key_file: my.key", &[], "mkdir my.key", "my.key"),
    ] {
        let (count, said) = two_runs(top, variables, prepare);
        assert_eq!(count, 2, "{top} {variables:?} {prepare}");
        assert!(!said.contains("s3cret"), "{said}");
        if warning.is_empty() {
            assert_eq!(said, "", "{prepare}");
            continue;
        }
        assert_eq!(said.lines().count(), 2, "{said}");
        for line in said.lines() {
            let start = "warning: no store, so this run logs in by itself: ";
            assert!(line.starts_with(start) && line.contains(warning), "{line}");
        }
    }
}

#[test]
fn a_damaged_entry_is_replaced() {
    let server = Server::start().unwrap();
    let machine = machine(&server, "");
    machine.run(&["token"], "", &[]).ok();
    for (damage, problem) in [("damaged", "does not open"), ("open", "is open to other users")] {
        let [entry] = &entries(&machine)[..] else { panic!("one entry") };
        match damage {
            "open" => fs::set_permissions(entry, Permissions::from_mode(0o644)).unwrap(),
            _ => fs::write(entry, "damaged").unwrap(),
        }
        let run = machine.run(&["token"], "", &[]);
        assert!(run.code == 0 && run.err.lines().count() == 1, "{run:?}");
        assert!(run.err.starts_with("warning: ") && run.err.contains(problem), "{run:?}");
        machine.run(&["token"], "", &[]).ok();
    }
    assert_eq!(logins(&server), 3);
}

#[test]
fn the_key_is_made_on_first_use() {
    let server = Server::start().unwrap();
    for (top, key) in [("", ".cache/cloud-auth/key"), ("auth_store_key_file: k/my.key", "k/my.key")]
    {
        let machine = machine(&server, top);
        let path = trusted(&machine);
        let trusted = ("OS_CLIENT_CONFIG_FILE", path.as_str());
        machine.run(&["token"], "", &[trusted]).ok();
        let key = machine.0.path().join(key);
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&key), mode(&directory(&machine))), (0o600, 0o700));
        assert_eq!(fs::read_to_string(&key).unwrap().trim().len(), 64);
        // Another key opens nothing.
        let before = logins(&server);
        machine.run(&["token"], "", &[trusted, (KEY, DIGITS)]).ok();
        assert_eq!(logins(&server), before + 1);
        machine.run(&["token"], "", &[trusted]).ok();
        assert_eq!(logins(&server), before + 1);
        assert_eq!(entries(&machine).len(), 2);
    }
}

/// A cloud that is not configured follows the top level of the file, and the variable.
#[test]
fn built_in_clouds_have_the_store_of_all() {
    for (top, variables, count) in [
        ("", &[][..], 1),
        ("auth_store: off", &[], 2),
        ("auth_store: off", &[(PLACE, "file")], 1),
        ("", &[(PLACE, "off")], 2),
    ] {
        let server = Server::start().unwrap();
        let login = nhn(&server);
        let machine = Machine::with(&format!("{top}\nclouds: {{}}"));
        for _ in 0..2 {
            machine.run(&with(&["token"], &login.flags), login.secret, variables).ok();
        }
        let logins = server.emulator().logins(auth_emulator::System::NhnIaas);
        assert_eq!(logins, count, "{top} {variables:?}");
    }
}
