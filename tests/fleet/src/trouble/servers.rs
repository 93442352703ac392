//! A Redis server in trouble: stopped, gone, full, a replica, slow, wiped, one that refuses, or something
//! that is no Redis (S7).

use std::{
    fs,
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use rustix::process::{Signal, geteuid};

use super::{
    impostor::Impostor,
    trial::Trouble,
    world::{Address, Failed, Kind, World, run},
};
use crate::scenario::Case;

pub(super) fn troubles() -> Vec<Trouble> {
    let mut troubles =
        [stopped(), full(), replica(), slow(), wiped(), refusing(), rights(), busy()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
    troubles.extend(impostors());
    troubles.push(without_name());
    troubles
}

fn redis(
    name: impl Into<String>,
    begin: impl Fn(&mut World) -> Result<(), Failed> + Send + Sync + 'static,
) -> Trouble {
    Trouble::new(Kind::Redis, name, begin)
}

/// The same trouble for the asynchronous client.
fn asynchronous(trouble: Trouble) -> Trouble {
    Trouble { store: Kind::RedisAsync, ..trouble }
}

/// Commands, each of which has to succeed.
fn commands(world: &World, lines: &[&str]) -> Result<(), Failed> {
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = world.redis()?.command(&words)?;
        if answer.starts_with("ERR") || answer.starts_with("(error)") {
            return Err(format!("{line}: {answer}").into());
        }
    }
    Ok(())
}

/// Closes the connections of all processes.
const HANG_UP: &str = "CLIENT KILL TYPE normal SKIPME yes";

fn stopped() -> Vec<Trouble> {
    let stopped = || {
        redis("the server is stopped", |world| {
            world.redis()?.signal(Signal::STOP);
            Ok(())
        })
        .says("Silent", "TimedOut")
    };
    let gone = || {
        redis("the server is killed", |world| {
            // Behind the proxy, a process would be connected, and cut off.
            world.redis.as_mut().ok_or("no Redis")?.kill();
            Ok(())
        })
        .at(Address::Direct)
        .says("Silent", "ConnectionRefused")
    };
    let cut = redis("each connection is cut off", |world| {
        world.redis.as_mut().ok_or("no Redis")?.kill();
        Ok(())
    });
    let restarted = redis("the server starts again and has forgotten everything", |world| {
        Ok(world.redis.as_mut().ok_or("no Redis")?.restart()?)
    });
    let hung_up = redis("the server closes all connections", |world| commands(world, &[HANG_UP]));
    vec![
        stopped().ends(|world| {
            world.redis()?.signal(Signal::CONT);
            Ok(())
        }),
        asynchronous(stopped()),
        gone().ends(|world| Ok(world.redis.as_mut().ok_or("no Redis")?.restart()?)),
        asynchronous(gone()),
        cut.says("Silent", "Io"),
        restarted.shares(),
        hung_up.shares(),
    ]
}

fn full() -> Vec<Trouble> {
    let memory = redis("the server has no memory left (noeviction)", |world| {
        commands(world, &["CONFIG SET maxmemory 1"])
    });
    let evicting = redis("the server evicts all keys", |world| {
        commands(world, &["CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory 1"])
    });
    let saving = redis("the server cannot save what it has", |world| {
        let directory = world.redis()?.command(&["CONFIG", "GET", "dir"])?;
        let directory = directory.lines().next_back().ok_or("no directory")?;
        // A directory that is not empty is in the place of the file.
        fs::create_dir_all(format!("{directory}/dump.rdb/in the way"))?;
        world.redis()?.command(&["CONFIG", "SET", "save", "1000000 1000000"])?;
        commands(world, &["BGSAVE"])?;
        for _ in 0..200 {
            let info = world.redis()?.command(&["INFO", "persistence"])?;
            if info.contains("rdb_last_bgsave_status:err") {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("the server can save".into())
    });
    let clients = redis("the server has too many clients", |world| {
        let mut client = TcpStream::connect(("127.0.0.1", world.redis()?.port()))?;
        for command in ["CONFIG SET maxclients 1", HANG_UP, "PING"] {
            client.write_all(format!("{command}\r\n").as_bytes())?;
        }
        let mut answers = String::new();
        while !answers.contains("PONG") {
            let mut answer = [0; 64];
            let length = client.read(&mut answer)?;
            answers += &String::from_utf8_lossy(&answer[..length]);
        }
        world.kept.push(Box::new(client));
        Ok(())
    });
    vec![
        memory.says("Silent", "OOM").ends(|world| commands(world, &["CONFIG SET maxmemory 0"])),
        evicting.says("Silent", "OOM"),
        saving.says("Silent", "MISCONF"),
        clients.says("Silent", "ERR"),
    ]
}

/// A server that was made a replica of one that is gone.
fn replica() -> Vec<Trouble> {
    let becomes = |name: &str, stale: &'static str| {
        redis(name, move |world| commands(world, &[stale, "REPLICAOF 127.0.0.1 1"]))
    };
    vec![
        becomes("the server becomes a replica", "CONFIG SET replica-serve-stale-data yes")
            .says("Silent", "READONLY")
            .ends(|world| commands(world, &["REPLICAOF NO ONE"])),
        becomes(
            "the server is a replica without a primary",
            "CONFIG SET replica-serve-stale-data no",
        )
        .says("Silent", "MASTERDOWN"),
    ]
}

fn slow() -> Vec<Trouble> {
    let delayed = |milliseconds: u64| {
        redis(format!("each answer comes {milliseconds} ms late"), move |world| {
            world.proxy()?.delay(Duration::from_millis(milliseconds));
            Ok(())
        })
    };
    // The store is quick enough to be used: nothing is silent, and each step of three logins waits.
    let mut usable = delayed(100).shares();
    usable.cost = Duration::from_millis(3 * 400);
    vec![
        usable,
        delayed(300).says("Silent", "TimedOut"),
        delayed(2_000).says("Silent", "TimedOut"),
        asynchronous(delayed(300)).says("Silent", "TimedOut"),
    ]
}

fn wiped() -> Vec<Trouble> {
    let row = |name: &str, command: &'static str| {
        redis(name, move |world| commands(world, &[command])).shares()
    };
    vec![row("everything is removed", "FLUSHALL"), row("the scripts are removed", "SCRIPT FLUSH")]
}

/// Servers that refuse everybody or this user.
fn refusing() -> Vec<Trouble> {
    let password = redis("the server wants a password", |world| {
        commands(world, &["CONFIG SET requirepass s3cret"])?;
        run(&[
            "redis-cli",
            "-a",
            "s3cret",
            "-p",
            &world.redis()?.port().to_string(),
            "CLIENT",
            "KILL",
            "TYPE",
            "normal",
        ])
    });
    let other_password = redis("the user's password changes", |world| {
        commands(world, &["ACL SETUSER store resetpass >other", HANG_UP])
    });
    let disabled =
        redis("the user is disabled", |world| commands(world, &["ACL SETUSER store off", HANG_UP]));
    let wrong_type = redis("a list is in the place of the entry", |world| {
        let key = world.redis_key()?;
        commands(world, &[&format!("DEL {key}"), &format!("LPUSH {key} x")])
    });
    let text = redis("a text is in the place of the entry", |world| {
        let key = world.redis_key()?;
        commands(world, &[&format!("SET {key} x")])
    });
    vec![
        password.says("Silent", "NOAUTH"),
        other_password.at(Address::User).says("Silent", "WRONGPASS"),
        disabled.at(Address::User).says("Silent", "WRONGPASS"),
        wrong_type.says("Silent", "WRONGTYPE"),
        text.says("Silent", "WRONGTYPE"),
    ]
}

/// Rights that are taken away.
fn rights() -> Vec<Trouble> {
    let row = |what: &str, rule: &'static str| {
        redis(format!("the user may not {what}"), move |world| {
            commands(world, &[&format!("ACL SETUSER store {rule}")])
        })
        .at(Address::User)
    };
    // Within a script, Redis says no more than ERR.
    vec![
        row("run scripts", "-eval").says("Silent", "NOPERM"),
        row("ask the time", "-time").says("Silent", "ERR"),
        row("read", "-hmget").says("Silent", "ERR"),
        row("write", "-hset").says("Silent", "ERR"),
        row("let keys expire", "-pexpire").says("Silent", "NOPERM"),
        row("remove entries", "-hdel").says("NotTold", "ERR").shares(),
        row("use these keys", "resetkeys ~other:*").says("Silent", "NOPERM"),
        row("do anything", "nocommands").says("Silent", "NOPERM"),
    ]
}

