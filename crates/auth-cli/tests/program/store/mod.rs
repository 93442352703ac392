//! The store: many runs of the program make one login.

mod listing;
mod logout;
mod pauses;
mod places;
mod redis;
mod runs;

use std::{fs, path::PathBuf};

use auth_emulator::{Server, System};

use crate::Machine;

/// A user of the emulated Keystone, as `clouds.yaml` names one.
const ALICE: &str = "username: alice, password: alice-pw, user_domain_name: Default, \
                     project_name: alpha, project_domain_name: Default";

/// A machine with a cloud `c`, whose user is Alice, and with these settings beside it.
fn machine(server: &Server, top: &str) -> Machine {
    with_user(&server.url(System::Keystone), ALICE, top)
}

fn with_user(url: &str, user: &str, top: &str) -> Machine {
    let cloud = format!("c: {{auth: {{auth_url: '{url}', {user}}}}}");
    Machine::with(&format!("{top}\nclouds: {{{cloud}}}"))
}

fn logins(server: &Server) -> u64 {
    server.emulator().logins(System::Keystone)
}

/// The program prints a token.
fn token(machine: &Machine, more: &[&str]) -> String {
    machine.run(&[&["token"], more].concat(), "", &[]).ok()
}

/// The files of the store, but for locks.
fn files(machine: &Machine) -> Vec<PathBuf> {
    let all = fs::read_dir(directory(machine)).into_iter().flatten();
    let all = all.map(|file| file.unwrap().path());
    let mut all: Vec<_> = all.filter(|path| path.extension() != Some("lock".as_ref())).collect();
    all.sort();
    all
}

fn entries(machine: &Machine) -> Vec<PathBuf> {
    let is_entry = |path: &PathBuf| path.extension() == Some("entry".as_ref());
    files(machine).into_iter().filter(is_entry).collect()
}

fn directory(machine: &Machine) -> PathBuf {
    machine.0.path().join(".cache/cloud-auth")
}

/// The path of `clouds.yaml`, for `OS_CLIENT_CONFIG_FILE`: a file that is found in the working
/// directory may not name a key or a server.
fn trusted(machine: &Machine) -> String {
    machine.0.path().join("clouds.yaml").to_str().unwrap().to_owned()
}
