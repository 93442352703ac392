//! A `redis-server` of a test, with its stores.

use std::{
    io::Write,
    net::TcpStream,
    ops::{Deref, DerefMut},
    thread,
    time::{Duration, Instant, SystemTime},
};

use auth_proto::{Note, Store};
use auth_store::{Key, RedisStore};
use redis::{Parser, Value};
use redis_server::{Clock, Redis};

use crate::{
    entries::{Events, entry, key, lead},
    wait::LONG,
};

/// The time that a store waits for a server, if a test does not set it.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);

/// A server that ends with the value.
pub(crate) struct Server {
    redis: Redis,
    clock: Option<Clock>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these arguments beside the usual ones.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self { redis: Redis::start(arguments).unwrap(), clock: None }
    }

    /// With a clock that stands at this time since 1970.
    pub(crate) fn start_at(now: Duration) -> Self {
        let clock = Clock::start().unwrap();
        clock.stand_at(SystemTime::UNIX_EPOCH + now).unwrap();
        let redis = Redis::start_behind(&clock.words().unwrap(), &[]).unwrap();
        Self { redis, clock: Some(clock) }
    }

    /// Sets the clock of a server that was started with one.
    pub(crate) fn set_clock(&self, now: Duration) {
        self.clock.as_ref().unwrap().stand_at(SystemTime::UNIX_EPOCH + now).unwrap();
    }

    pub(crate) fn store(&self) -> RedisStore {
        self.store_with(key())
    }

    pub(crate) fn store_with(&self, key: Key) -> RedisStore {
        RedisStore::open(&self.url(), key).unwrap().with_patience(LONG)
    }

    /// What an operator's command gives.
    pub(crate) fn run(&self, command: &[&str]) -> Value {
        self.operator().run(command)
    }

    pub(crate) fn operator(&self) -> Operator {
        let socket = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        Operator(socket, Parser::new())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        strings(self.run(&["KEYS", "*"]))
    }
}

impl Deref for Server {
    type Target = Redis;

    fn deref(&self) -> &Redis {
        &self.redis
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Redis {
        &mut self.redis
    }
}

/// A connection of a test's own.
pub(crate) struct Operator(TcpStream, Parser);

impl Operator {
    pub(crate) fn run(&mut self, command: &[&str]) -> Value {
        self.send(command);
        self.next()
    }

    pub(crate) fn send(&mut self, command: &[&str]) {
        let mut packed = redis::Cmd::new();
        packed.arg(command);
        self.0.write_all(&packed.get_packed_command()).unwrap();
    }

    pub(crate) fn next(&mut self) -> Value {
        self.1.parse_value(&mut self.0).unwrap()
    }
}

pub(crate) fn strings(value: Value) -> Vec<String> {
    redis::from_redis_value(value).unwrap()
}

#[track_caller]
pub(crate) fn put_after(store: &impl Store, newer_than: u64, token: &str) -> u64 {
    let lease = lead(store, newer_than);
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry(token)) });
    generation
}

impl Events {
    pub(crate) fn of(&self, store: RedisStore) -> RedisStore {
        store.on_event(self.listener())
    }

    /// The events since the last call, of which there will be so many. A caller that goes on when its
    /// time is over may be earlier than its event.
    pub(crate) fn take_all(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        while self.0.lock().unwrap().len() < count {
            assert!(started.elapsed() < LONG);
            thread::sleep(Duration::from_millis(1));
        }
        self.take()
    }
}
