//! What an operator reads when a server refuses: what is wrong and what to do, in words of the store.

use std::{
    io::Write,
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

use auth_proto::{Note, Store, Taken};
use auth_store::{RedisStore, StoreEvent};
use redis::{Parser, Value};

use crate::{
    entries::{key, want},
    server::Server,
    wait::LONG,
};

/// The text of each event.
#[derive(Clone, Default)]
struct Texts(Arc<Mutex<Vec<String>>>);

impl Texts {
    fn of(&self, url: &str) -> RedisStore {
        let texts = self.0.clone();
        RedisStore::open(url, key()).unwrap().with_patience(LONG).on_event(move |event| {
            let text = match event {
                StoreEvent::Silent(error) => format!("silent: {error}"),
                StoreEvent::NotTold(error) => format!("not told: {error}"),
                StoreEvent::LeaseGiven { .. } => return,
                other => panic!("{other:?}"),
            };
            assert!(!format!("{event:?} {text}").contains("canary"), "{event:?}");
            texts.lock().unwrap().push(text);
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A server that answers each command with this line, and its URL.
fn refusing(line: &Arc<Mutex<&'static str>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let line = Arc::clone(line);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, line) = (client.unwrap(), Arc::clone(&line));
            thread::spawn(move || {
                let mut parser = Parser::new();
                while parser.parse_value(&client).is_ok() {
                    let line = *line.lock().unwrap();
                    client.write_all(format!("-{line}\r\n").as_bytes()).unwrap();
                }
            });
        }
    });
    url
}

/// The one event of a question is this text of a remedy, after the server's name and the code.
#[track_caller]
fn asked(url: &str, code: &str, remedy: &str) {
    let texts = Texts::default();
    assert_eq!(texts.of(url).take(&want(0)), Taken::Silent);
    says(&texts.take(), code, remedy);
}

#[track_caller]
fn says(texts: &[String], code: &str, remedy: &str) {
    let [text] = texts else { panic!("{texts:?}") };
    let refuses = format!(" refuses ({code}): ");
    let (server, meaning) = text.split_once(&refuses).unwrap_or_else(|| panic!("{text}"));
    assert!(server.starts_with("silent: the Redis server 127.0.0.1:"), "{text}");
    assert!(meaning.contains(remedy), "{remedy}: {text}");
}

/// What servers say, from their sources: Redis 6.2, 7.0 and 7.2, and what proxies quote.
const REFUSALS: &[(&str, &str)] = &[
    ("ERR max number of clients reached", "maxclients"),
    ("ERR max number of clients + cluster connections reached", "maxclients"),
    ("ERR unknown command 'EVAL', with args beginning with: ", "use Redis 6.2"),
    ("ERR unknown command `EVAL`, with args beginning with: `canary`", "use Redis 6.2"),
    ("ERR DB index is out of range", "at the end of the URL"),
    ("ERR SELECT is not allowed in cluster mode", "database 0"),
    (
        "ERR AUTH <password> called without any password configured for the default user. Are you \
         sure your configuration is correct?",
        "remove the password",
    ),
    ("ERR Client sent AUTH, but no password is set", "remove the password"),
    ("ERR wrong number of arguments for 'auth' command", "remove the user"),
    (
        "ERR The user executing the script can't run this command or subcommand script: f_1",
        "rights",
    ),
    (
        "ERR Error running script (call to f_1): @user_script:3: @user_script: 3: -NOPERM this user \
         has no permissions to run the 'time' command or its subcommand",
        "rights",
    ),
    (
        "ERR Error running script (call to f_1): @user_script:9: -OOM command not allowed when used \
         memory > 'maxmemory'.",
        "maxmemory",
    ),
    (
        "ERR Error running script (call to f_1): @user_script:9: -READONLY You can't write against \
         a read only replica.",
        "URL of the primary",
    ),
    (
        "ERR Error running script (call to f_1): @user_script:4: WRONGTYPE Operation",
        "remove that key",
    ),
    ("ERR Error running script (call to f_1): @user_script:4: attempt to canary", "into its log"),
    ("ERR Error compiling script (new function): user_script:1: canary", "into its log"),
    ("ERR Unknown Redis command called from script script: f_1, on @user_script:6.", "Redis 6.2"),
    ("ERR canary", "manual and log"),
    ("ERR", "manual and log"),
    ("CANARYWORD canary", "manual and log"),
    ("NOSCRIPT No matching script. Please use EVAL.", "pass EVAL on"),
    ("LOADING Redis is loading the dataset in memory", "wait until"),
    ("READONLY You can't write against a read only replica.", "URL of the primary"),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "primary"),
    (
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to \
         disk.",
        "make room on its disk",
    ),
    ("OOM command not allowed when used memory > 'maxmemory'.", "raise its maxmemory"),
    ("NOAUTH Authentication required.", "write the user and the password in the URL"),
    ("WRONGPASS invalid username-password pair or user is disabled.", "compare them with ACL LIST"),
    ("NOPERM this user has no permissions to run the 'eval' command", "ACL SETUSER"),
    ("NOPERM No permissions to access a key", "ACL SETUSER"),
    ("MOVED 3999 127.0.0.1:6381", "give the URL of the node that owns the key, or of a proxy"),
    ("ASK 3999 127.0.0.1:6381", "wait, or give the URL of a proxy"),
    ("TRYAGAIN Multiple keys request during rehashing of slot", "wait, or give the URL of a proxy"),
    ("CLUSTERDOWN The cluster is down", "repair the cluster"),
    ("CLUSTERDOWN Hash slot not served", "repair the cluster"),
    ("NOREPLICAS Not enough good replicas to write.", "min-replicas-to-write"),
    ("BUSY Redis is busy running a script. You can only call SCRIPT KILL.", "SCRIPT KILL"),
    ("DENIED Redis is running in protected mode because protected mode is enabled", "protected"),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", "remove that key"),
];

#[test]
fn a_refusal_says_what_to_do() {
    let current = Arc::new(Mutex::new(""));
    let url = refusing(&current);
    for (line, remedy) in REFUSALS {
        let code = line.split(' ').next().unwrap();
        *current.lock().unwrap() = line;
        asked(&url, code, remedy);
        // A lost note says the same.
        let texts = Texts::default();
        let name = want(0).name().clone();
        texts.of(&url).tell(&Note::Forget { name, generation: 1 });
        let said: Vec<_> =
            texts.take().iter().map(|text| text.replacen("not told", "silent", 1)).collect();
        says(&said, code, remedy);
    }
}

#[test]
fn a_real_server_without_room_says_so() {
    let server = Server::start();
    let mut operator = server.operator();
    assert_eq!(operator.run(&["SET", "filled", &"x".repeat(2 << 20)]), Value::Okay);
    assert_eq!(operator.run(&["CONFIG", "SET", "maxmemory", "1mb"]), Value::Okay);
    asked(&server.url(), "OOM", "raise its maxmemory");
    assert_eq!(operator.run(&["CONFIG", "SET", "maxclients", "1"]), Value::Okay);
    asked(&server.url(), "ERR", "raise its maxclients");
}

#[test]
fn a_real_replica_says_so() {
    let (primary, replica) = (Server::start(), Server::start());
    let port = primary.port().to_string();
    assert_eq!(replica.run(&["REPLICAOF", "127.0.0.1", &port]), Value::Okay);
    asked(&replica.url(), "READONLY", "URL of the primary");
    let started = Instant::now();
    drop(primary);
    replica.run(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    while replica.run(&["GET", "x"]) == Value::Nil {
        assert!(started.elapsed() < LONG);
    }
    asked(&replica.url(), "MASTERDOWN", "primary");
}

#[test]
fn a_real_user_without_rights_says_so() {
    const RIGHTS: &str = "+eval +time +hmget +hget +hset +hdel +hstrlen +pexpire";
    let server = Server::start_with(&["--requirepass", "p"]);
    let url = |user: &str| server.url().replacen("//", &format!("//{user}@"), 1);
    asked(&server.url(), "NOAUTH", "in the URL");
    asked(&url("u:canary"), "WRONGPASS", "ACL LIST");
    let operator = || {
        let mut operator = server.operator();
        assert_eq!(operator.run(&["AUTH", "p"]), Value::Okay);
        operator
    };
    for (missing, code) in [
        ("+eval", "NOPERM"),
        ("+time", "ERR"),
        ("+hmget", "ERR"),
        ("+hset", "ERR"),
        ("+pexpire", "NOPERM"),
    ] {
        let mut command = vec!["ACL", "SETUSER", "u", "reset", "on", ">p", "~auth-store:*"];
        command.extend(RIGHTS.split(' ').filter(|right| *right != missing));
        assert_eq!(operator().run(&command), Value::Okay);
        asked(&url("u:p"), code, "ACL SETUSER");
    }
    let mut command = vec!["ACL", "SETUSER", "u", "reset", "on", ">p", "~other:*"];
    command.extend(RIGHTS.split(' '));
    operator().run(&command);
    asked(&url("u:p"), "NOPERM", "ACL SETUSER");
    // Without `requirepass`, a password is too much.
    operator().run(&["CONFIG", "SET", "requirepass", ""]);
    asked(&url(":p"), "ERR", "remove the password");
    asked(&format!("{}/99", server.url()), "ERR", "at the end of the URL");
}

#[test]
fn a_real_node_of_a_cluster_says_so() {
    let server = Server::start_with(&["--cluster-enabled", "yes"]);
    asked(&server.url(), "CLUSTERDOWN", "repair the cluster");
    asked(&format!("{}/1", server.url()), "ERR", "database 0");
}

#[test]
fn a_real_server_that_cannot_save_says_so() {
    let server = Server::start_with(&["--save", "1 1", "--dbfilename", "missing.rdb"]);
    assert_eq!(server.run(&["SET", "x", "y"]), Value::Okay);
    std::fs::create_dir(server.folder().join("missing.rdb")).unwrap();
    let started = Instant::now();
    while !matches!(server.run(&["SET", "x", "z"]), Value::ServerError(_)) {
        assert!(started.elapsed() < LONG);
        thread::sleep(std::time::Duration::from_millis(20));
    }
    asked(&server.url(), "MISCONF", "make room on its disk");
}
