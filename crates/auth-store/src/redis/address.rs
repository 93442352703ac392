//! The server, as a URL names it.

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    sync::atomic::{AtomicBool, Ordering},
};

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use zeroize::Zeroizing;

use crate::error::{Problem, StoreError};

/// Where the server is, and who asks it. `Debug` and `Display` show the host and the port.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) database: i64,
    is_resolving: AtomicBool,
}

impl Address {
    /// Reads a URL such as `rediss://user:password@host:6379/0`.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let bad = |part| StoreError::new("the URL of the Redis server", Problem::BadUrl { part });
        let (scheme, rest) = url.trim().split_once("://").ok_or_else(|| bad("scheme"))?;
        let is_tls = scheme.eq_ignore_ascii_case("rediss");
        if !is_tls && !scheme.eq_ignore_ascii_case("redis") {
            return Err(bad("scheme"));
        }
        if rest.contains(['?', '#']) {
            return Err(bad("query or fragment"));
        }
        let Some(info) = read(rest) else {
            // The first part without which the rest can be read.
            let (server, _) = rest.split_once('/').unwrap_or((rest, ""));
            let (_, host) = server.rsplit_once('@').unwrap_or(("", server));
            let part = match (read(server), read(host)) {
                (Some(_), _) => "database",
                (_, Some(_)) => "user or password",
                _ => "host or port",
            };
            return Err(bad(part));
        };
        let ConnectionAddr::Tcp(host, port) = info.addr() else { return Err(bad("host or port")) };
        let settings = info.redis_settings();
        if settings.db() < 0 {
            return Err(bad("database"));
        }
        Ok(Self {
            host: host.clone(),
            port: *port,
            is_tls,
            user: settings.username().map(str::to_owned),
            password: settings.password().map(|password| Zeroizing::new(password.to_owned())),
            database: settings.db(),
            is_resolving: AtomicBool::new(false),
        })
    }

    /// The addresses that the host's name leads to. The resolver may take longer than any caller waits.
    pub(super) fn resolve(&self) -> Result<Vec<SocketAddr>, Problem> {
        self.is_resolving.store(true, Ordering::Relaxed);
        let places = (self.host.as_str(), self.port).to_socket_addrs();
        self.is_resolving.store(false, Ordering::Relaxed);
        places.map(Iterator::collect).map_err(Problem::Io)
    }

    /// Why a caller has got no answer yet.
    pub(super) fn delay(&self) -> Problem {
        match self.is_resolving.load(Ordering::Relaxed) {
            true => Problem::Unresolved,
            false => Problem::TimedOut,
        }
    }

    pub(super) fn error(&self, problem: Problem) -> StoreError {
        StoreError::new(self.to_string(), problem)
    }
}

/// The parts of a URL behind its scheme.
fn read(rest: &str) -> Option<ConnectionInfo> {
    // TLS is not this crate's, so that it need not know the scheme.
    let url = Zeroizing::new(format!("redis://{rest}"));
    url.as_str().into_connection_info().ok()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let brackets = if host.contains(':') { ["[", "]"] } else { ["", ""] };
        write!(f, "the Redis server {}{host}{}:{port}", brackets[0], brackets[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (String, bool, Option<String>, Option<String>, i64) {
        let address = Address::parse(url).unwrap();
        let password = address.password.as_ref().map(|password| password.to_string());
        (address.to_string(), address.is_tls, address.user, password, address.database)
    }

    #[test]
    fn a_url_names_the_server_and_the_user() {
        let server = |text: &str| format!("the Redis server {text}");
        let text = |text: &str| Some(text.to_owned());
        for (url, expected) in [
            ("redis://host", (server("host:6379"), false, None, None, 0)),
            (" REDISS://host_1.example/ ", (server("host_1.example:6379"), true, None, None, 0)),
            ("rediss://[::1]:7000/15", (server("[::1]:7000"), true, None, None, 15)),
            ("redis://:p@127.0.0.1:1", (server("127.0.0.1:1"), false, None, text("p"), 0)),
            ("redis://u@h", (server("h:6379"), false, text("u"), None, 0)),
            (
                "redis://u%40:p%2F%25:!$&'()*+,;=@h:1/2",
                (server("h:1"), false, text("u@"), text("p/%:!$&'()*+,;="), 2),
            ),
        ] {
            assert_eq!(parts(url), expected, "{url}");
        }
    }

    #[test]
    fn a_bad_url_is_an_error_that_names_the_part() {
        for (url, part) in [
            ("", "scheme"),
            ("host:6379", "scheme"),
            ("http://secret@h", "scheme"),
            ("unix:///secret", "scheme"),
            ("redis://", "host or port"),
            ("redis://:secret@", "host or port"),
            ("redis://h:secret", "host or port"),
            ("redis://h:65536", "host or port"),
            ("redis://0.0.0.0", "host or port"),
            ("redis://u:secret%ff@h", "user or password"),
            ("redis://h/secret", "database"),
            ("redis://h/-1", "database"),
            ("redis://h/0/1", "database"),
            ("redis://:secret@h?protocol=3", "query or fragment"),
            ("rediss://:secret@h#insecure", "query or fragment"),
        ] {
            let error = Address::parse(url).err().unwrap_or_else(|| panic!("{url} is read"));
            let Problem::BadUrl { part: found } = error.problem() else { panic!("{error}") };
            assert_eq!(*found, part, "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
