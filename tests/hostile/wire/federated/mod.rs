//! Federated logins: hostile identity providers, discovery documents, gates and identity services.
//!
//! Each row replaces the reply to one step of the chain; the other steps get good replies. Its
//! outcome begins with the number of requests of that step. Errors name the party that is at fault,
//! every secret reaches the party that it is for and no other, and the third party of a row is never
//! connected to.

mod answers;
mod client;
mod documents;
mod gates;
mod tokens;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use testing::{Adapter, Loopback, Received, Reply, header, needles::Needles};

use crate::{LATE, LONG, SHORT, excess, in_parallel, judged, rows, tls};

/// A name, the reply of a step, and the outcome.
pub(crate) type Row = (&'static str, fn(&Place) -> Reply, &'static str);

/// The servers of a row, as URLs with the row's own path.
pub(crate) struct Place {
    provider: String,
    cloud: String,
    other: String,
    /// The provider's port.
    port: u16,
}

/// The step that the rows of a table replace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Answers,
    Documents,
    Gates,
    IdTokens,
}

impl Table {
    const ALL: [Self; 4] = [Self::Answers, Self::Documents, Self::Gates, Self::IdTokens];

    fn rows(self) -> &'static [Row] {
        match self {
            Self::Answers => answers::ROWS,
            Self::Documents => documents::ROWS,
            Self::Gates => gates::ROWS,
            Self::IdTokens => tokens::ROWS,
        }
    }

    fn step(self) -> Step {
        match self {
            Self::Answers => Step::Answer,
            Self::Documents => Step::Document,
            Self::Gates | Self::IdTokens => Step::Gate,
        }
    }

    /// The steps of a good login, in their order.
    fn chain(self) -> &'static [Step] {
        match self {
            Self::Documents => &[Step::Document, Step::Answer, Step::Gate, Step::Scope],
            Self::Answers | Self::Gates => &[Step::Answer, Step::Gate, Step::Scope],
            Self::IdTokens => &[Step::Gate],
        }
    }
}

/// A request, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Document,
    Answer,
    /// The gate of Keystone, or the path for ID tokens.
    Gate,
    Scope,
    Unknown,
}

impl Step {
    fn of(target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let place = path.splitn(3, '/').nth(2).unwrap_or_default();
        match place {
            ".well-known/openid-configuration" => Self::Document,
            "token" => Self::Answer,
            "v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth"
            | "v3.0/OS-AUTH/id-token/tokens" => Self::Gate,
            "v3/auth/tokens" => Self::Scope,
            _ => Self::Unknown,
        }
    }

    /// The secrets that a request of this step has, and no others.
    fn secrets(self, table: Table) -> &'static [&'static str] {
        match (self, table) {
            (Self::Answer, Table::Answers) => &[client::SECRET, client::PASSWORD],
            (Self::Answer, _) => &[client::SECRET],
            (Self::Gate, _) => &[client::BEARER],
            (Self::Scope, _) => &[client::ROOT],
            (Self::Document | Self::Unknown, _) => &[],
        }
    }
}

/// Each secret, and the search for it.
static SECRETS: LazyLock<[(&str, Needles); 5]> =
    LazyLock::new(|| client::SECRETS.map(|secret| (secret, Needles::new(&[secret]))));

struct Servers {
    provider: Loopback,
    cloud: Loopback,
    other: Loopback,
}

impl Servers {
    fn start() -> &'static Self {
        // They live as long as the process.
        let other = Loopback::start(|_| Reply::new(200, "", client::ANSWER));
        let (other_url, same) = (other.url(), other.url());
        let cloud = Loopback::start(move |request| reply(request, None, &other_url));
        let cloud_url = cloud.url();
        let provider = Loopback::start(move |request| reply(request, Some(&cloud_url), &same));
        Box::leak(Box::new(Self { provider, cloud, other }))
    }

    fn place(&self, path: &str) -> Place {
        let at = |server: &Loopback| format!("{}/{path}", server.url());
        Place {
            provider: at(&self.provider),
            cloud: at(&self.cloud),
            other: at(&self.other),
            port: self.provider.port(),
        }
    }

    /// Names the parties of a text.
    fn named(&self, text: &str) -> String {
        let parties =
            [(&self.provider, "PROVIDER"), (&self.cloud, "CLOUD"), (&self.other, "OTHER")];
        let named = |text: String, (server, name): &(&Loopback, &str)| {
            text.replace(&server.url(), name).replace(&format!(":{}", server.port()), ":PORT")
        };
        parties.iter().fold(text.to_owned(), named)
    }
}

