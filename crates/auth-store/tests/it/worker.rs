//! What a process of a test does. The test program starts itself again, with a task in its environment.

use std::{
    env,
    fmt::Display,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use auth_emulator::account;
use auth_proto::{Cloud, Credential, DomainRef, Name, Note, Scope, Store, Taken, UserRef, Want};
use auth_store::{FileStore, Key};
use auth_ureq::Client;

use crate::entries::{entry, text};

const TASK: &str = "AUTH_STORE_TEST_TASK";

/// A process, and the lines that it writes.
pub(crate) struct Worker {
    pub(crate) process: Child,
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts a process, behind the words of another program that runs it.
    pub(crate) fn start(before: &[&str], task: &str, words: &[&str]) -> Self {
        let own = env::current_exe().unwrap();
        let mut program: Vec<&str> = before.to_vec();
        program.extend([own.to_str().unwrap(), "worker::worker", "--exact", "--nocapture"]);
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).env(TASK, [&[task], words].concat().join("\n"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { input: process.stdin.take(), lines, process }
    }

    /// The next line that begins with this word, without it.
    pub(crate) fn line(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            // The test harness writes without a line break before a test.
            if let Some((_, rest)) = line.split_once(&format!("@{word} ")) {
                return rest.trim_end().to_owned();
            }
            line.clear();
        }
        panic!("the process ended without the line {word}");
    }

    /// Lets a process go on that waits.
    pub(crate) fn go_on(&mut self) {
        self.input.take().unwrap().write_all(b"\n").unwrap();
    }

    /// The lines with this word, until its end.
    pub(crate) fn finish(mut self, word: &str) -> Vec<String> {
        let mut text = String::new();
        self.lines.read_to_string(&mut text).unwrap();
        assert!(self.process.wait().unwrap().success(), "{text}");
        let word = format!("@{word} ");
        text.lines().filter_map(|line| Some(line.split_once(&word)?.1.to_owned())).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does its task in a process of its own, and nothing in the process of the tests.
#[test]
fn worker() {
    let Ok(task) = env::var(TASK) else { return };
    let words: Vec<&str> = task.split('\n').collect();
    match words[..] {
        ["key", path] => {
            let key = Key::from_file(path).unwrap();
            let store = FileStore::open(Path::new(path).with_extension("store"), key).unwrap();
            let entries = store.entries().unwrap();
            say("opened", entries.iter().all(|entry| entry.generation().is_some()));
        }
        ["lead", path, milliseconds] => lead(path, milliseconds.parse().unwrap()),
        ["token", path, url] => {
            let token = client(store(path), url).token().unwrap();
            say("token", token.expose());
        }
        ["user"] => match FileStore::of_user() {
            Ok(store) => say("user", format!("{store:?}")),
            Err(error) => say("user", error),
        },
        _ => panic!("{words:?}"),
    }
}

fn store(path: &str) -> FileStore {
    let key = Key::from_file(Path::new(path).with_extension("key")).unwrap();
    FileStore::open(path, key).unwrap().on_event(|event| say("event", text(event)))
}

fn client(store: FileStore, url: &str) -> Client {
    let cloud = Cloud::keystone(url).unwrap();
    let user = UserRef::name_in(account::KEYSTONE_USER, DomainRef::name(account::KEYSTONE_DOMAIN));
    let credential = Credential::password(user, account::KEYSTONE_PASSWORD);
    let project = Scope::project_id(account::KEYSTONE_PROJECT_ID);
    Client::builder(cloud, credential, project).store(store).build().unwrap()
}

/// Takes a lease, waits for a line, and tells an entry.
fn lead(path: &str, milliseconds: u64) {
    let store = store(path);
    let name = Name::new(b"name".to_vec().into());
    let taken = store.take(&Want::new(name, 0, Duration::from_millis(milliseconds)));
    let Taken::Led(lease) = taken else { panic!("{taken:?}") };
    say("led", lease.generation());
    std::io::stdin().read_line(&mut String::new()).unwrap();
    store.tell(&Note::Put { lease, entry: Some(entry("late")) });
}

#[expect(clippy::print_stdout, reason = "the process of the test reads it")]
fn say(word: &str, text: impl Display) {
    println!("@{word} {text}");
}
