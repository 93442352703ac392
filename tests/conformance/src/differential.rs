//! The same logins by Python's keystoneauth1 and by the clients, at the same server: the entries
//! of a table, and their results.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write},
    path::Path,
};

use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use auth_proto::{
    ConfigError, EndpointQuery, ErrorKind, Interface, ProtocolError, Token, timestamp,
};
use serde::Deserialize;
use testing::{Adapter, Client};

use crate::{
    keystone::Keystone,
    wish::{Wish, found},
};

/// The result of a login by keystoneauth1.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum LoginOutcome {
    /// A challenge for a further factor.
    Asked(bool),
    /// An error about a document or a response, by its name.
    Failed(String),
    /// A refusal with this status.
    Refused(u16),
    Token(TokenData),
}

/// The ids in a token.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct TokenData {
    user: Option<String>,
    project: Option<String>,
    domain: Option<String>,
    system: bool,
    roles: Vec<String>,
    /// In seconds, for a new token. The server truncates its two timestamps to seconds one after
    /// the other, so two equal lives may differ by a second.
    life: Option<i64>,
    /// The expiry, for a token that expires with another one.
    ends: Option<String>,
    /// URLs by service, region and interface.
    #[serde(default)]
    endpoints: BTreeMap<String, Option<String>>,
}

/// Compares all logins, at least the expected number. Prints each result, each difference and its
/// reason, and the number of unexplained differences.
pub(crate) fn run(folder: &Path) -> io::Result<bool> {
    let outcomes = fs::read(folder.join("keystoneauth1.json"))?;
    let outcomes: BTreeMap<String, LoginOutcome> = serde_json::from_slice(&outcomes)?;
    let table = fs::read(folder.join("clouds.yaml"))?;
    let config = configuration(folder, table)?;
    let (world, mut report) = (Keystone::read(folder)?, Differences::default());
    let documented = match world.federation {
        Some(_) => Some(configuration(folder, fs::read(folder.join("documented.yaml"))?)?),
        None => None,
    };
    for (name, theirs) in &outcomes {
        let [ureq, reqwest] = [Adapter::Ureq, Adapter::Reqwest].map(|through| {
            let choices = Choices::default().cloud(name);
            let printed = documented.as_ref().and_then(|config| config.cloud(&choices).ok());
            let own = printed
                .map_or_else(|| config.cloud(&choices), Ok)
                .map_err(|error| error.to_string())
                .and_then(|cloud| log_in(&of_now(name, cloud, &world), through, theirs));
            report.differences(name, through, differences(name, own, theirs, &world))
        });
        report.rows.push([name.clone(), theirs.to_string(), ureq, reqwest]);
        report.urls += theirs.urls();
    }
    io::stdout().lock().write_all(report.to_string().as_bytes())?;
    let expected = LOGINS + world.federation.map_or(0, |_| FEDERATED_LOGINS);
    Ok(report.is_explained() && outcomes.len() >= expected)
}

const LOGINS: usize = 60;
const FEDERATED_LOGINS: usize = 60;

/// The clouds of this text.
fn configuration(folder: &Path, text: Vec<u8>) -> io::Result<Config> {
    let files = Files::in_directory(folder).with("clouds.yaml", text);
    Config::merge(&files, &Variables::default()).map_err(io::Error::other)
}

/// The report.
#[derive(Default)]
struct Differences {
    rows: Vec<[String; 4]>,
    urls: usize,
    /// Logins by difference and reason. A difference without a reason is unexplained.
    seen: BTreeMap<Option<&'static str>, BTreeMap<String, Vec<String>>>,
}

impl Differences {
    /// Adds the differences of a login, in the words of the table.
    fn differences(&mut self, name: &str, through: Adapter, found: Vec<Difference>) -> String {
        let count = found.len();
        for Difference { what, reason } in found {
            let at = self.seen.entry(reason).or_default().entry(what).or_default();
            at.push(format!("{name}, {through:?}"));
        }
        if count == 0 { "same".to_owned() } else { format!("{count} differ") }
    }

    fn is_explained(&self) -> bool {
        !self.seen.contains_key(&None)
    }