/// The reply of the row that the first segment of the path names, or a good one. The provider knows
/// the cloud's URL.
fn reply(request: &Received, cloud: Option<&str>, other: &str) -> Reply {
    let mut words = request.segment().split('-').skip(1).map(|word| word.parse().ok());
    let (Some(Some(table)), Some(Some(row))) = (words.next(), words.next()) else {
        return Reply::new(404, "", "");
    };
    let (table, row): (usize, usize) = (table, row);
    let (table, step) = (Table::ALL[table], Step::of(request.target()));
    if step == table.step() {
        let host = request.header("host").unwrap_or_default();
        let at = |server: &str| format!("{server}/{}", request.segment());
        let own = at(&format!("http://{host}"));
        let port = host.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let cloud = cloud.map_or_else(|| own.clone(), at);
        let place = Place { provider: own, cloud, other: at(other), port };
        return table.rows()[row].1(&place);
    }
    match step {
        Step::Answer => Reply::new(200, "", client::ANSWER),
        Step::Gate => gates::unscoped(""),
        Step::Scope => Reply::bytes(rows::good()),
        Step::Document | Step::Unknown => Reply::new(404, "", ""),
    }
}

#[test]
fn every_federated_row_has_its_outcome() {
    let servers = Servers::start();
    let mut all = Vec::new();
    for (number, table) in Table::ALL.into_iter().enumerate() {
        let rows = 0..table.rows().len();
        all.extend(rows.flat_map(|row| Adapter::BOTH.map(|adapter| (number, row, adapter))));
    }
    let lines = in_parallel(&all, |(table, row, adapter)| line(servers, *table, *row, *adapter));
    tls::finish(&lines, all.len() / Adapter::BOTH.len());
    assert_eq!(servers.other.connections(), 0, "third parties were connected to");
}

/// The outcome of a row at a client, in a line. A late one has two more tries, as in the other tables.
fn line(servers: &Servers, table: usize, row: usize, adapter: Adapter) -> String {
    let mut line = try_once(servers, table, row, adapter, 0);
    for number in 1..3 {
        if line.contains(LATE) {
            line = try_once(servers, table, row, adapter, number);
        }
    }
    line
}

fn try_once(
    servers: &Servers,
    number: usize,
    row: usize,
    adapter: Adapter,
    attempt: usize,
) -> String {
    let table = Table::ALL[number];
    let (name, reply, want) = table.rows()[row];
    let path = format!("{adapter}{attempt}-{number}-{row}");
    let place = servers.place(&path);
    let timeout = if reply(&place).is_slow() { SHORT } else { LONG };
    let started = Instant::now();
    let (outcome, shown) = client::log_in(adapter, table, name, &place, timeout);
    let took = started.elapsed();
    let [provider, cloud, other] =
        [&servers.provider, &servers.cloud, &servers.other].map(|server| server.served(&path));
    let served = [provider, cloud].concat();
    let mut wrong = excess(&served, took, &outcome);
    let steps: Vec<_> = served
        .iter()
        .map(|served| Step::of(served.request.split(' ').nth(1).unwrap_or_default()))
        .collect();
    let count = |step: Step| steps.iter().filter(|other| **other == step).count();
    let chain = table.chain();
    let at = chain.iter().position(|step| *step == table.step()).unwrap_or_default();
    let tries = count(table.step());
    let after =
        usize::from(!outcome.starts_with("token response") && outcome.starts_with("token "));
    for (place, step) in chain.iter().enumerate() {
        let expected = if place <= at { tries } else { after };
        if count(*step) != expected {
            wrong += &format!(", and {} requests of {step:?}", count(*step));
        }
    }
    if steps.iter().any(|step| !chain.contains(step)) || !other.is_empty() {
        wrong += ", and another request was sent";
    }
    for (served, step) in served.iter().zip(&steps) {
        wrong += &misplaced(&served.request, step.secrets(table));
    }
    if SECRETS.iter().any(|(_, needles)| needles.find(shown.as_bytes()).next().is_some()) {
        wrong += &format!(", and shows a secret: {shown}");
    }
    let outcome = servers.named(&format!("{tries} {outcome}"));
    judged(name, adapter, &outcome, want, &wrong)
}

/// What is wrong with a request and its secrets.
fn misplaced(request: &str, allowed: &[&str]) -> String {
    let mut wrong = String::new();
    for (secret, needles) in SECRETS.iter() {
        let is_sent = needles.find(request.as_bytes()).next().is_some();
        if is_sent != allowed.contains(secret) {
            wrong += &format!(", and {secret}: sent is {is_sent}");
        }
    }
    if header(request, "cookie").is_some() {
        wrong += ", and a cookie was sent";
    }
    // Some servers answer 411 to it.
    if request.starts_with("POST") && header(request, "content-length").is_none() {
        wrong += ", and no length was sent";
    }
    wrong
}

/// A pause of a drip that no timeout waits for.
pub(crate) const SLOW: Duration = Duration::from_millis(20);
