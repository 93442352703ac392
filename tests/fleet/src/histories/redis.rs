//! A Redis server with a simulated clock.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    error::Error,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    rc::Rc,
    time::{Duration, SystemTime},
};

use auth_proto::{Note, Store, Taken, Want};
use auth_store::{Key, RedisStore};
use redis_server::{Clock, Redis};

use super::simulation::{Connection, Engine, RESTART};

/// A server for one history after the other. Its clock goes on, as the laws of a store require.
pub(super) struct Server(Rc<RefCell<Running>>);

struct Running {
    redis: Redis,
    clock: Clock,
    now: SystemTime,
    /// Whether the server knows what time it is.
    is_told: bool,
    /// The connection of a user who is never silenced.
    admin: BufReader<TcpStream>,
}

/// The server of one history, with the connections of its processes.
struct Clients {
    server: Rc<RefCell<Running>>,
    url: String,
    stores: BTreeMap<Connection, RedisStore>,
}

const ADMIN: &str = "ACL SETUSER admin on >admin ~* &* +@all";
const SPEAK: &str = "ACL SETUSER default +@all";
const HUSH: &str = "ACL SETUSER default -@all";
const CLOSE: &str = "CLIENT KILL USER default";
/// For each key, an entry that does not open, or none.
const DAMAGE: &str = r#"EVAL "for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('HEXISTS', key, 'entry') == 1 then redis.call('HSET', key, 'entry', '?') end end return 1" 0"#;
const REMOVE: &str = r#"EVAL "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('HDEL', key, 'entry', 'generation', 'told', 'life') end return 1" 0"#;

impl Server {
    pub(super) fn start() -> Result<Self, Box<dyn Error>> {
        let clock = Clock::start()?;
        let redis = Redis::start_behind(&clock.words()?, &[])?;
        let admin = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port()))?);
        let now = SystemTime::now();
        let mut running = Running { redis, clock, now, is_told: false, admin };
        running.run(ADMIN)?;
        running.run("AUTH admin admin")?;
        Ok(Self(Rc::new(RefCell::new(running))))
    }

    /// An empty server.
    pub(super) fn engine(&self) -> Result<Box<dyn Engine>, Box<dyn Error>> {
        let mut running = self.0.borrow_mut();
        running.run(SPEAK)?;
        running.run("FLUSHALL")?;
        let url = running.redis.url();
        let server = Rc::clone(&self.0);
        Ok(Box::new(Clients { server, url, stores: BTreeMap::new() }))
    }
}

impl Running {
    /// Runs a command whose answer is one line.
    fn run(&mut self, command: &str) -> io::Result<()> {
        self.admin.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let mut answer = String::new();
        self.admin.read_line(&mut answer)?;
        match answer.starts_with(['+', ':']) {
            true => Ok(()),
            false => Err(io::Error::other(format!("{command}: {answer}"))),
        }
    }

    fn tell_time(&mut self) -> io::Result<()> {
        if !self.is_told {
            self.is_told = true;
            self.clock.stand_at(self.now)?;
        }
        Ok(())
    }
}

impl Clients {
    fn run(&self, command: &str) {
        self.server.borrow_mut().run(command).expect("the server is there");
    }

    /// The connection of a process, at the server's time.
    fn store(&mut self, connection: Connection) -> &RedisStore {
        self.server.borrow_mut().tell_time().expect("the clock can be set");
        let url = &self.url;
        let open = || RedisStore::open(url, Key::new([1; 32])).expect("the URL is good");
        self.stores.entry(connection).or_insert_with(open)
    }
}

impl Engine for Clients {
    fn connect(&mut self, _: Connection) {}

    fn disconnect(&mut self, connection: Connection) {
        self.stores.remove(&connection);
    }

    fn take(&mut self, connection: Connection, want: &Want) -> Taken {
        self.store(connection).take(want)
    }

    fn tell(&mut self, connection: Connection, note: &Note) {
        self.store(connection).tell(note);
    }

    fn advance(&mut self, by: Duration) {
        let mut server = self.server.borrow_mut();
        server.now += by;
        server.is_told = false;
    }

    fn damage(&mut self) {
        self.run(DAMAGE);
    }

    fn remove_all(&mut self) {
        self.run(REMOVE);
    }

    /// The server refuses all commands, and closes all connections.
    fn set_silent(&mut self, is_silent: bool) {
        self.run(if is_silent { HUSH } else { SPEAK });
        self.run(CLOSE);
    }

    fn wipe(&mut self) {
        self.run("FLUSHALL");
        self.advance(RESTART);
    }
}
