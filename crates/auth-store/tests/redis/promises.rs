//! The Redis store keeps the promises of a store, in both its forms. The server runs under `faketime`,
//! so that a test moves its clock.

use std::time::Duration;

use auth_proto::{AsyncStore, Note, Store, Taken, Want};
use auth_store::{AsyncRedisStore, RedisStore};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

use crate::{
    client::wait,
    laws::{self, RESTART, Subject, histories},
    server::{Events, LONG, Operator, Server, found, key, lead, put, put_after, strings, want},
};

const NOON: Duration = Duration::from_secs(1_800_000_000);

/// A store in one of its forms. The operator is the world around it.
struct InRedis<'a, S> {
    server: &'a Server,
    operator: Operator,
    now: Duration,
    is_silent: bool,
    store: S,
    take: fn(&S, &Want) -> Taken,
    tell: fn(&S, &Note),
}

impl<'a, S> InRedis<'a, S> {
    fn new(
        server: &'a Server,
        store: S,
        take: fn(&S, &Want) -> Taken,
        tell: fn(&S, &Note),
    ) -> Self {
        server.set_clock(NOON);
        let mut operator = server.operator();
        operator.run(&["FLUSHALL"]);
        Self { server, operator, now: NOON, is_silent: false, store, take, tell }
    }
}

impl<S> Subject for InRedis<'_, S> {
    fn take(&mut self, want: &Want) -> Taken {
        if self.is_silent {
            return Taken::Silent;
        }
        (self.take)(&self.store, want)
    }

    fn tell(&mut self, note: &Note) {
        if !self.is_silent {
            (self.tell)(&self.store, note);
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        self.server.set_clock(self.now);
    }

    /// Of all that belongs to an entry. (If the sealed bytes alone change, the server cannot see it, and
    /// an older entry does not replace them: `hostile` and `faults` have that.)
    fn damage(&mut self) {
        for key in strings(self.operator.run(&["KEYS", "*"])) {
            if self.operator.run(&["HEXISTS", &key, "entry"]) == redis::Value::Int(1) {
                self.operator.run(&["HSET", &key, "entry", "?", "generation", "?"]);
            }
        }
    }

    fn set_silent(&mut self, is_silent: bool) {
        self.is_silent = is_silent;
    }

    fn wipe(&mut self) {
        self.operator.run(&["FLUSHALL"]);
        self.advance(RESTART);
    }

    fn generations(&mut self) -> Vec<u64> {
        let now = self.now.as_millis();
        let mut generations = Vec::new();
        for key in strings(self.operator.run(&["KEYS", "*"])) {
            let fields = ["HMGET", &key, "generation", "told", "life", "entry"];
            let values: Vec<Option<String>> =
                redis::from_redis_value(lossy(self.operator.run(&fields))).unwrap();
            let number = |at: usize| values[at].as_deref()?.parse::<u64>().ok();
            let Some((generation, told)) = number(0).zip(number(1)) else { continue };
            let lives = now < u128::from(told + number(2).unwrap());
            if lives && values[3].as_deref() != Some("?") {
                generations.push(generation);
            }
        }
        generations.sort_unstable();
        generations
    }
}

/// Sealed bytes are no text.
fn lossy(value: redis::Value) -> redis::Value {
    match value {
        redis::Value::Array(values) => redis::Value::Array(values.into_iter().map(lossy).collect()),
        redis::Value::BulkString(bytes) => {
            redis::Value::SimpleString(String::from_utf8_lossy(&bytes).into_owned())
        }
        other => other,
    }
}

fn cases() -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig { failure_persistence: Some(Box::new(kept)), ..ProptestConfig::with_cases(300) }
}

fn hold(run: impl Fn(&Server, Vec<laws::Op>)) {
    let server = Server::start_at(NOON);
    proptest!(cases(), |(history in histories())| run(&server, history));
}

#[test]
fn threads_find_the_promises_kept() {
    hold(|server, history| {
        let subject = InRedis::new(server, server.store(), RedisStore::take, RedisStore::tell);
        laws::run(subject, history);
    });
}

#[test]
fn tasks_find_the_promises_kept() {
    hold(|server, history| {
        let store = AsyncRedisStore::open(&server.url(), key()).unwrap().with_patience(LONG);
        let take = |store: &AsyncRedisStore, want: &Want| wait(store.take(want));
        let tell = |store: &AsyncRedisStore, note: &Note| {
            store.tell(note);
            // The law looks at what the server has. What is asked later is answered later.
            let other = Want::new(laws::name(100), 0, Duration::ZERO);
            assert!(matches!(wait(store.take(&other)), Taken::Led(_)));
        };
        laws::run(InRedis::new(server, store, take, tell), history);
    });
}

#[test]
fn a_clock_that_goes_back_costs_a_login() {
    let server = Server::start_at(NOON);
    let store = server.store();
    let generation = put(&store, "t");
    // Adjusted by a second: the entry is there.
    server.set_clock(NOON - Duration::from_secs(1));
    assert_eq!(found(&store).1, generation);
    // Set by a minute: the first process logs in, with a newer generation.
    server.set_clock(NOON - Duration::from_secs(60));
    let next = put(&store, "u");
    assert!(next > generation);
    assert_eq!(found(&store).1, next);
    // A lease from the future keeps nobody waiting.
    let lease = lead(&store, next);
    server.set_clock(NOON - Duration::from_secs(120));
    assert!(lead(&store, next).generation() > lease.generation());
}

/// The clock of this machine is far from the server's.
#[test]
fn ages_and_leases_are_the_servers() {
    for days in [-2, 2] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = Duration::from_secs(now.as_secs().checked_add_signed(days * 86_400).unwrap());
        let server = Server::start_at(now);
        let events = Events::default();
        let store = events.of(server.store());
        let generation = put(&store, "t");
        assert_eq!(u128::from(generation), now.as_millis());
        server.set_clock(now + Duration::from_secs(30));
        let Taken::Found { age, .. } = store.take(&want(0)) else { panic!("no entry") };
        assert_eq!(age, Duration::from_secs(30));
        let lease = lead(&store, generation);
        server.set_clock(now + Duration::from_millis(49_999));
        assert!(matches!(store.take(&want(generation)), Taken::Busy { .. }));
        server.set_clock(now + Duration::from_secs(50));
        assert!(put_after(&store, generation, "u") > lease.generation());
        assert_eq!(events.take(), ["given", "given", "given"]);
    }
}