    fn count(&self, explained: bool) -> usize {
        let fitting = self.seen.iter().filter(|(reason, _)| reason.is_some() == explained);
        fitting.flat_map(|(_, what)| what.values()).map(Vec::len).sum()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["login", "keystoneauth1", "ureq", "reqwest"];
        writeln!(f, "{}", rows::aligned(header, &self.rows))?;
        for (reason, differences) in &self.seen {
            writeln!(f, "\n{}:", reason.unwrap_or("UNEXPLAINED"))?;
            for (what, at) in differences {
                writeln!(f, "  {what}\n    {}", at.join("; "))?;
            }
        }
        let (logins, urls) = (self.rows.len(), self.urls);
        let (meant, unexplained) = (self.count(true), self.count(false));
        writeln!(
            f,
            "\n{logins} logins and {urls} URLs by keystoneauth1 and by both adapters: {meant} \
             differences with a reason, {unexplained} unexplained"
        )
    }
}

impl LoginOutcome {
    /// The number of compared URLs.
    fn urls(&self) -> usize {
        match self {
            Self::Token(data) => data.endpoints.len(),
            Self::Asked(_) | Self::Failed(_) | Self::Refused(_) => 0,
        }
    }
}

impl fmt::Display for LoginOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(_) => f.write_str("asks for a factor"),
            Self::Failed(error) => f.write_str(error),
            Self::Refused(status) => write!(f, "refused, {status}"),
            Self::Token(_) => write!(f, "a token, {} URLs", self.urls()),
        }
    }
}

/// A difference.
struct Difference {
    what: String,
    /// The reason, if the difference is intended.
    reason: Option<&'static str>,
}

/// The credential with the current code: the table's may have expired.
fn of_now(name: &str, cloud: CloudConfig, world: &Keystone) -> CloudConfig {
    let user = match name.split_once("; ") {
        Some(("totp", _)) => "totp",
        Some(("two factors", _)) => "mfa",
        _ => return cloud,
    };
    cloud.with_secret("passcode", world.code(user).into())
}

fn differences(
    name: &str,
    own: Result<LoginOutcome, String>,
    theirs: &LoginOutcome,
    world: &Keystone,
) -> Vec<Difference> {
    let unexplained = |what| vec![Difference { what, reason: None }];
    match (own, theirs) {
        (Err(why), _) => unexplained(format!("{why}, not {theirs:?}")),
        (Ok(LoginOutcome::Token(own)), LoginOutcome::Token(theirs)) if own.is_same(theirs) => {
            let pairs = own.endpoints.iter().zip(theirs.endpoints.values());
            let differ = pairs.filter(|((_, own), theirs)| own != theirs);
            differ
                .map(|((wanted, own), their)| Difference {
                    what: format!("{wanted}: {own:?}, not {their:?}"),
                    reason: reason(wanted, own.as_deref(), their.as_deref(), theirs, world),
                })
                .collect()
        }
        (Ok(own), theirs) if own == *theirs => Vec::new(),
        // Each has its own name for an error.
        (Ok(LoginOutcome::Failed(_)), LoginOutcome::Failed(_)) => Vec::new(),
        (Ok(own), theirs) => {
            let what = format!("{own}, not {theirs}");
            vec![Difference { reason: login_reason(name, &own, theirs), what }]
        }
    }
}

/// The reason for an intended difference of a federated login.
fn login_reason(name: &str, own: &LoginOutcome, theirs: &LoginOutcome) -> Option<&'static str> {
    match (own, theirs) {
        (LoginOutcome::Failed(own), LoginOutcome::Refused(400)) if own == BROWSER => Some(
            "keystoneauth1 follows the redirect of a path for browsers, and shows the refusal of \
             the page where people log in",
        ),
        (LoginOutcome::Token(_), LoginOutcome::Refused(401)) if name.contains("escapes") => Some(
            "RFC 6749, section 2.3.1, has the client's id and secret form-encoded before they become \
             HTTP Basic; keystoneauth1 sends them as they are",
        ),
        _ => None,
    }
}

const BROWSER: &str = "a page for browsers";

