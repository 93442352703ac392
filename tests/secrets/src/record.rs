//! Reading the record of one process.

use std::collections::{BTreeMap, BTreeSet};

use http::Uri;
use testing::configured::Role;

/// What one process configured and received.
#[derive(Debug, Default)]
pub(crate) struct Process {
    /// The package of the test.
    pub(crate) suite: String,
    /// The file name of the program.
    pub(crate) program: String,
    /// The parties in each role.
    parties: BTreeSet<(Role, String)>,
    /// The parties of the servers that this process started without a word about its clients.
    played: BTreeSet<(Role, String)>,
    pub(crate) connections: Vec<Connection>,
}

/// A connection to a port of this machine, and all bytes that came over it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) party: String,
    pub(crate) bytes: Vec<u8>,
}

impl Process {
    /// Reads a record. The error is a line that is none.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut process = Self::default();
        let mut connections = BTreeMap::new();
        for line in text.lines() {
            process.line(line, &mut connections).ok_or_else(|| line.to_owned())?;
        }
        process.connections = connections.into_values().collect();
        Ok(process)
    }

    fn line(&mut self, line: &str, open: &mut BTreeMap<u64, Connection>) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "process" => {
                let (suite, program) = rest.split_once(' ')?;
                suite.clone_into(&mut self.suite);
                program.rsplit('/').next()?.clone_into(&mut self.program);
            }
            "plays" => {
                let (identity, provider) = rest.split_once(' ')?;
                self.played.insert((Role::Identity, port(identity)));
                self.played.insert((Role::Provider, port(provider)));
            }
            "in" => {
                let mut words = rest.splitn(4, ' ');
                let number = words.next()?.parse().ok()?;
                let party = port(words.next()?);
                let count = words.next()?.parse().ok()?;
                let bytes = unescaped(words.next()?)?.repeat(count);
                let new = || Connection { party, bytes: Vec::new() };
                open.entry(number).or_insert_with(new).bytes.extend(bytes);
            }
            _ => {
                let role = Role::ALL.into_iter().find(|role| role.name() == word)?;
                self.parties.extend(party(rest).map(|party| (role, party)));
            }
        }
        Some(())
    }

    /// Whether the party has one of these roles. If a process says nothing of its clients, the roles
    /// of the emulators that it started count.
    pub(crate) fn is(&self, party: &str, roles: &[Role]) -> bool {
        let is_told = self.parties.iter().any(|(role, _)| *role != Role::Catalog);
        let known = if is_told { &self.parties } else { &self.played };
        roles.iter().any(|role| known.contains(&(*role, party.to_owned())))
    }
}

impl Process {
    /// The party with its roles.
    pub(crate) fn describe(&self, party: &str) -> String {
        let roles = Role::ALL.into_iter().filter(|role| self.is(party, &[*role]));
        let roles: Vec<_> = roles.map(Role::name).collect();
        match roles.is_empty() {
            true => format!("{party} (not configured)"),
            false => format!("{party} ({})", roles.join(", ")),
        }
    }
}

/// The host and port of a URL. All names of this machine are one.
pub(crate) fn party(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let host = url.host()?;
    let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let number = url.port_u16().unwrap_or(default);
    let is_here = host.starts_with("127.")
        || host == "[::1]"
        || host == "localhost"
        || host.ends_with(".localhost");
    Some(if is_here { port(&number.to_string()) } else { format!("{host}:{number}") })
}

fn port(number: &str) -> String {
    format!("port {number}")
}

/// The bytes of a text that [`escape_ascii`](slice::escape_ascii) wrote.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                other => other,
            },
            other => other,
        });
    }
    Some(bytes)
}