/// A script of somebody else's that does not end.
fn busy() -> Vec<Trouble> {
    let busy = redis("another script runs for ever", |world| {
        commands(world, &["CONFIG SET busy-reply-threshold 1"])?;
        let port = world.redis()?.port().to_string();
        thread::spawn(move || {
            let _ = run(&["redis-cli", "-p", &port, "EVAL", "while true do end", "0"]);
        });
        thread::sleep(Duration::from_millis(200));
        Ok(())
    });
    vec![busy.says("Silent", "BUSY").ends(|world| commands(world, &["SCRIPT KILL"]))]
}

/// Something else at the address of the server.
fn impostors() -> Vec<Trouble> {
    let row = |name: &str, impostor: Impostor| {
        redis(name, move |world| {
            let place = impostor.start(0)?;
            world.proxy()?.switch(place.port());
            world.kept.push(Box::new(place));
            Ok(())
        })
    };
    let silent = || {
        row("a port that accepts and never answers", Impostor::Silent).says("Silent", "TimedOut")
    };
    let hole = || {
        let begin = |world: &mut World| {
            let redis = world.redis.as_mut().ok_or("no Redis")?;
            redis.kill();
            let place = Impostor::BlackHole.start(redis.port())?;
            world.kept.push(Box::new(place));
            Ok(())
        };
        redis("a port whose queue is full", begin).at(Address::Direct).says("Silent", "TimedOut")
    };
    let answers = |name, answer| row(name, Impostor::Answers(answer));
    vec![
        silent(),
        asynchronous(silent()),
        hole(),
        asynchronous(hole()),
        row("a port that closes each connection", Impostor::Closes).says("Silent", "Io"),
        row("an answer that comes byte by byte", Impostor::Trickles).says("Silent", "TimedOut"),
        row("a web server", Impostor::Answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
            .says("Silent", "BadAnswer"),
        row("random bytes", Impostor::Floods(b"\x00\xff\x17garbage\r\n"))
            .says("Silent", "BadAnswer"),
        row("lists in lists without an end", Impostor::Floods(b"*1\r\n"))
            .says("Silent", "BadAnswer"),
        row("texts without an end", Impostor::Floods(b"+x")).says("Silent", ""),
        answers("an answer of 4 GB", b"$4294967296\r\n").says("Silent", ""),
        answers("an answer with a length below zero", b"$-2\r\n").says("Silent", "BadAnswer"),
        answers("a list of 2^31 answers", b"*2147483647\r\n").says("Silent", ""),
        answers("OK to everything", b"+OK\r\n").says("Silent", "BadAnswer"),
        answers("nothing to everything", b"$-1\r\n").says("Silent", "BadAnswer"),
        answers("a number to everything", b":7\r\n").says("Silent", "BadAnswer"),
        answers("a server that loads its data", b"-LOADING Redis is loading\r\n")
            .says("Silent", "LOADING"),
        answers("a server of a cluster, MOVED", b"-MOVED 7 127.0.0.1:1\r\n")
            .says("Silent", "MOVED"),
        answers("a server of a cluster, ASK", b"-ASK 7 127.0.0.1:1\r\n").says("Silent", "ASK"),
        answers("a server of a cluster, CLUSTERDOWN", b"-CLUSTERDOWN down\r\n")
            .says("Silent", "CLUSTERDOWN"),
        answers("a server that tells secrets in errors", b"-s3cret password\r\n")
            .says("Silent", ""),
    ]
}

fn without_name() -> Trouble {
    redis("the server's name is not known", |_| Ok(()))
        .at(Address::Named("store.invalid"))
        .says("Silent", "Io")
}

/// The servers for names do not answer. The store says so before the resolver gives up.
pub(super) fn late() -> Option<Case> {
    if !geteuid().is_root() || run(&["unshare", "--mount", "true"]).is_err() {
        eprintln!("not run, for want of root: servers for names that do not answer");
        return None;
    }
    // A file of its own in the place of the one that lists the servers for names.
    const ELSEWHERE: &str = r#"list=$(mktemp) && echo nameserver 127.0.0.77 >"$list" &&
        mount --bind "$list" /etc/resolv.conf && rm "$list" && exec "$@""#;
    let trouble = redis("the servers for names do not answer", |_| Ok(()))
        .both(&["unshare", "--mount", "sh", "-c", ELSEWHERE, "sh"])
        .at(Address::Named("store.example"))
        .says("Silent", "Unresolved");
    let trouble = trouble.prepared(|world| {
        world.kept.push(Box::new(UdpSocket::bind("127.0.0.77:53")?));
        Ok(())
    });
    Some(trouble.cases().0)
}