/// The reason for an intended difference of a URL.
fn reason(
    wanted: &str,
    own: Option<&str>,
    their: Option<&str>,
    theirs: &TokenData,
    world: &Keystone,
) -> Option<&'static str> {
    match (own, their) {
        (None, Some(their)) if their.starts_with("ValueError") => Some(
            "keystoneauth1 stops with a ValueError where the catalog has other names of the type \
             alone, and no endpoint fits; there is none",
        ),
        (Some(own), None) if wanted.starts_with("identity ") => {
            let interface = wanted.rsplit(' ').next().unwrap_or_default();
            match theirs.endpoints.get(&format!("identity RegionOne {interface}"))? {
                Some(listed) => (own == listed).then_some(
                    "the identity service is one for all regions, wherever the catalog lists it",
                ),
                None => (own == format!("{}/v3", world.url)).then_some(
                    "the token has no catalog; the identity service is where it was configured to be",
                ),
            }
        }
        _ => None,
    }
}

fn log_in(
    cloud: &CloudConfig,
    through: Adapter,
    like: &LoginOutcome,
) -> Result<LoginOutcome, String> {
    let text = |error: auth_config::Error| error.to_string();
    let (at, credential) = (cloud.cloud().map_err(text)?, cloud.credential().map_err(text)?);
    let wish = Wish::new(at, credential, cloud.scope().map_err(text)?);
    let client = wish.client(through)?;
    let token = match client.token() {
        Ok(token) => token,
        Err(stop) if stop.challenge().is_some() => return Ok(LoginOutcome::Asked(true)),
        Err(stop) => match stop.auth().map(|error| error.kind()) {
            Some(ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal)) => {
                return Ok(LoginOutcome::Refused(refusal.status.as_u16()));
            }
            Some(ErrorKind::Protocol(ProtocolError::BearerRedirect { .. })) => {
                return Ok(LoginOutcome::Failed(BROWSER.to_owned()));
            }
            Some(ErrorKind::Protocol(ProtocolError::Provider { document, .. })) => {
                return Ok(LoginOutcome::Failed(document.to_string()));
            }
            _ => return Err(stop.to_string()),
        },
    };
    let mut data = token_data(&token);
    if let LoginOutcome::Token(like) = like {
        data.life = data.life.filter(|_| like.life.is_some());
        data.ends = data.ends.filter(|_| like.ends.is_some());
        for wanted in like.endpoints.keys() {
            data.endpoints.insert(wanted.clone(), endpoint(&client, wanted)?);
        }
    }
    Ok(LoginOutcome::Token(data))
}

impl TokenData {
    /// All but the URLs.
    fn is_same(&self, other: &Self) -> bool {
        let bare = |data: &Self| Self { life: None, endpoints: BTreeMap::new(), ..data.clone() };
        let lives = match (self.life, other.life) {
            (Some(own), Some(their)) => own.abs_diff(their) <= 1,
            (own, their) => own == their,
        };
        lives && bare(self) == bare(other)
    }
}

fn token_data(token: &Token) -> TokenData {
    let mut roles: Vec<_> = token.roles().iter().filter_map(|role| role.id.clone()).collect();
    roles.sort();
    let life = token.issued_at().map(|issued| (token.expires_at() - issued).whole_seconds());
    TokenData {
        user: token.user().id.clone(),
        project: token.project().and_then(|project| project.id.clone()),
        domain: token.domain().and_then(|domain| domain.id.clone()),
        system: token.is_system(),
        roles,
        life,
        ends: Some(timestamp::format(token.expires_at())),
        endpoints: BTreeMap::new(),
    }
}

/// The URL of `service region interface`.
fn endpoint(client: &Client, wanted: &str) -> Result<Option<String>, String> {
    let parts: Vec<_> = wanted.split(' ').collect();
    let [service, region, interface] = parts[..] else { return Err(wanted.to_owned()) };
    let interface: Interface = interface.parse().map_err(|error: ConfigError| error.to_string())?;
    let want = EndpointQuery::new(service).interfaces(&[interface]);
    let want = if region == "None" { want } else { want.region(region) };
    found(client, &want)
}
